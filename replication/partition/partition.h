/* One replica of one partition on this broker: its log, its role, and who waits for it.
 *
 *     opening --log open--> ready --------------------> closing --> gone
 *        '----cannot be opened----> offline ---------------^
 *     ready: leader of `leader_epoch`, or not the leader
 *
 * As a leader it appends, moves the high watermark when enough replicas have flushed
 * (high_watermark_core.h), and tells those who wait:
 *
 *     waiting produces   until flushed here (acks=1) or committed (acks=all)
 *     fetch watchers     whenever what a consumer may see has grown, or the role has changed
 *
 * Owned by one shard's thread. */
#ifndef REPLICATION_PARTITION_PARTITION_H
#define REPLICATION_PARTITION_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/uuid.h"
#include "replication/metadata/metadata_image.h"
#include "replication/partition/high_watermark_core.h"
#include "storage/log/partition_log.h"

enum partition_state {
    PARTITION_OPENING,
    PARTITION_READY,
    PARTITION_OFFLINE, /* The log cannot be served: failed or corrupt as a whole. */
    PARTITION_CLOSING, /* Leaves as soon as its flush has ended. */
};

enum wait_outcome {
    WAIT_SATISFIED,
    WAIT_NOT_LEADER,      /* Lost leadership, or the partition is gone: not known if kept. */
    WAIT_STORAGE_FAILED,  /* The log has failed: not acknowledged. */
    WAIT_TOO_FEW_REPLICAS /* The ISR shrank below min.insync.replicas after the append. */
};

struct produce_waiter;
typedef void produce_waiter_fn(struct produce_waiter *waiter, enum wait_outcome outcome);

/* Embedded in what waits for an append. */
struct produce_waiter {
    struct list_node node;
    int64_t end_offset; /* One past the last offset waited for. */
    produce_waiter_fn *done;
};

struct fetch_watcher;
typedef void fetch_watcher_fn(struct fetch_watcher *watcher);

/* Embedded in what waits for something to read. */
struct fetch_watcher {
    struct list_node node;
    fetch_watcher_fn *advanced; /* May remove this watcher and others, and add itself again. */
};

struct partition {
    struct text topic; /* Own memory. */
    struct uuid topic_id;
    int32_t index;
    enum partition_state state;
    struct partition_log *log; /* NULL unless ready or closing. */
    char *directory;           /* Own memory. */
    unsigned pins;             /* Disk reads under way: the log stays until they are done. */

    bool is_leader;
    int32_t leader_id; /* -1: none. */
    int32_t leader_epoch;
    int32_t partition_epoch;
    int64_t leader_epoch_start_offset;
    struct replica_progress in_sync[PARTITION_REPLICAS_MAX]; /* This broker first, when in it. */
    unsigned in_sync_count;
    unsigned replicas_count;
    unsigned min_insync_replicas;

    struct list waiting_for_flush;  /* produce_waiter, ascending by end_offset. */
    struct list waiting_for_commit; /* produce_waiter, ascending by end_offset. */
    struct list fetch_watchers;
    int64_t last_stable_offset_seen; /* What watchers were told last. */
    int64_t high_watermark_seen;

    /* What the directory's checkpoint files were told last; -1: nothing yet. */
    int64_t checkpointed_recovery_point;
    int64_t checkpointed_start_offset;
    int64_t checkpointed_high_watermark;
};

/* Takes over role, epochs and in-sync replicas from the metadata. The state must be ready. On
 * becoming leader of a new epoch, or not being it any more, those who wait are told. */
void partition_apply(struct partition *partition, const struct partition_image *image,
                     int32_t node_id, unsigned min_insync_replicas);

enum partition_epoch_check {
    EPOCH_CURRENT, /* Also when the request does not say one (-1). */
    EPOCH_FENCED,  /* The request is older. */
    EPOCH_UNKNOWN, /* The request is newer than this broker. */
};

/* Compares a request's current_leader_epoch with the partition's (KIP-320). */
enum partition_epoch_check partition_check_epoch(const struct partition *partition,
                                                 int32_t current_leader_epoch);

/* Enough replicas are in sync for acks=all. */
bool partition_has_enough_replicas(const struct partition *partition);

/* Waits until everything before waiter->end_offset is flushed here, or, with `committed`, on all
 * in-sync replicas. False when that is so already: then done() is not called. */
bool partition_wait(struct partition *partition, struct produce_waiter *waiter, bool committed);

/* Takes a waiter out, when its request has timed out. */
void produce_waiter_cancel(struct produce_waiter *waiter);

/* Tells `watcher` once when more can be read; it is taken out before it is told. */
void partition_watch(struct partition *partition, struct fetch_watcher *watcher);

/* Takes a watcher out; fine when it is in no list. */
void fetch_watcher_cancel(struct fetch_watcher *watcher);

/* The flusher's news: the flushed offset of this replica has moved. */
void partition_flushed(struct partition *partition);

/* The log has failed: everybody who waits is told, the state becomes offline. */
void partition_fail(struct partition *partition);

/* Tells everybody who waits `outcome`, as the partition leaves. */
void partition_release_waiters(struct partition *partition, enum wait_outcome outcome);

/* What a consumer may read up to. */
int64_t partition_visible_end(const struct partition *partition, bool read_committed);

#endif /* REPLICATION_PARTITION_PARTITION_H */
