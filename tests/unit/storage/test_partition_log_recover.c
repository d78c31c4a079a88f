/* What opening finds after a stop that was not orderly, and after damage. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log/partition_log.h"
#include "tests/support/storage/log_fixture.h"

#define LOG_FILE  LOG_FIXTURE_DIRECTORY "/00000000000000000000.log"
#define INDEX     LOG_FIXTURE_DIRECTORY "/00000000000000000000.index"
#define TIMEINDEX LOG_FIXTURE_DIRECTORY "/00000000000000000000.timeindex"
#define CHECKSUMS LOG_FIXTURE_DIRECTORY "/00000000000000000000.checksums"

static struct log_fixture fixture;
static uint8_t memory[1024 * 1024];

static void setup(void)
{
    log_fixture_init(&fixture, 1);
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
}

TestSuite(recovery, .init = setup, .fini = teardown);

static void open_log(void)
{
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK, "%s", fixture.error.text);
}

static void append_many(int count)
{
    for (int i = 0; i < count; i++) {
        struct append_result result = log_fixture_append(&fixture, &BATCH_PLAIN);
        cr_assert_eq(result.decision, APPEND_ACCEPTED, "%s", result.error.text);
    }
}

static void write_file(const char *path, const void *content, size_t size)
{
    struct file_system *files = simulated_disk_files(fixture.disk);
    cr_assert_eq(file_replace_whole(files, path, (struct bytes){content, size}, &fixture.error),
                 STATUS_OK);
}

static void remove_file(const char *path)
{
    struct file_system *files = simulated_disk_files(fixture.disk);
    cr_assert_eq(files->remove(files, path, &fixture.error), STATUS_OK, "%s", path);
}

static size_t read_all(int64_t offset)
{
    struct log_read_result result;
    size_t size = 0;
    cr_assert_eq(
        log_fixture_read(&fixture, offset, sizeof memory, memory, sizeof memory, &size, &result),
        STATUS_OK, "%s", fixture.error.text);
    return size;
}

Test(recovery, a_torn_tail_behind_the_recovery_point_is_cut)
{
    open_log();
    append_many(100);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    struct bytes whole = simulated_disk_content(fixture.disk, LOG_FILE);
    size_t size = whole.size;
    uint8_t *copy = malloc(size);
    memcpy(copy, whole.data, size);
    write_file(LOG_FILE, copy, size - 10);
    free(copy);
    fixture.options.was_clean = false;
    fixture.options.recovery_point = 90;
    open_log();
    cr_expect(fixture.report.scanned);
    cr_expect_not(fixture.report.corrupt);
    cr_expect_eq(partition_log_end_offset(fixture.log), 99);
    cr_expect_eq(fixture.report.torn_bytes, size / 100 - 10);
    cr_expect_eq(log_fixture_append(&fixture, &BATCH_PLAIN).base_offset, 99);
    cr_expect_eq(read_all(0), size);
}

Test(recovery, a_flipped_bit_below_the_recovery_point_is_damage_and_never_cut)
{
    open_log();
    append_many(100);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    struct bytes whole = simulated_disk_content(fixture.disk, LOG_FILE);
    size_t size = whole.size;
    /* In the part that the scan reads: behind the last index entry, before the recovery point. */
    simulated_disk_flip_bit(fixture.disk, LOG_FILE, size - 3 * (size / 100) + 8, 3);
    fixture.options.was_clean = false;
    fixture.options.recovery_point = 100;
    open_log();
    cr_expect(fixture.report.corrupt);
    cr_expect_eq(fixture.report.corrupt_offset, 97);
    cr_expect_eq(partition_log_end_offset(fixture.log), 97);
    cr_expect_eq(simulated_disk_content(fixture.disk, LOG_FILE).size, size);

    struct append_result result = log_fixture_append(&fixture, &BATCH_PLAIN);
    cr_expect_eq(result.decision, APPEND_FAILED);
    cr_expect_str_eq(result.error.text, "/data/topic-0 is damaged at offset 97 and takes no more");
    cr_expect_eq(read_all(0), size / 100 * 97);
    struct log_read_result read;
    size_t count;
    cr_expect_eq(log_fixture_read(&fixture, 97, 1000, memory, sizeof memory, &count, &read),
                 STATUS_CORRUPT);
}

Test(recovery, a_quarantine_outlives_an_orderly_stop_and_ends_with_a_restart)
{
    open_log();
    append_many(50);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    size_t size = simulated_disk_content(fixture.disk, LOG_FILE).size;
    simulated_disk_flip_bit(fixture.disk, LOG_FILE, size - size / 50 + 16, 3);
    fixture.options.was_clean = false;
    open_log();
    cr_expect(fixture.report.corrupt);
    cr_expect_eq(log_fixture_close(&fixture), STATUS_OK);
    fixture.options.was_clean = true;
    open_log();
    cr_expect(fixture.report.corrupt);
    cr_expect_eq(partition_log_end_offset(fixture.log), 49);
    cr_assert_eq(partition_log_restart_at(fixture.log, 60, &fixture.error), STATUS_OK);
    cr_expect_eq(log_fixture_append(&fixture, &BATCH_PLAIN).base_offset, 60);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    open_log();
    cr_expect_not(fixture.report.corrupt);
    cr_expect_eq(partition_log_end_offset(fixture.log), 61);
}

Test(recovery, a_header_that_the_batch_s_checksum_does_not_cover_is_covered_by_its_block_s)
{
    open_log();
    append_many(100);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    size_t batch_size = simulated_disk_content(fixture.disk, LOG_FILE).size / 100;
    /* The leader epoch of a batch in the last complete block. */
    size_t block = simulated_disk_content(fixture.disk, LOG_FILE).size / 4096 - 1;
    size_t batch = block * 4096 / batch_size + 1;
    simulated_disk_flip_bit(fixture.disk, LOG_FILE, batch * batch_size + 15, 0);
    remove_file(INDEX); /* So that the scan begins at the beginning. */
    fixture.options.was_clean = false;
    fixture.options.recovery_point = 100;
    open_log();
    cr_expect(fixture.report.corrupt);
    cr_expect_leq(fixture.report.corrupt_offset, (int64_t)batch);
    cr_expect_geq(fixture.report.corrupt_offset, (int64_t)(batch - 4096 / batch_size - 1));
}

Test(recovery, indexes_that_are_missing_or_nonsense_are_built_anew)
{
    static const char *const paths[] = {INDEX, TIMEINDEX, CHECKSUMS,
                                        LOG_FIXTURE_DIRECTORY "/leader-epoch-checkpoint",
                                        LOG_FIXTURE_DIRECTORY "/00000000000000000300.snapshot"};
    open_log();
    append_many(300);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    uint8_t nonsense[999];
    memset(nonsense, 0x5a, sizeof nonsense);
    for (int clean = 0; clean < 2; clean++) {
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
            for (int kind = 0; kind < 3; kind++) {
                if (kind == 0) {
                    remove_file(paths[i]);
                } else {
                    write_file(paths[i], nonsense, kind == 1 ? sizeof nonsense : 0);
                }
                fixture.options.was_clean = clean == 1;
                open_log();
                cr_expect_not(fixture.report.corrupt, "%s %d: ", paths[i], kind);
                cr_expect_eq(partition_log_end_offset(fixture.log), 300);
                cr_expect_gt(read_all(0), 300 * 100);
                cr_expect_gt(read_all(299), 100);
                cr_assert_eq(log_fixture_close(&fixture), STATUS_OK, "%s", fixture.error.text);
            }
        }
    }
}

/* As Kafka leaves them after kill -9: as long as segment.index.bytes, zeros at the end. */
Test(recovery, preallocated_index_files_are_accepted)
{
    open_log();
    append_many(300);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    static const char *const paths[] = {INDEX, TIMEINDEX};
    for (size_t i = 0; i < 2; i++) {
        struct bytes content = simulated_disk_content(fixture.disk, paths[i]);
        uint8_t *padded = calloc(1, 64 * 1024);
        memcpy(padded, content.data, content.size);
        write_file(paths[i], padded, 64 * 1024);
        free(padded);
    }
    fixture.options.was_clean = false;
    fixture.options.recovery_point = 0;
    open_log();
    cr_expect_eq(partition_log_end_offset(fixture.log), 300);
    cr_expect_lt(simulated_disk_content(fixture.disk, INDEX).size, 4096);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    fixture.options.was_clean = true;
    open_log();
    cr_expect_not(fixture.report.scanned);
    cr_expect_gt(read_all(250), 50 * 100);
}

Test(recovery, zeros_behind_the_last_batch_are_the_end_and_no_damage)
{
    open_log();
    append_many(10);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    struct bytes content = simulated_disk_content(fixture.disk, LOG_FILE);
    size_t size = content.size;
    uint8_t *padded = calloc(1, 100 * 1024);
    memcpy(padded, content.data, size);
    write_file(LOG_FILE, padded, 100 * 1024);
    free(padded);
    fixture.options.was_clean = false;
    open_log();
    cr_expect_not(fixture.report.corrupt);
    cr_expect_eq(fixture.report.torn_bytes, 0);
    cr_expect_eq(partition_log_end_offset(fixture.log), 10);
    cr_expect_eq(partition_log_size(fixture.log), size);
}

Test(recovery, only_what_lies_behind_the_recovery_point_is_read)
{
    fixture.options.config.segment_bytes = 64 * 1024;
    open_log();
    append_many(3000);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    fixture.options.was_clean = false;
    open_log();
    cr_expect(fixture.report.scanned);
    cr_expect_lt(fixture.report.scanned_bytes, 3 * 4096);
    cr_expect_eq(partition_log_end_offset(fixture.log), 3000);
}

Test(recovery, the_topic_id_of_the_directory_counts)
{
    struct uuid id = {{1, 2, 3}};
    fixture.options.topic_id = id;
    open_log();
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    fixture.options.topic_id = (struct uuid){{0}};
    open_log();
    cr_expect(uuid_equal(partition_log_topic_id(fixture.log), id));
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
    fixture.options.topic_id = (struct uuid){{9}};
    cr_expect_eq(log_fixture_open(&fixture), STATUS_INVALID);
}

/* Fails one call after the other through a whole life. Whatever fails is told, and what was
 * flushed before is there afterwards. */
static void every_failure(enum status kind, enum write_engine engine)
{
    for (uint64_t nth = 1;; nth++) {
        cr_assert_lt(nth, 2000, "the loop must end");
        log_fixture_clear(&fixture);
        log_fixture_init(&fixture, nth);
        fixture.context.segment_files.engine_default = engine;
        fixture.options.config.segment_bytes = 8192;
        simulated_disk_fail_call(fixture.disk, nth, kind);
        uint64_t last = simulated_disk_calls(fixture.disk) + nth;
        int64_t flushed = 0;
        bool failed = log_fixture_open(&fixture) != STATUS_OK;
        for (int i = 0; i < 80 && !failed; i++) {
            failed = log_fixture_append(&fixture, &BATCH_PLAIN).decision != APPEND_ACCEPTED;
            if (!failed && i % 9 == 8) {
                failed = log_fixture_flush(&fixture) != STATUS_OK;
                flushed = partition_log_flushed_offset(fixture.log);
            }
        }
        if (!failed) {
            flushed = partition_log_end_offset(fixture.log);
            failed = log_fixture_close(&fixture) != STATUS_OK;
            flushed = failed ? 0 : flushed;
        }
        bool is_over = simulated_disk_calls(fixture.disk) < last;
        simulated_disk_fail_call(fixture.disk, 0, STATUS_OK);
        log_fixture_crash(&fixture, nth);
        open_log();
        cr_expect_not(fixture.report.corrupt, "call %u", (unsigned)nth);
        cr_assert_geq(partition_log_end_offset(fixture.log), flushed, "call %u", (unsigned)nth);
        if (is_over) {
            cr_expect_not(failed);
            break;
        }
    }
}

Test(recovery, every_disk_failure_is_survived_with_direct_writes)
{
    every_failure(STATUS_IO, WRITE_ENGINE_DIRECT);
}

Test(recovery, every_disk_failure_is_survived_with_buffered_writes)
{
    every_failure(STATUS_IO, WRITE_ENGINE_BUFFERED);
}

Test(recovery, every_moment_of_a_full_disk_is_survived)
{
    every_failure(STATUS_NO_SPACE, WRITE_ENGINE_DIRECT);
    every_failure(STATUS_NO_SPACE, WRITE_ENGINE_BUFFERED);
}
