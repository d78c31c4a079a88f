#include "broker/server/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/assert.h"
#include "broker/server/response_queue.h"
#include "broker/server/shard_loop.h"
#include "proto/wire/frame.h"
#include "proto/wire/request_header.h"

/* One writev() takes at most this many pieces. */
#define VECTORS_MAX 128u

/* With less room than this behind what was handled, the next bytes go to another buffer. */
#define RECEIVE_ROOM_MIN ((size_t)16 * 1024)

/* One connection may take so much of a turn before the others have theirs. */
#define RECEIVES_PER_TURN_MAX 4

enum connection_state { CONNECTION_OPEN, CONNECTION_ENDING, CONNECTION_LOST };

struct connection {
    struct server_shard *server;
    struct event read_event;
    struct event write_event;
    int socket_descriptor;
    uint8_t state;      /* enum connection_state */
    bool is_paused;     /* read_event is not added, though the connection is open. */
    bool is_blocked;    /* The socket takes nothing more; write_event is added. */
    bool is_registered; /* In server->connections. */
    struct receive_buffer *buffer;
    struct receive_remainder *remainder; /* Begins a frame, when there is no buffer. */
    struct response_queue queue;
    struct shard_hook hook;
    struct shard_timer timer;
    int64_t active_us;             /* Bytes last came or went. */
    int64_t frame_started_us;      /* 0 when no frame is begun. */
    int64_t stalled_us;            /* Since when nothing could be sent; 0 when it can. */
    struct list_node node;         /* In server->connections. */
    struct list_node starved_node; /* In server->starved. */
    struct shard_message message;
    connection_closed_fn *closed;
    void *closed_context;
    char *software; /* Name and version, one allocation. */
    struct client_identity identity;
    struct sockaddr_storage peer;
    char peer_text[ADDRESS_TEXT_SIZE];
    char local_text[ADDRESS_TEXT_SIZE];
};

/* ---- how it ends ---- */

static void wake(struct connection *connection)
{
    if (connection->is_registered) {
        shard_run_at_turn_end(connection->server->shard, &connection->hook);
    }
}

static void stop_reading(struct connection *connection)
{
    if (!connection->is_paused) {
        event_del(&connection->read_event);
        connection->is_paused = true;
    }
}

static void drop_input(struct connection *connection)
{
    if (connection->buffer != NULL) {
        receive_buffer_release(connection->buffer);
        connection->buffer = NULL;
    }
    receive_remainder_release(&connection->server->receive_pool, connection->remainder);
    connection->remainder = NULL;
    connection->frame_started_us = 0;
    if (list_contains_node(&connection->starved_node)) {
        list_remove(&connection->starved_node);
    }
    if (!list_is_empty(&connection->server->starved)) {
        shard_run_at_turn_end(connection->server->shard, &connection->server->starved_hook);
    }
}

void connection_end(struct connection *connection)
{
    if (connection->state == CONNECTION_OPEN) {
        connection->state = CONNECTION_ENDING;
        stop_reading(connection);
        drop_input(connection);
        wake(connection);
    }
}

void connection_abort(struct connection *connection)
{
    if (connection->state != CONNECTION_LOST) {
        connection_end(connection);
        connection->state = CONNECTION_LOST;
        wake(connection);
    }
}

static void report(struct connection *connection, enum metric reason, const char *sentence)
{
    server_shard_report(connection->server, reason, connection->peer_text, sentence);
}

/* The socket is of no use any more: closes it, and tells those who still work for it. */
static void close_socket(struct connection *connection)
{
    if (connection->socket_descriptor < 0) {
        return;
    }
    event_del(&connection->read_event);
    event_del(&connection->write_event);
    shard_timer_stop(connection->server->shard, &connection->timer);
    close(connection->socket_descriptor);
    connection->socket_descriptor = -1;
    struct list_node *node = list_first(&connection->queue.calls);
    while (node != NULL) {
        struct api_call *call = CONTAINER_OF(node, struct api_call, connection_node);
        struct list_node *next = list_next(&connection->queue.calls, node);
        call->connection_lost = true;
        if (call->state == RESPONSE_AWAITED && call->abandoned != NULL) {
            call->abandoned(call); /* May complete it: that only settles its state. */
        }
        node = next;
    }
}

static void gone(struct connection *connection)
{
    struct server_shard *server = connection->server;
    if (connection->is_registered) {
        list_remove(&connection->node);
        server->connections_count--;
        metrics_subtract(server->metrics, METRIC_CONNECTIONS, 1);
        connection->is_registered = false;
    }
    connection->closed(connection, connection->closed_context);
    if (server->stopping && server->connections_count == 0) {
        server->stopped(server);
    }
}

/* ---- calls ---- */

static void release_frame(struct api_call *call)
{
    struct receive_buffer *buffer = call->frame_buffer;
    if (buffer == NULL) {
        return;
    }
    struct connection *connection = call->connection;
    call->frame_buffer = NULL;
    receive_buffer_release(buffer);
    if (connection->buffer == buffer && buffer->references == 1 && buffer->start == buffer->end) {
        /* Kept only for what might have come behind the frames in it. */
        drop_input(connection);
    }
    if (!list_is_empty(&connection->server->starved)) {
        shard_run_at_turn_end(connection->server->shard, &connection->server->starved_hook);
    }
}

static void settle(struct api_call *call, enum response_state state)
{
    struct connection *connection = call->connection;
    release_frame(call);
    response_queue_settle(&connection->queue, call, state);
    wake(connection);
}

static void call_completed(struct api_call *call)
{
    settle(call, RESPONSE_READY);
}

static void call_completed_silently(struct api_call *call)
{
    settle(call, RESPONSE_SILENT);
}

static void call_rejected(struct api_call *call, const struct error *error)
{
    struct connection *connection = call->connection;
    report(connection, METRIC_REJECTED_MALFORMED, error->text);
    settle(call, RESPONSE_REJECTED);
    connection_end(connection);
}

static const struct api_call_owner call_owner = {
    .completed = call_completed,
    .completed_silently = call_completed_silently,
    .rejected = call_rejected,
    .frame_done = release_frame,
};

static void give_back_call(struct connection *connection, struct api_call *call)
{
    struct server_shard *server = connection->server;
    metrics_subtract(server->metrics, METRIC_CALLS, 1);
    server_shard_give_back_call(server, call);
}

static void finish_call(struct connection *connection, struct api_call *call)
{
    struct server_shard *server = connection->server;
    metrics_request(server->metrics, call->api->index,
                    shard_now_us(server->shard) - call->arrived_us, call->request_size,
                    call->response_size);
    give_back_call(connection, call);
}

/* ---- frames ---- */

/* Where the frame's bytes stay until the call is complete. */
static enum status keep_frame(struct connection *connection, struct api_call *call,
                              struct bytes *frame, struct error *error)
{
    if (frame->size > FRAME_COPY_SIZE_MAX && (call->api->rules & API_RULE_WAITS) == 0) {
        call->frame_buffer = connection->buffer;
        receive_buffer_retain(connection->buffer);
        return STATUS_OK;
    }
    uint8_t *copy = arena_allocate(&call->arena, frame->size);
    if (copy == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a request of %zu bytes",
                         frame->size);
    }
    memcpy(copy, frame->data, frame->size);
    frame->data = copy;
    return STATUS_OK;
}

/* Finds who answers, and reads the header, whose form depends on that. */
static enum status begin_call(struct connection *connection, struct api_call *call,
                              struct bytes frame, struct error *error)
{
    const struct api_messages *messages;
    if (connection->server->admit(load_i16(frame.data), load_i16(frame.data + 2),
                                  connection->identity.listener_rule, true, &call->api,
                                  error) != STATUS_OK ||
        keep_frame(connection, call, &frame, error) != STATUS_OK) {
        return error->status;
    }
    struct byte_reader reader = byte_reader_over(frame);
    if (request_header_read(&reader, &call->header, &messages, error) != STATUS_OK) {
        return error->status;
    }
    call->body = (struct bytes){reader.position, byte_reader_remaining(&reader)};
    return STATUS_OK;
}

static void reject_frame(struct connection *connection, enum metric reason, const char *sentence)
{
    report(connection, reason, sentence);
    connection_end(connection);
}

static enum metric reason_of(enum status status)
{
    if (status == STATUS_NO_MEMORY) {
        return METRIC_REFUSED_MEMORY;
    }
    return status == STATUS_MALFORMED ? METRIC_REJECTED_HEADER : METRIC_REJECTED_API;
}

static void handle_frame(struct connection *connection, struct bytes frame)
{
    struct server_shard *server = connection->server;
    struct api_call *call = server_shard_borrow_call(server);
    if (call == NULL) {
        reject_frame(connection, METRIC_REFUSED_MEMORY, "no memory for a request");
        return;
    }
    call->owner = &call_owner;
    call->shard = server->shard;
    call->broker = server->broker;
    call->connection = connection;
    call->client = &connection->identity;
    call->arrived_us = shard_now_us(server->shard);
    call->request_size = FRAME_PREFIX_SIZE + frame.size;
    metrics_add(server->metrics, METRIC_CALLS, 1);

    struct error error;
    if (begin_call(connection, call, frame, &error) != STATUS_OK) {
        release_frame(call);
        give_back_call(connection, call);
        reject_frame(connection, reason_of(error.status), error.text);
        return;
    }
    response_queue_add(&connection->queue, call);
    call->api->handle(call);
}

static bool may_start_call(const struct connection *connection)
{
    const struct server_limits *limits = &connection->server->limits;
    return connection->state == CONNECTION_OPEN &&
           connection->queue.calls_count < limits->calls_max &&
           connection->queue.ready_bytes < limits->output_bytes_max;
}

/* The size of the frame that begins the buffer, its length included; 0 when that is not known yet.
 * False when it cannot be. */
static bool frame_size(struct connection *connection, size_t *size)
{
    const struct receive_buffer *buffer = connection->buffer;
    struct bytes received = {buffer->data + buffer->start, buffer->end - buffer->start};
    struct bytes frame;
    struct error error;
    enum status status =
        frame_parse(received, connection->server->limits.request_bytes_max, &frame, size, &error);
    if (status != STATUS_OK && status != STATUS_AGAIN) {
        reject_frame(connection, METRIC_REJECTED_FRAME_SIZE, error.text);
        return false;
    }
    return true;
}

/* Handles every whole frame that the limits allow. */
static void handle_frames(struct connection *connection)
{
    struct receive_buffer *buffer = connection->buffer;
    size_t size = 0;
    while (may_start_call(connection) && frame_size(connection, &size) &&
           buffer->end - buffer->start >= size) {
        struct bytes frame = {buffer->data + buffer->start + FRAME_PREFIX_SIZE,
                              size - FRAME_PREFIX_SIZE};
        buffer->start += size;
        connection->frame_started_us = 0;
        /* The buffer stays: it is this connection's until it is whole, or the connection ends. */
        receive_buffer_retain(buffer);
        handle_frame(connection, frame);
        bool ended = connection->buffer != buffer;
        receive_buffer_release(buffer);
        if (ended) {
            return;
        }
    }
}

/* ---- receiving ---- */

static void check_deadlines(struct shard *shard, struct shard_timer *timer);

static void start_timer(struct connection *connection, int64_t deadline_us)
{
    /* Without memory for a timer the connection lives without deadlines until the next try. */
    status_ignore(shard_timer_start(connection->server->shard, &connection->timer, deadline_us,
                                    check_deadlines));
}

static int64_t after(int64_t start_us, int64_t span_us)
{
    return span_us < INT64_MAX - start_us ? start_us + span_us : INT64_MAX;
}

/* A deadline that is nearer than what the timer waits for moves it; later ones wait until it
 * fires, so that a busy connection moves its timer rarely. */
static void note_deadline(struct connection *connection, int64_t deadline_us)
{
    if (connection->timer.entry.index == 0 || connection->timer.entry.key > deadline_us) {
        start_timer(connection, deadline_us);
    }
}

static bool out_of_memory(struct connection *connection)
{
    struct server_shard *server = connection->server;
    stop_reading(connection);
    metrics_add(server->metrics, METRIC_READING_PAUSED, 1);
    if (!list_contains_node(&connection->starved_node)) {
        list_add_last(&server->starved, &connection->starved_node);
    }
    return false;
}

/* Makes sure that there is a buffer with room. False when there is no memory now. */
static bool make_room(struct connection *connection)
{
    struct receive_buffer *buffer = connection->buffer;
    if (buffer == NULL) {
        buffer = receive_buffer_borrow(&connection->server->receive_pool);
        if (buffer == NULL) {
            return out_of_memory(connection);
        }
        if (connection->remainder != NULL) {
            buffer->end = connection->remainder->size;
            memcpy(buffer->data, connection->remainder->data, buffer->end);
            receive_remainder_release(buffer->pool, connection->remainder);
            connection->remainder = NULL;
        }
        connection->buffer = buffer;
        return true;
    }
    size_t size;
    if (!frame_size(connection, &size)) {
        return false;
    }
    size_t begun = buffer->end - buffer->start;
    bool known = begun >= FRAME_PREFIX_SIZE;
    size_t room = buffer->capacity - buffer->end;
    if (known ? buffer->start + size <= buffer->capacity : room >= RECEIVE_ROOM_MIN) {
        return true;
    }
    buffer = receive_buffer_make_room(buffer, size);
    if (buffer == NULL) {
        return out_of_memory(connection);
    }
    connection->buffer = buffer;
    return true;
}

/* Lets the buffer go when nothing begins in it, or little does and no more has arrived. */
static void tidy_buffer(struct connection *connection)
{
    struct receive_buffer *buffer = connection->buffer;
    if (buffer == NULL) {
        return;
    }
    size_t begun = buffer->end - buffer->start;
    if (begun > 0 && connection->frame_started_us == 0) {
        connection->frame_started_us = shard_now_us(connection->server->shard);
        note_deadline(connection,
                      after(connection->frame_started_us, connection->server->limits.frame_us_max));
    }
    if (!may_start_call(connection)) {
        return; /* Whole frames may lie in it. */
    }
    if (begun == 0 && buffer->references == 1) {
        drop_input(connection);
    } else if (begun > 0 && begun <= RECEIVE_REMAINDER_SIZE_MAX) {
        connection->remainder = receive_remainder_take(buffer);
        if (connection->remainder != NULL) {
            receive_buffer_release(buffer);
            connection->buffer = NULL;
        }
    }
}

static void end_of_stream(struct connection *connection)
{
    if (connection->frame_started_us != 0) {
        report(connection, METRIC_REJECTED_TRUNCATED,
               "the client closed in the middle of a request");
    }
    connection_end(connection);
}

/* Receives once. True when there may be more. */
static bool receive(struct connection *connection)
{
    if (connection->buffer != NULL) {
        handle_frames(connection); /* What a limit held back. */
    }
    if (!may_start_call(connection) || !make_room(connection)) {
        return false;
    }
    struct receive_buffer *buffer = connection->buffer;
    size_t room = buffer->capacity - buffer->end;
    ssize_t received = recv(connection->socket_descriptor, buffer->data + buffer->end, room, 0);
    if (received > 0) {
        struct server_shard *server = connection->server;
        buffer->end += (size_t)received;
        connection->active_us = shard_now_us(server->shard);
        metrics_add(server->metrics, METRIC_BYTES_RECEIVED, (uint64_t)received);
        handle_frames(connection);
        return (size_t)received == room;
    }
    if (received == 0) {
        end_of_stream(connection);
    } else if (errno != EAGAIN && errno != EINTR) {
        connection_abort(connection);
    }
    return false;
}

static void on_readable(evutil_socket_t descriptor, short what, void *context)
{
    (void)descriptor;
    (void)what;
    struct connection *connection = context;
    if (!may_start_call(connection)) {
        /* Back-pressure: what the client sends now waits in the kernel, and then with the client.
         */
        stop_reading(connection);
        metrics_add(connection->server->metrics, METRIC_READING_PAUSED, 1);
        return;
    }
    for (int i = 0; i < RECEIVES_PER_TURN_MAX && may_start_call(connection); i++) {
        if (!receive(connection)) {
            break;
        }
    }
    tidy_buffer(connection);
}

void connection_resume(struct connection *connection)
{
    if (!may_start_call(connection)) {
        return;
    }
    if (connection->frame_started_us != 0) {
        /* It was us who did not read on. */
        connection->frame_started_us = shard_now_us(connection->server->shard);
    }
    if (connection->buffer != NULL) {
        handle_frames(connection);
    }
    if (connection->is_paused && may_start_call(connection)) {
        if (event_add(&connection->read_event, NULL) != 0) {
            connection_abort(connection);
            return;
        }
        connection->is_paused = false;
    }
    tidy_buffer(connection);
}

/* ---- sending ---- */

/* What send() and sendfile() answered. True when there is more to try. */
static bool note_sent(struct connection *connection, ssize_t sent, size_t wanted)
{
    struct server_shard *server = connection->server;
    int64_t now_us = shard_now_us(server->shard);
    if (sent < 0 && errno == EINTR) {
        return true;
    }
    if (sent <= 0 && errno != EAGAIN) {
        connection_abort(connection);
        return false;
    }
    if (sent > 0) {
        response_queue_sent(&connection->queue, (size_t)sent);
        metrics_add(server->metrics, METRIC_BYTES_SENT, (uint64_t)sent);
        connection->active_us = now_us;
        connection->stalled_us = 0;
        if ((size_t)sent == wanted) {
            return true;
        }
    }
    if (connection->stalled_us == 0) {
        connection->stalled_us = now_us;
        note_deadline(connection, after(now_us, server->limits.stalled_us_max));
    }
    connection->is_blocked = true;
    if (event_add(&connection->write_event, NULL) != 0) {
        connection_abort(connection);
    }
    return false;
}

static bool send_chunk(struct connection *connection)
{
    struct iovec vectors[VECTORS_MAX];
    struct response_chunk chunk = response_queue_gather(&connection->queue, vectors, VECTORS_MAX);
    if (chunk.vectors_count > 0) {
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = chunk.vectors_count};
        int flags = MSG_NOSIGNAL | (chunk.file != NULL ? MSG_MORE : 0);
        ssize_t sent = sendmsg(connection->socket_descriptor, &message, flags);
        return note_sent(connection, sent, chunk.vectors_size);
    }
    if (chunk.file != NULL) {
        off_t position = (off_t)chunk.file->file_position;
        size_t size = chunk.file->size;
        errno = 0; /* A file that is shorter than its slice sends 0 bytes: an error here. */
        ssize_t sent =
            sendfile(connection->socket_descriptor, chunk.file->file_descriptor, &position, size);
        return note_sent(connection, sent, size);
    }
    return false;
}

static void take_done_calls(struct connection *connection)
{
    struct api_call *call = response_queue_take_done(&connection->queue);
    while (call != NULL) {
        finish_call(connection, call);
        call = response_queue_take_done(&connection->queue);
    }
}

static void send_ready(struct connection *connection)
{
    while (!connection->is_blocked && connection->state != CONNECTION_LOST &&
           send_chunk(connection)) {
        take_done_calls(connection);
    }
    take_done_calls(connection);
}

static void on_writable(evutil_socket_t descriptor, short what, void *context)
{
    (void)descriptor;
    (void)what;
    struct connection *connection = context;
    connection->is_blocked = false;
    wake(connection);
}

/* Drops what nobody can be told any more. */
static void drop_calls(struct connection *connection)
{
    struct list_node *node = list_first(&connection->queue.calls);
    while (node != NULL) {
        struct api_call *call = CONTAINER_OF(node, struct api_call, connection_node);
        node = list_next(&connection->queue.calls, node);
        if (call->state != RESPONSE_AWAITED) {
            response_queue_remove(&connection->queue, call);
            give_back_call(connection, call);
        }
    }
}

/* Whether a connection that reads no more still has something to wait for. Calls that can be
 * abandoned wait for news, perhaps for long: nobody waits for them. */
static bool has_work(const struct connection *connection)
{
    if (connection->queue.ready_bytes > 0 && connection->is_blocked) {
        return true;
    }
    LIST_FOREACH (node, &connection->queue.calls) {
        const struct api_call *call = CONTAINER_OF(node, struct api_call, connection_node);
        if (call->state == RESPONSE_AWAITED && call->abandoned == NULL) {
            return true;
        }
    }
    return false;
}

/* The end of a turn in which something happened here. */
static void end_turn(struct shard *shard, struct shard_hook *hook)
{
    (void)shard;
    struct connection *connection = CONTAINER_OF(hook, struct connection, hook);
    send_ready(connection);
    bool starves = list_contains_node(&connection->starved_node);
    if (connection->buffer != NULL || (connection->is_paused && !starves)) {
        connection_resume(connection);
    }
    if (connection->state == CONNECTION_ENDING &&
        (!has_work(connection) || response_queue_is_rejected(&connection->queue))) {
        connection->state = CONNECTION_LOST;
    }
    if (connection->state == CONNECTION_LOST) {
        close_socket(connection);
        drop_calls(connection);
        if (connection->queue.calls_count == 0) {
            if (list_contains_node(&connection->hook.node)) {
                list_remove(&connection->hook.node);
            }
            gone(connection);
        }
    }
}

/* ---- deadlines ---- */

static void time_out(struct connection *connection, enum metric reason, const char *sentence)
{
    report(connection, reason, sentence);
    connection_abort(connection);
}

static void check_deadlines(struct shard *shard, struct shard_timer *timer)
{
    struct connection *connection = CONTAINER_OF(timer, struct connection, timer);
    const struct server_limits *limits = &connection->server->limits;
    int64_t now_us = shard_now_us(shard);
    int64_t next_us = INT64_MAX;
    if (connection->stalled_us != 0) {
        next_us = after(connection->stalled_us, limits->stalled_us_max);
        if (next_us <= now_us) {
            time_out(connection, METRIC_CLOSED_SLOW_READER, "the client reads no responses");
            return;
        }
    }
    /* A frame that waits for us and not for the client does not count. */
    if (connection->frame_started_us != 0 && may_start_call(connection)) {
        int64_t frame_us = after(connection->frame_started_us, limits->frame_us_max);
        if (frame_us <= now_us) {
            time_out(connection, METRIC_CLOSED_SLOW_SENDER, "the client did not end a request");
            return;
        }
        next_us = frame_us < next_us ? frame_us : next_us;
    }
    int64_t idle_start_us = connection->queue.calls_count > 0 ? now_us : connection->active_us;
    int64_t idle_us = after(idle_start_us, limits->idle_us_max);
    if (idle_us <= now_us) {
        /* Usual: a line would only be noise. */
        metrics_add(connection->server->metrics, METRIC_CLOSED_IDLE, 1);
        connection_end(connection);
        return;
    }
    next_us = idle_us < next_us ? idle_us : next_us;
    if (next_us < INT64_MAX) {
        start_timer(connection, next_us);
    }
}

/* ---- life ---- */

/* The address as text; an IPv4 address that came by an IPv6 socket is shown as what it is. */
static void address_text(const struct sockaddr_storage *address, char text[ADDRESS_TEXT_SIZE],
                         uint16_t *port)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    snprintf(text, ADDRESS_TEXT_SIZE, "local");
    *port = 0;
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, text, ADDRESS_TEXT_SIZE);
        *port = ntohs(v4->sin_port);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        if (memcmp(v6->sin6_addr.s6_addr, mapped, sizeof mapped) == 0) {
            inet_ntop(AF_INET, v6->sin6_addr.s6_addr + sizeof mapped, text, ADDRESS_TEXT_SIZE);
        } else {
            inet_ntop(AF_INET6, &v6->sin6_addr, text, ADDRESS_TEXT_SIZE);
        }
        *port = ntohs(v6->sin6_port);
    }
}

struct connection *connection_create(int socket_descriptor, uint64_t id,
                                     const struct connection_origin *origin,
                                     connection_closed_fn *closed, void *context)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    uint16_t peer_port;
    connection->socket_descriptor = socket_descriptor;
    connection->closed = closed;
    connection->closed_context = context;
    connection->peer = origin->peer;
    connection->hook.run = end_turn;
    response_queue_init(&connection->queue);
    address_text(&origin->peer, connection->peer_text, &peer_port);
    struct client_identity *identity = &connection->identity;
    address_text(&origin->local, connection->local_text, &identity->local_port);
    identity->listener_name = origin->listener_name;
    identity->listener_index = origin->listener_index;
    identity->listener_rule = origin->listener_rule;
    identity->is_inter_broker = (origin->listener_rule & API_LISTENER_INTER_BROKER) != 0;
    identity->local_address = text_of(connection->local_text);
    identity->peer_address = text_of(connection->peer_text);
    identity->software_name = TEXT_LITERAL("");
    identity->software_version = TEXT_LITERAL("");
    identity->connection_id = id;
    return connection;
}

void connection_destroy(struct connection *connection)
{
    if (connection->socket_descriptor >= 0) {
        close(connection->socket_descriptor);
    }
    free(connection->software);
    free(connection);
}

void connection_open(struct connection *connection, struct server_shard *server)
{
    connection->server = server;
    struct event_base *base = shard_event_base(server->shard);
    int no_delay = 1;
    /* Not every socket is TCP (tests use pairs); without it answers are only later. */
    (void)setsockopt(connection->socket_descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay,
                     sizeof no_delay);
    connection->active_us = shard_now_us(server->shard);
    if (server->stopping ||
        event_assign(&connection->read_event, base, connection->socket_descriptor,
                     EV_READ | EV_PERSIST, on_readable, connection) != 0 ||
        event_assign(&connection->write_event, base, connection->socket_descriptor, EV_WRITE,
                     on_writable, connection) != 0 ||
        event_add(&connection->read_event, NULL) != 0) {
        connection->closed(connection, connection->closed_context);
        return;
    }
    list_add_last(&server->connections, &connection->node);
    server->connections_count++;
    connection->is_registered = true;
    metrics_add(server->metrics, METRIC_CONNECTIONS, 1);
    note_deadline(connection, after(connection->active_us, server->limits.idle_us_max));
}

const struct client_identity *connection_identity(const struct connection *connection)
{
    return &connection->identity;
}

const struct sockaddr_storage *connection_peer(const struct connection *connection)
{
    return &connection->peer;
}

void *connection_context(const struct connection *connection)
{
    return connection->closed_context;
}

struct shard_message *connection_message(struct connection *connection)
{
    return &connection->message;
}

struct connection *connection_of_message(struct shard_message *message)
{
    return CONTAINER_OF(message, struct connection, message);
}

struct connection *connection_of_node(struct list_node *node)
{
    return CONTAINER_OF(node, struct connection, node);
}

struct connection *connection_of_starved_node(struct list_node *node)
{
    return CONTAINER_OF(node, struct connection, starved_node);
}

enum status connection_set_software(struct connection *connection, struct text name,
                                    struct text version)
{
    if (text_equal(name, connection->identity.software_name) &&
        text_equal(version, connection->identity.software_version)) {
        return STATUS_OK;
    }
    char *software = malloc(name.size + version.size + 1);
    if (software == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(software, name.data, name.size);
    memcpy(software + name.size, version.data, version.size);
    free(connection->software);
    connection->software = software;
    connection->identity.software_name = (struct text){software, name.size};
    connection->identity.software_version = (struct text){software + name.size, version.size};
    return STATUS_OK;
}
