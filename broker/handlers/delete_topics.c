/* DeleteTopics (20): by name, or since version 6 by id; decided by the controller. */
#include "proto/generated/delete_topics.h"
#include "broker/broker_shard.h"
#include "broker/handlers/forward.h"
#include "broker/handlers/handlers.h"
#include "proto/wire/kafka_error.h"

#define DELETE_TOPICS_VERSION_TOPICS_MIN 6

static void refuse(struct api_call *call, const struct delete_topics_request *request,
                   struct delete_topics_response *response)
{
    bool by_topic = call->header.request_api_version >= DELETE_TOPICS_VERSION_TOPICS_MIN;
    size_t count = by_topic ? request->topics.count : request->topic_names.count;
    response->responses.items =
        arena_allocate_array(&call->arena, count, sizeof *response->responses.items);
    if (response->responses.items == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    response->responses.count = count;
    for (size_t i = 0; i < count; i++) {
        struct delete_topics_response_topic *result = &response->responses.items[i];
        delete_topics_response_topic_init(result);
        result->name = by_topic ? request->topics.items[i].name : request->topic_names.items[i];
        result->topic_id = by_topic ? request->topics.items[i].topic_id : result->topic_id;
        result->error_code = KAFKA_TOPIC_DELETION_DISABLED;
        result->error_message = TEXT_LITERAL("delete.topic.enable is false");
    }
    api_call_respond(call, response);
}

void handle_delete_topics(struct api_call *call)
{
    struct delete_topics_request *request = arena_allocate(&call->arena, sizeof *request);
    struct delete_topics_response *response = arena_allocate(&call->arena, sizeof *response);
    if (request == NULL || response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    if (!api_call_decode(call, request)) {
        return;
    }
    delete_topics_response_init(response);
    if (!broker_config_boolean(call->broker->config, CONFIG_DELETE_TOPIC_ENABLE)) {
        refuse(call, request, response);
        return;
    }
    forward_to_controller(call, CONTROLLER_DELETE_TOPICS, request, response, NULL);
}
