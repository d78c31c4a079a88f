#include "storage/log/leader_epochs.h"

#include <criterion/criterion.h>

static struct leader_epochs epochs;
static struct error error;

static void setup(void)
{
    leader_epochs_init(&epochs);
    cr_assert_eq(leader_epochs_add(&epochs, 1, 0, &error), STATUS_OK);
    cr_assert_eq(leader_epochs_add(&epochs, 4, 100, &error), STATUS_OK);
    cr_assert_eq(leader_epochs_add(&epochs, 5, 250, &error), STATUS_OK);
}

static void teardown(void)
{
    leader_epochs_clear(&epochs);
}

TestSuite(leader_epochs, .init = setup, .fini = teardown);

Test(leader_epochs, the_end_of_an_epoch_is_where_the_next_one_begins)
{
    static const struct {
        int32_t epoch;
        int32_t found;
        int64_t end;
    } cases[] = {{0, 0, 0},   {1, 1, 100}, {2, 1, 100}, {3, 1, 100},
                 {4, 4, 250}, {5, 5, 300}, {6, -1, -1}, {-1, -1, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t found = 0;
        int64_t end = 0;
        leader_epochs_end_of(&epochs, cases[i].epoch, 300, &found, &end);
        cr_expect_eq(found, cases[i].found, "epoch %d", cases[i].epoch);
        cr_expect_eq(end, cases[i].end, "epoch %d", cases[i].epoch);
    }
    struct leader_epochs none;
    leader_epochs_init(&none);
    int32_t found = 0;
    int64_t end = 0;
    leader_epochs_end_of(&none, 0, 10, &found, &end);
    cr_expect_eq(found, -1);
    cr_expect_eq(end, -1);
}

Test(leader_epochs, an_offset_belongs_to_the_epoch_that_wrote_it)
{
    cr_expect_eq(leader_epochs_at(&epochs, 99), 1);
    cr_expect_eq(leader_epochs_at(&epochs, 100), 4);
    cr_expect_eq(leader_epochs_at(&epochs, 9999), 5);
    cr_expect_eq(leader_epochs_latest(&epochs), 5);
}

Test(leader_epochs, an_older_epoch_is_not_added_and_one_that_wrote_nothing_goes)
{
    epochs.dirty = false;
    cr_assert_eq(leader_epochs_add(&epochs, 5, 260, &error), STATUS_OK);
    cr_expect_not(epochs.dirty);
    cr_expect_eq(epochs.count, 3);
    cr_assert_eq(leader_epochs_add(&epochs, 8, 250, &error), STATUS_OK);
    cr_expect(epochs.dirty);
    cr_expect_eq(epochs.count, 3);
    cr_expect_eq(leader_epochs_at(&epochs, 250), 8);
}

Test(leader_epochs, cutting_the_end_and_the_start)
{
    leader_epochs_cut_end(&epochs, 250);
    cr_expect_eq(leader_epochs_latest(&epochs), 4);
    leader_epochs_cut_start(&epochs, 120);
    cr_expect_eq(epochs.count, 1);
    cr_expect_eq(epochs.entries[0].start_offset, 120);
    cr_expect_eq(leader_epochs_at(&epochs, 119), -1);
    leader_epochs_cut_end(&epochs, 0);
    cr_expect_eq(leader_epochs_latest(&epochs), -1);
}

Test(leader_epochs, what_goes_back_is_refused)
{
    static const struct checkpoint_epoch good[] = {{1, 0}, {2, 5}};
    static const struct checkpoint_epoch same_offset[] = {{1, 5}, {2, 5}};
    static const struct checkpoint_epoch same_epoch[] = {{2, 0}, {2, 5}};
    struct leader_epochs taken;
    leader_epochs_init(&taken);
    cr_expect_eq(leader_epochs_take(&taken, good, 2, &error), STATUS_OK);
    cr_expect_eq(taken.count, 2);
    cr_expect_not(taken.dirty);
    leader_epochs_clear(&taken);
    cr_expect_eq(leader_epochs_take(&taken, same_offset, 2, &error), STATUS_CORRUPT);
    leader_epochs_clear(&taken);
    cr_expect_eq(leader_epochs_take(&taken, same_epoch, 2, &error), STATUS_CORRUPT);
    cr_expect_str_eq(error.text, "leader epoch 2 goes back");
    leader_epochs_clear(&taken);
}

Test(leader_epochs, the_oldest_goes_when_there_are_too_many)
{
    for (int32_t i = 0; i < (int32_t)LEADER_EPOCHS_MAX; i++) {
        cr_assert_eq(leader_epochs_add(&epochs, 10 + i, 300 + i, &error), STATUS_OK);
    }
    cr_expect_eq(epochs.count, LEADER_EPOCHS_MAX);
    cr_expect_eq(leader_epochs_latest(&epochs), 9 + (int32_t)LEADER_EPOCHS_MAX);
}
