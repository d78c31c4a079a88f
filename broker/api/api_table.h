/* From an API key and version to the function that answers it. Default is deny. */
#ifndef BROKER_API_API_TABLE_H
#define BROKER_API_API_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* On which listeners an API is served. */
#define API_LISTENER_CLIENT       (1u << 0)
#define API_LISTENER_INTER_BROKER (1u << 1)
#define API_LISTENER_CONTROLLER   (1u << 2)
#define API_LISTENER_ANY          7u

#define API_RULE_BEFORE_LOGIN (1u << 0) /* Allowed on a connection that has not logged in. */
#define API_RULE_THROTTLED    (1u << 1) /* Counts against the client's byte quota. */
#define API_RULE_WAITS        (1u << 2) /* May wait long: its frame must not hold a large buffer. */

struct api_call;           /* broker/api/api_call.h: the request, its arena and its response. */
struct message_descriptor; /* proto/wire/message.h */

/* Answers one request now, or keeps the call and completes it later. */
typedef void api_handler_fn(struct api_call *call);

struct api {
    const char *name;
    int16_t key;
    int16_t advertised_min; /* What ApiVersions tells; may be below what is served. */
    int16_t version_min;
    int16_t version_max;
    uint32_t listeners; /* API_LISTENER_* */
    uint32_t rules;     /* API_RULE_* */
    size_t index;       /* 0 … api_count() - 1: for metrics. */
    const struct message_descriptor *request;
    const struct message_descriptor *response;
    api_handler_fn *handle;
};

/* The rows in the order of their keys. */
size_t api_count(void);
/* As api_count(); index < api_count(). */
const struct api *api_at(size_t index);

/* The row of a key, NULL when the broker does not serve it. */
const struct api *api_find(int16_t key);

/* What api_admit() is; tests of the server have their own. */
typedef enum status api_admit_fn(int16_t key, int16_t version, uint32_t listener, bool logged_in,
                                 const struct api **api, struct error *error);

/* Decides whether a request may be handed to its handler, before any of its body is decoded.
 * `listener` is the API_LISTENER_* of the connection. *api is set on success.
 *
 * STATUS_UNSUPPORTED  unknown key, or a version outside the row's range
 * STATUS_DENIED       the listener does not serve it, or the connection must log in first */
MUST_USE enum status api_admit(int16_t key, int16_t version, uint32_t listener, bool logged_in,
                               const struct api **api, struct error *error);

#endif /* BROKER_API_API_TABLE_H */
