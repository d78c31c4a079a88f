/* Which leader epoch wrote from which offset on (KIP-101, KIP-279). Kafka's file of it,
 * leader-epoch-checkpoint, is read and written by storage/io/checkpoint_file.h.
 *
 * Epochs and start offsets ascend strictly. Offsets before the first entry have no known epoch. */
#ifndef STORAGE_LOG_LEADER_EPOCHS_H
#define STORAGE_LOG_LEADER_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/io/checkpoint_file.h"

/* Entries of one partition; the oldest goes when one more is added. */
#define LEADER_EPOCHS_MAX 65536u

struct leader_epochs {
    struct checkpoint_epoch *entries;
    uint32_t count;
    uint32_t capacity;
    bool dirty; /* Changed since it was read or written. */
};

/* No entries, no memory. */
void leader_epochs_init(struct leader_epochs *epochs);

/* Releases the memory. */
void leader_epochs_clear(struct leader_epochs *epochs);

/* `epoch` writes from `start_offset` on. Nothing happens unless it is newer than the latest.
 * Entries at or behind the offset go: their epochs wrote nothing that stayed. */
MUST_USE enum status leader_epochs_add(struct leader_epochs *epochs, int32_t epoch,
                                       int64_t start_offset, struct error *error);

/* The latest epoch, -1 when there is none. */
int32_t leader_epochs_latest(const struct leader_epochs *epochs);

/* The epoch that wrote `offset`, -1 when unknown. */
int32_t leader_epochs_at(const struct leader_epochs *epochs, int64_t offset);

/* The largest epoch <= `epoch` and the offset behind its last record; -1 and -1 when unknown. An
 * epoch before the first known one ends where that begins. */
void leader_epochs_end_of(const struct leader_epochs *epochs, int32_t epoch, int64_t end_offset,
                          int32_t *found_epoch, int64_t *found_offset);

/* Drops what begins at or above `end_offset`. */
void leader_epochs_cut_end(struct leader_epochs *epochs, int64_t end_offset);

/* Drops what ends at or below `start_offset`; the epoch that wrote it begins there. */
void leader_epochs_cut_start(struct leader_epochs *epochs, int64_t start_offset);

/* Fills empty `epochs` from what the file says. STATUS_CORRUPT when it goes back, STATUS_NO_MEMORY;
 * `epochs` may then hold a part. */
MUST_USE enum status leader_epochs_take(struct leader_epochs *epochs,
                                        const struct checkpoint_epoch *entries, size_t count,
                                        struct error *error);

#endif /* STORAGE_LOG_LEADER_EPOCHS_H */
