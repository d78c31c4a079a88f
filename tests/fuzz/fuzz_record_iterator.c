/* Any records under a header that fits them, with the right checksum: what is read is within the
 * batch, the quick check says the same, and what is read can be built again. */
#include <stdlib.h>
#include <string.h>

#include "proto/record/control_record.h"
#include "proto/record/record_builder.h"
#include "proto/record/record_iterator.h"
#include "tests/fuzz/fuzz.h"

#define OUTPUT_SIZE_MAX ((size_t)256 * 1024)
#define HEADERS_MAX     64

struct run {
    struct compression_context *context;
    struct compression_buffer buffer;
    struct record_builder builder;
    bool is_rebuilt;
};

/* Control records' readers take what any record holds. */
static void read_as_control(const struct record *record)
{
    struct error error;
    enum control_record_type type;
    int32_t epoch;
    if (control_record_read_key(record->key, &type, &error) == STATUS_OK) {
        ASSERT(record->key.size >= CONTROL_RECORD_KEY_SIZE);
        ASSERT(type <= CONTROL_RECORD_UNKNOWN);
    }
    if (control_record_read_marker(record->value, &epoch, &error) == STATUS_OK) {
        ASSERT(record->value.size >= CONTROL_RECORD_MARKER_VALUE_SIZE);
    }
}

/* Puts the record into the batch that is built again; gives up where the builder's limits are
 * narrower. */
static void rebuild(struct run *run, const struct record *record, int64_t base_offset)
{
    struct record_header headers[HEADERS_MAX];
    struct record_header header;
    size_t position = 0;
    int32_t count = 0;
    while (record_headers_next(record, &position, &header)) {
        ASSERT(header.key.data != NULL);
        if (count < HEADERS_MAX) {
            headers[count] = header;
        }
        count++;
    }
    ASSERT(count == record->header_count);

    struct record_content content = {record->timestamp, record->key, record->value, headers, count};
    struct error error;
    run->is_rebuilt = run->is_rebuilt && count <= HEADERS_MAX &&
                      record_builder_add_at(&run->builder, (int32_t)(record->offset - base_offset),
                                            &content, &error) == STATUS_OK;
}

static bool is_same(const struct record *a, const struct record *b)
{
    return a->offset == b->offset && a->timestamp == b->timestamp && bytes_equal(a->key, b->key) &&
           bytes_equal(a->value, b->value) && a->header_count == b->header_count;
}

/* Both batches give the same records. */
static void compare(struct run *run, struct record_iterator original,
                    const struct record_batch_header *header)
{
    struct error error;
    struct bytes batch;
    record_builder_extend(&run->builder, header->last_offset_delta);
    ASSERT(record_builder_finish(&run->builder, NULL, &batch, &error) == STATUS_OK);
    struct record_batch_header rebuilt;
    ASSERT(record_batch_verify(batch, &rebuilt) == RECORD_BATCH_OK);
    ASSERT(rebuilt.record_count == header->record_count);

    struct record_iterator again;
    ASSERT(record_iterator_open(&again, batch, &rebuilt, NULL, &error) == STATUS_OK);
    struct record a;
    struct record b;
    while (record_iterator_next(&original, &a, &error) == RECORD_STEP_RECORD) {
        ASSERT(record_iterator_next(&again, &b, &error) == RECORD_STEP_RECORD);
        ASSERT(is_same(&a, &b));
    }
    ASSERT(record_iterator_next(&again, &b, &error) == RECORD_STEP_END);
}

static void iterate(struct run *run, struct record_iterator iterator,
                    const struct record_batch_header *header)
{
    struct record_iterator start = iterator;
    struct record_iterator checked = iterator;
    struct record_summary summary;
    struct error error;
    enum status status = record_iterator_check(&checked, &summary, &error);

    struct record record;
    enum record_step step;
    int64_t previous = header->base_offset - 1;
    size_t records_size = 0;
    int32_t count = 0;
    while ((step = record_iterator_next(&iterator, &record, &error)) == RECORD_STEP_RECORD) {
        ASSERT(record.offset > previous);
        ASSERT(record.offset <= record_batch_last_offset(header));
        ASSERT(record.size >= RECORD_SIZE_MIN);
        previous = record.offset;
        records_size += (size_t)record.size;
        count++;
        read_as_control(&record);
        rebuild(run, &record, header->base_offset);
    }
    ASSERT((status == STATUS_OK) == (step == RECORD_STEP_END));
    if (step == RECORD_STEP_DAMAGED) {
        ASSERT(status == STATUS_MALFORMED);
        ASSERT(error.status == STATUS_MALFORMED);
        return;
    }
    ASSERT(count == header->record_count);
    ASSERT(summary.records_size == records_size);
    ASSERT(IMPLIES(count > 0, summary.timestamp_min <= summary.timestamp_max ||
                                  summary.timestamp_max == RECORD_BATCH_NO_TIMESTAMP));
    if (run->is_rebuilt && !record_batch_is_append_time(header)) {
        compare(run, start, header);
    }
}

static void run_batch(struct run *run, struct bytes batch, const struct record_batch_header *header)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.base_offset = header->base_offset;
    record_builder_init(&run->builder, &options, 4 * OUTPUT_SIZE_MAX);
    run->is_rebuilt = true;

    struct record_decompression decompression = {run->context, &run->buffer, OUTPUT_SIZE_MAX};
    struct record_iterator iterator;
    struct error error;
    enum status status = record_iterator_open(&iterator, batch, header, &decompression, &error);
    ASSERT(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_LIMIT);
    if (status == STATUS_OK) {
        iterate(run, iterator, header);
    }
    record_builder_clear(&run->builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    uint8_t *copy = fuzz_copy(input);
    if (size >= RECORD_BATCH_HEADER_SIZE) {
        /* Framing and checksum are made to fit: what they refuse is fuzz_record_batch's. */
        store_i32(copy + RECORD_BATCH_LENGTH_AT, (int32_t)(size - RECORD_BATCH_LENGTH_OVERHEAD));
        copy[RECORD_BATCH_MAGIC_AT] = RECORD_BATCH_MAGIC;
        copy[RECORD_BATCH_BASE_OFFSET_AT] &= 0x3f;
        store_u32(copy + RECORD_BATCH_CRC_AT, record_batch_compute_crc((struct bytes){copy, size}));
    }
    struct bytes batch = {copy, size};
    struct record_batch_header header;
    if (record_batch_verify(batch, &header) == RECORD_BATCH_OK) {
        struct run run = {.context = compression_context_create()};
        compression_buffer_init(&run.buffer);
        run_batch(&run, batch, &header);
        compression_buffer_clear(&run.buffer);
        compression_context_destroy(run.context);
    }
    free(copy);
    return 0;
}
