/* Decisions on configurations: part of controller_core. */
#ifndef REPLICATION_CONTROLLER_CONFIG_CONTROL_H
#define REPLICATION_CONTROLLER_CONFIG_CONTROL_H

#include "proto/generated/alter_configs.h"
#include "proto/generated/incremental_alter_configs.h"
#include "replication/controller/controller_core.h"

/* AlterConfigs: what a resource has is replaced by what the request says. Every resource has one
 * result. */
void config_control_replace(struct controller_decision *decision,
                            const struct alter_configs_request *request,
                            struct alter_configs_response *response);

/* IncrementalAlterConfigs: SET, DELETE, APPEND and SUBTRACT key by key. Every resource has one
 * result; a resource is changed as a whole or not at all. */
void config_control_alter(struct controller_decision *decision,
                          const struct incremental_alter_configs_request *request,
                          struct incremental_alter_configs_response *response);

/* Whether the key may have the value in a resource of the type; a null value takes it away. */
struct controller_refusal config_control_check(struct controller_decision *decision,
                                               enum config_resource_type type, struct text key,
                                               struct text value);

#endif /* REPLICATION_CONTROLLER_CONFIG_CONTROL_H */
