#include "tools/rollway/client_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tools/rollway/base64.h"
#include "tools/rollway/console.h"
#include "tools/rollway/time_text.h"

void client_record_init(struct client_record *record)
{
    *record = (struct client_record){
        .partition = CLIENT_RECORD_NO_PARTITION,
        .offset = CLIENT_RECORD_NO_OFFSET,
        .timestamp_ms = CLIENT_RECORD_NO_TIMESTAMP,
    };
}

static struct bytes bytes_of_text(struct text text)
{
    return (struct bytes){(const uint8_t *)text.data, text.size};
}

static struct bytes part_of_line(struct text part, const struct line_rules *rules)
{
    bool is_null = rules->null_text.data != NULL && text_equal(part, rules->null_text);
    return is_null ? BYTES_NULL : bytes_of_text(part);
}

enum status client_record_from_line(struct text line, const struct line_rules *rules,
                                    struct client_record *record, struct error *error)
{
    struct text separator = rules->key_separator;
    if (separator.data == NULL) {
        record->value = part_of_line(line, rules);
        return STATUS_OK;
    }
    const char *place = memmem(line.data, line.size, separator.data, separator.size);
    if (place == NULL) {
        return error_set(error, STATUS_INVALID, "no key separator in '%.*s'",
                         line.size < 80 ? (int)line.size : 80, line.data);
    }
    size_t key_size = (size_t)(place - line.data);
    record->key = part_of_line((struct text){line.data, key_size}, rules);
    record->value = part_of_line(
        (struct text){place + separator.size, line.size - key_size - separator.size}, rules);
    return STATUS_OK;
}

/* The bytes that a JSON value stands for: a string's own, null, or the JSON itself. */
static enum status bytes_of_json(const json_t *value, struct arena *arena, struct bytes *bytes,
                                 struct error *error)
{
    struct text text;
    if (json_is_null(value)) {
        *bytes = BYTES_NULL;
        return STATUS_OK;
    }
    if (json_is_string(value)) {
        text = arena_copy_text(arena,
                               (struct text){json_string_value(value), json_string_length(value)});
    } else {
        char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        text = dumped != NULL ? arena_copy_text(arena, text_of(dumped)) : TEXT_NULL;
        free(dumped);
    }
    *bytes = bytes_of_text(text);
    return text.data != NULL ? STATUS_OK
                             : error_set(error, STATUS_NO_MEMORY, "no memory for a record");
}

/* Takes `key` or `key` with _base64; leaves *bytes when there is neither. */
static enum status take_bytes(const json_t *object, const char *key, struct arena *arena,
                              struct bytes *bytes, struct error *error)
{
    char encoded_key[32];
    snprintf(encoded_key, sizeof encoded_key, "%s_base64", key);
    const json_t *plain = json_object_get(object, key);
    const json_t *encoded = json_object_get(object, encoded_key);
    if (plain != NULL && encoded != NULL) {
        return error_set(error, STATUS_INVALID, "both %s and %s", key, encoded_key);
    }
    if (plain != NULL) {
        return bytes_of_json(plain, arena, bytes, error);
    }
    if (encoded == NULL) {
        return STATUS_OK;
    }
    struct text text = {json_string_value(encoded), json_string_length(encoded)};
    if (!base64_decode(arena, text, bytes)) {
        return error_set(error, STATUS_INVALID, "%s is not base64", encoded_key);
    }
    return STATUS_OK;
}

static enum status take_header(const char *name, const json_t *object, struct arena *arena,
                               struct record_header *header, struct error *error)
{
    const json_t *value = json_object_get(object, "key");
    if (name == NULL && !json_is_string(value)) {
        return error_set(error, STATUS_INVALID, "a header is not {\"key\": …, \"value\": …}");
    }
    header->key = arena_copy_text(
        arena, name != NULL ? text_of(name)
                            : (struct text){json_string_value(value), json_string_length(value)});
    header->value = BYTES_NULL;
    return name != NULL ? bytes_of_json(object, arena, &header->value, error)
                        : take_bytes(object, "value", arena, &header->value, error);
}

static enum status take_headers(json_t *headers, struct arena *arena, struct client_record *record,
                                struct error *error)
{
    bool is_object = json_is_object(headers);
    size_t count = is_object ? json_object_size(headers) : json_array_size(headers);
    struct record_header *taken = arena_allocate_array(arena, count, sizeof *taken);
    if (!is_object && !json_is_array(headers)) {
        return error_set(error, STATUS_INVALID, "headers are neither an object nor an array");
    }
    if (taken == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu headers", count);
    }
    void *place = is_object ? json_object_iter(headers) : NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = is_object ? json_object_iter_key(place) : NULL;
        const json_t *value =
            is_object ? json_object_iter_value(place) : json_array_get(headers, i);
        enum status status = take_header(name, value, arena, &taken[i], error);
        if (status != STATUS_OK) {
            return status;
        }
        place = is_object ? json_object_iter_next(headers, place) : NULL;
    }
    record->headers = taken;
    record->headers_count = count;
    return STATUS_OK;
}

static enum status take_numbers(const json_t *object, struct client_record *record,
                                struct error *error)
{
    const json_t *partition = json_object_get(object, "partition");
    const json_t *timestamp = json_object_get(object, "timestamp");
    if (partition != NULL && !json_is_null(partition)) {
        json_int_t number = json_integer_value(partition);
        if (!json_is_integer(partition) || number < 0 || number > INT32_MAX) {
            return error_set(error, STATUS_INVALID, "partition is not a number from 0 to %d",
                             INT32_MAX);
        }
        record->partition = (int32_t)number;
    }
    if (timestamp == NULL || json_is_null(timestamp)) {
        return STATUS_OK;
    }
    if (json_is_integer(timestamp)) {
        record->timestamp_ms = json_integer_value(timestamp);
    } else if (!json_is_string(timestamp) ||
               !parse_time_ms(text_of(json_string_value(timestamp)), &record->timestamp_ms)) {
        return error_set(error, STATUS_INVALID, "timestamp is neither milliseconds nor a date");
    }
    return record->timestamp_ms >= 0
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "timestamp lies before 1970");
}

static enum status check_members(json_t *object, struct error *error)
{
    static const char *const KNOWN[] = {
        "key",       "key_base64", "value", "value_base64", "headers",
        "partition", "timestamp",  "topic", "offset",       "timestamp_type",
    };
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
            is_known = is_known || strcmp(KNOWN[i], name) == 0;
        }
        if (!is_known) {
            return error_set(error, STATUS_INVALID, "'%.80s' is no member of a record", name);
        }
    }
    return STATUS_OK;
}

enum status client_record_from_json(struct text line, struct client_record *record,
                                    struct arena *arena, struct error *error)
{
    json_error_t failure;
    json_t *object =
        json_loadb(line.data, line.size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &failure);
    if (object == NULL) {
        return error_set(error, STATUS_INVALID, "no JSON: %s", failure.text);
    }
    enum status status = STATUS_OK;
    json_t *headers = json_object_get(object, "headers");
    if (!json_is_object(object)) {
        status = error_set(error, STATUS_INVALID, "a record is a JSON object");
    }
    if (status == STATUS_OK) {
        status = check_members(object, error);
    }
    if (status == STATUS_OK) {
        status = take_bytes(object, "key", arena, &record->key, error);
    }
    if (status == STATUS_OK) {
        status = take_bytes(object, "value", arena, &record->value, error);
    }
    if (status == STATUS_OK && headers != NULL && !json_is_null(headers)) {
        status = take_headers(headers, arena, record, error);
    }
    if (status == STATUS_OK) {
        status = take_numbers(object, record, error);
    }
    json_decref(object);
    return status;
}

/* Puts bytes as they are when they are UTF-8, else as base64. */
static bool put_bytes(json_t *object, const char *key, struct bytes bytes, struct arena *arena)
{
    char encoded_key[32];
    if (bytes.data == NULL) {
        json_put(object, key, json_null());
        return true;
    }
    json_t *plain = json_stringn((const char *)bytes.data, bytes.size);
    if (plain != NULL) {
        json_put(object, key, plain);
        return true;
    }
    struct text encoded = base64_encode(arena, bytes);
    if (encoded.data == NULL) {
        return false;
    }
    snprintf(encoded_key, sizeof encoded_key, "%s_base64", key);
    json_put(object, encoded_key, json_stringn(encoded.data, encoded.size));
    return true;
}

bool client_record_put_content(json_t *object, struct bytes key, struct bytes value,
                               const struct record_header *headers, size_t headers_count,
                               struct arena *arena)
{
    json_t *array = json_made(json_array());
    bool is_good = put_bytes(object, "key", key, arena) && put_bytes(object, "value", value, arena);
    for (size_t i = 0; is_good && i < headers_count; i++) {
        json_t *header = json_made(json_object());
        json_put(header, "key", json_of_text(headers[i].key));
        is_good = put_bytes(header, "value", headers[i].value, arena);
        json_add(array, header);
    }
    json_put(object, "headers", array);
    return is_good;
}

enum status client_record_to_json(const struct client_record *record, struct arena *arena,
                                  struct text *line, struct error *error)
{
    json_t *object = json_made(json_object());
    json_put(object, "topic", json_of_text(record->topic));
    json_put(object, "partition", json_integer(record->partition));
    json_put(object, "offset", json_integer(record->offset));
    json_put(object, "timestamp",
             record->timestamp_ms >= 0 ? json_integer(record->timestamp_ms) : json_null());
    json_put(object, "timestamp_type", json_string(record->is_append_time ? "append" : "create"));
    bool is_good = client_record_put_content(object, record->key, record->value, record->headers,
                                             record->headers_count, arena);
    char *dumped = is_good ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    *line = dumped != NULL ? arena_copy_text(arena, text_of(dumped)) : TEXT_NULL;
    free(dumped);
    return line->data != NULL ? STATUS_OK
                              : error_set(error, STATUS_NO_MEMORY, "no memory for a record");
}

bool unescape_text(const char *escaped, struct arena *arena, struct text *text)
{
    static const char LETTERS[] = "ntr0e\\";
    static const char MEANINGS[] = "\n\t\r\0\033\\";
    char *out = arena_allocate(arena, strlen(escaped) + 1);
    size_t size = 0;
    if (out == NULL) {
        return false;
    }
    for (; *escaped != '\0'; escaped++) {
        if (*escaped != '\\') {
            out[size++] = *escaped;
            continue;
        }
        escaped++;
        const char *letter = *escaped != '\0' ? strchr(LETTERS, *escaped) : NULL;
        if (letter == NULL) {
            return false;
        }
        out[size++] = MEANINGS[letter - LETTERS];
    }
    *text = (struct text){out, size};
    return true;
}
