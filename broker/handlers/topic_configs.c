#include "broker/handlers/topic_configs.h"

#include "broker/broker_shard.h"
#include "broker/config/config_description.h"

static const struct create_topics_request_topic *
requested_topic(const struct create_topics_request *request, struct text name)
{
    for (size_t i = 0; i < request->topics.count; i++) {
        if (text_equal(request->topics.items[i].name, name)) {
            return &request->topics.items[i];
        }
    }
    return NULL;
}

/* With validate_only the image does not have what was asked for. */
static void take_requested(const struct create_topics_request *request,
                           struct create_topics_response_topic *topic,
                           struct create_topics_response_topic_configs *entry)
{
    const struct create_topics_request_topic *asked = requested_topic(request, topic->name);
    for (size_t i = 0; request->validate_only && asked != NULL && i < asked->configs.count; i++) {
        if (text_equal(asked->configs.items[i].name, entry->name)) {
            entry->value = asked->configs.items[i].value;
            entry->config_source = CONFIG_SOURCE_DYNAMIC_TOPIC;
        }
    }
}

void topic_configs_of_created(struct api_call *call, const struct create_topics_request *request,
                              struct create_topics_response_topic *topic)
{
    struct config_view view = {call->broker->config, call->broker->image, call->broker->node_id};
    struct create_topics_response_topic_configs *entries =
        arena_allocate_array(&call->arena, TOPIC_CONFIG_ID_COUNT, sizeof *entries);
    topic->configs.is_null = false;
    topic->configs.count = 0;
    for (unsigned i = 0; entries != NULL && i < TOPIC_CONFIG_ID_COUNT; i++) {
        struct config_description description;
        struct create_topics_response_topic_configs *entry = &entries[i];
        config_describe_topic(&view, topic->name, (enum topic_config_id)i, &description);
        create_topics_response_topic_configs_init(entry);
        entry->name = description.name;
        entry->value = arena_copy_text(&call->arena, description.value);
        entry->config_source = (int8_t)description.source;
        entry->is_sensitive = description.is_secret;
        take_requested(request, topic, entry);
        topic->configs.count++;
    }
    topic->configs.items = entries;
}
