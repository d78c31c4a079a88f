/* An ordered table of counted items that shares what did not change between its versions.
 *
 *     table -> [chunk, chunk, chunk]       chunk: up to 64 items in order, counted
 *                 |      |
 *     next  -> [chunk, chunk', chunk]      one put copies one chunk and the list of chunks
 *
 * So the next image of a cluster with ten thousand topics costs some hundred pointers, not ten
 * thousand references. A table is a value: copy it with shared_table_copy(), change the copy. What
 * several threads hold is only ever read; a chunk with one reference is changed in place. */
#ifndef REPLICATION_METADATA_SHARED_TABLE_H
#define REPLICATION_METADATA_SHARED_TABLE_H

#include <stddef.h>

#include "base/counted.h"
#include "base/status.h"

#define SHARED_CHUNK_ITEMS_MAX 64

struct shared_chunk;

struct shared_slot {
    struct shared_chunk *chunk;
    size_t first_index; /* Of its first item in the table. */
};

struct shared_table {
    struct shared_slot *slots;
    size_t slots_count;
    size_t slots_capacity;
    size_t count; /* Items in all chunks. */
};

/* Orders a key against an item, as memcmp does. The same order must be used with one table. */
typedef int shared_compare_fn(const void *key, const struct counted *item);

/* An empty table that holds no memory. */
void shared_table_init(struct shared_table *table);

/* Gives back all references. The table is empty afterwards. */
void shared_table_clear(struct shared_table *table);

/* Makes *copy hold the same items. STATUS_NO_MEMORY leaves it empty. */
MUST_USE enum status shared_table_copy(const struct shared_table *table, struct shared_table *copy);

/* The item under the key, borrowed; NULL when there is none. */
struct counted *shared_table_get(const struct shared_table *table, shared_compare_fn *compare,
                                 const void *key);

/* The item at `index` in order; index < count. Borrowed. */
struct counted *shared_table_at(const struct shared_table *table, size_t index);

/* Index of the first item at or behind the key; count when there is none. */
size_t shared_table_lower_bound(const struct shared_table *table, shared_compare_fn *compare,
                                const void *key);

/* Adds the item, or puts it in the place of the one under the same key. Takes a reference of its
 * own. STATUS_NO_MEMORY leaves the table as it was. */
MUST_USE enum status shared_table_put(struct shared_table *table, shared_compare_fn *compare,
                                      const void *key, struct counted *item);

/* Takes the item under the key out; nothing happens when there is none. STATUS_NO_MEMORY leaves the
 * table as it was. */
MUST_USE enum status shared_table_remove(struct shared_table *table, shared_compare_fn *compare,
                                         const void *key);

#endif /* REPLICATION_METADATA_SHARED_TABLE_H */
