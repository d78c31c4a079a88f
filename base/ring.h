/* First-in first-out queue of fixed-size elements in one array that doubles up to a limit. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct ring {
    uint8_t *elements;
    size_t element_size;
    size_t capacity; /* A power of two, or 0. */
    size_t capacity_max;
    size_t first;
    size_t count;
};

/* An empty ring that holds no memory. `capacity_max` is rounded up to a power of two. */
void ring_init(struct ring *ring, size_t element_size, size_t capacity_max);

/* Releases the array. */
void ring_clear(struct ring *ring);

/* A new last element, zeroed, for the caller to fill; NULL at the limit or without memory. */
void *ring_add_last(struct ring *ring);

/* The element at `index` from the first; index < count. */
void *ring_at(const struct ring *ring, size_t index);

/* Drops the first element; count > 0. */
void ring_remove_first(struct ring *ring);

/* Drops the last element; count > 0. */
void ring_remove_last(struct ring *ring);

#endif /* BASE_RING_H */
