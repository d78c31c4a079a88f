#include "base/heap.h"

#include <stdlib.h>

#include "base/assert.h"

#define CAPACITY_FIRST ((size_t)16)

void heap_init(struct heap *heap)
{
    *heap = (struct heap){0};
}

void heap_clear(struct heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        heap->entries[i]->index = 0;
    }
    free(heap->entries);
    heap_init(heap);
}

static void place(struct heap *heap, size_t index, struct heap_entry *entry)
{
    heap->entries[index] = entry;
    entry->index = index + 1;
}

static void move_up(struct heap *heap, size_t index, struct heap_entry *entry)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (heap->entries[parent]->key <= entry->key) {
            break;
        }
        place(heap, index, heap->entries[parent]);
        index = parent;
    }
    place(heap, index, entry);
}

static void move_down(struct heap *heap, size_t index, struct heap_entry *entry)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && heap->entries[child + 1]->key < heap->entries[child]->key) {
            child++;
        }
        if (entry->key <= heap->entries[child]->key) {
            break;
        }
        place(heap, index, heap->entries[child]);
        index = child;
    }
    place(heap, index, entry);
}

enum status heap_add(struct heap *heap, struct heap_entry *entry, int64_t key)
{
    ASSERT(entry->index == 0);
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : CAPACITY_FIRST;
        struct heap_entry **entries = reallocarray(heap->entries, capacity, sizeof *heap->entries);
        if (entries == NULL) {
            return STATUS_NO_MEMORY;
        }
        heap->entries = entries;
        heap->capacity = capacity;
    }
    entry->key = key;
    move_up(heap, heap->count++, entry);
    return STATUS_OK;
}

void heap_remove(struct heap *heap, struct heap_entry *entry)
{
    if (entry->index == 0) {
        return;
    }
    size_t index = entry->index - 1;
    ASSERT(index < heap->count && heap->entries[index] == entry);
    entry->index = 0;
    struct heap_entry *last = heap->entries[--heap->count];
    if (last == entry) {
        return;
    }
    /* The last one takes the place, from where it may have to go either way. */
    if (index > 0 && last->key < heap->entries[(index - 1) / 2]->key) {
        move_up(heap, index, last);
    } else {
        move_down(heap, index, last);
    }
}

struct heap_entry *heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap->entries[0] : NULL;
}
