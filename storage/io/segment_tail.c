#include "storage/io/segment_tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define BUFFERS_MAX ((size_t)1 << 20)

static struct segment_tail_buffer *buffer_at(const struct segment_tail *tail, size_t index)
{
    return *(struct segment_tail_buffer **)ring_at(&tail->buffers, index);
}

static struct segment_tail_buffer *last_buffer(const struct segment_tail *tail)
{
    return tail->buffers.count > 0 ? buffer_at(tail, tail->buffers.count - 1) : NULL;
}

static uint64_t block_start(uint64_t position)
{
    return position - position % BUFFER_ALIGNMENT;
}

void segment_tail_init(struct segment_tail *tail, struct segment_cache *cache,
                       struct buffer_pool *pool, uint64_t end)
{
    *tail = (struct segment_tail){.cache = cache, .pool = pool, .evictable_end = end, .end = end};
    ring_init(&tail->buffers, sizeof(struct segment_tail_buffer *), BUFFERS_MAX);
}

/* Gives back what a member of the ring stands for; the caller takes it out of the ring. */
static void release(struct segment_tail_buffer *tail_buffer)
{
    segment_cache_remove(tail_buffer->tail->cache, tail_buffer);
    counted_release(&tail_buffer->buffer->counted);
    free(tail_buffer);
}

static void remove_last(struct segment_tail *tail)
{
    struct segment_tail_buffer *last = last_buffer(tail);
    ring_remove_last(&tail->buffers);
    release(last);
}

void segment_tail_clear(struct segment_tail *tail)
{
    while (tail->buffers.count > 0) {
        remove_last(tail);
    }
    ring_clear(&tail->buffers);
}

uint64_t segment_tail_start(const struct segment_tail *tail)
{
    return tail->buffers.count > 0 ? buffer_at(tail, 0)->start : tail->end;
}

bool segment_tail_needs_block(const struct segment_tail *tail)
{
    return tail->buffers.count == 0 && tail->end % BUFFER_ALIGNMENT != 0;
}

/* A buffer of the pool; the cache gives up some when the pool has none left. */
static struct buffer *borrow(struct segment_tail *tail, size_t capacity)
{
    struct buffer *buffer = buffer_borrow(tail->pool, capacity);
    if (buffer == NULL) {
        segment_cache_give_up(tail->cache, capacity);
        buffer = buffer_borrow(tail->pool, capacity);
    }
    return buffer;
}

static bool add_buffer(struct segment_tail *tail, uint64_t start, size_t capacity)
{
    struct segment_tail_buffer *added = calloc(1, sizeof *added);
    if (added == NULL) {
        return false;
    }
    added->tail = tail;
    added->start = start;
    added->buffer = borrow(tail, capacity);
    struct segment_tail_buffer **place =
        added->buffer != NULL ? ring_add_last(&tail->buffers) : NULL;
    if (place == NULL) {
        if (added->buffer != NULL) {
            counted_release(&added->buffer->counted);
        }
        free(added);
        return false;
    }
    *place = added;
    segment_cache_add(tail->cache, added);
    return true;
}

uint8_t *segment_tail_add_block(struct segment_tail *tail)
{
    ASSERT(segment_tail_needs_block(tail));
    if (!add_buffer(tail, block_start(tail->end), BUFFER_SIZE_SMALL)) {
        return NULL;
    }
    struct segment_tail_buffer *added = last_buffer(tail);
    added->used = tail->end % BUFFER_ALIGNMENT;
    added->touched = true;
    return added->buffer->data;
}

void segment_tail_drop_block(struct segment_tail *tail)
{
    ASSERT(tail->buffers.count == 1);
    remove_last(tail);
}

/* Room for `size` more bytes, or nothing added. Returns the index of the first buffer that takes
 * some of them, BUFFERS_MAX when there is none. */
static size_t make_room(struct segment_tail *tail, size_t size, uint64_t waiting)
{
    struct segment_tail_buffer *last = last_buffer(tail);
    size_t room = last != NULL ? last->buffer->capacity - last->used : 0;
    uint64_t start = last != NULL ? last->start + last->buffer->capacity : tail->end;
    size_t taking_count = room > 0 ? 1 : 0;
    size_t added_count = 0;
    /* Making room may evict what is flushed, of this file too, but not the one that is filled up.
     */
    tail->pinned = room > 0 ? last : NULL;
    while (room < size) {
        size_t capacity = size - room + waiting >= SEGMENT_TAIL_STREAM_SIZE ? BUFFER_SIZE_LARGE
                                                                            : BUFFER_SIZE_SMALL;
        if (!add_buffer(tail, start, capacity)) {
            break;
        }
        start += capacity;
        room += capacity;
        added_count++;
    }
    tail->pinned = NULL;
    if (room >= size) {
        return tail->buffers.count - added_count - taking_count;
    }
    for (; added_count > 0; added_count--) {
        remove_last(tail);
    }
    return BUFFERS_MAX;
}

/* Copies into the buffers from `index` on, which have the room. Returns the last one's index. */
static size_t copy_in(struct segment_tail *tail, size_t index, struct bytes bytes)
{
    size_t done = 0;
    while (done < bytes.size) {
        struct segment_tail_buffer *place = buffer_at(tail, index);
        size_t room = place->buffer->capacity - place->used;
        size_t size = bytes.size - done < room ? bytes.size - done : room;
        if (size == 0) {
            index++;
            continue;
        }
        ASSERT(place->start + place->used == tail->end + done);
        memcpy(place->buffer->data + place->used, bytes.data + done, size);
        place->touched = place->used > 0;
        place->used += size;
        done += size;
    }
    tail->end += bytes.size;
    return index;
}

bool segment_tail_append(struct segment_tail *tail, struct bytes first, struct bytes second,
                         uint64_t waiting)
{
    ASSERT(!segment_tail_needs_block(tail));
    size_t index = make_room(tail, first.size + second.size, waiting);
    if (index == BUFFERS_MAX) {
        return false;
    }
    index = copy_in(tail, index, first);
    (void)copy_in(tail, index, second);
    return true;
}

/* The index of the buffer that holds `position`, which lies in memory. */
static size_t index_of(const struct segment_tail *tail, uint64_t position)
{
    ASSERT(position >= segment_tail_start(tail) && position < tail->end);
    size_t low = 0;
    size_t high = tail->buffers.count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (buffer_at(tail, middle)->start <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The part of [from, to) that lies in one buffer. */
static struct bytes part_of(const struct segment_tail_buffer *tail_buffer, uint64_t from,
                            uint64_t to)
{
    uint64_t end = tail_buffer->start + tail_buffer->used;
    ASSERT(from >= tail_buffer->start && from < end);
    return (struct bytes){
        .data = tail_buffer->buffer->data + (from - tail_buffer->start),
        .size = (size_t)((to < end ? to : end) - from),
    };
}

uint64_t segment_tail_pieces(const struct segment_tail *tail, uint64_t from, uint64_t to,
                             struct disk_piece *pieces, unsigned pieces_max, unsigned *count)
{
    *count = 0;
    if (from == to) {
        return from;
    }
    size_t index = index_of(tail, from);
    while (from < to && *count < pieces_max) {
        const struct segment_tail_buffer *tail_buffer = buffer_at(tail, index++);
        struct bytes part = part_of(tail_buffer, from, to);
        pieces[(*count)++] = (struct disk_piece){
            .memory = tail_buffer->buffer->data + (from - tail_buffer->start),
            .size = part.size,
        };
        from += part.size;
    }
    return from;
}

void segment_tail_copy(const struct segment_tail *tail, uint64_t position, void *memory,
                       size_t size)
{
    uint8_t *place = memory;
    uint64_t to = position + size;
    size_t index = size > 0 ? index_of(tail, position) : 0;
    while (position < to) {
        struct bytes part = part_of(buffer_at(tail, index++), position, to);
        memcpy(place, part.data, part.size);
        place += part.size;
        position += part.size;
    }
}

void segment_tail_slices(const struct segment_tail *tail, uint64_t position, size_t size,
                         struct slices *slices)
{
    uint64_t to = position + size;
    size_t index = size > 0 ? index_of(tail, position) : 0;
    while (position < to) {
        const struct segment_tail_buffer *tail_buffer = buffer_at(tail, index++);
        struct bytes part = part_of(tail_buffer, position, to);
        struct slice slice = {
            .data = part.data,
            .file_descriptor = -1,
            .size = part.size,
            .owner = counted_retain(&tail_buffer->buffer->counted),
        };
        slices_add(slices, slice);
        position += part.size;
    }
}

bool segment_tail_truncate(struct segment_tail *tail, uint64_t position)
{
    ASSERT(position <= tail->end);
    if (position > segment_tail_start(tail) && position < tail->end) {
        struct segment_tail_buffer *last_kept = buffer_at(tail, index_of(tail, position - 1));
        if (!counted_is_sole(&last_kept->buffer->counted)) {
            tail->pinned = last_kept;
            struct buffer *copy = borrow(tail, last_kept->buffer->capacity);
            tail->pinned = NULL;
            if (copy == NULL) {
                return false;
            }
            memcpy(copy->data, last_kept->buffer->data, (size_t)(position - last_kept->start));
            counted_release(&last_kept->buffer->counted);
            last_kept->buffer = copy;
        }
    }
    while (tail->buffers.count > 0 && last_buffer(tail)->start >= position) {
        remove_last(tail);
    }
    struct segment_tail_buffer *last = last_buffer(tail);
    if (last != NULL) {
        last->used = (size_t)(position - last->start);
    }
    tail->end = position;
    tail->evictable_end = tail->evictable_end < position ? tail->evictable_end : position;
    return true;
}

bool segment_tail_evict_first(struct segment_tail *tail)
{
    struct segment_tail_buffer *first = buffer_at(tail, 0);
    if (first == tail->pinned || first->used == 0 ||
        first->start + first->used > tail->evictable_end) {
        return false;
    }
    ring_remove_first(&tail->buffers);
    release(first);
    if (tail->buffers.count == 0) {
        ring_clear(&tail->buffers);
    }
    return true;
}

bool segment_tail_buffer_grows(const struct segment_tail_buffer *tail_buffer)
{
    return tail_buffer->used < tail_buffer->buffer->capacity &&
           tail_buffer == last_buffer(tail_buffer->tail);
}
