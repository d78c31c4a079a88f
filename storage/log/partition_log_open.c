#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_files.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"

static enum status sync_parent(struct file_system *files, const char *directory,
                               struct error *error)
{
    struct log_path parent;
    const char *slash = strrchr(directory, '/');
    if (slash == NULL || slash == directory) {
        return STATUS_OK;
    }
    size_t size = (size_t)(slash - directory);
    memcpy(parent.text, directory, size);
    parent.text[size] = '\0';
    return files->sync_directory(files, parent.text, error);
}

/* The directory, and whose it is. */
static enum status open_directory(struct partition_log *log,
                                  const struct partition_log_options *options, struct error *error)
{
    struct file_system *files = log->context->segment_files.files;
    enum status status = files->make_directory(files, log->directory, error);
    struct uuid found = {0};
    if (status == STATUS_OK) {
        status = partition_metadata_read(files, log->directory, &found, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!uuid_is_none(found)) {
        if (!uuid_is_none(options->topic_id) && !uuid_equal(found, options->topic_id)) {
            char there[UUID_TEXT_SIZE];
            char wanted[UUID_TEXT_SIZE];
            uuid_to_text(found, there);
            uuid_to_text(options->topic_id, wanted);
            return error_set(error, STATUS_INVALID, "it belongs to topic id %s, not %s", there,
                             wanted);
        }
        log->topic_id = found;
        return STATUS_OK;
    }
    log->topic_id = options->topic_id;
    if (!uuid_is_none(options->topic_id)) {
        status = partition_metadata_write(files, log->directory, options->topic_id, error);
    }
    return status == STATUS_OK ? sync_parent(files, log->directory, error) : status;
}

static void release(struct partition_log *log)
{
    ASSERT(log->flush.pending == 0 && log->jobs_count == 0);
    ASSERT(log->link.flusher == NULL);
    for (uint32_t i = 0; i < log->segments_count; i++) {
        segment_release(log->segments[i]);
    }
    free(log->segments);
    log_forget_deleted(log);
    leader_epochs_clear(&log->epochs);
    producer_state_clear(&log->producers);
    free(log->directory);
    free(log);
}

static struct partition_log *create(struct log_context *context,
                                    const struct partition_log_options *options)
{
    struct partition_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    log->directory = strdup(options->directory);
    if (log->directory == NULL) {
        free(log);
        return NULL;
    }
    log->context = context;
    log->config = options->config;
    log->snapshots[0] = -1;
    log->snapshots[1] = -1;
    leader_epochs_init(&log->epochs);
    producer_state_init(&log->producers);
    list_init(&log->deleted);
    return log;
}

/* Positions that follow from what recovery found. */
static enum status set_positions(struct partition_log *log,
                                 const struct partition_log_options *options, struct error *error)
{
    int64_t start = log->segments[0]->base_offset;
    if (options->log_start_offset > start) {
        start = options->log_start_offset;
    }
    log->flushed_offset = log->end_offset;
    log->durable_offset = log->end_offset;
    log->start_offset = start < log->end_offset ? start : log->end_offset;
    log->high_watermark = log->start_offset;
    if (start > log->end_offset && !log->is_quarantined) {
        return partition_log_restart_at(log, start, error);
    }
    return STATUS_OK;
}

enum status partition_log_open(struct log_context *context,
                               const struct partition_log_options *options,
                               struct partition_log **log_out, struct log_recovery_report *report,
                               struct error *error)
{
    memset(report, 0, sizeof *report);
    report->corrupt_offset = -1;
    if (strlen(options->directory) + LOG_FILE_NAME_SIZE_MAX > LOG_PATH_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "open partition: its path has %zu bytes",
                         strlen(options->directory));
    }
    struct partition_log *log = create(context, options);
    if (log == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "open %s: out of memory", options->directory);
    }
    log_draw_jitter(log);
    enum status status = open_directory(log, options, error);
    if (status == STATUS_OK) {
        status = log_recover(log, options, report, error);
    }
    if (status == STATUS_OK) {
        status = set_positions(log, options, error);
    }
    if (status != STATUS_OK) {
        release(log);
        return error_wrap(error, "open %s", options->directory);
    }
    *log_out = log;
    return STATUS_OK;
}

/* Everything that makes the next opening a quick one. */
static enum status settle(struct partition_log *log, struct error *error)
{
    struct segment *active = log_active(log);
    enum status status = log_write_epochs(log, error);
    if (status == STATUS_OK && active->indexes != NULL) {
        status = segment_finish_indexes(active, error);
    }
    if (status == STATUS_OK && active->indexes != NULL) {
        status = log_save_now(log, active, log->end_offset, error);
    }
    if (status == STATUS_OK && active->file != NULL) {
        status = segment_file_seal(active->file, error);
    }
    if (status == STATUS_OK) {
        status = partition_offset_write(log->context->segment_files.files, log->directory,
                                        LOG_FILE_TRUNCATION, -1, error);
    }
    return status;
}

enum status partition_log_close(struct partition_log *log, struct error *error)
{
    enum status status = log->is_quarantined ? STATUS_OK : log_flush_now(log, error);
    if (status == STATUS_OK && !log->is_quarantined) {
        status = settle(log, error);
    }
    log_wait_idle(log);
    if (status != STATUS_OK) {
        status = error_wrap(error, "close %s", log->directory);
    }
    release(log);
    return status;
}

void partition_log_abandon(struct partition_log *log)
{
    log_wait_idle(log);
    release(log);
}
