/* A piece of outgoing or readable data: bytes in memory, or a range of a file.
 *
 * A read of the log and a response on its way to a socket are lists of slices. A slice with an
 * owner holds one reference to it (a buffer, an open file); whoever takes the slice over releases
 * it with slice_release(). A slice without an owner is borrowed from something that outlives it,
 * such as the request's arena. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/counted.h"

struct slice {
    const uint8_t *data;    /* NULL for a file range. */
    int file_descriptor;    /* Of a file range, for sendfile(); -1 otherwise. */
    uint64_t file_position; /* Of a file range. */
    size_t size;
    struct counted *owner; /* One reference, or NULL. */
};

/* A list in the caller's memory. */
struct slices {
    struct slice *items;
    size_t count;
    size_t capacity;
    size_t size; /* Bytes in all items. */
};

/* Adds a slice, whose reference the list takes over. The capacity must allow it. */
void slices_add(struct slices *slices, struct slice slice);

/* Gives the reference of a slice back, when it has one. */
void slice_release(struct slice *slice);

/* Releases every slice and empties the list. */
void slices_release(struct slices *slices);

#endif /* BASE_SLICE_H */
