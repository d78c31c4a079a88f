/* Decisions on brokers: part of controller_core. */
#ifndef REPLICATION_CONTROLLER_BROKER_CONTROL_H
#define REPLICATION_CONTROLLER_BROKER_CONTROL_H

#include "proto/generated/broker_registration.h"
#include "replication/controller/controller_core.h"

/* Registers a broker. The same incarnation keeps its epoch. A new incarnation gets the offset of
 * its registration as epoch; what it led begins a new leader epoch under a leader that is alive.
 *
 * The controller's own broker has applied the metadata log up to its own registration when it hears
 * of it, so it is unfenced at once; any other broker starts fenced. */
void broker_control_register(struct controller_decision *decision,
                             const struct broker_registration_request *request,
                             struct broker_registration_response *response);

#endif /* REPLICATION_CONTROLLER_BROKER_CONTROL_H */
