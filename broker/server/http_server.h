/* A small HTTP server in a shard's loop, for an operator and his tools: a handful of GET requests,
 * never on the data path. By libevent's evhttp. */
#ifndef BROKER_SERVER_HTTP_SERVER_H
#define BROKER_SERVER_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "broker/server/shard.h"

/* A request must fit, header and body each; its client must be quick. */
#define HTTP_HEADER_SIZE_MAX 8192
#define HTTP_BODY_SIZE_MAX   (64 * 1024)
#define HTTP_SECONDS_MAX     10

struct http_server;
struct http_request; /* One request under way: answered once, now or later, on the shard. */

/* Takes a GET or HEAD request. `path` has no query and is borrowed during the call. */
typedef void http_handler_fn(void *context, struct http_request *request, const char *path);

/* Listens on a numeric address or host name; port 0 takes any. STATUS_BUSY when the port is in use,
 * STATUS_INVALID when the address is not this machine's, STATUS_NO_MEMORY. Close with
 * http_server_close(). */
MUST_USE enum status http_server_open(struct shard *shard, const char *host, uint16_t port,
                                      http_handler_fn *handler, void *context,
                                      struct http_server **server, struct error *error);

/* Closes it and its connections; requests under way must have been answered. NULL is allowed. */
void http_server_close(struct http_server *server);

/* The port that was really bound. */
uint16_t http_server_port(const struct http_server *server);

/* Answers and forgets a request. Copies the body. */
void http_request_answer(struct http_request *request, int code, const char *content_type,
                         const char *body, size_t body_size);

#endif /* BROKER_SERVER_HTTP_SERVER_H */
