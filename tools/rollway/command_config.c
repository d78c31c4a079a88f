/* rollway config describe, set, unset. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"
#include "proto/generated/describe_configs.h"
#include "tools/rollway/config_change.h"
#include "tools/rollway/help_text.h"
#include "tools/rollway/program.h"
#include "tools/rollway/topic_metadata.h"

#define ALL_BROKERS "default"

/* Numbers and names of the protocol: where a value comes from, and what type it has. */
static const char *const SOURCES[] = {
    "unknown", "topic",  "broker",         "broker default", "static broker",
    "default", "logger", "client metrics", "group",
};
#define SOURCES_COUNT        (sizeof SOURCES / sizeof SOURCES[0])
#define SOURCE_STATIC_BROKER 4
#define SOURCE_DEFAULT       5

static const char *const TYPES[] = {
    "unknown", "boolean", "string", "int", "short", "long", "double", "list", "class", "password",
};
#define TYPES_COUNT (sizeof TYPES / sizeof TYPES[0])

static const struct column CONFIG_COLUMNS[] = {
    {"key", "KEY", false},
    {"value", "VALUE", false},
    {"source", "SOURCE", false},
};

struct resource {
    int8_t type;
    struct text name;
    int32_t broker_id; /* -1 when any broker may be asked. */
};

/* Reads TYPE NAME of the arguments. */
static enum status parse_resource(const struct command_line *command_line,
                                  struct resource *resource, struct error *error)
{
    const char *type = command_line->arguments[0];
    const char *name = command_line->arguments[1];
    int64_t id = -1;
    if (strcmp(type, "topic") == 0) {
        *resource = (struct resource){CONFIG_RESOURCE_TOPIC, text_of(name), -1};
        return STATUS_OK;
    }
    if (strcmp(type, "broker") != 0) {
        return error_set(error, STATUS_INVALID, "'%s' is none of topic and broker", type);
    }
    if (strcmp(name, ALL_BROKERS) == 0) {
        *resource = (struct resource){CONFIG_RESOURCE_BROKER, TEXT_LITERAL(""), -1};
        return STATUS_OK;
    }
    if (!parse_i64(text_of(name), &id) || id < 0 || id > INT32_MAX) {
        return error_set(error, STATUS_INVALID, "'%s' is neither a broker's id nor " ALL_BROKERS,
                         name);
    }
    *resource = (struct resource){CONFIG_RESOURCE_BROKER, text_of(name), (int32_t)id};
    return STATUS_OK;
}

/* Connects to whom may answer for the resource: a broker's own configuration only it knows. */
static enum status connect_for(struct program *program, const struct resource *resource,
                               struct admin_client **client, struct error *error)
{
    struct metadata_response metadata;
    struct admin_client *any = NULL;
    enum status status = program_connect(program, &any, error);
    if (status != STATUS_OK || resource->broker_id < 0) {
        *client = any;
        return status;
    }
    const char *no_topics[1] = {""};
    status = topic_metadata_ask(any, no_topics, 0, &metadata, &program->arena, error);
    admin_client_close(any);
    return status == STATUS_OK
               ? topic_metadata_connect(&metadata, resource->broker_id,
                                        option_duration_ms(&program->command_line, "timeout"),
                                        client, error)
               : status;
}

static const char *source_name(int8_t source)
{
    return source >= 0 && (size_t)source < SOURCES_COUNT ? SOURCES[source] : SOURCES[0];
}

static json_t *synonyms_value(const struct describe_configs_response_synonym_array *synonyms)
{
    json_t *array = json_made(json_array());
    for (size_t i = 0; i < synonyms->count; i++) {
        json_t *synonym = json_made(json_object());
        json_put(synonym, "key", json_of_text(synonyms->items[i].name));
        json_put(synonym, "value", json_of_text(synonyms->items[i].value));
        json_put(synonym, "source", json_string(source_name(synonyms->items[i].source)));
        json_add(array, synonym);
    }
    return array;
}

static json_t *config_row(const struct command_line *command_line,
                          const struct describe_configs_response_resource *config)
{
    json_t *row = json_made(json_object());
    int8_t type = config->config_type;
    bool is_known = type >= 0 && (size_t)type < TYPES_COUNT;
    json_put(row, "key", json_of_text(config->name));
    json_put(row, "value", json_of_text(config->value));
    json_put(row, "source", json_string(source_name(config->config_source)));
    json_put(row, "type", json_string(TYPES[is_known ? type : 0]));
    json_put(row, "read_only", json_boolean(config->read_only));
    json_put(row, "sensitive", json_boolean(config->is_sensitive));
    if (option_is_given(command_line, "synonyms")) {
        json_put(row, "synonyms", synonyms_value(&config->synonyms));
    }
    if (option_is_given(command_line, "documentation")) {
        json_put(row, "documentation", json_of_text(config->documentation));
    }
    return row;
}

static bool is_changed(const struct describe_configs_response_resource *config)
{
    return config->config_source != SOURCE_DEFAULT && config->config_source != SOURCE_STATIC_BROKER;
}

static int compare_configs(const void *a, const void *b)
{
    const struct describe_configs_response_resource *first = a;
    const struct describe_configs_response_resource *second = b;
    return text_compare(first->name, second->name);
}

/* A block for each key: what does not fit into a table. */
static void print_blocks(const struct program *program, const json_t *rows)
{
    FILE *out = program->console.out;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *synonyms = json_object_get(row, "synonyms");
        const char *value = json_string_value(json_object_get(row, "value"));
        const char *documentation = json_string_value(json_object_get(row, "documentation"));
        fprintf(out, "%s=%s (%s%s)\n", json_string_value(json_object_get(row, "key")),
                value != NULL ? value : "-", json_string_value(json_object_get(row, "source")),
                json_is_true(json_object_get(row, "read_only")) ? ", read only" : "");
        if (documentation != NULL) {
            fputs("    ", out);
            help_print_wrapped(out, documentation, 4, 4);
        }
        for (size_t j = 0; j < json_array_size(synonyms); j++) {
            const json_t *synonym = json_array_get(synonyms, j);
            const char *other = json_string_value(json_object_get(synonym, "value"));
            fprintf(out, "    %s: %s=%s\n", json_string_value(json_object_get(synonym, "source")),
                    json_string_value(json_object_get(synonym, "key")),
                    other != NULL ? other : "-");
        }
    }
}

static void print_configs(const struct program *program,
                          struct describe_configs_response_result *result)
{
    const struct command_line *command_line = &program->command_line;
    bool only_changed = option_is_given(command_line, "changed");
    json_t *rows = json_made(json_array());
    if (result->configs.count > 0) {
        qsort(result->configs.items, result->configs.count, sizeof *result->configs.items,
              compare_configs);
    }
    for (size_t i = 0; i < result->configs.count; i++) {
        if (!only_changed || is_changed(&result->configs.items[i])) {
            json_add(rows, config_row(command_line, &result->configs.items[i]));
        }
    }
    if (program->console.is_json) {
        console_json(&program->console, rows);
    } else if (option_is_given(command_line, "documentation") ||
               option_is_given(command_line, "synonyms")) {
        print_blocks(program, rows);
    } else {
        console_table(&program->console, rows, CONFIG_COLUMNS,
                      sizeof CONFIG_COLUMNS / sizeof CONFIG_COLUMNS[0]);
    }
    json_decref(rows);
}

static enum status ask_configs(struct program *program, struct admin_client *client,
                               const struct resource *resource,
                               struct describe_configs_response *response, struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    struct describe_configs_request request;
    struct describe_configs_request_resource asked;
    size_t keys = option_occurrences(command_line, "key");
    describe_configs_request_resource_init(&asked);
    asked.resource_type = resource->type;
    asked.resource_name = resource->name;
    asked.configuration_keys.is_null = keys == 0;
    asked.configuration_keys.count = keys;
    asked.configuration_keys.items =
        arena_allocate_array(&program->arena, keys, sizeof *asked.configuration_keys.items);
    if (asked.configuration_keys.items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu keys", keys);
    }
    for (size_t i = 0; i < keys; i++) {
        asked.configuration_keys.items[i] = text_of(option_text_at(command_line, "key", i));
    }
    describe_configs_request_init(&request);
    request.resources.items = &asked;
    request.resources.count = 1;
    request.include_synonyms = option_is_given(command_line, "synonyms");
    request.include_documentation = option_is_given(command_line, "documentation");
    enum status status = admin_client_call(client, DESCRIBE_CONFIGS_REQUEST_KEY, &request, response,
                                           &program->arena, error);
    if (status == STATUS_OK && response->results.count != 1) {
        status = error_set(error, STATUS_MALFORMED, "%zu results for 1 resource",
                           response->results.count);
    }
    return status == STATUS_OK ? admin_check(response->results.items[0].error_code,
                                             response->results.items[0].error_message, error)
                               : status;
}

enum exit_code run_config_describe(struct program *program)
{
    struct error error;
    struct resource resource;
    struct admin_client *client = NULL;
    struct describe_configs_response response;
    if (parse_resource(&program->command_line, &resource, &error) != STATUS_OK) {
        return program_misuse(program, &error);
    }
    enum status status = connect_for(program, &resource, &client, &error);
    if (status == STATUS_OK) {
        status = ask_configs(program, client, &resource, &response, &error);
        if (status != STATUS_OK) {
            status = error_wrap(&error, "%s %s", program->command_line.arguments[0],
                                program->command_line.arguments[1]);
        }
    }
    if (status == STATUS_OK) {
        print_configs(program, &response.results.items[0]);
    }
    admin_client_close(client);
    return status == STATUS_OK ? EXIT_CODE_OK : program_fail(program, &error);
}

/* What stands behind TYPE NAME: KEY=VALUE, or only KEY when `is_unset`. */
static enum status collect_changes(struct program *program, bool is_unset,
                                   struct config_change *change, struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    change->count = command_line->arguments_count - 2;
    change->items = arena_allocate_array(&program->arena, change->count, sizeof *change->items);
    if (change->items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu changes", change->count);
    }
    for (size_t i = 0; i < change->count; i++) {
        const char *word = command_line->arguments[i + 2];
        if (is_unset && strchr(word, '=') == NULL) {
            change->items[i] = (struct option_pair){text_of(word), TEXT_NULL};
        } else if (is_unset || !option_pair_split(word, &change->items[i])) {
            return error_set(error, STATUS_INVALID, "'%s' is not %s", word,
                             is_unset ? "a key" : "KEY=VALUE");
        }
    }
    return STATUS_OK;
}

static enum exit_code change_configs(struct program *program, bool is_unset)
{
    const struct command_line *command_line = &program->command_line;
    struct error error;
    struct resource resource;
    struct admin_client *client = NULL;
    struct config_change change = {.validate_only = option_is_given(command_line, "validate-only")};
    if (parse_resource(command_line, &resource, &error) != STATUS_OK ||
        collect_changes(program, is_unset, &change, &error) != STATUS_OK) {
        return program_misuse(program, &error);
    }
    change.resource_type = resource.type;
    change.resource_name = resource.name;
    enum status status = connect_for(program, &resource, &client, &error);
    if (status == STATUS_OK) {
        status = config_change_apply(client, &change, &program->arena, &error);
        if (status != STATUS_OK) {
            status =
                error_wrap(&error, "%s %s", command_line->arguments[0], command_line->arguments[1]);
        }
    }
    admin_client_close(client);
    if (status != STATUS_OK) {
        return program_fail(program, &error);
    }
    if (program->console.is_json) {
        json_t *result = json_made(json_object());
        json_put(result, "changed", json_integer((json_int_t)change.count));
        json_put(result, "validate_only", json_boolean(change.validate_only));
        console_json(&program->console, result);
        json_decref(result);
    }
    return EXIT_CODE_OK;
}

enum exit_code run_config_set(struct program *program)
{
    return change_configs(program, false);
}

enum exit_code run_config_unset(struct program *program)
{
    return change_configs(program, true);
}
