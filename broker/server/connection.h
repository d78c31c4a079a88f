/* One client: a socket, what has arrived on it, and the calls that are under way.
 *
 *      reading --limit or memory--> paused --room--> reading
 *         |
 *         |-- end of stream, bad frame, rejected call, stop --> ending: reads no more, sends what
 *         |                                                    was asked for before
 *         '-- broken, timed out ----.                             |
 *                                   v                             v
 *                                 lost: the socket is closed, calls under way are dropped when
 *                                 they end; then the connection is gone
 *
 * Requests are handled where they were received. Their responses leave in order, all that are ready
 * in one turn of the loop with one writev(). An idle connection holds this struct and nothing else.
 * Belongs to one shard for life. */
#ifndef BROKER_SERVER_CONNECTION_H
#define BROKER_SERVER_CONNECTION_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "broker/server/server_shard.h"

/* "255.255.255.255", "fe80::1%eth0" … with the zero. */
#define ADDRESS_TEXT_SIZE 64

struct connection;

/* What the listener knows of a connection. */
struct connection_origin {
    struct text listener_name; /* Outlives the connection. */
    unsigned listener_index;
    uint32_t listener_rule; /* API_LISTENER_* */
    struct sockaddr_storage peer;
    struct sockaddr_storage local;
};

/* Called once, on the connection's shard, when it is gone; the memory is freed by `closed` with
 * connection_destroy(), on any thread. */
typedef void connection_closed_fn(struct connection *connection, void *context);

/* Makes a connection of a socket, which it owns from here. Not yet in any shard. NULL when out of
 * memory; the socket is then still the caller's. */
struct connection *connection_create(int socket_descriptor, uint64_t id,
                                     const struct connection_origin *origin,
                                     connection_closed_fn *closed, void *context);

/* Frees a connection that is gone, or was never opened. */
void connection_destroy(struct connection *connection);

/* Starts to serve it on the server's shard; when that fails it is gone, and closed() called. */
void connection_open(struct connection *connection, struct server_shard *server);

/* Reads no more, answers what is under way, then closes. */
void connection_end(struct connection *connection);

/* Closes at once. */
void connection_abort(struct connection *connection);

/* Its identity, for the listener. */
const struct client_identity *connection_identity(const struct connection *connection);

/* Whose address it is counted under. */
const struct sockaddr_storage *connection_peer(const struct connection *connection);

/* What connection_create() was given. */
void *connection_context(const struct connection *connection);

/* The message by which it travels between shards; its `receive` is the sender's. */
struct shard_message *connection_message(struct connection *connection);

/* Back from the message. */
struct connection *connection_of_message(struct shard_message *message);

/* Next and previous in server->connections and server->starved: for server_shard.c. */
struct connection *connection_of_node(struct list_node *node);
/* As connection_of_node(). */
struct connection *connection_of_starved_node(struct list_node *node);

/* Memory is there again. */
void connection_resume(struct connection *connection);

/* Remembers what ApiVersions told; borrows the texts. STATUS_NO_MEMORY. */
MUST_USE enum status connection_set_software(struct connection *connection, struct text name,
                                             struct text version);

#endif /* BROKER_SERVER_CONNECTION_H */
