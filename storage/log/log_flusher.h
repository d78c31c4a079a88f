/* Group commit: one flush round per shard and log directory at a time.
 *
 *   idle --append--> dirty --log_flusher_kick--> round under way --all files done--> flushed()
 *                      ^------------------ appended meanwhile -------------------------'
 *
 * Everything appended while a round ran goes into the next, which starts when the last one ends:
 * no timer. All partitions of a round are written side by side (one submission to the ring). Logs
 * with flush.messages > 1 only leave the process in a round and are made durable when their count
 * or flush.ms says so, and at the recovery point's pace.
 *
 * A failed write or sync ends in `failed`: the owner stops the broker. A full disk ends in
 * `no_space` for the log; the round of the others goes on. */
#ifndef STORAGE_LOG_LOG_FLUSHER_H
#define STORAGE_LOG_LOG_FLUSHER_H

#include "storage/log/partition_log.h"

struct log_flusher;

struct log_flusher_events {
    /* partition_log_flushed_offset(log) has moved. `attachment` is the log's. */
    void (*flushed)(void *context, struct partition_log *log, void *attachment);
    /* The log's appended records could not be made durable for want of space; they stay in memory
     * and are tried again with the next round after `retry`. */
    void (*no_space)(void *context, struct partition_log *log, void *attachment,
                     const struct error *error);
    /* A write or sync failed for good: nothing of that round may be acknowledged, ever. */
    void (*failed)(void *context, struct partition_log *log, void *attachment,
                   const struct error *error);
    void *context;
};

/* NULL when out of memory. Release with log_flusher_destroy(). */
struct log_flusher *log_flusher_create(struct disk_queue *queue, struct log_flusher_events events);

/* No round may be under way. NULL is allowed. */
void log_flusher_destroy(struct log_flusher *flusher);

/* From now on appends to `log` mark it dirty here; `attachment` is handed to the events. */
void log_flusher_attach(struct log_flusher *flusher, struct partition_log *log, void *attachment);

/* Before the log is closed: takes it out. Its flush must not be under way:
 * log_flusher_is_flushing(). */
void log_flusher_detach(struct log_flusher *flusher, struct partition_log *log);

/* The log is part of the round under way. */
bool log_flusher_is_flushing(const struct log_flusher *flusher, const struct partition_log *log);

/* Starts a round when there is something dirty and none is under way; kicks the queue. A shard
 * calls it once per loop turn. */
void log_flusher_kick(struct log_flusher *flusher, int64_t now_monotonic_us);

/* When log_flusher_kick() should be called next even if nothing is appended and no operation ends
 * (flush.ms, recovery point, a retry), in monotonic us; INT64_MAX when never, and while a round is
 * under way. */
int64_t log_flusher_deadline_us(const struct log_flusher *flusher);

#endif /* STORAGE_LOG_LOG_FLUSHER_H */
