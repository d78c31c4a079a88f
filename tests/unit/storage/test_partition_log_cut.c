#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "storage/log/partition_log.h"
#include "tests/support/storage/log_fixture.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static struct log_fixture fixture;

static void setup(void)
{
    log_fixture_init(&fixture, 1);
    fixture.options.config.segment_bytes = 1700;
    fixture.options.config.retention_ms = -1;
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
}

TestSuite(partition_log_cut, .init = setup, .fini = teardown);

/* Batches of one record; ten to a segment. */
static void append_many(int count, int64_t timestamp_ms)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = 93; /* 170 bytes with header and key. */
    recipe.timestamp_ms = timestamp_ms;
    for (int i = 0; i < count; i++) {
        struct append_result result = log_fixture_append(&fixture, &recipe);
        cr_assert_eq(result.decision, APPEND_ACCEPTED, "%s", result.error.text);
    }
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    partition_log_set_high_watermark(fixture.log, partition_log_end_offset(fixture.log));
}

static bool exists(const char *name)
{
    struct file_system *files = simulated_disk_files(fixture.disk);
    struct file_status status;
    struct error error;
    char path[128];
    snprintf(path, sizeof path, "%s/%s", LOG_FIXTURE_DIRECTORY, name);
    return files->stat(files, path, &status, &error) == STATUS_OK;
}

static unsigned apply(int64_t now_ms)
{
    unsigned deleted = 99;
    cr_assert_eq(partition_log_apply_retention(fixture.log, now_ms, &deleted, &fixture.error),
                 STATUS_OK, "%s", fixture.error.text);
    return deleted;
}

static void set_retention(int64_t retention_ms, int64_t retention_bytes)
{
    struct log_config config = *partition_log_config(fixture.log);
    config.retention_ms = retention_ms;
    config.retention_bytes = retention_bytes;
    partition_log_set_config(fixture.log, &config);
}

Test(partition_log_cut, old_segments_go_in_two_steps)
{
    append_many(10, LOG_FIXTURE_NOW_MS);
    append_many(15, LOG_FIXTURE_NOW_MS + 1000);
    set_retention(DAY_MS, -1);
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS + DAY_MS), 0);
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS + DAY_MS + 1), 1);
    cr_expect_eq(partition_log_start_offset(fixture.log), 10);
    cr_expect_eq(partition_log_end_offset(fixture.log), 25);
    cr_expect_not(exists("00000000000000000000.log"));
    cr_expect(exists("00000000000000000000.log.deleted"));
    cr_assert_eq(
        partition_log_remove_deleted(fixture.log, LOG_FIXTURE_NOW_MS + 59999, &fixture.error),
        STATUS_OK);
    cr_expect(exists("00000000000000000000.log.deleted"), "not before its delay");
    cr_assert_eq(
        partition_log_remove_deleted(fixture.log, LOG_FIXTURE_NOW_MS + 60000, &fixture.error),
        STATUS_OK);
    cr_expect_not(exists("00000000000000000000.log.deleted"));
    cr_expect(exists("00000000000000000010.log"));
}

Test(partition_log_cut, when_everything_has_expired_an_empty_segment_goes_on_at_the_end)
{
    append_many(25, LOG_FIXTURE_NOW_MS);
    set_retention(1000, -1);
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS + 5000), 3);
    cr_expect_eq(partition_log_start_offset(fixture.log), 25);
    cr_expect_eq(partition_log_end_offset(fixture.log), 25);
    cr_expect_eq(partition_log_size(fixture.log), 0);
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS + 9000), 0);
    append_many(1, LOG_FIXTURE_NOW_MS);
    cr_expect_eq(partition_log_end_offset(fixture.log), 26);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    cr_expect_eq(partition_log_start_offset(fixture.log), 25);
    cr_expect_eq(partition_log_end_offset(fixture.log), 26);
}

Test(partition_log_cut, size_keeps_at_least_the_limit)
{
    append_many(45, LOG_FIXTURE_NOW_MS);
    uint64_t size = partition_log_size(fixture.log);
    set_retention(-1, (int64_t)size / 2);
    unsigned deleted = apply(LOG_FIXTURE_NOW_MS);
    cr_expect_geq(deleted, 1);
    cr_expect_geq(partition_log_size(fixture.log), size / 2);
    cr_expect_lt(partition_log_size(fixture.log), size);
}

Test(partition_log_cut, nothing_above_the_high_watermark_goes)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = 93;
    for (int i = 0; i < 30; i++) {
        log_fixture_append(&fixture, &recipe);
    }
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    set_retention(0, 0);
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS + DAY_MS), 0);
    partition_log_set_high_watermark(fixture.log, 20);
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS + DAY_MS), 2);
}

Test(partition_log_cut, records_are_deleted_up_to_the_high_watermark)
{
    append_many(25, LOG_FIXTURE_NOW_MS);
    cr_expect_eq(partition_log_set_start_offset(fixture.log, 26, &fixture.error),
                 STATUS_OUT_OF_RANGE);
    cr_expect_str_eq(fixture.error.text, "/data/topic-0: start offset 26 is not in 0 to the high "
                                         "watermark 25");
    cr_expect_eq(partition_log_set_start_offset(fixture.log, 12, &fixture.error), STATUS_OK);
    cr_expect_eq(partition_log_start_offset(fixture.log), 12);
    cr_expect_eq(partition_log_set_start_offset(fixture.log, 5, &fixture.error), STATUS_OK);
    cr_expect_eq(partition_log_start_offset(fixture.log), 12, "it never goes back");
    cr_expect_eq(apply(LOG_FIXTURE_NOW_MS), 1);
    cr_expect_not(exists("00000000000000000000.index"));
}

Test(partition_log_cut, truncation_removes_batches_epochs_and_producers)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.producer_id = 5;
    recipe.producer_epoch = 0;
    for (int32_t i = 0; i < 30; i++) {
        recipe.base_sequence = i;
        cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
    }
    cr_assert_eq(partition_log_truncate(fixture.log, 12, &fixture.error), STATUS_OK, "%s",
                 fixture.error.text);
    cr_expect_eq(partition_log_end_offset(fixture.log), 12);
    cr_expect_eq(partition_log_flushed_offset(fixture.log), 12);
    recipe.base_sequence = 30;
    cr_expect_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_OUT_OF_ORDER_SEQUENCE);
    recipe.base_sequence = 11;
    cr_expect_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_DUPLICATE);
    recipe.base_sequence = 12;
    cr_expect_eq(log_fixture_append(&fixture, &recipe).base_offset, 12);
}

Test(partition_log_cut, a_crash_after_a_truncation_is_no_damage)
{
    append_many(25, LOG_FIXTURE_NOW_MS);
    fixture.options.recovery_point = 25;
    cr_assert_eq(partition_log_truncate(fixture.log, 7, &fixture.error), STATUS_OK);
    log_fixture_crash(&fixture, 1);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    cr_expect_not(fixture.report.corrupt);
    cr_expect_eq(partition_log_end_offset(fixture.log), 7);
}

Test(partition_log_cut, segments_roll_by_time_of_their_records)
{
    struct log_config config = *partition_log_config(fixture.log);
    config.segment_bytes = 1 << 20;
    config.segment_ms = 1000;
    partition_log_set_config(fixture.log, &config);
    append_many(3, LOG_FIXTURE_NOW_MS);
    append_many(1, LOG_FIXTURE_NOW_MS + 1000);
    cr_expect_eq(partition_log_active_base_offset(fixture.log), 0);
    append_many(1, LOG_FIXTURE_NOW_MS + 1001);
    cr_expect_eq(partition_log_active_base_offset(fixture.log), 4);
    fixture.clock.wall_ms += 5000;
    append_many(1, -1);
    cr_expect_eq(partition_log_active_base_offset(fixture.log), 5, "no record time: the clock's");
}

Test(partition_log_cut, aborted_transactions_are_found_and_the_stable_offset_waits)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.producer_id = 8;
    recipe.producer_epoch = 0;
    recipe.base_sequence = 0;
    recipe.is_transactional = true;
    log_fixture_append(&fixture, &recipe); /* 0 */
    append_many(3, LOG_FIXTURE_NOW_MS);    /* 1 to 3 */
    cr_expect_eq(partition_log_last_stable_offset(fixture.log), 0);
    struct append_result result =
        log_fixture_append_marker(&fixture, 8, 0, CONTROL_RECORD_ABORT, 1);
    cr_assert_eq(result.decision, APPEND_ACCEPTED, "%s", result.error.text);
    cr_expect_eq(partition_log_last_stable_offset(fixture.log), 0, "not committed yet");
    append_many(20, LOG_FIXTURE_NOW_MS);
    cr_expect_eq(partition_log_last_stable_offset(fixture.log), 25);

    for (int round = 0; round < 3; round++) {
        struct aborted_transaction found[4];
        size_t count = 0;
        cr_assert_eq(partition_log_aborted(fixture.log, 0, 25, found, 4, &count, &fixture.error),
                     STATUS_OK);
        cr_assert_eq(count, 1, "round %d", round);
        cr_expect_eq(found[0].producer_id, 8);
        cr_expect_eq(found[0].first_offset, 0);
        cr_assert_eq(partition_log_aborted(fixture.log, 5, 25, found, 4, &count, &fixture.error),
                     STATUS_OK);
        cr_expect_eq(count, 0);
        if (round == 0) {
            cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
            cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
        } else if (round == 1) {
            fixture.options.recovery_point = 0;
            log_fixture_crash(&fixture, 4);
            cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
        }
    }
}

Test(partition_log_cut, a_topic_s_codec_replaces_the_producer_s)
{
    struct log_config config = *partition_log_config(fixture.log);
    config.segment_bytes = 1 << 20;
    config.compression_codec = COMPRESSION_ZSTD;
    partition_log_set_config(fixture.log, &config);
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 50;
    recipe.codec = COMPRESSION_GZIP;
    struct append_result result = log_fixture_append(&fixture, &recipe);
    cr_assert_eq(result.decision, APPEND_ACCEPTED, "%s", result.error.text);
    cr_expect_eq(result.last_offset, 49);
    uint8_t memory[8192];
    size_t size;
    struct log_read_result read;
    cr_assert_eq(log_fixture_read(&fixture, 0, 8192, memory, sizeof memory, &size, &read),
                 STATUS_OK);
    struct record_batch_header header;
    cr_assert_eq(record_batch_verify((struct bytes){memory, size}, &header), RECORD_BATCH_OK);
    cr_expect_eq(record_batch_codec(&header), COMPRESSION_ZSTD);
    cr_expect_eq(header.record_count, 50);
    cr_expect_eq(header.max_timestamp, LOG_FIXTURE_NOW_MS + 49);
}

Test(partition_log_cut, append_time_is_assigned_and_the_checksum_follows)
{
    struct log_config config = *partition_log_config(fixture.log);
    config.timestamp_type = TIMESTAMP_LOG_APPEND_TIME;
    partition_log_set_config(fixture.log, &config);
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.timestamp_ms = 5;
    struct append_result result = log_fixture_append(&fixture, &recipe);
    cr_assert_eq(result.decision, APPEND_ACCEPTED);
    cr_expect_eq(result.log_append_time_ms, LOG_FIXTURE_NOW_MS);
    uint8_t memory[4096];
    size_t size;
    struct log_read_result read;
    cr_assert_eq(log_fixture_read(&fixture, 0, 4096, memory, sizeof memory, &size, &read),
                 STATUS_OK);
    struct record_batch_header header;
    cr_assert_eq(record_batch_verify((struct bytes){memory, size}, &header), RECORD_BATCH_OK);
    cr_expect(record_batch_is_append_time(&header));
    cr_expect_eq(header.max_timestamp, LOG_FIXTURE_NOW_MS);
}
