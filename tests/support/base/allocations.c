#include "tests/support/base/allocations.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

static atomic_size_t allocated_count;
static atomic_long allowed_count = LONG_MAX;

/* The names that the linker's --wrap gives: reserved, and for once ours to define. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

static bool refused(void)
{
    atomic_fetch_add(&allocated_count, 1);
    if (atomic_load(&allowed_count) == LONG_MAX) {
        return false;
    }
    if (atomic_fetch_sub(&allowed_count, 1) > 0) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refused() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return refused() ? NULL : __real_reallocarray(memory, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refused() ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    return refused() ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}

size_t allocations_count(void)
{
    return atomic_load(&allocated_count);
}

void allocations_refuse_after(size_t allowed)
{
    atomic_store(&allowed_count, (long)allowed);
}

void allocations_allow(void)
{
    atomic_store(&allowed_count, LONG_MAX);
}
