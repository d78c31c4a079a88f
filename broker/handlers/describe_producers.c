/* DescribeProducers (61): the producers that a partition remembers, for `--describe` of tools that
 * look for hanging transactions (KIP-664). */
#include "proto/generated/describe_producers.h"
#include "broker/api/api_error.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_work.h"

/* Producers that are told of one partition. */
#define PRODUCERS_DESCRIBED_MAX 1000

/* Room is made at home before the shards are asked, because they cannot allocate there. */
struct producers_answer {
    struct describe_producers_response_partition *answer;
    struct producer_description *descriptions;
};

static void run(struct partition_item *item, struct partition *partition)
{
    struct producers_answer *room = item->answer;
    struct describe_producers_response_partition *answer = room->answer;
    answer->error_code = partition_check_leader(partition, -1);
    if (answer->error_code != KAFKA_NONE) {
        return;
    }
    size_t count = 0;
    size_t total = 0;
    partition_log_describe_producers(partition->log, room->descriptions, PRODUCERS_DESCRIBED_MAX,
                                     &count, &total);
    for (size_t i = 0; i < count; i++) {
        const struct producer_description *producer = &room->descriptions[i];
        struct describe_producers_response_producer_state *state =
            &answer->active_producers.items[i];
        describe_producers_response_producer_state_init(state);
        state->producer_id = producer->producer_id;
        state->producer_epoch = producer->producer_epoch;
        state->last_sequence = producer->last_sequence;
        state->last_timestamp = producer->last_timestamp_ms;
        state->coordinator_epoch = producer->coordinator_epoch;
        state->current_txn_start_offset = producer->current_transaction_start_offset;
    }
    answer->active_producers.count = count;
}

static void finish(struct api_call *call)
{
    api_call_respond(call, call->handler_state);
}

static bool add(struct api_call *call, struct partition_work *work, const struct topic_image *image,
                int32_t index, struct describe_producers_response_partition *answer)
{
    describe_producers_response_partition_init(answer);
    answer->partition_index = index;
    if (image == NULL || index < 0 || (size_t)index >= image->partitions_count) {
        answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        return true;
    }
    struct producers_answer *room = arena_allocate(&call->arena, sizeof *room);
    if (room == NULL) {
        return false;
    }
    room->answer = answer;
    room->descriptions =
        arena_allocate_array(&call->arena, PRODUCERS_DESCRIBED_MAX, sizeof *room->descriptions);
    answer->active_producers.items = arena_allocate_array(&call->arena, PRODUCERS_DESCRIBED_MAX,
                                                          sizeof *answer->active_producers.items);
    return room->descriptions != NULL && answer->active_producers.items != NULL &&
           partition_work_add(work, image, index, NULL, room);
}

static bool prepare_topic(struct api_call *call, struct partition_work *work,
                          const struct describe_producers_request_topic *asked,
                          struct describe_producers_response_topic *topic)
{
    const struct topic_image *image = metadata_image_topic(call->broker->image, asked->name);
    size_t count = asked->partition_indexes.count;
    describe_producers_response_topic_init(topic);
    topic->name = asked->name;
    topic->partitions.count = count;
    topic->partitions.items =
        arena_allocate_array(&call->arena, count, sizeof *topic->partitions.items);
    if (topic->partitions.items == NULL) {
        return false;
    }
    for (size_t p = 0; p < count; p++) {
        if (!add(call, work, image, asked->partition_indexes.items[p],
                 &topic->partitions.items[p])) {
            return false;
        }
    }
    return true;
}

void handle_describe_producers(struct api_call *call)
{
    struct describe_producers_request request;
    struct describe_producers_response *response = arena_allocate(&call->arena, sizeof *response);
    if (response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = response;
    if (!api_call_decode(call, &request)) {
        return;
    }
    describe_producers_response_init(response);
    struct partition_work *work = partition_work_create(call, run, finish);
    response->topics.count = request.topics.count;
    response->topics.items =
        arena_allocate_array(&call->arena, request.topics.count, sizeof *response->topics.items);
    bool prepared = work != NULL && response->topics.items != NULL;
    for (size_t t = 0; prepared && t < request.topics.count; t++) {
        prepared = prepare_topic(call, work, &request.topics.items[t], &response->topics.items[t]);
    }
    if (!prepared) {
        api_call_reject_no_memory(call);
        return;
    }
    partition_work_start(work);
}
