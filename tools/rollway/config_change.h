/* Changes to the configuration of one topic or broker: IncrementalAlterConfigs. */
#ifndef TOOLS_ROLLWAY_CONFIG_CHANGE_H
#define TOOLS_ROLLWAY_CONFIG_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/rollway/admin_client.h"
#include "tools/rollway/command_line.h"

/* Numbers of the protocol. */
#define CONFIG_RESOURCE_TOPIC  2
#define CONFIG_RESOURCE_BROKER 4

struct config_change {
    int8_t resource_type;
    struct text resource_name; /* "" for the defaults of all brokers. */
    struct option_pair *items; /* A null value: back to the default. */
    size_t count;
    bool validate_only;
};

/* Asks for all of the changes. Errors as admin_client_call() and admin_check(). */
MUST_USE enum status config_change_apply(struct admin_client *client,
                                         const struct config_change *change, struct arena *arena,
                                         struct error *error);

#endif /* TOOLS_ROLLWAY_CONFIG_CHANGE_H */
