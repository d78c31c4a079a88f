#include "storage/log/aborted_index.h"

#include <criterion/criterion.h>

static struct aborted_index aborted;
static struct error error;

static void add(int64_t first_offset, int64_t last_offset)
{
    struct aborted_index_entry entry = {.producer_id = 77,
                                        .first_offset = first_offset,
                                        .last_offset = last_offset,
                                        .last_stable_offset = first_offset};
    cr_assert_eq(aborted_index_add(&aborted, &entry, &error), STATUS_OK);
}

static void setup(void)
{
    aborted_index_init(&aborted);
    add(100, 110);
    add(90, 120);
}

static void teardown(void)
{
    aborted_index_clear(&aborted);
}

TestSuite(aborted_index, .init = setup, .fini = teardown);

Test(aborted_index, entries_are_kafka_s_bytes)
{
    aborted_index_cut(&aborted, 120);
    static const uint8_t expected[ABORTED_INDEX_ENTRY_SIZE] = {
        0, 0,                     /* version */
        0, 0, 0, 0, 0, 0, 0, 77,  /* producer id */
        0, 0, 0, 0, 0, 0, 0, 100, /* first offset */
        0, 0, 0, 0, 0, 0, 0, 110, /* last offset */
        0, 0, 0, 0, 0, 0, 0, 100, /* last stable offset */
    };
    cr_expect(bytes_equal(index_entries_unsaved(&aborted.entries),
                          (struct bytes){expected, sizeof expected}));
}

Test(aborted_index, a_marker_that_is_replayed_is_not_added_twice)
{
    add(90, 120);
    add(100, 110);
    cr_expect_eq(aborted_index_count(&aborted), 2);
    add(115, 121);
    cr_expect_eq(aborted_index_count(&aborted), 3);
    cr_expect_eq(aborted_index_at(&aborted, 2).first_offset, 115);
}

Test(aborted_index, trim_drops_what_cannot_be)
{
    cr_expect_eq(aborted_index_trim(&aborted, 80, 200), 0);
    cr_expect_eq(aborted_index_trim(&aborted, 80, 120), 1, "behind the end");
    cr_expect_eq(aborted_index_trim(&aborted, 111, 200), 1, "before the segment");
    uint8_t *entry = index_entries_add(&aborted.entries);
    for (int i = 0; i < ABORTED_INDEX_ENTRY_SIZE; i++) {
        entry[i] = 0x11;
    }
    cr_expect_eq(aborted_index_trim(&aborted, 0, INT64_MAX), 1, "another version");
    cr_expect_eq(aborted_index_count(&aborted), 0);
}
