#include "tests/crash/log_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "proto/record/record_batch.h"
#include "proto/record/record_iterator.h"
#include "tests/support/broker/wire_client.h"

#define READ_AGAIN_COUNT 200
#define BATCH_OUTPUT_MAX (16 * 1024 * 1024)
#define FETCH_BYTES_MAX  (1024 * 1024)

void log_check_init(struct log_check *check)
{
    *check = (struct log_check){.compression = compression_context_create()};
    ASSERT(check->compression != NULL);
}

void log_check_clear(struct log_check *check)
{
    compression_context_destroy(check->compression);
    compression_buffer_clear(&check->buffer);
}

uint64_t log_check_findings(const struct log_check *check)
{
    return check->lost_count + check->duplicated_count + check->reordered_count +
           check->damaged_count;
}

__attribute__((format(printf, 3, 4))) static void find(struct log_check *check, uint64_t *counter,
                                                       const char *format, ...)
{
    ++*counter;
    if (check->finding[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(check->finding, sizeof check->finding, format, arguments);
        va_end(arguments);
    }
}

static void check_record(struct log_check *check, int32_t partition, const struct record *record,
                         int64_t offset)
{
    uint64_t number;
    uint64_t expected = load_number_at(partition, offset);
    char key[LOAD_KEY_SIZE_MAX];
    size_t key_size = load_key(expected, key);
    check->read_count++;
    if (record->offset != offset) {
        find(check, &check->reordered_count, "%d: offset %lld where %lld should be", partition,
             (long long)record->offset, (long long)offset);
    } else if (!load_number_of(record->value, &number)) {
        find(check, &check->damaged_count, "%d: offset %lld has foreign bytes", partition,
             (long long)offset);
    } else if (number != expected) {
        find(check, number < expected ? &check->duplicated_count : &check->reordered_count,
             "%d: offset %lld has record %llu, not %llu", partition, (long long)offset,
             (unsigned long long)number, (unsigned long long)expected);
    } else if (!bytes_equal(record->key, (struct bytes){(const uint8_t *)key, key_size})) {
        find(check, &check->damaged_count, "%d: offset %lld has another key", partition,
             (long long)offset);
    }
}

/* One batch, from *offset on, which moves behind it. */
static bool check_batch(struct log_check *check, int32_t partition, struct bytes batch,
                        struct record_batch_header *header, int64_t *offset)
{
    struct record_decompression decompression = {.context = check->compression,
                                                 .buffer = &check->buffer,
                                                 .output_size_max = BATCH_OUTPUT_MAX};
    struct record_iterator iterator;
    struct record record;
    struct error error;
    if (record_batch_verify(batch, header) != RECORD_BATCH_OK ||
        record_iterator_open(&iterator, batch, header, &decompression, &error) != STATUS_OK) {
        find(check, &check->damaged_count, "%d: batch at %lld is damaged", partition,
             (long long)header->base_offset);
        return false;
    }
    enum record_step step;
    while ((step = record_iterator_next(&iterator, &record, &error)) == RECORD_STEP_RECORD) {
        if (record.offset >= *offset) {
            check_record(check, partition, &record, (*offset)++);
        }
    }
    if (step == RECORD_STEP_DAMAGED) {
        find(check, &check->damaged_count, "%d: %s", partition, error.text);
    }
    return step == RECORD_STEP_END;
}

/* One fetch's worth. False at the end or on trouble that cannot be passed. */
static bool check_some(struct log_check *check, struct wire_client *client, int32_t partition,
                       int64_t *offset, int64_t *end)
{
    const struct fetch_response_partition *part =
        wire_fetch(client, &(struct wire_fetch){.topic = LOAD_TOPIC,
                                                .partition = partition,
                                                .offset = *offset,
                                                .bytes_max = FETCH_BYTES_MAX});
    ASSERT(part != NULL);
    if (part->error_code != KAFKA_NONE) {
        find(check, &check->damaged_count, "%d: fetch at %lld: error %d", partition,
             (long long)*offset, part->error_code);
        return false;
    }
    *end = part->high_watermark;
    int64_t before = *offset;
    struct record_batch_run run = record_batch_run_over(wire_records(part));
    struct record_batch_header header;
    enum record_batch_decision decision;
    struct bytes batch;
    while (record_batch_run_next(&run, &batch, &header, &decision)) {
        if (!check_batch(check, partition, batch, &header, offset)) {
            return false;
        }
    }
    if (*offset == before && *offset < *end) {
        find(check, &check->damaged_count, "%d: nothing at %lld, the end is %lld", partition,
             (long long)*offset, (long long)*end);
    }
    wire_client_forget(client);
    return *offset > before && *offset < *end;
}

void log_check_run(struct log_check *check, struct wire_client *client, const struct load *load,
                   bool reads_all)
{
    for (int32_t partition = 0; partition < LOAD_PARTITIONS; partition++) {
        int64_t offset = check->checked_end[partition] - READ_AGAIN_COUNT;
        int64_t end = 0;
        if (reads_all || offset < 0) {
            offset = 0;
        }
        while (check_some(check, client, partition, &offset, &end)) {
        }
        if (offset < load->acknowledged_end[partition]) {
            uint64_t missing = (uint64_t)(load->acknowledged_end[partition] - offset);
            find(check, &check->lost_count, "%d: acknowledged to %lld, there to %lld", partition,
                 (long long)load->acknowledged_end[partition], (long long)offset);
            check->lost_count += missing - 1;
        }
        check->checked_end[partition] = offset;
    }
}
