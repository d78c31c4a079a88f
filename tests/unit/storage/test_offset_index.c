#include "storage/log/offset_index.h"

#include <criterion/criterion.h>
#include <string.h>

static struct offset_index offsets;
static struct error error;

static void setup(void)
{
    offset_index_init(&offsets, 100);
    cr_assert_eq(offset_index_add(&offsets, 110, 4096, &error), STATUS_OK);
    cr_assert_eq(offset_index_add(&offsets, 120, 8192, &error), STATUS_OK);
}

static void teardown(void)
{
    offset_index_clear(&offsets);
}

TestSuite(offset_index, .init = setup, .fini = teardown);

Test(offset_index, floor_finds_the_last_entry_at_or_before)
{
    static const struct {
        int64_t offset;
        int64_t found;
        uint32_t position;
    } cases[] = {{0, 99, 0},       {100, 99, 0},     {109, 99, 0},      {110, 110, 4096},
                 {119, 110, 4096}, {120, 120, 8192}, {99999, 120, 8192}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct offset_index_entry entry = offset_index_floor(&offsets, cases[i].offset);
        cr_expect_eq(entry.offset, cases[i].found);
        cr_expect_eq(entry.position, cases[i].position);
    }
    cr_expect_eq(offset_index_floor_position(&offsets, 4095).position, 0);
    cr_expect_eq(offset_index_floor_position(&offsets, 4096).offset, 110);
    cr_expect_eq(offset_index_floor_position(&offsets, UINT64_MAX).offset, 120);
}

Test(offset_index, entries_are_kafka_s_bytes)
{
    static const uint8_t expected[] = {0, 0, 0, 10, 0, 0, 16, 0, 0, 0, 0, 20, 0, 0, 32, 0};
    cr_expect(bytes_equal(index_entries_unsaved(&offsets.entries),
                          (struct bytes){expected, sizeof expected}));
    index_entries_mark_saved(&offsets.entries, false);
    cr_expect_eq(index_entries_unsaved(&offsets.entries).size, 0);
    cr_assert_eq(offset_index_add(&offsets, 130, 9000, &error), STATUS_OK);
    cr_expect_eq(index_entries_unsaved(&offsets.entries).size, 8);
}

Test(offset_index, cut_keeps_what_lies_before_a_position)
{
    offset_index_cut(&offsets, 8192);
    cr_expect_eq(offset_index_count(&offsets), 1);
    offset_index_cut(&offsets, 4096);
    cr_expect_eq(offset_index_count(&offsets), 0);
    cr_expect_eq(offset_index_floor(&offsets, 500).position, 0);
}

struct damaged {
    uint32_t fields[8];
    unsigned entries;
    unsigned good;
};

Test(offset_index, trim_stops_at_the_first_entry_that_cannot_be)
{
    static const struct damaged cases[] = {
        {{5, 100, 9, 200}, 2, 2},           {{0, 0, 0, 0}, 2, 0}, /* padding only */
        {{5, 100, 0, 0, 0, 0}, 3, 1},                             /* padding */
        {{5, 100, 5, 200}, 2, 1},                                 /* the same offset */
        {{5, 100, 6, 100}, 2, 1},                                 /* the same position */
        {{5, 100, 6, 1000}, 2, 1},          /* behind the end of the segment */
        {{5, 100, 0x80000000u, 200}, 2, 1}, /* further than a segment reaches */
        {{9, 200, 5, 300, 10, 400}, 3, 1},  /* goes back */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        offset_index_clear(&offsets);
        for (unsigned j = 0; j < cases[i].entries; j++) {
            uint8_t *entry = index_entries_add(&offsets.entries);
            store_u32(entry, cases[i].fields[2 * j]);
            store_u32(entry + 4, cases[i].fields[2 * j + 1]);
        }
        cr_expect_eq(offset_index_trim(&offsets, 1000), cases[i].entries - cases[i].good);
        cr_expect_eq(offset_index_count(&offsets), cases[i].good, "case %zu", i);
    }
}
