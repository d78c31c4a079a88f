#include "base/buffer.h"

#include <stdlib.h>

#include "base/assert.h"

_Static_assert(BUFFER_SIZE_SMALL % BUFFER_ALIGNMENT == 0, "aligned_alloc wants whole alignments");
_Static_assert(BUFFER_SIZE_LARGE % BUFFER_ALIGNMENT == 0, "aligned_alloc wants whole alignments");

struct buffer_pool {
    size_t borrowed_bytes_max;
    size_t free_bytes_max;
    struct buffer_pool_usage usage;
    struct buffer *free_small;
    struct buffer *free_large;
    /* Given back and not yet seen by the owner. Any thread pushes; the owner takes the whole list
     * at once, so that no push can meet a node that has come around again. */
    _Atomic(struct buffer *) returned;
};

struct buffer_pool *buffer_pool_create(size_t borrowed_bytes_max, size_t free_bytes_max)
{
    struct buffer_pool *pool = calloc(1, sizeof *pool);
    if (pool != NULL) {
        pool->borrowed_bytes_max = borrowed_bytes_max;
        pool->free_bytes_max = free_bytes_max;
        atomic_init(&pool->returned, NULL);
    }
    return pool;
}

static void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    free(buffer);
}

static struct buffer **free_list(struct buffer_pool *pool, size_t capacity)
{
    return capacity == BUFFER_SIZE_SMALL ? &pool->free_small : &pool->free_large;
}

/* Takes what came back since the last look. */
static void collect(struct buffer_pool *pool)
{
    if (atomic_load_explicit(&pool->returned, memory_order_relaxed) == NULL) {
        return;
    }
    struct buffer *buffer = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    while (buffer != NULL) {
        struct buffer *next = buffer->next;
        ASSERT(pool->usage.borrowed_bytes >= buffer->capacity);
        pool->usage.borrowed_bytes -= buffer->capacity;
        if (buffer->capacity <= pool->free_bytes_max - pool->usage.free_bytes) {
            struct buffer **list = free_list(pool, buffer->capacity);
            buffer->next = *list;
            *list = buffer;
            pool->usage.free_bytes += buffer->capacity;
        } else {
            buffer_free(buffer);
        }
        buffer = next;
    }
}

static void free_all(struct buffer *buffer)
{
    while (buffer != NULL) {
        struct buffer *next = buffer->next;
        buffer_free(buffer);
        buffer = next;
    }
}

void buffer_pool_destroy(struct buffer_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    collect(pool);
    ASSERT(pool->usage.borrowed_bytes == 0);
    free_all(pool->free_small);
    free_all(pool->free_large);
    free(pool);
}

/* The last reference is gone, on whatever thread. */
static void give_back(struct counted *counted)
{
    struct buffer *buffer = CONTAINER_OF(counted, struct buffer, counted);
    struct buffer_pool *pool = buffer->pool;
    buffer->next = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->returned, &buffer->next, buffer,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

static struct buffer *buffer_allocate(struct buffer_pool *pool, size_t capacity)
{
    struct buffer *buffer = calloc(1, sizeof *buffer);
    if (buffer == NULL) {
        return NULL;
    }
    buffer->data = aligned_alloc(BUFFER_ALIGNMENT, capacity);
    if (buffer->data == NULL) {
        free(buffer);
        return NULL;
    }
    buffer->pool = pool;
    buffer->capacity = capacity;
    return buffer;
}

struct buffer *buffer_borrow(struct buffer_pool *pool, size_t capacity)
{
    ASSERT(capacity == BUFFER_SIZE_SMALL || capacity == BUFFER_SIZE_LARGE);
    collect(pool);
    if (capacity > pool->borrowed_bytes_max - pool->usage.borrowed_bytes) {
        return NULL;
    }
    struct buffer **list = free_list(pool, capacity);
    struct buffer *buffer = *list;
    if (buffer != NULL) {
        *list = buffer->next;
        pool->usage.free_bytes -= capacity;
    } else {
        buffer = buffer_allocate(pool, capacity);
        if (buffer == NULL) {
            return NULL;
        }
    }
    buffer->next = NULL;
    counted_init(&buffer->counted, give_back);
    pool->usage.borrowed_bytes += capacity;
    return buffer;
}

struct buffer_pool_usage buffer_pool_usage(struct buffer_pool *pool)
{
    collect(pool);
    return pool->usage;
}
