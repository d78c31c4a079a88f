/* Counted, aligned, recycled buffers: where record batches live between the socket, the disk and
 * the consumer.
 *
 * A pool belongs to one thread, which borrows from it. Any thread may release a buffer: it goes
 * back to its pool through a lock-free list that the owner empties when it borrows next. Buffers
 * are aligned to 4 KiB so that they can be written with O_DIRECT as they are.
 *
 * Reference: the pool outlives its buffers. buffer_pool_destroy() asserts that all came back. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/counted.h"
#include "base/status.h"

#define BUFFER_ALIGNMENT 4096u

/* The sizes that a pool hands out. */
#define BUFFER_SIZE_SMALL (4u * 1024)
#define BUFFER_SIZE_LARGE (64u * 1024)

struct buffer_pool;

struct buffer {
    struct counted counted; /* First. Retain and release through it. */
    struct buffer_pool *pool;
    struct buffer *next; /* In the pool's free lists. */
    uint8_t *data;       /* Aligned to BUFFER_ALIGNMENT. Content is undefined when borrowed. */
    size_t capacity;     /* BUFFER_SIZE_SMALL or BUFFER_SIZE_LARGE. */
};

struct buffer_pool_usage {
    size_t borrowed_bytes;
    size_t free_bytes;
};

/* A pool that keeps at most `free_bytes_max` bytes of free buffers, and lends at most
 * `borrowed_bytes_max`. NULL when out of memory. Release with buffer_pool_destroy(). */
struct buffer_pool *buffer_pool_create(size_t borrowed_bytes_max, size_t free_bytes_max);

/* Releases the pool and its free buffers. Every buffer must have come back. NULL is allowed. */
void buffer_pool_destroy(struct buffer_pool *pool);

/* A buffer of one of the two sizes with one reference, which the caller owns; NULL when the limit
 * is reached or the system has no memory. Only the pool's owner thread calls it. */
struct buffer *buffer_borrow(struct buffer_pool *pool, size_t capacity);

/* What is lent and what is free, as seen by the owner thread. */
struct buffer_pool_usage buffer_pool_usage(struct buffer_pool *pool);

#endif /* BASE_BUFFER_H */
