/* A shard with a fake clock, and connections over socket pairs to handlers of the test's own.
 *
 * Requests are frames with header version 1; what a key does:
 *
 *     3   echo: answers at once with the request's body
 *     2   hold: keeps the call for the test, which completes it by hand
 *     1   wait: as hold, and may be abandoned; its row says API_RULE_WAITS
 *     0   silent: completes without a response
 *     19  reject
 *     20  file: answers "[" + all of fixture.file + "]" by slices
 *
 * All other keys are not served. */
#ifndef TESTS_UNIT_BROKER_SERVER_FIXTURE_H
#define TESTS_UNIT_BROKER_SERVER_FIXTURE_H

#include "broker/server/connection.h"
#include "broker/server/shard_loop.h"
#include "tests/support/base/fake_clock.h"
#include "tests/support/base/recorded_diagnostics.h"

#define FIXTURE_HELD_MAX  256
#define FIXTURE_CHUNK_MAX ((size_t)64 * 1024)

enum { KEY_SILENT = 0, KEY_WAIT = 1, KEY_HOLD = 2, KEY_ECHO = 3, KEY_REJECT = 19, KEY_FILE = 20 };

struct server_fixture {
    struct fake_clock clock;
    struct recorded_diagnostics diagnostics;
    struct metrics_shard *metrics;
    struct shard *shard;
    struct server_shard server;
    struct api_call *held[FIXTURE_HELD_MAX]; /* By key 1 and 2, in order. */
    size_t held_count;
    size_t abandoned_count;
    size_t closed_count;
    bool has_stopped;
    int file; /* For KEY_FILE; -1. */
    size_t file_size;
};

/* Limits may be changed afterwards in fixture->server.limits. */
void server_fixture_open(struct server_fixture *fixture);

/* Closes connections that are still open, and checks that no memory is left in use. */
void server_fixture_close(struct server_fixture *fixture);

/* A new connection; returns the client's end. */
int server_fixture_connect(struct server_fixture *fixture);

/* A few turns of the loop, so that what is there is taken, handled and sent. */
void server_fixture_turn(struct server_fixture *fixture);

/* Lets time pass, then turns. */
void server_fixture_advance(struct server_fixture *fixture, int64_t us);

/* Writes a request into `memory`; returns its size with the length in front. */
size_t make_request(uint8_t *memory, int16_t key, int32_t correlation_id, const void *body,
                    size_t body_size);

/* Sends all of it, turning the loop when the socket is full. */
void send_all(struct server_fixture *fixture, int client, const void *data, size_t size);

/* As make_request() and send_all(). */
void send_request(struct server_fixture *fixture, int client, int16_t key, int32_t correlation_id,
                  const char *body);

/* What has been answered so far, at most `size`; turns the loop meanwhile. */
size_t receive_some(struct server_fixture *fixture, int client, void *memory, size_t size);

/* The next response: its correlation id, its body as text of at most 255 characters; -1 when there
 * is none. */
int32_t receive_response(struct server_fixture *fixture, int client, char body[256]);

/* The server has closed the connection, and nothing is left to read. */
bool is_closed(struct server_fixture *fixture, int client);

/* Answers a held call with a text. */
void answer(struct api_call *call, const char *text);

#endif /* TESTS_UNIT_BROKER_SERVER_FIXTURE_H */
