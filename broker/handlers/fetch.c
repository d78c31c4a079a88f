/* Fetch (1): reads whole batches from the partitions that are asked for; waits when there is too
 * little.
 *
 *     reading --enough, an error, or no more waiting--> done
 *        ^  '--too little--> waiting --a watched partition grew--.
 *        '-------------------------------------------------------'
 *                            waiting --time is up--> reading, for the last time
 *
 * Home decides; a part per shard reads its items in request order and watches their partitions
 * from the moment it has read them, so that nothing that grows meanwhile is missed. What is not in
 * memory is brought in through the disk queue before the part goes on. Requests from replicas
 * (replica id >= 0) are refused on client listeners. */
#include "broker/handlers/handlers.h"

#include "base/assert.h"
#include "broker/api/api_error.h"
#include "broker/api/cluster_view.h"
#include "broker/api/fan_out.h"
#include "broker/handlers/fetch_session.h"
#include "broker/metrics/metrics.h"

#define FETCH_VERSION_STORAGE_ERROR_MIN 6
#define FETCH_VERSION_TOPIC_ID_MIN      13
#define FETCH_VERSION_REPLICA_STATE_MIN 15
#define FETCH_WAIT_MS_MAX               (5 * 60 * 1000)
#define FETCH_ABORTED_TRANSACTIONS_MAX  65536u
#define FETCH_PART_ARENA_SIZE_MAX       (64u * 1024 * 1024)

/* A read of one partition is cut here even if the client would take more: its slices must fit into
 * the arena, and other clients want to be served. */
#define FETCH_READ_SIZE_MAX (8u * 1024 * 1024)

/* How often a partition's data is brought in from disk for one request before it is left out: its
 * indexes, headers, the batches, and their verification, each perhaps twice. */
#define FETCH_COLD_READS_MAX 8

struct fetch_part {
    struct fan_out_part *part;
    struct fetch_item *first;
    struct fetch_item *last;
    struct fetch_item *next_to_read;
    struct arena own_arena; /* Of a part away from home. */
    size_t bytes_read;
    size_t bytes_max;
    bool any_error;
    bool is_watching;
    bool has_read; /* The first non-empty partition was served. */
    struct shard_message progress;
    bool progress_posted; /* Since it began to watch; only its own shard looks at it. */
};

struct fetch_item {
    struct fetch_item *next;
    struct fetch_part *part;
    struct text topic;
    struct uuid topic_id;
    struct uuid image_topic_id;
    int32_t partition;
    int32_t current_leader_epoch;
    int32_t last_fetched_epoch;
    int64_t fetch_offset;
    int32_t partition_max_bytes;
    int16_t early_error; /* Known at home: the item is in no part. */
    struct fetch_item *next_in_request;

    struct fetch_response_partition answer; /* records.items is released after encoding. */
    struct slice *slices;                   /* What records.items points to; used again. */
    struct slice nothing;                   /* The same without records: clients take no null. */
    size_t slices_capacity;
    struct fetch_watcher watcher;
    struct partition *watched;
    struct disk_operation *cold;
    unsigned cold_reads_count;
    struct log_read_request cold_request;
    struct partition *pinned;
};

enum fetch_state { FETCH_READING, FETCH_WAITING, FETCH_UNWATCHING };

struct fetch_call {
    struct fetch_request request;
    struct fetch_response response;
    struct fan_out *fan_out;
    enum fetch_state state;
    struct fetch_item *first;
    struct fetch_item *last;
    size_t items_count;
    int32_t session_id;
    bool is_incremental;
    bool is_last_read; /* Answer whatever this read brings. */
    bool read_again;   /* Something grew while other parts were still reading. */
    struct shard_timer timer;
};

static struct fetch_call *call_of(const struct fetch_part *part)
{
    return part->part->fan_out->call->handler_state;
}

static bool reads_committed(const struct fetch_call *fetch)
{
    return fetch->request.isolation_level == 1;
}

static struct arena *arena_of(struct fetch_part *part)
{
    return fan_out_part_is_home(part->part) ? &part->part->fan_out->call->arena : &part->own_arena;
}

/* ---- watching ---- */

static void unwatch(struct fetch_part *part)
{
    for (struct fetch_item *item = part->first; item != NULL; item = item->next) {
        fetch_watcher_cancel(&item->watcher);
        item->watched = NULL;
    }
    part->is_watching = false;
}

static void go_on(struct fetch_call *fetch);

static void progress_at_home(struct fetch_part *part)
{
    struct fetch_call *fetch = call_of(part);
    if (fetch->state == FETCH_WAITING) {
        go_on(fetch);
    } else {
        fetch->read_again = true;
    }
}

static void progress_received(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    progress_at_home(CONTAINER_OF(message, struct fetch_part, progress));
}

/* With one shard at work the part sees all there is, and need not wake the request for less than
 * it waits for. */
static bool worth_waking(struct fetch_part *part)
{
    struct fetch_call *fetch = call_of(part);
    if (fetch->request.min_bytes <= 1 || part->part->fan_out->parts_count > 1) {
        return true;
    }
    uint64_t available = 0;
    for (struct fetch_item *item = part->first; item != NULL; item = item->next) {
        struct partition *partition = item->watched;
        if (partition == NULL || partition->state != PARTITION_READY || !partition->is_leader) {
            return true;
        }
        int64_t end = partition_visible_end(partition, reads_committed(fetch));
        if (item->fetch_offset < end) {
            available += partition_log_bytes_between(partition->log, item->fetch_offset, end);
        }
    }
    return available >= (uint64_t)fetch->request.min_bytes;
}

static void grown(struct fetch_watcher *watcher)
{
    struct fetch_item *item = CONTAINER_OF(watcher, struct fetch_item, watcher);
    struct fetch_part *part = item->part;
    if (!worth_waking(part)) {
        partition_watch(item->watched, watcher);
        return;
    }
    if (fan_out_part_is_home(part->part)) {
        unwatch(part);
        progress_at_home(part);
        return;
    }
    if (!part->progress_posted) {
        /* The watches stay until home says so: home frees the memory they are in. */
        part->progress_posted = true;
        part->progress.receive = progress_received;
        shard_post(part->part->fan_out->call->broker->shard, &part->progress);
    }
}

/* ---- reading, on the shard of the partition ---- */

static void item_failed(struct fetch_item *item, int16_t error_code)
{
    const struct api_call *call = item->part->part->fan_out->call;
    bool too_old = call->header.request_api_version < FETCH_VERSION_STORAGE_ERROR_MIN;
    if (error_code == KAFKA_KAFKA_STORAGE_ERROR && too_old) {
        error_code = KAFKA_NOT_LEADER_OR_FOLLOWER;
    }
    item->answer.error_code = error_code;
    item->answer.high_watermark = -1;
    item->answer.last_stable_offset = -1;
    item->answer.log_start_offset = -1;
    item->part->any_error = true;
    metrics_add(item->part->part->broker->metrics, METRIC_FETCH_FAILED, 1);
}

/* The reader's history has parted from ours (KIP-320, KIP-595): it must truncate. */
static bool has_diverged(struct fetch_item *item, struct partition *partition)
{
    if (item->last_fetched_epoch < 0) {
        return false;
    }
    int32_t epoch = -1;
    int64_t end_offset = -1;
    partition_log_end_of_epoch(partition->log, item->last_fetched_epoch, &epoch, &end_offset);
    if (epoch < 0) {
        item_failed(item, KAFKA_OFFSET_OUT_OF_RANGE);
        return true;
    }
    if (epoch < item->last_fetched_epoch || end_offset < item->fetch_offset) {
        item->answer.diverging_epoch.epoch = epoch;
        item->answer.diverging_epoch.end_offset = end_offset;
        item->part->any_error = true; /* Not an error, but it ends the waiting just so. */
        return true;
    }
    return false;
}

static int16_t check_partition(struct fetch_item *item, const struct partition *partition)
{
    if (partition == NULL) {
        return KAFKA_NOT_LEADER_OR_FOLLOWER;
    }
    int16_t error_code =
        api_error_of_epoch(partition_check_epoch(partition, item->current_leader_epoch));
    if (error_code != KAFKA_NONE) {
        return error_code;
    }
    if (!partition->is_leader) {
        return KAFKA_NOT_LEADER_OR_FOLLOWER;
    }
    return partition->state == PARTITION_READY ? KAFKA_NONE : KAFKA_KAFKA_STORAGE_ERROR;
}

static void add_aborted(struct fetch_item *item, struct partition *partition, int64_t upper_offset)
{
    struct arena *arena = arena_of(item->part);
    size_t capacity = 16;
    for (;;) {
        struct aborted_transaction *found = arena_allocate_array(arena, capacity, sizeof *found);
        struct error error;
        size_t count = 0;
        if (found == NULL || partition_log_aborted(partition->log, item->fetch_offset, upper_offset,
                                                   found, capacity, &count, &error) != STATUS_OK) {
            item_failed(item, KAFKA_KAFKA_STORAGE_ERROR);
            return;
        }
        if (count < capacity || capacity >= FETCH_ABORTED_TRANSACTIONS_MAX) {
            struct fetch_response_aborted_transaction *items =
                arena_allocate_array(arena, count, sizeof *items);
            for (size_t i = 0; items != NULL && i < count; i++) {
                items[i].producer_id = found[i].producer_id;
                items[i].first_offset = found[i].first_offset;
            }
            item->answer.aborted_transactions.items = items;
            item->answer.aborted_transactions.count = items == NULL ? 0 : count;
            item->answer.aborted_transactions.is_null = false;
            return;
        }
        capacity *= 4;
    }
}

static void read_items(struct fetch_part *part);

static void brought_in(struct disk_operation *operation)
{
    struct fetch_item *item = operation->context;
    struct fetch_part *part = item->part;
    struct partition *pinned = item->pinned;
    struct partition_table *partitions = part->part->broker->partitions;
    item->pinned = NULL;
    partition_table_unpin(partitions, pinned);
    part->next_to_read = item;
    read_items(part);
}

/* Starts to bring in what the read needs. False when that was tried often enough. */
static bool bring_in(struct fetch_item *item, struct partition *partition,
                     const struct log_read_request *request)
{
    struct broker_shard *broker = item->part->part->broker;
    if (item->cold_reads_count++ >= FETCH_COLD_READS_MAX) {
        return false;
    }
    if (item->cold == NULL) {
        item->cold = arena_allocate(arena_of(item->part), sizeof *item->cold);
    }
    if (item->cold == NULL) {
        return false;
    }
    item->cold_request = *request;
    item->pinned = partition;
    partition_table_pin(broker->partitions, partition);
    partition_log_fetch_in(partition->log, &item->cold_request, item->cold, brought_in, item);
    struct disk_queue *queue = shard_disk_queue(broker->shard);
    queue->kick(queue);
    return true;
}

/* The room that this item has, whole batches only. */
static size_t room_for(const struct fetch_item *item)
{
    const struct fetch_part *part = item->part;
    size_t room = part->bytes_read < part->bytes_max ? part->bytes_max - part->bytes_read : 0;
    size_t wanted = item->partition_max_bytes < 0 ? 0 : (size_t)item->partition_max_bytes;
    room = wanted < room ? wanted : room;
    return room < FETCH_READ_SIZE_MAX ? room : FETCH_READ_SIZE_MAX;
}

/* Reads one item. False when it has to wait for the disk: the part goes on later. */
static bool read_log(struct fetch_item *item, struct partition *partition, int64_t upper_offset)
{
    struct fetch_part *part = item->part;
    struct log_read_request request = {
        .offset = item->fetch_offset,
        .upper_offset = upper_offset,
        .bytes_max = room_for(item),
        .at_least_one = !part->has_read,
    };
    size_t batch_size_max = (size_t)partition_log_config(partition->log)->message_bytes_max;
    size_t size = request.bytes_max > batch_size_max ? request.bytes_max : batch_size_max;
    uint64_t there = partition_log_bytes_between(partition->log, request.offset, upper_offset);
    size = there + batch_size_max < size ? (size_t)there + batch_size_max : size;

    if (item->slices_capacity < SEGMENT_SLICES_MAX(size)) {
        item->slices_capacity = SEGMENT_SLICES_MAX(size);
        item->slices =
            arena_allocate_array(arena_of(part), item->slices_capacity, sizeof *item->slices);
    }
    if (item->slices == NULL) {
        item->slices_capacity = 0;
        return true; /* Nothing for this one: the client asks again. */
    }
    struct log_read_result result = {
        .slices = {.items = item->slices, .capacity = item->slices_capacity}};
    struct error error;
    enum status status = partition_log_read(partition->log, &request, &result, &error);
    if (status == STATUS_AGAIN && bring_in(item, partition, &request)) {
        return false;
    }
    if (status == STATUS_OK) {
        item->answer.records = result.slices;
        part->bytes_read += result.slices.size;
        part->has_read |= result.slices.size > 0;
        metrics_add(part->part->broker->metrics, METRIC_BYTES_OUT, result.slices.size);
    } else if (status != STATUS_AGAIN) {
        item_failed(item, api_error_of_read(status));
    }
    return true;
}

static bool read_item(struct fetch_item *item)
{
    struct fetch_part *part = item->part;
    struct fetch_call *fetch = call_of(part);
    struct partition *partition =
        partition_table_find(part->part->broker->partitions, item->image_topic_id, item->partition);
    int16_t error_code = check_partition(item, partition);
    if (error_code != KAFKA_NONE) {
        item_failed(item, error_code);
        return true;
    }
    int64_t upper_offset = partition_visible_end(partition, reads_committed(fetch));
    item->answer.high_watermark = partition_log_high_watermark(partition->log);
    item->answer.last_stable_offset = partition_log_last_stable_offset(partition->log);
    item->answer.log_start_offset = partition_log_start_offset(partition->log);
    if (has_diverged(item, partition)) {
        return true;
    }
    if (item->fetch_offset < item->answer.log_start_offset ||
        item->fetch_offset > partition_log_end_offset(partition->log)) {
        item_failed(item, KAFKA_OFFSET_OUT_OF_RANGE);
        return true;
    }
    bool is_read = item->fetch_offset >= upper_offset || read_log(item, partition, upper_offset);
    if (!is_read) {
        return false;
    }
    if (reads_committed(fetch) && item->answer.error_code == KAFKA_NONE) {
        add_aborted(item, partition, upper_offset);
    }
    item->watched = partition;
    return true;
}

static void watch(struct fetch_part *part)
{
    part->is_watching = true;
    for (struct fetch_item *item = part->first; item != NULL; item = item->next) {
        if (item->watched != NULL) {
            item->watcher.advanced = grown;
            partition_watch(item->watched, &item->watcher);
        }
    }
}

static void read_items(struct fetch_part *part)
{
    while (part->next_to_read != NULL) {
        struct fetch_item *item = part->next_to_read;
        part->next_to_read = item->next;
        if (!read_item(item)) {
            return; /* brought_in() goes on with this item. */
        }
    }
    struct fetch_call *fetch = call_of(part);
    bool is_enough = part->any_error || part->bytes_read >= (size_t)fetch->request.min_bytes;
    if (!fetch->is_last_read && !is_enough) {
        watch(part);
    }
    fan_out_part_done(part->part);
}

static void item_restart(struct fetch_item *item)
{
    slices_release(&item->answer.records);
    fetch_response_partition_init(&item->answer);
    item->answer.partition_index = item->partition;
    item->answer.error_code = item->early_error;
    item->answer.records.items = &item->nothing;
    item->answer.aborted_transactions.is_null = true; /* But for read_committed. */
    item->cold_reads_count = 0;
    if (item->early_error != KAFKA_NONE) {
        item->answer.high_watermark = -1;
    }
}

static void run_part(struct fan_out_part *fan_out_part)
{
    struct fetch_part *part = fan_out_part->work;
    struct fetch_call *fetch = call_of(part);
    unwatch(part);
    if (fetch->state == FETCH_UNWATCHING) {
        fan_out_part_done(fan_out_part);
        return;
    }
    part->progress_posted = false;
    part->bytes_read = 0;
    part->any_error = false;
    part->has_read = false;
    part->next_to_read = part->first;
    for (struct fetch_item *item = part->first; item != NULL; item = item->next) {
        item_restart(item);
    }
    read_items(part);
}

/* ---- answering, at home ---- */

static bool belongs(const struct fetch_response_topic *topic, const struct fetch_item *item)
{
    return text_equal(topic->topic, item->topic) && uuid_equal(topic->topic_id, item->topic_id);
}

static bool is_answered(struct fetch_call *fetch, struct fetch_session *session,
                        struct fetch_item *item)
{
    if (session == NULL) {
        return true;
    }
    struct fetch_session_partition *partition =
        fetch_session_partition(session, item->topic, item->topic_id, item->partition);
    if (partition == NULL) {
        return !fetch->is_incremental;
    }
    return fetch_session_answer(session, partition, &item->answer) || !fetch->is_incremental;
}

static void fill_in_leader_hint(struct api_call *call, struct fetch_item *item, bool *needed)
{
    int16_t error_code = item->answer.error_code;
    if (error_code == KAFKA_NOT_LEADER_OR_FOLLOWER || error_code == KAFKA_FENCED_LEADER_EPOCH) {
        *needed |= cluster_view_leader(call, item->topic, item->topic_id, item->partition,
                                       &item->answer.current_leader.leader_id,
                                       &item->answer.current_leader.leader_epoch);
    }
}

static void fill_in_nodes(struct api_call *call, struct fetch_call *fetch)
{
    size_t count = 0;
    const struct cluster_node *nodes = cluster_view_nodes(call, &count);
    fetch->response.node_endpoints.items =
        arena_allocate_array(&call->arena, count, sizeof *fetch->response.node_endpoints.items);
    if (fetch->response.node_endpoints.items == NULL) {
        return;
    }
    fetch->response.node_endpoints.count = count;
    for (size_t i = 0; i < count; i++) {
        struct fetch_response_node_endpoint *endpoint = &fetch->response.node_endpoints.items[i];
        endpoint->node_id = nodes[i].id;
        endpoint->host = nodes[i].host;
        endpoint->port = nodes[i].port;
        endpoint->rack = nodes[i].rack;
    }
}

/* Groups neighbours of one topic, in the order in which they were served. */
static bool build_response(struct api_call *call, struct fetch_call *fetch)
{
    struct fetch_session *session =
        fetch->session_id == 0
            ? NULL
            : fetch_session_find(call->broker->fetch_sessions, fetch->session_id);
    struct fetch_response_topic *topics =
        arena_allocate_array(&call->arena, fetch->items_count, sizeof *topics);
    struct fetch_response_partition *partitions =
        arena_allocate_array(&call->arena, fetch->items_count, sizeof *partitions);
    if (topics == NULL || partitions == NULL) {
        return false;
    }
    size_t topics_count = 0;
    size_t partitions_count = 0;
    bool needs_nodes = false;
    for (struct fetch_item *item = fetch->first; item != NULL; item = item->next_in_request) {
        if (!is_answered(fetch, session, item)) {
            continue;
        }
        fill_in_leader_hint(call, item, &needs_nodes);
        if (topics_count == 0 || !belongs(&topics[topics_count - 1], item)) {
            struct fetch_response_topic *topic = &topics[topics_count++];
            fetch_response_topic_init(topic);
            topic->topic = item->topic;
            topic->topic_id = item->topic_id;
            topic->partitions.items = &partitions[partitions_count];
        }
        partitions[partitions_count++] = item->answer;
        topics[topics_count - 1].partitions.count++;
    }
    fetch->response.session_id = fetch->session_id;
    fetch->response.responses.items = topics;
    fetch->response.responses.count = topics_count;
    if (needs_nodes) {
        fill_in_nodes(call, fetch);
    }
    return true;
}

static void release(struct fetch_call *fetch)
{
    for (struct fetch_item *item = fetch->first; item != NULL; item = item->next_in_request) {
        slices_release(&item->answer.records);
    }
    for (unsigned i = 0; i < fetch->fan_out->parts_count; i++) {
        struct fetch_part *part = fetch->fan_out->parts[i].work;
        if (part != NULL && !fan_out_part_is_home(part->part)) {
            arena_clear(&part->own_arena);
        }
    }
}

static void respond(struct fetch_call *fetch)
{
    struct api_call *call = fetch->fan_out->call;
    shard_timer_stop(call->shard, &fetch->timer);
    call->abandoned = NULL;
    bool built = !call->connection_lost && build_response(call, fetch);
    if (built) {
        /* The encoder retains what it keeps of the slices, and copies from the parts' arenas. */
        bool encoded = api_call_encode(call, &fetch->response);
        release(fetch);
        if (encoded) {
            api_call_complete(call);
        }
        return;
    }
    release(fetch);
    if (call->connection_lost) {
        api_call_complete_silently(call);
    } else {
        api_call_reject_no_memory(call);
    }
}

/* Parts away from home may still watch, in memory that goes with the response. */
static bool must_unwatch(const struct fetch_call *fetch)
{
    for (unsigned i = 0; i < fetch->fan_out->parts_count; i++) {
        const struct fetch_part *part = fetch->fan_out->parts[i].work;
        if (part != NULL && part->is_watching) {
            return true;
        }
    }
    return false;
}

static bool is_enough(const struct fetch_call *fetch)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < fetch->fan_out->parts_count; i++) {
        const struct fetch_part *part = fetch->fan_out->parts[i].work;
        if (part != NULL && part->any_error) {
            return true;
        }
        bytes += part == NULL ? 0 : part->bytes_read;
    }
    return bytes >= (size_t)fetch->request.min_bytes;
}

static void go_on(struct fetch_call *fetch)
{
    fetch->state = FETCH_READING;
    fetch->read_again = false;
    fan_out_start(fetch->fan_out);
}

static void finish(struct fan_out *fan_out)
{
    struct fetch_call *fetch = fan_out->call->handler_state;
    if (fetch->state == FETCH_READING && !fetch->is_last_read && !is_enough(fetch)) {
        if (fetch->read_again) {
            go_on(fetch);
        } else {
            fetch->state = FETCH_WAITING;
            api_call_frame_done(fan_out->call); /* All that is still needed was copied. */
        }
        return;
    }
    if (must_unwatch(fetch)) {
        fetch->state = FETCH_UNWATCHING;
        fan_out_start(fan_out);
        return;
    }
    respond(fetch);
}

static void wait_is_over(struct fetch_call *fetch)
{
    fetch->is_last_read = true;
    if (fetch->state == FETCH_WAITING) {
        go_on(fetch);
    }
}

static void time_is_up(struct shard *shard, struct shard_timer *timer)
{
    (void)shard;
    wait_is_over(CONTAINER_OF(timer, struct fetch_call, timer));
}

static void abandoned(struct api_call *call)
{
    wait_is_over(call->handler_state);
}

/* ---- preparing, at home ---- */

static struct fetch_part *part_of(struct api_call *call, struct fetch_call *fetch,
                                  const struct fetch_item *item)
{
    struct fan_out_part *fan_out_part = &fetch->fan_out->parts[broker_shard_of_partition(
        call->broker, item->image_topic_id, item->partition)];
    if (fan_out_part->work == NULL) {
        struct fetch_part *part = arena_allocate(&call->arena, sizeof *part);
        if (part == NULL) {
            return NULL;
        }
        part->part = fan_out_part;
        arena_init(&part->own_arena, FETCH_PART_ARENA_SIZE_MAX);
        fan_out_part->work = part;
    }
    return fan_out_part->work;
}

static bool item_add(struct api_call *call, struct fetch_call *fetch,
                     const struct fetch_item *template)
{
    bool by_id = call->header.request_api_version >= FETCH_VERSION_TOPIC_ID_MIN;
    struct fetch_item *item = arena_allocate(&call->arena, sizeof *item);
    if (item == NULL) {
        return false;
    }
    *item = *template;
    item->topic = arena_copy_text(&call->arena, template->topic);
    const struct metadata_image *image = call->broker->image;
    const struct topic_image *topic = by_id ? metadata_image_topic_by_id(image, item->topic_id)
                                            : metadata_image_topic(image, item->topic);
    if (topic == NULL) {
        item->early_error = by_id ? KAFKA_UNKNOWN_TOPIC_ID : KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    } else if (item->partition < 0 || (size_t)item->partition >= topic->partitions_count) {
        item->early_error = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    }
    if (fetch->last == NULL) {
        fetch->first = item;
    } else {
        fetch->last->next_in_request = item;
    }
    fetch->last = item;
    fetch->items_count++;
    item_restart(item);
    if (item->early_error != KAFKA_NONE) {
        fetch->is_last_read = true; /* An error anywhere ends the waiting. */
        return true;
    }
    item->image_topic_id = topic->id;
    struct fetch_part *part = part_of(call, fetch, item);
    if (part == NULL) {
        return false;
    }
    item->part = part;
    if (part->last == NULL) {
        part->first = item;
    } else {
        part->last->next = item;
    }
    part->last = item;
    return true;
}

static bool items_from_request(struct api_call *call, struct fetch_call *fetch)
{
    for (size_t t = 0; t < fetch->request.topics.count; t++) {
        const struct fetch_request_topic *topic = &fetch->request.topics.items[t];
        for (size_t p = 0; p < topic->partitions.count; p++) {
            const struct fetch_request_partition *asked = &topic->partitions.items[p];
            struct fetch_item item = {
                .topic = topic->topic,
                .topic_id = topic->topic_id,
                .partition = asked->partition,
                .current_leader_epoch = asked->current_leader_epoch,
                .last_fetched_epoch = asked->last_fetched_epoch,
                .fetch_offset = asked->fetch_offset,
                .partition_max_bytes = asked->partition_max_bytes,
            };
            if (!item_add(call, fetch, &item)) {
                return false;
            }
        }
    }
    return true;
}

static bool items_from_session(struct api_call *call, struct fetch_call *fetch,
                               struct fetch_session *session)
{
    LIST_FOREACH (node, fetch_session_partitions(session)) {
        const struct fetch_session_partition *asked =
            CONTAINER_OF(node, struct fetch_session_partition, node);
        struct fetch_item item = {
            .topic = asked->topic,
            .topic_id = asked->topic_id,
            .partition = asked->partition,
            .current_leader_epoch = asked->current_leader_epoch,
            .last_fetched_epoch = asked->last_fetched_epoch,
            .fetch_offset = asked->fetch_offset,
            .partition_max_bytes = asked->partition_max_bytes,
        };
        if (!item_add(call, fetch, &item)) {
            return false;
        }
    }
    return true;
}

static void refuse(struct api_call *call, struct fetch_call *fetch, int16_t error_code)
{
    fetch->response.error_code = error_code;
    api_call_respond(call, &fetch->response);
}

/* The response as a whole is shared among the parts, so that it keeps its limit. */
static void share_out_bytes(struct api_call *call, struct fetch_call *fetch)
{
    int64_t bytes_max = fetch->request.max_bytes;
    int64_t broker_max = broker_config_integer(call->broker->config, CONFIG_FETCH_MAX_BYTES);
    bytes_max = bytes_max < 0 ? 0 : bytes_max;
    bytes_max = bytes_max > broker_max ? broker_max : bytes_max;
    unsigned working = 0;
    for (unsigned i = 0; i < fetch->fan_out->parts_count; i++) {
        working += fetch->fan_out->parts[i].work != NULL;
    }
    for (unsigned i = 0; i < fetch->fan_out->parts_count; i++) {
        struct fetch_part *part = fetch->fan_out->parts[i].work;
        if (part != NULL) {
            part->bytes_max = (size_t)bytes_max / working;
        }
    }
}

static void start(struct api_call *call, struct fetch_call *fetch)
{
    int64_t wait_ms = fetch->request.max_wait_ms;
    wait_ms = wait_ms > FETCH_WAIT_MS_MAX ? FETCH_WAIT_MS_MAX : wait_ms;
    fetch->request.min_bytes = fetch->request.min_bytes < 0 ? 0 : fetch->request.min_bytes;
    share_out_bytes(call, fetch);
    if (wait_ms <= 0 || fetch->request.min_bytes == 0 || fetch->first == NULL ||
        shard_timer_start(call->shard, &fetch->timer, call->arrived_us + wait_ms * 1000,
                          time_is_up) != STATUS_OK) {
        fetch->is_last_read = true;
    }
    call->abandoned = abandoned;
    go_on(fetch);
}

void handle_fetch(struct api_call *call)
{
    struct fetch_call *fetch = arena_allocate(&call->arena, sizeof *fetch);
    if (fetch == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = fetch;
    if (!api_call_decode(call, &fetch->request)) {
        return;
    }
    fetch_response_init(&fetch->response);
    int32_t replica_id = call->header.request_api_version >= FETCH_VERSION_REPLICA_STATE_MIN
                             ? fetch->request.replica_state.replica_id
                             : fetch->request.replica_id;
    if (replica_id >= 0) {
        refuse(call, fetch, KAFKA_CLUSTER_AUTHORIZATION_FAILED);
        return;
    }
    bool by_id = call->header.request_api_version >= FETCH_VERSION_TOPIC_ID_MIN;
    struct fetch_session_start session =
        fetch_session_begin(call->broker->fetch_sessions, &fetch->request, by_id,
                            call->broker->random, shard_now_us(call->shard) / 1000);
    if (session.kind == FETCH_SESSION_REFUSED) {
        refuse(call, fetch, session.error_code);
        return;
    }
    fetch->is_incremental = session.kind == FETCH_SESSION_NEXT;
    fetch->session_id = session.session == NULL ? 0 : fetch_session_id(session.session);
    fetch->fan_out = fan_out_create(call, run_part, finish);
    bool prepared = fetch->fan_out != NULL &&
                    (session.session == NULL ? items_from_request(call, fetch)
                                             : items_from_session(call, fetch, session.session));
    if (!prepared) {
        api_call_reject_no_memory(call);
        return;
    }
    start(call, fetch);
}
