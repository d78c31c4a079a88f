/* Produce (0): appends one batch per partition, and answers when it is as safe as `acks` asks.
 *
 *     home:  decode -> one item per partition, hung on the shard that owns it
 *     part:  append each item -> wait until flushed (acks=1) or committed (acks=-1), or time-out
 *     home:  all parts done -> response in the grouping of the request
 *
 * When no buffer is free the item is parked behind those parked before it, and appended after a
 * flush round: the client feels back-pressure, not an error. */
#include "broker/handlers/handlers.h"

#include <stdlib.h>

#include "base/assert.h"
#include "broker/api/api_error.h"
#include "broker/api/cluster_view.h"
#include "broker/api/fan_out.h"
#include "broker/handlers/parked_appends.h"
#include "broker/metrics/metrics.h"
#include "proto/generated/produce.h"

#define PRODUCE_VERSION_ZSTD_MIN                 7
#define PRODUCE_VERSION_TOPIC_ID_MIN             13
#define PRODUCE_VERSION_IMPLICIT_TRANSACTION_MIN 12
#define PRODUCE_TIMEOUT_MS_MAX                   (60 * 60 * 1000)

#define ACKS_ALL    (-1)
#define ACKS_NONE   0
#define ACKS_LEADER 1

/* What one shard has to do for the request. */
struct produce_part {
    struct fan_out_part *part;
    struct produce_item *first;
    struct produce_item *last;
    struct shard_timer timer;
    unsigned unfinished_count; /* Items that are parked or wait. */
    bool is_starting;
};

struct produce_item {
    struct produce_item *next;
    struct produce_part *part;
    struct uuid topic_id;
    struct text topic;
    struct bytes records;
    struct produce_response_partition *answer;
    struct produce_waiter waiter;
    struct parked_append parked;
    struct append_result *refusal; /* Allocated; NULL unless the batch was refused. */
};

struct produce_call {
    struct produce_request request;
    struct produce_response response;
    struct fan_out *fan_out;
};

static struct produce_call *call_of(struct produce_part *part)
{
    return part->part->fan_out->call->handler_state;
}

static void item_done(struct produce_item *item, int16_t error_code)
{
    struct produce_part *part = item->part;
    item->answer->error_code = error_code;
    if (error_code != KAFKA_NONE) {
        item->answer->base_offset = -1;
        item->answer->log_append_time_ms = -1;
    }
    ASSERT(part->unfinished_count > 0);
    if (--part->unfinished_count == 0 && !part->is_starting) {
        shard_timer_stop(part->part->broker->shard, &part->timer);
        fan_out_part_done(part->part);
    }
}

static void waited(struct produce_waiter *waiter, enum wait_outcome outcome)
{
    item_done(CONTAINER_OF(waiter, struct produce_item, waiter), api_error_of_wait(outcome));
}

static void timed_out(struct shard *shard, struct shard_timer *timer)
{
    (void)shard;
    struct produce_part *part = CONTAINER_OF(timer, struct produce_part, timer);
    for (struct produce_item *item = part->first; item != NULL;) {
        struct produce_item *next = item->next;
        bool last = part->unfinished_count == 1;
        if (list_contains_node(&item->waiter.node)) {
            produce_waiter_cancel(&item->waiter);
        } else if (!parked_append_cancel(&item->parked)) {
            item = next;
            continue;
        }
        item_done(item, KAFKA_REQUEST_TIMED_OUT);
        if (last) {
            return; /* The part, and all its items, may be gone. */
        }
        item = next;
    }
}

/* What is wrong with a batch, kept until home puts it into the answer: the call's arena belongs to
 * the home shard. Without memory for it the code alone says enough. */
static void keep_refusal(struct produce_item *item, const struct append_result *result)
{
    item->refusal = malloc(sizeof *item->refusal);
    if (item->refusal != NULL) {
        *item->refusal = *result;
    }
}

static void report_refusal(struct arena *arena, struct produce_item *item)
{
    struct produce_response_partition *answer = item->answer;
    const struct append_result *refusal = item->refusal;
    answer->error_message = arena_format(arena, "%s", refusal->error.text);
    answer->record_errors.items = arena_allocate_array(arena, refusal->record_errors_count,
                                                       sizeof *answer->record_errors.items);
    for (unsigned i = 0; answer->record_errors.items != NULL && i < refusal->record_errors_count;
         i++) {
        struct produce_response_batch_index_and_error_message *entry =
            &answer->record_errors.items[answer->record_errors.count++];
        entry->batch_index = refusal->record_errors[i].batch_index;
        entry->batch_index_error_message = text_of(refusal->record_errors[i].message);
    }
    free(item->refusal);
    item->refusal = NULL;
}

/* At home, when all parts are done. */
static void report_refusals(struct fan_out *fan_out)
{
    for (unsigned i = 0; i < fan_out->parts_count; i++) {
        const struct produce_part *part = fan_out->parts[i].work;
        for (struct produce_item *item = part == NULL ? NULL : part->first; item != NULL;
             item = item->next) {
            if (item->refusal != NULL) {
                report_refusal(&fan_out->call->arena, item);
            }
        }
    }
}

/* Appends and answers, or starts to wait. False when the item has to be parked. */
static bool append(struct produce_item *item, struct partition *partition)
{
    struct produce_part *part = item->part;
    struct broker_shard *broker = part->part->broker;
    const struct api_call *call = part->part->fan_out->call;
    int16_t acks = call_of(part)->request.acks;
    struct append_request request = {
        .batches = item->records,
        .origin = APPEND_FROM_CLIENT,
        .leader_epoch = partition->leader_epoch,
        .now_ms = shard_wall_ms(broker->shard),
        .zstd_allowed = call->header.request_api_version >= PRODUCE_VERSION_ZSTD_MIN,
        .requires_sequence_zero = false,
    };
    struct append_result result;
    partition_log_append(partition->log, &request, &result);
    if (result.decision == APPEND_BUSY) {
        return false;
    }

    struct produce_response_partition *answer = item->answer;
    answer->log_start_offset = partition_log_start_offset(partition->log);
    answer->base_offset = result.base_offset;
    answer->log_append_time_ms = result.log_append_time_ms;
    int16_t error_code = api_error_of_append(result.decision);
    if (error_code != KAFKA_NONE) {
        keep_refusal(item, &result);
        metrics_add(broker->metrics, METRIC_PRODUCE_FAILED, 1);
        item_done(item, error_code);
        return true;
    }
    shard_run_at_turn_end(broker->shard, &broker->flush_hook);
    if (result.decision == APPEND_ACCEPTED) {
        metrics_add(broker->metrics, METRIC_MESSAGES_IN,
                    (uint64_t)(result.last_offset - result.base_offset + 1));
        metrics_add(broker->metrics, METRIC_BYTES_IN, item->records.size);
    }
    item->waiter.end_offset = result.last_offset + 1;
    item->waiter.done = waited;
    if (acks == ACKS_NONE || !partition_wait(partition, &item->waiter, acks == ACKS_ALL)) {
        item_done(item, KAFKA_NONE);
    }
    return true;
}

static void append_or_refuse(struct produce_item *item, bool may_park)
{
    struct produce_part *part = item->part;
    struct broker_shard *broker = part->part->broker;
    struct partition *partition =
        partition_table_find(broker->partitions, item->topic_id, item->answer->index);
    if (partition == NULL || !partition->is_leader) {
        item_done(item, KAFKA_NOT_LEADER_OR_FOLLOWER);
    } else if (partition->state != PARTITION_READY) {
        item_done(item, KAFKA_KAFKA_STORAGE_ERROR);
    } else if (call_of(part)->request.acks == ACKS_ALL &&
               !partition_has_enough_replicas(partition)) {
        item_done(item, KAFKA_NOT_ENOUGH_REPLICAS);
    } else if (may_park && parked_appends_exist(broker)) {
        parked_append_add(broker, &item->parked);
    } else if (!append(item, partition)) {
        parked_append_add(broker, &item->parked);
        /* Not when it is tried again: the hook is what tries. */
        shard_run_at_turn_end(broker->shard, &broker->flush_hook);
    }
}

static bool try_parked(struct parked_append *parked)
{
    struct produce_item *item = CONTAINER_OF(parked, struct produce_item, parked);
    struct broker_shard *broker = item->part->part->broker;
    struct partition *partition =
        partition_table_find(broker->partitions, item->topic_id, item->answer->index);
    if (partition == NULL || partition->state != PARTITION_READY || !partition->is_leader) {
        item_done(item, KAFKA_NOT_LEADER_OR_FOLLOWER);
        return true;
    }
    return append(item, partition);
}

static void run_part(struct fan_out_part *fan_out_part)
{
    struct produce_part *part = fan_out_part->work;
    struct shard *shard = fan_out_part->broker->shard;
    part->is_starting = true;
    for (struct produce_item *item = part->first; item != NULL; item = item->next) {
        item->parked.try_again = try_parked;
        append_or_refuse(item, true);
    }
    part->is_starting = false;
    if (part->unfinished_count == 0) {
        fan_out_part_done(fan_out_part);
        return;
    }
    int64_t timeout_ms = call_of(part)->request.timeout_ms;
    timeout_ms = timeout_ms < 0 ? 0 : timeout_ms;
    timeout_ms = timeout_ms > PRODUCE_TIMEOUT_MS_MAX ? PRODUCE_TIMEOUT_MS_MAX : timeout_ms;
    /* Without memory for a timer the request waits for its flush, however long that takes. */
    status_ignore(
        shard_timer_start(shard, &part->timer, shard_now_us(shard) + timeout_ms * 1000, timed_out));
}

static void fill_in_leader_hints(struct api_call *call, struct produce_call *produce)
{
    bool needed = false;
    for (size_t t = 0; t < produce->response.responses.count; t++) {
        struct produce_response_topic *topic = &produce->response.responses.items[t];
        for (size_t p = 0; p < topic->partition_responses.count; p++) {
            struct produce_response_partition *answer = &topic->partition_responses.items[p];
            if (answer->error_code == KAFKA_NOT_LEADER_OR_FOLLOWER) {
                needed |= cluster_view_leader(call, topic->name, topic->topic_id, answer->index,
                                              &answer->current_leader.leader_id,
                                              &answer->current_leader.leader_epoch);
            }
        }
    }
    size_t count = 0;
    const struct cluster_node *nodes = needed ? cluster_view_nodes(call, &count) : NULL;
    produce->response.node_endpoints.items =
        arena_allocate_array(&call->arena, count, sizeof *produce->response.node_endpoints.items);
    if (produce->response.node_endpoints.items == NULL) {
        return;
    }
    produce->response.node_endpoints.count = count;
    for (size_t i = 0; i < count; i++) {
        struct produce_response_node_endpoint *endpoint =
            &produce->response.node_endpoints.items[i];
        endpoint->node_id = nodes[i].id;
        endpoint->host = nodes[i].host;
        endpoint->port = nodes[i].port;
        endpoint->rack = nodes[i].rack;
    }
}

static bool any_error(const struct produce_response *response)
{
    for (size_t t = 0; t < response->responses.count; t++) {
        const struct produce_response_topic *topic = &response->responses.items[t];
        for (size_t p = 0; p < topic->partition_responses.count; p++) {
            if (topic->partition_responses.items[p].error_code != KAFKA_NONE) {
                return true;
            }
        }
    }
    return false;
}

static void finish(struct fan_out *fan_out)
{
    struct api_call *call = fan_out->call;
    struct produce_call *produce = call->handler_state;
    bool failed = any_error(&produce->response);
    report_refusals(fan_out);
    if (produce->request.acks == ACKS_NONE) {
        /* No answer is expected. Closing is the only way to tell the client that its metadata is
         * out of date. */
        if (failed) {
            struct error error;
            status_ignore(error_set(&error, STATUS_INVALID, "produce with acks=0 failed"));
            api_call_reject(call, &error);
        } else {
            api_call_complete_silently(call);
        }
        return;
    }
    if (failed) {
        fill_in_leader_hints(call, produce);
    }
    api_call_respond(call, &produce->response);
}

/* What is wrong with a topic before any of its partitions is looked at. */
static int16_t check_topic(const struct api_call *call, const struct produce_request *request,
                           const struct produce_request_topic *topic,
                           const struct topic_image **image)
{
    bool by_id = call->header.request_api_version >= PRODUCE_VERSION_TOPIC_ID_MIN;
    *image = by_id ? metadata_image_topic_by_id(call->broker->image, topic->topic_id)
                   : metadata_image_topic(call->broker->image, topic->name);
    if (request->acks < ACKS_ALL || request->acks > ACKS_LEADER) {
        return KAFKA_INVALID_REQUIRED_ACKS;
    }
    if (*image == NULL) {
        return by_id ? KAFKA_UNKNOWN_TOPIC_ID : KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    }
    if ((*image)->is_internal &&
        !text_equal(call->header.client_id, TEXT_LITERAL("__admin_client"))) {
        return KAFKA_INVALID_TOPIC_EXCEPTION;
    }
    return KAFKA_NONE;
}

static struct produce_part *part_of(struct api_call *call, struct fan_out *fan_out,
                                    struct uuid topic_id, int32_t index)
{
    struct fan_out_part *fan_out_part =
        &fan_out->parts[broker_shard_of_partition(call->broker, topic_id, index)];
    if (fan_out_part->work == NULL) {
        struct produce_part *part = arena_allocate(&call->arena, sizeof *part);
        if (part == NULL) {
            return NULL;
        }
        part->part = fan_out_part;
        fan_out_part->work = part;
    }
    return fan_out_part->work;
}

static bool add_item(struct api_call *call, struct fan_out *fan_out,
                     const struct topic_image *topic,
                     const struct produce_request_partition *partition,
                     struct produce_response_partition *answer)
{
    if (partition->index < 0 || (size_t)partition->index >= topic->partitions_count) {
        answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        return true;
    }
    if (partition->records.data == NULL) {
        answer->error_code = KAFKA_INVALID_RECORD;
        return true;
    }
    struct produce_item *item = arena_allocate(&call->arena, sizeof *item);
    struct produce_part *part = part_of(call, fan_out, topic->id, partition->index);
    if (item == NULL || part == NULL) {
        return false;
    }
    item->part = part;
    item->topic_id = topic->id;
    item->topic = topic->name;
    item->records = partition->records;
    item->answer = answer;
    part->unfinished_count++;
    if (part->last == NULL) {
        part->first = item;
    } else {
        part->last->next = item;
    }
    part->last = item;
    return true;
}

static bool prepare_topic(struct api_call *call, struct produce_call *produce,
                          const struct produce_request_topic *topic,
                          struct produce_response_topic *answers)
{
    const struct topic_image *image = NULL;
    int16_t error_code = check_topic(call, &produce->request, topic, &image);
    size_t count = topic->partition_data.count;
    answers->name = topic->name;
    answers->topic_id = topic->topic_id;
    answers->partition_responses.items =
        arena_allocate_array(&call->arena, count, sizeof *answers->partition_responses.items);
    if (answers->partition_responses.items == NULL) {
        return false;
    }
    answers->partition_responses.count = count;
    for (size_t i = 0; i < count; i++) {
        const struct produce_request_partition *partition = &topic->partition_data.items[i];
        struct produce_response_partition *answer = &answers->partition_responses.items[i];
        produce_response_partition_init(answer);
        answer->index = partition->index;
        answer->error_code = error_code;
        answer->base_offset = -1;
        if (error_code == KAFKA_NONE &&
            !add_item(call, produce->fan_out, image, partition, answer)) {
            return false;
        }
    }
    return true;
}

static bool prepare(struct api_call *call, struct produce_call *produce)
{
    size_t count = produce->request.topic_data.count;
    produce->fan_out = fan_out_create(call, run_part, finish);
    produce->response.responses.items =
        arena_allocate_array(&call->arena, count, sizeof *produce->response.responses.items);
    if (produce->fan_out == NULL || produce->response.responses.items == NULL) {
        return false;
    }
    produce->response.responses.count = count;
    for (size_t i = 0; i < count; i++) {
        struct produce_response_topic *answers = &produce->response.responses.items[i];
        produce_response_topic_init(answers);
        if (!prepare_topic(call, produce, &produce->request.topic_data.items[i], answers)) {
            return false;
        }
    }
    return true;
}

void handle_produce(struct api_call *call)
{
    struct produce_call *produce = arena_allocate(&call->arena, sizeof *produce);
    if (produce == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = produce;
    if (!api_call_decode(call, &produce->request)) {
        return;
    }
    produce_response_init(&produce->response);
    if (!prepare(call, produce)) {
        api_call_reject_no_memory(call);
        return;
    }
    fan_out_start(produce->fan_out);
}
