#include "replication/metadata/metadata_record.h"

#include <string.h>

#include "base/assert.h"
#include "proto/wire/wire_writer.h"

/* Every record is written at its first and so far only version. */
#define RECORD_VERSION     0
#define RECORD_HEADER_SIZE 4

static void record_init(struct metadata_record *record, enum metadata_record_type type)
{
    memset(record, 0, sizeof(*record));
    record->type = type;
    switch (type) {
#define METADATA_RECORD_CASE(name, key, member)                                                    \
    case name:                                                                                     \
        member##_record_init(&record->member);                                                     \
        break;
        METADATA_RECORD_LIST(METADATA_RECORD_CASE)
#undef METADATA_RECORD_CASE
    default:
        ASSERT(false);
    }
}

static enum status record_encode(const struct metadata_record *record, struct wire_writer *writer,
                                 struct error *error)
{
    switch (record->type) {
#define METADATA_RECORD_CASE(name, key, member)                                                    \
    case name:                                                                                     \
        return member##_record_encode(&record->member, RECORD_VERSION, writer, error);
        METADATA_RECORD_LIST(METADATA_RECORD_CASE)
#undef METADATA_RECORD_CASE
    default:
        ASSERT(false);
    }
    return STATUS_INVALID;
}

static enum status record_decode(struct metadata_record *record,
                                 const struct metadata_record_header *header,
                                 struct byte_reader *reader, struct arena *arena,
                                 struct error *error)
{
    switch (header->type) {
#define METADATA_RECORD_CASE(name, key, member)                                                    \
    case key:                                                                                      \
        record_init(record, name);                                                                 \
        return member##_record_decode(&record->member, header->version, reader, arena, error);
        METADATA_RECORD_LIST(METADATA_RECORD_CASE)
#undef METADATA_RECORD_CASE
    default:
        return error_set(error, STATUS_UNSUPPORTED,
                         "metadata record of type %d, which this version does not know",
                         header->type);
    }
}

void metadata_records_init(struct metadata_records *records, struct arena *arena)
{
    memset(records, 0, sizeof(*records));
    records->arena = arena;
}

static bool records_grow(struct metadata_records *records)
{
    size_t capacity = records->capacity == 0 ? 8 : records->capacity * 2;

    if (records->count >= METADATA_RECORDS_MAX) {
        return false;
    }
    struct metadata_record *items = arena_allocate_array(records->arena, capacity, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    if (records->count > 0) {
        memcpy(items, records->items, records->count * sizeof(*items));
    }
    records->items = items;
    records->capacity = capacity;
    return true;
}

struct metadata_record *metadata_records_add(struct metadata_records *records,
                                             enum metadata_record_type type)
{
    if (records->count == records->capacity && !records_grow(records)) {
        records->failed = true;
        record_init(&records->spare, type);
        return &records->spare;
    }
    struct metadata_record *record = &records->items[records->count++];
    record_init(record, type);
    return record;
}

enum status metadata_records_encode(const struct metadata_records *records, struct arena *arena,
                                    struct bytes *batch, struct error *error)
{
    struct wire_writer writer;

    if (records->failed) {
        return error_set(error, STATUS_NO_MEMORY, "no room for more than %zu metadata records",
                         records->count);
    }
    wire_writer_init_contiguous(&writer, arena);
    for (size_t i = 0; i < records->count; i++) {
        const struct metadata_record_header header = {.type = (int16_t)records->items[i].type,
                                                      .version = RECORD_VERSION};
        wire_writer_begin_frame(&writer);
        enum status status = metadata_record_header_encode(&header, 0, &writer, error);
        if (status == STATUS_OK) {
            status = record_encode(&records->items[i], &writer, error);
        }
        if (status != STATUS_OK) {
            wire_writer_clear(&writer);
            return error_wrap(error, "metadata record %zu", i);
        }
        wire_writer_end_frame(&writer);
    }
    return wire_writer_finish_bytes(&writer, batch, error);
}

/* A record that has passed its checksum and still cannot be read was not written by us. */
static enum status as_corrupt(struct error *error)
{
    if (error->status == STATUS_MALFORMED || error->status == STATUS_INVALID) {
        error->status = STATUS_CORRUPT;
    }
    return error->status;
}

enum status metadata_record_read(struct byte_reader *reader, struct arena *arena,
                                 struct metadata_record *record, struct error *error)
{
    struct metadata_record_header header;
    int32_t size = read_i32(reader);

    if (reader->failed || size < RECORD_HEADER_SIZE ||
        (size_t)size > byte_reader_remaining(reader)) {
        byte_reader_fail(reader);
        return error_set(error, STATUS_CORRUPT, "metadata record of %d bytes, %zu remain", size,
                         byte_reader_remaining(reader));
    }
    struct byte_reader body = byte_reader_over(read_bytes(reader, (size_t)size));
    enum status status = metadata_record_header_decode(&header, 0, &body, arena, error);
    if (status == STATUS_OK) {
        status = record_decode(record, &header, &body, arena, error);
    }
    if (status != STATUS_OK) {
        return as_corrupt(error);
    }
    if (byte_reader_remaining(&body) > 0) {
        return error_set(error, STATUS_CORRUPT, "metadata record of type %d has %zu bytes too many",
                         header.type, byte_reader_remaining(&body));
    }
    return STATUS_OK;
}
