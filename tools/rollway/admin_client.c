#include "tools/rollway/admin_client.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/number_text.h"
#include "base/version.h"
#include "proto/wire/frame.h"
#include "proto/wire/kafka_error.h"
#include "proto/wire/message_table.h"
#include "proto/wire/request_header.h"
#include "proto/wire/response_header.h"
#include "proto/wire/wire_writer.h"

#define DEFAULT_PORT       9092
#define REQUEST_ARENA_MAX  ((size_t)16 * 1024 * 1024)
#define VERSIONS_ARENA_MAX ((size_t)1024 * 1024)
#define CLIENT_ID          "rollway"

/* Asked when the broker does not have our version of ApiVersions. */
#define API_VERSIONS_LEAST 0

struct admin_client {
    int socket;
    int32_t correlation_id;
    int64_t timeout_ms;
    int64_t deadline_us; /* Of what is under way. */
    struct arena arena;  /* Of `versions`. */
    struct api_versions_response versions;
    char name[ADMIN_HOST_SIZE_MAX + 8];
};

enum status admin_address_parse(struct text address, char host[ADMIN_HOST_SIZE_MAX], uint16_t *port,
                                struct error *error)
{
    const char *end = address.data + address.size;
    const char *host_start = address.data;
    const char *host_end = NULL;
    const char *rest = NULL;
    int64_t number = DEFAULT_PORT;
    if (address.size > 0 && address.data[0] == '[') {
        host_start++;
        host_end = memchr(address.data, ']', address.size);
        rest = host_end != NULL ? host_end + 1 : NULL;
    } else {
        const char *colon = memchr(address.data, ':', address.size);
        host_end = colon != NULL ? colon : end;
        rest = host_end;
    }
    bool is_good = rest != NULL && host_end > host_start &&
                   (size_t)(host_end - host_start) < ADMIN_HOST_SIZE_MAX;
    if (is_good && rest < end) {
        is_good = *rest == ':' &&
                  parse_i64((struct text){rest + 1, (size_t)(end - rest - 1)}, &number) &&
                  number >= 1 && number <= UINT16_MAX;
    }
    if (!is_good) {
        return error_set(error, STATUS_INVALID, "'%.*s' is not HOST:PORT", TEXT_ARGUMENTS(address));
    }
    memcpy(host, host_start, (size_t)(host_end - host_start));
    host[host_end - host_start] = '\0';
    *port = (uint16_t)number;
    return STATUS_OK;
}

static int64_t now_us(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_us(clock);
}

static void start_deadline(struct admin_client *client)
{
    client->deadline_us = now_us() + client->timeout_ms * 1000;
}

static enum status wait_for(struct admin_client *client, short events, struct error *error)
{
    struct pollfd poll_socket = {.fd = client->socket, .events = events};
    for (;;) {
        int64_t left_ms = (client->deadline_us - now_us()) / 1000;
        int ready = left_ms <= 0 ? 0 : poll(&poll_socket, 1, (int)left_ms);
        if (ready > 0) {
            return STATUS_OK;
        }
        if (ready == 0) {
            return error_set(error, STATUS_TIMED_OUT, "no answer within %" PRId64 " ms",
                             client->timeout_ms);
        }
        if (errno != EINTR) {
            return error_set(error, STATUS_IO, "poll: %s", strerror(errno));
        }
    }
}

/* Connects client->socket, or leaves it -1. */
static enum status connect_to(struct admin_client *client, const struct addrinfo *address,
                              struct error *error)
{
    int cause = 0;
    int on = 1;
    socklen_t cause_size = sizeof cause;
    client->socket = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->socket < 0) {
        return error_set(error, STATUS_IO, "socket: %s", strerror(errno));
    }
    (void)setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    enum status status = STATUS_OK;
    if (connect(client->socket, address->ai_addr, address->ai_addrlen) != 0) {
        cause = errno;
        if (cause == EINPROGRESS) {
            status = wait_for(client, POLLOUT, error);
            if (status == STATUS_OK &&
                getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &cause, &cause_size) != 0) {
                cause = errno;
            }
        }
    }
    if (status == STATUS_OK && cause != 0) {
        status = error_set(error, STATUS_IO, "connect: %s", strerror(cause));
    }
    if (status != STATUS_OK) {
        close(client->socket);
        client->socket = -1;
    }
    return status;
}

static enum status connect_to_host(struct admin_client *client, const char *host, uint16_t port,
                                   struct error *error)
{
    char service[8];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    snprintf(client->name, sizeof client->name, "%s:%s", host, service);
    int failure = getaddrinfo(host, service, &hints, &addresses);
    if (failure != 0) {
        return error_set(error, STATUS_IO, "%s: %s", client->name, gai_strerror(failure));
    }
    enum status status = STATUS_IO;
    for (struct addrinfo *address = addresses; address != NULL && status != STATUS_OK;
         address = address->ai_next) {
        status = connect_to(client, address, error);
    }
    freeaddrinfo(addresses);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "%s", client->name);
}

static enum status send_all(struct admin_client *client, struct bytes bytes, struct error *error)
{
    while (bytes.size > 0) {
        ssize_t sent = send(client->socket, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return error_set(error, STATUS_IO, "send: %s", strerror(errno));
        }
        if (sent >= 0) {
            bytes = (struct bytes){bytes.data + sent, bytes.size - (size_t)sent};
            continue;
        }
        enum status status = wait_for(client, POLLOUT, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status receive_all(struct admin_client *client, uint8_t *memory, size_t size,
                               struct error *error)
{
    for (size_t done = 0; done < size;) {
        ssize_t received = recv(client->socket, memory + done, size - done, 0);
        if (received > 0) {
            done += (size_t)received;
            continue;
        }
        if (received == 0) {
            return error_set(error, STATUS_IO, "the broker closed the connection");
        }
        if (errno != EAGAIN && errno != EINTR) {
            return error_set(error, STATUS_IO, "receive: %s", strerror(errno));
        }
        enum status status = wait_for(client, POLLIN, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status send_request(struct admin_client *client, const struct api_messages *messages,
                                int16_t version, const void *request, struct error *error)
{
    struct arena arena;
    struct wire_writer writer;
    struct request_header header;
    struct bytes bytes;
    arena_init(&arena, REQUEST_ARENA_MAX);
    wire_writer_init_contiguous(&writer, &arena);
    request_header_init(&header);
    header.request_api_key = messages->key;
    header.request_api_version = version;
    header.correlation_id = ++client->correlation_id;
    header.client_id = TEXT_LITERAL(CLIENT_ID);
    wire_writer_begin_frame(&writer);
    enum status status = request_header_write(&header, &writer, error);
    if (status == STATUS_OK) {
        status = messages->request->encode(request, version, &writer, error);
    }
    if (status == STATUS_OK) {
        wire_writer_end_frame(&writer);
        status = wire_writer_finish_bytes(&writer, &bytes, error);
    } else {
        wire_writer_clear(&writer);
    }
    if (status == STATUS_OK) {
        status = send_all(client, bytes, error);
    }
    arena_clear(&arena);
    return status;
}

/* The next frame without its length, in the arena. */
static enum status receive_frame(struct admin_client *client, struct arena *arena,
                                 struct bytes *frame, struct error *error)
{
    uint8_t prefix[FRAME_PREFIX_SIZE];
    enum status status = receive_all(client, prefix, sizeof prefix, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t size = load_u32(prefix);
    if (size > ADMIN_RESPONSE_SIZE_MAX) {
        return error_set(error, STATUS_MALFORMED,
                         "response of %" PRIu32 " bytes, at most %zu are read", size,
                         ADMIN_RESPONSE_SIZE_MAX);
    }
    uint8_t *memory = arena_allocate(arena, size);
    if (memory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a response of %" PRIu32 " bytes",
                         size);
    }
    *frame = (struct bytes){memory, size};
    return receive_all(client, memory, size, error);
}

static enum status exchange(struct admin_client *client, const struct api_messages *messages,
                            int16_t version, const void *request, struct arena *arena,
                            struct byte_reader *body, struct error *error)
{
    struct bytes frame;
    int32_t correlation_id;
    start_deadline(client);
    enum status status = send_request(client, messages, version, request, error);
    if (status == STATUS_OK) {
        status = receive_frame(client, arena, &frame, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *body = byte_reader_over(frame);
    status = response_header_read(messages, version, body, &correlation_id, error);
    if (status == STATUS_OK && correlation_id != client->correlation_id) {
        status = error_set(error, STATUS_MALFORMED, "response to request %d, expected was %d",
                           correlation_id, client->correlation_id);
    }
    return status;
}

static enum status ask_versions_at(struct admin_client *client, int16_t version,
                                   struct error *error)
{
    const struct api_messages *messages = api_messages_find(API_VERSIONS_REQUEST_KEY);
    struct api_versions_request request;
    struct byte_reader body;
    api_versions_request_init(&request);
    request.client_software_name = TEXT_LITERAL(CLIENT_ID);
    request.client_software_version = TEXT_LITERAL(ROLLWAY_VERSION);
    enum status status =
        exchange(client, messages, version, &request, &client->arena, &body, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* A broker that does not know the version answers in version 0 and says so (KIP-511). */
    bool is_refused =
        byte_reader_remaining(&body) >= 2 && load_i16(body.position) == KAFKA_UNSUPPORTED_VERSION;
    return api_versions_response_decode(
        &client->versions, is_refused ? API_VERSIONS_LEAST : version, &body, &client->arena, error);
}

static enum status ask_versions(struct admin_client *client, struct error *error)
{
    /* Version 5 tells the broker whom the client takes it for, which is not known here. */
    int16_t version = 4;
    enum status status = ask_versions_at(client, version, error);
    if (status == STATUS_OK && client->versions.error_code == KAFKA_UNSUPPORTED_VERSION) {
        status = ask_versions_at(client, API_VERSIONS_LEAST, error);
    }
    return status == STATUS_OK ? admin_check(client->versions.error_code, TEXT_NULL, error)
                               : status;
}

static enum status open_one(struct admin_client *client, struct text address, struct error *error)
{
    char host[ADMIN_HOST_SIZE_MAX];
    uint16_t port;
    enum status status = admin_address_parse(address, host, &port, error);
    if (status != STATUS_OK) {
        return status;
    }
    start_deadline(client);
    status = connect_to_host(client, host, port, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = ask_versions(client, error);
    if (status != STATUS_OK) {
        close(client->socket);
        client->socket = -1;
        return error_wrap(error, "%s", client->name);
    }
    return STATUS_OK;
}

enum status admin_client_open(const char *bootstrap, int64_t timeout_ms,
                              struct admin_client **client, struct error *error)
{
    struct admin_client *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a connection");
    }
    opened->socket = -1;
    opened->timeout_ms = timeout_ms;
    arena_init(&opened->arena, VERSIONS_ARENA_MAX);
    enum status status =
        error_set(error, STATUS_INVALID, "no broker is named: '%s' is not HOST:PORT", bootstrap);
    for (const char *at = bootstrap; *at != '\0' && opened->socket < 0;) {
        size_t size = strcspn(at, ",");
        if (size > 0) {
            status = open_one(opened, (struct text){at, size}, error);
        }
        at += size + (at[size] == ',');
    }
    if (status != STATUS_OK) {
        admin_client_close(opened);
        return status;
    }
    *client = opened;
    return STATUS_OK;
}

void admin_client_close(struct admin_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->socket >= 0) {
        close(client->socket);
    }
    arena_clear(&client->arena);
    free(client);
}

/* The highest version that both have. */
static enum status choose_version(const struct admin_client *client,
                                  const struct api_messages *messages, int16_t *version,
                                  struct error *error)
{
    const struct message_descriptor *request = messages->request;
    for (size_t i = 0; i < client->versions.api_keys.count; i++) {
        const struct api_versions_response_api_version *api = &client->versions.api_keys.items[i];
        if (api->api_key != messages->key) {
            continue;
        }
        int16_t highest =
            api->max_version < request->version_max ? api->max_version : request->version_max;
        if (highest < api->min_version || highest < request->version_min) {
            return error_set(error, STATUS_UNSUPPORTED,
                             "the broker has %s versions %d to %d, known here are %d to %d",
                             request->name, api->min_version, api->max_version,
                             request->version_min, request->version_max);
        }
        *version = highest;
        return STATUS_OK;
    }
    return error_set(error, STATUS_UNSUPPORTED, "the broker does not have %s", request->name);
}

enum status admin_client_call(struct admin_client *client, int16_t api_key, const void *request,
                              void *response, struct arena *arena, struct error *error)
{
    const struct api_messages *messages = api_messages_find(api_key);
    struct byte_reader body;
    int16_t version;
    ASSERT(messages != NULL);
    enum status status = choose_version(client, messages, &version, error);
    if (status == STATUS_OK) {
        status = exchange(client, messages, version, request, arena, &body, error);
    }
    if (status == STATUS_OK) {
        status = messages->response->decode(response, version, &body, arena, error);
    }
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "%s", client->name);
}

const struct api_versions_response *admin_client_versions(const struct admin_client *client)
{
    return &client->versions;
}

int32_t admin_client_timeout_ms(const struct admin_client *client)
{
    return (int32_t)client->timeout_ms;
}

enum status admin_check(int16_t error_code, struct text message, struct error *error)
{
    if (error_code == KAFKA_NONE) {
        return STATUS_OK;
    }
    bool has_message = message.data != NULL && message.size > 0;
    const char *text = kafka_error_text(error_code);
    return error_set(error, STATUS_INVALID, "%.*s (%s)",
                     has_message ? (int)message.size : (int)strlen(text),
                     has_message ? message.data : text, kafka_error_name(error_code));
}
