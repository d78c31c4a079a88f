#include "bench/programs/yardstick/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX  256
#define BACKLOG_MAX 4096

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum status open_listener(struct server *server, uint16_t port, struct error *error)
{
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t address_size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listener < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(server->listener, BACKLOG_MAX) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &address_size) < 0) {
        return error_set(error, STATUS_IO, "127.0.0.1:%u: %s", port, strerror(errno));
    }
    server->broker.port = ntohs(address.sin_port);

    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) < 0) {
        return error_set(error, STATUS_IO, "epoll: %s", strerror(errno));
    }
    return STATUS_OK;
}

static enum status open_partitions(struct broker *broker, const struct server_options *options,
                                   struct error *error)
{
    broker->partitions = calloc((size_t)options->partitions_count, sizeof *broker->partitions);
    if (broker->partitions == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%d partitions", options->partitions_count);
    }
    for (int32_t i = 0; i < options->partitions_count; i++) {
        enum status status = partition_open(&broker->partitions[i], &broker->engine,
                                            options->directory, (unsigned)i, error);
        if (status != STATUS_OK) {
            return status;
        }
        broker->partitions_count = i + 1;
    }
    return STATUS_OK;
}

enum status server_open(struct server *server, const struct server_options *options,
                        struct error *error)
{
    *server = (struct server){.listener = -1, .epoll = -1};
    list_init(&server->connections);
    list_init(&server->ready);
    enum status status = append_engine_init(&server->broker.engine, options->mode, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = open_partitions(&server->broker, options, error);
    if (status == STATUS_OK) {
        status = open_listener(server, options->port, error);
    }
    if (status != STATUS_OK) {
        server_close(server);
    }
    return status;
}

static void close_connection(struct connection *connection)
{
    list_remove(&connection->node);
    if (list_contains_node(&connection->ready_node)) {
        list_remove(&connection->ready_node);
    }
    connection_destroy(connection);
}

void server_close(struct server *server)
{
    while (!list_is_empty(&server->connections)) {
        close_connection(CONTAINER_OF(list_first(&server->connections), struct connection, node));
    }
    for (int32_t i = 0; i < server->broker.partitions_count; i++) {
        partition_close(&server->broker.partitions[i]);
    }
    free(server->broker.partitions);
    append_engine_clear(&server->broker.engine);
    if (server->listener >= 0) {
        close(server->listener);
    }
    if (server->epoll >= 0) {
        close(server->epoll);
    }
}

static void make_ready(struct server *server, struct connection *connection)
{
    if (!list_contains_node(&connection->ready_node)) {
        list_add_last(&server->ready, &connection->ready_node);
    }
}

static void accept_all(struct server *server)
{
    for (;;) {
        int socket = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) {
            return;
        }
        int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = connection_create(socket);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (connection == NULL || epoll_ctl(server->epoll, EPOLL_CTL_ADD, socket, &event) < 0) {
            connection_destroy(connection);
            continue;
        }
        list_add_last(&server->connections, &connection->node);
    }
}

/* Handles whole requests until one has to wait: for data, or for a file range before it to leave.
 */
static void handle_input(struct server *server, struct connection *connection, int64_t time_ms)
{
    uint8_t *frame = NULL;
    size_t size = 0;
    enum status status = STATUS_OK;
    struct error error = {0};
    while (connection->file_remaining == 0 &&
           connection_frame(connection, &frame, &size, &status)) {
        enum handled handled =
            broker_handle(&server->broker, connection, frame, size, time_ms, &error);
        if (handled == HANDLED_LATER) {
            return;
        }
        if (handled == HANDLED_REFUSED) {
            fprintf(stderr, "yardstick: connection closed: %s\n", error.text);
            connection->failed = true;
            return;
        }
        connection_consume(connection, size);
    }
    connection->failed = status != STATUS_OK;
}

/* Makes everything appended in this turn durable, and visible. */
static enum status end_round(struct server *server, bool *appended, struct error *error)
{
    struct broker *broker = &server->broker;
    *appended = false;
    for (int32_t i = 0; i < broker->partitions_count; i++) {
        struct partition *partition = &broker->partitions[i];
        if (partition->dirty) {
            *appended = true;
            enum status status = append_file_flush(&broker->engine, &partition->file, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    if (!*appended) {
        return STATUS_OK;
    }
    enum status status = append_engine_wait(&broker->engine, error);
    for (int32_t i = 0; i < broker->partitions_count; i++) {
        if (broker->partitions[i].dirty) {
            partition_publish(&broker->partitions[i]);
        }
    }
    return status;
}

static void send_answers(struct server *server, struct connection *connection)
{
    bool was_blocked = connection->write_blocked;
    bool had_file = connection->file_remaining > 0;
    if (connection->failed || !connection_send(connection)) {
        close_connection(connection);
        return;
    }
    if (connection->write_blocked != was_blocked) {
        struct epoll_event event = {.events = connection->write_blocked ? EPOLLOUT : EPOLLIN,
                                    .data.ptr = connection};
        epoll_ctl(server->epoll, EPOLL_CTL_MOD, connection->socket, &event);
    }
    if (had_file && connection->file_remaining == 0 &&
        connection->input_start < connection->input_end) {
        make_ready(server, connection); /* Requests behind the fetch are the next turn's. */
    }
}

/* Fetches that wait: all of them when there is new data, otherwise those whose time has come. */
static void wake_fetches(struct server *server, bool appended, int64_t time_ms)
{
    LIST_FOREACH (node, &server->connections) {
        struct connection *connection = CONTAINER_OF(node, struct connection, node);
        if (connection->fetch_deadline_ms != 0 &&
            (appended || time_ms >= connection->fetch_deadline_ms)) {
            make_ready(server, connection);
        }
    }
}

/* Milliseconds until something is to do without an event; -1 for never. */
static int turn_timeout_ms(const struct server *server, int64_t time_ms)
{
    if (!list_is_empty(&server->ready)) {
        return 0;
    }
    int64_t timeout_ms = -1;
    LIST_FOREACH (node, &server->connections) {
        const struct connection *connection = CONTAINER_OF(node, struct connection, node);
        if (connection->fetch_deadline_ms != 0) {
            int64_t left_ms = connection->fetch_deadline_ms - time_ms;
            left_ms = left_ms > 0 ? left_ms : 0;
            timeout_ms = timeout_ms < 0 || left_ms < timeout_ms ? left_ms : timeout_ms;
        }
    }
    return (int)timeout_ms;
}

static enum status turn(struct server *server, struct error *error)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(server->epoll, events, EVENTS_MAX, turn_timeout_ms(server, now_ms()));
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL) {
            accept_all(server);
            continue;
        }
        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 && !connection_receive(connection)) {
            connection->failed = true;
        }
        make_ready(server, connection);
    }
    int64_t time_ms = now_ms();
    LIST_FOREACH (node, &server->ready) {
        struct connection *connection = CONTAINER_OF(node, struct connection, ready_node);
        if (!connection->failed && !connection->write_blocked) {
            handle_input(server, connection, time_ms);
        }
    }
    bool appended = false;
    enum status status = end_round(server, &appended, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct list sending;
    list_init(&sending);
    while (!list_is_empty(&server->ready)) {
        struct list_node *node = list_first(&server->ready);
        list_remove(node);
        list_add_last(&sending, node);
    }
    while (!list_is_empty(&sending)) {
        struct list_node *node = list_first(&sending);
        list_remove(node);
        send_answers(server, CONTAINER_OF(node, struct connection, ready_node));
    }
    wake_fetches(server, appended, time_ms);
    return STATUS_OK;
}

enum status server_run(struct server *server, struct error *error)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        status = turn(server, error);
    }
    return status;
}
