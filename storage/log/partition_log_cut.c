/* Cutting a log: its end (truncation), its beginning (deletion). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_files.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"
#include "storage/retention/retention_core.h"

/* All files of a segment; the snapshot at its base offset goes with it. */
static const char *const segment_suffixes[] = {
    LOG_SUFFIX_OFFSET_INDEX, LOG_SUFFIX_TIME_INDEX, LOG_SUFFIX_ABORTED_INDEX,
    LOG_SUFFIX_CHECKSUMS,    LOG_SUFFIX_SNAPSHOT,   LOG_SUFFIX_SEGMENT,
};

#define SEGMENT_SUFFIXES_COUNT (sizeof segment_suffixes / sizeof segment_suffixes[0])

struct deleted_segment {
    struct list_node node;
    int64_t base_offset;
    int64_t deleted_at_ms;
};

static enum status rename_file(struct partition_log *log, int64_t base_offset, const char *suffix,
                               struct segment *segment, struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    struct log_path from;
    struct log_path to;
    char deleted_suffix[32];
    snprintf(deleted_suffix, sizeof deleted_suffix, "%s%s", suffix, LOG_SUFFIX_DELETED);
    log_path_of_offset(&from, log->directory, base_offset, suffix);
    log_path_of_offset(&to, log->directory, base_offset, deleted_suffix);
    enum status status = files->rename(files, from.text, to.text, error);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && strcmp(suffix, LOG_SUFFIX_SEGMENT) == 0 && segment->file != NULL) {
        status = segment_file_rename(segment->file, to.text, error);
    }
    return status;
}

enum status log_delete_segment(struct partition_log *log, uint32_t index, struct error *error)
{
    ASSERT(index < log->segments_count);
    struct segment *segment = log->segments[index];
    struct deleted_segment *deleted = calloc(1, sizeof *deleted);
    if (deleted == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory to delete a segment",
                         log->directory);
    }
    deleted->base_offset = segment->base_offset;
    deleted->deleted_at_ms = log->context->clock->wall_ms(log->context->clock);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < SEGMENT_SUFFIXES_COUNT && status == STATUS_OK; i++) {
        status = rename_file(log, segment->base_offset, segment_suffixes[i], segment, error);
    }
    if (status != STATUS_OK) {
        free(deleted);
        return status;
    }
    list_add_last(&log->deleted, &deleted->node);
    log->deleted_count++;
    log_drop_segments(log, index, 1);
    return STATUS_OK;
}

void log_forget_deleted(struct partition_log *log)
{
    struct list_node *node;
    while ((node = list_first(&log->deleted)) != NULL) {
        list_remove(node);
        free(CONTAINER_OF(node, struct deleted_segment, node));
    }
    log->deleted_count = 0;
}

static enum status remove_files(struct partition_log *log, int64_t base_offset,
                                const char *last_suffix, struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < SEGMENT_SUFFIXES_COUNT && status == STATUS_OK; i++) {
        struct log_path path;
        char suffix[32];
        snprintf(suffix, sizeof suffix, "%s%s", segment_suffixes[i], last_suffix);
        log_path_of_offset(&path, log->directory, base_offset, suffix);
        status = files->remove(files, path.text, error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return status;
}

enum status partition_log_remove_deleted(struct partition_log *log, int64_t now_ms,
                                         struct error *error)
{
    struct list_node *node;
    while ((node = list_first(&log->deleted)) != NULL) {
        struct deleted_segment *deleted = CONTAINER_OF(node, struct deleted_segment, node);
        if (now_ms - deleted->deleted_at_ms < log->config.file_delete_delay_ms) {
            return STATUS_OK;
        }
        enum status status = remove_files(log, deleted->base_offset, LOG_SUFFIX_DELETED, error);
        if (status != STATUS_OK) {
            return error_wrap(error, "remove deleted files of %s", log->directory);
        }
        list_remove(&deleted->node);
        log->deleted_count--;
        free(deleted);
    }
    return STATUS_OK;
}

/* ---- the end ---- */

/* Goes over the batches behind the last index entry again: their timestamps, and the bytes since
 * it. */
static enum status index_rest(struct partition_log *log, struct segment *segment,
                              struct error *error)
{
    struct batch_cursor cursor;
    struct record_batch_header header;
    uint32_t count = offset_index_count(&segment->indexes->offsets);
    uint64_t position =
        count == 0 ? 0 : offset_index_at(&segment->indexes->offsets, count - 1).position;
    batch_cursor_init(&cursor, segment, position, true);
    enum status status;
    while ((status = batch_cursor_read(&cursor, &header, error)) == STATUS_OK) {
        status = segment_index_batch(segment, &header, cursor.position,
                                     log->config.index_interval_bytes, error);
        if (status != STATUS_OK) {
            return status;
        }
        cursor.position += record_batch_size(&header);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Removes what lies behind `offset` in the segment that holds it, and makes it the active one. */
static enum status cut_segment(struct partition_log *log, int64_t offset, struct error *error)
{
    struct segment *segment = log_active(log);
    enum status status = log_use_segment(log, segment, true, error);
    uint64_t position = 0;
    struct record_batch_header header;
    if (status == STATUS_OK) {
        status = segment_locate(segment, offset, true, &position, &header, error);
    }
    if (status == STATUS_NOT_FOUND) {
        position = segment->size;
        status = STATUS_OK;
    } else if (status == STATUS_OK) {
        log->end_offset = offset;
    }
    if (status != STATUS_OK) {
        return status;
    }

    /* A file that was open for reading only cannot be appended to. */
    segment_file_close(segment->file);
    segment->file = NULL;
    if (segment->checksums != NULL) {
        block_checksums_clear(segment->checksums);
        free(segment->checksums);
        segment->checksums = NULL;
    }
    log->size -= segment->size - position;
    segment->size = position;
    segment_cut_verified(segment, position);
    segment->is_writable = true;
    if (position == 0) {
        segment->first_timestamp_ms = -1;
    }
    offset_index_cut(&segment->indexes->offsets, position);
    time_index_cut(&segment->indexes->times, log->end_offset);
    aborted_index_cut(&segment->indexes->aborted, log->end_offset);
    struct time_index_entry last = time_index_last(&segment->indexes->times);
    segment->max_timestamp_ms = last.timestamp_ms;
    segment->max_timestamp_offset = last.offset;
    segment->bytes_since_index = 0;
    status = log_cut_files(log, segment, position, error);
    if (status == STATUS_OK) {
        status = segment_open_file(segment, log->directory, log_engine(log), error);
    }
    return status == STATUS_OK ? index_rest(log, segment, error) : status;
}

static enum status note_truncation(struct partition_log *log, int64_t offset, struct error *error)
{
    return partition_offset_write(log->context->segment_files.files, log->directory,
                                  LOG_FILE_TRUNCATION, offset, error);
}

static void set_end(struct partition_log *log, int64_t end_offset)
{
    log->end_offset = end_offset;
    log->flushed_offset = end_offset;
    log->durable_offset = end_offset;
    log->durable_bytes = log->appended_bytes;
    log->must_be_durable = false;
    log->first_unsealed = log->segments_count - 1;
    if (log->high_watermark > end_offset) {
        log->high_watermark = end_offset;
    }
    if (log->start_offset > end_offset) {
        log->start_offset = end_offset;
    }
}

/* Snapshots of states that are no more would be believed by the next start. */
struct snapshot_removal {
    struct partition_log *log;
    int64_t start_offset; /* Those outside [start offset, end offset] go. */
    int64_t end_offset;
    enum status status;
    struct error *error;
};

static void remove_snapshot(void *context, const char *name)
{
    struct snapshot_removal *removal = context;
    struct file_system *files = removal->log->context->segment_files.files;
    int64_t offset = 0;
    const char *suffix = NULL;
    if (removal->status != STATUS_OK || !log_file_name_parse(name, &offset, &suffix) ||
        strcmp(suffix, LOG_SUFFIX_SNAPSHOT) != 0 ||
        (offset >= removal->start_offset && offset <= removal->end_offset)) {
        return;
    }
    struct log_path path;
    log_path_of_name(&path, removal->log->directory, name);
    removal->status = files->remove(files, path.text, removal->error);
}

enum status log_keep_snapshots(struct partition_log *log, int64_t start_offset, int64_t end_offset,
                               struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    struct snapshot_removal removal = {log, start_offset, end_offset, STATUS_OK, error};
    enum status status =
        files->list_directory(files, log->directory, remove_snapshot, &removal, error);
    for (int i = 0; i < 2; i++) {
        if (log->snapshots[i] < start_offset || log->snapshots[i] > end_offset) {
            log->snapshots[i] = -1;
        }
    }
    return status == STATUS_OK ? removal.status : status;
}

static enum status truncate_to(struct partition_log *log, int64_t offset, struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    enum status status = note_truncation(log, offset, error);
    if (status == STATUS_OK) {
        status = log_keep_snapshots(log, 0, offset, error);
    }
    while (status == STATUS_OK && log->segments_count > 1 &&
           log_active(log)->base_offset >= offset) {
        log->end_offset = log_active(log)->base_offset;
        status = remove_files(log, log_active(log)->base_offset, "", error);
        if (status == STATUS_OK) {
            log_drop_segments(log, log->segments_count - 1, 1);
        }
    }
    if (status == STATUS_OK) {
        status = files->sync_directory(files, log->directory, error);
    }
    if (status == STATUS_OK) {
        status = cut_segment(log, offset, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    leader_epochs_cut_end(&log->epochs, log->end_offset);
    set_end(log, log->end_offset);
    status = log_write_epochs(log, error);
    return status == STATUS_OK ? log_rebuild_producers(log, log->end_offset, error) : status;
}

/* Never a part of a batch: the beginning of the one that holds `offset`. */
static enum status align_offset(struct partition_log *log, int64_t *offset, struct error *error)
{
    struct segment *segment = log->segments[log_segment_index(log, *offset)];
    struct record_batch_header header;
    uint64_t position = 0;
    enum status status = log_use_segment(log, segment, true, error);
    if (status == STATUS_OK) {
        status = segment_locate(segment, *offset, true, &position, &header, error);
    }
    if (status == STATUS_OK && header.base_offset < *offset) {
        *offset = header.base_offset;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status partition_log_truncate(struct partition_log *log, int64_t offset, struct error *error)
{
    log_wait_idle(log);
    if (offset >= log->end_offset) {
        return STATUS_OK;
    }
    if (log->is_quarantined) {
        return error_set(error, STATUS_CORRUPT, "%s is damaged: it can only be restarted",
                         log->directory);
    }
    enum status status = align_offset(log, &offset, error);
    if (status == STATUS_OK &&
        (offset < log->start_offset || offset <= log->segments[0]->base_offset)) {
        /* Nothing is left that may be read, and the start offset never goes back. */
        return partition_log_restart_at(
            log, offset < log->start_offset ? log->start_offset : offset, error);
    }
    /* What the segment file would cut must be on the disk before, so that nothing returns. */
    if (status == STATUS_OK) {
        status = log_flush_now(log, error);
    }
    if (status == STATUS_OK) {
        status = truncate_to(log, offset, error);
    }
    return status == STATUS_OK
               ? STATUS_OK
               : error_wrap(error, "truncate %s to %" PRId64, log->directory, offset);
}

enum status partition_log_restart_at(struct partition_log *log, int64_t offset, struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    log_wait_idle(log);
    enum status status = note_truncation(log, offset, error);
    if (status == STATUS_OK) {
        status = log_keep_snapshots(log, 0, -1, error);
    }
    while (status == STATUS_OK && log->segments_count > 0) {
        status = remove_files(log, log_active(log)->base_offset, "", error);
        if (status == STATUS_OK) {
            log_drop_segments(log, log->segments_count - 1, 1);
        }
    }
    if (status == STATUS_OK) {
        status = files->sync_directory(files, log->directory, error);
    }
    if (status == STATUS_OK) {
        log->end_offset = offset;
        status = log_begin_segment(log, offset, error);
    }
    if (status == STATUS_OK) {
        status = partition_offset_write(files, log->directory, LOG_FILE_QUARANTINE, -1, error);
    }
    if (status != STATUS_OK) {
        return error_wrap(error, "restart %s at %" PRId64, log->directory, offset);
    }
    log->is_quarantined = false;
    log->has_failed = false;
    log->first_unsealed = 0;
    log->start_offset = offset;
    log->high_watermark = offset;
    set_end(log, offset);
    leader_epochs_cut_end(&log->epochs, offset);
    leader_epochs_cut_start(&log->epochs, offset);
    producer_state_clear(&log->producers);
    return log_write_epochs(log, error);
}

/* ---- the beginning ---- */

enum status partition_log_set_start_offset(struct partition_log *log, int64_t offset,
                                           struct error *error)
{
    if (offset > log->high_watermark || offset < 0) {
        return error_set(error, STATUS_OUT_OF_RANGE,
                         "%s: start offset %" PRId64 " is not in 0 to the high watermark %" PRId64,
                         log->directory, offset, log->high_watermark);
    }
    if (offset <= log->start_offset) {
        return STATUS_OK;
    }
    log->start_offset = offset;
    leader_epochs_cut_start(&log->epochs, offset);
    return log_write_epochs(log, error);
}

static enum status describe_segments(struct partition_log *log, bool with_times,
                                     struct retention_segment *segments, struct error *error)
{
    for (uint32_t i = 0; i < log->segments_count; i++) {
        struct segment *segment = log->segments[i];
        if (with_times && segment->max_timestamp_ms == SEGMENT_TIMESTAMP_UNKNOWN) {
            enum status status = log_use_segment(log, segment, true, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        segments[i] = (struct retention_segment){
            .base_offset = segment->base_offset,
            .end_offset = log_segment_end_offset(log, i),
            .size = segment->size,
            /* Kafka's fall-back for records without a timestamp. */
            .max_timestamp_ms =
                segment->max_timestamp_ms >= 0 ? segment->max_timestamp_ms : segment->modified_ms,
        };
    }
    return STATUS_OK;
}

static enum status choose(struct partition_log *log, int64_t now_ms, uint32_t *count,
                          struct error *error)
{
    struct retention_rules rules = {
        .retention_ms = log->config.retention_ms,
        .retention_bytes = log->config.retention_bytes,
        .log_start_offset = log->start_offset,
        .high_watermark = log->high_watermark,
        .now_ms = now_ms,
        .by_time_and_size = (log->config.cleanup_policy & CLEANUP_DELETE) != 0,
    };
    /* A young log, which is most of them, is not looked at closer. */
    struct retention_segment *segments = calloc(log->segments_count, sizeof *segments);
    if (segments == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for retention", log->directory);
    }
    bool with_times = rules.by_time_and_size && rules.retention_ms >= 0;
    enum status status = describe_segments(log, with_times, segments, error);
    if (status == STATUS_OK) {
        *count = retention_choose(&rules, segments, log->segments_count);
    }
    free(segments);
    return status;
}

enum status partition_log_apply_retention(struct partition_log *log, int64_t now_ms,
                                          unsigned *deleted_count, struct error *error)
{
    uint32_t count = 0;
    *deleted_count = 0;
    if (log->is_quarantined || log->has_failed) {
        return STATUS_OK;
    }
    enum status status = choose(log, now_ms, &count, error);
    if (status != STATUS_OK || count == 0) {
        return status;
    }
    if (count == log->segments_count) {
        /* All of it has expired: a new active segment takes its place, at the same end. */
        if (log->flush.pending > 0 || log_is_dirty(log)) {
            count--; /* Next time. */
        } else {
            status = log_roll(log, error);
            log->must_be_durable = false;
            if (status == STATUS_OK) {
                status = log_flush_now(log, error);
            }
        }
    }
    /* Only what is sealed; the recovery point lies behind it. */
    count = count < log->first_unsealed ? count : log->first_unsealed;
    while (status == STATUS_OK && *deleted_count < count) {
        int64_t end_offset = log_segment_end_offset(log, 0);
        status = log_delete_segment(log, 0, error);
        if (status == STATUS_OK) {
            ++*deleted_count;
            if (log->start_offset < end_offset) {
                log->start_offset = end_offset;
            }
        }
    }
    if (status == STATUS_OK && *deleted_count > 0) {
        leader_epochs_cut_start(&log->epochs, log->start_offset);
        status = log_write_epochs(log, error);
        if (status == STATUS_OK) {
            status = log_keep_snapshots(log, log->segments[0]->base_offset, INT64_MAX, error);
        }
    }
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "retention of %s", log->directory);
}
