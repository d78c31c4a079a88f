/* Decisions on producer ids: part of controller_core. */
#ifndef REPLICATION_CONTROLLER_PRODUCER_ID_CONTROL_H
#define REPLICATION_CONTROLLER_PRODUCER_ID_CONTROL_H

#include "proto/generated/allocate_producer_ids.h"
#include "replication/controller/controller_core.h"

/* Gives the next block of producer ids to a broker that is registered at the epoch it names. */
void producer_id_control_allocate(struct controller_decision *decision,
                                  const struct allocate_producer_ids_request *request,
                                  struct allocate_producer_ids_response *response);

#endif /* REPLICATION_CONTROLLER_PRODUCER_ID_CONTROL_H */
