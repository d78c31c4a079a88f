/* DescribeTopicPartitions (75): topics and partitions page by page, in the order of their names,
 * with the eligible leader replicas (KIP-966). No topics in the request means all. */
#include <stdlib.h>

#include "broker/api/cluster_view.h"
#include "broker/broker_shard.h"
#include "broker/handlers/authorized_operations.h"
#include "broker/handlers/handlers.h"
#include "proto/generated/describe_topic_partitions.h"
#include "proto/wire/kafka_error.h"

struct page {
    struct api_call *call;
    struct describe_topic_partitions_response response;
    size_t partitions_left;
    size_t topics_capacity;
    struct text first_topic; /* The cursor's; TEXT_NULL: from the beginning. */
    int32_t first_partition;
};

static void fill_in_partition(struct page *page, const struct partition_image *image, int32_t index,
                              struct describe_topic_partitions_response_partition *partition)
{
    struct arena *arena = &page->call->arena;
    describe_topic_partitions_response_partition_init(partition);
    partition->partition_index = index;
    partition->leader_id = image->leader;
    partition->leader_epoch = image->leader_epoch;
    partition->replica_nodes = cluster_view_ids(arena, image->replicas);
    partition->isr_nodes = cluster_view_ids(arena, image->isr);
    partition->eligible_leader_replicas = cluster_view_ids(arena, image->eligible_leader_replicas);
    partition->last_known_elr = cluster_view_ids(arena, image->last_known_eligible_leader_replicas);
    partition->error_code = image->leader < 0 ? KAFKA_LEADER_NOT_AVAILABLE : KAFKA_NONE;
}

/* Says where the next page starts. */
static bool end_page(struct page *page, struct text topic, size_t partition)
{
    struct describe_topic_partitions_response_cursor *cursor =
        arena_allocate(&page->call->arena, sizeof *cursor);
    if (cursor == NULL) {
        return false;
    }
    cursor->topic_name = topic;
    cursor->partition_index = (int32_t)partition;
    page->response.next_cursor = cursor;
    return true;
}

/* Adds one topic as far as the page has room. False without memory. */
static bool add_topic(struct page *page, struct text name)
{
    struct describe_topic_partitions_response_topic *topic =
        &page->response.topics.items[page->response.topics.count++];
    const struct topic_image *image = metadata_image_topic(page->call->broker->image, name);
    describe_topic_partitions_response_topic_init(topic);
    topic->name = name;
    if (image == NULL) {
        topic->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        return true;
    }
    topic->topic_id = image->id;
    topic->is_internal = image->is_internal;
    topic->topic_authorized_operations = TOPIC_OPERATIONS_ALL;
    size_t first = text_equal(name, page->first_topic) && page->first_partition > 0
                       ? (size_t)page->first_partition
                       : 0;
    size_t end = image->partitions_count;
    first = first > end ? end : first;
    if (end - first > page->partitions_left) {
        end = first + page->partitions_left;
    }
    topic->partitions.items =
        arena_allocate_array(&page->call->arena, end - first, sizeof *topic->partitions.items);
    if (topic->partitions.items == NULL) {
        return false;
    }
    for (size_t i = first; i < end; i++) {
        fill_in_partition(page, &image->partitions[i], (int32_t)i,
                          &topic->partitions.items[topic->partitions.count++]);
    }
    page->partitions_left -= end - first;
    return end == image->partitions_count || end_page(page, name, end);
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* All names to describe, sorted, none twice, from the cursor on. */
static bool choose_names(struct page *page, const struct describe_topic_partitions_request *request,
                         struct text **names_out, size_t *count_out)
{
    const struct metadata_image *image = page->call->broker->image;
    bool all = request->topics.count == 0;
    size_t count = all ? metadata_image_topics_count(image) : request->topics.count;
    struct text *names = arena_allocate_array(&page->call->arena, count, sizeof *names);
    if (names == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = all ? metadata_image_topic_at(image, i)->name : request->topics.items[i].name;
    }
    qsort(names, count, sizeof *names, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool before =
            page->first_topic.data != NULL && text_compare(names[i], page->first_topic) < 0;
        if (!before && (kept == 0 || !text_equal(names[kept - 1], names[i]))) {
            names[kept++] = names[i];
        }
    }
    *names_out = names;
    *count_out = kept;
    return true;
}

static bool fill_in(struct page *page, const struct describe_topic_partitions_request *request)
{
    struct text *names = NULL;
    size_t count = 0;
    if (!choose_names(page, request, &names, &count)) {
        return false;
    }
    page->response.topics.items =
        arena_allocate_array(&page->call->arena, count, sizeof *page->response.topics.items);
    if (page->response.topics.items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count && page->response.next_cursor == NULL; i++) {
        if (page->partitions_left == 0) {
            return end_page(page, names[i], 0);
        }
        if (!add_topic(page, names[i])) {
            return false;
        }
    }
    return !page->call->arena.exhausted;
}

void handle_describe_topic_partitions(struct api_call *call)
{
    struct describe_topic_partitions_request request;
    if (!api_call_decode(call, &request)) {
        return;
    }
    int64_t limit =
        broker_config_integer(call->broker->config, CONFIG_MAX_REQUEST_PARTITION_SIZE_LIMIT);
    if (request.response_partition_limit < limit) {
        limit = request.response_partition_limit;
    }
    struct page page = {.call = call, .partitions_left = limit < 1 ? 1 : (size_t)limit};
    describe_topic_partitions_response_init(&page.response);
    if (request.cursor != NULL) {
        page.first_topic = request.cursor->topic_name;
        page.first_partition = request.cursor->partition_index;
    }
    if (!fill_in(&page, &request)) {
        api_call_reject_no_memory(call);
        return;
    }
    api_call_respond(call, &page.response);
}
