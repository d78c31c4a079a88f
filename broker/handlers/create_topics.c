/* CreateTopics (19): decided by the controller; answered when this broker has opened what is its.
 */
#include "proto/generated/create_topics.h"
#include "broker/handlers/forward.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/topic_configs.h"
#include "proto/wire/kafka_error.h"

#define CREATE_TOPICS_VERSION_CONFIGS_MIN 5

/* Since version 5 the answer carries the configuration that the topic has got (KIP-525). */
static void add_configs(struct api_call *call, const void *request, void *response_)
{
    struct create_topics_response *response = response_;
    if (call->header.request_api_version < CREATE_TOPICS_VERSION_CONFIGS_MIN) {
        return;
    }
    for (size_t i = 0; i < response->topics.count; i++) {
        if (response->topics.items[i].error_code == KAFKA_NONE) {
            topic_configs_of_created(call, request, &response->topics.items[i]);
        }
    }
}

void handle_create_topics(struct api_call *call)
{
    struct create_topics_request *request = arena_allocate(&call->arena, sizeof *request);
    struct create_topics_response *response = arena_allocate(&call->arena, sizeof *response);
    if (request == NULL || response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    if (!api_call_decode(call, request)) {
        return;
    }
    create_topics_response_init(response);
    forward_to_controller(call, CONTROLLER_CREATE_TOPICS, request, response, add_configs);
}
