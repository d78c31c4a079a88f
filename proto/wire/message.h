/* What every generated message is made of, and the description of a message for those who treat
 * all of them alike: tests, fuzzers, the printer, tools.
 *
 * Fields of a generated struct:
 *
 *     string          struct text     data is NULL for null
 *     bytes           struct bytes    data is NULL for null
 *     records         struct bytes in requests and records, struct slices in responses (items is
 *                     NULL for null)
 *     uuid            struct uuid
 *     []int32         struct int32_array, and so on
 *     []topic         struct <message>_topic_array
 *     topic           struct <message>_topic, by value; nullable: a pointer, NULL for null
 *
 * Every array is {items, count, is_null}. A null in a field that may not be null in the version at
 * hand is sent as the empty value. */
#ifndef PROTO_WIRE_MESSAGE_H
#define PROTO_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/uuid.h"

/* Limits of one decoded message. What lies beyond is refused as malformed. */
#define MESSAGE_ARRAY_COUNT_MAX       100000u
#define MESSAGE_ELEMENTS_MAX          1000000u
#define MESSAGE_STRING_SIZE_MAX       32767u
#define MESSAGE_UNKNOWN_TAGS_SIZE_MAX (64u * 1024)

#define MESSAGE_VERSION_NEVER INT16_MAX

/* Empty, which is not null. */
#define BYTES_EMPTY ((struct bytes){(const uint8_t *)"", 0})

struct wire_writer;

struct int8_array {
    int8_t *items;
    size_t count;
    bool is_null;
};

struct int16_array {
    int16_t *items;
    size_t count;
    bool is_null;
};

struct int32_array {
    int32_t *items;
    size_t count;
    bool is_null;
};

struct int64_array {
    int64_t *items;
    size_t count;
    bool is_null;
};

struct text_array {
    struct text *items;
    size_t count;
    bool is_null;
};

struct uuid_array {
    struct uuid *items;
    size_t count;
    bool is_null;
};

/* How all arrays begin; copied out of and into a message by those who do not know its type. */
struct any_array {
    void *items;
    size_t count;
    bool is_null;
};

enum field_type {
    FIELD_BOOL,
    FIELD_INT8,
    FIELD_INT16,
    FIELD_UINT16,
    FIELD_INT32,
    FIELD_UINT32,
    FIELD_INT64,
    FIELD_FLOAT64,
    FIELD_STRING,
    FIELD_UUID,
    FIELD_BYTES,
    FIELD_RECORDS,        /* struct bytes */
    FIELD_RECORDS_SLICES, /* struct slices */
    FIELD_STRUCT,
};

struct struct_descriptor;

struct field_descriptor {
    const char *name;
    enum field_type type; /* Of the element, when it is an array. */
    bool is_array;
    bool is_pointer; /* A nullable struct. */
    bool is_tagged;
    bool is_secret; /* Not to be printed. */
    int16_t version_first;
    int16_t version_last;
    int16_t null_first; /* The versions in which it may be null; none when first > last. */
    int16_t null_last;
    size_t offset;
    const struct struct_descriptor *structure; /* Of FIELD_STRUCT. */
};

struct struct_descriptor {
    size_t size;
    void (*init)(void *value);
    const struct field_descriptor *fields;
    size_t fields_count;
};

enum message_kind { MESSAGE_REQUEST, MESSAGE_RESPONSE, MESSAGE_HEADER, MESSAGE_RECORD };

struct message_descriptor {
    const char *name; /* As the struct: "fetch_request". */
    enum message_kind kind;
    int16_t key; /* API key, or type number of a record; -1 when it has none. */
    int16_t version_min;
    int16_t version_max;
    int16_t flexible_min; /* MESSAGE_VERSION_NEVER: in no version. */
    const struct struct_descriptor *structure;
    /* The generated functions of the message, as their typed forms say. */
    enum status (*decode)(void *message, int16_t version, struct byte_reader *reader,
                          struct arena *arena, struct error *error);
    enum status (*encode)(const void *message, int16_t version, struct wire_writer *writer,
                          struct error *error);
};

/* Request and response of one API. */
struct api_messages {
    int16_t key;
    const struct message_descriptor *request;
    const struct message_descriptor *response;
};

#endif /* PROTO_WIRE_MESSAGE_H */
