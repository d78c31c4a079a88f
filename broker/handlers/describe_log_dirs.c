/* DescribeLogDirs (35): the data directories, how full they are, and the size of each partition.
 *
 * Every shard counts up what it owns in memory of its own; home puts the directories together. */
#include <stdlib.h>
#include <string.h>

#include "broker/api/fan_out.h"
#include "broker/handlers/handlers.h"
#include "broker/log_keeper.h"
#include "proto/generated/describe_log_dirs.h"
#include "proto/wire/kafka_error.h"

#define PART_ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct sized_partition {
    struct sized_partition *next;
    struct text topic;
    int32_t index;
    int64_t size;
    int64_t lag; /* Between the log's end and what is committed. */
    const char *directory;
};

struct log_dirs_part {
    struct fan_out_part *part;
    struct arena arena;
    struct sized_partition *partitions;
    size_t partitions_count;
};

struct log_dirs_call {
    struct describe_log_dirs_request request;
    struct describe_log_dirs_response response;
    struct fan_out *fan_out;
    const struct sized_partition **partitions; /* Of all shards, by topic and index. */
    size_t partitions_count;
};

static bool is_wanted(const struct describe_log_dirs_request *request, struct text topic,
                      int32_t index)
{
    for (size_t t = 0; t < request->topics.count; t++) {
        const struct describe_log_dirs_request_log_dir_topic *asked = &request->topics.items[t];
        for (size_t p = 0; text_equal(asked->topic, topic) && p < asked->partitions.count; p++) {
            if (asked->partitions.items[p] == index) {
                return true;
            }
        }
    }
    return request->topics.is_null;
}

static void note(struct log_dirs_part *part, const struct partition *partition)
{
    struct sized_partition *sized = arena_allocate(&part->arena, sizeof *sized);
    char *directory = arena_allocate(&part->arena, strlen(partition->directory) + 1);
    if (sized == NULL || directory == NULL) {
        return;
    }
    memcpy(directory, partition->directory, strlen(partition->directory) + 1);
    sized->topic = arena_copy_text(&part->arena, partition->topic);
    sized->index = partition->index;
    sized->size = (int64_t)partition_log_size(partition->log);
    sized->lag =
        partition_log_end_offset(partition->log) - partition_log_high_watermark(partition->log);
    sized->directory = directory;
    sized->next = part->partitions;
    part->partitions = sized;
    part->partitions_count++;
}

static void run_part(struct fan_out_part *fan_out_part)
{
    struct log_dirs_part *part = fan_out_part->work;
    const struct log_dirs_call *state = fan_out_part->fan_out->call->handler_state;
    size_t cursor = 0;
    for (struct partition *partition;
         (partition = partition_table_next(fan_out_part->broker->partitions, &cursor)) != NULL;) {
        if (partition->state == PARTITION_READY &&
            is_wanted(&state->request, partition->topic, partition->index)) {
            note(part, partition);
        }
    }
    fan_out_part_done(fan_out_part);
}

/* The partition's directory lies in the data directory. */
static bool lies_in(const struct sized_partition *partition, const char *path)
{
    size_t size = strlen(path);
    return strncmp(partition->directory, path, size) == 0 && partition->directory[size] == '/' &&
           strchr(partition->directory + size + 1, '/') == NULL;
}

static int compare_partitions(const void *a, const void *b)
{
    const struct sized_partition *left = *(const struct sized_partition *const *)a;
    const struct sized_partition *right = *(const struct sized_partition *const *)b;
    int by_topic = text_compare(left->topic, right->topic);
    return by_topic != 0 ? by_topic : (left->index > right->index) - (left->index < right->index);
}

/* Puts what the shards have found into one order. */
static bool gather(struct log_dirs_call *state)
{
    struct fan_out *fan_out = state->fan_out;
    size_t count = 0;
    for (unsigned i = 0; i < fan_out->parts_count; i++) {
        const struct log_dirs_part *part = fan_out->parts[i].work;
        count += part->partitions_count;
    }
    state->partitions =
        arena_allocate_array(&fan_out->call->arena, count, sizeof *state->partitions);
    if (state->partitions == NULL) {
        return false;
    }
    for (unsigned i = 0; i < fan_out->parts_count; i++) {
        const struct log_dirs_part *part = fan_out->parts[i].work;
        for (const struct sized_partition *sized = part->partitions; sized != NULL;
             sized = sized->next) {
            state->partitions[state->partitions_count++] = sized;
        }
    }
    qsort(state->partitions, count, sizeof *state->partitions, compare_partitions);
    return true;
}

/* Adds one topic's partitions, which start at `first`, as far as they lie in the directory. */
static bool add_topic(struct log_dirs_call *state, size_t first, size_t end,
                      struct describe_log_dirs_response_result *result)
{
    struct arena *arena = &state->fan_out->call->arena;
    struct describe_log_dirs_response_topic *topic = &result->topics.items[result->topics.count];
    describe_log_dirs_response_topic_init(topic);
    topic->name = arena_copy_text(arena, state->partitions[first]->topic);
    topic->partitions.items =
        arena_allocate_array(arena, end - first, sizeof *topic->partitions.items);
    if (topic->partitions.items == NULL) {
        return false;
    }
    for (size_t i = first; i < end; i++) {
        const struct sized_partition *sized = state->partitions[i];
        if (!lies_in(sized, result->log_dir.data)) {
            continue;
        }
        struct describe_log_dirs_response_partition *partition =
            &topic->partitions.items[topic->partitions.count++];
        describe_log_dirs_response_partition_init(partition);
        partition->partition_index = sized->index;
        partition->partition_size = sized->size;
        partition->offset_lag = sized->lag;
    }
    result->topics.count += topic->partitions.count > 0;
    return true;
}

/* Behind the last partition of the topic that starts at `first`. */
static size_t end_of_topic(const struct log_dirs_call *state, size_t first)
{
    size_t end = first;
    while (end < state->partitions_count &&
           text_equal(state->partitions[end]->topic, state->partitions[first]->topic)) {
        end++;
    }
    return end;
}

static bool fill_in_directory(struct log_dirs_call *state, struct log_directory *directory,
                              struct describe_log_dirs_response_result *result)
{
    struct api_call *call = state->fan_out->call;
    const char *path = log_directory_path(directory);
    struct file_system *files = call->broker->files;
    struct disk_usage usage;
    struct error error;
    describe_log_dirs_response_result_init(result);
    result->log_dir = text_of(path);
    if (files->usage(files, path, &usage, &error) == STATUS_OK) {
        result->total_bytes = (int64_t)usage.total_bytes;
        result->usable_bytes = (int64_t)usage.usable_bytes;
    }
    size_t topics_count = 0;
    for (size_t i = 0; i < state->partitions_count; i = end_of_topic(state, i)) {
        topics_count++;
    }
    result->topics.items =
        arena_allocate_array(&call->arena, topics_count, sizeof *result->topics.items);
    bool complete = result->topics.items != NULL;
    for (size_t i = 0; complete && i < state->partitions_count;) {
        size_t end = end_of_topic(state, i);
        complete = add_topic(state, i, end, result);
        i = end;
    }
    return complete;
}

static void release(struct fan_out *fan_out)
{
    for (unsigned i = 0; i < fan_out->parts_count; i++) {
        struct log_dirs_part *part = fan_out->parts[i].work;
        arena_clear(&part->arena);
    }
}

static void finish(struct fan_out *fan_out)
{
    struct api_call *call = fan_out->call;
    struct log_dirs_call *state = call->handler_state;
    const struct log_keeper *keeper = call->broker->log_keeper;
    size_t count = log_keeper_directories_count(keeper);
    state->response.results.items =
        arena_allocate_array(&call->arena, count, sizeof *state->response.results.items);
    bool complete = state->response.results.items != NULL && gather(state);
    state->response.results.count = count;
    for (size_t i = 0; complete && i < count; i++) {
        complete = fill_in_directory(state, log_keeper_directory(keeper, i),
                                     &state->response.results.items[i]);
    }
    release(fan_out);
    if (complete) {
        api_call_respond(call, &state->response);
    } else {
        api_call_reject_no_memory(call);
    }
}

void handle_describe_log_dirs(struct api_call *call)
{
    struct log_dirs_call *state = arena_allocate(&call->arena, sizeof *state);
    if (state == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    call->handler_state = state;
    if (!api_call_decode(call, &state->request)) {
        return;
    }
    describe_log_dirs_response_init(&state->response);
    state->fan_out = fan_out_create(call, run_part, finish);
    for (unsigned i = 0; state->fan_out != NULL && i < state->fan_out->parts_count; i++) {
        struct log_dirs_part *part = arena_allocate(&call->arena, sizeof *part);
        if (part == NULL) {
            api_call_reject_no_memory(call);
            return;
        }
        part->part = &state->fan_out->parts[i];
        arena_init(&part->arena, PART_ARENA_SIZE_MAX);
        state->fan_out->parts[i].work = part;
    }
    if (state->fan_out == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    fan_out_start(state->fan_out);
}
