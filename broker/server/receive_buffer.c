#include "broker/server/receive_buffer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"

#define POOLED_CAPACITY (RECEIVE_BUFFER_SIZE - sizeof(struct receive_buffer))

static size_t mapping_size(const struct receive_buffer *buffer)
{
    return sizeof *buffer + buffer->capacity;
}

void receive_pool_init(struct receive_pool *pool, size_t borrowed_bytes_max)
{
    *pool = (struct receive_pool){.borrowed_bytes_max = borrowed_bytes_max};
}

static void unmap_free(struct receive_pool *pool, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct receive_buffer *buffer = pool->free;
        pool->free = buffer->next;
        pool->free_count--;
        munmap(buffer, mapping_size(buffer));
    }
}

static void free_remainders(struct receive_pool *pool)
{
    while (pool->free_remainders != NULL) {
        struct receive_remainder *remainder = pool->free_remainders;
        pool->free_remainders = remainder->next;
        free(remainder);
    }
    pool->free_remainders_count = 0;
}

void receive_pool_clear(struct receive_pool *pool)
{
    ASSERT(pool->borrowed_bytes == 0);
    unmap_free(pool, pool->free_count);
    free_remainders(pool);
}

bool receive_pool_trim(struct receive_pool *pool)
{
    unmap_free(pool, pool->free_count_min);
    pool->free_count_min = pool->free_count;
    free_remainders(pool);
    return pool->free_count > 0;
}

/* Mapped and not malloc()ed: what is given back leaves the process, and growing a large one moves
 * pages instead of bytes. */
static struct receive_buffer *map_buffer(struct receive_pool *pool, size_t size)
{
    if (size > pool->borrowed_bytes_max - pool->borrowed_bytes) {
        return NULL;
    }
    struct receive_buffer *buffer =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED) {
        return NULL;
    }
    buffer->pool = pool;
    buffer->capacity = size - sizeof *buffer;
    return buffer;
}

struct receive_buffer *receive_buffer_borrow(struct receive_pool *pool)
{
    struct receive_buffer *buffer = pool->free;
    if (buffer == NULL) {
        buffer = map_buffer(pool, RECEIVE_BUFFER_SIZE);
        if (buffer == NULL) {
            return NULL;
        }
    } else {
        if (RECEIVE_BUFFER_SIZE > pool->borrowed_bytes_max - pool->borrowed_bytes) {
            return NULL;
        }
        pool->free = buffer->next;
        pool->free_count--;
        if (pool->free_count < pool->free_count_min) {
            pool->free_count_min = pool->free_count;
        }
    }
    pool->borrowed_bytes += RECEIVE_BUFFER_SIZE;
    buffer->next = NULL;
    buffer->start = 0;
    buffer->end = 0;
    buffer->references = 1;
    return buffer;
}

void receive_buffer_retain(struct receive_buffer *buffer)
{
    ASSERT(buffer->references > 0 && buffer->references < UINT32_MAX);
    buffer->references++;
}

void receive_buffer_release(struct receive_buffer *buffer)
{
    ASSERT(buffer->references > 0);
    if (--buffer->references > 0) {
        return;
    }
    struct receive_pool *pool = buffer->pool;
    pool->borrowed_bytes -= mapping_size(buffer);
    if (buffer->capacity != POOLED_CAPACITY) {
        munmap(buffer, mapping_size(buffer));
        return;
    }
    buffer->next = pool->free;
    pool->free = buffer;
    pool->free_count++;
}

static struct receive_buffer *move_to(struct receive_buffer *from, struct receive_buffer *to)
{
    if (to != NULL) {
        to->end = from->end - from->start;
        memcpy(to->data, from->data + from->start, to->end);
        receive_buffer_release(from);
    }
    return to;
}

/* Twice what it was, but not more than the frame takes. */
static size_t grown_size(const struct receive_buffer *buffer, size_t frame_size)
{
    size_t size = 2 * mapping_size(buffer);
    size_t whole = sizeof *buffer + frame_size;
    return size < whole ? size : whole;
}

static struct receive_buffer *grow(struct receive_buffer *buffer, size_t frame_size)
{
    struct receive_pool *pool = buffer->pool;
    size_t size_before = mapping_size(buffer);
    size_t size = grown_size(buffer, frame_size);
    if (size - size_before > pool->borrowed_bytes_max - pool->borrowed_bytes) {
        return NULL;
    }
    struct receive_buffer *grown = mremap(buffer, size_before, size, MREMAP_MAYMOVE);
    if (grown == MAP_FAILED) {
        return NULL;
    }
    grown->capacity = size - sizeof *grown;
    pool->borrowed_bytes += size - size_before;
    return grown;
}

struct receive_buffer *receive_buffer_make_room(struct receive_buffer *buffer, size_t frame_size)
{
    struct receive_pool *pool = buffer->pool;
    size_t begun = buffer->end - buffer->start;
    ASSERT(begun < frame_size);
    if (frame_size <= POOLED_CAPACITY) {
        if (buffer->references == 1 && buffer->capacity == POOLED_CAPACITY) {
            /* Nobody else's frame is in the way. */
            memmove(buffer->data, buffer->data + buffer->start, begun);
            buffer->start = 0;
            buffer->end = begun;
            return buffer;
        }
        return move_to(buffer, receive_buffer_borrow(pool));
    }
    if (buffer->capacity != POOLED_CAPACITY && buffer->references == 1 && buffer->start == 0) {
        return grow(buffer, frame_size);
    }
    /* The first step of a large frame: as large again as what has arrived, or the pooled size. */
    size_t size = 2 * (begun > RECEIVE_BUFFER_SIZE ? begun : RECEIVE_BUFFER_SIZE);
    size_t whole = sizeof *buffer + frame_size;
    struct receive_buffer *large = map_buffer(pool, size < whole ? size : whole);
    if (large != NULL) {
        pool->borrowed_bytes += mapping_size(large);
        large->references = 1;
    }
    return move_to(buffer, large);
}

struct receive_remainder *receive_remainder_take(const struct receive_buffer *buffer)
{
    struct receive_pool *pool = buffer->pool;
    size_t size = buffer->end - buffer->start;
    ASSERT(size <= RECEIVE_REMAINDER_SIZE_MAX);
    struct receive_remainder *remainder = pool->free_remainders;
    if (remainder != NULL) {
        pool->free_remainders = remainder->next;
        pool->free_remainders_count--;
    } else {
        remainder = malloc(sizeof *remainder);
        if (remainder == NULL) {
            return NULL;
        }
    }
    remainder->next = NULL;
    remainder->size = size;
    memcpy(remainder->data, buffer->data + buffer->start, size);
    return remainder;
}

void receive_remainder_release(struct receive_pool *pool, struct receive_remainder *remainder)
{
    if (remainder == NULL) {
        return;
    }
    if (pool->free_remainders_count >= RECEIVE_REMAINDERS_FREE_MAX) {
        free(remainder);
        return;
    }
    remainder->next = pool->free_remainders;
    pool->free_remainders = remainder;
    pool->free_remainders_count++;
}
