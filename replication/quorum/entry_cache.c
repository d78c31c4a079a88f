#include "replication/quorum/entry_cache.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64

struct cached_entry {
    uint64_t term;
    enum quorum_entry_type type;
    uint8_t *data; /* malloc */
    size_t size;
};

static struct cached_entry *entry_at(const struct entry_cache *cache, uint64_t index)
{
    if (index < cache->first_index || index >= entry_cache_end(cache)) {
        return NULL;
    }
    return &cache->entries[cache->start + (size_t)(index - cache->first_index)];
}

void entry_cache_init(struct entry_cache *cache, uint64_t next_index)
{
    memset(cache, 0, sizeof(*cache));
    cache->first_index = next_index;
}

void entry_cache_reset(struct entry_cache *cache, uint64_t next_index)
{
    entry_cache_cut(cache, cache->first_index);
    cache->start = 0;
    cache->first_index = next_index;
}

void entry_cache_clear(struct entry_cache *cache)
{
    entry_cache_reset(cache, 0);
    free(cache->entries);
    entry_cache_init(cache, 0);
}

uint64_t entry_cache_end(const struct entry_cache *cache)
{
    return cache->first_index + cache->count;
}

bool entry_cache_get(const struct entry_cache *cache, uint64_t index, struct quorum_entry *entry)
{
    const struct cached_entry *cached = entry_at(cache, index);

    if (cached == NULL) {
        return false;
    }
    *entry = (struct quorum_entry){
        .term = cached->term,
        .type = cached->type,
        .data = {.data = cached->data, .size = cached->size},
    };
    return true;
}

static bool reserve(struct entry_cache *cache)
{
    if (cache->start + cache->count < cache->capacity) {
        return true;
    }
    if (cache->start > cache->capacity / 2) {
        memmove(cache->entries, cache->entries + cache->start,
                cache->count * sizeof(*cache->entries));
        cache->start = 0;
        return true;
    }
    size_t capacity = cache->capacity == 0 ? CAPACITY_MIN : cache->capacity * 2;
    struct cached_entry *entries = realloc(cache->entries, capacity * sizeof(*entries));
    if (entries == NULL) {
        return false;
    }
    cache->entries = entries;
    cache->capacity = capacity;
    return true;
}

bool entry_cache_add(struct entry_cache *cache, const struct quorum_entry *entry)
{
    uint8_t *copy = malloc(entry->data.size + 1);

    if (copy == NULL || !reserve(cache)) {
        free(copy);
        return false;
    }
    if (entry->data.size > 0) {
        memcpy(copy, entry->data.data, entry->data.size);
    }
    cache->entries[cache->start + cache->count++] = (struct cached_entry){
        .term = entry->term, .type = entry->type, .data = copy, .size = entry->data.size};
    cache->size += entry->data.size;
    return true;
}

void entry_cache_cut(struct entry_cache *cache, uint64_t index)
{
    while (cache->count > 0 && entry_cache_end(cache) > index) {
        struct cached_entry *last = entry_at(cache, entry_cache_end(cache) - 1);
        cache->size -= last->size;
        free(last->data);
        cache->count--;
    }
    if (cache->count == 0) {
        cache->first_index = index;
    }
}

void entry_cache_drop(struct entry_cache *cache, uint64_t last_index, size_t size_max)
{
    while (cache->count > 0 && cache->first_index <= last_index && cache->size >= size_max) {
        struct cached_entry *first = &cache->entries[cache->start];
        cache->size -= first->size;
        free(first->data);
        cache->start++;
        cache->count--;
        cache->first_index++;
    }
    if (cache->count == 0) {
        cache->start = 0;
    }
}
