/* What the tests of this folder share: a server, a client of our own codec, record batches, and
 * librdkafka in a few lines. */
#ifndef TESTS_INTEGRATION_RIG_H
#define TESTS_INTEGRATION_RIG_H

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>

#include "tests/support/broker/server_process.h"
#include "tests/support/broker/wire_client.h"
#include "tests/support/storage/log_fixture.h"

struct rig {
    struct server_process server;
    struct wire_client client;
};

/* A server that is not yet started: server_process_set() first. */
void rig_init(struct rig *rig);

/* Starts the server and connects the client. */
void rig_start(struct rig *rig);

/* SIGTERM, which must end in an orderly way; start. */
void rig_restart(struct rig *rig);

/* SIGKILL; start. */
void rig_kill_and_start(struct rig *rig);

/* Ends everything. */
void rig_clear(struct rig *rig);

/* A topic with one partition. */
void rig_create_topic(struct rig *rig, const char *topic);

/* Produces the recipe's batch with acks=all. Returns the base offset; the error must be
 * `expected`. */
int64_t rig_produce(struct rig *rig, const char *topic, const struct batch_recipe *recipe,
                    int16_t expected);

/* One record with a value of this size and a time. */
int64_t rig_produce_one(struct rig *rig, const char *topic, int32_t value_size,
                        int64_t timestamp_ms);

/* Offset behind the last record of partition 0. */
int64_t rig_end_offset(struct rig *rig, const char *topic);

/* Offset of the first record of partition 0. */
int64_t rig_start_offset(struct rig *rig, const char *topic);

/* ---- librdkafka ---- */

/* A producer; settings are names and values in turn, closed by NULL. Failed deliveries are counted
 * in *failed_count, and the offset of the last good one is in *last_offset. */
struct rig_producer {
    rd_kafka_t *handle;
    unsigned delivered_count;
    unsigned failed_count;
    rd_kafka_resp_err_t last_error;
    int64_t last_offset;
};

/* Close with rig_producer_close(). */
void rig_producer_open(struct rig_producer *producer, const struct rig *rig,
                       const char *const *settings);

/* Waits until everything is delivered or given up. */
void rig_producer_flush(struct rig_producer *producer);

/* Flushes and releases. */
void rig_producer_close(struct rig_producer *producer);

typedef void rig_visit_fn(void *context, const rd_kafka_message_t *message);

/* Reads partition `partition` from `offset` (or a special one) to its end with a consumer of its
 * own that checks checksums. Returns the number of records. */
unsigned rig_consume(const struct rig *rig, const char *topic, int32_t partition, int64_t offset,
                     rig_visit_fn *visit, void *context);

/* The offset that librdkafka gets for a time, -1 behind the end. */
int64_t rig_offset_for_time(const struct rig *rig, const char *topic, int32_t partition,
                            int64_t timestamp_ms);

#endif /* TESTS_INTEGRATION_RIG_H */
