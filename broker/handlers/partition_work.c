#include "broker/handlers/partition_work.h"

#include "broker/api/api_error.h"

/* The items of one shard. */
struct partition_batch {
    struct partition_work *work;
    struct partition_item *first;
    struct partition_item *last;
};

struct partition_work {
    struct fan_out *fan_out;
    partition_run_fn *run;
    partition_finish_fn *finish;
    struct partition_batch *batches; /* By shard. */
};

static void run_part(struct fan_out_part *part)
{
    struct partition_batch *batch = part->work;
    for (struct partition_item *item = batch->first; item != NULL; item = item->next) {
        item->broker = part->broker;
        batch->work->run(
            item, partition_table_find(part->broker->partitions, item->topic_id, item->index));
    }
    fan_out_part_done(part);
}

static void finish(struct fan_out *fan_out)
{
    for (unsigned i = 0; i < fan_out->parts_count; i++) {
        struct partition_batch *batch = fan_out->parts[i].work;
        if (batch != NULL) {
            batch->work->finish(fan_out->call);
            return;
        }
    }
}

struct partition_work *partition_work_create(struct api_call *call, partition_run_fn *run,
                                             partition_finish_fn *finish_work)
{
    struct partition_work *work = arena_allocate(&call->arena, sizeof *work);
    struct fan_out *fan_out = fan_out_create(call, run_part, finish);
    if (work == NULL || fan_out == NULL) {
        return NULL;
    }
    work->fan_out = fan_out;
    work->run = run;
    work->finish = finish_work;
    work->batches = arena_allocate_array(&call->arena, fan_out->parts_count, sizeof *work->batches);
    return work->batches == NULL ? NULL : work;
}

bool partition_work_add(struct partition_work *work, const struct topic_image *topic, int32_t index,
                        const void *asked, void *answer)
{
    struct api_call *call = work->fan_out->call;
    struct partition_item *item = arena_allocate(&call->arena, sizeof *item);
    if (item == NULL) {
        return false;
    }
    unsigned shard = broker_shard_of_partition(call->broker, topic->id, index);
    struct partition_batch *batch = &work->batches[shard];
    batch->work = work;
    work->fan_out->parts[shard].work = batch;
    item->topic_id = topic->id;
    item->index = index;
    item->asked = asked;
    item->answer = answer;
    item->fan_out = work->fan_out;
    if (batch->last == NULL) {
        batch->first = item;
    } else {
        batch->last->next = item;
    }
    batch->last = item;
    return true;
}

void partition_work_start(struct partition_work *work)
{
    for (unsigned i = 0; i < work->fan_out->parts_count; i++) {
        if (work->fan_out->parts[i].work != NULL) {
            fan_out_start(work->fan_out);
            return;
        }
    }
    work->finish(work->fan_out->call);
}

int16_t partition_check_leader(const struct partition *partition, int32_t current_leader_epoch)
{
    if (partition == NULL) {
        return KAFKA_NOT_LEADER_OR_FOLLOWER;
    }
    int16_t error_code = api_error_of_epoch(partition_check_epoch(partition, current_leader_epoch));
    if (error_code != KAFKA_NONE) {
        return error_code;
    }
    if (!partition->is_leader) {
        return KAFKA_NOT_LEADER_OR_FOLLOWER;
    }
    return partition->state == PARTITION_READY ? KAFKA_NONE : KAFKA_KAFKA_STORAGE_ERROR;
}
