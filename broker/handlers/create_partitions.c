/* CreatePartitions (37): raises the number of partitions of topics; existing keys are not moved.
 * Decided by the controller. */
#include "proto/generated/create_partitions.h"
#include "broker/handlers/forward.h"
#include "broker/handlers/handlers.h"

void handle_create_partitions(struct api_call *call)
{
    struct create_partitions_request *request = arena_allocate(&call->arena, sizeof *request);
    struct create_partitions_response *response = arena_allocate(&call->arena, sizeof *response);
    if (request == NULL || response == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    if (!api_call_decode(call, request)) {
        return;
    }
    create_partitions_response_init(response);
    forward_to_controller(call, CONTROLLER_CREATE_PARTITIONS, request, response, NULL);
}
