#include "proto/record/record_iterator.h"

#include <inttypes.h>

#include "base/assert.h"

enum status record_iterator_open(struct record_iterator *iterator, struct bytes batch,
                                 const struct record_batch_header *header,
                                 const struct record_decompression *decompression,
                                 struct error *error)
{
    ASSERT(batch.size == record_batch_size(header));
    ASSERT(record_batch_codec(header) <= RECORD_BATCH_CODEC_MAX);

    enum compression_codec codec = (enum compression_codec)record_batch_codec(header);
    struct bytes records = {batch.data + RECORD_BATCH_HEADER_SIZE,
                            batch.size - RECORD_BATCH_HEADER_SIZE};
    /* A batch that compaction emptied may still name a codec, but has nothing to decompress. */
    if (codec != COMPRESSION_NONE && (records.size > 0 || header->record_count > 0)) {
        ASSERT(decompression != NULL);
        enum status status =
            compression_decompress(decompression->context, codec, records,
                                   decompression->output_size_max, decompression->buffer, error);
        if (status != STATUS_OK) {
            return error_wrap(error, "records of the batch at offset %" PRId64,
                              header->base_offset);
        }
        records = (struct bytes){decompression->buffer->data, decompression->buffer->size};
    }

    *iterator = (struct record_iterator){
        .reader = byte_reader_over(records),
        .base_offset = header->base_offset,
        .base_timestamp = header->base_timestamp,
        .append_timestamp = header->max_timestamp,
        .last_offset_delta = header->last_offset_delta,
        .record_count = header->record_count,
        .is_append_time = record_batch_is_append_time(header),
    };
    return STATUS_OK;
}

/* Marks the iterator, so that it stays where it is, and words the error. */
static enum record_step damaged(struct record_iterator *iterator, struct error *error,
                                const char *what)
{
    byte_reader_fail(&iterator->reader);
    status_ignore(error_set(error, STATUS_MALFORMED,
                            "record %d of the batch at offset %" PRId64
                            ": %s", /* The step says that it failed; nobody needs the status. */
                            iterator->index, iterator->base_offset, what));
    return RECORD_STEP_DAMAGED;
}

/* Size and bytes; null for -1. The reader fails on any other negative size. */
static struct bytes read_nullable(struct byte_reader *reader)
{
    int32_t size = read_varint(reader);
    if (size < 0) {
        if (size != -1) {
            byte_reader_fail(reader);
        }
        return BYTES_NULL;
    }
    return read_bytes(reader, (size_t)size);
}

/* Moves past the headers; the reader fails when they are not whole. */
static void skip_headers(struct byte_reader *reader, int32_t count)
{
    for (int32_t i = 0; i < count && !reader->failed; i++) {
        int32_t key_size = read_varint(reader);
        if (key_size < 0) {
            byte_reader_fail(reader);
            return;
        }
        read_skip(reader, (size_t)key_size);
        read_nullable(reader);
    }
}

/* Everything behind the size of a record, except what its deltas mean. NULL, or what is wrong. */
static const char *read_body(struct byte_reader *body, struct record *record,
                             int64_t *timestamp_delta, int32_t *offset_delta)
{
    read_skip(body, 1); /* Attributes: none is defined, and brokers pass them on. */
    *timestamp_delta = read_varlong(body);
    *offset_delta = read_varint(body);
    record->key = read_nullable(body);
    record->value = read_nullable(body);
    record->header_count = read_varint(body);
    if (body->failed) {
        return "a field does not fit";
    }
    /* The smallest header takes two bytes: an empty key and a null value. */
    if (record->header_count < 0 ||
        (size_t)record->header_count > byte_reader_remaining(body) / 2 ||
        record->header_count > RECORD_HEADERS_MAX) {
        return "header count is not possible";
    }
    record->headers = (struct bytes){body->position, byte_reader_remaining(body)};
    skip_headers(body, record->header_count);
    if (body->failed) {
        return "a header does not fit";
    }
    return byte_reader_remaining(body) == 0 ? NULL : "bytes are left over at its end";
}

enum record_step record_iterator_next(struct record_iterator *iterator, struct record *record,
                                      struct error *error)
{
    struct byte_reader *reader = &iterator->reader;
    if (reader->failed) {
        return damaged(iterator, error, "read after the damage");
    }
    if (iterator->index == iterator->record_count) {
        return byte_reader_remaining(reader) == 0
                   ? RECORD_STEP_END
                   : damaged(iterator, error, "bytes follow the last record");
    }

    const uint8_t *start = reader->position;
    int32_t size = read_varint(reader);
    if (reader->failed || size < 0 || (size_t)size > byte_reader_remaining(reader)) {
        return damaged(iterator, error, "its size is more than there is");
    }
    struct record found;
    struct byte_reader body = byte_reader_over(read_bytes(reader, (size_t)size));
    int64_t timestamp_delta;
    int32_t offset_delta;
    const char *wrong = read_body(&body, &found, &timestamp_delta, &offset_delta);
    if (wrong != NULL) {
        return damaged(iterator, error, wrong);
    }
    if (offset_delta < iterator->offset_delta_next || offset_delta > iterator->last_offset_delta) {
        return damaged(iterator, error, "its offset is not in order or outside the batch");
    }
    if (__builtin_add_overflow(iterator->base_timestamp, timestamp_delta, &found.timestamp)) {
        return damaged(iterator, error, "its timestamp overflows");
    }
    if (iterator->is_append_time) {
        found.timestamp = iterator->append_timestamp;
    }
    found.offset = iterator->base_offset + offset_delta;
    found.size = (int32_t)(reader->position - start);
    iterator->offset_delta_next = (int64_t)offset_delta + 1;
    iterator->index++;
    *record = found;
    return RECORD_STEP_RECORD;
}

bool record_headers_next(const struct record *record, size_t *position,
                         struct record_header *header)
{
    ASSERT(*position <= record->headers.size);
    if (*position == record->headers.size) {
        return false;
    }
    struct byte_reader reader = byte_reader_over(
        (struct bytes){record->headers.data + *position, record->headers.size - *position});
    struct bytes key = read_nullable(&reader);
    struct bytes value = read_nullable(&reader);
    ASSERT(!reader.failed); /* The iterator has been through them. */
    *header = (struct record_header){{(const char *)key.data, key.size}, value};
    *position = record->headers.size - byte_reader_remaining(&reader);
    return true;
}

enum status record_iterator_check(struct record_iterator *iterator, struct record_summary *summary,
                                  struct error *error)
{
    struct record_summary found = {
        .timestamp_min = INT64_MAX,
        .timestamp_max = RECORD_BATCH_NO_TIMESTAMP,
        .timestamp_max_offset = -1,
        .index_of_null_key = -1,
        .are_offsets_contiguous = true,
        .records_size = byte_reader_remaining(&iterator->reader),
    };
    struct record record;
    enum record_step step;
    for (;;) {
        int32_t index = iterator->index;
        step = record_iterator_next(iterator, &record, error);
        if (step != RECORD_STEP_RECORD) {
            break;
        }
        found.are_offsets_contiguous &= record.offset == iterator->base_offset + index;
        found.is_timestamp_negative_seen |= record.timestamp < RECORD_BATCH_NO_TIMESTAMP;
        if (record.key.data == NULL && found.index_of_null_key < 0) {
            found.index_of_null_key = index;
        }
        if (record.timestamp < found.timestamp_min) {
            found.timestamp_min = record.timestamp;
        }
        if (record.timestamp > found.timestamp_max) {
            found.timestamp_max = record.timestamp;
            found.timestamp_max_offset = record.offset;
        }
    }
    if (step == RECORD_STEP_DAMAGED) {
        return error->status;
    }
    *summary = found;
    return STATUS_OK;
}
