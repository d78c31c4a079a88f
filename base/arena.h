/* Memory that lives as long as one request.
 *
 * Allocations are cut from chunks and released all at once. An arena has a limit; an allocation
 * past it, or one that the system refuses, answers NULL and marks the arena as exhausted, so that
 * a decoder may check once at the end. Not thread-safe: used by one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The largest chunk that arena_reset() keeps. */
#define ARENA_CHUNK_KEPT_SIZE_MAX (64 * 1024)

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    uint8_t *position;
    uint8_t *end;
    size_t size;     /* Bytes asked of the system. */
    size_t size_max; /* Never asks for more than this. */
    bool exhausted;  /* An allocation failed since arena_init() or arena_reset(). */
};

/* An empty arena that holds no memory yet. */
void arena_init(struct arena *arena, size_t size_max);

/* Releases everything. The arena may be used again. */
void arena_clear(struct arena *arena);

/* Forgets all allocations but keeps one chunk, of at most ARENA_CHUNK_KEPT_SIZE_MAX bytes, for the
 * next request. */
void arena_reset(struct arena *arena);

/* `size` zeroed bytes aligned for any type; NULL when exhausted. A size of 0 gives a valid
 * pointer. */
void *arena_allocate(struct arena *arena, size_t size);

/* Room for `count` elements; NULL when exhausted or when the product overflows. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t element_size);

/* A copy, zero-terminated behind its end. TEXT_NULL when exhausted or when `text` is null. */
struct text arena_copy_text(struct arena *arena, struct text text);

/* A formatted text, zero-terminated behind its end; TEXT_NULL when exhausted. */
struct text arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* BASE_ARENA_H */
