#include "broker/server/diagnostic_printer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/counted.h" /* CONTAINER_OF */

struct line {
    char text[DIAGNOSTIC_LINE_SIZE_MAX];
    size_t size;
};

static void add_character(struct line *line, char character)
{
    /* One place is kept for the line's end. */
    if (line->size < sizeof line->text - 1) {
        line->text[line->size++] = character;
    }
}

static void add(struct line *line, const char *text)
{
    while (*text != '\0') {
        add_character(line, *text++);
    }
}

/* In quotes, with what would end them or the line escaped. Right for JSON and for logfmt. */
static void add_quoted(struct line *line, const char *text, size_t size)
{
    add_character(line, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char character = (unsigned char)text[i];
        if (character == '"' || character == '\\') {
            add_character(line, '\\');
            add_character(line, (char)character);
        } else if (character < 0x20) {
            char escaped[8];
            snprintf(escaped, sizeof escaped, "\\u%04x", character);
            add(line, escaped);
        } else {
            add_character(line, (char)character);
        }
    }
    add_character(line, '"');
}

static void add_time(struct line *line, struct clock *clock)
{
    int64_t now_ms = clock->wall_ms(clock);
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm parts;
    char text[32];
    gmtime_r(&seconds, &parts);
    size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + size, sizeof text - size, ".%03dZ", (int)(now_ms % 1000));
    add(line, text);
}

/* The fields come in logfmt: key=value parts, a value perhaps in quotes. */
static void add_fields_as_json(struct line *line, const char *fields)
{
    while (*fields != '\0') {
        const char *equals = strchr(fields, '=');
        if (equals == NULL) {
            return;
        }
        const char *value = equals + 1;
        const char *end = *value == '"' ? strchr(value + 1, '"') : strchr(value, ' ');
        size_t size = end != NULL ? (size_t)(end - value) : strlen(value);
        add_character(line, ',');
        add_quoted(line, fields, (size_t)(equals - fields));
        add_character(line, ':');
        bool quoted = *value == '"';
        add_quoted(line, value + (quoted ? 1 : 0), size - (quoted ? 1 : 0));
        fields = value + size + (quoted && end != NULL ? 1 : 0);
        while (*fields == ' ') {
            fields++;
        }
    }
}

static void add_json(struct line *line, struct clock *clock, enum diagnostic_level level,
                     const char *component, const char *sentence, const char *fields)
{
    add(line, "{\"time\":\"");
    add_time(line, clock);
    add(line, "\",\"level\":\"");
    add(line, diagnostic_level_text(level));
    add(line, "\",\"component\":");
    add_quoted(line, component, strlen(component));
    add(line, ",\"message\":");
    add_quoted(line, sentence, strlen(sentence));
    add_fields_as_json(line, fields);
    add_character(line, '}');
}

static void add_logfmt(struct line *line, struct clock *clock, enum diagnostic_level level,
                       const char *component, const char *sentence, const char *fields)
{
    add(line, "time=");
    add_time(line, clock);
    add(line, " level=");
    add(line, diagnostic_level_text(level));
    add(line, " component=");
    add(line, component);
    add(line, " message=");
    add_quoted(line, sentence, strlen(sentence));
    if (fields[0] != '\0') {
        add_character(line, ' ');
        add(line, fields);
    }
}

static const char *priority(enum diagnostic_level level)
{
    switch (level) {
    case DIAGNOSTIC_DEBUG:
        return "<7>";
    case DIAGNOSTIC_INFO:
        return "<6>";
    case DIAGNOSTIC_WARNING:
        return "<4>";
    case DIAGNOSTIC_ERROR:
        return "<3>";
    default:
        ASSERT(false);
    }
    return "";
}

static void print(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
                  const char *sentence, const char *fields)
{
    struct diagnostic_printer *printer = CONTAINER_OF(sink, struct diagnostic_printer, sink);
    struct line line;
    line.size = 0;
    if (printer->with_priority) {
        add(&line, priority(level));
    }
    if (printer->format == DIAGNOSTIC_JSON) {
        add_json(&line, printer->clock, level, component, sentence, fields);
    } else {
        add_logfmt(&line, printer->clock, level, component, sentence, fields);
    }
    line.text[line.size++] = '\n';
    /* One write per line: lines of several threads do not mix. Nobody can be told when it fails. */
    ssize_t written = write(printer->file_descriptor, line.text, line.size);
    (void)written;
}

void diagnostic_printer_init(struct diagnostic_printer *printer, struct clock *clock,
                             int file_descriptor)
{
    *printer = (struct diagnostic_printer){
        .sink = {.level_min = DIAGNOSTIC_INFO, .write = print},
        .clock = clock,
        .format = DIAGNOSTIC_LOGFMT,
        .file_descriptor = file_descriptor,
        .with_priority = getenv("JOURNAL_STREAM") != NULL,
    };
}

bool diagnostic_format_parse(struct text text, enum diagnostic_format *format)
{
    bool json = text_equal(text, TEXT_LITERAL("json"));
    if (!json && !text_equal(text, TEXT_LITERAL("logfmt"))) {
        return false;
    }
    *format = json ? DIAGNOSTIC_JSON : DIAGNOSTIC_LOGFMT;
    return true;
}
