/* The end of the quorum's log in memory: entries that are not given out, not durable, or at hand
 * for other servers. Part of quorum_core. */
#ifndef REPLICATION_QUORUM_ENTRY_CACHE_H
#define REPLICATION_QUORUM_ENTRY_CACHE_H

#include "replication/quorum/quorum_core.h"

struct cached_entry;

/* Holds entries first_index … first_index + count - 1, the last one of the log at the end. */
struct entry_cache {
    struct cached_entry *entries;
    size_t start; /* In the array: what is before is free. */
    size_t count;
    size_t capacity;
    size_t size; /* Bytes of data. */
    uint64_t first_index;
};

/* Empty; the next entry will be `next_index`. */
void entry_cache_init(struct entry_cache *cache, uint64_t next_index);

/* Forgets all entries; the next one will be `next_index`. */
void entry_cache_reset(struct entry_cache *cache, uint64_t next_index);

/* Releases everything. */
void entry_cache_clear(struct entry_cache *cache);

/* Index of the entry that comes next. */
uint64_t entry_cache_end(const struct entry_cache *cache);

/* The entry, borrowed until it is cut or dropped; false when it is not here. */
bool entry_cache_get(const struct entry_cache *cache, uint64_t index, struct quorum_entry *entry);

/* Adds a copy behind the last entry. False when out of memory. */
bool entry_cache_add(struct entry_cache *cache, const struct quorum_entry *entry);

/* Forgets entries from `index` on, which will be added anew. */
void entry_cache_cut(struct entry_cache *cache, uint64_t index);

/* Forgets the first entries, up to `last_index`, while there are `size_max` bytes or more. */
void entry_cache_drop(struct entry_cache *cache, uint64_t last_index, size_t size_max);

#endif /* REPLICATION_QUORUM_ENTRY_CACHE_H */
