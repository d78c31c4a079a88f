/* rollway topic describe: partitions, leaders, replicas, offsets. */
#include <stdlib.h>

#include "base/assert.h"
#include "proto/generated/list_offsets.h"
#include "proto/wire/kafka_error.h"
#include "tools/rollway/program.h"
#include "tools/rollway/topic_metadata.h"

/* What ListOffsets is asked for instead of a timestamp. */
#define OFFSET_EARLIEST (-2)
#define OFFSET_LATEST   (-1)

#define NOT_A_REPLICA (-1)
#define NO_LEADER     (-1)

static const struct column PARTITION_COLUMNS[] = {
    {"partition", "PARTITION", true}, {"leader", "LEADER", true},  {"leader_epoch", "EPOCH", true},
    {"replicas", "REPLICAS", false},  {"isr", "ISR", false},       {"offline", "OFFLINE", false},
    {"first_offset", "FIRST", true},  {"end_offset", "END", true}, {"records", "RECORDS", true},
};
#define PARTITION_COLUMNS_COUNT (sizeof PARTITION_COLUMNS / sizeof PARTITION_COLUMNS[0])
#define OFFSET_COLUMNS_COUNT    3 /* The last ones. */

static json_t *json_of_ids(const struct int32_array *ids)
{
    json_t *array = json_made(json_array());
    for (size_t i = 0; i < ids->count; i++) {
        json_add(array, json_integer(ids->items[i]));
    }
    return array;
}

static json_t *partition_row(const struct metadata_response_partition *partition)
{
    json_t *row = json_made(json_object());
    bool has_leader = partition->leader_id != NO_LEADER;
    json_put(row, "partition", json_integer(partition->partition_index));
    json_put(row, "leader", has_leader ? json_integer(partition->leader_id) : json_null());
    json_put(row, "leader_epoch", json_integer(partition->leader_epoch));
    json_put(row, "replicas", json_of_ids(&partition->replica_nodes));
    json_put(row, "isr", json_of_ids(&partition->isr_nodes));
    json_put(row, "offline", json_of_ids(&partition->offline_replicas));
    json_put(row, "error",
             partition->error_code == KAFKA_NONE
                 ? json_null()
                 : json_string(kafka_error_name(partition->error_code)));
    return row;
}

static int compare_partitions(const void *a, const void *b)
{
    const struct metadata_response_partition *first = a;
    const struct metadata_response_partition *second = b;
    return (first->partition_index > second->partition_index) -
           (first->partition_index < second->partition_index);
}

static json_t *topic_value(struct metadata_response_topic *topic)
{
    char id[UUID_TEXT_SIZE];
    json_t *value = json_made(json_object());
    json_t *partitions = json_made(json_array());
    uuid_to_text(topic->topic_id, id);
    if (topic->partitions.count > 0) {
        qsort(topic->partitions.items, topic->partitions.count, sizeof *topic->partitions.items,
              compare_partitions);
    }
    for (size_t i = 0; i < topic->partitions.count; i++) {
        json_add(partitions, partition_row(&topic->partitions.items[i]));
    }
    json_put(value, "name", json_of_text(topic->name));
    json_put(value, "topic_id", json_string(id));
    json_put(value, "internal", json_boolean(topic->is_internal));
    json_put(value, "partitions", partitions);
    return value;
}

/* The partitions of `topic` that `leader` leads. */
static size_t collect_led(const struct metadata_response_topic *topic, int32_t leader,
                          int64_t timestamp, struct list_offsets_request_partition *partitions)
{
    size_t count = 0;
    for (size_t i = 0; i < topic->partitions.count; i++) {
        if (topic->partitions.items[i].leader_id == leader) {
            list_offsets_request_partition_init(&partitions[count]);
            partitions[count].partition_index = topic->partitions.items[i].partition_index;
            partitions[count].current_leader_epoch = -1;
            partitions[count].timestamp = timestamp;
            count++;
        }
    }
    return count;
}

/* The row of a partition in a topic's JSON. */
static json_t *row_of(json_t *topic, int32_t partition)
{
    json_t *rows = json_object_get(topic, "partitions");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        if (json_integer_value(json_object_get(row, "partition")) == partition) {
            return row;
        }
    }
    return NULL;
}

static enum status take_offsets(json_t *topic, const char *key,
                                const struct list_offsets_response *response, struct error *error)
{
    for (size_t i = 0; i < response->topics.count; i++) {
        for (size_t j = 0; j < response->topics.items[i].partitions.count; j++) {
            const struct list_offsets_response_partition *partition =
                &response->topics.items[i].partitions.items[j];
            enum status status = admin_check(partition->error_code, TEXT_NULL, error);
            if (status != STATUS_OK) {
                return error_wrap(error, "offsets of partition %d", partition->partition_index);
            }
            json_t *row = row_of(topic, partition->partition_index);
            if (row != NULL) {
                json_put(row, key, json_integer(partition->offset));
            }
        }
    }
    return STATUS_OK;
}

/* Asks one leader for an offset of each of its partitions of a topic. */
static enum status ask_offsets(struct program *program, struct admin_client *client,
                               const struct metadata_response_topic *topic, int32_t leader,
                               int64_t timestamp, const char *key, json_t *value,
                               struct error *error)
{
    struct list_offsets_request request;
    struct list_offsets_request_topic asked;
    struct list_offsets_response response;
    list_offsets_request_topic_init(&asked);
    asked.name = topic->name;
    asked.partitions.items = arena_allocate_array(&program->arena, topic->partitions.count,
                                                  sizeof *asked.partitions.items);
    if (asked.partitions.items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu partitions",
                         topic->partitions.count);
    }
    asked.partitions.count = collect_led(topic, leader, timestamp, asked.partitions.items);
    if (asked.partitions.count == 0) {
        return STATUS_OK;
    }
    list_offsets_request_init(&request);
    request.replica_id = NOT_A_REPLICA;
    request.topics.items = &asked;
    request.topics.count = 1;
    request.timeout_ms = admin_client_timeout_ms(client);
    enum status status = admin_client_call(client, LIST_OFFSETS_REQUEST_KEY, &request, &response,
                                           &program->arena, error);
    return status == STATUS_OK ? take_offsets(value, key, &response, error) : status;
}

static void count_records(json_t *topic)
{
    json_t *rows = json_object_get(topic, "partitions");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        const json_t *first = json_object_get(row, "first_offset");
        const json_t *end = json_object_get(row, "end_offset");
        if (first != NULL && end != NULL) {
            json_put(row, "records",
                     json_integer(json_integer_value(end) - json_integer_value(first)));
        }
    }
}

/* Only its leader knows a partition's offsets, so that every broker is asked for its own. */
static enum status add_offsets(struct program *program, const struct metadata_response *metadata,
                               json_t *topics, struct error *error)
{
    int64_t timeout_ms = option_duration_ms(&program->command_line, "timeout");
    for (size_t i = 0; i < metadata->brokers.count; i++) {
        int32_t leader = metadata->brokers.items[i].node_id;
        struct admin_client *client = NULL;
        enum status status = topic_metadata_connect(metadata, leader, timeout_ms, &client, error);
        for (size_t j = 0; status == STATUS_OK && j < metadata->topics.count; j++) {
            const struct metadata_response_topic *topic = &metadata->topics.items[j];
            json_t *value = json_array_get(topics, j);
            status = ask_offsets(program, client, topic, leader, OFFSET_EARLIEST, "first_offset",
                                 value, error);
            if (status == STATUS_OK) {
                status = ask_offsets(program, client, topic, leader, OFFSET_LATEST, "end_offset",
                                     value, error);
            }
            count_records(value);
        }
        admin_client_close(client);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static void print_topics(const struct program *program, const json_t *topics)
{
    const struct console *console = &program->console;
    bool with_offsets = option_is_given(&program->command_line, "offsets");
    if (console->is_json) {
        console_json(console, topics);
        return;
    }
    for (size_t i = 0; i < json_array_size(topics); i++) {
        const json_t *topic = json_array_get(topics, i);
        const json_t *partitions = json_object_get(topic, "partitions");
        fprintf(console->out, "%stopic %s, id %s, %zu partitions%s\n", i > 0 ? "\n" : "",
                json_string_value(json_object_get(topic, "name")),
                json_string_value(json_object_get(topic, "topic_id")), json_array_size(partitions),
                json_is_true(json_object_get(topic, "internal")) ? ", internal" : "");
        console_table(console, partitions, PARTITION_COLUMNS,
                      PARTITION_COLUMNS_COUNT - (with_offsets ? 0 : OFFSET_COLUMNS_COUNT));
    }
}

/* Moves the topics that are known to the front and complains of the others. */
static enum exit_code keep_known(const struct program *program, struct metadata_response *metadata)
{
    enum exit_code code = EXIT_CODE_OK;
    size_t kept = 0;
    for (size_t i = 0; i < metadata->topics.count; i++) {
        struct error error;
        struct metadata_response_topic topic = metadata->topics.items[i];
        if (admin_check(topic.error_code, TEXT_NULL, &error) == STATUS_OK) {
            metadata->topics.items[kept++] = topic;
            continue;
        }
        error.status = error_wrap(&error, "topic %.*s", TEXT_ARGUMENTS(topic.name));
        code = program_fail(program, &error);
    }
    metadata->topics.count = kept;
    return code;
}

static enum exit_code describe(struct program *program, struct metadata_response *metadata)
{
    struct error error;
    enum status status = STATUS_OK;
    enum exit_code code = keep_known(program, metadata);
    json_t *topics = json_made(json_array());
    for (size_t i = 0; i < metadata->topics.count; i++) {
        json_add(topics, topic_value(&metadata->topics.items[i]));
    }
    if (option_is_given(&program->command_line, "offsets")) {
        status = add_offsets(program, metadata, topics, &error);
    }
    if (status == STATUS_OK) {
        print_topics(program, topics);
    }
    json_decref(topics);
    return status == STATUS_OK ? code : program_fail(program, &error);
}

enum exit_code run_topic_describe(struct program *program)
{
    const struct command_line *command_line = &program->command_line;
    struct error error;
    struct admin_client *client = NULL;
    struct metadata_response metadata;
    enum status status = program_connect(program, &client, &error);
    if (status == STATUS_OK) {
        status = topic_metadata_ask(client, command_line->arguments, command_line->arguments_count,
                                    &metadata, &program->arena, &error);
    }
    admin_client_close(client);
    return status == STATUS_OK ? describe(program, &metadata) : program_fail(program, &error);
}
