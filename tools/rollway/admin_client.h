/* A connection to one broker, for administration: one request, one response, on the generated
 * codec. Blocks, within the time given. Produce and consume use librdkafka instead.
 *
 * The version of each request is the highest that both sides have. */
#ifndef TOOLS_ROLLWAY_ADMIN_CLIENT_H
#define TOOLS_ROLLWAY_ADMIN_CLIENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "proto/generated/api_versions.h"

/* No response that is larger is read. */
#define ADMIN_RESPONSE_SIZE_MAX ((size_t)64 * 1024 * 1024)

#define ADMIN_HOST_SIZE_MAX 256

struct admin_client;

/* Splits HOST:PORT or [ADDRESS]:PORT; without a port it is 9092. STATUS_INVALID. */
MUST_USE enum status admin_address_parse(struct text address, char host[ADMIN_HOST_SIZE_MAX],
                                         uint16_t *port, struct error *error);

/* Connects to the first of `bootstrap` (HOST:PORT, several with commas) that answers, and asks what
 * it speaks. `timeout_ms` bounds this and every later request. The caller owns *client:
 * admin_client_close(). STATUS_INVALID, STATUS_IO, STATUS_TIMED_OUT, STATUS_NO_MEMORY. */
MUST_USE enum status admin_client_open(const char *bootstrap, int64_t timeout_ms,
                                       struct admin_client **client, struct error *error);

/* Disconnects. NULL is allowed. */
void admin_client_close(struct admin_client *client);

/* Sends `request` (the API's generated struct) and fills in `response` (as well), whose texts and
 * arrays lie in the arena. STATUS_UNSUPPORTED when the two have no version of the API in common;
 * STATUS_IO, STATUS_TIMED_OUT, STATUS_MALFORMED, STATUS_NO_MEMORY: the connection is of no more
 * use. */
MUST_USE enum status admin_client_call(struct admin_client *client, int16_t api_key,
                                       const void *request, void *response, struct arena *arena,
                                       struct error *error);

/* What the broker said it speaks. Borrowed as long as the client. */
const struct api_versions_response *admin_client_versions(const struct admin_client *client);

/* The time that a request may take at the broker, for those that carry one. */
int32_t admin_client_timeout_ms(const struct admin_client *client);

/* STATUS_OK for code 0, else a sentence: the broker's, or the code's own, with its name. */
MUST_USE enum status admin_check(int16_t error_code, struct text message, struct error *error);

#endif /* TOOLS_ROLLWAY_ADMIN_CLIENT_H */
