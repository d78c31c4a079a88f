#include <ctype.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"
#include "proto/codegen/schema.h"

struct parser {
    const char *path;
    struct text rest; /* What follows the current line. */
    unsigned line;
    struct text words[SCHEMA_WORDS_MAX]; /* Of the current line. */
    unsigned words_count;
    unsigned word; /* The next one to be taken. */
    unsigned depth;
    struct arena *arena;
    struct schema *schema;
    struct schema_message *message;
    struct error *error;
};

static const struct {
    const char *name;
    enum schema_type type;
} TYPES[] = {
    {"bool", SCHEMA_BOOL},     {"int8", SCHEMA_INT8},       {"int16", SCHEMA_INT16},
    {"uint16", SCHEMA_UINT16}, {"int32", SCHEMA_INT32},     {"uint32", SCHEMA_UINT32},
    {"int64", SCHEMA_INT64},   {"float64", SCHEMA_FLOAT64}, {"string", SCHEMA_STRING},
    {"uuid", SCHEMA_UUID},     {"bytes", SCHEMA_BYTES},     {"records", SCHEMA_RECORDS},
};

static const char *const C_WORDS[] = {
    "auto",   "bool",   "break",   "case",     "char",     "const", "continue", "default", "do",
    "double", "else",   "enum",    "extern",   "float",    "for",   "goto",     "if",      "inline",
    "int",    "long",   "null",    "register", "return",   "short", "signed",   "sizeof",  "static",
    "struct", "switch", "typedef", "union",    "unsigned", "void",  "volatile", "while",
};

MUST_USE static enum status fail(struct parser *parser, const char *what, struct text word)
{
    return error_set(parser->error, STATUS_INVALID, "%s:%u: %s: \"%.*s\"", parser->path,
                     parser->line, what, TEXT_ARGUMENTS(word));
}

MUST_USE static enum status fail_memory(struct parser *parser)
{
    return error_set(parser->error, STATUS_NO_MEMORY, "%s:%u: out of memory", parser->path,
                     parser->line);
}

static bool text_is(struct text text, const char *string)
{
    return text_equal(text, text_of(string));
}

/* Cuts the next line that says something into words. False at the end of the file. */
static bool next_line(struct parser *parser)
{
    while (parser->rest.size > 0) {
        const char *newline = memchr(parser->rest.data, '\n', parser->rest.size);
        size_t size = newline != NULL ? (size_t)(newline - parser->rest.data) : parser->rest.size;
        struct text line = {parser->rest.data, size};
        size_t used = newline != NULL ? size + 1 : size;

        parser->rest.data += used;
        parser->rest.size -= used;
        parser->line++;
        parser->words_count = 0;
        parser->word = 0;
        for (size_t i = 0; i < line.size && line.data[i] != '#';) {
            size_t start = i;
            while (i < line.size && !isspace((unsigned char)line.data[i]) && line.data[i] != '#') {
                i++;
            }
            if (i > start && parser->words_count < SCHEMA_WORDS_MAX) {
                parser->words[parser->words_count++] = (struct text){line.data + start, i - start};
            }
            while (i < line.size && isspace((unsigned char)line.data[i])) {
                i++;
            }
        }
        if (parser->words_count > 0) {
            return true;
        }
    }
    return false;
}

/* The next word of the line without taking it; an empty text at its end. */
static struct text peek(const struct parser *parser)
{
    return parser->word < parser->words_count ? parser->words[parser->word] : (struct text){"", 0};
}

static struct text take(struct parser *parser)
{
    struct text word = peek(parser);
    parser->word += word.size > 0 ? 1 : 0;
    return word;
}

static bool take_if(struct parser *parser, const char *string)
{
    if (!text_is(peek(parser), string)) {
        return false;
    }
    parser->word++;
    return true;
}

static bool is_name(struct text word)
{
    if (word.size == 0 || !islower((unsigned char)word.data[0])) {
        return false;
    }
    for (size_t i = 0; i < word.size; i++) {
        unsigned char c = (unsigned char)word.data[i];
        if (!islower(c) && !isdigit(c) && c != '_') {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(C_WORDS) / sizeof(C_WORDS[0]); i++) {
        if (text_is(word, C_WORDS[i])) {
            return false;
        }
    }
    return true;
}

MUST_USE static enum status take_name(struct parser *parser, const char **name)
{
    struct text word = take(parser);
    if (!is_name(word)) {
        return fail(parser, "not a name in lower case", word);
    }
    *name = arena_copy_text(parser->arena, word).data;
    return *name != NULL ? STATUS_OK : fail_memory(parser);
}

/* "4", "4-12" or "4+"; `last` is what "+" reaches. */
static bool parse_versions(struct text word, int last, struct schema_versions *versions)
{
    struct text first_text = word;
    int64_t first = 0;
    int64_t end = 0;

    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] == '+' && i + 1 == word.size) {
            first_text.size = i;
            end = last;
        } else if (word.data[i] == '-' && i > 0) {
            struct text end_text = {word.data + i + 1, word.size - i - 1};
            first_text.size = i;
            if (!parse_i64(end_text, &end)) {
                return false;
            }
            break;
        }
    }
    if (!parse_i64(first_text, &first)) {
        return false;
    }
    end = first_text.size == word.size ? first : end;
    if (first < 0 || first > end || end >= SCHEMA_VERSION_NEVER) {
        return false;
    }
    versions->first = (int)first;
    versions->last = (int)end;
    return true;
}

static bool starts_with_digit(struct text word)
{
    return word.size > 0 && isdigit((unsigned char)word.data[0]);
}

/* Versions of a field, inside those of the message. */
MUST_USE static enum status take_field_versions(struct parser *parser,
                                                struct schema_versions *versions)
{
    const struct schema_versions *all = &parser->message->versions;
    struct text word = take(parser);

    if (!parse_versions(word, all->last, versions)) {
        return fail(parser, "not a range of versions", word);
    }
    if (versions->first < all->first || versions->last > all->last) {
        return fail(parser, "versions outside those of the message", word);
    }
    return STATUS_OK;
}

static struct schema_struct *struct_find(const struct schema_message *message, struct text name)
{
    for (struct schema_struct *item = message->structs; item != NULL; item = item->next) {
        if (text_is(name, item->name)) {
            return item;
        }
    }
    return NULL;
}

/* Appends to the message, so that inner structs come before those that hold them. */
static void struct_finish(struct schema_message *message, struct schema_struct *structure)
{
    if (message->structs_last != NULL) {
        message->structs_last->next = structure;
    } else {
        message->structs = structure;
    }
    message->structs_last = structure;
}

MUST_USE static enum status parse_fields(struct parser *parser, struct schema_struct *structure);

/* A struct whose opening brace ends the current line. */
MUST_USE static enum status parse_struct(struct parser *parser, struct text name, const char *path,
                                         struct schema_struct **result)
{
    if (!is_name(name) || struct_find(parser->message, name) != NULL) {
        return fail(parser, "not a name, or the name of another struct", name);
    }
    if (parser->depth == SCHEMA_DEPTH_MAX) {
        return fail(parser, "structs lie too deep", name);
    }
    struct schema_struct *structure = arena_allocate(parser->arena, sizeof(*structure));
    if (structure == NULL) {
        return fail_memory(parser);
    }
    structure->name = arena_copy_text(parser->arena, name).data;
    structure->path = path != NULL ? path : structure->name;
    structure->c_name =
        arena_format(parser->arena, "%s_%.*s", parser->message->c_name, TEXT_ARGUMENTS(name)).data;
    if (structure->name == NULL || structure->c_name == NULL) {
        return fail_memory(parser);
    }
    parser->depth++;
    enum status status = parse_fields(parser, structure);
    parser->depth--;
    if (status == STATUS_OK) {
        struct_finish(parser->message, structure);
        *result = structure;
    }
    return status;
}

MUST_USE static enum status parse_type(struct parser *parser, struct schema_field *field)
{
    struct text word = take(parser);

    if (word.size > 2 && memcmp(word.data, "[]", 2) == 0) {
        field->is_array = true;
        word.data += 2;
        word.size -= 2;
    }
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (text_is(word, TYPES[i].name)) {
            field->type = TYPES[i].type;
            return STATUS_OK;
        }
    }
    field->type = SCHEMA_STRUCT;
    field->structure = struct_find(parser->message, word);
    bool is_definition = text_is(parser->words[parser->words_count - 1], "{");
    if (is_definition == (field->structure != NULL)) {
        return fail(parser, is_definition ? "struct defined again" : "unknown type", word);
    }
    if (is_definition) {
        field->default_text = word.data; /* Taken back by parse_field(). */
    }
    return STATUS_OK;
}

MUST_USE static enum status parse_default(struct parser *parser, struct schema_field *field)
{
    struct text word = take(parser);
    int64_t number = 0;
    double fraction = 0;
    bool truth = false;
    bool good = false;

    if (text_is(word, "null")) {
        field->default_is_null = true;
        return schema_field_is_nullable(field) ? STATUS_OK : fail(parser, "default is null", word);
    }
    if (field->is_array) {
        return fail(parser, "an array has no default but null", word);
    }
    switch (field->type) {
    case SCHEMA_BOOL:
        good = parse_bool(word, &truth);
        break;
    case SCHEMA_INT8:
    case SCHEMA_INT16:
    case SCHEMA_UINT16:
    case SCHEMA_INT32:
    case SCHEMA_UINT32:
    case SCHEMA_INT64:
        good = parse_i64(word, &number);
        break;
    case SCHEMA_FLOAT64:
        good = parse_f64(word, &fraction);
        break;
    case SCHEMA_STRING:
        good = word.size >= 2 && word.data[0] == '"' && word.data[word.size - 1] == '"';
        break;
    case SCHEMA_UUID:
    case SCHEMA_BYTES:
    case SCHEMA_RECORDS:
    case SCHEMA_STRUCT:
    case SCHEMA_TYPE_COUNT:
    default:
        break;
    }
    if (!good) {
        return fail(parser, "not a default for this type", word);
    }
    field->default_text = arena_copy_text(parser->arena, word).data;
    return field->default_text != NULL ? STATUS_OK : fail_memory(parser);
}

MUST_USE static enum status parse_tag(struct parser *parser, struct schema_field *field)
{
    int64_t tag = 0;
    struct text word = take(parser);

    if (!parse_i64(word, &tag) || tag < 0 || tag > INT32_MAX) {
        return fail(parser, "not a tag number", word);
    }
    if (field->versions.first < parser->message->flexible_first) {
        return fail(parser, "tagged in a version that is not flexible", word);
    }
    field->is_tagged = true;
    field->tag = (unsigned)tag;
    return STATUS_OK;
}

MUST_USE static enum status parse_attributes(struct parser *parser, struct schema_field *field)
{
    enum status status = STATUS_OK;

    if (starts_with_digit(peek(parser))) {
        status = take_field_versions(parser, &field->versions);
    }
    while (status == STATUS_OK && peek(parser).size > 0 && !text_is(peek(parser), "{")) {
        if (take_if(parser, "null")) {
            field->null_versions = field->versions;
            if (starts_with_digit(peek(parser))) {
                status = take_field_versions(parser, &field->null_versions);
            }
        } else if (take_if(parser, "tag")) {
            status = parse_tag(parser, field);
        } else if (take_if(parser, "=")) {
            status = parse_default(parser, field);
        } else if (take_if(parser, "plain")) {
            field->is_plain = true;
        } else if (take_if(parser, "secret")) {
            field->is_secret = true;
        } else {
            status = fail(parser, "not a property of a field", peek(parser));
        }
    }
    return status;
}

/* What the parts of a field, each good in itself, do not allow together. */
MUST_USE static enum status check_field(struct parser *parser,
                                        const struct schema_struct *structure,
                                        const struct schema_field *field)
{
    bool may_be_null = field->is_array || field->type == SCHEMA_STRING ||
                       field->type == SCHEMA_BYTES || field->type == SCHEMA_RECORDS ||
                       field->type == SCHEMA_STRUCT;
    bool may_be_listed = field->type == SCHEMA_INT8 || field->type == SCHEMA_INT16 ||
                         field->type == SCHEMA_INT32 || field->type == SCHEMA_INT64 ||
                         field->type == SCHEMA_STRING || field->type == SCHEMA_UUID ||
                         field->type == SCHEMA_STRUCT;

    if (schema_field_is_nullable(field) && !may_be_null) {
        return fail(parser, "a value of this type is never null", text_of(field->name));
    }
    if (field->is_array && !may_be_listed) {
        return fail(parser, "no arrays of this type", text_of(field->name));
    }
    if (field->is_plain && (field->type != SCHEMA_STRING || field->is_array)) {
        return fail(parser, "only a string can be plain", text_of(field->name));
    }
    if (schema_field_is_pointer(field) && (field->null_versions.first != field->versions.first ||
                                           field->null_versions.last != field->versions.last)) {
        return fail(parser, "a struct is nullable in all versions or none", text_of(field->name));
    }
    for (const struct schema_field *other = structure->fields; other != NULL; other = other->next) {
        if (strcmp(other->name, field->name) == 0) {
            return fail(parser, "field defined twice", text_of(field->name));
        }
        if (other->is_tagged && field->is_tagged && other->tag >= field->tag) {
            return fail(parser, "tags must ascend", text_of(field->name));
        }
    }
    return STATUS_OK;
}

MUST_USE static enum status parse_field(struct parser *parser, struct schema_struct *structure)
{
    struct schema_field *field = arena_allocate(parser->arena, sizeof(*field));
    if (field == NULL) {
        return fail_memory(parser);
    }
    field->line = parser->line;
    field->versions = parser->message->versions;
    field->null_versions = (struct schema_versions){1, 0};
    enum status status = take_name(parser, &field->name);
    if (status != STATUS_OK) {
        return status;
    }
    struct text type = peek(parser);
    status = parse_type(parser, field);
    bool is_definition = status == STATUS_OK && field->default_text != NULL;
    field->default_text = NULL;
    if (status == STATUS_OK) {
        status = parse_attributes(parser, field);
    }
    if (status == STATUS_OK) {
        status = check_field(parser, structure, field);
    }
    if (status == STATUS_OK && is_definition) {
        if (field->is_array) {
            type = (struct text){type.data + 2, type.size - 2};
        }
        const char *path = arena_format(parser->arena, "%s%s%s", structure->path,
                                        structure->path[0] != '\0' ? "." : "", field->name)
                               .data;
        status = path != NULL ? parse_struct(parser, type, path, &field->structure)
                              : fail_memory(parser);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (structure->fields_last != NULL) {
        structure->fields_last->next = field;
    } else {
        structure->fields = field;
    }
    structure->fields_last = field;
    return STATUS_OK;
}

MUST_USE static enum status parse_fields(struct parser *parser, struct schema_struct *structure)
{
    while (next_line(parser)) {
        enum status status = STATUS_OK;
        struct schema_struct *shared = NULL;

        if (text_is(peek(parser), "}")) {
            return STATUS_OK;
        }
        if (take_if(parser, "struct")) {
            struct text name = take(parser);
            status = text_is(peek(parser), "{") ? parse_struct(parser, name, NULL, &shared)
                                                : fail(parser, "expected {", peek(parser));
        } else {
            status = parse_field(parser, structure);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return fail(parser, "file ends inside a message", TEXT_NULL);
}

MUST_USE static enum status parse_kind(struct parser *parser, struct schema_message *message)
{
    static const char *const NAMES[] = {"request", "response", "header", "record"};
    struct text word = take(parser);

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (text_is(word, NAMES[i])) {
            message->kind = (enum schema_kind)i;
            enum status status = take_name(parser, &message->name);
            if (status != STATUS_OK) {
                return status;
            }
            bool has_suffix = message->kind == SCHEMA_REQUEST || message->kind == SCHEMA_RESPONSE;
            message->c_name =
                has_suffix ? arena_format(parser->arena, "%s_%s", message->name, NAMES[i]).data
                           : message->name;
            return message->c_name != NULL ? STATUS_OK : fail_memory(parser);
        }
    }
    return fail(parser, "not the start of a message", word);
}

MUST_USE static enum status parse_message_properties(struct parser *parser,
                                                     struct schema_message *message)
{
    struct schema_versions flexible = {SCHEMA_VERSION_NEVER, 0};
    int64_t key = -1;

    if (take_if(parser, "key")) {
        struct text word = take(parser);
        if (!parse_i64(word, &key) || key < 0 || key > INT16_MAX) {
            return fail(parser, "not a key", word);
        }
    }
    message->key = (int)key;
    if (!take_if(parser, "versions") || !parse_versions(peek(parser), -1, &message->versions)) {
        return fail(parser, "expected versions A-B", peek(parser));
    }
    parser->word++;
    if (take_if(parser, "flexible") &&
        (!parse_versions(peek(parser), message->versions.last, &flexible) ||
         flexible.last != message->versions.last)) {
        return fail(parser, "expected flexible N+", peek(parser));
    }
    parser->word += flexible.first != SCHEMA_VERSION_NEVER ? 1 : 0;
    message->flexible_first = flexible.first;
    if (message->key < 0 && message->kind <= SCHEMA_RESPONSE) {
        return fail(parser, "a request or response needs a key", text_of(message->name));
    }
    return take_if(parser, "{") ? STATUS_OK : fail(parser, "expected {", peek(parser));
}

MUST_USE static enum status parse_message(struct parser *parser)
{
    struct schema_message *message = arena_allocate(parser->arena, sizeof(*message));
    struct schema_struct *root = arena_allocate(parser->arena, sizeof(*root));
    if (message == NULL || root == NULL) {
        return fail_memory(parser);
    }
    parser->message = message;
    message->root = root;
    enum status status = parse_kind(parser, message);
    if (status == STATUS_OK) {
        status = parse_message_properties(parser, message);
    }
    if (status == STATUS_OK) {
        root->name = "";
        root->path = "";
        root->c_name = message->c_name;
        status = parse_fields(parser, root);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct_finish(message, root);
    if (parser->schema->messages_last != NULL) {
        parser->schema->messages_last->next = message;
    } else {
        parser->schema->messages = message;
    }
    parser->schema->messages_last = message;
    return STATUS_OK;
}

/* "proto/schema/fetch.schema" is "fetch". */
static struct text base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct text name = text_of(slash != NULL ? slash + 1 : path);
    const char *dot = memchr(name.data, '.', name.size);

    name.size = dot != NULL ? (size_t)(dot - name.data) : name.size;
    return name;
}

enum status schema_parse(const char *path, struct text file, struct arena *arena,
                         struct schema *schema, struct error *error)
{
    struct parser parser = {
        .path = path, .rest = file, .arena = arena, .schema = schema, .error = error};

    memset(schema, 0, sizeof(*schema));
    if (file.size > SCHEMA_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "%s: %zu bytes, at most %d are read", path, file.size,
                         SCHEMA_SIZE_MAX);
    }
    schema->name = arena_copy_text(arena, base_name(path)).data;
    if (schema->name == NULL) {
        return fail_memory(&parser);
    }
    while (next_line(&parser)) {
        enum status status = parse_message(&parser);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (schema->messages == NULL) {
        return fail(&parser, "no message in the file", TEXT_NULL);
    }
    return STATUS_OK;
}
