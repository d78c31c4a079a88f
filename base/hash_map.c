#include "base/hash_map.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"

#define SLOTS_COUNT_FIRST ((size_t)8)
/* A walk keeps two slot numbers in one cursor. */
#define SLOTS_COUNT_MAX ((size_t)1 << 31)

struct hash_map_slot {
    uint64_t hash;
    const uint8_t *key;
    size_t key_size;
    void *value; /* NULL: nobody here. */
};

void hash_map_init(struct hash_map *map)
{
    *map = (struct hash_map){0};
}

void hash_map_clear(struct hash_map *map)
{
    free(map->slots);
    hash_map_init(map);
}

/* The slot that holds the key, or the empty one where it belongs. Linear probing; the table is
 * never full, so the search ends. */
static struct hash_map_slot *find_slot(const struct hash_map *map, struct bytes key, uint64_t hash)
{
    size_t mask = map->slots_count - 1;
    size_t index = (size_t)hash & mask;
    for (;;) {
        struct hash_map_slot *slot = &map->slots[index];
        if (slot->value == NULL ||
            (slot->hash == hash && slot->key_size == key.size &&
             (key.size == 0 || memcmp(slot->key, key.data, key.size) == 0))) {
            return slot;
        }
        index = (index + 1) & mask;
    }
}

static enum status grow(struct hash_map *map)
{
    size_t slots_count = map->slots_count > 0 ? map->slots_count * 2 : SLOTS_COUNT_FIRST;
    if (slots_count > SLOTS_COUNT_MAX) {
        return STATUS_NO_MEMORY;
    }
    struct hash_map larger = {.slots_count = slots_count, .count = map->count};
    larger.slots = calloc(slots_count, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < map->slots_count; i++) {
        const struct hash_map_slot *slot = &map->slots[i];
        if (slot->value != NULL) {
            *find_slot(&larger, (struct bytes){slot->key, slot->key_size}, slot->hash) = *slot;
        }
    }
    free(map->slots);
    *map = larger;
    return STATUS_OK;
}

enum status hash_map_put(struct hash_map *map, struct bytes key, void *value, void **replaced)
{
    ASSERT(value != NULL);
    uint64_t hash = XXH3_64bits(key.data, key.size);
    struct hash_map_slot *slot = map->slots_count > 0 ? find_slot(map, key, hash) : NULL;
    void *earlier = slot != NULL ? slot->value : NULL;

    /* At most three quarters of the slots are taken. */
    if (earlier == NULL && (map->count + 1) * 4 > map->slots_count * 3) {
        enum status status = grow(map);
        if (status != STATUS_OK) {
            return status;
        }
        slot = find_slot(map, key, hash);
    }
    ASSERT(slot != NULL);
    /* The key moves too: the earlier value may take its own away with it. */
    *slot = (struct hash_map_slot){hash, key.data, key.size, value};
    map->count += earlier == NULL;
    if (replaced != NULL) {
        *replaced = earlier;
    }
    return STATUS_OK;
}

void *hash_map_get(const struct hash_map *map, struct bytes key)
{
    if (map->count == 0) {
        return NULL;
    }
    return find_slot(map, key, XXH3_64bits(key.data, key.size))->value;
}

/* Empties a slot and moves later members of its run back, so that no search for them ends early. */
static void empty_slot(struct hash_map *map, size_t hole)
{
    size_t mask = map->slots_count - 1;
    size_t index = hole;
    for (;;) {
        index = (index + 1) & mask;
        const struct hash_map_slot *slot = &map->slots[index];
        if (slot->value == NULL) {
            break;
        }
        size_t home = (size_t)slot->hash & mask;
        if (((index - home) & mask) >= ((index - hole) & mask)) {
            map->slots[hole] = *slot;
            hole = index;
        }
    }
    map->slots[hole] = (struct hash_map_slot){0};
}

void *hash_map_remove(struct hash_map *map, struct bytes key)
{
    if (map->count == 0) {
        return NULL;
    }
    struct hash_map_slot *slot = find_slot(map, key, XXH3_64bits(key.data, key.size));
    void *value = slot->value;
    if (value != NULL) {
        empty_slot(map, (size_t)(slot - map->slots));
        map->count--;
    }
    return value;
}

/* The walk starts at an empty slot and goes down. A removal fills the hole it makes only from slots
 * further up in the same run, which the walk has left behind, and no run reaches across an empty
 * slot. The cursor holds that slot + 1 in its upper half and the steps made in its lower. */
void *hash_map_next(const struct hash_map *map, size_t *cursor)
{
    if (map->slots_count == 0) {
        return NULL;
    }
    size_t mask = map->slots_count - 1;
    if (*cursor == 0) {
        size_t empty = 0;
        while (map->slots[empty].value != NULL) {
            empty++;
        }
        *cursor = (empty + 1) << 32;
    }
    size_t start = (*cursor >> 32) - 1;
    size_t steps = *cursor & UINT32_MAX;
    while (steps < mask) {
        steps++;
        void *value = map->slots[(start - steps) & mask].value;
        if (value != NULL) {
            *cursor = (start + 1) << 32 | steps;
            return value;
        }
    }
    *cursor = (start + 1) << 32 | steps;
    return NULL;
}
