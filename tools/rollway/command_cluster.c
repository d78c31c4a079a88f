/* rollway cluster describe. */
#include <ctype.h>
#include <string.h>

#include "proto/generated/describe_cluster.h"
#include "proto/wire/message_table.h"
#include "tools/rollway/program.h"

#define API_NAME_SIZE_MAX 64

static const struct column BROKER_COLUMNS[] = {
    {"id", "BROKER", true},
    {"host", "HOST", false},
    {"port", "PORT", true},
    {"rack", "RACK", false},
    {"controller", "CONTROLLER", false},
    {"fenced", "FENCED", false},
};

static const struct column FEATURE_COLUMNS[] = {
    {"name", "FEATURE", false},
    {"level", "LEVEL", true},
    {"min", "MIN", true},
    {"max", "MAX", true},
};

static const struct column API_COLUMNS[] = {
    {"key", "KEY", true},
    {"name", "API", false},
    {"min", "MIN", true},
    {"max", "MAX", true},
};

#define COLUMNS(columns) columns, sizeof(columns) / sizeof(columns)[0]

/* "Fetch" of fetch_request; the number of an API that is not known here. */
static void api_name(int16_t key, char name[API_NAME_SIZE_MAX])
{
    const struct api_messages *messages = api_messages_find(key);
    size_t size = 0;
    if (messages == NULL) {
        snprintf(name, API_NAME_SIZE_MAX, "%d", key);
        return;
    }
    size_t rest = strlen(messages->request->name) - strlen("_request");
    bool is_word_start = true;
    for (const char *from = messages->request->name; rest > 0 && size + 1 < API_NAME_SIZE_MAX;
         from++, rest--) {
        if (*from == '_') {
            is_word_start = true;
            continue;
        }
        name[size++] = is_word_start ? (char)toupper((unsigned char)*from) : *from;
        is_word_start = false;
    }
    name[size] = '\0';
}

static json_t *brokers_value(const struct describe_cluster_response *response)
{
    json_t *rows = json_made(json_array());
    for (size_t i = 0; i < response->brokers.count; i++) {
        const struct describe_cluster_response_broker *broker = &response->brokers.items[i];
        json_t *row = json_made(json_object());
        json_put(row, "id", json_integer(broker->broker_id));
        json_put(row, "host", json_of_text(broker->host));
        json_put(row, "port", json_integer(broker->port));
        json_put(row, "rack", json_of_text(broker->rack));
        json_put(row, "controller", json_boolean(broker->broker_id == response->controller_id));
        json_put(row, "fenced", json_boolean(broker->is_fenced));
        json_add(rows, row);
    }
    return rows;
}

static json_t *features_value(const struct api_versions_response *versions)
{
    json_t *rows = json_made(json_array());
    for (size_t i = 0; i < versions->supported_features.count; i++) {
        const struct api_versions_response_supported_feature_key *feature =
            &versions->supported_features.items[i];
        json_t *row = json_made(json_object());
        json_put(row, "name", json_of_text(feature->name));
        json_put(row, "level", json_integer(0));
        json_put(row, "min", json_integer(feature->min_version));
        json_put(row, "max", json_integer(feature->max_version));
        for (size_t j = 0; j < versions->finalized_features.count; j++) {
            if (text_equal(versions->finalized_features.items[j].name, feature->name)) {
                json_put(row, "level",
                         json_integer(versions->finalized_features.items[j].max_version_level));
            }
        }
        json_add(rows, row);
    }
    return rows;
}

static json_t *apis_value(const struct api_versions_response *versions)
{
    json_t *rows = json_made(json_array());
    for (size_t i = 0; i < versions->api_keys.count; i++) {
        const struct api_versions_response_api_version *api = &versions->api_keys.items[i];
        char name[API_NAME_SIZE_MAX];
        json_t *row = json_made(json_object());
        api_name(api->api_key, name);
        json_put(row, "key", json_integer(api->api_key));
        json_put(row, "name", json_string(name));
        json_put(row, "min", json_integer(api->min_version));
        json_put(row, "max", json_integer(api->max_version));
        json_add(rows, row);
    }
    return rows;
}

static void print_cluster(const struct program *program,
                          const struct describe_cluster_response *response,
                          const struct api_versions_response *versions)
{
    const struct console *console = &program->console;
    bool with_apis = option_is_given(&program->command_line, "api-versions");
    json_t *value = json_made(json_object());
    json_put(value, "cluster_id", json_of_text(response->cluster_id));
    json_put(value, "controller", json_integer(response->controller_id));
    json_put(value, "brokers", brokers_value(response));
    json_put(value, "features", features_value(versions));
    if (with_apis) {
        json_put(value, "apis", apis_value(versions));
    }
    if (console->is_json) {
        console_json(console, value);
    } else {
        fprintf(console->out, "cluster %.*s, controller %d\n", TEXT_ARGUMENTS(response->cluster_id),
                response->controller_id);
        console_table(console, json_object_get(value, "brokers"), COLUMNS(BROKER_COLUMNS));
        if (versions->supported_features.count > 0) {
            fputc('\n', console->out);
            console_table(console, json_object_get(value, "features"), COLUMNS(FEATURE_COLUMNS));
        }
        if (with_apis) {
            fputc('\n', console->out);
            console_table(console, json_object_get(value, "apis"), COLUMNS(API_COLUMNS));
        }
    }
    json_decref(value);
}

enum exit_code run_cluster_describe(struct program *program)
{
    struct error error;
    struct admin_client *client = NULL;
    struct describe_cluster_request request;
    struct describe_cluster_response response;
    enum status status = program_connect(program, &client, &error);
    if (status == STATUS_OK) {
        describe_cluster_request_init(&request);
        request.include_fenced_brokers = true;
        status = admin_client_call(client, DESCRIBE_CLUSTER_REQUEST_KEY, &request, &response,
                                   &program->arena, &error);
    }
    if (status == STATUS_OK) {
        status = admin_check(response.error_code, response.error_message, &error);
    }
    if (status == STATUS_OK) {
        print_cluster(program, &response, admin_client_versions(client));
    }
    admin_client_close(client);
    return status == STATUS_OK ? EXIT_CODE_OK : program_fail(program, &error);
}
