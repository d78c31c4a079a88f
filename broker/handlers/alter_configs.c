/* AlterConfigs (33): replaces all configuration of the resources; what is left out is reset.
 * Decided by the controller. */
#include "proto/generated/alter_configs.h"
#include "broker/handlers/forward.h"
#include "broker/handlers/handlers.h"

void handle_alter_configs(struct api_call *call)
{
    struct alter_configs_request *request = arena_allocate(&call->arena, sizeof *request);
    struct alter_configs_response *response = arena_allocate(&call->arena, sizeof *response);
    if (request == NULL || response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    if (!api_call_decode(call, request)) {
        return;
    }
    alter_configs_response_init(response);
    forward_to_controller(call, CONTROLLER_ALTER_CONFIGS, request, response, NULL);
}
