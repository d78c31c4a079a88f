#include "broker/server/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash_map.h"
#include "broker/server/connection.h"
#include "broker/server/shard_loop.h"

#define ACCEPTS_PER_TURN_MAX 64
#define BACKLOG_DEFAULT      1024

/* After the process ran out of descriptors: time for some to come back. */
#define PAUSE_US ((int64_t)100 * 1000)

struct listening_socket {
    struct listeners *listeners;
    struct event *event; /* NULL before the start. */
    int descriptor;
    size_t endpoint;
};

/* Connections of one address. */
struct address_count {
    uint8_t address[16];
    int64_t connections;
};

struct listeners {
    struct listener_options options;
    struct listening_socket sockets[LISTENERS_MAX * LISTENER_SOCKETS_MAX];
    size_t sockets_count;
    uint16_t ports[LISTENERS_MAX];
    size_t *shard_connections; /* By server: how many it was given and has not yet ended. */
    size_t connections_count;
    struct hash_map addresses;
    int spare_descriptor; /* Given up for a moment to turn somebody away when there are no more. */
    struct shard_timer pause_timer;
    bool paused;
    int64_t second_start_us; /* The current second of the rate, and what was accepted in it. */
    int64_t second_accepted;
    uint64_t next_id;
};

static struct server_shard *acceptor(const struct listeners *listeners)
{
    return listeners->options.servers[0];
}

/* ---- opening ---- */

/* Accepted sockets have the buffers of the listening one. */
static void set_buffer(int descriptor, int option, int bytes)
{
    if (bytes > 0) {
        (void)setsockopt(descriptor, SOL_SOCKET, option, &bytes, sizeof bytes);
    }
}

static int open_socket(const struct listener_options *options, const struct addrinfo *address,
                       uint16_t port, int *failure)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        *failure = errno;
        return -1;
    }
    struct sockaddr_storage bound;
    memcpy(&bound, address->ai_addr, address->ai_addrlen);
    if (address->ai_family == AF_INET) {
        ((struct sockaddr_in *)&bound)->sin_port = htons(port);
    } else {
        ((struct sockaddr_in6 *)&bound)->sin6_port = htons(port);
    }
    int on = 1;
    int off = 0;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    set_buffer(descriptor, SO_SNDBUF, options->send_buffer_bytes);
    set_buffer(descriptor, SO_RCVBUF, options->receive_buffer_bytes);
    int backlog = options->backlog > 0 ? options->backlog : BACKLOG_DEFAULT;
    if (bind(descriptor, (struct sockaddr *)&bound, address->ai_addrlen) != 0 ||
        listen(descriptor, backlog) != 0) {
        *failure = errno;
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static uint16_t bound_port(int descriptor)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static enum status resolve(const struct endpoint *endpoint, struct addrinfo **addresses,
                           struct error *error)
{
    char host[HOST_SIZE_MAX + 1];
    snprintf(host, sizeof host, "%.*s", TEXT_ARGUMENTS(endpoint->host));
    bool any = endpoint->host.size == 0;
    struct addrinfo hints = {.ai_family = any ? AF_INET6 : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE};
    int failed = getaddrinfo(any ? "::" : host, NULL, &hints, addresses);
    if (failed != 0) {
        return error_set(error, STATUS_INVALID, "host %s of listener %.*s: %s", host,
                         TEXT_ARGUMENTS(endpoint->name), gai_strerror(failed));
    }
    return STATUS_OK;
}

static enum status bind_failed(const struct endpoint *endpoint, int failure, struct error *error)
{
    enum status status = failure == EADDRINUSE ? STATUS_BUSY : STATUS_INVALID;
    const char *why = failure == EADDRINUSE ? "the port is in use" : strerror(failure);
    return error_set(
        error, status, "listen on %.*s port %d: %s",
        TEXT_ARGUMENTS(endpoint->host.size > 0 ? endpoint->host : TEXT_LITERAL("all interfaces")),
        endpoint->port, why);
}

static void keep_socket(struct listeners *listeners, size_t index, int descriptor)
{
    listeners->ports[index] = bound_port(descriptor);
    listeners->sockets[listeners->sockets_count++] = (struct listening_socket){
        .listeners = listeners, .descriptor = descriptor, .endpoint = index};
}

/* Listens on every address of the host; a name such as localhost may have one that this machine
 * lacks, so one is enough, but none may be taken by somebody else. */
static enum status open_endpoint(struct listeners *listeners, size_t index, struct error *error)
{
    static const struct sockaddr_in any_v4 = {.sin_family = AF_INET};
    const struct endpoint *endpoint = &listeners->options.endpoints.items[index];
    struct addrinfo *addresses;
    if (resolve(endpoint, &addresses, error) != STATUS_OK) {
        return error->status;
    }
    int failure = 0;
    size_t before = listeners->sockets_count;
    for (struct addrinfo *address = addresses; address != NULL; address = address->ai_next) {
        size_t opened = listeners->sockets_count - before;
        uint16_t port = opened > 0 ? listeners->ports[index] : endpoint->port;
        if (opened == LISTENER_SOCKETS_MAX || failure == EADDRINUSE) {
            break;
        }
        int descriptor = open_socket(&listeners->options, address, port, &failure);
        if (descriptor >= 0) {
            keep_socket(listeners, index, descriptor);
        }
    }
    freeaddrinfo(addresses);
    if (listeners->sockets_count == before && failure == EAFNOSUPPORT && endpoint->host.size == 0) {
        /* A machine without IPv6. */
        struct sockaddr_in address = any_v4;
        struct addrinfo v4 = {.ai_family = AF_INET,
                              .ai_addr = (struct sockaddr *)&address,
                              .ai_addrlen = sizeof address};
        int descriptor = open_socket(&listeners->options, &v4, endpoint->port, &failure);
        if (descriptor >= 0) {
            keep_socket(listeners, index, descriptor);
        }
    }
    if (listeners->sockets_count == before || failure == EADDRINUSE) {
        return bind_failed(endpoint, failure, error);
    }
    return STATUS_OK;
}

enum status listeners_open(const struct listener_options *options, struct listeners **listeners_out,
                           struct error *error)
{
    struct listeners *listeners = calloc(1, sizeof *listeners);
    size_t *shard_connections = calloc(options->servers_count, sizeof *shard_connections);
    if (listeners == NULL || shard_connections == NULL) {
        free(listeners);
        free(shard_connections);
        return error_set(error, STATUS_NO_MEMORY, "no memory for listeners");
    }
    listeners->options = *options;
    listeners->shard_connections = shard_connections;
    listeners->spare_descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    hash_map_init(&listeners->addresses);
    for (size_t i = 0; i < options->endpoints.count; i++) {
        if (open_endpoint(listeners, i, error) != STATUS_OK) {
            listeners_close(listeners);
            return error->status;
        }
    }
    *listeners_out = listeners;
    return STATUS_OK;
}

void listeners_stop(struct listeners *listeners)
{
    shard_timer_stop(acceptor(listeners)->shard, &listeners->pause_timer);
    for (size_t i = 0; i < listeners->sockets_count; i++) {
        if (listeners->sockets[i].event != NULL) {
            event_free(listeners->sockets[i].event);
        }
        close(listeners->sockets[i].descriptor);
    }
    listeners->sockets_count = 0;
}

void listeners_close(struct listeners *listeners)
{
    if (listeners == NULL) {
        return;
    }
    ASSERT(listeners->connections_count == 0);
    listeners_stop(listeners);
    if (listeners->spare_descriptor >= 0) {
        close(listeners->spare_descriptor);
    }
    hash_map_clear(&listeners->addresses);
    free(listeners->shard_connections);
    free(listeners);
}

uint16_t listeners_port(const struct listeners *listeners, size_t index)
{
    return listeners->ports[index];
}

size_t listeners_connections_count(const struct listeners *listeners)
{
    return listeners->connections_count;
}

/* ---- who is let in ---- */

/* The address as 16 bytes, IPv4 mapped. False for loopback, which is not counted. */
static bool counted_address(const struct sockaddr_storage *peer, uint8_t address[16])
{
    memset(address, 0, 16);
    if (peer->ss_family == AF_INET) {
        address[10] = 0xff;
        address[11] = 0xff;
        memcpy(address + 12, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    } else if (peer->ss_family == AF_INET6) {
        memcpy(address, &((const struct sockaddr_in6 *)peer)->sin6_addr, 16);
    }
    static const uint8_t loopback_v6[16] = {[15] = 1};
    static const uint8_t mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    return memcmp(address, loopback_v6, 16) != 0 && memcmp(address, mapped, sizeof mapped) != 0;
}

/* Counts an address in. METRIC_COUNT when it may come in, else the reason why not. */
static enum metric count_address(struct listeners *listeners, const struct sockaddr_storage *peer)
{
    uint8_t address[16];
    if (!counted_address(peer, address)) {
        return METRIC_COUNT;
    }
    struct address_count *count =
        hash_map_get(&listeners->addresses, (struct bytes){address, sizeof address});
    if (count == NULL) {
        count = calloc(1, sizeof *count);
        if (count == NULL) {
            return METRIC_REFUSED_MEMORY;
        }
        memcpy(count->address, address, sizeof address);
        struct bytes key = {count->address, sizeof count->address};
        if (hash_map_put(&listeners->addresses, key, count, NULL) != STATUS_OK) {
            free(count);
            return METRIC_REFUSED_MEMORY;
        }
    }
    if (count->connections >= listeners->options.connections_per_address_max) {
        return METRIC_REFUSED_PER_ADDRESS;
    }
    count->connections++;
    return METRIC_COUNT;
}

static void count_address_off(struct listeners *listeners, const struct sockaddr_storage *peer)
{
    uint8_t address[16];
    if (!counted_address(peer, address)) {
        return;
    }
    struct bytes key = {address, sizeof address};
    struct address_count *count = hash_map_get(&listeners->addresses, key);
    ASSERT(count != NULL && count->connections > 0);
    if (--count->connections == 0) {
        hash_map_remove(&listeners->addresses, key);
        free(count);
    }
}

static enum metric admit_peer(struct listeners *listeners, const struct sockaddr_storage *peer)
{
    if ((int64_t)listeners->connections_count >= listeners->options.connections_max) {
        return METRIC_REFUSED_TOTAL;
    }
    return count_address(listeners, peer);
}

/* ---- handing over, coming back ---- */

/* Where the connection is counted, found again when it comes back. */
struct ticket {
    struct listeners *listeners;
    unsigned server;
};

static void count_off(struct listeners *listeners, struct connection *connection, unsigned server)
{
    count_address_off(listeners, connection_peer(connection));
    listeners->connections_count--;
    listeners->shard_connections[server]--;
    connection_destroy(connection);
}

static void receive_ended(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct connection *connection = connection_of_message(message);
    struct ticket *ticket = connection_context(connection);
    struct listeners *listeners = ticket->listeners;
    unsigned server = ticket->server;
    free(ticket);
    count_off(listeners, connection, server);
}

static void connection_ended(struct connection *connection, void *context)
{
    struct ticket *ticket = context;
    struct shard_message *message = connection_message(connection);
    message->receive = receive_ended;
    shard_post(acceptor(ticket->listeners)->shard, message);
}

static void receive_accepted(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct connection *connection = connection_of_message(message);
    struct ticket *ticket = connection_context(connection);
    connection_open(connection, ticket->listeners->options.servers[ticket->server]);
}

static unsigned least_busy(const struct listeners *listeners)
{
    unsigned least = 0;
    for (unsigned i = 1; i < listeners->options.servers_count; i++) {
        if (listeners->shard_connections[i] < listeners->shard_connections[least]) {
            least = i;
        }
    }
    return least;
}

static enum status hand_over(struct listeners *listeners, const struct listening_socket *from,
                             int descriptor, const struct sockaddr_storage *peer)
{
    struct connection_origin origin = {
        .listener_name = listeners->options.endpoints.items[from->endpoint].name,
        .listener_index = (unsigned)from->endpoint,
        .listener_rule = listeners->options.listener_rules[from->endpoint],
        .peer = *peer,
    };
    socklen_t size = sizeof origin.local;
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (getsockname(descriptor, (struct sockaddr *)&origin.local, &size) != 0) {
        origin.local = (struct sockaddr_storage){0};
    }
    struct connection *connection =
        connection_create(descriptor, ++listeners->next_id, &origin, connection_ended, ticket);
    if (connection == NULL) {
        free(ticket);
        return STATUS_NO_MEMORY;
    }
    *ticket = (struct ticket){listeners, least_busy(listeners)};
    listeners->shard_connections[ticket->server]++;
    listeners->connections_count++;
    struct server_shard *server = listeners->options.servers[ticket->server];
    if (server == acceptor(listeners)) {
        connection_open(connection, server);
    } else {
        connection_message(connection)->receive = receive_accepted;
        shard_post(server->shard, connection_message(connection));
    }
    return STATUS_OK;
}

static void refuse(struct listeners *listeners, int descriptor, enum metric reason,
                   const struct sockaddr_storage *peer)
{
    char text[ADDRESS_TEXT_SIZE];
    if (getnameinfo((const struct sockaddr *)peer, sizeof *peer, text, sizeof text, NULL, 0,
                    NI_NUMERICHOST) != 0) {
        snprintf(text, sizeof text, "unknown");
    }
    server_shard_report(acceptor(listeners), reason, text,
                        "a connection was refused: limit reached");
    close(descriptor);
}

/* ---- accepting ---- */

static void enable(struct listeners *listeners, bool on)
{
    for (size_t i = 0; i < listeners->sockets_count; i++) {
        if (on) {
            event_add(listeners->sockets[i].event, NULL);
        } else {
            event_del(listeners->sockets[i].event);
        }
    }
    listeners->paused = !on;
}

static void end_pause(struct shard *shard, struct shard_timer *timer)
{
    (void)shard;
    enable(CONTAINER_OF(timer, struct listeners, pause_timer), true);
}

static void pause_until(struct listeners *listeners, int64_t deadline_us)
{
    if (shard_timer_start(acceptor(listeners)->shard, &listeners->pause_timer, deadline_us,
                          end_pause) == STATUS_OK) {
        enable(listeners, false);
    }
}

/* No descriptor is left, and the knocking goes on: level-triggered, it would keep this loop busy.
 * The spare one makes room to turn one client away; then all wait a little. */
static void turn_away(struct listeners *listeners, struct listening_socket *from)
{
    struct server_shard *server = acceptor(listeners);
    if (listeners->spare_descriptor >= 0) {
        close(listeners->spare_descriptor);
        int descriptor = accept(from->descriptor, NULL, NULL);
        if (descriptor >= 0) {
            close(descriptor);
        }
        listeners->spare_descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    server_shard_report(server, METRIC_REFUSED_DESCRIPTORS, "unknown",
                        "a connection was refused: no file descriptor is left (ulimit -n)");
    pause_until(listeners, shard_now_us(server->shard) + PAUSE_US);
}

/* Whether this second still allows a connection; pauses until the next one otherwise. */
static bool rate_allows(struct listeners *listeners)
{
    int64_t now_us = shard_now_us(acceptor(listeners)->shard);
    if (now_us - listeners->second_start_us >= 1000000) {
        listeners->second_start_us = now_us;
        listeners->second_accepted = 0;
    }
    if (listeners->second_accepted < listeners->options.connections_per_second_max) {
        listeners->second_accepted++;
        return true;
    }
    pause_until(listeners, listeners->second_start_us + 1000000);
    return false;
}

static void on_knock(evutil_socket_t descriptor, short what, void *context)
{
    (void)what;
    struct listening_socket *from = context;
    struct listeners *listeners = from->listeners;
    struct server_shard *server = acceptor(listeners);
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX && !listeners->paused; i++) {
        if (!rate_allows(listeners)) {
            return;
        }
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof peer;
        int accepted =
            accept4(descriptor, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            listeners->second_accepted--;
            if (errno == EMFILE || errno == ENFILE) {
                turn_away(listeners, from);
            }
            return;
        }
        enum metric refused = admit_peer(listeners, &peer);
        if (refused != METRIC_COUNT) {
            refuse(listeners, accepted, refused, &peer);
            continue;
        }
        metrics_add(server->metrics, METRIC_CONNECTIONS_ACCEPTED, 1);
        if (hand_over(listeners, from, accepted, &peer) != STATUS_OK) {
            count_address_off(listeners, &peer);
            refuse(listeners, accepted, METRIC_REFUSED_MEMORY, &peer);
        }
    }
}

enum status listeners_start(struct listeners *listeners, struct error *error)
{
    struct event_base *base = shard_event_base(acceptor(listeners)->shard);
    for (size_t i = 0; i < listeners->sockets_count; i++) {
        struct listening_socket *from = &listeners->sockets[i];
        from->event = event_new(base, from->descriptor, EV_READ | EV_PERSIST, on_knock, from);
        if (from->event == NULL || event_add(from->event, NULL) != 0) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for listeners");
        }
    }
    return STATUS_OK;
}
