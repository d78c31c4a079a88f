#include <criterion/criterion.h>
#include <signal.h>

#include "base/slice.h"

static unsigned released_count;

static void count_release(struct counted *counted)
{
    (void)counted;
    released_count++;
}

Test(slices, add_up_sizes_and_release_each_owner_once)
{
    struct counted owner;
    counted_init(&owner, count_release);
    struct slice items[3];
    struct slices slices = {.items = items, .capacity = 3};
    static const uint8_t memory[] = "abcdef";

    slices_add(&slices, (struct slice){.data = memory, .file_descriptor = -1, .size = 6});
    slices_add(&slices, (struct slice){.data = memory,
                                       .file_descriptor = -1,
                                       .size = 2,
                                       .owner = counted_retain(&owner)});
    slices_add(
        &slices,
        (struct slice){.file_descriptor = 7, .file_position = 100, .size = 50, .owner = &owner});
    cr_expect_eq(slices.count, 3);
    cr_expect_eq(slices.size, 58);

    slice_release(&slices.items[1]);
    cr_expect_null(slices.items[1].owner);
    cr_expect_eq(released_count, 0);
    slices_release(&slices);
    cr_expect_eq(released_count, 1);
    cr_expect_eq(slices.count, 0);
    cr_expect_eq(slices.size, 0);
}

Test(slices, more_than_the_capacity_is_a_programming_error, .signal = SIGABRT)
{
    struct slices slices = {.items = NULL, .capacity = 0};
    slices_add(&slices, (struct slice){.file_descriptor = -1});
}
