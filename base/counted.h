/* A reference count inside a struct, for the few things that several owners on several threads
 * hold at once: log buffers, open files, metadata images.
 *
 * Whoever holds a reference may hand it on to another thread. The last release destroys, on the
 * thread that released last. */
#ifndef BASE_COUNTED_H
#define BASE_COUNTED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct counted;
typedef void counted_destroy_fn(struct counted *counted);

struct counted {
    _Atomic uint32_t references;
    counted_destroy_fn *destroy;
};

/* From a pointer to a member to the struct that holds it. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Starts with one reference, which the caller owns. */
static inline void counted_init(struct counted *counted, counted_destroy_fn *destroy)
{
    atomic_init(&counted->references, 1);
    counted->destroy = destroy;
}

/* Adds a reference and returns its argument. NULL is allowed. */
static inline struct counted *counted_retain(struct counted *counted)
{
    if (counted != NULL) {
        uint32_t before = atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
        ASSERT(before > 0 && before < UINT32_MAX);
    }
    return counted;
}

/* Gives a reference back; the last one destroys. NULL is allowed. */
static inline void counted_release(struct counted *counted)
{
    if (counted == NULL) {
        return;
    }
    uint32_t before = atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel);
    ASSERT(before > 0);
    if (before == 1) {
        counted->destroy(counted);
    }
}

/* Whether the caller's reference is the only one, so that it may change what is counted. */
static inline bool counted_is_sole(const struct counted *counted)
{
    return atomic_load_explicit(&counted->references, memory_order_acquire) == 1;
}

#endif /* BASE_COUNTED_H */
