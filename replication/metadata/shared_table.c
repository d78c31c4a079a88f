#include "replication/metadata/shared_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct shared_chunk {
    struct counted counted; /* First. */
    size_t count;           /* At least 1 while it is in a table. */
    struct counted *items[SHARED_CHUNK_ITEMS_MAX];
};

static void chunk_destroy(struct counted *counted)
{
    struct shared_chunk *chunk = CONTAINER_OF(counted, struct shared_chunk, counted);

    for (size_t i = 0; i < chunk->count; i++) {
        counted_release(chunk->items[i]);
    }
    free(chunk);
}

/* A chunk of its own with `count` of the items, which it retains. */
static struct shared_chunk *chunk_create(struct counted *const *items, size_t count)
{
    struct shared_chunk *chunk = malloc(sizeof(*chunk));

    if (chunk == NULL) {
        return NULL;
    }
    counted_init(&chunk->counted, chunk_destroy);
    chunk->count = count;
    for (size_t i = 0; i < count; i++) {
        chunk->items[i] = counted_retain(items[i]);
    }
    return chunk;
}

static void renumber(struct shared_table *table, size_t from)
{
    size_t index =
        from == 0 ? 0 : table->slots[from - 1].first_index + table->slots[from - 1].chunk->count;

    for (size_t i = from; i < table->slots_count; i++) {
        table->slots[i].first_index = index;
        index += table->slots[i].chunk->count;
    }
    table->count = index;
}

static enum status reserve_slot(struct shared_table *table)
{
    if (table->slots_count < table->slots_capacity) {
        return STATUS_OK;
    }
    size_t capacity = table->slots_capacity == 0 ? 4 : table->slots_capacity * 2;
    struct shared_slot *slots = realloc(table->slots, capacity * sizeof(*slots));

    if (slots == NULL) {
        return STATUS_NO_MEMORY;
    }
    table->slots = slots;
    table->slots_capacity = capacity;
    return STATUS_OK;
}

/* The last chunk that begins at or before the key: the one where the key is or belongs. */
static size_t find_chunk(const struct shared_table *table, shared_compare_fn *compare,
                         const void *key)
{
    size_t low = 0;
    size_t high = table->slots_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(key, table->slots[middle].chunk->items[0]) >= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0 : low - 1;
}

/* Place of the first item at or behind the key. */
static size_t find_item(const struct shared_chunk *chunk, shared_compare_fn *compare,
                        const void *key, bool *found)
{
    size_t low = 0;
    size_t high = chunk->count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(key, chunk->items[middle]);
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
            *found = *found || order == 0;
        }
    }
    return low;
}

/* Makes the chunk in the slot the table's own, so that it may be changed. */
static enum status own_chunk(struct shared_table *table, size_t slot)
{
    struct shared_chunk *chunk = table->slots[slot].chunk;

    if (counted_is_sole(&chunk->counted)) {
        return STATUS_OK;
    }
    struct shared_chunk *own = chunk_create(chunk->items, chunk->count);
    if (own == NULL) {
        return STATUS_NO_MEMORY;
    }
    counted_release(&chunk->counted);
    table->slots[slot].chunk = own;
    return STATUS_OK;
}

/* Splits a full chunk, which is the table's own, in two. At the end of the table almost nothing
 * moves, so that items that come in order fill their chunks. */
static enum status split_chunk(struct shared_table *table, size_t slot)
{
    struct shared_chunk *chunk = table->slots[slot].chunk;
    size_t keep =
        slot + 1 == table->slots_count ? SHARED_CHUNK_ITEMS_MAX - 1 : SHARED_CHUNK_ITEMS_MAX / 2;

    if (reserve_slot(table) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    struct shared_chunk *right = chunk_create(chunk->items + keep, chunk->count - keep);
    if (right == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = keep; i < chunk->count; i++) {
        counted_release(chunk->items[i]);
    }
    chunk->count = keep;
    memmove(table->slots + slot + 2, table->slots + slot + 1,
            (table->slots_count - slot - 1) * sizeof(*table->slots));
    table->slots[slot + 1].chunk = right;
    table->slots_count++;
    return STATUS_OK;
}

void shared_table_init(struct shared_table *table)
{
    memset(table, 0, sizeof(*table));
}

void shared_table_clear(struct shared_table *table)
{
    for (size_t i = 0; i < table->slots_count; i++) {
        counted_release(&table->slots[i].chunk->counted);
    }
    free(table->slots);
    shared_table_init(table);
}

enum status shared_table_copy(const struct shared_table *table, struct shared_table *copy)
{
    shared_table_init(copy);
    if (table->slots_count == 0) {
        return STATUS_OK;
    }
    copy->slots = malloc((table->slots_count + 1) * sizeof(*copy->slots));
    if (copy->slots == NULL) {
        return STATUS_NO_MEMORY;
    }
    copy->slots_capacity = table->slots_count + 1;
    copy->slots_count = table->slots_count;
    copy->count = table->count;
    memcpy(copy->slots, table->slots, table->slots_count * sizeof(*copy->slots));
    for (size_t i = 0; i < copy->slots_count; i++) {
        counted_retain(&copy->slots[i].chunk->counted);
    }
    return STATUS_OK;
}

struct counted *shared_table_get(const struct shared_table *table, shared_compare_fn *compare,
                                 const void *key)
{
    if (table->slots_count == 0) {
        return NULL;
    }
    bool found;
    const struct shared_chunk *chunk = table->slots[find_chunk(table, compare, key)].chunk;
    size_t place = find_item(chunk, compare, key, &found);

    return found ? chunk->items[place] : NULL;
}

struct counted *shared_table_at(const struct shared_table *table, size_t index)
{
    size_t low = 0;
    size_t high = table->slots_count;

    ASSERT(index < table->count);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (table->slots[middle].first_index <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return table->slots[low].chunk->items[index - table->slots[low].first_index];
}

size_t shared_table_lower_bound(const struct shared_table *table, shared_compare_fn *compare,
                                const void *key)
{
    if (table->slots_count == 0) {
        return 0;
    }
    bool found;
    const struct shared_slot *slot = &table->slots[find_chunk(table, compare, key)];

    return slot->first_index + find_item(slot->chunk, compare, key, &found);
}

static enum status put_first(struct shared_table *table, struct counted *item)
{
    if (reserve_slot(table) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    struct shared_chunk *chunk = chunk_create(&item, 1);
    if (chunk == NULL) {
        return STATUS_NO_MEMORY;
    }
    table->slots[0].chunk = chunk;
    table->slots_count = 1;
    renumber(table, 0);
    return STATUS_OK;
}

enum status shared_table_put(struct shared_table *table, shared_compare_fn *compare,
                             const void *key, struct counted *item)
{
    if (table->slots_count == 0) {
        return put_first(table, item);
    }
    size_t slot = find_chunk(table, compare, key);
    bool found;

    if (own_chunk(table, slot) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    struct shared_chunk *chunk = table->slots[slot].chunk;
    size_t place = find_item(chunk, compare, key, &found);
    if (found) {
        counted_retain(item);
        counted_release(chunk->items[place]);
        chunk->items[place] = item;
        return STATUS_OK;
    }
    size_t changed = slot;
    if (chunk->count == SHARED_CHUNK_ITEMS_MAX) {
        if (split_chunk(table, slot) != STATUS_OK) {
            return STATUS_NO_MEMORY;
        }
        if (place > chunk->count) {
            place -= chunk->count;
            chunk = table->slots[slot + 1].chunk;
        }
    }
    memmove(chunk->items + place + 1, chunk->items + place,
            (chunk->count - place) * sizeof(struct counted *));
    chunk->items[place] = counted_retain(item);
    chunk->count++;
    renumber(table, changed);
    return STATUS_OK;
}

enum status shared_table_remove(struct shared_table *table, shared_compare_fn *compare,
                                const void *key)
{
    if (shared_table_get(table, compare, key) == NULL) {
        return STATUS_OK;
    }
    size_t slot = find_chunk(table, compare, key);
    bool found;

    if (own_chunk(table, slot) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    struct shared_chunk *chunk = table->slots[slot].chunk;
    size_t place = find_item(chunk, compare, key, &found);
    struct counted *item = chunk->items[place];

    ASSERT(found);
    memmove(chunk->items + place, chunk->items + place + 1,
            (chunk->count - place - 1) * sizeof(struct counted *));
    chunk->count--;
    counted_release(item);
    if (chunk->count == 0) {
        counted_release(&chunk->counted);
        memmove(table->slots + slot, table->slots + slot + 1,
                (table->slots_count - slot - 1) * sizeof(*table->slots));
        table->slots_count--;
    }
    renumber(table, slot);
    return STATUS_OK;
}
