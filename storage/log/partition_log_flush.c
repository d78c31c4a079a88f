/* Bringing a log to the disk: flushes of its segment files, and, less often, saving what is
 * derived from them (indexes, checksums, producer snapshots), which bounds recovery's work. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"
#include "storage/producer/producer_snapshot.h"

/* ---- saving what is derived ---- */

#define SAVE_PARTS_MAX 4

struct save_part {
    const char *suffix;
    uint64_t position;
    size_t size;
    const uint8_t *data; /* In the job's memory. */
};

/* Everything that a worker needs to save one segment's gains, without touching the segment. */
struct save_job {
    struct disk_operation operation;
    struct partition_log *log; /* Only its directory and context are used by the worker. */
    int64_t base_offset;
    struct save_part parts[SAVE_PARTS_MAX];
    unsigned parts_count;
    int64_t snapshot_offset; /* -1: none. */
    struct bytes snapshot;
    int64_t stale_snapshot_offset; /* Removed when the new one is there; -1: none. */
    uint8_t data[];
};

static enum status save_part(struct file_system *files, const char *directory, int64_t base_offset,
                             const struct save_part *part, struct error *error)
{
    struct log_path path;
    struct file *file = NULL;
    log_path_of_offset(&path, directory, base_offset, part->suffix);
    enum status status = files->open(files, path.text, FILE_WRITE | FILE_CREATE, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = files->write(file, part->position, part->data, part->size, error);
    if (status == STATUS_OK) {
        status = files->sync(file, error);
    }
    file_release(file);
    return status;
}

static enum status run_job(void *context, struct error *error)
{
    const struct save_job *job = context;
    const struct partition_log *log = job->log;
    struct file_system *files = log->context->segment_files.files;
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < job->parts_count && status == STATUS_OK; i++) {
        status = save_part(files, log->directory, job->base_offset, &job->parts[i], error);
    }
    struct log_path path;
    if (status == STATUS_OK && job->snapshot_offset >= 0) {
        log_path_of_offset(&path, log->directory, job->snapshot_offset, LOG_SUFFIX_SNAPSHOT);
        status = file_replace_whole(files, path.text, job->snapshot, error);
    }
    if (status == STATUS_OK && job->stale_snapshot_offset >= 0) {
        log_path_of_offset(&path, log->directory, job->stale_snapshot_offset, LOG_SUFFIX_SNAPSHOT);
        status = files->remove(files, path.text, error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return status;
}

static void add_part(struct save_job *job, size_t *used, const char *suffix,
                     struct index_entries *entries, bool drop)
{
    struct bytes unsaved = index_entries_unsaved(entries);
    if (unsaved.size == 0) {
        return;
    }
    uint8_t *place = job->data + *used;
    memcpy(place, unsaved.data, unsaved.size);
    *used += unsaved.size;
    job->parts[job->parts_count++] = (struct save_part){
        .suffix = suffix,
        .position = (uint64_t)entries->saved * entries->entry_size,
        .size = unsaved.size,
        .data = place,
    };
    index_entries_mark_saved(entries, drop);
}

/* Keeps two snapshots between the segments' beginnings: recovery starts at the newest that lies
 * below the recovery point, which is written a little later. */
static void note_snapshot(struct partition_log *log, struct save_job *job, int64_t offset)
{
    job->stale_snapshot_offset = -1;
    if (offset < 0 || offset == log->snapshots[0]) {
        return;
    }
    const struct segment *segment = log->segments[log_segment_index(log, offset)];
    if (segment->base_offset == offset) {
        return;
    }
    int64_t stale = log->snapshots[1];
    if (stale >= 0 && log->segments[log_segment_index(log, stale)]->base_offset != stale) {
        job->stale_snapshot_offset = stale;
    }
    log->snapshots[1] = log->snapshots[0];
    log->snapshots[0] = offset;
}

/* NULL when out of memory: the saving is then left out, which recovery makes up for. */
static struct save_job *make_job(struct partition_log *log, struct segment *segment,
                                 int64_t snapshot_offset)
{
    struct segment_indexes *indexes = segment->indexes;
    size_t size = index_entries_unsaved(&indexes->offsets.entries).size +
                  index_entries_unsaved(&indexes->times.entries).size +
                  index_entries_unsaved(&indexes->aborted.entries).size;
    if (segment->checksums != NULL) {
        size += index_entries_unsaved(&segment->checksums->entries).size;
    }
    size_t snapshot_size = snapshot_offset >= 0 ? producer_snapshot_size(&log->producers) : 0;
    struct save_job *job = malloc(sizeof *job + size + snapshot_size);
    if (job == NULL) {
        return NULL;
    }
    memset(job, 0, sizeof *job);
    job->log = log;
    job->base_offset = segment->base_offset;
    job->snapshot_offset = snapshot_offset;
    size_t used = 0;
    add_part(job, &used, LOG_SUFFIX_OFFSET_INDEX, &indexes->offsets.entries, false);
    add_part(job, &used, LOG_SUFFIX_TIME_INDEX, &indexes->times.entries, false);
    add_part(job, &used, LOG_SUFFIX_ABORTED_INDEX, &indexes->aborted.entries, false);
    if (segment->checksums != NULL) {
        add_part(job, &used, LOG_SUFFIX_CHECKSUMS, &segment->checksums->entries, true);
    }
    ASSERT(used == size);
    if (snapshot_offset >= 0) {
        producer_snapshot_encode(&log->producers, job->data + used);
        job->snapshot = (struct bytes){job->data + used, snapshot_size};
    }
    note_snapshot(log, job, snapshot_offset);
    return job;
}

static void job_done(struct disk_operation *operation)
{
    struct save_job *job = operation->context;
    struct partition_log *log = job->log;
    ASSERT(log->jobs_count > 0);
    log->jobs_count--;
    if (operation->status != STATUS_OK) {
        /* Nothing is lost: what is missing in these files is rebuilt from the segment. */
        diagnose(log->context->diagnostics, DIAGNOSTIC_WARNING, "log",
                 "saving indexes of %s failed: %s", log->directory, operation->error.text);
    }
    free(job);
}

void log_save_later(struct partition_log *log, struct segment *segment, int64_t snapshot_offset)
{
    log->saved_bytes = log->appended_bytes;
    struct save_job *job = make_job(log, segment, snapshot_offset);
    if (job == NULL) {
        return;
    }
    job->operation.kind = DISK_CALL;
    job->operation.call = run_job;
    job->operation.done = job_done;
    job->operation.context = job;
    log->jobs_count++;
    struct disk_queue *queue = log->context->segment_files.queue;
    queue->submit(queue, &job->operation);
}

enum status log_save_now(struct partition_log *log, struct segment *segment,
                         int64_t snapshot_offset, struct error *error)
{
    log->saved_bytes = log->appended_bytes;
    struct save_job *job = make_job(log, segment, snapshot_offset);
    if (job == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory to save indexes", log->directory);
    }
    enum status status = run_job(job, error);
    free(job);
    return status;
}

static enum status cut_file(struct partition_log *log, int64_t base_offset, const char *suffix,
                            uint64_t size, struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    struct log_path path;
    struct file *file = NULL;
    uint64_t now = 0;
    log_path_of_offset(&path, log->directory, base_offset, suffix);
    enum status status = files->open(files, path.text, FILE_WRITE, &file, error);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = files->size(file, &now, error);
    if (status == STATUS_OK && now > size) {
        status = files->truncate(file, size, error);
    }
    if (status == STATUS_OK) {
        status = files->sync(file, error);
    }
    file_release(file);
    return status;
}

enum status log_cut_files(struct partition_log *log, const struct segment *segment, uint64_t size,
                          struct error *error)
{
    const struct segment_indexes *indexes = segment->indexes;
    const struct {
        const char *suffix;
        uint64_t size;
    } cuts[] = {
        /* Checksums first: one that outlives its block would call the next content damaged. */
        {LOG_SUFFIX_CHECKSUMS, size / CHECKSUM_BLOCK_SIZE * CHECKSUM_ENTRY_SIZE},
        {LOG_SUFFIX_OFFSET_INDEX,
         (uint64_t)indexes->offsets.entries.saved * OFFSET_INDEX_ENTRY_SIZE},
        {LOG_SUFFIX_TIME_INDEX, (uint64_t)indexes->times.entries.saved * TIME_INDEX_ENTRY_SIZE},
        {LOG_SUFFIX_ABORTED_INDEX,
         (uint64_t)indexes->aborted.entries.saved * ABORTED_INDEX_ENTRY_SIZE},
        {LOG_SUFFIX_SEGMENT, size},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && status == STATUS_OK; i++) {
        status = cut_file(log, segment->base_offset, cuts[i].suffix, cuts[i].size, error);
    }
    return status;
}

enum status log_write_epochs(struct partition_log *log, struct error *error)
{
    if (!log->epochs.dirty) {
        return STATUS_OK;
    }
    struct log_path path;
    log_path_of_name(&path, log->directory, LOG_FILE_LEADER_EPOCHS);
    enum status status = checkpoint_write_epochs(log->context->segment_files.files, path.text,
                                                 log->epochs.entries, log->epochs.count, error);
    if (status == STATUS_OK) {
        log->epochs.dirty = false;
    }
    return status;
}

/* ---- flushing ---- */

static bool needs_flush(const struct segment *segment, bool durable)
{
    if (segment->file == NULL) {
        return false;
    }
    uint64_t reached =
        durable ? segment_file_durable_end(segment->file) : segment_file_written_end(segment->file);
    return reached < segment_file_end(segment->file);
}

bool log_is_dirty(const struct partition_log *log)
{
    return log->flushed_offset < log->end_offset || log->must_be_durable;
}

/* Cuts flushed segments that are no longer active to their size: from then on they are immutable,
 * and the recovery point may lie behind them. */
static enum status seal_segments(struct partition_log *log, struct error *error)
{
    while (log->first_unsealed + 1 < log->segments_count) {
        struct segment *segment = log->segments[log->first_unsealed];
        if (needs_flush(segment, true)) {
            return STATUS_OK; /* Rolled while this flush was under way: the next one's. */
        }
        if (segment->file != NULL) {
            enum status status = segment_file_seal(segment->file, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        log->first_unsealed++;
    }
    return STATUS_OK;
}

static void advance(struct partition_log *log)
{
    struct log_flush *flush = &log->flush;
    log->is_full = false;
    if (flush->target_offset > log->flushed_offset) {
        log->flushed_offset = flush->target_offset;
    }
    if (!flush->durable) {
        return;
    }
    /* Not behind a segment that is not sealed: recovery trusts what lies before. */
    int64_t limit = log_segment_end_offset(log, log->first_unsealed);
    int64_t durable = flush->target_offset < limit ? flush->target_offset : limit;
    if (durable > log->durable_offset) {
        log->durable_offset = durable;
    }
    log->durable_bytes = log->flush_target_bytes;
    log->must_be_durable = log->first_unsealed + 1 < log->segments_count;
    if (log->appended_bytes - log->saved_bytes >= LOG_CHECKPOINT_BYTES &&
        log_active(log)->indexes != NULL && log->durable_offset == log->end_offset) {
        log_save_later(log, log_active(log), log->end_offset);
    }
}

static void finish_flush(struct partition_log *log)
{
    struct log_flush flush = log->flush;
    enum status status = flush.status;
    if (status == STATUS_OK && flush.durable) {
        status = seal_segments(log, flush.error);
    }
    if (status == STATUS_OK) {
        advance(log);
    } else if (status == STATUS_NO_SPACE) {
        log->is_full = true;
    } else {
        log->has_failed = true;
    }
    flush.done(flush.context, log, status, flush.error);
}

static void segment_flushed(void *context, enum status status, const struct error *error)
{
    struct segment *segment = context;
    struct partition_log *log = segment->flushing_log;
    ASSERT(segment->is_flushing && log->flush.pending > 0);
    segment->is_flushing = false;
    if (status != STATUS_OK &&
        (log->flush.status == STATUS_OK || log->flush.status == STATUS_NO_SPACE)) {
        log->flush.status = status;
        *log->flush.error = *error;
    }
    segment_release(segment);
    if (--log->flush.pending == 0) {
        finish_flush(log);
    }
}

bool log_flush_start(struct partition_log *log, bool durable, log_flushed_fn *done, void *context,
                     struct error *error)
{
    ASSERT(log->flush.pending == 0);
    /* A rolled segment is sealed before anything behind it counts as recovered. */
    durable = durable || log->must_be_durable;
    log->flush = (struct log_flush){
        .durable = durable,
        .target_offset = log->end_offset,
        .status = STATUS_OK,
        .error = error,
        .done = done,
        .context = context,
    };
    log->flush_target_bytes = log->appended_bytes;
    if (durable) {
        log->undurable_records = 0;
    }
    for (uint32_t i = log->first_unsealed; i < log->segments_count; i++) {
        if (needs_flush(log->segments[i], durable)) {
            log->segments[i]->is_flushing = true;
            log->segments[i]->flushing_log = log;
            log->segments[i]->references++;
            log->flush.pending++;
        }
    }
    if (log->flush.pending == 0) {
        /* Only sealing is left. It may fail, and then as a flush does. */
        enum status status = durable ? seal_segments(log, error) : STATUS_OK;
        if (status == STATUS_OK) {
            advance(log);
        } else {
            log->has_failed = true;
        }
        return false;
    }
    for (uint32_t i = log->first_unsealed; i < log->segments_count; i++) {
        if (log->segments[i]->is_flushing) {
            segment_file_flush(log->segments[i]->file, durable, segment_flushed, log->segments[i]);
        }
    }
    return true;
}

void log_wait_idle(struct partition_log *log)
{
    struct disk_queue *queue = log->context->segment_files.queue;
    while (log->flush.pending > 0 || log->jobs_count > 0) {
        queue->kick(queue);
        (void)queue->wait(queue);
    }
}

struct flush_now {
    bool is_done;
    enum status status;
};

static void flush_now_done(void *context, struct partition_log *log, enum status status,
                           const struct error *error)
{
    struct flush_now *now = context;
    (void)log;
    (void)error; /* It lies where log_flush_now() gave it. */
    now->is_done = true;
    now->status = status;
}

enum status log_flush_now(struct partition_log *log, struct error *error)
{
    log_wait_idle(log);
    if (log->has_failed) {
        return error_set(error, STATUS_IO, "%s takes no more since a write failed", log->directory);
    }
    struct flush_now now = {.status = STATUS_OK};
    if (log_flush_start(log, true, flush_now_done, &now, error)) {
        log_wait_idle(log);
        ASSERT(now.is_done);
        return now.status;
    }
    return log->has_failed ? STATUS_IO : STATUS_OK;
}
