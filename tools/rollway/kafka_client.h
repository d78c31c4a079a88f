/* librdkafka as produce and consume use it: its configuration from the command line, its troubles
 * as sentences. */
#ifndef TOOLS_ROLLWAY_KAFKA_CLIENT_H
#define TOOLS_ROLLWAY_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "tools/rollway/program.h"

struct kafka_property {
    const char *name;
    const char *value;
};

/* The last trouble with a broker, which explains why something timed out. */
struct kafka_trouble {
    char text[ERROR_TEXT_SIZE_MAX];
};

/* A client with the properties, --bootstrap, and -X, which wins. `trouble` is kept by it and
 * written when it is polled. `delivered` may be NULL; its last argument is `trouble`.
 * STATUS_INVALID for a property that librdkafka does not take. The caller owns *client:
 * rd_kafka_destroy(). */
MUST_USE enum status kafka_client_create(const struct program *program, rd_kafka_type_t type,
                                         const struct kafka_property *properties,
                                         size_t properties_count, struct kafka_trouble *trouble,
                                         void (*delivered)(rd_kafka_t *, const rd_kafka_message_t *,
                                                           void *),
                                         rd_kafka_t **client, struct error *error);

/* Words an error of librdkafka: what was tried, the reason, and the last trouble with a broker. */
MUST_USE enum status kafka_client_error(rd_kafka_t *client, const struct kafka_trouble *trouble,
                                        rd_kafka_resp_err_t code, const char *what,
                                        struct error *error);

#endif /* TOOLS_ROLLWAY_KAFKA_CLIENT_H */
