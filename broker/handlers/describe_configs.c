/* DescribeConfigs (32): keys of topics and brokers with value, source, synonyms and documentation.
 *
 * A broker named "" is what was altered for all brokers. Unknown keys that are asked for are left
 * out. Values of passwords are never told. */
#include <stdio.h>

#include "base/number_text.h"
#include "broker/broker_shard.h"
#include "broker/config/config_description.h"
#include "broker/handlers/handlers.h"
#include "proto/generated/describe_configs.h"
#include "proto/wire/kafka_error.h"

struct description_job {
    struct api_call *call;
    const struct describe_configs_request *request;
    const struct describe_configs_request_resource *asked;
    struct describe_configs_response_result *result;
    struct config_view view;
};

static bool is_wanted(const struct description_job *job, struct text name)
{
    if (job->asked->configuration_keys.is_null) {
        return true;
    }
    for (size_t i = 0; i < job->asked->configuration_keys.count; i++) {
        if (text_equal(job->asked->configuration_keys.items[i], name)) {
            return true;
        }
    }
    return false;
}

static void add_entry(struct description_job *job, const struct config_description *description)
{
    struct describe_configs_response_resource *entry =
        &job->result->configs.items[job->result->configs.count];
    describe_configs_response_resource_init(entry);
    entry->name = description->name;
    entry->value = arena_copy_text(&job->call->arena, description->value);
    entry->read_only = description->is_read_only;
    entry->config_source = (int8_t)description->source;
    entry->is_sensitive = description->is_secret;
    entry->config_type = (int8_t)description->type;
    entry->documentation =
        job->request->include_documentation ? description->documentation : TEXT_NULL;
    job->result->configs.count++;
    if (!job->request->include_synonyms) {
        return;
    }
    entry->synonyms.items = arena_allocate_array(&job->call->arena, description->synonyms_count,
                                                 sizeof *entry->synonyms.items);
    for (unsigned i = 0; entry->synonyms.items != NULL && i < description->synonyms_count; i++) {
        struct describe_configs_response_synonym *synonym =
            &entry->synonyms.items[entry->synonyms.count++];
        synonym->name = description->synonyms[i].name;
        synonym->value = arena_copy_text(&job->call->arena, description->synonyms[i].value);
        synonym->source = (int8_t)description->synonyms[i].source;
    }
}

static void refuse(struct description_job *job, int16_t error_code, struct text message)
{
    job->result->error_code = error_code;
    job->result->error_message = message;
}

static bool make_room(struct description_job *job, size_t count)
{
    job->result->configs.items =
        arena_allocate_array(&job->call->arena, count, sizeof *job->result->configs.items);
    return job->result->configs.items != NULL;
}

static bool describe_topic(struct description_job *job)
{
    struct text topic = job->asked->resource_name;
    if (metadata_image_topic(job->view.image, topic) == NULL) {
        refuse(job, KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
               text_of(kafka_error_text(KAFKA_UNKNOWN_TOPIC_OR_PARTITION)));
        return true;
    }
    if (!make_room(job, TOPIC_CONFIG_ID_COUNT)) {
        return false;
    }
    for (unsigned i = 0; i < TOPIC_CONFIG_ID_COUNT; i++) {
        struct config_description description;
        if (is_wanted(job, text_of(topic_config_name((enum topic_config_id)i)))) {
            config_describe_topic(&job->view, topic, (enum topic_config_id)i, &description);
            add_entry(job, &description);
        }
    }
    return true;
}

static bool describe_broker(struct description_job *job)
{
    struct text name = job->asked->resource_name;
    int64_t id = -1;
    bool is_all = name.size == 0;
    if (!is_all && (!parse_i64(name, &id) || id != job->view.node_id)) {
        refuse(job, KAFKA_INVALID_REQUEST,
               arena_format(&job->call->arena, "broker %.*s was asked for, this is broker %d",
                            TEXT_ARGUMENTS(name), job->view.node_id));
        return true;
    }
    if (!make_room(job, CONFIG_ID_COUNT)) {
        return false;
    }
    for (unsigned i = 0; i < CONFIG_ID_COUNT; i++) {
        struct config_description description;
        if (!is_wanted(job, text_of(config_key_at((enum config_id)i)->name))) {
            continue;
        }
        if (!is_all) {
            config_describe_broker(&job->view, (enum config_id)i, &description);
            add_entry(job, &description);
        } else if (config_describe_all_brokers(&job->view, (enum config_id)i, &description)) {
            add_entry(job, &description);
        }
    }
    return true;
}

static bool describe(struct description_job *job)
{
    describe_configs_response_result_init(job->result);
    job->result->resource_type = job->asked->resource_type;
    job->result->resource_name = job->asked->resource_name;
    switch (job->asked->resource_type) {
    case CONFIG_RESOURCE_TOPIC:
        return describe_topic(job);
    case CONFIG_RESOURCE_BROKER:
        return describe_broker(job);
    default:
        refuse(job, KAFKA_INVALID_REQUEST,
               arena_format(&job->call->arena, "resource type %d has no configuration here",
                            job->asked->resource_type));
        return true;
    }
}

void handle_describe_configs(struct api_call *call)
{
    struct describe_configs_request request;
    struct describe_configs_response response;
    if (!api_call_decode(call, &request)) {
        return;
    }
    describe_configs_response_init(&response);
    size_t count = request.resources.count;
    response.results.items =
        arena_allocate_array(&call->arena, count, sizeof *response.results.items);
    bool done = response.results.items != NULL;
    response.results.count = count;
    for (size_t i = 0; done && i < count; i++) {
        struct description_job job = {
            .call = call,
            .request = &request,
            .asked = &request.resources.items[i],
            .result = &response.results.items[i],
            .view = {call->broker->config, call->broker->image, call->broker->node_id},
        };
        done = describe(&job);
    }
    if (!done || call->arena.exhausted) {
        api_call_reject_no_memory(call);
        return;
    }
    api_call_respond(call, &response);
}
