/* A request about many partitions that each shard can answer at once: the common part of
 * ListOffsets, OffsetForLeaderEpoch, DeleteRecords, DescribeProducers and their like.
 *
 * The handler adds an item per partition; each is run on the shard that owns the partition;
 * finish() is called at home when all have run. */
#ifndef BROKER_HANDLERS_PARTITION_WORK_H
#define BROKER_HANDLERS_PARTITION_WORK_H

#include "broker/api/fan_out.h"

struct partition_item {
    struct partition_item *next;
    struct uuid topic_id;
    int32_t index;
    const void *asked;           /* What the request says of the partition; borrowed. */
    void *answer;                /* What the response will say; written by run(). */
    struct broker_shard *broker; /* The shard that runs it. */
    struct fan_out *fan_out;
};

/* Answers one item. `partition` is NULL when this broker does not have it. Must not allocate from
 * the call's arena: it may run beside the home shard. */
typedef void partition_run_fn(struct partition_item *item, struct partition *partition);

/* At home, after all items: responds. */
typedef void partition_finish_fn(struct api_call *call);

struct partition_work;

/* No items yet, from the call's arena; NULL when that is exhausted. Sets nothing in the call. */
struct partition_work *partition_work_create(struct api_call *call, partition_run_fn *run,
                                             partition_finish_fn *finish);

/* False when the arena is exhausted. The partition must be one of the topic's. */
MUST_USE bool partition_work_add(struct partition_work *work, const struct topic_image *topic,
                                 int32_t index, const void *asked, void *answer);

/* Runs all items; finish() may be called before this returns. */
void partition_work_start(struct partition_work *work);

/* KAFKA_NONE when `partition` is led by this broker, at the epoch that the client knows (-1: any),
 * and its log can be used; else the error to answer with. */
int16_t partition_check_leader(const struct partition *partition, int32_t current_leader_epoch);

#endif /* BROKER_HANDLERS_PARTITION_WORK_H */
