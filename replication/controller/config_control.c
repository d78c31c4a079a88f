#include "replication/controller/config_control.h"

#include <string.h>

#include "base/number_text.h"

/* Operations of IncrementalAlterConfigs, Kafka's numbers. */
enum config_operation {
    CONFIG_SET = 0,
    CONFIG_DELETE = 1,
    CONFIG_APPEND = 2,
    CONFIG_SUBTRACT = 3,
};

/* One resource of either request. */
struct config_resource {
    int8_t type;
    struct text name;
};

static struct bytes resource_key(struct controller_decision *decision,
                                 const struct config_resource *resource)
{
    uint8_t *key = arena_allocate(decision->arena, resource->name.size + 1);

    if (key == NULL) {
        return BYTES_NULL; /* The arena remembers. */
    }
    key[0] = (uint8_t)resource->type;
    if (resource->name.size > 0) {
        memcpy(key + 1, resource->name.data, resource->name.size);
    }
    return (struct bytes){.data = key, .size = resource->name.size + 1};
}

struct controller_refusal config_control_check(struct controller_decision *decision,
                                               enum config_resource_type type, struct text key,
                                               struct text value)
{
    const struct controller_settings *settings = decision->settings;
    int16_t code = type == CONFIG_RESOURCE_BROKER ? KAFKA_INVALID_REQUEST : KAFKA_INVALID_CONFIG;
    struct error error;

    if (value.size > CONTROLLER_CONFIG_VALUE_SIZE_MAX) {
        return controller_refuse(decision, KAFKA_INVALID_CONFIG,
                                 "value of config \"%.*s\" has %zu bytes, allowed are %d",
                                 TEXT_ARGUMENTS(key), value.size, CONTROLLER_CONFIG_VALUE_SIZE_MAX);
    }
    enum status status = settings->config_check(settings->config_context, type, key, value, &error);
    if (status == STATUS_OK || (status == STATUS_NOT_FOUND && value.data == NULL)) {
        return controller_accept(); /* Taking away what cannot be there changes nothing. */
    }
    return controller_refuse(decision, code, "%s", error.text);
}

static struct controller_refusal check_broker_name(struct controller_decision *decision,
                                                   struct text name)
{
    int64_t id;

    if (name.size == 0) {
        return controller_accept(); /* The default of all brokers. */
    }
    if (!parse_i64(name, &id) || id < 0 || id > INT32_MAX) {
        return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                 "broker \"%.*s\" is not the number of a broker",
                                 TEXT_ARGUMENTS(name));
    }
    if (metadata_image_broker(decision->image, (int32_t)id) == NULL) {
        return controller_refuse(decision, KAFKA_BROKER_ID_NOT_REGISTERED,
                                 "broker %lld is not registered", (long long)id);
    }
    return controller_accept();
}

static struct controller_refusal check_resource(struct controller_decision *decision,
                                                const struct config_resource *resource)
{
    struct controller_refusal refusal;

    switch (resource->type) {
    case CONFIG_RESOURCE_TOPIC:
        if (resource->name.size == 0) {
            return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                     "topics have no default resource, a name is needed");
        }
        refusal = controller_check_topic_name(decision, resource->name);
        if (refusal.code == KAFKA_NONE &&
            metadata_image_topic(decision->image, resource->name) == NULL) {
            return controller_refuse(decision, KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
                                     "there is no topic \"%.*s\"", TEXT_ARGUMENTS(resource->name));
        }
        return refusal;
    case CONFIG_RESOURCE_BROKER:
        return check_broker_name(decision, resource->name);
    case CONFIG_RESOURCE_GROUP:
    case CONFIG_RESOURCE_CLIENT_METRICS:
        if (resource->name.size == 0) {
            return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                     "resources of type %d have no default, a name is needed",
                                     resource->type);
        }
        return controller_accept();
    case CONFIG_RESOURCE_BROKER_LOGGER:
        return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                 "levels of diagnostics are changed at their broker, they are not "
                                 "part of the cluster's metadata");
    default:
        return controller_refuse(decision, KAFKA_INVALID_REQUEST, "unknown resource type %d",
                                 resource->type);
    }
}

static bool is_list(const struct controller_decision *decision, enum config_resource_type type,
                    struct text key, struct text *default_value)
{
    const struct controller_settings *settings = decision->settings;

    if (settings->config_list_default != NULL) {
        return settings->config_list_default(settings->config_context, type, key, default_value);
    }
    if (type == CONFIG_RESOURCE_TOPIC && text_equal(key, TEXT_LITERAL("cleanup.policy"))) {
        *default_value = TEXT_LITERAL("delete");
        return true;
    }
    *default_value = TEXT_LITERAL("");
    return type == CONFIG_RESOURCE_TOPIC &&
           (text_equal(key, TEXT_LITERAL("leader.replication.throttled.replicas")) ||
            text_equal(key, TEXT_LITERAL("follower.replication.throttled.replicas")));
}

/* The next part of a list between commas, without it; false at the end. */
static bool next_part(struct text *list, struct text *part)
{
    if (list->data == NULL) {
        return false;
    }
    const char *comma = list->size == 0 ? NULL : memchr(list->data, ',', list->size);
    *part = *list;
    if (comma == NULL) {
        *list = TEXT_NULL;
        return true;
    }
    part->size = (size_t)(comma - list->data);
    list->data = comma + 1;
    list->size -= part->size + 1;
    return true;
}

static bool has_part(struct text list, struct text wanted)
{
    struct text part;

    while (next_part(&list, &part)) {
        if (text_equal(part, wanted)) {
            return true;
        }
    }
    return false;
}

static void add_part(char *memory, size_t *size, struct text part)
{
    if (part.size == 0) {
        return;
    }
    if (*size > 0) {
        memory[(*size)++] = ',';
    }
    memcpy(memory + *size, part.data, part.size);
    *size += part.size;
}

/* The list with the operand's parts added behind it, each once, or taken out of it. */
static struct text change_list(struct controller_decision *decision, struct text list,
                               struct text operand, bool is_append)
{
    char *memory = arena_allocate(decision->records->arena, list.size + operand.size + 2);
    struct text rest = list;
    struct text part;
    size_t size = 0;

    if (memory == NULL) {
        return TEXT_NULL; /* The arena remembers. */
    }
    while (next_part(&rest, &part)) {
        if (is_append || !has_part(operand, part)) {
            add_part(memory, &size, part);
        }
    }
    rest = is_append ? operand : TEXT_NULL;
    while (next_part(&rest, &part)) {
        if (!has_part((struct text){.data = memory, .size = size}, part)) {
            add_part(memory, &size, part);
        }
    }
    return (struct text){.data = memory, .size = size};
}

static void add_record(struct controller_decision *decision, const struct config_resource *resource,
                       struct text key, struct text value)
{
    struct config_record *record =
        &metadata_records_add(decision->records, METADATA_CONFIG)->config;

    record->resource_type = resource->type;
    record->resource_name = resource->name;
    record->name = key;
    record->value = value;
}

/* Sets the key, or takes it away when the value is null; what is so already has no record. */
static struct controller_refusal change_key(struct controller_decision *decision,
                                            const struct config_resource *resource, struct text key,
                                            struct text value)
{
    enum config_resource_type type = (enum config_resource_type)resource->type;
    struct text before = metadata_image_config_value(decision->image, type, resource->name, key);
    struct controller_refusal refusal = config_control_check(decision, type, key, value);

    if (refusal.code == KAFKA_NONE && !text_equal(before, value)) {
        add_record(decision, resource, key, value);
    }
    return refusal;
}

static struct controller_refusal
alter_key(struct controller_decision *decision, const struct config_resource *resource,
          const struct incremental_alter_configs_request_config *config)
{
    enum config_resource_type type = (enum config_resource_type)resource->type;
    struct text list;

    if (config->config_operation < CONFIG_SET || config->config_operation > CONFIG_SUBTRACT) {
        return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                 "unknown operation %d on config \"%.*s\"",
                                 config->config_operation, TEXT_ARGUMENTS(config->name));
    }
    if (config->config_operation == CONFIG_DELETE) {
        return change_key(decision, resource, config->name, TEXT_NULL);
    }
    if (config->value.data == NULL) {
        return controller_refuse(decision, KAFKA_INVALID_REQUEST, "config \"%.*s\" has no value",
                                 TEXT_ARGUMENTS(config->name));
    }
    if (config->config_operation == CONFIG_SET) {
        return change_key(decision, resource, config->name, config->value);
    }
    if (!is_list(decision, type, config->name, &list)) {
        return controller_refuse(decision, KAFKA_INVALID_CONFIG,
                                 "config \"%.*s\" is not a list, so nothing can be appended to or "
                                 "subtracted from it",
                                 TEXT_ARGUMENTS(config->name));
    }
    struct text before =
        metadata_image_config_value(decision->image, type, resource->name, config->name);
    if (before.data != NULL) {
        list = before;
    }
    return change_key(
        decision, resource, config->name,
        change_list(decision, list, config->value, config->config_operation == CONFIG_APPEND));
}

static struct controller_refusal refuse_duplicate_key(struct controller_decision *decision,
                                                      struct text key)
{
    return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                             "config \"%.*s\" is in the request more than once for one resource",
                             TEXT_ARGUMENTS(key));
}

static struct controller_refusal
alter_resource(struct controller_decision *decision,
               const struct incremental_alter_configs_request_alter_configs_resource *request)
{
    const struct config_resource resource = {.type = request->resource_type,
                                             .name = request->resource_name};
    struct key_counts keys;
    struct controller_refusal refusal = controller_accept();

    key_counts_init(&keys, decision->arena);
    for (size_t i = 0; i < request->configs.count && refusal.code == KAFKA_NONE; i++) {
        if (key_counts_add(&keys, text_key(request->configs.items[i].name)) > 1) {
            refusal = refuse_duplicate_key(decision, request->configs.items[i].name);
        }
    }
    key_counts_clear(&keys);
    if (refusal.code == KAFKA_NONE) {
        refusal = check_resource(decision, &resource);
    }
    for (size_t i = 0; i < request->configs.count && refusal.code == KAFKA_NONE; i++) {
        refusal = alter_key(decision, &resource, &request->configs.items[i]);
    }
    return refusal;
}

static struct controller_refusal refuse_duplicate_resource(struct controller_decision *decision)
{
    return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                             "every resource may be in the request only once");
}

void config_control_alter(struct controller_decision *decision,
                          const struct incremental_alter_configs_request *request,
                          struct incremental_alter_configs_response *response)
{
    size_t records_first = decision->records->count;
    struct key_counts resources;

    response->responses.count = 0;
    response->responses.items = arena_allocate_array(decision->arena, request->resources.count,
                                                     sizeof(*response->responses.items));
    key_counts_init(&resources, decision->arena);
    for (size_t pass = 0; pass < 2 && response->responses.items != NULL; pass++) {
        for (size_t i = 0; i < request->resources.count; i++) {
            const struct incremental_alter_configs_request_alter_configs_resource *resource =
                &request->resources.items[i];
            struct bytes key =
                resource_key(decision, &(struct config_resource){.type = resource->resource_type,
                                                                 .name = resource->resource_name});
            if (pass == 0) {
                (void)key_counts_add(&resources, key);
                continue;
            }
            size_t records_before = decision->records->count;
            struct controller_refusal refusal = key_counts_of(&resources, key) > 1
                                                    ? refuse_duplicate_resource(decision)
                                                    : alter_resource(decision, resource);
            if (refusal.code != KAFKA_NONE) {
                decision->records->count = records_before;
            }
            struct incremental_alter_configs_response_alter_configs_resource *result =
                &response->responses.items[response->responses.count++];
            incremental_alter_configs_response_alter_configs_resource_init(result);
            result->resource_type = resource->resource_type;
            result->resource_name = resource->resource_name;
            result->error_code = refusal.code;
            result->error_message = refusal.message;
        }
    }
    key_counts_clear(&resources);
    if (request->validate_only) {
        decision->records->count = records_first;
    }
}

static struct controller_refusal set_all(struct controller_decision *decision,
                                         const struct config_resource *resource,
                                         const struct alter_configs_request_resource *request,
                                         struct key_counts *keys)
{
    for (size_t i = 0; i < request->configs.count; i++) {
        const struct alter_configs_request_config *config = &request->configs.items[i];
        if (key_counts_add(keys, text_key(config->name)) > 1) {
            return refuse_duplicate_key(decision, config->name);
        }
        if (config->value.data == NULL) {
            return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                     "config \"%.*s\" has no value", TEXT_ARGUMENTS(config->name));
        }
    }
    struct controller_refusal refusal = check_resource(decision, resource);
    for (size_t i = 0; i < request->configs.count && refusal.code == KAFKA_NONE; i++) {
        refusal = change_key(decision, resource, request->configs.items[i].name,
                             request->configs.items[i].value);
    }
    return refusal;
}

static struct controller_refusal
replace_resource(struct controller_decision *decision,
                 const struct alter_configs_request_resource *request)
{
    const struct config_resource resource = {.type = request->resource_type,
                                             .name = request->resource_name};
    struct key_counts keys;

    key_counts_init(&keys, decision->arena);
    struct controller_refusal refusal = set_all(decision, &resource, request, &keys);
    const struct config_image *config =
        refusal.code != KAFKA_NONE
            ? NULL
            : metadata_image_config(decision->image, (enum config_resource_type)resource.type,
                                    resource.name);
    for (size_t i = 0; config != NULL && i < config->entries_count; i++) {
        struct text key = config->entries[i].key;
        if (key_counts_of(&keys, text_key(key)) == 0 && refusal.code == KAFKA_NONE) {
            refusal = change_key(decision, &resource, key, TEXT_NULL);
        }
    }
    key_counts_clear(&keys);
    return refusal;
}

void config_control_replace(struct controller_decision *decision,
                            const struct alter_configs_request *request,
                            struct alter_configs_response *response)
{
    size_t records_first = decision->records->count;
    struct key_counts resources;

    response->responses.count = 0;
    response->responses.items = arena_allocate_array(decision->arena, request->resources.count,
                                                     sizeof(*response->responses.items));
    key_counts_init(&resources, decision->arena);
    for (size_t pass = 0; pass < 2 && response->responses.items != NULL; pass++) {
        for (size_t i = 0; i < request->resources.count; i++) {
            const struct alter_configs_request_resource *resource = &request->resources.items[i];
            struct bytes key =
                resource_key(decision, &(struct config_resource){.type = resource->resource_type,
                                                                 .name = resource->resource_name});
            if (pass == 0) {
                (void)key_counts_add(&resources, key);
                continue;
            }
            size_t records_before = decision->records->count;
            struct controller_refusal refusal = key_counts_of(&resources, key) > 1
                                                    ? refuse_duplicate_resource(decision)
                                                    : replace_resource(decision, resource);
            if (refusal.code != KAFKA_NONE) {
                decision->records->count = records_before;
            }
            struct alter_configs_response_resource *result =
                &response->responses.items[response->responses.count++];
            alter_configs_response_resource_init(result);
            result->resource_type = resource->resource_type;
            result->resource_name = resource->resource_name;
            result->error_code = refusal.code;
            result->error_message = refusal.message;
        }
    }
    key_counts_clear(&resources);
    if (request->validate_only) {
        decision->records->count = records_first;
    }
}
