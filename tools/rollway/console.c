#include "tools/rollway/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

#define COLUMNS_MAX     16
#define CELL_SIZE_MAX   1024
#define COLOUR_RED      "\033[31m"
#define COLOUR_BOLD     "\033[1m"
#define COLOUR_END      "\033[0m"
#define REPLACEMENT     "\xef\xbf\xbd"
#define CLEAR_LINE      "\r\033[K"
#define COLUMN_DISTANCE 2

void console_init(struct console *console, FILE *out, FILE *err, const char *no_color)
{
    *console = (struct console){.out = out, .err = err};
    console->is_out_terminal = isatty(fileno(out)) == 1;
    console->is_err_terminal = isatty(fileno(err)) == 1;
    console->is_coloured = console->is_out_terminal && console->is_err_terminal &&
                           (no_color == NULL || no_color[0] == '\0');
}

void console_error(const struct console *console, const char *sentence)
{
    console_progress_end(console);
    fprintf(console->err, "%srollway: %s%s\n", console->is_coloured ? COLOUR_RED : "",
            console->is_coloured ? COLOUR_END : "", sentence);
}

void console_note(const struct console *console, const char *sentence)
{
    console_progress_end(console);
    fprintf(console->err, "rollway: %s\n", sentence);
}

static int write_to_file(const char *data, size_t size, void *file)
{
    return fwrite(data, 1, size, file) == size ? 0 : -1;
}

static void print_json(const struct console *console, const json_t *value, size_t flags)
{
    /* A failure to write stays with the stream: console_flush() finds it. */
    (void)json_dump_callback(value, write_to_file, console->out, flags | JSON_ENCODE_ANY);
    fputc('\n', console->out);
}

void console_json(const struct console *console, const json_t *value)
{
    print_json(console, value, console->is_out_terminal ? JSON_INDENT(2) : JSON_COMPACT);
}

void console_json_line(const struct console *console, const json_t *value)
{
    print_json(console, value, JSON_COMPACT);
}

static void append(char *memory, size_t memory_size, const char *text)
{
    size_t used = strlen(memory);
    snprintf(memory + used, memory_size - used, "%s", text);
}

/* The text of a value without quotes. */
static void render_cell(const json_t *value, char *memory, size_t memory_size)
{
    char number[32];
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_NULL:
        append(memory, memory_size, "-");
        break;
    case JSON_STRING:
        append(memory, memory_size, json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        append(memory, memory_size, number);
        break;
    case JSON_TRUE:
        append(memory, memory_size, "yes");
        break;
    case JSON_FALSE:
        append(memory, memory_size, "no");
        break;
    case JSON_ARRAY:
        for (size_t i = 0; i < json_array_size(value); i++) {
            append(memory, memory_size, i > 0 ? "," : "");
            render_cell(json_array_get(value, i), memory, memory_size);
        }
        break;
    case JSON_REAL:
    case JSON_OBJECT:
    default:
        ASSERT(false); /* No table has such a cell. */
    }
}

static size_t cell_width(const json_t *row, const struct column *column)
{
    char cell[CELL_SIZE_MAX] = "";
    render_cell(json_object_get(row, column->key), cell, sizeof cell);
    return strlen(cell);
}

static void print_cell(const struct console *console, const char *cell, size_t width,
                       bool is_number, bool is_last)
{
    if (is_number) {
        fprintf(console->out, "%*s", (int)width, cell);
    } else {
        fprintf(console->out, "%-*s", is_last ? 0 : (int)width, cell);
    }
    fprintf(console->out, "%*s", is_last ? 0 : COLUMN_DISTANCE, "");
}

void console_table(const struct console *console, const json_t *rows, const struct column *columns,
                   size_t columns_count)
{
    size_t widths[COLUMNS_MAX];
    bool is_bold = console->is_coloured;
    ASSERT(columns_count > 0 && columns_count <= COLUMNS_MAX);
    for (size_t i = 0; i < columns_count; i++) {
        widths[i] = strlen(columns[i].heading);
        for (size_t row = 0; row < json_array_size(rows); row++) {
            size_t width = cell_width(json_array_get(rows, row), &columns[i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    fputs(is_bold ? COLOUR_BOLD : "", console->out);
    for (size_t i = 0; i < columns_count; i++) {
        print_cell(console, columns[i].heading, widths[i], columns[i].is_number,
                   i + 1 == columns_count);
    }
    fputs(is_bold ? COLOUR_END "\n" : "\n", console->out);
    for (size_t row = 0; row < json_array_size(rows); row++) {
        for (size_t i = 0; i < columns_count; i++) {
            char cell[CELL_SIZE_MAX] = "";
            render_cell(json_object_get(json_array_get(rows, row), columns[i].key), cell,
                        sizeof cell);
            print_cell(console, cell, widths[i], columns[i].is_number, i + 1 == columns_count);
        }
        fputc('\n', console->out);
    }
}

void console_progress(const struct console *console, const char *text)
{
    if (console->is_err_terminal) {
        fprintf(console->err, CLEAR_LINE "%s", text);
        fflush(console->err);
    }
}

void console_progress_end(const struct console *console)
{
    if (console->is_err_terminal) {
        fputs(CLEAR_LINE, console->err);
        fflush(console->err);
    }
}

enum status console_flush(const struct console *console, struct error *error)
{
    errno = 0;
    if (fflush(console->out) != 0 || ferror(console->out)) {
        return error_set(error, STATUS_IO, "write results: %s",
                         errno != 0 ? strerror(errno) : "not all of them were written");
    }
    return STATUS_OK;
}

json_t *json_made(json_t *value)
{
    ASSERT(value != NULL);
    return value;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    ASSERT(json_object_set_new(object, key, json_made(value)) == 0);
}

void json_add(json_t *array, json_t *value)
{
    ASSERT(json_array_append_new(array, json_made(value)) == 0);
}

/* Bytes of the UTF-8 character at the start of `text`; 0 when there is none. */
static size_t character_size(struct text text)
{
    for (size_t size = 1; size <= 4 && size <= text.size; size++) {
        json_t *string = json_stringn(text.data, size);
        json_decref(string);
        if (string != NULL) {
            return size;
        }
    }
    return 0;
}

json_t *json_of_text(struct text text)
{
    if (text.data == NULL) {
        return json_null();
    }
    json_t *whole = json_stringn(text.data, text.size);
    if (whole != NULL) {
        return whole;
    }
    char *mended = malloc(text.size * sizeof REPLACEMENT + 1);
    ASSERT(mended != NULL);
    size_t size = 0;
    while (text.size > 0) {
        size_t taken = character_size(text);
        const char *from = taken > 0 ? text.data : REPLACEMENT;
        size_t added = taken > 0 ? taken : sizeof REPLACEMENT - 1;
        memcpy(mended + size, from, added);
        size += added;
        text =
            (struct text){text.data + (taken > 0 ? taken : 1), text.size - (taken > 0 ? taken : 1)};
    }
    whole = json_stringn(mended, size);
    free(mended);
    return json_made(whole);
}
