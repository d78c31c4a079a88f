#include "storage/log/log_flusher.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/partition_log_internal.h"

/* What is acknowledged from the page cache is made durable at least this often, as the system's own
 * write-back does. */
#define RECOVERY_POINT_INTERVAL_US ((int64_t)30 * 1000 * 1000)

/* A full disk is tried again after this. */
#define RETRY_INTERVAL_US ((int64_t)1000 * 1000)

struct log_flusher {
    struct disk_queue *queue;
    struct log_flusher_events events;
    struct list dirty;     /* Logs with something that was not written out. */
    struct list undurable; /* Logs with something written that is not durable. */
    unsigned flushing;     /* Logs of the round under way. */
    int64_t now_us;        /* When the last round began. */
    bool has_failed;
};

struct log_flusher *log_flusher_create(struct disk_queue *queue, struct log_flusher_events events)
{
    struct log_flusher *flusher = calloc(1, sizeof *flusher);
    if (flusher != NULL) {
        flusher->queue = queue;
        flusher->events = events;
        list_init(&flusher->dirty);
        list_init(&flusher->undurable);
    }
    return flusher;
}

void log_flusher_destroy(struct log_flusher *flusher)
{
    if (flusher != NULL) {
        ASSERT(flusher->flushing == 0);
        free(flusher);
    }
}

static struct partition_log *log_of_dirty(struct list_node *node)
{
    return CONTAINER_OF(node, struct partition_log, link.dirty_node);
}

static struct partition_log *log_of_undurable(struct list_node *node)
{
    return CONTAINER_OF(node, struct partition_log, link.undurable_node);
}

void log_flusher_attach(struct log_flusher *flusher, struct partition_log *log, void *attachment)
{
    ASSERT(log->link.flusher == NULL);
    log->link.flusher = flusher;
    log->link.attachment = attachment;
    if (log_is_dirty(log)) {
        log_flusher_mark_dirty(log);
    }
}

void log_flusher_detach(struct log_flusher *flusher, struct partition_log *log)
{
    ASSERT(log->link.flusher == flusher);
    ASSERT(!log_flusher_is_flushing(flusher, log));
    if (list_contains_node(&log->link.dirty_node)) {
        list_remove(&log->link.dirty_node);
    }
    if (list_contains_node(&log->link.undurable_node)) {
        list_remove(&log->link.undurable_node);
    }
    log->link.flusher = NULL;
    log->link.attachment = NULL;
}

bool log_flusher_is_flushing(const struct log_flusher *flusher, const struct partition_log *log)
{
    return log->link.flusher == flusher && log->flush.pending > 0;
}

void log_flusher_mark_dirty(struct partition_log *log)
{
    struct log_flusher *flusher = log->link.flusher;
    if (flusher != NULL && !list_contains_node(&log->link.dirty_node)) {
        list_add_last(&flusher->dirty, &log->link.dirty_node);
    }
}

/* When what is written but not durable has to become so. */
static int64_t durable_deadline(const struct partition_log *log)
{
    int64_t interval_us = RECOVERY_POINT_INTERVAL_US;
    if (log->config.flush_ms < interval_us / 1000) {
        interval_us = log->config.flush_ms * 1000;
    }
    return log->link.undurable_since_us + interval_us;
}

static bool must_be_durable(const struct partition_log *log, int64_t now_us)
{
    return log->config.flush_messages <= 1 || log->must_be_durable ||
           log->undurable_records >= log->config.flush_messages ||
           log->appended_bytes - log->durable_bytes >= LOG_UNFLUSHED_BYTES_MAX ||
           (list_contains_node(&log->link.undurable_node) && durable_deadline(log) <= now_us);
}

static void update_undurable(struct log_flusher *flusher, struct partition_log *log)
{
    bool is_listed = list_contains_node(&log->link.undurable_node);
    bool is_undurable = log->durable_offset < log->flushed_offset;
    if (is_undurable && !is_listed) {
        log->link.undurable_since_us = flusher->now_us;
        list_add_last(&flusher->undurable, &log->link.undurable_node);
    } else if (!is_undurable && is_listed) {
        list_remove(&log->link.undurable_node);
    } else if (is_undurable && log->flush.durable) {
        /* A durable flush is over, and more was written meanwhile. */
        log->link.undurable_since_us = flusher->now_us;
    }
}

static void report(struct log_flusher *flusher, struct partition_log *log, enum status status,
                   int64_t flushed_before, const struct error *error)
{
    const struct log_flusher_events *events = &flusher->events;
    if (status == STATUS_OK) {
        update_undurable(flusher, log);
        if (log->flushed_offset > flushed_before) {
            events->flushed(events->context, log, log->link.attachment);
        }
    } else if (status == STATUS_NO_SPACE) {
        log->link.retry_at_us = flusher->now_us + RETRY_INTERVAL_US;
        events->no_space(events->context, log, log->link.attachment, error);
    } else {
        flusher->has_failed = true;
        events->failed(events->context, log, log->link.attachment, error);
    }
}

static void log_flushed(void *context, struct partition_log *log, enum status status,
                        const struct error *error)
{
    struct log_flusher *flusher = context;
    ASSERT(flusher->flushing > 0);
    flusher->flushing--;
    if (log_is_dirty(log) && !log->has_failed) {
        log_flusher_mark_dirty(log);
    }
    report(flusher, log, status, log->link.flushed_before, error);
}

static void start(struct log_flusher *flusher, struct partition_log *log)
{
    log->link.retry_at_us = 0;
    log->link.flushed_before = log->flushed_offset;
    bool durable = must_be_durable(log, flusher->now_us);
    if (log_flush_start(log, durable, log_flushed, flusher, &log->link.error)) {
        flusher->flushing++;
        return;
    }
    enum status status = log->has_failed ? STATUS_IO : STATUS_OK;
    report(flusher, log, status, log->link.flushed_before, &log->link.error);
}

static void mark_overdue(struct log_flusher *flusher)
{
    LIST_FOREACH (node, &flusher->undurable) {
        struct partition_log *log = log_of_undurable(node);
        if (durable_deadline(log) <= flusher->now_us) {
            log_flusher_mark_dirty(log);
        }
    }
}

void log_flusher_kick(struct log_flusher *flusher, int64_t now_monotonic_us)
{
    if (flusher->flushing == 0 && !flusher->has_failed) {
        flusher->now_us = now_monotonic_us;
        mark_overdue(flusher);
        /* Only what is dirty now: an event may append, which is for the next round. */
        struct list round;
        list_init(&round);
        struct list_node *node;
        while ((node = list_first(&flusher->dirty)) != NULL) {
            list_remove(node);
            list_add_last(&round, node);
        }
        while ((node = list_first(&round)) != NULL) {
            struct partition_log *log = log_of_dirty(node);
            list_remove(node);
            if (log->link.retry_at_us > now_monotonic_us) {
                list_add_last(&flusher->dirty, node);
            } else if (!log->has_failed) {
                start(flusher, log);
            }
        }
    }
    flusher->queue->kick(flusher->queue);
}

int64_t log_flusher_deadline_us(const struct log_flusher *flusher)
{
    int64_t deadline_us = INT64_MAX;
    if (flusher->flushing > 0) {
        return deadline_us; /* The end of the round is the next occasion, not a time. */
    }
    LIST_FOREACH (undurable, &flusher->undurable) {
        int64_t at_us = durable_deadline(log_of_undurable(undurable));
        deadline_us = at_us < deadline_us ? at_us : deadline_us;
    }
    LIST_FOREACH (dirty, &flusher->dirty) {
        int64_t at_us = log_of_dirty(dirty)->link.retry_at_us;
        deadline_us = at_us < deadline_us ? at_us : deadline_us;
    }
    return deadline_us;
}
