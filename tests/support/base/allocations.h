/* Counts what a test allocates, and refuses it on demand, so that every path behind an empty memory
 * has a test.
 *
 * Test programs are linked with --wrap for malloc, calloc, realloc, reallocarray, aligned_alloc and
 * posix_memalign, so that calls from our own code come through here. Calls inside other libraries
 * do not. All threads are counted together. */
#ifndef TESTS_SUPPORT_BASE_ALLOCATIONS_H
#define TESTS_SUPPORT_BASE_ALLOCATIONS_H

#include <stddef.h>

/* Allocations since the program began; a test compares two readings. */
size_t allocations_count(void);

/* Lets `allowed` more allocations succeed and refuses all later ones. */
void allocations_refuse_after(size_t allowed);

/* Refuses nothing any more. A test calls it before it asserts anything else. */
void allocations_allow(void);

#endif /* TESTS_SUPPORT_BASE_ALLOCATIONS_H */
