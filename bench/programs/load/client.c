#include "bench/programs/load/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number_text.h"

#define INPUT_SIZE_FIRST ((size_t)256 << 10)
#define LENGTH_SIZE      4
#define CORRELATION_AT   8
#define HOST_SIZE_MAX    64
#define CLIENT_ID        "bench"

static bool parse_address(const char *address, struct sockaddr_in *socket_address)
{
    char host[HOST_SIZE_MAX];
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    if (colon == NULL || (size_t)(colon - address) >= sizeof host ||
        !parse_i64(text_of(colon + 1), &port) || port < 1 || port > UINT16_MAX) {
        return false;
    }
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    *socket_address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, number, &socket_address->sin_addr) == 1;
}

enum status client_open(struct client *client, const char *address, struct error *error)
{
    struct sockaddr_in socket_address;
    int on = 1;
    *client = (struct client){.socket = -1};
    if (!parse_address(address, &socket_address)) {
        return error_set(error, STATUS_INVALID, "%s is not HOST:PORT with an IPv4 address",
                         address);
    }
    client->input = malloc(INPUT_SIZE_FIRST);
    client->input_capacity = INPUT_SIZE_FIRST;
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->input == NULL || client->socket < 0 ||
        connect(client->socket, (struct sockaddr *)&socket_address, sizeof socket_address) < 0 ||
        setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) {
        int cause = errno;
        client_close(client);
        return error_set(error, STATUS_IO, "connect to %s: %s", address, strerror(cause));
    }
    return STATUS_OK;
}

void client_close(struct client *client)
{
    if (client->socket >= 0) {
        close(client->socket);
    }
    free(client->input);
    *client = (struct client){.socket = -1};
}

struct byte_writer client_request_begin(void *memory, size_t size, int16_t key, int16_t version)
{
    struct byte_writer writer = byte_writer_over(memory, size);
    write_i32(&writer, 0);
    write_i16(&writer, key);
    write_i16(&writer, version);
    write_i32(&writer, 0);
    write_string(&writer, TEXT_LITERAL(CLIENT_ID));
    return writer;
}

struct bytes client_request_end(struct byte_writer *writer)
{
    size_t size = byte_writer_size(writer);
    store_i32(writer->start, (int32_t)(size - LENGTH_SIZE));
    return (struct bytes){writer->start, size};
}

enum status client_send(struct client *client, struct bytes request, struct error *error)
{
    /* The request is the caller's own buffer: the id is set in place, as a copy would cost more
     * than the rest of the generator. */
    store_i32((uint8_t *)(uintptr_t)request.data + CORRELATION_AT, client->sent_count);
    for (size_t done = 0; done < request.size;) {
        ssize_t sent = send(client->socket, request.data + done, request.size - done, MSG_NOSIGNAL);
        if (sent < 0) {
            return error_set(error, STATUS_IO, "send: %s", strerror(errno));
        }
        done += (size_t)sent;
    }
    client->sent_count++;
    return STATUS_OK;
}

/* Bytes of the frame at the front with its length, or of the length alone while that is not there.
 */
static size_t frame_size(const struct client *client)
{
    if (client->input_end - client->input_start < LENGTH_SIZE) {
        return LENGTH_SIZE;
    }
    return LENGTH_SIZE + (size_t)load_u32(client->input + client->input_start);
}

bool client_has_answer(const struct client *client)
{
    return client->input_end - client->input_start > LENGTH_SIZE &&
           client->input_end - client->input_start >= frame_size(client);
}

static enum status make_room(struct client *client, struct error *error)
{
    size_t needed = frame_size(client);
    if (needed > CLIENT_FRAME_SIZE_MAX) {
        return error_set(error, STATUS_MALFORMED, "answer of %zu bytes, allowed are %zu", needed,
                         CLIENT_FRAME_SIZE_MAX);
    }
    if (client->input_start > 0) {
        client->input_end -= client->input_start;
        memmove(client->input, client->input + client->input_start, client->input_end);
        client->input_start = 0;
    }
    if (needed > client->input_capacity) {
        uint8_t *input = realloc(client->input, needed * 2);
        if (input == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "answer of %zu bytes", needed);
        }
        client->input = input;
        client->input_capacity = needed * 2;
    }
    return STATUS_OK;
}

enum status client_receive(struct client *client, struct byte_reader *body, struct error *error)
{
    while (!client_has_answer(client)) {
        enum status status = make_room(client, error);
        if (status != STATUS_OK) {
            return status;
        }
        ssize_t received = recv(client->socket, client->input + client->input_end,
                                client->input_capacity - client->input_end, 0);
        if (received <= 0) {
            return error_set(error, STATUS_IO, "the server closed the connection: %s",
                             received < 0 ? strerror(errno) : "end of file");
        }
        client->input_end += (size_t)received;
    }
    size_t size = frame_size(client);
    *body = byte_reader_over(
        (struct bytes){client->input + client->input_start + LENGTH_SIZE, size - LENGTH_SIZE});
    client->input_start += size;
    int32_t correlation_id = read_i32(body);
    if (body->failed || correlation_id != client->answered_count) {
        return error_set(error, STATUS_MALFORMED, "answer to request %d, expected was %d",
                         correlation_id, client->answered_count);
    }
    client->answered_count++;
    return STATUS_OK;
}

enum status client_call(struct client *client, struct bytes request, struct byte_reader *body,
                        struct error *error)
{
    enum status status = client_send(client, request, error);
    return status == STATUS_OK ? client_receive(client, body, error) : status;
}

struct text read_string(struct byte_reader *reader)
{
    int16_t size = read_i16(reader);
    if (size < 0) {
        return TEXT_NULL;
    }
    struct bytes bytes = read_bytes(reader, (size_t)size);
    return (struct text){(const char *)bytes.data, bytes.size};
}

void write_string(struct byte_writer *writer, struct text text)
{
    write_i16(writer, (int16_t)text.size);
    write_bytes(writer, text.data, text.size);
}
