#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_files.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"
#include "storage/log/range_check.h"
#include "storage/log/segment_scan.h"

/* More than the index interval and one large batch without an entry is a hole in the index. */
#define INDEX_HOLE_SIZE_MAX ((uint64_t)4 * 1024 * 1024)

/* Read around the place where the index points, before it is known what will be read. */
#define PREFETCH_SLACK_SIZE (64u * 1024)

struct index_rebuild {
    struct segment_indexes *indexes;
    struct segment segment; /* Only the fields that indexing uses. */
    int32_t index_interval_bytes;
};

static enum status index_scanned_batch(void *context, const struct record_batch_header *header,
                                       struct bytes batch, uint64_t position, struct error *error)
{
    struct index_rebuild *rebuild = context;
    (void)batch;
    return segment_index_batch(&rebuild->segment, header, position, rebuild->index_interval_bytes,
                               error);
}

/* Goes on behind the last entry of a damaged or missing index. Aborted transactions are not found
 * this way; recovery replays them. */
static enum status rebuild_indexes(struct file_system *files, const char *directory,
                                   int64_t base_offset, uint64_t size, int32_t index_interval_bytes,
                                   struct segment_indexes *indexes, struct error *error)
{
    struct index_rebuild rebuild = {
        .index_interval_bytes = index_interval_bytes,
        .segment = {.base_offset = base_offset,
                    .indexes = indexes,
                    .max_timestamp_ms = -1,
                    .max_timestamp_offset = base_offset},
    };
    offset_index_cut(&indexes->offsets, 0);
    time_index_cut(&indexes->times, base_offset);
    struct log_path path;
    log_path_of_offset(&path, directory, base_offset, LOG_SUFFIX_SEGMENT);
    struct segment_scan scan = {
        .files = files,
        .path = path.text,
        .size = size,
        .next_offset = base_offset,
        .verify_from = INT64_MAX,
        .contiguous_from = INT64_MAX,
        .visit = index_scanned_batch,
        .context = &rebuild,
    };
    enum status status = segment_scan(&scan, error);
    if (status == STATUS_CORRUPT) {
        return STATUS_OK; /* What lies before the damage can be read. */
    }
    return status == STATUS_OK ? segment_finish_indexes(&rebuild.segment, error) : status;
}

enum status log_load_indexes(struct file_system *files, const char *directory, int64_t base_offset,
                             uint64_t size, int64_t end_offset, int32_t index_interval_bytes,
                             struct segment_indexes **indexes_out, struct error *error)
{
    struct segment_indexes *indexes = NULL;
    enum status status =
        segment_indexes_load(files, directory, base_offset, size, end_offset, &indexes, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t count = offset_index_count(&indexes->offsets);
    uint64_t covered = count == 0 ? 0 : offset_index_at(&indexes->offsets, count - 1).position;
    if (size - covered > INDEX_HOLE_SIZE_MAX ||
        (time_index_count(&indexes->times) == 0 && size > 0)) {
        status = rebuild_indexes(files, directory, base_offset, size, index_interval_bytes, indexes,
                                 error);
    }
    if (status != STATUS_OK) {
        segment_indexes_destroy(indexes);
        return status;
    }
    *indexes_out = indexes;
    return STATUS_OK;
}

/* Closes the immutable segment that was not used for the longest time, when there are many. */
static void close_unused(struct partition_log *log)
{
    struct segment *oldest = NULL;
    unsigned open_count = 0;
    for (uint32_t i = 0; i + 1 < log->segments_count; i++) {
        struct segment *segment = log->segments[i];
        if ((segment->file == NULL && segment->indexes == NULL) || segment->references > 1 ||
            i >= log->first_unsealed) {
            continue;
        }
        open_count++;
        if (oldest == NULL || segment->used_count < oldest->used_count) {
            oldest = segment;
        }
    }
    if (open_count > LOG_COLD_SEGMENTS_OPEN_MAX) {
        segment_file_close(oldest->file);
        oldest->file = NULL;
        segment_indexes_destroy(oldest->indexes);
        oldest->indexes = NULL;
    }
}

enum status log_use_segment(struct partition_log *log, struct segment *segment, bool may_block,
                            struct error *error)
{
    segment->used_count = ++log->uses;
    bool is_new = segment->file == NULL;
    enum status status = segment_open_file(segment, log->directory, log_engine(log), error);
    if (status != STATUS_OK) {
        return status;
    }
    if (segment->indexes == NULL) {
        if (!may_block) {
            return error_set(error, STATUS_AGAIN,
                             "%s: indexes of segment %" PRId64 " are not in memory", log->directory,
                             segment->base_offset);
        }
        struct segment_indexes *indexes = NULL;
        int64_t end_offset =
            log_segment_end_offset(log, log_segment_index(log, segment->base_offset));
        status = log_load_indexes(log->context->segment_files.files, log->directory,
                                  segment->base_offset, segment->size, end_offset,
                                  log->config.index_interval_bytes, &indexes, error);
        if (status != STATUS_OK) {
            return status;
        }
        segment_take_indexes(segment, indexes);
    }
    if (is_new && !segment->is_writable) {
        close_unused(log);
    }
    return STATUS_OK;
}

/* A larger read than the caller has slices for is cut. */
static size_t bytes_max_for(const struct slices *slices, size_t bytes_max)
{
    size_t room = slices->capacity - slices->count;
    if (SEGMENT_SLICES_MAX(bytes_max) <= room) {
        return bytes_max;
    }
    return room <= 3 ? 0 : (room - 3) * BUFFER_SIZE_SMALL;
}

static enum status check_bounds(const struct partition_log *log, int64_t offset,
                                struct error *error)
{
    if (log->is_quarantined && offset >= log->corrupt_offset) {
        return error_set(error, STATUS_CORRUPT, "%s is damaged at offset %" PRId64, log->directory,
                         log->corrupt_offset);
    }
    if (offset < log->start_offset || offset > log->end_offset) {
        return error_set(error, STATUS_OUT_OF_RANGE,
                         "offset %" PRId64 " is not in %" PRId64 " to %" PRId64, offset,
                         log->start_offset, log->end_offset);
    }
    return STATUS_OK;
}

/* Damage ends what can be read before the log's end. */
static int64_t readable_end(const struct partition_log *log, int64_t upper_offset)
{
    int64_t end = log->is_quarantined && log->corrupt_offset < log->end_offset ? log->corrupt_offset
                                                                               : log->end_offset;
    return upper_offset < end ? upper_offset : end;
}

/* Finds what a read would return: the segment, and the range in it; *segment is NULL when that is
 * nothing. */
static enum status find_range(struct partition_log *log, const struct log_read_request *request,
                              bool may_block, struct segment **segment_out,
                              struct segment_range *range, struct error *error)
{
    *segment_out = NULL;
    for (uint32_t i = log_segment_index(log, request->offset); i < log->segments_count; i++) {
        struct segment *segment = log->segments[i];
        if (segment->size == 0 || segment->base_offset >= request->upper_offset) {
            continue;
        }
        *segment_out = segment;
        enum status status = log_use_segment(log, segment, may_block, error);
        if (status == STATUS_OK) {
            status = segment_find_range(segment, request, log_segment_end_offset(log, i), may_block,
                                        range, error);
        }
        if (status != STATUS_NOT_FOUND) {
            return status;
        }
        *segment_out = NULL; /* Compaction left a gap at its end. */
    }
    return STATUS_OK;
}

enum status partition_log_read(struct partition_log *log, const struct log_read_request *request,
                               struct log_read_result *result, struct error *error)
{
    enum status status = check_bounds(log, request->offset, error);
    if (status != STATUS_OK) {
        return status;
    }
    result->first_batch_offset = request->offset;
    result->next_offset = request->offset;
    result->more_segments = false;
    struct log_read_request bounded = *request;
    bounded.upper_offset = readable_end(log, request->upper_offset);
    bounded.bytes_max = bytes_max_for(&result->slices, request->bytes_max);
    if (bounded.offset >= bounded.upper_offset) {
        return STATUS_OK;
    }

    struct segment *segment = NULL;
    struct segment_range range = {0};
    status = find_range(log, &bounded, false, &segment, &range, error);
    if (status != STATUS_OK || segment == NULL || range.size == 0) {
        return status;
    }
    if (SEGMENT_SLICES_MAX(range.size) > result->slices.capacity - result->slices.count) {
        return error_set(error, STATUS_LIMIT, "batch of %" PRIu64 " bytes needs %" PRIu64 " slices",
                         range.size, (uint64_t)SEGMENT_SLICES_MAX(range.size));
    }
    if (!segment_file_is_resident(segment->file, range.position, (size_t)range.size)) {
        return error_set(error, STATUS_AGAIN, "%s: offset %" PRId64 " is on disk", log->directory,
                         request->offset);
    }
    if (!segment_is_verified(segment, range.position, range.size)) {
        return error_set(error, STATUS_AGAIN, "%s: offset %" PRId64 " is not verified yet",
                         log->directory, request->offset);
    }
    status = segment_file_slices(segment->file, range.position, (size_t)range.size, &result->slices,
                                 error);
    if (status != STATUS_OK) {
        return status;
    }
    result->first_batch_offset = range.first_offset;
    result->next_offset = range.next_offset;
    result->more_segments = range.to_end && segment != log_active(log);
    return STATUS_OK;
}

/* A cold read on its way: holds the segment, and what the caller wants called. */
struct fetch_in {
    struct partition_log *log;
    struct segment *segment;
    disk_done_fn *done;
    void *context;
    int64_t end_offset;
    int32_t index_interval_bytes;
    struct segment_indexes *indexes; /* Loaded by the worker. */
    struct range_check check;        /* Done by the worker, when `is_check`. */
    bool is_check;
};

/* Damage was found on the way to a reader: from there on the log serves and takes no more. */
static void quarantine(struct partition_log *log, const struct fetch_in *fetch,
                       const struct error *error)
{
    if (log->is_quarantined && log->corrupt_offset <= fetch->check.corrupt_offset) {
        return;
    }
    log->is_quarantined = true;
    log->corrupt_offset = fetch->check.corrupt_offset;
    diagnose(log->context->diagnostics, DIAGNOSTIC_ERROR, "log",
             "%s is damaged at offset %" PRId64 ": %s", log->directory, log->corrupt_offset,
             error->text);
}

static void take_check(struct fetch_in *fetch, const struct disk_operation *operation)
{
    if (operation->status == STATUS_OK) {
        segment_set_verified(fetch->segment, fetch->check.position, fetch->check.size);
    } else if (operation->status == STATUS_CORRUPT) {
        quarantine(fetch->log, fetch, &operation->error);
    }
}

static void fetched_in(struct disk_operation *operation)
{
    struct fetch_in *fetch = operation->context;
    if (fetch->indexes != NULL) {
        if (fetch->segment->indexes == NULL) {
            segment_take_indexes(fetch->segment, fetch->indexes);
        } else {
            segment_indexes_destroy(fetch->indexes);
        }
    }
    if (fetch->is_check) {
        take_check(fetch, operation);
    }
    segment_release(fetch->segment);
    fetch->log->jobs_count--;
    operation->context = fetch->context;
    operation->done = fetch->done;
    free(fetch);
    operation->done(operation);
}

static enum status load_in_worker(void *context, struct error *error)
{
    struct fetch_in *fetch = context;
    return log_load_indexes(fetch->log->context->segment_files.files, fetch->log->directory,
                            fetch->segment->base_offset, fetch->segment->size, fetch->end_offset,
                            fetch->index_interval_bytes, &fetch->indexes, error);
}

/* The mark outlives the process: a restart does not hide the damage. */
static enum status check_in_worker(void *context, struct error *error)
{
    struct fetch_in *fetch = context;
    enum status status = range_check(&fetch->check, error);
    struct error ignored; /* Without the mark the damage is found again. */
    if (status == STATUS_CORRUPT) {
        status_ignore(partition_offset_write(fetch->check.files, fetch->check.directory,
                                             LOG_FILE_QUARANTINE, fetch->check.corrupt_offset,
                                             &ignored));
    }
    return status;
}

/* Of what this process wrote nothing is checked. */
static void prepare_check(struct fetch_in *fetch, const struct segment_range *range)
{
    struct partition_log *log = fetch->log;
    const struct segment *segment = fetch->segment;
    if (segment_is_verified(segment, range->position, range->size)) {
        return;
    }
    uint64_t end = range->position + range->size;
    bool is_whole = end <= segment->written_from;
    int32_t first_epoch = partition_log_epoch_at(log, range->first_offset);
    int32_t last_epoch = partition_log_epoch_at(log, range->next_offset - 1);
    if (last_epoch < 0) {
        last_epoch = leader_epochs_latest(&log->epochs);
    }
    fetch->is_check = true;
    fetch->check = (struct range_check){
        .files = log->context->segment_files.files,
        .directory = log->directory,
        .base_offset = segment->base_offset,
        .segment_size = segment->size,
        .position = range->position,
        .size = (is_whole ? end : segment->written_from) - range->position,
        .first_offset = range->first_offset,
        .next_offset = is_whole ? range->next_offset : -1,
        .leader_epoch_min = first_epoch,
        .leader_epoch_max = last_epoch >= 0 ? last_epoch : INT32_MAX,
        .may_have_gaps = (log->config.cleanup_policy & CLEANUP_COMPACT) != 0,
    };
}

static enum status nothing_to_do(void *context, struct error *error)
{
    (void)context;
    (void)error;
    return STATUS_OK;
}

/* Answers through the queue. */
static void call_later(struct partition_log *log, struct disk_operation *operation,
                       disk_call_fn *call, disk_done_fn *done, void *context)
{
    struct disk_queue *queue = log->context->segment_files.queue;
    operation->kind = DISK_CALL;
    operation->call = call;
    operation->done = done;
    operation->context = context;
    queue->submit(queue, operation);
}

static void submit_prefetch(struct fetch_in *fetch, const struct log_read_request *request,
                            enum status found, const struct segment_range *range,
                            struct disk_operation *operation)
{
    struct segment *segment = fetch->segment;
    uint64_t position = range->position;
    uint64_t size = range->size;
    if (found != STATUS_OK) {
        position = offset_index_floor(&segment->indexes->offsets, request->offset).position;
        size = request->bytes_max + PREFETCH_SLACK_SIZE;
    }
    if (size > segment->size - position) {
        size = segment->size - position;
    }
    segment_file_prefetch(segment->file, position, (size_t)size, operation);
}

void partition_log_fetch_in(struct partition_log *log, const struct log_read_request *request,
                            struct disk_operation *operation, disk_done_fn *done, void *context)
{
    struct error error;
    struct segment *segment = NULL;
    struct segment_range range = {0};
    struct log_read_request bounded = *request;
    bounded.upper_offset = readable_end(log, request->upper_offset);
    enum status found = check_bounds(log, request->offset, &error);
    if (found == STATUS_OK && bounded.offset < bounded.upper_offset) {
        found = find_range(log, &bounded, false, &segment, &range, &error);
    }
    struct fetch_in *fetch = NULL;
    if (segment != NULL && segment->file != NULL && (found == STATUS_OK || found == STATUS_AGAIN)) {
        fetch = malloc(sizeof *fetch);
    }
    if (fetch == NULL) {
        call_later(log, operation, nothing_to_do, done, context); /* Worth trying again. */
        return;
    }
    *fetch = (struct fetch_in){
        .log = log,
        .segment = segment,
        .done = done,
        .context = context,
        .end_offset = log_segment_end_offset(log, log_segment_index(log, segment->base_offset)),
        .index_interval_bytes = log->config.index_interval_bytes,
    };
    segment->references++;
    log->jobs_count++;
    if (segment->indexes == NULL) {
        call_later(log, operation, load_in_worker, fetched_in, fetch);
        return;
    }
    if (found == STATUS_OK &&
        segment_file_is_resident(segment->file, range.position, (size_t)range.size)) {
        prepare_check(fetch, &range);
        call_later(log, operation, fetch->is_check ? check_in_worker : nothing_to_do, fetched_in,
                   fetch);
        return;
    }
    operation->done = fetched_in;
    operation->context = fetch;
    submit_prefetch(fetch, &bounded, found, &range, operation);
}

/* Position of the batch that holds `offset`; near it when that would need the disk. */
static uint64_t position_of(struct partition_log *log, struct segment *segment, int64_t offset)
{
    struct error error;
    struct record_batch_header header;
    uint64_t position = 0;
    enum status status = log_use_segment(log, segment, false, &error);
    if (status == STATUS_OK) {
        status = segment_locate(segment, offset, false, &position, &header, &error);
        if (status == STATUS_NOT_FOUND) {
            return segment->size;
        }
    }
    if (status != STATUS_OK) {
        position = segment->indexes == NULL
                       ? 0
                       : offset_index_floor(&segment->indexes->offsets, offset).position;
    }
    return position;
}

uint64_t partition_log_bytes_between(struct partition_log *log, int64_t offset,
                                     int64_t upper_offset)
{
    if (upper_offset > log->end_offset) {
        upper_offset = log->end_offset;
    }
    if (offset < log->start_offset) {
        offset = log->start_offset;
    }
    if (offset >= upper_offset) {
        return 0;
    }
    uint32_t first = log_segment_index(log, offset);
    uint32_t last = log_segment_index(log, upper_offset - 1);
    uint64_t bytes = 0;
    for (uint32_t i = first; i < last; i++) {
        bytes += log->segments[i]->size;
    }
    struct segment *segment = log->segments[last];
    bytes += upper_offset == log_segment_end_offset(log, last)
                 ? segment->size
                 : position_of(log, segment, upper_offset);
    uint64_t skipped = position_of(log, log->segments[first], offset);
    return bytes > skipped ? bytes - skipped : 0;
}
