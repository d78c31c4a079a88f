/* Sparse index of one segment: record offset -> byte position in the segment file.
 *
 * On disk (all integers big-endian), one entry per index interval, both fields ascending:
 *
 *     0  u32  relative offset: last offset of a batch - base offset of the segment
 *     4  u32  position: first byte of that batch
 *
 * The index is a hint: it can be rebuilt from the segment. Kafka's own files are as long as
 * segment.index.bytes while they are in use, zeros behind the last entry; after an unclean stop
 * they stay so, and the zeros are cut off here. */
#ifndef STORAGE_LOG_OFFSET_INDEX_H
#define STORAGE_LOG_OFFSET_INDEX_H

#include <stdint.h>

#include "storage/log/index_entries.h"

#define OFFSET_INDEX_ENTRY_SIZE 8

struct offset_index {
    struct index_entries entries;
    int64_t base_offset;
};

struct offset_index_entry {
    int64_t offset;    /* Last offset of the batch; base offset - 1 when there is no entry. */
    uint32_t position; /* Of the batch's first byte; 0 when there is no entry. */
};

/* An empty index of the segment with this base offset. */
void offset_index_init(struct offset_index *index, int64_t base_offset);

/* Releases the memory. */
void offset_index_clear(struct offset_index *index);

/* Drops the first entry that cannot be, and everything behind it: not ascending, or at or behind
 * the end of the segment. Returns how many were dropped. */
uint32_t offset_index_trim(struct offset_index *index, uint64_t segment_size);

/* Adds an entry. Both are greater than in every entry before, and the offset is at most 2^31 - 1
 * above the base. */
MUST_USE enum status offset_index_add(struct offset_index *index, int64_t offset, uint32_t position,
                                      struct error *error);

/* Number of entries. */
uint32_t offset_index_count(const struct offset_index *index);

/* The entry `number`, from 0. */
struct offset_index_entry offset_index_at(const struct offset_index *index, uint32_t number);

/* The last entry at or before `offset`. */
struct offset_index_entry offset_index_floor(const struct offset_index *index, int64_t offset);

/* The last entry at or before `position`. */
struct offset_index_entry offset_index_floor_position(const struct offset_index *index,
                                                      uint64_t position);

/* Drops the entries of batches at or behind `position`. */
void offset_index_cut(struct offset_index *index, uint64_t position);

#endif /* STORAGE_LOG_OFFSET_INDEX_H */
