#include "storage/log/partition_log.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/storage/log_fixture.h"

static struct log_fixture fixture;
static uint8_t memory[4 * 1024 * 1024];

static void setup(void)
{
    log_fixture_init(&fixture, 1);
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
}

TestSuite(partition_log, .init = setup, .fini = teardown);

/* Reads the whole log from `offset` and checks that batches follow each other. Returns the offset
 * behind the last one. */
static int64_t walk(int64_t offset)
{
    for (;;) {
        struct log_read_result result;
        size_t size = 0;
        cr_assert_eq(
            log_fixture_read(&fixture, offset, 64 * 1024, memory, sizeof memory, &size, &result),
            STATUS_OK, "%s", fixture.error.text);
        if (size == 0) {
            return offset;
        }
        struct record_batch_run run = record_batch_run_over((struct bytes){memory, size});
        struct record_batch_header header;
        enum record_batch_decision decision;
        struct bytes batch;
        while (record_batch_run_next(&run, &batch, &header, &decision)) {
            cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
            cr_assert_leq(header.base_offset, offset);
            cr_assert_geq(record_batch_last_offset(&header), offset);
            offset = record_batch_next_offset(&header);
        }
        cr_assert_eq(decision, RECORD_BATCH_OK);
        cr_assert_eq(offset, result.next_offset);
    }
}

Test(partition_log, a_new_log_is_empty)
{
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK, "%s", fixture.error.text);
    cr_expect_eq(partition_log_start_offset(fixture.log), 0);
    cr_expect_eq(partition_log_end_offset(fixture.log), 0);
    cr_expect_eq(partition_log_flushed_offset(fixture.log), 0);
    cr_expect_eq(partition_log_latest_epoch(fixture.log), -1);
    cr_expect_eq(walk(0), 0);
}

Test(partition_log, appends_get_offsets_and_are_read_before_they_are_flushed)
{
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 3;
    struct append_result result = log_fixture_append(&fixture, &recipe);
    cr_assert_eq(result.decision, APPEND_ACCEPTED, "%s", result.error.text);
    cr_expect_eq(result.base_offset, 0);
    cr_expect_eq(result.last_offset, 2);
    result = log_fixture_append(&fixture, &recipe);
    cr_expect_eq(result.base_offset, 3);
    cr_expect_eq(partition_log_end_offset(fixture.log), 6);
    cr_expect_eq(partition_log_flushed_offset(fixture.log), 0);
    cr_expect_eq(walk(0), 6);
    cr_expect_eq(walk(4), 6);
}

Test(partition_log, a_flush_moves_the_flushed_offset)
{
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    log_fixture_append(&fixture, &BATCH_PLAIN);
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    cr_expect_eq(partition_log_flushed_offset(fixture.log), 1);
    cr_expect_eq(partition_log_recovery_point(fixture.log), 1);
}

Test(partition_log, a_closed_log_opens_without_a_scan)
{
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    for (int i = 0; i < 200; i++) {
        log_fixture_append(&fixture, &BATCH_PLAIN);
    }
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK, "%s", fixture.error.text);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK, "%s", fixture.error.text);
    cr_expect_not(fixture.report.scanned);
    cr_expect_eq(partition_log_end_offset(fixture.log), 200);
    cr_expect_eq(walk(0), 200);
    cr_expect_eq(log_fixture_append(&fixture, &BATCH_PLAIN).base_offset, 200);
    cr_expect_eq(walk(150), 201);
}

Test(partition_log, what_was_flushed_survives_a_power_cut)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        log_fixture_clear(&fixture);
        log_fixture_init(&fixture, seed);
        fixture.options.config.segment_bytes = 4096;
        cr_assert_eq(log_fixture_open(&fixture), STATUS_OK, "%s", fixture.error.text);
        for (int i = 0; i < 100; i++) {
            cr_assert_eq(log_fixture_append(&fixture, &BATCH_PLAIN).decision, APPEND_ACCEPTED);
            if (i % 7 == 0) {
                cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
                fixture.options.recovery_point = partition_log_recovery_point(fixture.log);
            }
        }
        int64_t flushed = partition_log_flushed_offset(fixture.log);
        log_fixture_crash(&fixture, seed);
        cr_assert_eq(log_fixture_open(&fixture), STATUS_OK, "%s", fixture.error.text);
        cr_expect(fixture.report.scanned);
        cr_expect_not(fixture.report.corrupt, "seed %u", (unsigned)seed);
        cr_assert_geq(partition_log_end_offset(fixture.log), flushed, "seed %u", (unsigned)seed);
        cr_expect_eq(walk(0), partition_log_end_offset(fixture.log));
    }
}
