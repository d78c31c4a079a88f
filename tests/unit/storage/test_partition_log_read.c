#include <criterion/criterion.h>
#include <string.h>

#include "storage/log/partition_log.h"
#include "tests/support/storage/log_fixture.h"

static struct log_fixture fixture;
static uint8_t memory[1024 * 1024];

/* Three segments of 10 batches of 2 records each, a second apart, flushed; and an active one. */
static void setup(void)
{
    log_fixture_init(&fixture, 1);
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 2;
    recipe.value_size = 500;
    struct record_builder builder;
    size_t batch_size = log_fixture_batch(&builder, &recipe).size;
    record_builder_clear(&builder);
    fixture.options.config.segment_bytes = (int64_t)batch_size * 10;
    fixture.options.config.index_interval_bytes = 2000;
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    for (int i = 0; i < 35; i++) {
        recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + i * 1000;
        cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
    }
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    partition_log_set_high_watermark(fixture.log, 70);
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
}

TestSuite(partition_log_read, .init = setup, .fini = teardown);

static struct log_read_result read_some(int64_t offset, int64_t upper_offset, size_t bytes_max,
                                        bool at_least_one, size_t *size)
{
    struct slice items[300];
    struct log_read_request request = {offset, upper_offset, bytes_max, at_least_one};
    struct log_read_result result = {.slices = {.items = items, .capacity = 300}};
    cr_assert_eq(partition_log_read(fixture.log, &request, &result, &fixture.error), STATUS_OK,
                 "%s", fixture.error.text);
    *size = result.slices.size;
    slices_release(&result.slices);
    result.slices.items = NULL;
    return result;
}

Test(partition_log_read, whole_batches_within_one_segment_and_the_limits)
{
    size_t batch = 0;
    read_some(0, 70, 1, true, &batch);
    const struct {
        int64_t offset;
        int64_t upper;
        size_t bytes;
        bool at_least_one;
        size_t batches;
        int64_t first;
        int64_t next;
        bool more;
    } cases[] = {
        {0, 70, 1 << 20, true, 10, 0, 20, true},      /* to the end of the segment */
        {1, 70, 1 << 20, true, 10, 0, 20, true},      /* from the middle of a batch */
        {18, 70, 1 << 20, true, 1, 18, 20, true},     /* the last batch of a segment */
        {20, 70, 1 << 20, true, 10, 20, 40, true},    /* the next segment */
        {60, 70, 1 << 20, true, 5, 60, 70, false},    /* the active segment */
        {0, 70, 3 * batch, true, 3, 0, 6, false},     /* exactly three */
        {0, 70, 3 * batch - 1, true, 2, 0, 4, false}, /* not quite three */
        {5, 70, 1, true, 1, 4, 6, false},             /* at least one */
        {5, 70, 1, false, 0, 5, 5, false},            /* or none */
        {0, 8, 1 << 20, true, 4, 0, 8, false},        /* below the upper offset */
        {0, 7, 1 << 20, true, 3, 0, 6, false},        /* which lies in a batch */
        {6, 7, 1 << 20, true, 0, 6, 6, false},        /* the whole of which is left out */
        {70, 70, 1 << 20, true, 0, 70, 70, false},    /* the end */
        {60, 999, 1 << 20, true, 5, 60, 70, false},   /* no further than the end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = 0;
        struct log_read_result result = read_some(cases[i].offset, cases[i].upper, cases[i].bytes,
                                                  cases[i].at_least_one, &size);
        cr_expect_eq(size, cases[i].batches * batch, "case %zu: %zu bytes", i, size);
        cr_expect_eq(result.next_offset, cases[i].next, "case %zu", i);
        cr_expect_eq(result.more_segments, cases[i].more, "case %zu", i);
        if (cases[i].batches > 0) {
            cr_expect_eq(result.first_batch_offset, cases[i].first, "case %zu", i);
        }
    }
}

Test(partition_log_read, outside_the_log_is_out_of_range)
{
    size_t size;
    struct log_read_result result;
    cr_expect_eq(log_fixture_read(&fixture, 71, 100, memory, sizeof memory, &size, &result),
                 STATUS_OUT_OF_RANGE);
    cr_expect_str_eq(fixture.error.text, "offset 71 is not in 0 to 70");
    cr_assert_eq(partition_log_set_start_offset(fixture.log, 25, &fixture.error), STATUS_OK);
    cr_expect_eq(log_fixture_read(&fixture, 24, 100, memory, sizeof memory, &size, &result),
                 STATUS_OUT_OF_RANGE);
    cr_expect_eq(log_fixture_read(&fixture, 25, 100, memory, sizeof memory, &size, &result),
                 STATUS_OK);
}

Test(partition_log_read, a_cold_segment_is_brought_in_off_the_loop)
{
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    segment_cache_set_limit(fixture.cache, 0);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    static const char *const paths[] = {LOG_FIXTURE_DIRECTORY "/00000000000000000000.log",
                                        LOG_FIXTURE_DIRECTORY "/00000000000000000020.log",
                                        LOG_FIXTURE_DIRECTORY "/00000000000000000060.log"};
    for (int i = 0; i < 3; i++) {
        simulated_disk_make_cold(fixture.disk, paths[i]);
    }
    struct slice items[300];
    struct log_read_request request = {21, 70, 4000, true};
    struct log_read_result again = {.slices = {.items = items, .capacity = 300}};
    cr_expect_eq(partition_log_read(fixture.log, &request, &again, &fixture.error), STATUS_AGAIN);
    for (int64_t offset = 0; offset < 70; offset += 3) {
        struct log_read_result result;
        size_t size = 0;
        cr_assert_eq(
            log_fixture_read(&fixture, offset, 4000, memory, sizeof memory, &size, &result),
            STATUS_OK, "%s", fixture.error.text);
        struct record_batch_header header;
        cr_assert_eq(record_batch_verify((struct bytes){memory, size}, &header), RECORD_BATCH_OK);
        cr_expect_leq(header.base_offset, offset);
        cr_expect_geq(record_batch_last_offset(&header), offset);
    }
}

Test(partition_log_read, bytes_between_two_offsets)
{
    size_t batch = 0;
    read_some(0, 70, 1, true, &batch);
    cr_expect_eq(partition_log_bytes_between(fixture.log, 0, 70), 35 * batch);
    cr_expect_eq(partition_log_bytes_between(fixture.log, 0, 2), batch);
    cr_expect_eq(partition_log_bytes_between(fixture.log, 18, 22), 2 * batch);
    cr_expect_eq(partition_log_bytes_between(fixture.log, 62, 66), 2 * batch);
    cr_expect_eq(partition_log_bytes_between(fixture.log, 70, 70), 0);
    cr_expect_eq(partition_log_bytes_between(fixture.log, 68, 999), batch);
}

static struct timestamped_offset at_time(int64_t after_start_ms, int64_t upper_offset)
{
    struct timestamped_offset found;
    cr_assert_eq(partition_log_offset_for_time(fixture.log, LOG_FIXTURE_NOW_MS + after_start_ms,
                                               upper_offset, true, &found, &fixture.error),
                 STATUS_OK, "%s", fixture.error.text);
    return found;
}

Test(partition_log_read, the_first_record_at_or_after_a_time)
{
    cr_expect_eq(at_time(-5000, 70).offset, 0);
    cr_expect_eq(at_time(0, 70).offset, 0);
    cr_expect_eq(at_time(1, 70).offset, 1, "the second record of the first batch");
    cr_expect_eq(at_time(2, 70).offset, 2);
    cr_expect_eq(at_time(2, 70).timestamp_ms, LOG_FIXTURE_NOW_MS + 1000);
    cr_expect_eq(at_time(9001, 70).offset, 19);
    cr_expect_eq(at_time(9002, 70).offset, 20, "in the next segment");
    cr_expect_eq(at_time(34001, 70).offset, 69);
    cr_expect_eq(at_time(34002, 70).offset, -1);
    cr_expect_eq(at_time(34001, 69).offset, -1, "above the bound");
    cr_expect_eq(at_time(34001, 70).leader_epoch, 0);
    cr_assert_eq(partition_log_set_start_offset(fixture.log, 25, &fixture.error), STATUS_OK);
    cr_expect_eq(at_time(0, 70).offset, 25);
}

Test(partition_log_read, times_are_found_after_a_restart_too)
{
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    for (int64_t i = 0; i < 35; i++) {
        cr_expect_eq(at_time(i * 1000, 70).offset, 2 * i);
        cr_expect_eq(at_time(i * 1000 + 1, 70).offset, 2 * i + 1);
    }
}

Test(partition_log_read, the_largest_timestamp_is_the_earliest_of_several)
{
    struct timestamped_offset found;
    cr_assert_eq(partition_log_max_timestamp(fixture.log, 70, true, &found, &fixture.error),
                 STATUS_OK);
    cr_expect_eq(found.offset, 69);
    cr_expect_eq(found.timestamp_ms, LOG_FIXTURE_NOW_MS + 34001);
    cr_assert_eq(partition_log_max_timestamp(fixture.log, 30, true, &found, &fixture.error),
                 STATUS_OK);
    cr_expect_eq(found.offset, 29, "within the bound");

    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + 34001;
    recipe.codec = COMPRESSION_ZSTD;
    log_fixture_append(&fixture, &recipe);
    recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + 1;
    log_fixture_append(&fixture, &recipe);
    cr_assert_eq(partition_log_max_timestamp(fixture.log, 72, true, &found, &fixture.error),
                 STATUS_OK);
    cr_expect_eq(found.offset, 69);
}

Test(partition_log_read, an_empty_log_has_no_times)
{
    cr_assert_eq(partition_log_restart_at(fixture.log, 500, &fixture.error), STATUS_OK);
    cr_expect_eq(at_time(0, 500).offset, -1);
    struct timestamped_offset found;
    cr_assert_eq(partition_log_max_timestamp(fixture.log, 500, true, &found, &fixture.error),
                 STATUS_OK);
    cr_expect_eq(found.offset, -1);
    cr_expect_eq(partition_log_start_offset(fixture.log), 500);
}

Test(partition_log_read, compressed_batches_are_searched_inside)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 10;
    recipe.codec = COMPRESSION_LZ4;
    recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + 50000;
    cr_assert_eq(log_fixture_append(&fixture, &recipe).base_offset, 70);
    cr_expect_eq(at_time(50007, 80).offset, 77);
}
