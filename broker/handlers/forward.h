/* Sends an admin request to the active controller, and its answer to the client. */
#ifndef BROKER_HANDLERS_FORWARD_H
#define BROKER_HANDLERS_FORWARD_H

#include "broker/api/api_call.h"
#include "replication/controller/controller.h"

/* At home, before the answer leaves: may add to the response what only the broker knows. */
typedef void forward_finish_fn(struct api_call *call, const void *request, void *response);

/* `request` and `response` are the generated structs that belong to `kind`, in the call's arena;
 * `finish` may be NULL. When the controller cannot decide (stopping), the call is rejected: the
 * client tries again elsewhere or later. */
void forward_to_controller(struct api_call *call, enum controller_command_kind kind,
                           const void *request, void *response, forward_finish_fn *finish);

#endif /* BROKER_HANDLERS_FORWARD_H */
