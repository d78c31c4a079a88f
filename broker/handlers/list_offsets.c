/* ListOffsets (2): where a partition starts and ends, and which record was first at a time.
 *
 * «latest» is what the reader may see: the high watermark, or the last stable offset for
 * read_committed. Nothing at or after a time is offset -1 without an error. Tiered storage does
 * not exist here, so the earliest local offset is the log's start, and nothing is tiered. */
#include "proto/generated/list_offsets.h"
#include "broker/api/api_error.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_work.h"

#define TIMESTAMP_LATEST           (-1)
#define TIMESTAMP_EARLIEST         (-2)
#define TIMESTAMP_MAX              (-3)
#define TIMESTAMP_EARLIEST_LOCAL   (-4)
#define TIMESTAMP_LATEST_TIERED    (-5)
#define TIMESTAMP_EARLIEST_PENDING (-6)

/* The version from which a special timestamp may be asked for. */
static int16_t version_needed(int64_t timestamp)
{
    switch (timestamp) {
    case TIMESTAMP_MAX:
        return 7;
    case TIMESTAMP_EARLIEST_LOCAL:
        return 8;
    case TIMESTAMP_LATEST_TIERED:
        return 9;
    case TIMESTAMP_EARLIEST_PENDING:
        return 11;
    default:
        return timestamp < TIMESTAMP_EARLIEST_PENDING ? INT16_MAX : 0;
    }
}

static void answer_with(struct list_offsets_response_partition *answer,
                        const struct partition *partition, int64_t offset)
{
    answer->offset = offset;
    answer->leader_epoch = partition_log_epoch_at(partition->log, offset);
    if (answer->leader_epoch < 0) {
        /* Nothing has been written there: the epoch in which it will be. */
        answer->leader_epoch = partition->leader_epoch;
    }
}

static void search(struct list_offsets_response_partition *answer,
                   const struct partition *partition, int64_t timestamp, int64_t upper_offset)
{
    struct timestamped_offset found = {.offset = -1, .timestamp_ms = -1, .leader_epoch = -1};
    struct error error;
    enum status status =
        timestamp == TIMESTAMP_MAX
            ? partition_log_max_timestamp(partition->log, upper_offset, true, &found, &error)
            : partition_log_offset_for_time(partition->log, timestamp, upper_offset, true, &found,
                                            &error);
    answer->error_code = api_error_of_read(status);
    if (status == STATUS_OK) {
        answer->offset = found.offset;
        answer->timestamp = found.timestamp_ms;
        answer->leader_epoch = found.leader_epoch;
    }
}

static void run(struct partition_item *item, struct partition *partition)
{
    const struct list_offsets_request_partition *asked = item->asked;
    struct list_offsets_response_partition *answer = item->answer;
    const struct list_offsets_request *request = item->fan_out->call->handler_state;
    answer->error_code = partition_check_leader(partition, asked->current_leader_epoch);
    if (answer->error_code != KAFKA_NONE) {
        return;
    }
    int64_t upper_offset = partition_visible_end(partition, request->isolation_level == 1);
    switch (asked->timestamp) {
    case TIMESTAMP_LATEST:
        answer_with(answer, partition, upper_offset);
        break;
    case TIMESTAMP_EARLIEST:
    case TIMESTAMP_EARLIEST_LOCAL:
        answer_with(answer, partition, partition_log_start_offset(partition->log));
        break;
    case TIMESTAMP_LATEST_TIERED:
    case TIMESTAMP_EARLIEST_PENDING:
        break;
    default:
        search(answer, partition, asked->timestamp, upper_offset);
    }
}

struct list_offsets_call {
    struct list_offsets_request request; /* First: run() reads it. */
    struct list_offsets_response response;
};

static void finish(struct api_call *call)
{
    struct list_offsets_call *state = call->handler_state;
    api_call_respond(call, &state->response);
}

static bool is_repeated(const struct list_offsets_request *request, size_t topic_index,
                        size_t partition_index)
{
    const struct list_offsets_request_topic *topic = &request->topics.items[topic_index];
    int32_t partition = topic->partitions.items[partition_index].partition_index;
    for (size_t t = 0; t <= topic_index; t++) {
        const struct list_offsets_request_topic *other = &request->topics.items[t];
        size_t end = t == topic_index ? partition_index : other->partitions.count;
        for (size_t p = 0; p < end && text_equal(other->name, topic->name); p++) {
            if (other->partitions.items[p].partition_index == partition) {
                return true;
            }
        }
    }
    return false;
}

static bool add(struct api_call *call, struct partition_work *work, size_t topic_index,
                size_t partition_index, struct list_offsets_response_partition *answer)
{
    const struct list_offsets_request *request = call->handler_state;
    const struct list_offsets_request_topic *topic = &request->topics.items[topic_index];
    const struct list_offsets_request_partition *asked = &topic->partitions.items[partition_index];
    const struct topic_image *image = metadata_image_topic(call->broker->image, topic->name);
    list_offsets_response_partition_init(answer);
    answer->partition_index = asked->partition_index;
    if (image == NULL || asked->partition_index < 0 ||
        (size_t)asked->partition_index >= image->partitions_count) {
        answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    } else if (is_repeated(request, topic_index, partition_index)) {
        answer->error_code = KAFKA_INVALID_REQUEST;
    } else if (call->header.request_api_version < version_needed(asked->timestamp)) {
        answer->error_code = KAFKA_UNSUPPORTED_VERSION;
    } else {
        return partition_work_add(work, image, asked->partition_index, asked, answer);
    }
    return true;
}

static bool prepare(struct api_call *call, struct list_offsets_call *state,
                    struct partition_work *work)
{
    size_t count = state->request.topics.count;
    struct list_offsets_response_topic *topics =
        arena_allocate_array(&call->arena, count, sizeof *topics);
    if (work == NULL || topics == NULL) {
        return false;
    }
    state->response.topics.items = topics;
    state->response.topics.count = count;
    for (size_t t = 0; t < count; t++) {
        const struct list_offsets_request_topic *asked = &state->request.topics.items[t];
        list_offsets_response_topic_init(&topics[t]);
        topics[t].name = asked->name;
        topics[t].partitions.count = asked->partitions.count;
        topics[t].partitions.items = arena_allocate_array(&call->arena, asked->partitions.count,
                                                          sizeof *topics[t].partitions.items);
        if (topics[t].partitions.items == NULL) {
            return false;
        }
        for (size_t p = 0; p < asked->partitions.count; p++) {
            if (!add(call, work, t, p, &topics[t].partitions.items[p])) {
                return false;
            }
        }
    }
    return true;
}

void handle_list_offsets(struct api_call *call)
{
    struct list_offsets_call *state = arena_allocate(&call->arena, sizeof *state);
    if (state == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = state;
    if (!api_call_decode(call, &state->request)) {
        return;
    }
    list_offsets_response_init(&state->response);
    struct partition_work *work = partition_work_create(call, run, finish);
    if (!prepare(call, state, work)) {
        api_call_reject_no_memory(call);
        return;
    }
    partition_work_start(work);
}
