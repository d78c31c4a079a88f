#include "storage/log/time_index.h"

#include <criterion/criterion.h>

static struct time_index times;
static struct error error;

static void setup(void)
{
    time_index_init(&times, 100);
    cr_assert_eq(time_index_add(&times, 5000, 110, &error), STATUS_OK);
    cr_assert_eq(time_index_add(&times, 6000, 120, &error), STATUS_OK);
}

static void teardown(void)
{
    time_index_clear(&times);
}

TestSuite(time_index, .init = setup, .fini = teardown);

Test(time_index, only_a_larger_timestamp_is_added)
{
    cr_assert_eq(time_index_add(&times, 6000, 130, &error), STATUS_OK);
    cr_assert_eq(time_index_add(&times, -1, 140, &error), STATUS_OK);
    cr_expect_eq(time_index_count(&times), 2);
    cr_expect_eq(time_index_last(&times).timestamp_ms, 6000);
    cr_expect_eq(time_index_last(&times).offset, 120);
}

Test(time_index, an_entry_that_speaks_of_a_later_record_than_there_is_gives_way)
{
    cr_assert_eq(time_index_add(&times, 7000, 120, &error), STATUS_OK);
    cr_expect_eq(time_index_count(&times), 2);
    cr_expect_eq(time_index_last(&times).timestamp_ms, 7000);
    cr_assert_eq(time_index_add(&times, 8000, 105, &error), STATUS_OK);
    cr_expect_eq(time_index_count(&times), 1);
    cr_expect_eq(time_index_last(&times).offset, 105);
}

Test(time_index, floor_finds_from_where_to_search)
{
    cr_expect_eq(time_index_floor(&times, 4999).offset, 100);
    cr_expect_eq(time_index_floor(&times, 4999).timestamp_ms, -1);
    cr_expect_eq(time_index_floor(&times, 5000).offset, 110);
    cr_expect_eq(time_index_floor(&times, 5999).offset, 110);
    cr_expect_eq(time_index_floor(&times, 9999).offset, 120);
}

Test(time_index, entries_are_kafka_s_bytes)
{
    static const uint8_t expected[] = {0, 0, 0, 0, 0, 0, 0x13, 0x88, 0, 0, 0, 10,
                                       0, 0, 0, 0, 0, 0, 0x17, 0x70, 0, 0, 0, 20};
    cr_expect(bytes_equal(index_entries_unsaved(&times.entries),
                          (struct bytes){expected, sizeof expected}));
}

Test(time_index, cut_drops_entries_of_records_that_are_no_more)
{
    time_index_cut(&times, 120);
    cr_expect_eq(time_index_last(&times).offset, 110);
    time_index_cut(&times, 0);
    cr_expect_eq(time_index_count(&times), 0);
    cr_expect_eq(time_index_last(&times).timestamp_ms, -1);
}

static void put(int64_t timestamp_ms, uint32_t relative)
{
    uint8_t *entry = index_entries_add(&times.entries);
    store_i64(entry, timestamp_ms);
    store_u32(entry + 8, relative);
}

Test(time_index, trim_stops_at_the_first_entry_that_cannot_be)
{
    put(0, 0); /* Kafka's padding. */
    put(7000, 30);
    cr_expect_eq(time_index_trim(&times, 200), 2);
    put(7000, 20);
    cr_expect_eq(time_index_trim(&times, 200), 1, "the same offset");
    put(5500, 30);
    cr_expect_eq(time_index_trim(&times, 200), 1, "an older timestamp");
    cr_expect_eq(time_index_trim(&times, 120), 1, "behind the end");
    cr_expect_eq(time_index_count(&times), 1);
}
