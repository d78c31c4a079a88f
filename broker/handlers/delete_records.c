/* DeleteRecords (21): moves the start of a partition forward; -1 means up to the high watermark.
 * Answers the new start (low watermark). With more replicas it would wait until all live ones have
 * followed. */
#include "proto/generated/delete_records.h"
#include "broker/api/api_error.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_work.h"

#define OFFSET_HIGH_WATERMARK (-1)

static void run(struct partition_item *item, struct partition *partition)
{
    const struct delete_records_request_partition *asked = item->asked;
    struct delete_records_response_partition *answer = item->answer;
    answer->error_code = partition_check_leader(partition, -1);
    if (answer->error_code != KAFKA_NONE) {
        return;
    }
    if ((partition_log_config(partition->log)->cleanup_policy & CLEANUP_DELETE) == 0) {
        answer->error_code = KAFKA_POLICY_VIOLATION;
        return;
    }
    int64_t offset = asked->offset == OFFSET_HIGH_WATERMARK
                         ? partition_log_high_watermark(partition->log)
                         : asked->offset;
    struct error error;
    enum status status = offset < 0
                             ? STATUS_OUT_OF_RANGE
                             : partition_log_set_start_offset(partition->log, offset, &error);
    answer->error_code = api_error_of_read(status);
    if (status == STATUS_OK) {
        answer->low_watermark = partition_log_start_offset(partition->log);
    }
}

static void finish(struct api_call *call)
{
    api_call_respond(call, call->handler_state);
}

static bool prepare_topic(struct api_call *call, struct partition_work *work,
                          const struct delete_records_request_topic *asked,
                          struct delete_records_response_topic *topic)
{
    const struct topic_image *image = metadata_image_topic(call->broker->image, asked->name);
    size_t count = asked->partitions.count;
    delete_records_response_topic_init(topic);
    topic->name = asked->name;
    topic->partitions.count = count;
    topic->partitions.items =
        arena_allocate_array(&call->arena, count, sizeof *topic->partitions.items);
    if (topic->partitions.items == NULL) {
        return false;
    }
    for (size_t p = 0; p < count; p++) {
        struct delete_records_response_partition *answer = &topic->partitions.items[p];
        int32_t index = asked->partitions.items[p].partition_index;
        delete_records_response_partition_init(answer);
        answer->partition_index = index;
        answer->low_watermark = -1;
        if (image == NULL || index < 0 || (size_t)index >= image->partitions_count) {
            answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        } else if (image->is_internal) {
            answer->error_code = KAFKA_INVALID_TOPIC_EXCEPTION;
        } else if (!partition_work_add(work, image, index, &asked->partitions.items[p], answer)) {
            return false;
        }
    }
    return true;
}

void handle_delete_records(struct api_call *call)
{
    struct delete_records_request request;
    struct delete_records_response *response = arena_allocate(&call->arena, sizeof *response);
    if (response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = response;
    if (!api_call_decode(call, &request)) {
        return;
    }
    delete_records_response_init(response);
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
