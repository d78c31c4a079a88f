/* The end of one segment in memory: counted buffers that follow each other without a gap.
 *
 *     position   start                                            end
 *     buffers    |  64 KiB  |  64 KiB  |4K|4K|  64 KiB …           |
 *     evictable  |------------------------->| evictable_end
 *
 * Every buffer starts at a multiple of BUFFER_ALIGNMENT in the file, so that it can be written past
 * the page cache as it is. Bytes are copied in once and do not change after; a buffer is shared
 * with disk operations and consumers by its count. Small buffers serve a partition that gets a
 * little now and then, large ones a stream.
 *
 * segment_file.c owns it; segment_cache.c takes buffers off its front. */
#ifndef STORAGE_IO_SEGMENT_TAIL_H
#define STORAGE_IO_SEGMENT_TAIL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/list.h"
#include "base/ring.h"
#include "base/slice.h"
#include "storage/io/disk_queue.h"
#include "storage/io/segment_cache.h"

/* From so many bytes on that wait or come, a large buffer is taken. */
#define SEGMENT_TAIL_STREAM_SIZE (16u * 1024)

struct segment_tail_buffer {
    struct list_node node; /* In the cache's list. */
    struct segment_tail *tail;
    struct buffer *buffer; /* One reference. */
    uint64_t start;        /* Of its first byte, in the segment. */
    size_t used;
    bool touched; /* Appended to since the cache looked last. */
};

struct segment_tail {
    struct segment_cache *cache;
    struct buffer_pool *pool;
    struct ring buffers;    /* Of struct segment_tail_buffer pointers, ascending. */
    uint64_t evictable_end; /* What lies before it is on disk or in the page cache. */
    uint64_t end;           /* Where the next byte goes, also when no buffer is there. */
    const struct segment_tail_buffer *pinned; /* Must not be evicted just now; or NULL. */
};

/* Empty, at `end`, which is evictable. Keeps cache and pool. */
void segment_tail_init(struct segment_tail *tail, struct segment_cache *cache,
                       struct buffer_pool *pool, uint64_t end);

/* Releases every buffer. */
void segment_tail_clear(struct segment_tail *tail);

/* The first position in memory; the end when there is none. */
uint64_t segment_tail_start(const struct segment_tail *tail);

/* True when segment_tail_append() needs the bytes from the last multiple of BUFFER_ALIGNMENT up to
 * the end first: they are in no buffer any more. */
bool segment_tail_needs_block(const struct segment_tail *tail);

/* A buffer for those bytes, to be filled by the caller, who removes it again with
 * segment_tail_drop_block() when that fails. NULL when there is none. */
uint8_t *segment_tail_add_block(struct segment_tail *tail);
/* As above. */
void segment_tail_drop_block(struct segment_tail *tail);

/* Copies `first` and then `second` behind the end, or nothing: false when there is no buffer.
 * `waiting` is how many bytes before the end wait for the disk: it chooses the size of buffers. */
bool segment_tail_append(struct segment_tail *tail, struct bytes first, struct bytes second,
                         uint64_t waiting);

/* Fills in pieces for [from, to), which lies in memory; `from` is where a block starts. Returns how
 * far the first `pieces_max` pieces reach; *count is how many they are. */
uint64_t segment_tail_pieces(const struct segment_tail *tail, uint64_t from, uint64_t to,
                             struct disk_piece *pieces, unsigned pieces_max, unsigned *count);

/* Copies [position, position + size), which lies in memory. */
void segment_tail_copy(const struct segment_tail *tail, uint64_t position, void *memory,
                       size_t size);

/* Adds slices for [position, position + size), which lies in memory; each holds a reference. */
void segment_tail_slices(const struct segment_tail *tail, uint64_t position, size_t size,
                         struct slices *slices);

/* Forgets everything from `position` on. What consumers hold does not change: a buffer that is
 * shared is replaced by a copy of its beginning. False, and nothing done, when there is no buffer
 * for that. */
bool segment_tail_truncate(struct segment_tail *tail, uint64_t position);

/* Releases the first buffer when it is evictable. */
bool segment_tail_evict_first(struct segment_tail *tail);

/* It is the last one of its tail, and there is room in it. */
bool segment_tail_buffer_grows(const struct segment_tail_buffer *tail_buffer);

#endif /* STORAGE_IO_SEGMENT_TAIL_H */
