#include "base/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define CAPACITY_FIRST ((size_t)8)

static size_t round_up_to_power_of_two(size_t number)
{
    size_t power = 1;
    while (power < number) {
        ASSERT(power <= SIZE_MAX / 2);
        power *= 2;
    }
    return power;
}

void ring_init(struct ring *ring, size_t element_size, size_t capacity_max)
{
    ASSERT(element_size > 0 && capacity_max > 0);
    *ring = (struct ring){
        .element_size = element_size,
        .capacity_max = round_up_to_power_of_two(capacity_max),
    };
}

void ring_clear(struct ring *ring)
{
    free(ring->elements);
    ring_init(ring, ring->element_size, ring->capacity_max);
}

static uint8_t *element_at(const struct ring *ring, size_t index)
{
    return ring->elements + ((ring->first + index) & (ring->capacity - 1)) * ring->element_size;
}

static bool grow(struct ring *ring)
{
    size_t capacity = ring->capacity > 0 ? ring->capacity * 2 : CAPACITY_FIRST;
    if (capacity > ring->capacity_max) {
        capacity = ring->capacity_max;
    }
    if (capacity == ring->capacity) {
        return false;
    }
    uint8_t *elements = reallocarray(NULL, capacity, ring->element_size);
    if (elements == NULL) {
        return false;
    }
    /* Unrolled into the new array: first the part up to the old end, then what wrapped around. */
    if (ring->count > 0) {
        size_t head_count = ring->capacity - ring->first;
        if (head_count > ring->count) {
            head_count = ring->count;
        }
        memcpy(elements, element_at(ring, 0), head_count * ring->element_size);
        memcpy(elements + head_count * ring->element_size, ring->elements,
               (ring->count - head_count) * ring->element_size);
    }
    free(ring->elements);
    ring->elements = elements;
    ring->capacity = capacity;
    ring->first = 0;
    return true;
}

void *ring_add_last(struct ring *ring)
{
    if (ring->count == ring->capacity && !grow(ring)) {
        return NULL;
    }
    return memset(element_at(ring, ring->count++), 0, ring->element_size);
}

void *ring_at(const struct ring *ring, size_t index)
{
    ASSERT(index < ring->count);
    return element_at(ring, index);
}

void ring_remove_first(struct ring *ring)
{
    ASSERT(ring->count > 0);
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    ring->count--;
}

void ring_remove_last(struct ring *ring)
{
    ASSERT(ring->count > 0);
    ring->count--;
}
