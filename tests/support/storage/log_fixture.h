/* What a test needs around a partition's log: a simulated disk with its queue, buffers, a clock
 * that stands still, and record batches to append. */
#ifndef TESTS_SUPPORT_STORAGE_LOG_FIXTURE_H
#define TESTS_SUPPORT_STORAGE_LOG_FIXTURE_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "proto/record/record_builder.h"
#include "storage/io/segment_cache.h"
#include "storage/log/log_flusher.h"
#include "storage/log/partition_log.h"
#include "tests/support/storage/simulated_disk.h"

#define LOG_FIXTURE_DIRECTORY "/data/topic-0"
#define LOG_FIXTURE_NOW_MS    1700000000000

struct fixed_clock {
    struct clock clock; /* First. */
    int64_t wall_ms;
    int64_t monotonic_us;
};

struct log_fixture {
    struct simulated_disk *disk;
    struct disk_queue *queue;
    struct buffer_pool *buffers;
    struct segment_cache *cache;
    struct fixed_clock clock;
    struct random_seeded random;
    struct log_context context;
    struct partition_log_options options;
    struct log_recovery_report report;
    struct partition_log *log;
    struct error error;
};

/* A disk with "/data" and nothing open. */
void log_fixture_init(struct log_fixture *fixture, uint64_t seed);

/* As log_fixture_init() over a disk that exists, which the fixture takes over. */
void log_fixture_init_on(struct log_fixture *fixture, struct simulated_disk *disk);

/* Abandons an open log and releases everything. */
void log_fixture_clear(struct log_fixture *fixture);

/* Opens the log with fixture->options. */
enum status log_fixture_open(struct log_fixture *fixture);

/* Closes the log in an orderly way and remembers its recovery point, as the owner would. */
enum status log_fixture_close(struct log_fixture *fixture);

/* Cuts the power. The log is gone; the next opening is an unclean one with the recovery point that
 * the options have. */
void log_fixture_crash(struct log_fixture *fixture, uint64_t seed);

/* Flushes durably, by way of a flusher. Returns what it reported. */
enum status log_fixture_flush(struct log_fixture *fixture);

/* A producer of batches for tests. Producer id -1 is not idempotent. */
struct batch_recipe {
    int32_t count;        /* Records. */
    int32_t value_size;   /* Of each. */
    int64_t timestamp_ms; /* Of the first; one more for each. */
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t base_sequence;
    bool is_transactional;
    enum compression_codec codec;
    uint8_t fill; /* Byte of the values. */
    bool has_null_keys;
};

#define BATCH_PLAIN                                                                                \
    ((struct batch_recipe){.count = 1,                                                             \
                           .value_size = 100,                                                      \
                           .timestamp_ms = LOG_FIXTURE_NOW_MS,                                     \
                           .producer_id = -1,                                                      \
                           .producer_epoch = -1,                                                   \
                           .base_sequence = -1})

/* Builds the batch in the builder, which the caller clears. Ends the test when that fails. */
struct bytes log_fixture_batch(struct record_builder *builder, const struct batch_recipe *recipe);

/* A transaction marker, as log_fixture_batch(). */
struct bytes log_fixture_marker(struct record_builder *builder, int64_t producer_id,
                                int16_t producer_epoch, enum control_record_type type,
                                int32_t coordinator_epoch);

/* Appends a batch as from a client, at the fixture's time. */
struct append_result log_fixture_append(struct log_fixture *fixture,
                                        const struct batch_recipe *recipe);

/* Appends a marker as a coordinator does. */
struct append_result log_fixture_append_marker(struct log_fixture *fixture, int64_t producer_id,
                                               int16_t producer_epoch,
                                               enum control_record_type type,
                                               int32_t coordinator_epoch);

/* Reads at `offset` up to the end of the log into `memory`, bringing it in when it is on disk.
 * *size is how much; STATUS_* as partition_log_read(). */
enum status log_fixture_read(struct log_fixture *fixture, int64_t offset, size_t bytes_max,
                             uint8_t *memory, size_t memory_size, size_t *size,
                             struct log_read_result *result);

#endif /* TESTS_SUPPORT_STORAGE_LOG_FIXTURE_H */
