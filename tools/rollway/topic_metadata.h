/* What brokers say of topics and brokers: Metadata, for the commands that need it. */
#ifndef TOOLS_ROLLWAY_TOPIC_METADATA_H
#define TOOLS_ROLLWAY_TOPIC_METADATA_H

#include <stdint.h>

#include "proto/generated/metadata.h"
#include "tools/rollway/admin_client.h"

/* Asks for topics by name, or for all with `count` 0. Creates none. A topic that is not known has
 * its error_code in the response. */
MUST_USE enum status topic_metadata_ask(struct admin_client *client, const char *const *names,
                                        size_t count, struct metadata_response *metadata,
                                        struct arena *arena, struct error *error);

/* Connects to a broker of the response. STATUS_NOT_FOUND names those there are. The caller owns
 * *client. */
MUST_USE enum status topic_metadata_connect(const struct metadata_response *metadata,
                                            int32_t broker_id, int64_t timeout_ms,
                                            struct admin_client **client, struct error *error);

#endif /* TOOLS_ROLLWAY_TOPIC_METADATA_H */
