#include "base/properties.h"

#include <string.h>

#include "base/assert.h"

struct parser {
    const char *position;
    const char *end;
    unsigned line; /* Of `position`, from 1. */
    struct arena *arena;
    struct properties *properties;
    size_t capacity;
    struct error *error;
};

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\f';
}

static bool is_line_end(char character)
{
    return character == '\n' || character == '\r';
}

/* Moves past "\n", "\r" or "\r\n". */
static void take_line_end(struct parser *parser)
{
    bool pair = parser->end - parser->position >= 2 && parser->position[0] == '\r' &&
                parser->position[1] == '\n';
    parser->position += pair ? 2 : 1;
    parser->line++;
}

static bool at_line_end(const struct parser *parser)
{
    return parser->position == parser->end || is_line_end(*parser->position);
}

static void skip_blanks(struct parser *parser)
{
    while (parser->position < parser->end && is_blank(*parser->position)) {
        parser->position++;
    }
}

/* At a backslash that ends its line: moves to the first character that counts on the next one. */
static bool take_continuation(struct parser *parser)
{
    if (parser->position + 1 == parser->end) {
        parser->position++;
        return true;
    }
    if (!is_line_end(parser->position[1])) {
        return false;
    }
    parser->position++;
    take_line_end(parser);
    skip_blanks(parser);
    return true;
}

/* Blanks between key, separator and value; they may stand on both sides of a continuation. */
static void skip_blanks_and_continuations(struct parser *parser)
{
    do {
        skip_blanks(parser);
    } while (parser->position < parser->end && *parser->position == '\\' &&
             take_continuation(parser));
}

static enum status take_hex(struct parser *parser, uint32_t *unit)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = parser->position < parser->end
                                ? memchr(digits, *parser->position, sizeof digits - 1)
                                : NULL;
        if (digit == NULL) {
            return error_set(parser->error, STATUS_INVALID,
                             "line %u: \\u wants four hexadecimal digits", parser->line);
        }
        value = value << 4 | ((uint32_t)(digit - digits) & 15);
        parser->position++;
    }
    *unit = value;
    return STATUS_OK;
}

/* Behind "\u". Java writes characters above U+FFFF as two escapes, a surrogate pair. */
static enum status take_unicode(struct parser *parser, char **out)
{
    uint32_t code;
    enum status status = take_hex(parser, &code);
    if (status == STATUS_OK && code >= 0xd800 && code < 0xdc00 &&
        parser->end - parser->position >= 2 && memcmp(parser->position, "\\u", 2) == 0) {
        uint32_t low;
        parser->position += 2;
        status = take_hex(parser, &low);
        if (status == STATUS_OK && low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (code == 0 || (code >= 0xd800 && code < 0xe000)) {
        return error_set(parser->error, STATUS_INVALID, "line %u: \\u%04x is no character",
                         parser->line, code);
    }
    char *place = *out;
    if (code < 0x80) {
        *place++ = (char)code;
    } else if (code < 0x800) {
        *place++ = (char)(0xc0 | code >> 6);
        *place++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *place++ = (char)(0xe0 | code >> 12);
        *place++ = (char)(0x80 | (code >> 6 & 63));
        *place++ = (char)(0x80 | (code & 63));
    } else {
        *place++ = (char)(0xf0 | code >> 18);
        *place++ = (char)(0x80 | (code >> 12 & 63));
        *place++ = (char)(0x80 | (code >> 6 & 63));
        *place++ = (char)(0x80 | (code & 63));
    }
    *out = place;
    return STATUS_OK;
}

/* At a backslash that does not end its line. */
static enum status take_escape(struct parser *parser, char **out)
{
    char escaped = parser->position[1];
    parser->position += 2;
    if (escaped == 'u') {
        return take_unicode(parser, out);
    }
    static const char names[] = "tnrf";
    static const char meanings[] = "\t\n\r\f";
    const char *name = memchr(names, escaped, sizeof names - 1);
    *(*out)++ = name != NULL ? meanings[name - names] : escaped;
    return STATUS_OK;
}

/* Takes a key or a value, without its escapes, into the arena. An escape is never shorter than what
 * it stands for, so what remains of the file is room enough for the longest text. */
static enum status take_text(struct parser *parser, bool is_key, char *memory, struct text *text)
{
    char *out = memory;
    while (!at_line_end(parser)) {
        char character = *parser->position;
        enum status status = STATUS_OK;
        if (character == '\0') {
            status = error_set(parser->error, STATUS_INVALID, "line %u: a zero byte", parser->line);
        } else if (character == '\\') {
            status = take_continuation(parser) ? STATUS_OK : take_escape(parser, &out);
        } else if (is_key && (character == '=' || character == ':' || is_blank(character))) {
            break;
        } else {
            *out++ = character;
            parser->position++;
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    *text = (struct text){memory, (size_t)(out - memory)};
    return STATUS_OK;
}

static enum status add_property(struct parser *parser, struct property property)
{
    struct properties *properties = parser->properties;
    if (properties->count == PROPERTIES_COUNT_MAX) {
        return error_set(parser->error, STATUS_LIMIT, "line %u: more than %d properties",
                         property.line, PROPERTIES_COUNT_MAX);
    }
    if (properties->count == parser->capacity) {
        size_t capacity = parser->capacity > 0 ? parser->capacity * 2 : 64;
        struct property *items =
            arena_allocate_array(parser->arena, capacity, sizeof *properties->items);
        if (items == NULL) {
            return error_set(parser->error, STATUS_NO_MEMORY, "no memory for %zu properties",
                             capacity);
        }
        if (properties->count > 0) {
            memcpy(items, properties->items, properties->count * sizeof *items);
        }
        properties->items = items;
        parser->capacity = capacity;
    }
    properties->items[properties->count++] = property;
    return STATUS_OK;
}

/* At the first character of a key. `memory` moves behind what the two texts took. */
static enum status take_property(struct parser *parser, char **memory)
{
    struct property property = {.line = parser->line};
    enum status status = take_text(parser, true, *memory, &property.key);
    if (status != STATUS_OK) {
        return status;
    }
    if (property.key.size == 0) {
        /* A line of nothing but a continuation is blank. */
        return at_line_end(parser) ? STATUS_OK
                                   : error_set(parser->error, STATUS_INVALID,
                                               "line %u: a value without a key", property.line);
    }
    skip_blanks_and_continuations(parser);
    if (!at_line_end(parser) && (*parser->position == '=' || *parser->position == ':')) {
        parser->position++;
        skip_blanks_and_continuations(parser);
    }
    status = take_text(parser, false, *memory + property.key.size, &property.value);
    if (status != STATUS_OK) {
        return status;
    }
    *memory += property.key.size + property.value.size;
    return add_property(parser, property);
}

enum status properties_parse(struct bytes file, struct arena *arena, struct properties *properties,
                             struct error *error)
{
    if (file.size > PROPERTIES_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "%zu bytes, allowed are %d", file.size,
                         PROPERTIES_SIZE_MAX);
    }
    char *memory = arena_allocate(arena, file.size);
    if (memory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu bytes", file.size);
    }
    const char *start = file.size > 0 ? (const char *)file.data : "";
    struct properties parsed = {0};
    struct parser parser = {
        .position = start,
        .end = start + file.size,
        .line = 1,
        .arena = arena,
        .properties = &parsed,
        .error = error,
    };
    while (parser.position < parser.end) {
        skip_blanks(&parser);
        if (parser.position == parser.end) {
            break;
        }
        char first = *parser.position;
        enum status status = STATUS_OK;
        if (is_line_end(first)) {
            take_line_end(&parser);
        } else if (first == '#' || first == '!') {
            while (!at_line_end(&parser)) {
                parser.position++;
            }
        } else {
            status = take_property(&parser, &memory);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    *properties = parsed;
    return STATUS_OK;
}
