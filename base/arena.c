#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* Chunks double from the first size to the last; what is larger gets a chunk of its own. */
#define CHUNK_SIZE_FIRST ((size_t)4096)
#define CHUNK_SIZE_LAST  ((size_t)ARENA_CHUNK_KEPT_SIZE_MAX)

#define ALIGNMENT alignof(max_align_t)

struct arena_chunk {
    struct arena_chunk *next; /* The one before it in time. */
    size_t size;              /* With this header. */
    alignas(max_align_t) uint8_t memory[];
};

void arena_init(struct arena *arena, size_t size_max)
{
    *arena = (struct arena){.size_max = size_max};
}

static void release_chunks(struct arena *arena, const struct arena_chunk *kept)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        if (chunk != kept) {
            free(chunk);
        }
        chunk = next;
    }
}

static void use_chunk(struct arena *arena, struct arena_chunk *chunk)
{
    arena->chunks = chunk;
    arena->position = chunk->memory;
    arena->end = (uint8_t *)chunk + chunk->size;
}

void arena_clear(struct arena *arena)
{
    release_chunks(arena, NULL);
    arena_init(arena, arena->size_max);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = NULL;
    for (struct arena_chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next) {
        if (chunk->size <= CHUNK_SIZE_LAST && (kept == NULL || chunk->size > kept->size)) {
            kept = chunk;
        }
    }
    release_chunks(arena, kept);
    arena_init(arena, arena->size_max);
    if (kept != NULL) {
        kept->next = NULL;
        arena->size = kept->size;
        use_chunk(arena, kept);
    }
}

static bool add_chunk(struct arena *arena, size_t size)
{
    size_t allowed = arena->size_max - arena->size;
    if (size > SIZE_MAX - sizeof(struct arena_chunk) ||
        size + sizeof(struct arena_chunk) > allowed) {
        return false;
    }
    size_t wanted = arena->size < CHUNK_SIZE_FIRST ? CHUNK_SIZE_FIRST : arena->size;
    if (wanted > CHUNK_SIZE_LAST) {
        wanted = CHUNK_SIZE_LAST;
    }
    if (wanted < size + sizeof(struct arena_chunk)) {
        wanted = size + sizeof(struct arena_chunk);
    }
    if (wanted > allowed) {
        wanted = allowed;
    }
    struct arena_chunk *chunk = malloc(wanted);
    if (chunk == NULL) {
        return false;
    }
    chunk->next = arena->chunks;
    chunk->size = wanted;
    arena->size += wanted;
    use_chunk(arena, chunk);
    return true;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    size_t needed = size > 0 ? size : 1;
    size_t room = (size_t)(arena->end - arena->position);
    size_t padding = (size_t)(-(uintptr_t)arena->position & (ALIGNMENT - 1));
    if (padding > room || needed > room - padding) {
        if (!add_chunk(arena, needed)) {
            arena->exhausted = true;
            return NULL;
        }
        padding = 0;
    }
    uint8_t *place = arena->position + padding;
    arena->position = place + needed;
    return memset(place, 0, needed);
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t element_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, element_size, &size)) {
        arena->exhausted = true;
        return NULL;
    }
    return arena_allocate(arena, size);
}

struct text arena_copy_text(struct arena *arena, struct text text)
{
    if (text.data == NULL) {
        return TEXT_NULL;
    }
    ASSERT(text.size < SIZE_MAX);
    char *copy = arena_allocate(arena, text.size + 1);
    if (copy == NULL) {
        return TEXT_NULL;
    }
    memcpy(copy, text.data, text.size);
    return (struct text){copy, text.size};
}

struct text arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    ASSERT(length >= 0);

    char *formatted = arena_allocate(arena, (size_t)length + 1);
    if (formatted != NULL) {
        vsnprintf(formatted, (size_t)length + 1, format, again);
    }
    va_end(again);
    return formatted != NULL ? (struct text){formatted, (size_t)length} : TEXT_NULL;
}
