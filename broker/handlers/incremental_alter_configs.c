/* IncrementalAlterConfigs (44): sets, deletes, appends to and subtracts from single keys. Decided
 * by the controller. */
#include "proto/generated/incremental_alter_configs.h"
#include "broker/handlers/forward.h"
#include "broker/handlers/handlers.h"

void handle_incremental_alter_configs(struct api_call *call)
{
    struct incremental_alter_configs_request *request =
        arena_allocate(&call->arena, sizeof *request);
    struct incremental_alter_configs_response *response =
        arena_allocate(&call->arena, sizeof *response);
    if (request == NULL || response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    if (!api_call_decode(call, request)) {
        return;
    }
    incremental_alter_configs_response_init(response);
    forward_to_controller(call, CONTROLLER_INCREMENTAL_ALTER_CONFIGS, request, response, NULL);
}
