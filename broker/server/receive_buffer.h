/* Where bytes from sockets land.
 *
 * Received frames are handled where they lie. A buffer is counted: by the connection that receives
 * into it, and by each call whose frame lies in it. The last one gives it back to its pool, and
 * from there the system gets back what was not needed for a while, so that an idle connection, and
 * an idle shard, hold none.
 *
 *      data      start (parsed)      end (received)       capacity
 *      |-- frames of calls --|-- not yet whole --|-- room --|
 *
 * A frame larger than a pooled buffer has a buffer of its own, which grows with what arrives and
 * not with what was claimed. Everything here belongs to one shard's thread. */
#ifndef BROKER_SERVER_RECEIVE_BUFFER_H
#define BROKER_SERVER_RECEIVE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* A pooled buffer, header included: one recv() takes up to this. */
#define RECEIVE_BUFFER_SIZE (256u * 1024)

/* A small piece of a frame waits in a block of this size, so that the large buffer can go. */
#define RECEIVE_REMAINDER_SIZE_MAX 4096u

/* Free blocks for small pieces that a pool keeps. */
#define RECEIVE_REMAINDERS_FREE_MAX 64u

struct receive_pool;

struct receive_buffer {
    struct receive_pool *pool;
    struct receive_buffer *next; /* In the pool's free list. */
    size_t capacity;
    size_t start;
    size_t end;
    uint32_t references;
    uint8_t data[];
};

struct receive_remainder {
    struct receive_remainder *next; /* In the pool's free list. */
    size_t size;
    uint8_t data[RECEIVE_REMAINDER_SIZE_MAX];
};

struct receive_pool {
    struct receive_buffer *free;
    size_t free_count;
    size_t free_count_min; /* Since the last receive_pool_trim(): what nobody needed. */
    struct receive_remainder *free_remainders;
    size_t free_remainders_count;
    size_t borrowed_bytes; /* Of all buffers that are not free. */
    size_t borrowed_bytes_max;
};

/* An empty pool that lends at most `borrowed_bytes_max`. */
void receive_pool_init(struct receive_pool *pool, size_t borrowed_bytes_max);

/* Gives free buffers back to the system. Every buffer must have come back. */
void receive_pool_clear(struct receive_pool *pool);

/* Gives back what was not needed since the last call; called now and then. Returns whether there
 * is still something free. */
bool receive_pool_trim(struct receive_pool *pool);

/* An empty buffer with one reference, the caller's; NULL at the limit or without memory. */
struct receive_buffer *receive_buffer_borrow(struct receive_pool *pool);

/* Adds a reference. */
void receive_buffer_retain(struct receive_buffer *buffer);

/* Gives a reference back; the last one gives the buffer back to the pool. */
void receive_buffer_release(struct receive_buffer *buffer);

/* Moves the bytes between start and end, which begin a frame of `frame_size` bytes in all, to where
 * more of them can be received: to the front of another buffer, or into a buffer that grows. Takes
 * over the caller's reference and returns one; NULL (and nothing changed) at the limit or without
 * memory. */
struct receive_buffer *receive_buffer_make_room(struct receive_buffer *buffer, size_t frame_size);

/* Copies what lies between start and end, at most RECEIVE_REMAINDER_SIZE_MAX bytes. NULL without
 * memory. Release with receive_remainder_release(). */
struct receive_remainder *receive_remainder_take(const struct receive_buffer *buffer);

/* Gives it back. NULL is allowed. */
void receive_remainder_release(struct receive_pool *pool, struct receive_remainder *remainder);

#endif /* BROKER_SERVER_RECEIVE_BUFFER_H */
