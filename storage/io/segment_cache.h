/* Which flushed buffers of a shard's segment files stay in memory as a read cache.
 *
 * Oldest first: buffers enter in the order in which they were filled and leave in that order when
 * the sum passes `bytes_max` (log.read.cache.bytes divided by the shards). What is not yet flushed
 * counts but cannot leave. A buffer that a slow consumer's response still holds leaves the cache
 * at once and memory when the response is gone. */
#ifndef STORAGE_IO_SEGMENT_CACHE_H
#define STORAGE_IO_SEGMENT_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct segment_cache;

/* NULL when out of memory. Release with segment_cache_destroy(). */
struct segment_cache *segment_cache_create(size_t bytes_max);

/* The segment files that use it must be closed. NULL is allowed. */
void segment_cache_destroy(struct segment_cache *cache);

/* Bytes of buffers held now. */
size_t segment_cache_size(const struct segment_cache *cache);

/* Sets the limit at run time; evicts at once. */
void segment_cache_set_limit(struct segment_cache *cache, size_t bytes_max);

#endif /* STORAGE_IO_SEGMENT_CACHE_H */
