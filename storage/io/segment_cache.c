#include "storage/io/segment_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "storage/io/segment_tail.h"

/* Buffers that one call looks at: what cannot leave yet must not cost every append a walk. */
#define TRIM_CHECKS_MAX 32u

struct segment_cache {
    struct list buffers; /* Oldest first. */
    size_t count;
    size_t size;
    size_t bytes_max;
    void *zeros;
};

struct segment_cache *segment_cache_create(size_t bytes_max)
{
    struct segment_cache *cache = calloc(1, sizeof *cache);
    if (cache != NULL) {
        cache->bytes_max = bytes_max;
        list_init(&cache->buffers);
    }
    return cache;
}

void segment_cache_destroy(struct segment_cache *cache)
{
    if (cache != NULL) {
        ASSERT(cache->count == 0 && cache->size == 0);
        free(cache->zeros);
        free(cache);
    }
}

size_t segment_cache_size(const struct segment_cache *cache)
{
    return cache->size;
}

/* Looks at the oldest buffer: evicts the first of its file, which is as old, or sends it to the
 * back when that cannot leave. */
static void evict_or_rotate(struct segment_cache *cache)
{
    struct list_node *node = list_first(&cache->buffers);
    struct segment_tail_buffer *oldest = CONTAINER_OF(node, struct segment_tail_buffer, node);
    bool spared = oldest->touched && segment_tail_buffer_grows(oldest);
    if (spared || !segment_tail_evict_first(oldest->tail)) {
        oldest->touched = false;
        list_remove(node);
        list_add_last(&cache->buffers, node);
    }
}

static void evict(struct segment_cache *cache, size_t size_max, size_t checks_max)
{
    for (size_t i = 0; i < checks_max && cache->size > size_max; i++) {
        evict_or_rotate(cache);
    }
}

void segment_cache_set_limit(struct segment_cache *cache, size_t bytes_max)
{
    cache->bytes_max = bytes_max;
    evict(cache, bytes_max, 2 * cache->count);
}

void segment_cache_add(struct segment_cache *cache, struct segment_tail_buffer *tail_buffer)
{
    size_t capacity = tail_buffer->buffer->capacity;
    evict(cache, cache->bytes_max > capacity ? cache->bytes_max - capacity : 0, TRIM_CHECKS_MAX);
    list_add_last(&cache->buffers, &tail_buffer->node);
    cache->count++;
    cache->size += capacity;
}

void segment_cache_remove(struct segment_cache *cache, struct segment_tail_buffer *tail_buffer)
{
    ASSERT(cache->count > 0 && cache->size >= tail_buffer->buffer->capacity);
    list_remove(&tail_buffer->node);
    cache->count--;
    cache->size -= tail_buffer->buffer->capacity;
}

void segment_cache_trim(struct segment_cache *cache)
{
    evict(cache, cache->bytes_max, TRIM_CHECKS_MAX);
}

void segment_cache_give_up(struct segment_cache *cache, size_t size)
{
    evict(cache, cache->size > size ? cache->size - size : 0, 2 * cache->count);
}

void *segment_cache_zeros(struct segment_cache *cache)
{
    if (cache->zeros == NULL) {
        cache->zeros = aligned_alloc(BUFFER_ALIGNMENT, SEGMENT_ZEROS_SIZE);
        if (cache->zeros != NULL) {
            memset(cache->zeros, 0, SEGMENT_ZEROS_SIZE);
        }
    }
    return cache->zeros;
}
