/* Where clients knock: the sockets of `listeners`, and who is let in.
 *
 * All sockets are accepted from on one shard, which hands each connection to the shard with the
 * fewest. Limits are kept here, in one place: connections in all, per address, and per second. A
 * connection that has ended comes back here to be counted off and freed.
 *
 * Used on the accepting shard's thread, but for opening and closing while it does not run. */
#ifndef BROKER_SERVER_LISTENER_H
#define BROKER_SERVER_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "broker/server/server_shard.h"

#define LISTENERS_MAX        16
#define LISTENER_SOCKETS_MAX 8 /* Addresses that one host name may have. */
#define HOST_SIZE_MAX        255

/* NAME://HOST:PORT */
struct endpoint {
    struct text name;
    struct text host; /* "" stands for all interfaces; an IPv6 address without its brackets. */
    uint16_t port;    /* 0: any free one. */
};

struct endpoints {
    struct endpoint items[LISTENERS_MAX];
    size_t count;
};

/* Parses the value of `listeners` or `advertised.listeners`; texts are borrowed from `value`, names
 * are unique. STATUS_INVALID words what is wrong with which part; STATUS_LIMIT. */
MUST_USE enum status endpoints_parse(struct text value, struct endpoints *endpoints,
                                     struct error *error);

/* Parses "HOST:PORT" into the host and port of `endpoint`; its name stays. Texts are borrowed.
 * False when it is none. */
bool endpoint_parse_address(struct text value, struct endpoint *endpoint);

/* The entry with that name, NULL when there is none. */
const struct endpoint *endpoints_find(const struct endpoints *endpoints, struct text name);

/* Checks that every name has a protocol in `listener.security.protocol.map` (a name that is a
 * protocol needs no entry) and that it is one that is served. STATUS_INVALID, STATUS_UNSUPPORTED.
 */
MUST_USE enum status endpoints_check_protocols(const struct endpoints *endpoints, struct text map,
                                               struct error *error);

struct listener_options {
    struct endpoints endpoints;             /* Texts outlive the listeners. */
    uint32_t listener_rules[LISTENERS_MAX]; /* API_LISTENER_* of each. */
    struct server_shard *const *servers;    /* Kept; the first accepts. */
    unsigned servers_count;
    int64_t connections_max;             /* max.connections */
    int64_t connections_per_address_max; /* max.connections.per.ip; loopback does not count. */
    int64_t connections_per_second_max;  /* max.connection.creation.rate */
    int send_buffer_bytes;               /* socket.send.buffer.bytes; not above 0: the system's. */
    int receive_buffer_bytes;            /* As above, of socket.receive.buffer.bytes. */
    int backlog;                         /* socket.listen.backlog.size; 0: a default. */
};

struct listeners;

/* Binds and listens, but accepts nothing yet. STATUS_BUSY: a port is in use, STATUS_INVALID: an
 * address is not this machine's, STATUS_LIMIT, STATUS_NO_MEMORY. Close with listeners_close(). */
MUST_USE enum status listeners_open(const struct listener_options *options,
                                    struct listeners **listeners, struct error *error);

/* Starts to accept. */
MUST_USE enum status listeners_start(struct listeners *listeners, struct error *error);

/* Accepts no more and closes the sockets; connections live on. */
void listeners_stop(struct listeners *listeners);

/* All connections must be gone. NULL is allowed. */
void listeners_close(struct listeners *listeners);

/* The port that was really bound. */
uint16_t listeners_port(const struct listeners *listeners, size_t index);

/* Connections that are counted now. */
size_t listeners_connections_count(const struct listeners *listeners);

#endif /* BROKER_SERVER_LISTENER_H */
