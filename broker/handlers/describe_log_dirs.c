/* DescribeLogDirs (35): the data directories, how full they are, and the size of each partition.
 *
 * Every shard counts up what it owns in memory of its own; home puts the directories together. */
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
    struct sized_partition *partitions; /* Neighbours of one topic stand together. */
};

struct log_dirs_call {
    struct describe_log_dirs_request request;
    struct describe_log_dirs_response response;
    struct fan_out *fan_out;
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
    struct sized_partition **place = &part->partitions;
    while (*place != NULL && text_compare((*place)->topic, sized->topic) < 0) {
        place = &(*place)->next;
    }
    sized->next = *place;
    *place = sized;
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

static bool add_partition(struct arena *arena, struct describe_log_dirs_response_result *result,
                          const struct sized_partition *sized, size_t capacity)
{
    struct describe_log_dirs_response_topic *topic =
        result->topics.count == 0 ? NULL : &result->topics.items[result->topics.count - 1];
    if (topic == NULL || !text_equal(topic->name, sized->topic)) {
        topic = &result->topics.items[result->topics.count++];
        describe_log_dirs_response_topic_init(topic);
        topic->name = arena_copy_text(arena, sized->topic);
        topic->partitions.items =
            arena_allocate_array(arena, capacity, sizeof *topic->partitions.items);
        if (topic->partitions.items == NULL) {
            return false;
        }
    }
    struct describe_log_dirs_response_partition *partition =
        &topic->partitions.items[topic->partitions.count++];
    describe_log_dirs_response_partition_init(partition);
    partition->partition_index = sized->index;
    partition->partition_size = sized->size;
    partition->offset_lag = sized->lag;
    return true;
}

/* Of the partitions behind `sized`, itself included, those of the same topic in the directory. */
static size_t count_topic(const struct sized_partition *sized, const char *path)
{
    size_t count = 0;
    for (const struct sized_partition *next = sized;
         next != NULL && text_equal(next->topic, sized->topic); next = next->next) {
        count += lies_in(next, path);
    }
    return count;
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
    size_t capacity = 0;
    for (unsigned i = 0; i < state->fan_out->parts_count; i++) {
        const struct log_dirs_part *part = state->fan_out->parts[i].work;
        for (const struct sized_partition *sized = part->partitions; sized != NULL;
             sized = sized->next) {
            capacity += lies_in(sized, path);
        }
    }
    result->topics.items =
        arena_allocate_array(&call->arena, capacity, sizeof *result->topics.items);
    if (result->topics.items == NULL) {
        return false;
    }
    for (unsigned i = 0; i < state->fan_out->parts_count; i++) {
        const struct log_dirs_part *part = state->fan_out->parts[i].work;
        for (const struct sized_partition *sized = part->partitions; sized != NULL;
             sized = sized->next) {
            if (lies_in(sized, path) &&
                !add_partition(&call->arena, result, sized, count_topic(sized, path))) {
                return false;
            }
        }
    }
    return true;
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
    bool complete = state->response.results.items != NULL;
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
