#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "tests/support/base/allocations.h"

static struct arena arena;

TestSuite(arena, .fini = allocations_allow);

Test(arena, allocations_are_zeroed_aligned_and_apart)
{
    arena_init(&arena, 1024 * 1024);
    uint8_t *previous_end = NULL;
    for (size_t size = 1; size < 300; size++) {
        uint8_t *place = arena_allocate(&arena, size);
        cr_assert_not_null(place);
        cr_expect_eq((uintptr_t)place % alignof(max_align_t), 0);
        cr_expect(previous_end == NULL || place >= previous_end || place + size <= previous_end);
        for (size_t i = 0; i < size; i++) {
            cr_assert_eq(place[i], 0);
        }
        memset(place, 0xff, size);
        previous_end = place + size;
    }
    arena_clear(&arena);
    cr_expect_eq(arena.size, 0);
}

Test(arena, a_size_of_zero_gives_a_valid_pointer)
{
    arena_init(&arena, 4096);
    cr_expect_not_null(arena_allocate(&arena, 0));
    arena_clear(&arena);
}

Test(arena, never_asks_for_more_than_its_limit_and_says_when_it_is_exhausted)
{
    arena_init(&arena, 10000);
    size_t taken = 0;
    while (arena_allocate(&arena, 100) != NULL) {
        taken += 100;
    }
    cr_expect(arena.exhausted);
    cr_expect_leq(arena.size, 10000);
    cr_expect_geq(taken, 8000);
    arena_reset(&arena);
    cr_expect_not(arena.exhausted);
    cr_expect_not_null(arena_allocate(&arena, 100));
    arena_clear(&arena);
}

Test(arena, one_large_allocation_gets_a_chunk_of_its_size)
{
    arena_init(&arena, 2 * 1024 * 1024);
    cr_assert_not_null(arena_allocate(&arena, 1024 * 1024));
    cr_expect_leq(arena.size, 1024 * 1024 + 64);
    cr_expect_null(arena_allocate(&arena, 1024 * 1024));
    cr_expect(arena.exhausted);
    arena_clear(&arena);
}

Test(arena, a_reset_keeps_one_chunk_and_then_needs_no_allocation)
{
    arena_init(&arena, 1024 * 1024);
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_not_null(arena_allocate(&arena, 100));
    }
    arena_reset(&arena);
    cr_expect_gt(arena.size, 0);
    cr_expect_leq(arena.size, ARENA_CHUNK_KEPT_SIZE_MAX);
    size_t before = allocations_count();
    const uint8_t *place = arena_allocate(&arena, 1000);
    cr_assert_not_null(place);
    cr_expect_eq(place[0], 0);
    cr_expect_eq(place[999], 0);
    cr_expect_eq(allocations_count(), before);
    arena_clear(&arena);
}

Test(arena, a_reset_gives_a_giant_chunk_back)
{
    arena_init(&arena, 1024 * 1024);
    cr_assert_not_null(arena_allocate(&arena, 500000));
    arena_reset(&arena);
    cr_expect_eq(arena.size, 0);
    arena_clear(&arena);
}

Test(arena, an_array_whose_size_overflows_is_refused)
{
    arena_init(&arena, 4096);
    cr_expect_null(arena_allocate_array(&arena, SIZE_MAX / 2, 4));
    cr_expect(arena.exhausted);
    arena_reset(&arena);
    cr_expect_null(arena_allocate(&arena, SIZE_MAX));
    cr_expect(arena.exhausted);
    arena_reset(&arena);
    cr_expect_not_null(arena_allocate_array(&arena, 4, 4));
    arena_clear(&arena);
}

Test(arena, a_system_without_memory_exhausts_it)
{
    arena_init(&arena, 4096);
    allocations_refuse_after(0);
    void *refused = arena_allocate(&arena, 8);
    struct text text = arena_copy_text(&arena, TEXT_LITERAL("abc"));
    struct text formatted = arena_format(&arena, "%d", 7);
    allocations_allow();
    cr_expect_null(refused);
    cr_expect_null(text.data);
    cr_expect_null(formatted.data);
    cr_expect(arena.exhausted);
    arena_clear(&arena);
}

Test(arena, copies_and_formats_texts_with_a_zero_behind_them)
{
    arena_init(&arena, 4096);
    struct text copy = arena_copy_text(&arena, (struct text){"orders-and-more", 6});
    cr_expect_str_eq(copy.data, "orders");
    cr_expect_eq(copy.size, 6);
    cr_expect_null(arena_copy_text(&arena, TEXT_NULL).data);
    cr_expect_not_null(arena_copy_text(&arena, TEXT_LITERAL("")).data);
    struct text formatted = arena_format(&arena, "%s-%d", "orders", 3);
    cr_expect_str_eq(formatted.data, "orders-3");
    cr_expect_eq(formatted.size, 8);
    cr_expect_not(arena.exhausted);
    arena_clear(&arena);
}
