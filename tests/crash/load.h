/* Records that an idempotent librdkafka producer with acks=all sends while the server is killed
 * again and again, and which of them were acknowledged.
 *
 * The record with number n goes to partition n mod PARTITIONS, so that the record at offset o of
 * partition p must be number p + o * PARTITIONS: anything lost, doubled or out of order shows at
 * once. Key and value follow from the number. The producer lives through the kills and sends again
 * what was not acknowledged, under the sequence numbers that it had. */
#ifndef TESTS_CRASH_LOAD_H
#define TESTS_CRASH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define LOAD_TOPIC          "load"
#define LOAD_PARTITIONS     6
#define LOAD_VALUE_SIZE_MAX 2048
#define LOAD_KEY_SIZE_MAX   32

struct rd_kafka_s;

struct load {
    struct rd_kafka_s *producer; /* NULL: none. */
    uint64_t number_next;        /* Of the next record. */
    uint64_t acknowledged_count;
    int64_t acknowledged_end[LOAD_PARTITIONS]; /* Behind the last acknowledged offset. */
    uint64_t failed_count;                     /* Given up by the producer: must stay 0. */
    uint64_t misplaced_count; /* Acknowledged with another offset than its own: must stay 0. */
    char failure[256];        /* The first of these. */
};

/* Starts a producer; the last one must be done. */
void load_start(struct load *load, const char *bootstrap, const char *codec);

/* Hands up to `count` records to the producer, as many as it takes, and serves its reports. */
void load_send(struct load *load, unsigned count);

/* Waits until everything is acknowledged and ends the producer. False when that takes too long. */
bool load_finish(struct load *load);

/* Key and value of a record; returns the sizes. */
size_t load_key(uint64_t number, char key[LOAD_KEY_SIZE_MAX]);
/* As load_key(). */
size_t load_value(uint64_t number, uint8_t value[LOAD_VALUE_SIZE_MAX]);

/* The number that must lie at an offset. */
uint64_t load_number_at(int32_t partition, int64_t offset);

/* The number that a value says it has; false when it is no value of ours. */
bool load_number_of(struct bytes value, uint64_t *number);

#endif /* TESTS_CRASH_LOAD_H */
