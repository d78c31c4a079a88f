/* A whole broker without sockets or threads, for tests of handlers: real configuration, directories
 * (a temporary one), controller, partitions and shards, driven turn by turn by the test under a
 * clock that it moves. Requests are encoded, handed to their handler as a connection would do it,
 * and the response is decoded again.
 *
 * The body of a request is freed as soon as the handler says that it is done with it, so that a
 * sanitizer sees who reads it later. */
#ifndef TESTS_SUPPORT_BROKER_WHOLE_BROKER_H
#define TESTS_SUPPORT_BROKER_WHOLE_BROKER_H

#include "broker/api/api_call.h"
#include "broker/broker_parts.h"
#include "tests/support/base/fake_clock.h"
#include "tests/support/base/recorded_diagnostics.h"
#include "tests/support/storage/log_fixture.h"
#include "tests/support/storage/temporary_directory.h"

#define WHOLE_BROKER_NOW_MS        LOG_FIXTURE_NOW_MS
#define WHOLE_BROKER_OVERRIDES_MAX 16

struct whole_broker {
    struct temporary_directory directory;
    struct fake_clock clock;
    struct recorded_diagnostics diagnostics;
    struct random_seeded random;
    struct broker_config *config;
    struct broker *broker;
    unsigned registered_count;
};

/* Opens a broker of `shards` shards in a new directory and turns until it is registered.
 * `overrides` are "key=value", ending with NULL; NULL: none. */
void whole_broker_open(struct whole_broker *whole, unsigned shards, const char *const *overrides);

/* Closes it in an orderly way, and opens it again over the same directory. */
void whole_broker_restart(struct whole_broker *whole, unsigned shards,
                          const char *const *overrides);

/* Closes it in an orderly way; the directory stays. */
void whole_broker_stop(struct whole_broker *whole);

/* Opens it again after whole_broker_stop(). */
void whole_broker_start(struct whole_broker *whole, unsigned shards, const char *const *overrides);

/* Closes it and removes the directory. No call may be under way. */
void whole_broker_close(struct whole_broker *whole);

/* One turn of every shard. */
void whole_broker_turn(struct whole_broker *whole);

/* Turns until nothing is posted or on its way to the disk any more, as far as can be seen. */
void whole_broker_settle(struct whole_broker *whole);

/* Moves the clock, then settles. */
void whole_broker_advance_ms(struct whole_broker *whole, int64_t ms);

/* The shard that owns a partition, and the partition. Ends the test when there is none. */
unsigned whole_broker_shard_of(struct whole_broker *whole, const char *topic, int32_t index);
/* As above. */
struct partition *whole_broker_partition(struct whole_broker *whole, const char *topic,
                                         int32_t index);
/* The id of a topic that exists. */
struct uuid whole_broker_topic_id(struct whole_broker *whole, const char *topic);

/* Creates a topic of `partitions` partitions; `config` is "key=value" or NULL. */
void whole_broker_create_topic(struct whole_broker *whole, const char *topic, int32_t partitions,
                               const char *config);

/* ---- requests ---- */

enum test_call_outcome {
    TEST_CALL_PENDING,
    TEST_CALL_ANSWERED,
    TEST_CALL_SILENT,
    TEST_CALL_REJECTED,
};

struct test_call {
    struct api_call call;
    struct client_identity client;
    struct whole_broker *whole;
    uint8_t *body; /* NULL when the frame is done. */
    enum test_call_outcome outcome;
    struct error error;   /* When rejected. */
    struct arena decoded; /* The response and its bytes. */
    void *response;
};

/* Sends `request`, the generated struct of the API, on a shard. The test owns the call:
 * test_call_clear(). */
struct test_call *test_call_start(struct whole_broker *whole, unsigned shard, int16_t key,
                                  int16_t version, const void *request);

/* Turns until the call has ended; ends the test when it does not within some seconds. */
void test_call_wait(struct test_call *call);

/* Turns a few times and says that the call still waits. */
bool test_call_is_waiting(struct test_call *call);

/* The connection dies. */
void test_call_lose(struct test_call *call);

/* NULL is allowed. */
void test_call_clear(struct test_call *call);

/* test_call_start() on shard 0, test_call_wait(), and an answer is expected. */
struct test_call *test_call_answer(struct whole_broker *whole, int16_t key, int16_t version,
                                   const void *request);

/* All bytes of a slices list, in the call's arena. */
struct bytes test_call_bytes(struct test_call *call, const struct slices *slices);

#endif /* TESTS_SUPPORT_BROKER_WHOLE_BROKER_H */
