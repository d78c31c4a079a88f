/* One client: bytes that came in, bytes and a file range that go out. */
#ifndef BENCH_PROGRAMS_YARDSTICK_CONNECTION_H
#define BENCH_PROGRAMS_YARDSTICK_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/list.h"

/* A longer request closes the connection. */
#define CONNECTION_FRAME_SIZE_MAX ((size_t)128 << 20)

struct connection {
    struct list_node node;       /* In the server's list of all. */
    struct list_node ready_node; /* In the server's list of those to serve in this turn. */
    int socket;
    bool write_blocked;
    bool failed;
    uint8_t *input; /* [input_start, input_end) is not yet handled. */
    size_t input_start;
    size_t input_end;
    size_t input_capacity;
    uint8_t *output; /* [output_start, output_end) is not yet sent. */
    size_t output_start;
    size_t output_end;
    size_t output_capacity;
    /* Follows the output: one range of a file. */
    int file;
    off_t file_position;
    size_t file_remaining;
    /* A fetch at the front of the input waits for data until then; 0 when none does. */
    int64_t fetch_deadline_ms;
};

/* Takes the socket over. NULL without memory. Released by connection_destroy(). */
struct connection *connection_create(int socket);

/* Closes the socket and frees the connection, which is in no list. */
void connection_destroy(struct connection *connection);

/* Receives what is there. False when the peer has gone or memory is short. */
bool connection_receive(struct connection *connection);

/* The request at the front of the input, without its length; false when it is not whole.
 * STATUS_MALFORMED in *status when its length is impossible. */
bool connection_frame(const struct connection *connection, uint8_t **frame, size_t *size,
                      enum status *status);

/* Takes the request at the front, which connection_frame() gave, out of the input. */
void connection_consume(struct connection *connection, size_t frame_size);

/* Room for `size` more bytes of output, NULL without memory. connection_written() adds them. */
uint8_t *connection_reserve(struct connection *connection, size_t size);

/* The first `size` bytes of the room are output now. */
void connection_written(struct connection *connection, size_t size);

/* Sends until nothing is left or the socket is full, which sets `write_blocked`. False when the
 * peer has gone. */
bool connection_send(struct connection *connection);

#endif /* BENCH_PROGRAMS_YARDSTICK_CONNECTION_H */
