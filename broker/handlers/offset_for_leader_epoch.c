/* OffsetForLeaderEpoch (23): where an epoch ended, by which a reader finds out that its history and
 * ours have parted (KIP-101, KIP-320). Answers the largest epoch that is not above the asked one;
 * -1, -1 without an error when none is known. */
#include "proto/generated/offset_for_leader_epoch.h"
#include "broker/api/api_error.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_work.h"

static void run(struct partition_item *item, struct partition *partition)
{
    const struct offset_for_leader_epoch_request_offset_for_leader_partition *asked = item->asked;
    struct offset_for_leader_epoch_response_epoch_end_offset *answer = item->answer;
    answer->error_code = partition_check_leader(partition, asked->current_leader_epoch);
    if (answer->error_code == KAFKA_NONE) {
        partition_log_end_of_epoch(partition->log, asked->leader_epoch, &answer->leader_epoch,
                                   &answer->end_offset);
    }
}

static void finish(struct api_call *call)
{
    api_call_respond(call, call->handler_state);
}

static bool
prepare_topic(struct api_call *call, struct partition_work *work,
              const struct offset_for_leader_epoch_request_offset_for_leader_topic *asked,
              struct offset_for_leader_epoch_response_offset_for_leader_topic *topic)
{
    const struct topic_image *image = metadata_image_topic(call->broker->image, asked->topic);
    size_t count = asked->partitions.count;
    offset_for_leader_epoch_response_offset_for_leader_topic_init(topic);
    topic->topic = asked->topic;
    topic->partitions.count = count;
    topic->partitions.items =
        arena_allocate_array(&call->arena, count, sizeof *topic->partitions.items);
    if (topic->partitions.items == NULL) {
        return false;
    }
    for (size_t p = 0; p < count; p++) {
        struct offset_for_leader_epoch_response_epoch_end_offset *answer =
            &topic->partitions.items[p];
        int32_t index = asked->partitions.items[p].partition;
        offset_for_leader_epoch_response_epoch_end_offset_init(answer);
        answer->partition = index;
        if (image == NULL || index < 0 || (size_t)index >= image->partitions_count) {
            answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        } else if (!partition_work_add(work, image, index, &asked->partitions.items[p], answer)) {
            return false;
        }
    }
    return true;
}

void handle_offset_for_leader_epoch(struct api_call *call)
{
    struct offset_for_leader_epoch_request request;
    struct offset_for_leader_epoch_response *response =
        arena_allocate(&call->arena, sizeof *response);
    if (response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = response;
    if (!api_call_decode(call, &request)) {
        return;
    }
    offset_for_leader_epoch_response_init(response);
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
