/* Positions, segments as a list, and rolling. Opening, appending, reading, flushing, cutting are in
 * the files beside this one. */
#include "storage/log/partition_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_log_internal.h"

int64_t partition_log_start_offset(const struct partition_log *log)
{
    return log->start_offset;
}

int64_t partition_log_end_offset(const struct partition_log *log)
{
    return log->end_offset;
}

int64_t partition_log_flushed_offset(const struct partition_log *log)
{
    return log->flushed_offset;
}

int64_t partition_log_recovery_point(const struct partition_log *log)
{
    return log->durable_offset;
}

int64_t partition_log_active_base_offset(const struct partition_log *log)
{
    return log_active(log)->base_offset;
}

uint64_t partition_log_size(const struct partition_log *log)
{
    return log->size;
}

int32_t partition_log_latest_epoch(const struct partition_log *log)
{
    return leader_epochs_latest(&log->epochs);
}

const char *partition_log_directory(const struct partition_log *log)
{
    return log->directory;
}

struct uuid partition_log_topic_id(const struct partition_log *log)
{
    return log->topic_id;
}

void partition_log_set_high_watermark(struct partition_log *log, int64_t high_watermark)
{
    if (high_watermark > log->end_offset) {
        high_watermark = log->end_offset;
    }
    if (high_watermark > log->high_watermark) {
        log->high_watermark = high_watermark;
        producer_state_advance(&log->producers, high_watermark);
    }
}

int64_t partition_log_high_watermark(const struct partition_log *log)
{
    return log->high_watermark;
}

int64_t partition_log_last_stable_offset(const struct partition_log *log)
{
    int64_t unstable = producer_state_first_unstable(&log->producers);
    return unstable < log->high_watermark ? unstable : log->high_watermark;
}

void partition_log_set_config(struct partition_log *log, const struct log_config *config)
{
    log->config = *config;
    log_draw_jitter(log);
}

const struct log_config *partition_log_config(const struct partition_log *log)
{
    return &log->config;
}

void partition_log_end_of_epoch(const struct partition_log *log, int32_t epoch,
                                int32_t *found_epoch, int64_t *end_offset)
{
    leader_epochs_end_of(&log->epochs, epoch, log->end_offset, found_epoch, end_offset);
}

int32_t partition_log_epoch_at(const struct partition_log *log, int64_t offset)
{
    return offset >= log->end_offset ? -1 : leader_epochs_at(&log->epochs, offset);
}

void partition_log_describe_producers(const struct partition_log *log,
                                      struct producer_description *producers, size_t capacity,
                                      size_t *count, size_t *total)
{
    size_t cursor = 0;
    size_t described = 0;
    const struct producer_entry *entry;
    while (described < capacity &&
           (entry = producer_state_next(&log->producers, &cursor)) != NULL) {
        producers[described++] = (struct producer_description){
            .producer_id = entry->producer_id,
            .producer_epoch = entry->epoch,
            .last_sequence = entry->batches_count == 0
                                 ? RECORD_BATCH_NO_SEQUENCE
                                 : entry->batches[entry->batches_count - 1].last_sequence,
            .last_timestamp_ms = entry->last_timestamp_ms,
            .coordinator_epoch = entry->coordinator_epoch,
            .current_transaction_start_offset = entry->transaction_first_offset,
        };
    }
    *count = described;
    *total = producer_state_count(&log->producers);
}

void partition_log_expire_producers(struct partition_log *log, int64_t now_ms)
{
    int64_t expiration_ms = log->context->producer_id_expiration_ms;
    if (expiration_ms > 0 && expiration_ms < now_ms) {
        (void)producer_state_expire(&log->producers, now_ms - expiration_ms);
    }
}

int64_t log_segment_end_offset(const struct partition_log *log, uint32_t index)
{
    ASSERT(index < log->segments_count);
    return index + 1 < log->segments_count ? log->segments[index + 1]->base_offset
                                           : log->end_offset;
}

uint32_t log_segment_index(const struct partition_log *log, int64_t offset)
{
    uint32_t low = 0;
    uint32_t high = log->segments_count;
    /* Most reads are of the last one. */
    if (log_active(log)->base_offset <= offset) {
        return log->segments_count - 1;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (log->segments[middle]->base_offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

enum status log_add_segment(struct partition_log *log, struct segment *segment, struct error *error)
{
    ASSERT(IMPLIES(log->segments_count > 0, log_active(log)->base_offset < segment->base_offset));
    if (log->segments_count == LOG_SEGMENTS_MAX) {
        return error_set(error, STATUS_LIMIT, "%s: %u segments are the most", log->directory,
                         LOG_SEGMENTS_MAX);
    }
    if (log->segments_count == log->segments_capacity) {
        uint32_t capacity = log->segments_capacity == 0 ? 1 : log->segments_capacity * 2;
        struct segment **segments =
            realloc(log->segments, sizeof(struct segment *) * (size_t)capacity);
        if (segments == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "%s: no memory for %" PRIu32 " segments",
                             log->directory, capacity);
        }
        log->segments = segments;
        log->segments_capacity = capacity;
    }
    log->segments[log->segments_count++] = segment;
    log->size += segment->size;
    return STATUS_OK;
}

void log_drop_segments(struct partition_log *log, uint32_t first, uint32_t count)
{
    ASSERT(first + count <= log->segments_count);
    for (uint32_t i = first; i < first + count; i++) {
        log->size -= log->segments[i]->size;
        segment_release(log->segments[i]);
    }
    memmove(log->segments + first, log->segments + first + count,
            sizeof(struct segment *) * (log->segments_count - first - count));
    log->segments_count -= count;
    if (log->first_unsealed >= first + count) {
        log->first_unsealed -= count;
    } else if (log->first_unsealed > first) {
        log->first_unsealed = first;
    }
}

enum write_engine log_engine(const struct partition_log *log)
{
    return log->config.flush_messages == 1 ? log->context->segment_files.engine_default
                                           : WRITE_ENGINE_BUFFERED;
}

void log_draw_jitter(struct partition_log *log)
{
    int64_t jitter_ms = log->config.segment_jitter_ms;
    if (jitter_ms > log->config.segment_ms) {
        jitter_ms = log->config.segment_ms;
    }
    log->roll_jitter_ms =
        jitter_ms > 0 ? (int64_t)random_below(log->context->random, (uint64_t)jitter_ms) : 0;
}

static enum status start_checksums(struct partition_log *log, struct segment *segment,
                                   struct error *error)
{
    struct block_checksums *checksums = calloc(1, sizeof *checksums);
    if (checksums == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for checksums", log->directory);
    }
    block_checksums_init(checksums, segment->base_offset);

    uint8_t head[CHECKSUM_BLOCK_SIZE];
    size_t head_size = (size_t)(segment->size % CHECKSUM_BLOCK_SIZE);
    enum status status = STATUS_OK;
    if (head_size > 0) {
        status = segment_file_read(segment->file, segment->size - head_size, head, head_size, true,
                                   error);
    }
    if (status != STATUS_OK) {
        free(checksums);
        return status;
    }
    block_checksums_resume(checksums, (uint32_t)(segment->size / CHECKSUM_BLOCK_SIZE),
                           (struct bytes){head, head_size});
    segment->checksums = checksums;
    return STATUS_OK;
}

/* Rolling by time counts from the first batch. */
static enum status read_first_timestamp(struct segment *segment, struct error *error)
{
    struct batch_cursor cursor;
    struct record_batch_header header;
    batch_cursor_init(&cursor, segment, 0, true);
    enum status status = batch_cursor_read(&cursor, &header, error);
    if (status == STATUS_OK) {
        segment->first_timestamp_ms = header.max_timestamp;
    }
    return status;
}

enum status log_prepare_active(struct partition_log *log, struct error *error)
{
    struct segment *segment = log_active(log);
    enum status status = segment_open_file(segment, log->directory, log_engine(log), error);
    if (status == STATUS_OK && segment->indexes == NULL) {
        struct segment_indexes *indexes = NULL;
        status = segment_indexes_load(log->context->segment_files.files, log->directory,
                                      segment->base_offset, segment->size, log->end_offset,
                                      &indexes, error);
        if (status == STATUS_OK) {
            segment_take_indexes(segment, indexes);
        }
    }
    if (status == STATUS_OK && segment->checksums == NULL) {
        status = start_checksums(log, segment, error);
    }
    if (status == STATUS_OK && segment->first_timestamp_ms == SEGMENT_TIMESTAMP_UNKNOWN) {
        status = read_first_timestamp(segment, error);
    }
    return status;
}

enum status log_begin_segment(struct partition_log *log, int64_t base_offset, struct error *error)
{
    struct segment *segment = segment_create(log->context, base_offset, 0);
    if (segment == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a segment", log->directory);
    }
    segment->is_writable = true;
    segment->modified_ms = log->context->clock->wall_ms(log->context->clock);
    segment->indexes = segment_indexes_create(base_offset);
    enum status status =
        segment->indexes == NULL
            ? error_set(error, STATUS_NO_MEMORY, "%s: no memory for indexes", log->directory)
            : segment_open_file(segment, log->directory, log_engine(log), error);
    if (status == STATUS_OK) {
        /* The name has to be durable before anything in the file is acknowledged. */
        struct file_system *files = log->context->segment_files.files;
        status = files->sync_directory(files, log->directory, error);
    }
    if (status == STATUS_OK) {
        status = start_checksums(log, segment, error);
    }
    if (status == STATUS_OK) {
        status = log_add_segment(log, segment, error);
    }
    if (status != STATUS_OK) {
        segment_release(segment);
    }
    return status;
}

enum status log_roll(struct partition_log *log, struct error *error)
{
    struct segment *before = log_active(log);
    ASSERT(before->size > 0);
    enum status status = log_prepare_active(log, error);
    if (status == STATUS_OK) {
        status = segment_finish_indexes(before, error);
    }
    if (status == STATUS_OK) {
        status = log_begin_segment(log, log->end_offset, error);
    }
    if (status != STATUS_OK) {
        return error_wrap(error, "roll %s at offset %" PRId64, log->directory, log->end_offset);
    }
    before->is_writable = false;
    /* A log that acknowledges from the page cache does not wait here for a whole segment: its next
     * durable flush seals what was rolled meanwhile. */
    log->must_be_durable = log->config.flush_messages <= 1;
    log_save_later(log, before, log->end_offset);
    log_draw_jitter(log);
    return STATUS_OK;
}
