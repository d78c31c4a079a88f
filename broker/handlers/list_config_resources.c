/* ListConfigResources (74): the resources that have, or may have, configuration (KIP-1142). Version
 * 0 knows only client metrics, of which there are none here. */
#include "proto/generated/list_config_resources.h"
#include "broker/broker_shard.h"
#include "broker/handlers/handlers.h"
#include "proto/wire/kafka_error.h"

static bool is_known_type(int8_t type)
{
    return type == CONFIG_RESOURCE_TOPIC || type == CONFIG_RESOURCE_BROKER ||
           type == CONFIG_RESOURCE_BROKER_LOGGER || type == CONFIG_RESOURCE_CLIENT_METRICS ||
           type == CONFIG_RESOURCE_GROUP;
}

static bool is_wanted(const struct list_config_resources_request *request, int8_t type)
{
    for (size_t i = 0; i < request->resource_types.count; i++) {
        if (request->resource_types.items[i] == type) {
            return true;
        }
    }
    return request->resource_types.count == 0;
}

static void add(struct list_config_resources_response *response, struct text name, int8_t type)
{
    struct list_config_resources_response_config_resource *resource =
        &response->config_resources.items[response->config_resources.count++];
    list_config_resources_response_config_resource_init(resource);
    resource->resource_name = name;
    resource->resource_type = type;
}

static void add_brokers(struct api_call *call, struct list_config_resources_response *response,
                        int8_t type)
{
    const struct metadata_image *image = call->broker->image;
    for (size_t i = 0; i < metadata_image_brokers_count(image); i++) {
        add(response, arena_format(&call->arena, "%d", metadata_image_broker_at(image, i)->id),
            type);
    }
}

/* Groups and client metrics are listed when they have configuration. */
static void add_configured(const struct metadata_image *image,
                           struct list_config_resources_response *response, int8_t type)
{
    for (size_t i = 0; i < metadata_image_configs_count(image); i++) {
        const struct config_image *config = metadata_image_config_at(image, i);
        if ((int)config->type == type) {
            add(response, config->name, type);
        }
    }
}

static void fill_in(struct api_call *call, const struct list_config_resources_request *request,
                    struct list_config_resources_response *response)
{
    const struct metadata_image *image = call->broker->image;
    bool is_old = call->header.request_api_version == 0;
    if (is_wanted(request, CONFIG_RESOURCE_CLIENT_METRICS) || is_old) {
        add_configured(image, response, CONFIG_RESOURCE_CLIENT_METRICS);
    }
    if (is_old) {
        return;
    }
    if (is_wanted(request, CONFIG_RESOURCE_GROUP)) {
        add_configured(image, response, CONFIG_RESOURCE_GROUP);
    }
    if (is_wanted(request, CONFIG_RESOURCE_BROKER)) {
        add_brokers(call, response, CONFIG_RESOURCE_BROKER);
    }
    if (is_wanted(request, CONFIG_RESOURCE_BROKER_LOGGER)) {
        add_brokers(call, response, CONFIG_RESOURCE_BROKER_LOGGER);
    }
    for (size_t i = 0;
         is_wanted(request, CONFIG_RESOURCE_TOPIC) && i < metadata_image_topics_count(image); i++) {
        add(response, metadata_image_topic_at(image, i)->name, CONFIG_RESOURCE_TOPIC);
    }
}

void handle_list_config_resources(struct api_call *call)
{
    struct list_config_resources_request request;
    struct list_config_resources_response response;
    if (!api_call_decode(call, &request)) {
        return;
    }
    list_config_resources_response_init(&response);
    for (size_t i = 0; i < request.resource_types.count; i++) {
        if (!is_known_type(request.resource_types.items[i])) {
            response.error_code = KAFKA_UNSUPPORTED_VERSION;
            api_call_respond(call, &response);
            return;
        }
    }
    const struct metadata_image *image = call->broker->image;
    size_t count = metadata_image_topics_count(image) + 2 * metadata_image_brokers_count(image) +
                   metadata_image_configs_count(image);
    response.config_resources.items =
        arena_allocate_array(&call->arena, count, sizeof *response.config_resources.items);
    if (response.config_resources.items == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    fill_in(call, &request, &response);
    api_call_respond(call, &response);
}
