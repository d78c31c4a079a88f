/* rollway topic list, create, alter, delete. */
#include <stdlib.h>

#include "base/assert.h"
#include "proto/generated/create_partitions.h"
#include "proto/generated/create_topics.h"
#include "proto/generated/delete_topics.h"
#include "proto/wire/kafka_error.h"
#include "tools/rollway/config_change.h"
#include "tools/rollway/program.h"
#include "tools/rollway/topic_metadata.h"

/* Asks the broker for its own default. */
#define BROKER_DEFAULT (-1)

static const struct column LIST_COLUMNS[] = {
    {"name", "TOPIC", false},
    {"partitions", "PARTITIONS", true},
    {"replication_factor", "REPLICAS", true},
    {"topic_id", "ID", false},
};

static int compare_topics(const void *a, const void *b)
{
    const struct metadata_response_topic *first = a;
    const struct metadata_response_topic *second = b;
    return text_compare(first->name, second->name);
}

static json_t *list_row(const struct metadata_response_topic *topic)
{
    char id[UUID_TEXT_SIZE];
    json_t *row = json_object();
    size_t replicas =
        topic->partitions.count > 0 ? topic->partitions.items[0].replica_nodes.count : 0;
    uuid_to_text(topic->topic_id, id);
    json_put(row, "name", json_of_text(topic->name));
    json_put(row, "partitions", json_integer((json_int_t)topic->partitions.count));
    json_put(row, "replication_factor", json_integer((json_int_t)replicas));
    json_put(row, "topic_id", json_string(id));
    json_put(row, "internal", json_boolean(topic->is_internal));
    return row;
}

static void print_list(const struct program *program, struct metadata_response *metadata)
{
    const struct console *console = &program->console;
    bool with_internal = option_is_given(&program->command_line, "internal");
    bool only_names = option_is_given(&program->command_line, "names");
    json_t *rows = json_made(json_array());
    if (metadata->topics.count > 0) {
        qsort(metadata->topics.items, metadata->topics.count, sizeof *metadata->topics.items,
              compare_topics);
    }
    for (size_t i = 0; i < metadata->topics.count; i++) {
        const struct metadata_response_topic *topic = &metadata->topics.items[i];
        if (topic->is_internal && !with_internal) {
            continue;
        }
        json_add(rows, only_names ? json_of_text(topic->name) : list_row(topic));
        if (only_names && !console->is_json) {
            fprintf(console->out, "%.*s\n", TEXT_ARGUMENTS(topic->name));
        }
    }
    if (console->is_json) {
        console_json(console, rows);
    } else if (!only_names) {
        console_table(console, rows, LIST_COLUMNS, sizeof LIST_COLUMNS / sizeof LIST_COLUMNS[0]);
    }
    json_decref(rows);
}

enum exit_code run_topic_list(struct program *program)
{
    struct error error;
    struct admin_client *client = NULL;
    struct metadata_response metadata;
    enum status status = program_connect(program, &client, &error);
    if (status == STATUS_OK) {
        status = topic_metadata_ask(client, NULL, 0, &metadata, &program->arena, &error);
    }
    if (status == STATUS_OK) {
        print_list(program, &metadata);
    }
    admin_client_close(client);
    return status == STATUS_OK ? EXIT_CODE_OK : program_fail(program, &error);
}

/* Prints what became of one topic: in JSON it is added to `results`. */
static void report_topic(const struct program *program, json_t *results, struct text name,
                         const char *outcome, const struct error *error)
{
    if (error != NULL) {
        char sentence[ERROR_TEXT_SIZE_MAX + 300];
        snprintf(sentence, sizeof sentence, "topic %.*s: %s", TEXT_ARGUMENTS(name), error->text);
        console_error(&program->console, sentence);
    } else if (!program->console.is_json) {
        fprintf(program->console.out, "topic %.*s: %s\n", TEXT_ARGUMENTS(name), outcome);
    }
    json_t *row = json_object();
    json_put(row, "name", json_of_text(name));
    json_put(row, "result", json_string(error != NULL ? "failed" : outcome));
    json_put(row, "error", error != NULL ? json_string(error->text) : json_null());
    json_add(results, row);
}

static void print_results(const struct program *program, json_t *results)
{
    if (program->console.is_json) {
        console_json(&program->console, results);
    }
    json_decref(results);
}

static enum status build_configs(const struct program *program,
                                 struct create_topics_request_topic_config_array *configs,
                                 struct arena *arena, struct error *error)
{
    size_t count = option_occurrences(&program->command_line, "config");
    configs->items = arena_allocate_array(arena, count, sizeof *configs->items);
    configs->count = count;
    if (configs->items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu configs", count);
    }
    for (size_t i = 0; i < count; i++) {
        struct option_pair pair;
        ASSERT(option_pair_split(option_text_at(&program->command_line, "config", i), &pair));
        create_topics_request_topic_config_init(&configs->items[i]);
        configs->items[i].name = pair.key;
        configs->items[i].value = pair.value;
    }
    return STATUS_OK;
}

static enum status ask_create(struct program *program, struct admin_client *client,
                              struct create_topics_response *response, struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    struct create_topics_request request;
    size_t count = command_line->arguments_count;
    create_topics_request_init(&request);
    request.timeout_ms = admin_client_timeout_ms(client);
    request.validate_only = option_is_given(command_line, "validate-only");
    request.topics.count = count;
    request.topics.items =
        arena_allocate_array(&program->arena, count, sizeof *request.topics.items);
    if (request.topics.items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu topics", count);
    }
    for (size_t i = 0; i < count; i++) {
        struct create_topics_request_topic *topic = &request.topics.items[i];
        create_topics_request_topic_init(topic);
        topic->name = text_of(command_line->arguments[i]);
        topic->num_partitions = option_count(command_line, "partitions", BROKER_DEFAULT);
        topic->replication_factor =
            (int16_t)option_count(command_line, "replication-factor", BROKER_DEFAULT);
        enum status status = build_configs(program, &topic->configs, &program->arena, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return admin_client_call(client, CREATE_TOPICS_REQUEST_KEY, &request, response, &program->arena,
                             error);
}

static enum exit_code report_created(const struct program *program,
                                     const struct create_topics_response *response)
{
    const struct command_line *command_line = &program->command_line;
    bool if_not_exists = option_is_given(command_line, "if-not-exists");
    const char *done = option_is_given(command_line, "validate-only") ? "valid" : "created";
    enum exit_code code = EXIT_CODE_OK;
    json_t *results = json_made(json_array());
    for (size_t i = 0; i < response->topics.count; i++) {
        const struct create_topics_response_topic *topic = &response->topics.items[i];
        struct error error;
        if (topic->error_code == KAFKA_TOPIC_ALREADY_EXISTS && if_not_exists) {
            report_topic(program, results, topic->name, "exists already", NULL);
        } else if (admin_check(topic->error_code, topic->error_message, &error) != STATUS_OK) {
            report_topic(program, results, topic->name, NULL, &error);
            code = EXIT_CODE_FAILED;
        } else {
            report_topic(program, results, topic->name, done, NULL);
        }
    }
    print_results(program, results);
    return code;
}

enum exit_code run_topic_create(struct program *program)
{
    struct error error;
    struct admin_client *client = NULL;
    struct create_topics_response response;
    enum exit_code code = EXIT_CODE_FAILED;
    if (option_count(&program->command_line, "replication-factor", BROKER_DEFAULT) > INT16_MAX ||
        option_count(&program->command_line, "partitions", BROKER_DEFAULT) == 0 ||
        option_count(&program->command_line, "replication-factor", BROKER_DEFAULT) == 0) {
        error.status = error_set(&error, STATUS_INVALID,
                                 "partitions and replication factor must be at least 1, the "
                                 "latter at most %d",
                                 INT16_MAX);
        return program_misuse(program, &error);
    }
    enum status status = program_connect(program, &client, &error);
    if (status == STATUS_OK) {
        status = ask_create(program, client, &response, &error);
    }
    if (status == STATUS_OK) {
        code = report_created(program, &response);
    }
    admin_client_close(client);
    return status == STATUS_OK ? code : program_fail(program, &error);
}

static enum status ask_delete(struct program *program, struct admin_client *client,
                              struct delete_topics_response *response, struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    struct delete_topics_request request;
    size_t count = command_line->arguments_count;
    delete_topics_request_init(&request);
    request.timeout_ms = admin_client_timeout_ms(client);
    /* Names stand in one field up to version 5 and in another since; the encoder takes its own. */
    request.topics.count = count;
    request.topics.items =
        arena_allocate_array(&program->arena, count, sizeof *request.topics.items);
    request.topic_names.count = count;
    request.topic_names.items =
        arena_allocate_array(&program->arena, count, sizeof *request.topic_names.items);
    if (request.topics.items == NULL || request.topic_names.items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu topics", count);
    }
    for (size_t i = 0; i < count; i++) {
        struct text name = text_of(command_line->arguments[i]);
        delete_topics_request_state_init(&request.topics.items[i]);
        request.topics.items[i].name = name;
        request.topic_names.items[i] = name;
    }
    return admin_client_call(client, DELETE_TOPICS_REQUEST_KEY, &request, response, &program->arena,
                             error);
}

static enum exit_code report_deleted(const struct program *program,
                                     const struct delete_topics_response *response)
{
    bool if_exists = option_is_given(&program->command_line, "if-exists");
    enum exit_code code = EXIT_CODE_OK;
    json_t *results = json_made(json_array());
    for (size_t i = 0; i < response->responses.count; i++) {
        const struct delete_topics_response_topic *topic = &response->responses.items[i];
        struct error error;
        if (topic->error_code == KAFKA_UNKNOWN_TOPIC_OR_PARTITION && if_exists) {
            report_topic(program, results, topic->name, "does not exist", NULL);
        } else if (admin_check(topic->error_code, topic->error_message, &error) != STATUS_OK) {
            report_topic(program, results, topic->name, NULL, &error);
            code = EXIT_CODE_FAILED;
        } else {
            report_topic(program, results, topic->name, "deleted", NULL);
        }
    }
    print_results(program, results);
    return code;
}

enum exit_code run_topic_delete(struct program *program)
{
    struct error error;
    struct admin_client *client = NULL;
    struct delete_topics_response response;
    enum exit_code code = EXIT_CODE_FAILED;
    enum status status = program_connect(program, &client, &error);
    if (status == STATUS_OK) {
        status = ask_delete(program, client, &response, &error);
    }
    if (status == STATUS_OK) {
        code = report_deleted(program, &response);
    }
    admin_client_close(client);
    return status == STATUS_OK ? code : program_fail(program, &error);
}

static enum status add_partitions(struct program *program, struct admin_client *client,
                                  struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    struct create_partitions_request request;
    struct create_partitions_request_topic topic;
    struct create_partitions_response response;
    create_partitions_request_topic_init(&topic);
    topic.name = text_of(command_line->arguments[0]);
    topic.count = option_count(command_line, "partitions", 0);
    topic.assignments.is_null = true;
    create_partitions_request_init(&request);
    request.topics.items = &topic;
    request.topics.count = 1;
    request.timeout_ms = admin_client_timeout_ms(client);
    request.validate_only = option_is_given(command_line, "validate-only");
    enum status status = admin_client_call(client, CREATE_PARTITIONS_REQUEST_KEY, &request,
                                           &response, &program->arena, error);
    if (status == STATUS_OK && response.results.count != 1) {
        status =
            error_set(error, STATUS_MALFORMED, "%zu results for 1 topic", response.results.count);
    }
    return status == STATUS_OK ? admin_check(response.results.items[0].error_code,
                                             response.results.items[0].error_message, error)
                               : status;
}

static enum status collect_changes(const struct command_line *command_line,
                                   struct config_change *changes, struct arena *arena,
                                   struct error *error)
{
    size_t set = option_occurrences(command_line, "config");
    size_t unset = option_occurrences(command_line, "unset");
    changes->items = arena_allocate_array(arena, set + unset, sizeof *changes->items);
    changes->count = set + unset;
    if (changes->items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu changes", set + unset);
    }
    for (size_t i = 0; i < set; i++) {
        struct option_pair pair;
        ASSERT(option_pair_split(option_text_at(command_line, "config", i), &pair));
        changes->items[i] = pair;
    }
    for (size_t i = 0; i < unset; i++) {
        changes->items[set + i] = (struct option_pair){
            .key = text_of(option_text_at(command_line, "unset", i)), .value = TEXT_NULL};
    }
    return STATUS_OK;
}

static enum status alter(struct program *program, struct admin_client *client, struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    struct config_change changes = {
        .resource_type = CONFIG_RESOURCE_TOPIC,
        .resource_name = text_of(command_line->arguments[0]),
        .validate_only = option_is_given(command_line, "validate-only"),
    };
    enum status status = collect_changes(command_line, &changes, &program->arena, error);
    if (status == STATUS_OK && changes.count > 0) {
        status = config_change_apply(client, &changes, &program->arena, error);
    }
    if (status == STATUS_OK && option_is_given(command_line, "partitions")) {
        status = add_partitions(program, client, error);
        if (status != STATUS_OK && changes.count > 0 && !changes.validate_only) {
            return error_wrap(error, "configuration was changed, but partitions were not");
        }
    }
    return status;
}

enum exit_code run_topic_alter(struct program *program)
{
    const struct command_line *command_line = &program->command_line;
    struct error error;
    struct admin_client *client = NULL;
    struct text name = text_of(command_line->arguments[0]);
    if (!option_is_given(command_line, "partitions") && !option_is_given(command_line, "config") &&
        !option_is_given(command_line, "unset")) {
        error.status = error_set(&error, STATUS_INVALID,
                                 "nothing to change: --partitions, --config or --unset");
        return program_misuse(program, &error);
    }
    enum status status = program_connect(program, &client, &error);
    if (status != STATUS_OK) {
        return program_fail(program, &error);
    }
    status = alter(program, client, &error);
    admin_client_close(client);
    json_t *results = json_made(json_array());
    const char *done = option_is_given(command_line, "validate-only") ? "valid" : "altered";
    report_topic(program, results, name, done, status == STATUS_OK ? NULL : &error);
    print_results(program, results);
    return status == STATUS_OK ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}
