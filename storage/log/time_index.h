/* Sparse index of one segment: timestamp -> record offset.
 *
 * On disk (all integers big-endian), both fields ascending:
 *
 *     0  i64  timestamp: the largest in the segment so far
 *     8  u32  relative offset: last offset of the batch that had it first - base offset
 *
 * An entry is added with each entry of the offset index when the largest timestamp has grown, and
 * when the segment is rolled or closed: the last entry is then the segment's largest timestamp. */
#ifndef STORAGE_LOG_TIME_INDEX_H
#define STORAGE_LOG_TIME_INDEX_H

#include <stdint.h>

#include "storage/log/index_entries.h"

#define TIME_INDEX_ENTRY_SIZE 12

struct time_index {
    struct index_entries entries;
    int64_t base_offset;
};

struct time_index_entry {
    int64_t timestamp_ms; /* -1 when there is no entry. */
    int64_t offset;       /* The base offset when there is no entry. */
};

/* An empty index of the segment with this base offset. */
void time_index_init(struct time_index *index, int64_t base_offset);

/* Releases the memory. */
void time_index_clear(struct time_index *index);

/* Drops the first entry that cannot be, and everything behind it: timestamps or offsets that do
 * not ascend, or an offset at or behind `end_offset`. Returns how many were dropped. */
uint32_t time_index_trim(struct time_index *index, int64_t end_offset);

/* Adds an entry, unless the timestamp is not greater than that of the last one. */
MUST_USE enum status time_index_add(struct time_index *index, int64_t timestamp_ms, int64_t offset,
                                    struct error *error);

/* Number of entries. */
uint32_t time_index_count(const struct time_index *index);

/* The entry `number`, from 0. */
struct time_index_entry time_index_at(const struct time_index *index, uint32_t number);

/* The last entry with a timestamp at or before `timestamp_ms`: no record before its offset is
 * later than it. */
struct time_index_entry time_index_floor(const struct time_index *index, int64_t timestamp_ms);

/* The last entry. */
struct time_index_entry time_index_last(const struct time_index *index);

/* Drops the entries with an offset at or above `end_offset`. */
void time_index_cut(struct time_index *index, int64_t end_offset);

#endif /* STORAGE_LOG_TIME_INDEX_H */
