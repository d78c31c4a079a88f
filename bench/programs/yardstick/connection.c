#include "bench/programs/yardstick/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_SIZE_FIRST  ((size_t)1 << 20)
#define OUTPUT_SIZE_FIRST ((size_t)16 << 10)
#define LENGTH_SIZE       4

struct connection *connection_create(int socket)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->socket = socket;
    connection->input = malloc(INPUT_SIZE_FIRST);
    connection->input_capacity = INPUT_SIZE_FIRST;
    if (connection->input == NULL) {
        free(connection);
        return NULL;
    }
    return connection;
}

void connection_destroy(struct connection *connection)
{
    if (connection == NULL) {
        return;
    }
    close(connection->socket);
    free(connection->input);
    free(connection->output);
    free(connection);
}

/* Moves what is there to the front, and grows when the request there needs it. */
static bool make_room(struct connection *connection)
{
    size_t held = connection->input_end - connection->input_start;
    if (connection->input_start > 0) {
        memmove(connection->input, connection->input + connection->input_start, held);
        connection->input_start = 0;
        connection->input_end = held;
    }
    size_t needed = LENGTH_SIZE;
    if (held >= LENGTH_SIZE) {
        needed += load_u32(connection->input);
    }
    if (needed > CONNECTION_FRAME_SIZE_MAX) {
        return false;
    }
    if (needed > connection->input_capacity) {
        uint8_t *input = realloc(connection->input, needed);
        if (input == NULL) {
            return false;
        }
        connection->input = input;
        connection->input_capacity = needed;
    }
    return true;
}

bool connection_receive(struct connection *connection)
{
    if (!make_room(connection)) {
        return false;
    }
    size_t room = connection->input_capacity - connection->input_end;
    if (room == 0) {
        return true; /* Full of whole requests, which wait for the fetch before them. */
    }
    ssize_t received = recv(connection->socket, connection->input + connection->input_end, room, 0);
    if (received > 0) {
        connection->input_end += (size_t)received;
    }
    return received > 0 || (received < 0 && (errno == EAGAIN || errno == EINTR));
}

bool connection_frame(const struct connection *connection, uint8_t **frame, size_t *size,
                      enum status *status)
{
    size_t held = connection->input_end - connection->input_start;
    *status = STATUS_OK;
    if (held < LENGTH_SIZE) {
        return false;
    }
    uint8_t *start = connection->input + connection->input_start;
    size_t length = load_u32(start);
    if (length > CONNECTION_FRAME_SIZE_MAX - LENGTH_SIZE) {
        *status = STATUS_MALFORMED;
        return false;
    }
    if (held - LENGTH_SIZE < length) {
        return false;
    }
    *frame = start + LENGTH_SIZE;
    *size = length;
    return true;
}

void connection_consume(struct connection *connection, size_t frame_size)
{
    connection->input_start += LENGTH_SIZE + frame_size;
    if (connection->input_start == connection->input_end) {
        connection->input_start = 0;
        connection->input_end = 0;
    }
}

uint8_t *connection_reserve(struct connection *connection, size_t size)
{
    size_t needed = connection->output_end + size;
    if (needed > connection->output_capacity) {
        size_t capacity = needed * 2 > OUTPUT_SIZE_FIRST ? needed * 2 : OUTPUT_SIZE_FIRST;
        uint8_t *output = realloc(connection->output, capacity);
        if (output == NULL) {
            return NULL;
        }
        connection->output = output;
        connection->output_capacity = capacity;
    }
    return connection->output + connection->output_end;
}

void connection_written(struct connection *connection, size_t size)
{
    connection->output_end += size;
}

bool connection_send(struct connection *connection)
{
    connection->write_blocked = false;
    while (connection->output_start < connection->output_end) {
        int flags = MSG_NOSIGNAL | (connection->file_remaining > 0 ? MSG_MORE : 0);
        ssize_t sent = send(connection->socket, connection->output + connection->output_start,
                            connection->output_end - connection->output_start, flags);
        if (sent < 0) {
            connection->write_blocked = errno == EAGAIN;
            return errno == EAGAIN;
        }
        connection->output_start += (size_t)sent;
    }
    connection->output_start = 0;
    connection->output_end = 0;
    while (connection->file_remaining > 0) {
        ssize_t sent = sendfile(connection->socket, connection->file, &connection->file_position,
                                connection->file_remaining);
        if (sent <= 0) {
            connection->write_blocked = sent < 0 && errno == EAGAIN;
            return connection->write_blocked;
        }
        connection->file_remaining -= (size_t)sent;
    }
    return true;
}
