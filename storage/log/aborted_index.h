/* Aborted transactions of one segment, in the order of their abort markers.
 *
 * On disk (all integers big-endian), last offsets ascending:
 *
 *      0  i16  version, 0
 *      2  i64  producer id
 *     10  i64  first offset of the transaction in this partition
 *     18  i64  last offset: the abort marker's, which lies in this segment
 *     26  i64  last stable offset when the marker was appended */
#ifndef STORAGE_LOG_ABORTED_INDEX_H
#define STORAGE_LOG_ABORTED_INDEX_H

#include <stdint.h>

#include "storage/log/index_entries.h"

#define ABORTED_INDEX_ENTRY_SIZE 34
#define ABORTED_INDEX_VERSION    0

struct aborted_index {
    struct index_entries entries;
};

struct aborted_index_entry {
    int64_t producer_id;
    int64_t first_offset;
    int64_t last_offset;
    int64_t last_stable_offset;
};

/* An empty index. */
void aborted_index_init(struct aborted_index *index);

/* Releases the memory. */
void aborted_index_clear(struct aborted_index *index);

/* Drops the first entry that cannot be, and everything behind it: another version, offsets that
 * contradict each other or lie outside [base offset, end offset). Returns how many. */
uint32_t aborted_index_trim(struct aborted_index *index, int64_t base_offset, int64_t end_offset);

/* Adds an entry, unless it is there already (recovery replays markers). */
MUST_USE enum status aborted_index_add(struct aborted_index *index,
                                       const struct aborted_index_entry *entry,
                                       struct error *error);

/* Number of entries. */
uint32_t aborted_index_count(const struct aborted_index *index);

/* The entry `number`, from 0. */
struct aborted_index_entry aborted_index_at(const struct aborted_index *index, uint32_t number);

/* Drops the entries whose marker is at or above `end_offset`. */
void aborted_index_cut(struct aborted_index *index, int64_t end_offset);

#endif /* STORAGE_LOG_ABORTED_INDEX_H */
