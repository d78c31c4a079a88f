/* Binary min-heap of intrusive entries, for timers and expirations. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct heap_entry {
    int64_t key;  /* Smallest first; equal keys in no promised order. */
    size_t index; /* Its place + 1, 0 when in no heap. Only the heap writes it. */
};

struct heap {
    struct heap_entry **entries;
    size_t count;
    size_t capacity;
};

/* An empty heap that holds no memory. */
void heap_init(struct heap *heap);

/* Releases the array, not the entries. */
void heap_clear(struct heap *heap);

/* Adds an entry that is in no heap. */
MUST_USE enum status heap_add(struct heap *heap, struct heap_entry *entry, int64_t key);

/* Takes an entry out; nothing happens when it is in none. */
void heap_remove(struct heap *heap, struct heap_entry *entry);

/* The entry with the smallest key, NULL when empty. */
struct heap_entry *heap_first(const struct heap *heap);

#endif /* BASE_HEAP_H */
