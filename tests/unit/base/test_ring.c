#include <criterion/criterion.h>
#include <signal.h>

#include "base/ring.h"
#include "tests/support/base/allocations.h"

TestSuite(ring, .fini = allocations_allow);

static void add(struct ring *ring, uint64_t value)
{
    uint64_t *element = ring_add_last(ring);
    cr_assert_not_null(element);
    cr_expect_eq(*element, 0);
    *element = value;
}

static uint64_t value_at(const struct ring *ring, size_t index)
{
    const uint64_t *element = ring_at(ring, index);
    return *element;
}

Test(ring, first_in_is_first_out_while_it_wraps_and_grows)
{
    struct ring ring;
    ring_init(&ring, sizeof(uint64_t), 1024);
    uint64_t added = 0;
    uint64_t removed = 0;
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < 5; i++) {
            add(&ring, added++);
        }
        for (unsigned i = 0; i < 3; i++) {
            cr_assert_eq(value_at(&ring, 0), removed++);
            ring_remove_first(&ring);
        }
        cr_assert_eq(ring.count, added - removed);
        for (size_t i = 0; i < ring.count; i++) {
            cr_assert_eq(value_at(&ring, i), removed + i);
        }
    }
    ring_clear(&ring);
    cr_expect_eq(ring.count, 0);
    cr_expect_null(ring.elements);
    add(&ring, 1);
    ring_clear(&ring);
}

Test(ring, refuses_at_its_limit_rounded_up_and_takes_again_after_a_removal)
{
    struct ring ring;
    ring_init(&ring, sizeof(uint64_t), 5);
    for (unsigned i = 0; i < 8; i++) {
        add(&ring, i);
    }
    cr_expect_null(ring_add_last(&ring));
    cr_expect_eq(ring.count, 8);
    ring_remove_first(&ring);
    add(&ring, 8);
    cr_expect_eq(value_at(&ring, 7), 8);
    cr_expect_eq(value_at(&ring, 0), 1);
    ring_clear(&ring);
}

Test(ring, a_limit_under_the_first_capacity_holds)
{
    struct ring ring;
    ring_init(&ring, 3, 2);
    cr_assert_not_null(ring_add_last(&ring));
    cr_assert_not_null(ring_add_last(&ring));
    cr_expect_null(ring_add_last(&ring));
    ring_clear(&ring);
}

Test(ring, the_last_can_be_taken_back)
{
    struct ring ring;
    ring_init(&ring, sizeof(uint64_t), 16);
    add(&ring, 1);
    add(&ring, 2);
    ring_remove_last(&ring);
    cr_expect_eq(ring.count, 1);
    cr_expect_eq(value_at(&ring, 0), 1);
    add(&ring, 3);
    cr_expect_eq(value_at(&ring, 1), 3);
    ring_clear(&ring);
}

Test(ring, without_memory_it_refuses_and_keeps_what_it_has)
{
    struct ring ring;
    ring_init(&ring, sizeof(uint64_t), 1024);
    for (unsigned i = 0; i < 8; i++) {
        add(&ring, i);
    }
    allocations_refuse_after(0);
    void *refused = ring_add_last(&ring);
    allocations_allow();
    cr_expect_null(refused);
    cr_expect_eq(ring.count, 8);
    cr_expect_eq(value_at(&ring, 7), 7);
    ring_clear(&ring);
}

Test(ring, an_index_behind_the_last_is_a_programming_error, .signal = SIGABRT)
{
    struct ring ring;
    ring_init(&ring, 1, 8);
    ring_at(&ring, 0);
}

Test(ring, removing_from_an_empty_one_is_a_programming_error, .signal = SIGABRT)
{
    struct ring ring;
    ring_init(&ring, 1, 8);
    ring_remove_first(&ring);
}
