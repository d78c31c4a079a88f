/* A blocking connection to a server that speaks Kafka's protocol: frames out, frames in. */
#ifndef BENCH_PROGRAMS_LOAD_CLIENT_H
#define BENCH_PROGRAMS_LOAD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define KEY_PRODUCE       0
#define KEY_FETCH         1
#define KEY_LIST_OFFSETS  2
#define KEY_METADATA      3
#define KEY_API_VERSIONS  18
#define KEY_CREATE_TOPICS 19

/* A longer answer is refused. */
#define CLIENT_FRAME_SIZE_MAX ((size_t)256 << 20)

struct client {
    int socket;
    int32_t sent_count;     /* Correlation id of the next request. */
    int32_t answered_count; /* Correlation id of the next answer. */
    uint8_t *input;         /* [input_start, input_end) is received and not taken. */
    size_t input_start;
    size_t input_end;
    size_t input_capacity;
};

/* Connects to HOST:PORT, an IPv4 address. Released by client_close(). */
MUST_USE enum status client_open(struct client *client, const char *address, struct error *error);

/* Closes the socket. */
void client_close(struct client *client);

/* Starts a request in `memory`; the caller writes its body behind the header. */
struct byte_writer client_request_begin(void *memory, size_t size, int16_t key, int16_t version);

/* Completes the length of a request that was begun. `writer` must not have failed. */
struct bytes client_request_end(struct byte_writer *writer);

/* Puts the next correlation id into `request`, which client_request_end() gave, and sends it. */
MUST_USE enum status client_send(struct client *client, struct bytes request, struct error *error);

/* True when client_receive() would not wait. */
bool client_has_answer(const struct client *client);

/* Waits for the next answer and checks its correlation id. `body` is borrowed until the next
 * call. */
MUST_USE enum status client_receive(struct client *client, struct byte_reader *body,
                                    struct error *error);

/* Sends a request and receives its answer; none may be outstanding. */
MUST_USE enum status client_call(struct client *client, struct bytes request,
                                 struct byte_reader *body, struct error *error);

/* An i16 length and the characters; a negative length gives TEXT_NULL. */
struct text read_string(struct byte_reader *reader);

/* As read_string(). */
void write_string(struct byte_writer *writer, struct text text);

#endif /* BENCH_PROGRAMS_LOAD_CLIENT_H */
