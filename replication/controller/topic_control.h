/* Decisions on topics and partitions: part of controller_core. */
#ifndef REPLICATION_CONTROLLER_TOPIC_CONTROL_H
#define REPLICATION_CONTROLLER_TOPIC_CONTROL_H

#include "proto/generated/create_partitions.h"
#include "proto/generated/create_topics.h"
#include "proto/generated/delete_topics.h"
#include "replication/controller/controller_core.h"

/* Creates what can be created; every topic of the request has one result. */
void topic_control_create(struct controller_decision *decision,
                          const struct create_topics_request *request,
                          struct create_topics_response *response);

/* As topic_control_create(): deletes by name or by id. Whether topics may be deleted at all is the
 * broker's to check. */
void topic_control_delete(struct controller_decision *decision,
                          const struct delete_topics_request *request,
                          struct delete_topics_response *response);

/* As topic_control_create(): more partitions for topics that exist. */
void topic_control_add_partitions(struct controller_decision *decision,
                                  const struct create_partitions_request *request,
                                  struct create_partitions_response *response);

#endif /* REPLICATION_CONTROLLER_TOPIC_CONTROL_H */
