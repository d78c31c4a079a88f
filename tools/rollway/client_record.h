/* One record on its way in or out, and how it stands on a line of text or JSON. */
#ifndef TOOLS_ROLLWAY_CLIENT_RECORD_H
#define TOOLS_ROLLWAY_CLIENT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "proto/record/record_iterator.h"

#define CLIENT_RECORD_NO_PARTITION (-1)
#define CLIENT_RECORD_NO_OFFSET    (-1)
#define CLIENT_RECORD_NO_TIMESTAMP (-1)

struct client_record {
    struct text topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    bool is_append_time;
    struct bytes key; /* Null is not empty; so in the value. */
    struct bytes value;
    const struct record_header *headers;
    size_t headers_count;
};

/* Without anything: nulls, and the numbers above. */
void client_record_init(struct client_record *record);

/* How lines of text are taken apart. */
struct line_rules {
    struct text key_separator; /* Null: the line is the value. */
    struct text null_text;     /* Null: nothing is null. */
};

/* A line is a value, or key, separator, value. Sets key and value, which borrow the line.
 * STATUS_INVALID when the separator is missing. */
MUST_USE enum status client_record_from_line(struct text line, const struct line_rules *rules,
                                             struct client_record *record, struct error *error);

/* A line is a JSON object with any of
 *
 *     key, value              a string, null, or any JSON, which is taken as its text
 *     key_base64, value_base64
 *     headers                 {"name": "value", ...} or [{"key": …, "value": …}, …], with
 *                             value_base64 as above
 *     partition, timestamp    timestamp in milliseconds or as a date
 *     topic, offset, timestamp_type   what consume writes; not looked at
 *
 * Sets what is there; memory is the arena's. STATUS_INVALID says what is wrong, STATUS_NO_MEMORY.
 */
MUST_USE enum status client_record_from_json(struct text line, struct client_record *record,
                                             struct arena *arena, struct error *error);

/* One line of JSON without a line feed, as client_record_from_json() reads it; in the arena.
 * STATUS_NO_MEMORY. */
MUST_USE enum status client_record_to_json(const struct client_record *record, struct arena *arena,
                                           struct text *line, struct error *error);

/* Puts key, value and headers of a record into a JSON object, bytes that are not UTF-8 as base64.
 * False when the arena is exhausted. */
bool client_record_put_content(json_t *object, struct bytes key, struct bytes value,
                               const struct record_header *headers, size_t headers_count,
                               struct arena *arena);

/* Replaces \n, \t, \r, \0, \e and \\ by what they stand for. False for any other, or a backslash at
 * the end. The text is the arena's. */
bool unescape_text(const char *escaped, struct arena *arena, struct text *text);

#endif /* TOOLS_ROLLWAY_CLIENT_RECORD_H */
