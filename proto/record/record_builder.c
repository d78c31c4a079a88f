#include "proto/record/record_builder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define CAPACITY_MIN ((size_t)1024)

/* The largest forms of a record's own fields: size, attributes, timestamp, offset, three counts. */
#define RECORD_FIELDS_SIZE_MAX (5 + 1 + 10 + 5 + 3 * 5)

static void start(struct record_builder *builder, const struct record_builder_options *options)
{
    ASSERT(options->codec < COMPRESSION_CODEC_COUNT);
    ASSERT(options->base_offset >= 0);
    ASSERT(IMPLIES(options->is_transactional, options->producer_id != RECORD_BATCH_NO_PRODUCER_ID));
    builder->options = *options;
    builder->size = RECORD_BATCH_HEADER_SIZE;
    builder->base_timestamp = RECORD_BATCH_NO_TIMESTAMP;
    builder->max_timestamp = RECORD_BATCH_NO_TIMESTAMP;
    builder->record_count = 0;
    builder->last_offset_delta = -1;
}

void record_builder_init(struct record_builder *builder,
                         const struct record_builder_options *options, size_t size_max)
{
    ASSERT(size_max >= RECORD_BATCH_HEADER_SIZE);
    ASSERT(size_max <= COMPRESSION_SIZE_MAX);
    *builder = (struct record_builder){.size_max = size_max, .is_memory_owned = true};
    start(builder, options);
}

void record_builder_init_in(struct record_builder *builder,
                            const struct record_builder_options *options, void *memory,
                            size_t memory_size)
{
    ASSERT(memory_size >= RECORD_BATCH_HEADER_SIZE);
    ASSERT(memory_size <= COMPRESSION_SIZE_MAX);
    *builder = (struct record_builder){
        .data = memory,
        .capacity = memory_size,
        .size_max = memory_size,
    };
    start(builder, options);
}

void record_builder_clear(struct record_builder *builder)
{
    if (builder->is_memory_owned) {
        free(builder->data);
    }
    compression_buffer_clear(&builder->compressed);
    *builder = (struct record_builder){0};
}

void record_builder_reset(struct record_builder *builder,
                          const struct record_builder_options *options)
{
    start(builder, options);
}

static enum status reserve(struct record_builder *builder, size_t size, struct error *error)
{
    size_t needed = builder->size + size;
    if (needed > builder->size_max) {
        return error_set(error, STATUS_LIMIT, "record batch of %zu bytes, at most %zu", needed,
                         builder->size_max);
    }
    if (needed <= builder->capacity) {
        return STATUS_OK;
    }
    ASSERT(builder->is_memory_owned);
    size_t capacity = needed > CAPACITY_MIN / 2 ? needed * 2 : CAPACITY_MIN;
    capacity = capacity < builder->size_max ? capacity : builder->size_max;
    uint8_t *data = realloc(builder->data, capacity);
    if (data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "record batch of %zu bytes", capacity);
    }
    builder->data = data;
    builder->capacity = capacity;
    return STATUS_OK;
}

/* Bytes of a nullable field with its size. */
static size_t nullable_size(struct bytes bytes)
{
    return bytes.data == NULL ? 1 : varint_size((int32_t)bytes.size) + bytes.size;
}

static size_t headers_size(const struct record_content *record)
{
    size_t size = varint_size(record->header_count);
    for (int32_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        size += varint_size((int32_t)header->key.size) + header->key.size;
        size += nullable_size(header->value);
    }
    return size;
}

size_t record_size_max(const struct record_content *record)
{
    return RECORD_FIELDS_SIZE_MAX + record->key.size + record->value.size + headers_size(record);
}

/* Sizes must fit a varint; together they must fit a batch, which reserve() sees to. */
static enum status check_sizes(const struct record_builder *builder,
                               const struct record_content *record, struct error *error)
{
    size_t max = builder->size_max;
    if (record->header_count < 0 || record->header_count > RECORD_HEADERS_MAX) {
        return error_set(error, STATUS_INVALID, "record with %d headers, at most %d",
                         record->header_count, RECORD_HEADERS_MAX);
    }
    size_t largest = record->key.size > record->value.size ? record->key.size : record->value.size;
    for (int32_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        largest = header->key.size > largest ? header->key.size : largest;
        largest = header->value.size > largest ? header->value.size : largest;
    }
    if (largest > max) {
        return error_set(error, STATUS_LIMIT, "record with a field of %zu bytes, at most %zu",
                         largest, max);
    }
    return STATUS_OK;
}

static void write_nullable(struct byte_writer *writer, struct bytes bytes)
{
    if (bytes.data == NULL) {
        write_varint(writer, -1);
        return;
    }
    write_varint(writer, (int32_t)bytes.size);
    write_bytes(writer, bytes.data, bytes.size);
}

static void write_record(struct byte_writer *writer, size_t body_size, int64_t timestamp_delta,
                         int32_t offset_delta, const struct record_content *record)
{
    write_varint(writer, (int32_t)body_size);
    write_i8(writer, 0);
    write_varlong(writer, timestamp_delta);
    write_varint(writer, offset_delta);
    write_nullable(writer, record->key);
    write_nullable(writer, record->value);
    write_varint(writer, record->header_count);
    for (int32_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        write_varint(writer, (int32_t)header->key.size);
        write_bytes(writer, header->key.data, header->key.size);
        write_nullable(writer, header->value);
    }
}

/* The first record's timestamp is the base of the others', unless a delete horizon stands there. */
static int64_t base_timestamp_for(const struct record_builder *builder,
                                  const struct record_content *record)
{
    if (builder->options.has_delete_horizon) {
        return builder->options.delete_horizon;
    }
    return builder->record_count == 0 ? record->timestamp : builder->base_timestamp;
}

enum status record_builder_add_at(struct record_builder *builder, int32_t offset_delta,
                                  const struct record_content *record, struct error *error)
{
    ASSERT(builder->size >= RECORD_BATCH_HEADER_SIZE); /* Not finished. */
    ASSERT(offset_delta > builder->last_offset_delta);
    enum status status = check_sizes(builder, record, error);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t base_timestamp = base_timestamp_for(builder, record);
    int64_t timestamp_delta;
    if (__builtin_sub_overflow(record->timestamp, base_timestamp, &timestamp_delta)) {
        return error_set(error, STATUS_INVALID, "timestamp %" PRId64 " is too far from %" PRId64,
                         record->timestamp, base_timestamp);
    }

    size_t body_size = 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) +
                       nullable_size(record->key) + nullable_size(record->value) +
                       headers_size(record);
    if (body_size > builder->size_max) {
        return error_set(error, STATUS_LIMIT, "record of %zu bytes, at most %zu", body_size,
                         builder->size_max);
    }
    size_t size = varint_size((int32_t)body_size) + body_size;
    status = reserve(builder, size, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct byte_writer writer = byte_writer_over(builder->data + builder->size, size);
    write_record(&writer, body_size, timestamp_delta, offset_delta, record);
    ASSERT(!writer.failed);
    ASSERT(byte_writer_size(&writer) == size);

    builder->size += size;
    builder->base_timestamp = base_timestamp;
    if (record->timestamp > builder->max_timestamp) {
        builder->max_timestamp = record->timestamp;
    }
    builder->last_offset_delta = offset_delta;
    builder->record_count++;
    return STATUS_OK;
}

enum status record_builder_add(struct record_builder *builder, const struct record_content *record,
                               struct error *error)
{
    ASSERT(builder->last_offset_delta < INT32_MAX);
    return record_builder_add_at(builder, builder->last_offset_delta + 1, record, error);
}

enum status record_builder_add_marker(struct record_builder *builder, enum control_record_type type,
                                      int32_t coordinator_epoch, int64_t timestamp,
                                      struct error *error)
{
    ASSERT(type == CONTROL_RECORD_ABORT || type == CONTROL_RECORD_COMMIT);
    ASSERT(builder->options.is_control);
    ASSERT(builder->options.is_transactional);
    ASSERT(builder->options.codec == COMPRESSION_NONE);
    uint8_t key[CONTROL_RECORD_KEY_SIZE];
    uint8_t value[CONTROL_RECORD_MARKER_VALUE_SIZE];
    control_record_write_key(type, key);
    control_record_write_marker(coordinator_epoch, value);
    struct record_content record = {
        .timestamp = timestamp,
        .key = {key, sizeof key},
        .value = {value, sizeof value},
    };
    return record_builder_add(builder, &record, error);
}

void record_builder_extend(struct record_builder *builder, int32_t last_offset_delta)
{
    ASSERT(last_offset_delta >= builder->last_offset_delta);
    builder->last_offset_delta = last_offset_delta;
}

/* Puts the compressed records in the place of the plain ones. */
static enum status compress(struct record_builder *builder, struct compression_context *context,
                            struct error *error)
{
    if (builder->options.codec == COMPRESSION_NONE || builder->record_count == 0) {
        return STATUS_OK;
    }
    ASSERT(context != NULL);
    struct bytes records = {builder->data + RECORD_BATCH_HEADER_SIZE,
                            builder->size - RECORD_BATCH_HEADER_SIZE};
    enum status status =
        compression_compress(context, builder->options.codec, builder->options.level, records,
                             &builder->compressed, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* What cannot be compressed may grow a little. */
    size_t plain_size = builder->size;
    builder->size = RECORD_BATCH_HEADER_SIZE;
    status = reserve(builder, builder->compressed.size, error);
    if (status != STATUS_OK) {
        builder->size = plain_size;
        return status;
    }
    memcpy(builder->data + builder->size, builder->compressed.data, builder->compressed.size);
    builder->size += builder->compressed.size;
    return STATUS_OK;
}

static int16_t attributes_of(const struct record_builder *builder)
{
    const struct record_builder_options *options = &builder->options;
    unsigned attributes = builder->record_count > 0 ? (unsigned)options->codec : 0;
    attributes |= options->is_append_time ? RECORD_BATCH_APPEND_TIME_BIT : 0;
    attributes |= options->is_transactional ? RECORD_BATCH_TRANSACTIONAL : 0;
    attributes |= options->is_control ? RECORD_BATCH_CONTROL : 0;
    attributes |= options->has_delete_horizon ? RECORD_BATCH_DELETE_HORIZON : 0;
    return (int16_t)attributes;
}

enum status record_builder_finish(struct record_builder *builder,
                                  struct compression_context *context, struct bytes *batch,
                                  struct error *error)
{
    ASSERT(builder->size >= RECORD_BATCH_HEADER_SIZE); /* Not finished already. */
    const struct record_builder_options *options = &builder->options;
    if (builder->last_offset_delta < 0) {
        return error_set(error, STATUS_INVALID, "record batch without records");
    }
    enum status status = reserve(builder, 0, error);
    if (status == STATUS_OK) {
        status = compress(builder, context, error);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct record_batch_header header = {
        .base_offset = options->base_offset,
        .base_timestamp =
            options->has_delete_horizon ? options->delete_horizon : builder->base_timestamp,
        .max_timestamp =
            options->is_append_time ? options->append_timestamp : builder->max_timestamp,
        .producer_id = options->producer_id,
        .batch_length = (int32_t)(builder->size - RECORD_BATCH_LENGTH_OVERHEAD),
        .partition_leader_epoch = options->partition_leader_epoch,
        .last_offset_delta = builder->last_offset_delta,
        .base_sequence = options->base_sequence,
        .record_count = builder->record_count,
        .attributes = attributes_of(builder),
        .producer_epoch = options->producer_epoch,
        .magic = RECORD_BATCH_MAGIC,
    };
    record_batch_header_write(&header, builder->data);
    struct bytes whole = {builder->data, builder->size};
    store_u32(builder->data + RECORD_BATCH_CRC_AT, record_batch_compute_crc(whole));
    builder->size = 0; /* Finished. */
    *batch = whole;
    return STATUS_OK;
}
