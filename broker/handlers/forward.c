#include "broker/handlers/forward.h"

#include "broker/broker_shard.h"
#include "broker/controller_client.h"

struct forward {
    struct controller_errand errand;
    struct api_call *call;
    forward_finish_fn *finish;
};

static void came_back(struct controller_errand *errand)
{
    struct forward *forward = CONTAINER_OF(errand, struct forward, errand);
    struct api_call *call = forward->call;
    if (errand->command.status != STATUS_OK) {
        api_call_reject(call, &errand->command.error);
        return;
    }
    if (forward->finish != NULL) {
        forward->finish(call, errand->command.request, errand->command.response);
    }
    api_call_respond(call, errand->command.response);
}

void forward_to_controller(struct api_call *call, enum controller_command_kind kind,
                           const void *request, void *response, forward_finish_fn *finish)
{
    struct forward *forward = arena_allocate(&call->arena, sizeof *forward);
    if (forward == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    forward->call = call;
    forward->finish = finish;
    forward->errand.command = (struct controller_command){
        .kind = kind, .request = request, .response = response, .arena = &call->arena};
    forward->errand.done = came_back;
    controller_client_submit(call->broker->controller, call->broker, &forward->errand);
}
