/* Finding records by time, and aborted transactions by offset. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proto/record/record_iterator.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"

#define NOTHING_FOUND                                                                              \
    ((struct timestamped_offset){.offset = -1, .timestamp_ms = -1, .leader_epoch = -1})

/* What is looked for in the records of a batch. */
struct record_search {
    int64_t timestamp_ms; /* The first record at or above it. */
    int64_t start_offset;
    int64_t upper_offset;
    struct timestamped_offset *found;
};

static enum status search_records(struct partition_log *log, struct bytes batch,
                                  const struct record_batch_header *header,
                                  const struct record_search *search, struct error *error)
{
    struct compression_context *own_context = NULL;
    struct compression_buffer buffer;
    struct record_decompression decompression = {
        .context = log->context->compression,
        .buffer = &buffer,
        .output_size_max = COMPRESSION_SIZE_MAX,
    };
    if (decompression.context == NULL && record_batch_codec(header) != COMPRESSION_NONE) {
        decompression.context = own_context = compression_context_create();
        if (own_context == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory to open a compressed batch");
        }
    }
    compression_buffer_init(&buffer);
    struct record_iterator iterator;
    struct record record;
    enum status status = record_iterator_open(&iterator, batch, header, &decompression, error);
    enum record_step step = RECORD_STEP_END;
    while (status == STATUS_OK &&
           (step = record_iterator_next(&iterator, &record, error)) == RECORD_STEP_RECORD) {
        if (record.timestamp >= search->timestamp_ms && record.offset >= search->start_offset &&
            record.offset < search->upper_offset) {
            *search->found = (struct timestamped_offset){
                .offset = record.offset,
                .timestamp_ms = record.timestamp,
                .leader_epoch = header->partition_leader_epoch,
            };
            break;
        }
    }
    if (step == RECORD_STEP_DAMAGED) {
        status = STATUS_CORRUPT;
    }
    compression_buffer_clear(&buffer);
    compression_context_destroy(own_context);
    return status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
}

/* Reads a batch whole and looks through its records. */
static enum status search_batch(struct partition_log *log, struct segment *segment,
                                uint64_t position, const struct record_batch_header *header,
                                const struct record_search *search, bool may_block,
                                struct error *error)
{
    size_t size = record_batch_size(header);
    uint8_t *data = malloc(size);
    if (data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a batch of %zu bytes", size);
    }
    enum status status = segment_file_read(segment->file, position, data, size, may_block, error);
    struct record_batch_header verified;
    if (status == STATUS_OK &&
        record_batch_verify((struct bytes){data, size}, &verified) != RECORD_BATCH_OK) {
        status = error_set(error, STATUS_CORRUPT, "%s: batch at offset %" PRId64 " is damaged",
                           log->directory, header->base_offset);
    }
    if (status == STATUS_OK) {
        status = search_records(log, (struct bytes){data, size}, &verified, search, error);
    }
    free(data);
    return status;
}

/* Batches of one segment from `position` on. */
static enum status search_segment(struct partition_log *log, struct segment *segment,
                                  uint64_t position, const struct record_search *search,
                                  bool may_block, struct error *error)
{
    struct batch_cursor cursor;
    batch_cursor_init(&cursor, segment, position, may_block);
    while (search->found->offset < 0) {
        struct record_batch_header header;
        enum status status = batch_cursor_read(&cursor, &header, error);
        if (status == STATUS_NOT_FOUND ||
            (status == STATUS_OK && header.base_offset >= search->upper_offset)) {
            return STATUS_OK;
        }
        if (status == STATUS_OK && header.max_timestamp >= search->timestamp_ms &&
            record_batch_last_offset(&header) >= search->start_offset) {
            status = search_batch(log, segment, cursor.position, &header, search, may_block, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        cursor.position += record_batch_size(&header);
    }
    return STATUS_OK;
}

/* The largest timestamp of a segment is known, from its time index when it is not active. */
static enum status use_times(struct partition_log *log, struct segment *segment, bool may_block,
                             struct error *error)
{
    if (segment->max_timestamp_ms != SEGMENT_TIMESTAMP_UNKNOWN) {
        return STATUS_OK;
    }
    return log_use_segment(log, segment, may_block, error);
}

enum status partition_log_offset_for_time(struct partition_log *log, int64_t timestamp_ms,
                                          int64_t upper_offset, bool may_block,
                                          struct timestamped_offset *found, struct error *error)
{
    *found = NOTHING_FOUND;
    struct record_search search = {
        .timestamp_ms = timestamp_ms,
        .start_offset = log->start_offset,
        .upper_offset = upper_offset,
        .found = found,
    };
    uint32_t first = log_segment_index(log, log->start_offset);
    for (uint32_t i = first; i < log->segments_count && found->offset < 0; i++) {
        struct segment *segment = log->segments[i];
        if (segment->base_offset >= upper_offset || segment->size == 0) {
            continue;
        }
        enum status status = use_times(log, segment, may_block, error);
        if (status == STATUS_OK && segment->max_timestamp_ms >= timestamp_ms) {
            status = log_use_segment(log, segment, may_block, error);
            if (status == STATUS_OK) {
                struct time_index_entry entry =
                    time_index_floor(&segment->indexes->times, timestamp_ms);
                int64_t offset =
                    entry.offset > log->start_offset ? entry.offset : log->start_offset;
                uint64_t position = offset_index_floor(&segment->indexes->offsets, offset).position;
                status = search_segment(log, segment, position, &search, may_block, error);
            }
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status partition_log_max_timestamp(struct partition_log *log, int64_t upper_offset,
                                        bool may_block, struct timestamped_offset *found,
                                        struct error *error)
{
    *found = NOTHING_FOUND;
    int64_t best_ms = -1;
    struct segment *best = NULL;
    uint64_t best_position = 0;
    struct record_batch_header best_header = {0};
    for (uint32_t i = log_segment_index(log, log->start_offset); i < log->segments_count; i++) {
        struct segment *segment = log->segments[i];
        if (segment->base_offset >= upper_offset || segment->size == 0) {
            continue;
        }
        enum status status = use_times(log, segment, may_block, error);
        if (status == STATUS_OK && segment->max_timestamp_ms <= best_ms) {
            continue;
        }
        if (status == STATUS_OK) {
            status = log_use_segment(log, segment, may_block, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        /* The index leads to the batch, unless it lies above the bound or was deleted. */
        bool bounded = segment->max_timestamp_offset >= upper_offset ||
                       segment->base_offset < log->start_offset;
        uint64_t position = 0;
        if (!bounded) {
            position = offset_index_floor(&segment->indexes->offsets, segment->max_timestamp_offset)
                           .position;
        }
        struct batch_cursor cursor;
        batch_cursor_init(&cursor, segment, position, may_block);
        struct record_batch_header header;
        while ((status = batch_cursor_read(&cursor, &header, error)) == STATUS_OK &&
               header.base_offset < upper_offset) {
            if (header.max_timestamp > best_ms &&
                record_batch_last_offset(&header) >= log->start_offset) {
                best_ms = header.max_timestamp;
                best = segment;
                best_position = cursor.position;
                best_header = header;
            }
            if (!bounded && record_batch_last_offset(&header) >= segment->max_timestamp_offset) {
                break;
            }
            cursor.position += record_batch_size(&header);
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    if (best == NULL) {
        return STATUS_OK;
    }
    struct record_search search = {
        .timestamp_ms = best_ms,
        .start_offset = log->start_offset,
        .upper_offset = upper_offset,
        .found = found,
    };
    return search_batch(log, best, best_position, &best_header, &search, may_block, error);
}

static int compare_first_offsets(const void *left, const void *right)
{
    const struct aborted_transaction *a = left;
    const struct aborted_transaction *b = right;
    return a->first_offset < b->first_offset ? -1 : a->first_offset > b->first_offset;
}

enum status partition_log_aborted(struct partition_log *log, int64_t offset, int64_t upper_offset,
                                  struct aborted_transaction *transactions, size_t capacity,
                                  size_t *count, struct error *error)
{
    size_t found = 0;
    bool is_over = false;
    for (uint32_t i = log_segment_index(log, offset); i < log->segments_count && !is_over; i++) {
        struct segment *segment = log->segments[i];
        enum status status = log_use_segment(log, segment, true, error);
        if (status != STATUS_OK) {
            return status;
        }
        const struct aborted_index *index = &segment->indexes->aborted;
        for (uint32_t j = 0; j < aborted_index_count(index) && !is_over; j++) {
            struct aborted_index_entry entry = aborted_index_at(index, j);
            if (entry.last_offset >= offset && entry.first_offset < upper_offset) {
                if (found == capacity) {
                    return error_set(error, STATUS_LIMIT,
                                     "%s: more than %zu aborted transactions overlap a read",
                                     log->directory, capacity);
                }
                transactions[found++] = (struct aborted_transaction){
                    .producer_id = entry.producer_id, .first_offset = entry.first_offset};
            }
            /* No transaction that began before the bound ends behind this marker. */
            is_over = entry.last_stable_offset >= upper_offset;
        }
    }
    if (found > 1) {
        qsort(transactions, found, sizeof *transactions, compare_first_offsets);
    }
    *count = found;
    return STATUS_OK;
}
