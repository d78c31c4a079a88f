/* The bytes of the quorum's files: pure encoders and decoders, no I/O. All integers big-endian.
 *
 * quorum-state: two slots of 48 bytes, at 0 and at 4096; the valid one with the higher sequence
 * counts, the other one is written next:
 *
 *      0  u32  magic "RWQS"           24  i64  server voted for in that term, 0 none
 *      4  u32  format, 1              32  i64  entries up to this index are durable, at least
 *      8  i64  sequence, from 1       40  u32  0
 *     16  i64  term                   44  u32  CRC-32C of bytes 0 … 43
 *
 * entries-<first index, 20 digits>.log: entries one behind the other, each padded to 8 bytes:
 *
 *      0  u32  magic "RWQE"           16  i64  index
 *      4  u32  CRC-32C of the rest    24  i64  term
 *      8  u32  size of the data       32  i64  entries up to this index were durable when this one
 *     12  u8   type                            was written
 *     13  u8×3 0                      40  ...  data, then zeros up to a multiple of 8
 *
 * snapshot-<index of its last entry, 20 digits>:
 *
 *      0  u32  magic "RWQP"           24  i64  index of its configuration
 *      4  u32  CRC-32C of the rest    32  u32  size of the configuration
 *      8  i64  index of the last      36  u32  0
 *              entry in it            40  i64  size of the data
 *     16  i64  term of that entry     48  ...  configuration, data */
#ifndef REPLICATION_QUORUM_QUORUM_FORMAT_H
#define REPLICATION_QUORUM_QUORUM_FORMAT_H

#include "base/bytes.h"
#include "replication/quorum/quorum_core.h"

#define QUORUM_STATE_FILE_NAME     "quorum-state"
#define QUORUM_STATE_SLOT_SIZE     48
#define QUORUM_STATE_SLOT_DISTANCE 4096
#define QUORUM_STATE_FILE_SIZE     (QUORUM_STATE_SLOT_DISTANCE + QUORUM_STATE_SLOT_SIZE)

#define QUORUM_ENTRY_HEADER_SIZE 40
/* Data of one entry. */
#define QUORUM_ENTRY_SIZE_MAX (64u << 20)

#define QUORUM_SNAPSHOT_HEADER_SIZE 48

struct quorum_state {
    int64_t sequence; /* 0: nothing was ever saved. */
    uint64_t term;
    uint64_t voted_for;
    uint64_t durable_index;
};

struct quorum_stored_entry {
    struct quorum_entry entry; /* Its data lies in what was decoded. */
    uint64_t index;
    uint64_t durable_index;
    size_t size; /* On disk, with header and padding. */
};

/* Writes one slot. */
void quorum_state_encode(const struct quorum_state *state, uint8_t slot[QUORUM_STATE_SLOT_SIZE]);

/* Reads the whole file. STATUS_CORRUPT when no slot is valid; the better of two otherwise. */
MUST_USE enum status quorum_state_decode(struct bytes file, struct quorum_state *state,
                                         struct error *error);

/* Bytes that an entry with `data_size` bytes takes on disk. */
size_t quorum_entry_stored_size(size_t data_size);

/* Writes an entry to `place`, which has quorum_entry_stored_size() bytes. */
void quorum_entry_encode(const struct quorum_entry *entry, uint64_t index, uint64_t durable_index,
                         uint8_t *place);

/* Reads the entry that `bytes` begins with. False when there is none, or it is damaged. */
bool quorum_entry_decode(struct bytes bytes, struct quorum_stored_entry *entry);

/* Looks behind damage: the durable index of any later entry that is whole, at most the highest one;
 * 0 when there is none. */
uint64_t quorum_entries_durable_behind(struct bytes bytes);

/* Bytes of a snapshot on disk. */
size_t quorum_snapshot_stored_size(const struct quorum_snapshot *snapshot, size_t data_size);

/* Writes a snapshot to `place`, which has quorum_snapshot_stored_size() bytes. */
void quorum_snapshot_encode(const struct quorum_snapshot *snapshot, struct bytes data,
                            uint8_t *place);

/* Reads a whole file; configuration and data are views into it. STATUS_CORRUPT. */
MUST_USE enum status quorum_snapshot_decode(struct bytes file, struct quorum_snapshot *snapshot,
                                            struct bytes *data, struct error *error);

#endif /* REPLICATION_QUORUM_QUORUM_FORMAT_H */
