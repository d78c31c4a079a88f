#include "replication/partition/partition.h"

#include "base/assert.h"

static void tell_produces(struct list *waiters, int64_t reached, enum wait_outcome outcome)
{
    for (;;) {
        struct list_node *node = list_first(waiters);
        if (node == NULL) {
            return;
        }
        struct produce_waiter *waiter = CONTAINER_OF(node, struct produce_waiter, node);
        if (waiter->end_offset > reached) {
            return;
        }
        list_remove(node);
        waiter->done(waiter, outcome);
    }
}

/* Watchers may cancel each other and watch again while they are told, so each is taken from a list
 * of its own first: whoever watches again is not told twice in one round. */
static void tell_watchers(struct partition *partition)
{
    struct list told;
    list_init(&told);
    for (struct list_node *node; (node = list_first(&partition->fetch_watchers)) != NULL;) {
        list_remove(node);
        list_add_last(&told, node);
    }
    for (struct list_node *node; (node = list_first(&told)) != NULL;) {
        list_remove(node);
        struct fetch_watcher *watcher = CONTAINER_OF(node, struct fetch_watcher, node);
        watcher->advanced(watcher);
    }
}

static void advance(struct partition *partition)
{
    if (!partition->is_leader || partition->in_sync_count == 0) {
        return;
    }
    int64_t next = high_watermark_next(
        partition_log_high_watermark(partition->log), partition->in_sync, partition->in_sync_count,
        effective_min_insync(partition->min_insync_replicas, partition->replicas_count));
    if (next > partition_log_high_watermark(partition->log)) {
        partition_log_set_high_watermark(partition->log, next);
    }

    int64_t high_watermark = partition_log_high_watermark(partition->log);
    int64_t last_stable_offset = partition_log_last_stable_offset(partition->log);
    bool grown = high_watermark > partition->high_watermark_seen ||
                 last_stable_offset > partition->last_stable_offset_seen;
    partition->high_watermark_seen = high_watermark;
    partition->last_stable_offset_seen = last_stable_offset;
    tell_produces(&partition->waiting_for_commit, high_watermark, WAIT_SATISFIED);
    if (grown) {
        tell_watchers(partition);
    }
}

static void take_in_sync(struct partition *partition, const struct partition_image *image,
                         int32_t node_id)
{
    int64_t flushed_offset = partition_log_flushed_offset(partition->log);
    unsigned count = 0;
    for (size_t i = 0; i < image->isr.count && count < PARTITION_REPLICAS_MAX; i++) {
        int32_t broker_id = image->isr.items[i];
        struct replica_progress progress = {.broker_id = broker_id, .flushed_offset = 0};
        if (broker_id == node_id) {
            progress.flushed_offset = flushed_offset;
        }
        for (unsigned k = 0; k < partition->in_sync_count && broker_id != node_id; k++) {
            if (partition->in_sync[k].broker_id == broker_id) {
                progress.flushed_offset = partition->in_sync[k].flushed_offset;
            }
        }
        partition->in_sync[count++] = progress;
    }
    partition->in_sync_count = count;
    for (unsigned k = 1; k < count; k++) {
        if (partition->in_sync[k].broker_id == node_id) {
            struct replica_progress own = partition->in_sync[k];
            partition->in_sync[k] = partition->in_sync[0];
            partition->in_sync[0] = own;
        }
    }
}

void partition_apply(struct partition *partition, const struct partition_image *image,
                     int32_t node_id, unsigned min_insync_replicas)
{
    ASSERT(partition->state == PARTITION_READY);
    bool leads = image->leader == node_id;
    bool changed = image->leader_epoch != partition->leader_epoch || leads != partition->is_leader;
    ASSERT(image->leader_epoch >= partition->leader_epoch);

    take_in_sync(partition, image, node_id);
    partition->min_insync_replicas = min_insync_replicas;
    partition->replicas_count = (unsigned)image->replicas.count;
    partition->leader_id = image->leader;
    partition->leader_epoch = image->leader_epoch;
    partition->partition_epoch = image->partition_epoch;
    partition->is_leader = leads;
    if (changed) {
        if (leads) {
            partition->leader_epoch_start_offset = partition_log_end_offset(partition->log);
        }
        partition_release_waiters(partition, WAIT_NOT_LEADER);
    }
    advance(partition);
}

enum partition_epoch_check partition_check_epoch(const struct partition *partition,
                                                 int32_t current_leader_epoch)
{
    if (current_leader_epoch < 0 || current_leader_epoch == partition->leader_epoch) {
        return EPOCH_CURRENT;
    }
    return current_leader_epoch < partition->leader_epoch ? EPOCH_FENCED : EPOCH_UNKNOWN;
}

bool partition_has_enough_replicas(const struct partition *partition)
{
    return partition->in_sync_count >=
           effective_min_insync(partition->min_insync_replicas, partition->replicas_count);
}

bool partition_wait(struct partition *partition, struct produce_waiter *waiter, bool committed)
{
    int64_t reached = committed ? partition_log_high_watermark(partition->log)
                                : partition_log_flushed_offset(partition->log);
    if (waiter->end_offset <= reached) {
        return false;
    }
    struct list *list = committed ? &partition->waiting_for_commit : &partition->waiting_for_flush;

    /* Nearly always the last place: only the answer to a duplicate waits for an older offset. */
    struct list_node *place = list->head.previous;
    while (place != &list->head &&
           CONTAINER_OF(place, struct produce_waiter, node)->end_offset > waiter->end_offset) {
        place = place->previous;
    }
    list_add_before(place->next, &waiter->node);
    return true;
}

void produce_waiter_cancel(struct produce_waiter *waiter)
{
    if (list_contains_node(&waiter->node)) {
        list_remove(&waiter->node);
    }
}

void partition_watch(struct partition *partition, struct fetch_watcher *watcher)
{
    list_add_last(&partition->fetch_watchers, &watcher->node);
}

void fetch_watcher_cancel(struct fetch_watcher *watcher)
{
    if (list_contains_node(&watcher->node)) {
        list_remove(&watcher->node);
    }
}

void partition_flushed(struct partition *partition)
{
    ASSERT(partition->log != NULL);
    int64_t flushed_offset = partition_log_flushed_offset(partition->log);
    /* The in-sync list names this broker first whenever it is in it. */
    if (partition->is_leader && partition->in_sync_count > 0) {
        partition->in_sync[0].flushed_offset = flushed_offset;
    }
    tell_produces(&partition->waiting_for_flush, flushed_offset, WAIT_SATISFIED);
    advance(partition);
}

void partition_fail(struct partition *partition)
{
    partition->state = PARTITION_OFFLINE;
    partition_release_waiters(partition, WAIT_STORAGE_FAILED);
}

void partition_release_waiters(struct partition *partition, enum wait_outcome outcome)
{
    tell_produces(&partition->waiting_for_flush, INT64_MAX, outcome);
    tell_produces(&partition->waiting_for_commit, INT64_MAX, outcome);
    tell_watchers(partition);
}

int64_t partition_visible_end(const struct partition *partition, bool read_committed)
{
    return read_committed ? partition_log_last_stable_offset(partition->log)
                          : partition_log_high_watermark(partition->log);
}
