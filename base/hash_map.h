/* Bytes to pointer, open addressing, hashed with XXH3 (xxHash). Keys are borrowed: they lie in the
 * value or in something that lives as long. Grows by doubling; never shrinks by itself. */
#ifndef BASE_HASH_MAP_H
#define BASE_HASH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

struct hash_map_slot;

struct hash_map {
    struct hash_map_slot *slots;
    size_t slots_count; /* A power of two, or 0. */
    size_t count;
};

/* An empty map that holds no memory. */
void hash_map_init(struct hash_map *map);

/* Releases the table, not the values. */
void hash_map_clear(struct hash_map *map);

/* Adds or replaces. `value` is not NULL. `replaced` (may be NULL) is set to the earlier value or
 * NULL. STATUS_NO_MEMORY leaves the map as it was. */
MUST_USE enum status hash_map_put(struct hash_map *map, struct bytes key, void *value,
                                  void **replaced);

/* The value, NULL when there is none. */
void *hash_map_get(const struct hash_map *map, struct bytes key);

/* Takes the key out and returns its value, NULL when there was none. */
void *hash_map_remove(struct hash_map *map, struct bytes key);

/* Walks all values in no promised order: start with *cursor = 0; NULL at the end. The map must not
 * change during the walk, except by removing the value just returned. */
void *hash_map_next(const struct hash_map *map, size_t *cursor);

#endif /* BASE_HASH_MAP_H */
