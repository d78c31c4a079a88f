/* What a partition remembers of its producers: the last batches of each, for duplicates and gaps,
 * and the open transactions, for the last stable offset (KIP-98, KIP-360, KIP-890).
 *
 * Pure: it is fed with the headers of the batches that are appended, in order; the same batches
 * give the same state on a leader, on a follower and in recovery.
 *
 * Sequence numbers of one producer and epoch are consecutive, 2147483647 is followed by 0. A batch
 * that equals one of the last five is a duplicate and is answered with their offsets. */
#ifndef STORAGE_PRODUCER_PRODUCER_STATE_H
#define STORAGE_PRODUCER_PRODUCER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash_map.h"
#include "base/list.h"
#include "base/ring.h"
#include "proto/record/record_batch.h"

/* Kafka clients have at most five requests under way. */
#define PRODUCER_BATCHES_MAX 5

/* Producers of one partition; one more is refused with STATUS_LIMIT. */
#define PRODUCERS_MAX (1u << 20)

/* Completed transactions whose marker is not yet below the high watermark. */
#define PRODUCER_COMPLETED_MAX (1u << 20)

struct producer_batch {
    int64_t last_offset;
    int64_t timestamp_ms;
    int32_t last_sequence;
    int32_t offset_delta; /* last offset - base offset */
};

struct producer_entry {
    int64_t producer_id;
    int64_t last_timestamp_ms;
    int64_t transaction_first_offset; /* -1: none open. */
    int64_t last_offset;              /* Of anything that it wrote, markers too; -1. */
    struct list_node open_node;       /* In `open`, while a transaction is open. */
    int32_t coordinator_epoch;        /* Of the last marker, -1. */
    int16_t epoch;                    /* -1 before the first batch. */
    uint8_t batches_count;
    struct producer_batch batches[PRODUCER_BATCHES_MAX]; /* Oldest first. */
};

struct producer_state {
    struct hash_map producers; /* By producer id. */
    struct list open;          /* Entries with an open transaction, by first offset. */
    struct ring completed;     /* struct completed_transaction, by marker offset. */
};

struct completed_transaction {
    int64_t producer_id;
    int64_t first_offset;
    int64_t marker_offset;
    bool aborted;
};

enum producer_decision {
    PRODUCER_ACCEPTED,
    PRODUCER_DUPLICATE,
    PRODUCER_OUT_OF_ORDER,
    PRODUCER_EPOCH_TOO_OLD,
    PRODUCER_TRANSACTION_STATE, /* Not transactional although a transaction is open. */
    PRODUCER_COORDINATOR_FENCED,
};

/* No producers, no memory. */
void producer_state_init(struct producer_state *state);

/* Forgets everything. */
void producer_state_clear(struct producer_state *state);

/* What is known of a producer; NULL when nothing is. Borrowed. */
struct producer_entry *producer_state_find(const struct producer_state *state, int64_t producer_id);

/* As producer_state_find(), but makes an empty entry. STATUS_NO_MEMORY, STATUS_LIMIT. */
MUST_USE enum status producer_state_obtain(struct producer_state *state, int64_t producer_id,
                                           struct producer_entry **entry, struct error *error);

/* May this data batch of a producer be appended? `check_sequence` for a batch from a client, not
 * for one from a coordinator. On PRODUCER_DUPLICATE *duplicate is the batch of the first time; on
 * a refusal `error` has the sentence. */
enum producer_decision producer_state_check(const struct producer_state *state,
                                            const struct record_batch_header *header,
                                            bool check_sequence, bool requires_sequence_zero,
                                            struct producer_batch *duplicate, struct error *error);

/* May this marker be appended? */
enum producer_decision producer_state_check_marker(const struct producer_state *state,
                                                   const struct record_batch_header *header,
                                                   int32_t coordinator_epoch, struct error *error);

/* A data batch of a producer was appended; its offsets are assigned. STATUS_NO_MEMORY leaves
 * everything as it was; it cannot happen after producer_state_obtain() for the same producer. */
MUST_USE enum status producer_state_append(struct producer_state *state,
                                           const struct record_batch_header *header,
                                           struct error *error);

/* A marker was appended. *completed tells whether it ended a transaction, and `transaction` which.
 * STATUS_NO_MEMORY as producer_state_append(). */
MUST_USE enum status producer_state_end(struct producer_state *state,
                                        const struct record_batch_header *header,
                                        int32_t coordinator_epoch, bool aborted, bool *completed,
                                        struct completed_transaction *transaction,
                                        struct error *error);

/* The high watermark has moved: completed transactions below it are stable. */
void producer_state_advance(struct producer_state *state, int64_t high_watermark);

/* First offset of the oldest transaction that is open, or complete but not below the high
 * watermark; INT64_MAX when there is none. */
int64_t producer_state_first_unstable(const struct producer_state *state);

/* First offset of the oldest open transaction of any other producer, whatever the high watermark;
 * INT64_MAX when there is none. */
int64_t producer_state_first_open(const struct producer_state *state, int64_t except_producer_id);

/* Forgets producers whose last batch is older than `oldest_ms`, unless a transaction is open.
 * Returns how many. */
unsigned producer_state_expire(struct producer_state *state, int64_t oldest_ms);

/* Number of producers. */
uint32_t producer_state_count(const struct producer_state *state);

/* Walks all producers: start with *cursor = 0; NULL at the end. */
const struct producer_entry *producer_state_next(const struct producer_state *state,
                                                 size_t *cursor);

/* Marks a transaction of the entry as open since `first_offset`, in order. For snapshots. */
void producer_state_open_transaction(struct producer_state *state, struct producer_entry *entry,
                                     int64_t first_offset);

#endif /* STORAGE_PRODUCER_PRODUCER_STATE_H */
