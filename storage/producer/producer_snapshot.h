/* Kafka's file of producer state, <offset>.snapshot: the state before that offset.
 *
 *      0  i16  version, 1
 *      2  u32  CRC-32C of everything behind this field
 *      6  i32  number of producers
 *     10  ...  one entry of 46 bytes each:
 *
 *          0  i64  producer id
 *          8  i16  epoch
 *         10  i32  last sequence, -1 when none
 *         14  i64  last offset, -1 when none
 *         22  i32  offset delta: last offset - base offset of the last batch
 *         26  i64  timestamp
 *         34  i32  coordinator epoch, -1 when none
 *         38  i64  first offset of the open transaction, -1 when none
 *
 *   then what Kafka ignores, and what a file written by Kafka does not have:
 *
 *          u32  mark, 0x52575031
 *          for each producer, in the same order: u8 number of older batches, and for each of those
 *          i32 last sequence, i64 last offset, i32 offset delta, i64 timestamp, oldest first
 *
 * Kafka keeps only the last batch of each producer, so that after a restart it refuses an older
 * duplicate as out of order. With the older batches a duplicate stays one. */
#ifndef STORAGE_PRODUCER_PRODUCER_SNAPSHOT_H
#define STORAGE_PRODUCER_PRODUCER_SNAPSHOT_H

#include "base/bytes.h"
#include "base/error.h"
#include "storage/producer/producer_state.h"

#define PRODUCER_SNAPSHOT_VERSION     1
#define PRODUCER_SNAPSHOT_HEADER_SIZE 10
#define PRODUCER_SNAPSHOT_ENTRY_SIZE  46
#define PRODUCER_SNAPSHOT_MARK        0x52575031u
#define PRODUCER_SNAPSHOT_OLDER_SIZE  24

/* No snapshot that is larger is read. */
#define PRODUCER_SNAPSHOT_SIZE_MAX                                                                 \
    (PRODUCER_SNAPSHOT_HEADER_SIZE + 4 +                                                           \
     (size_t)PRODUCERS_MAX * (PRODUCER_SNAPSHOT_ENTRY_SIZE + 1 +                                   \
                              (PRODUCER_BATCHES_MAX - 1) * PRODUCER_SNAPSHOT_OLDER_SIZE))

/* Bytes that producer_snapshot_encode() needs. */
size_t producer_snapshot_size(const struct producer_state *state);

/* Writes the snapshot into `memory`, which has producer_snapshot_size() bytes. */
void producer_snapshot_encode(const struct producer_state *state, void *memory);

/* One entry of a snapshot, for tools. */
struct producer_snapshot_entry {
    int64_t producer_id;
    int64_t last_offset;
    int64_t timestamp_ms;
    int64_t transaction_first_offset;
    int32_t last_sequence;
    int32_t offset_delta;
    int32_t coordinator_epoch;
    int16_t epoch;
};

/* Checks the frame of a snapshot: version, checksum, size. *count is the number of entries.
 * STATUS_CORRUPT, STATUS_UNSUPPORTED. */
MUST_USE enum status producer_snapshot_check(struct bytes snapshot, uint32_t *count,
                                             struct error *error);

/* Entry `number` of a snapshot that producer_snapshot_check() accepted. */
struct producer_snapshot_entry producer_snapshot_at(struct bytes snapshot, uint32_t number);

/* Fills the empty `state`. STATUS_CORRUPT, STATUS_UNSUPPORTED, STATUS_NO_MEMORY; the state may
 * then hold a part and has to be cleared. */
MUST_USE enum status producer_snapshot_decode(struct bytes snapshot, struct producer_state *state,
                                              struct error *error);

#endif /* STORAGE_PRODUCER_PRODUCER_SNAPSHOT_H */
