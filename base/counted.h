/* A reference count inside a struct, for the few things that several owners on several threads
 * hold at once: log buffers, open files, metadata images.
 *
 * Whoever holds a reference may hand it on to another thread. The last release destroys, on the
 * thread that released last. */
#ifndef BASE_COUNTED_H
#define BASE_COUNTED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct counted;
typedef void counted_destroy_fn(struct counted *counted);

struct counted {
    _Atomic uint32_t references;
    counted_destroy_fn *destroy;
};

/* From a pointer to a member to the struct that holds it. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/* Starts with one reference, which the caller owns. */
void counted_init(struct counted *counted, counted_destroy_fn *destroy);

/* Adds a reference and returns its argument. NULL is allowed. */
struct counted *counted_retain(struct counted *counted);

/* Gives a reference back; the last one destroys. NULL is allowed. */
void counted_release(struct counted *counted);

#endif /* BASE_COUNTED_H */
