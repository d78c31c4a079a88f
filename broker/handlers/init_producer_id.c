/* InitProducerId (22): an id for an idempotent producer. Transactional producers are refused: their
 * coordinator does not exist, and FindCoordinator is not advertised. */
#include "proto/generated/init_producer_id.h"
#include "broker/broker_shard.h"
#include "broker/handlers/handlers.h"
#include "broker/producer_ids.h"
#include "proto/wire/kafka_error.h"

struct init_producer_id_call {
    struct api_call *call;
    struct init_producer_id_response response;
    struct producer_id_request id_request;
};

static void got_id(struct producer_id_request *request, enum status status, int64_t producer_id)
{
    struct init_producer_id_call *state =
        CONTAINER_OF(request, struct init_producer_id_call, id_request);
    if (status == STATUS_OK) {
        state->response.producer_id = producer_id;
        state->response.producer_epoch = 0;
    } else {
        state->response.error_code = KAFKA_COORDINATOR_NOT_AVAILABLE;
    }
    api_call_respond(state->call, &state->response);
}

void handle_init_producer_id(struct api_call *call)
{
    struct init_producer_id_request request;
    if (!api_call_decode(call, &request)) {
        return;
    }
    struct init_producer_id_call *state = arena_allocate(&call->arena, sizeof *state);
    if (state == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    state->call = call;
    init_producer_id_response_init(&state->response);
    state->response.producer_epoch = -1;
    if (request.transactional_id.data != NULL) {
        state->response.error_code =
            request.transactional_id.size == 0 ? KAFKA_INVALID_REQUEST : KAFKA_UNSUPPORTED_VERSION;
        api_call_respond(call, &state->response);
        return;
    }
    state->id_request.done = got_id;
    producer_ids_next(call->broker->producer_ids, &state->id_request);
}
