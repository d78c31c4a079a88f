/* Where a command's words go: results to standard output, trouble and progress to standard error.
 * A result is a JSON value; for people it is laid out in columns. */
#ifndef TOOLS_ROLLWAY_CONSOLE_H
#define TOOLS_ROLLWAY_CONSOLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"

/* How often a progress line is drawn anew. */
#define PROGRESS_INTERVAL_US 200000

struct console {
    FILE *out;
    FILE *err;
    bool is_json;
    bool is_out_terminal;
    bool is_err_terminal;
    bool is_coloured; /* Of what goes to `err`, and headings to `out`. */
};

/* A column of a table: a member of each row's object, and what stands above it. */
struct column {
    const char *key;
    const char *heading;
    bool is_number; /* Set to the right. */
};

/* Looks whether the files are terminals. `no_color` is that variable's value or NULL. */
void console_init(struct console *console, FILE *out, FILE *err, const char *no_color);

/* One line: "rollway: " and the sentence. */
void console_error(const struct console *console, const char *sentence);

/* As console_error(), for what is no failure. */
void console_note(const struct console *console, const char *sentence);

/* Prints a value: indented on a terminal, otherwise on one line. */
void console_json(const struct console *console, const json_t *value);

/* One line of JSON in any case. */
void console_json_line(const struct console *console, const json_t *value);

/* Prints an array of objects, one row for each. Arrays in it are joined with commas, null is "-".
 */
void console_table(const struct console *console, const json_t *rows, const struct column *columns,
                   size_t columns_count);

/* Draws "text" in the place of the progress line before, when `err` is a terminal. */
void console_progress(const struct console *console, const char *text);

/* Takes the progress line away. */
void console_progress_end(const struct console *console);

/* Makes sure that the results are written. STATUS_IO when they are not: a full disk, a reader that
 * went away. */
MUST_USE enum status console_flush(const struct console *console, struct error *error);

/* A JSON string of bytes that should be UTF-8; those that are not become U+FFFD. Null for null. */
json_t *json_of_text(struct text text);

/* Creating JSON fails for want of memory only, in which case the tool cannot go on. */
json_t *json_made(json_t *value);

/* Sets a member; takes over `value`. */
void json_put(json_t *object, const char *key, json_t *value);

/* Adds an element; takes over `value`. */
void json_add(json_t *array, json_t *value);

#endif /* TOOLS_ROLLWAY_CONSOLE_H */
