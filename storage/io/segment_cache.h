/* Which flushed buffers of a shard's segment files stay in memory as a read cache.
 *
 * Oldest first: buffers enter in the order in which they were filled and leave in that order when
 * the sum passes `bytes_max` (log.read.cache.bytes divided by the shards). What is not yet flushed
 * counts but cannot leave. A buffer that a slow consumer's response still holds leaves the cache
 * at once and memory when the response is gone.
 *
 * Memory of a shard under load: bytes_max here, plus what waits for the disk, plus what responses
 * hold, is bounded by the pool (buffer_pool_create: borrowed_bytes_max). When the pool has nothing
 * left, the cache gives up flushed buffers below its limit before an append is refused. */
#ifndef STORAGE_IO_SEGMENT_CACHE_H
#define STORAGE_IO_SEGMENT_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct segment_cache;
struct segment_tail_buffer;

/* NULL when out of memory. Release with segment_cache_destroy(). */
struct segment_cache *segment_cache_create(size_t bytes_max);

/* The segment files that use it must be closed. NULL is allowed. */
void segment_cache_destroy(struct segment_cache *cache);

/* Bytes of buffers held now. */
size_t segment_cache_size(const struct segment_cache *cache);

/* Sets the limit at run time; evicts at once. */
void segment_cache_set_limit(struct segment_cache *cache, size_t bytes_max);

/* ---- for segment_tail.c and segment_file.c ---- */

/* Takes a buffer in, the newest; may evict others, but never this one. */
void segment_cache_add(struct segment_cache *cache, struct segment_tail_buffer *tail_buffer);

/* Takes a buffer out. */
void segment_cache_remove(struct segment_cache *cache, struct segment_tail_buffer *tail_buffer);

/* Evicts what has become evictable while the cache is above its limit. */
void segment_cache_trim(struct segment_cache *cache);

/* Evicts flushed buffers, oldest first, until `size` bytes are gone or none is left. */
void segment_cache_give_up(struct segment_cache *cache, size_t size);

#define SEGMENT_ZEROS_SIZE (64u * 1024)

/* SEGMENT_ZEROS_SIZE aligned zeros, to be written ahead; NULL when out of memory. They live as long
 * as the cache and must not be changed. */
void *segment_cache_zeros(struct segment_cache *cache);

#endif /* STORAGE_IO_SEGMENT_CACHE_H */
