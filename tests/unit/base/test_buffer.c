#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/buffer.h"
#include "tests/support/base/allocations.h"

TestSuite(buffer, .fini = allocations_allow);

static void expect_usage(struct buffer_pool *pool, size_t borrowed_bytes, size_t free_bytes)
{
    struct buffer_pool_usage usage = buffer_pool_usage(pool);
    cr_expect_eq(usage.borrowed_bytes, borrowed_bytes);
    cr_expect_eq(usage.free_bytes, free_bytes);
}

Test(buffer, is_aligned_and_as_large_as_asked)
{
    struct buffer_pool *pool = buffer_pool_create(1024 * 1024, 0);
    struct buffer *small = buffer_borrow(pool, BUFFER_SIZE_SMALL);
    struct buffer *large = buffer_borrow(pool, BUFFER_SIZE_LARGE);
    cr_expect_eq((uintptr_t)small->data % BUFFER_ALIGNMENT, 0);
    cr_expect_eq((uintptr_t)large->data % BUFFER_ALIGNMENT, 0);
    cr_expect_eq(small->capacity, BUFFER_SIZE_SMALL);
    cr_expect_eq(large->capacity, BUFFER_SIZE_LARGE);
    memset(small->data, 1, small->capacity);
    memset(large->data, 1, large->capacity);
    expect_usage(pool, BUFFER_SIZE_SMALL + BUFFER_SIZE_LARGE, 0);
    counted_release(&small->counted);
    counted_release(&large->counted);
    expect_usage(pool, 0, 0);
    buffer_pool_destroy(pool);
}

Test(buffer, is_lent_again_without_an_allocation)
{
    struct buffer_pool *pool = buffer_pool_create(1024 * 1024, 1024 * 1024);
    struct buffer *first = buffer_borrow(pool, BUFFER_SIZE_LARGE);
    counted_release(&first->counted);
    expect_usage(pool, 0, BUFFER_SIZE_LARGE);
    size_t before = allocations_count();
    struct buffer *again = buffer_borrow(pool, BUFFER_SIZE_LARGE);
    cr_expect_eq(again, first);
    cr_expect_eq(allocations_count(), before);
    struct buffer *small = buffer_borrow(pool, BUFFER_SIZE_SMALL);
    cr_expect_neq(small, first);
    counted_release(&again->counted);
    counted_release(&small->counted);
    buffer_pool_destroy(pool);
}

Test(buffer, no_more_is_kept_free_than_allowed)
{
    struct buffer_pool *pool = buffer_pool_create(1024 * 1024, BUFFER_SIZE_LARGE);
    struct buffer *a = buffer_borrow(pool, BUFFER_SIZE_LARGE);
    struct buffer *b = buffer_borrow(pool, BUFFER_SIZE_LARGE);
    counted_release(&a->counted);
    counted_release(&b->counted);
    expect_usage(pool, 0, BUFFER_SIZE_LARGE);
    buffer_pool_destroy(pool);
}

Test(buffer, no_more_is_lent_than_allowed)
{
    struct buffer_pool *pool = buffer_pool_create(2 * BUFFER_SIZE_SMALL, 0);
    struct buffer *a = buffer_borrow(pool, BUFFER_SIZE_SMALL);
    cr_expect_null(buffer_borrow(pool, BUFFER_SIZE_LARGE));
    struct buffer *b = buffer_borrow(pool, BUFFER_SIZE_SMALL);
    cr_assert_not_null(b);
    cr_expect_null(buffer_borrow(pool, BUFFER_SIZE_SMALL));
    counted_release(&a->counted);
    a = buffer_borrow(pool, BUFFER_SIZE_SMALL);
    cr_expect_not_null(a);
    counted_release(&a->counted);
    counted_release(&b->counted);
    buffer_pool_destroy(pool);
}

Test(buffer, a_system_without_memory_lends_nothing_and_counts_nothing)
{
    allocations_refuse_after(0);
    struct buffer_pool *pool = buffer_pool_create(1024 * 1024, 0);
    allocations_allow();
    cr_assert_null(pool);
    pool = buffer_pool_create(1024 * 1024, 0);
    for (size_t allowed = 0; allowed < 2; allowed++) {
        allocations_refuse_after(allowed);
        struct buffer *buffer = buffer_borrow(pool, BUFFER_SIZE_SMALL);
        allocations_allow();
        cr_expect_null(buffer);
    }
    expect_usage(pool, 0, 0);
    buffer_pool_destroy(pool);
    buffer_pool_destroy(NULL);
}

Test(buffer, another_size_is_a_programming_error, .signal = SIGABRT)
{
    buffer_borrow(buffer_pool_create(1024 * 1024, 0), 12345);
}

Test(buffer, a_pool_cannot_go_before_its_buffers, .signal = SIGABRT)
{
    struct buffer_pool *pool = buffer_pool_create(1024 * 1024, 0);
    buffer_borrow(pool, BUFFER_SIZE_SMALL);
    buffer_pool_destroy(pool);
}

/* One slot: the owner fills it, a reader on another thread empties it. */
struct exchange {
    _Atomic(struct buffer *) slot;
    uint64_t sum;
};

#define EXCHANGED_COUNT 20000

static void *release_what_comes(void *argument)
{
    struct exchange *exchange = argument;
    for (unsigned i = 0; i < EXCHANGED_COUNT;) {
        struct buffer *buffer = atomic_exchange(&exchange->slot, NULL);
        if (buffer != NULL) {
            exchange->sum += buffer->data[0];
            counted_release(&buffer->counted);
            i++;
        } else {
            sched_yield();
        }
    }
    return NULL;
}

Test(buffer, comes_back_from_another_thread)
{
    struct buffer_pool *pool = buffer_pool_create(4 * BUFFER_SIZE_SMALL, 2 * BUFFER_SIZE_SMALL);
    struct exchange exchange;
    memset(&exchange, 0, sizeof exchange);
    pthread_t thread;
    uint64_t sum = 0;
    cr_assert_eq(pthread_create(&thread, NULL, release_what_comes, &exchange), 0);
    for (unsigned i = 0; i < EXCHANGED_COUNT;) {
        struct buffer *buffer = buffer_borrow(pool, BUFFER_SIZE_SMALL);
        if (buffer == NULL) {
            sched_yield();
            continue;
        }
        buffer->data[0] = (uint8_t)i;
        sum += (uint8_t)i;
        struct buffer *nobody = NULL;
        while (!atomic_compare_exchange_weak(&exchange.slot, &nobody, buffer)) {
            nobody = NULL;
            sched_yield();
        }
        i++;
    }
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(exchange.sum, sum);
    expect_usage(pool, 0, buffer_pool_usage(pool).free_bytes);
    buffer_pool_destroy(pool);
}
