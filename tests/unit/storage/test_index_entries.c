#include "storage/log/index_entries.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/storage/simulated_disk.h"

static struct simulated_disk *disk;
static struct file_system *files;
static struct index_entries entries;
static struct error error;

static void setup(void)
{
    disk = simulated_disk_create(1);
    files = simulated_disk_files(disk);
    index_entries_init(&entries, 4);
}

static void teardown(void)
{
    index_entries_clear(&entries);
    simulated_disk_destroy(disk);
}

TestSuite(index_entries, .init = setup, .fini = teardown);

static void add(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *entry = index_entries_add(&entries);
        cr_assert_not_null(entry);
        store_u32(entry, entries.count - 1);
    }
}

Test(index_entries, entries_are_found_by_number_when_the_first_have_left_memory)
{
    add(40);
    index_entries_mark_saved(&entries, true);
    cr_expect_eq(index_entries_unsaved(&entries).size, 0);
    add(30);
    cr_expect_eq(entries.count, 70);
    for (uint32_t i = 40; i < 70; i++) {
        cr_expect_eq(load_u32(index_entries_at(&entries, i)), i);
    }
    struct bytes unsaved = index_entries_unsaved(&entries);
    cr_expect_eq(unsaved.size, 30 * 4);
    cr_expect_eq(load_u32(unsaved.data), 40);
}

Test(index_entries, cutting_makes_what_was_saved_unsaved)
{
    add(10);
    index_entries_mark_saved(&entries, false);
    add(2);
    index_entries_cut(&entries, 5);
    cr_expect_eq(entries.saved, 5);
    add(1);
    cr_expect_eq(index_entries_unsaved(&entries).size, 4);
    cr_expect_eq(load_u32(index_entries_at(&entries, 5)), 5);
}

Test(index_entries, a_file_is_read_in_whole_entries)
{
    static const uint8_t content[] = {0, 0, 0, 7, 0, 0, 0, 8, 9, 9};
    cr_assert_eq(
        file_replace_whole(files, "/index", (struct bytes){content, sizeof content}, &error),
        STATUS_OK);
    cr_assert_eq(index_entries_load(&entries, files, "/index", &error), STATUS_OK);
    cr_expect_eq(entries.count, 2);
    cr_expect_eq(entries.saved, 2);
    cr_expect_eq(load_u32(index_entries_at(&entries, 1)), 8);
    add(1);
    cr_expect_eq(index_entries_unsaved(&entries).size, 4);
}

Test(index_entries, a_missing_or_empty_file_is_no_entries_and_a_failure_is_told)
{
    cr_expect_eq(index_entries_load(&entries, files, "/none", &error), STATUS_OK);
    cr_expect_eq(entries.count, 0);
    cr_assert_eq(
        file_replace_whole(files, "/index", (struct bytes){(const uint8_t *)"abcd", 4}, &error),
        STATUS_OK);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        simulated_disk_fail_call(disk, nth, STATUS_IO);
        cr_expect_eq(index_entries_load(&entries, files, "/index", &error), STATUS_IO);
        cr_expect_eq(entries.count, 0);
    }
    cr_expect_eq(index_entries_load(&entries, files, "/index", &error), STATUS_OK);
    cr_expect_eq(entries.count, 1);
}
