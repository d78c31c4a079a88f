#include "broker/server/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "broker/server/shard_loop.h"

struct http_server {
    struct evhttp *http;
    http_handler_fn *handler;
    void *context;
    uint16_t port;
};

/* evhttp's request is what a struct http_request is; nobody outside knows. */
static struct http_request *request_of(struct evhttp_request *http_request)
{
    return (struct http_request *)http_request;
}

static void on_request(struct evhttp_request *http_request, void *context)
{
    struct http_server *server = context;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http_request);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    server->handler(server->context, request_of(http_request),
                    path != NULL && path[0] != '\0' ? path : "/");
}

static uint16_t port_of(struct evhttp_bound_socket *bound)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

enum status http_server_open(struct shard *shard, const char *host, uint16_t port,
                             http_handler_fn *handler, void *context,
                             struct http_server **server_out, struct error *error)
{
    struct http_server *server = calloc(1, sizeof *server);
    struct evhttp *http = server != NULL ? evhttp_new(shard_event_base(shard)) : NULL;
    if (http == NULL) {
        free(server);
        return error_set(error, STATUS_NO_MEMORY, "no memory for HTTP");
    }
    *server = (struct http_server){.http = http, .handler = handler, .context = context};
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(http, HTTP_HEADER_SIZE_MAX);
    evhttp_set_max_body_size(http, HTTP_BODY_SIZE_MAX);
    evhttp_set_timeout(http, HTTP_SECONDS_MAX);
    evhttp_set_gencb(http, on_request, server);
    errno = 0;
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, host[0] != '\0' ? host : "0.0.0.0", port);
    if (bound == NULL) {
        int failure = errno;
        http_server_close(server);
        return error_set(error, failure == EADDRINUSE ? STATUS_BUSY : STATUS_INVALID,
                         "serve HTTP on %s port %d: %s", host, port,
                         failure == EADDRINUSE ? "the port is in use"
                         : failure != 0        ? strerror(failure)
                                               : "the address cannot be used");
    }
    server->port = port_of(bound);
    *server_out = server;
    return STATUS_OK;
}

void http_server_close(struct http_server *server)
{
    if (server != NULL) {
        evhttp_free(server->http);
        free(server);
    }
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_request_answer(struct http_request *request, int code, const char *content_type,
                         const char *body, size_t body_size)
{
    struct evhttp_request *http_request = (struct evhttp_request *)request;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(http_request);
    struct evbuffer *buffer = evbuffer_new();
    bool added = evhttp_add_header(headers, "Content-Type", content_type) == 0 &&
                 evhttp_add_header(headers, "Cache-Control", "no-store") == 0 && buffer != NULL &&
                 evbuffer_add(buffer, body, body_size) == 0;
    evhttp_send_reply(http_request, added ? code : HTTP_INTERNAL, NULL, added ? buffer : NULL);
    if (buffer != NULL) {
        evbuffer_free(buffer);
    }
}
