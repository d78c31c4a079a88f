#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "storage/log/block_checksums.h"
#include "storage/log/segment_verify.h"
#include "tests/support/storage/log_fixture.h"

#define BASE LOG_FIXTURE_DIRECTORY "/00000000000000000000"

static struct log_fixture fixture;
static struct compression_context *codecs;
static struct compression_buffer buffer;
static char findings[4096];

static void setup(void)
{
    log_fixture_init(&fixture, 1);
    fixture.options.config.index_interval_bytes = 1000;
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    codecs = compression_context_create();
    compression_buffer_init(&buffer);
    findings[0] = '\0';
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
    compression_context_destroy(codecs);
    compression_buffer_clear(&buffer);
}

TestSuite(segment_verify, .init = setup, .fini = teardown);

/* Batches of three records, timestamps ascending; then an orderly stop. */
static void write_segment(int batches, enum compression_codec codec)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 3;
    recipe.value_size = 200;
    recipe.codec = codec;
    for (int i = 0; i < batches; i++) {
        recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + i * 10;
        cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
    }
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
}

static void note(void *context, const char *path, const char *sentence)
{
    size_t used = strlen(findings);
    const char *suffix = strrchr(path, '.');
    (void)context;
    snprintf(findings + used, sizeof findings - used, "%s: %s\n", suffix, sentence);
}

static struct segment_verification verify_at(const char *path, enum status expected)
{
    struct record_decompression decompression = {codecs, &buffer, 1 << 20};
    struct segment_verification verification = {
        .files = simulated_disk_files(fixture.disk),
        .path = path,
        .decompression = &decompression,
        .find = note,
    };
    cr_assert_eq(segment_verify(&verification, &fixture.error), expected, "%s", fixture.error.text);
    return verification;
}

static struct file *open_file(const char *path)
{
    struct file_system *files = simulated_disk_files(fixture.disk);
    struct file *file = NULL;
    cr_assert_eq(files->open(files, path, FILE_WRITE, &file, &fixture.error), STATUS_OK, "%s",
                 fixture.error.text);
    return file;
}

/* Flips one bit. */
static void damage(const char *path, uint64_t position)
{
    struct file *file = open_file(path);
    uint8_t byte;
    size_t count;
    cr_assert_eq(file->files->read(file, position, &byte, 1, &count, &fixture.error), STATUS_OK);
    cr_assert_eq(count, 1);
    byte ^= 1;
    cr_assert_eq(file->files->write(file, position, &byte, 1, &fixture.error), STATUS_OK);
    file_release(file);
}

static void truncate_file(const char *path, uint64_t size)
{
    struct file *file = open_file(path);
    cr_assert_eq(file->files->truncate(file, size, &fixture.error), STATUS_OK);
    file_release(file);
}

static void expect_finding(const char *text)
{
    cr_assert_not_null(strstr(findings, text), "'%s' is not in: %s", text, findings);
}

Test(segment_verify, finds_nothing_in_what_a_log_wrote)
{
    write_segment(20, COMPRESSION_NONE);
    struct segment_verification found = verify_at(BASE ".log", STATUS_OK);
    cr_assert_str_eq(findings, "");
    cr_assert_eq(found.findings_count, 0);
    cr_assert_eq(found.batches_count, 20);
    cr_assert_eq(found.records_count, 60);
    cr_assert_eq(found.next_offset, 60);
    cr_assert_gt(found.index_entries_count, 10);
    cr_assert_eq(found.blocks_known_count, (int64_t)(found.size / CHECKSUM_BLOCK_SIZE));
    cr_assert_gt(found.blocks_known_count, 0);
}

Test(segment_verify, looks_into_compressed_batches)
{
    write_segment(5, COMPRESSION_ZSTD);
    cr_assert_eq(verify_at(BASE ".log", STATUS_OK).records_count, 15);
    cr_assert_str_eq(findings, "");
}

Test(segment_verify, does_without_the_derived_files)
{
    struct file_system *files = simulated_disk_files(fixture.disk);
    write_segment(20, COMPRESSION_NONE);
    cr_assert_eq(files->remove(files, BASE ".index", &fixture.error), STATUS_OK);
    cr_assert_eq(files->remove(files, BASE ".timeindex", &fixture.error), STATUS_OK);
    cr_assert_eq(files->remove(files, BASE ".checksums", &fixture.error), STATUS_OK);
    struct segment_verification found = verify_at(BASE ".log", STATUS_OK);
    cr_assert_str_eq(findings, "");
    cr_assert_eq(found.index_entries_count, 0);
    cr_assert_eq(found.blocks_known_count, 0);
}

Test(segment_verify, finds_a_batch_whose_checksum_is_wrong)
{
    write_segment(3, COMPRESSION_NONE);
    damage(BASE ".log", 100);
    struct segment_verification found = verify_at(BASE ".log", STATUS_OK);
    expect_finding(".log: ");
    expect_finding("checksum does not match");
    cr_assert_eq(found.batches_count, 0);
}

Test(segment_verify, finds_a_bit_that_no_crc_covers_by_the_block)
{
    write_segment(20, COMPRESSION_NONE);
    damage(BASE ".log", 15); /* The leader epoch. */
    verify_at(BASE ".log", STATUS_OK);
    expect_finding(".log: block 0 (positions 0 to 4095)");
}

Test(segment_verify, zeros_behind_the_batches_are_no_damage)
{
    write_segment(3, COMPRESSION_NONE);
    truncate_file(BASE ".log", 65536);
    struct segment_verification found = verify_at(BASE ".log", STATUS_OK);
    cr_assert_str_eq(findings, "");
    cr_assert_lt(found.size, 65536);
}

Test(segment_verify, finds_a_cut_batch)
{
    write_segment(3, COMPRESSION_NONE);
    uint64_t size = verify_at(BASE ".log", STATUS_OK).size;
    truncate_file(BASE ".log", size - 1);
    verify_at(BASE ".log", STATUS_OK);
    expect_finding("batch length is larger than the bytes that are there");
}

Test(segment_verify, finds_a_position_where_no_batch_begins)
{
    write_segment(20, COMPRESSION_NONE);
    damage(BASE ".index", 7);
    verify_at(BASE ".log", STATUS_OK);
    expect_finding(".index: entry 0: no batch begins at position");
}

Test(segment_verify, finds_an_offset_that_is_not_the_batchs)
{
    write_segment(20, COMPRESSION_NONE);
    damage(BASE ".index", 2); /* 65536 more than it was: the entries behind do not ascend. */
    verify_at(BASE ".log", STATUS_OK);
    expect_finding(".index: entry 0 says offset ");
    expect_finding(".index: entry 1 does not ascend");
}

Test(segment_verify, finds_a_timestamp_that_no_batch_has)
{
    write_segment(20, COMPRESSION_NONE);
    damage(BASE ".timeindex", 7);
    verify_at(BASE ".log", STATUS_OK);
    expect_finding(".timeindex: entry 0 says timestamp ");
}

Test(segment_verify, finds_entries_behind_the_end)
{
    write_segment(20, COMPRESSION_NONE);
    uint64_t size = verify_at(BASE ".log", STATUS_OK).size;
    truncate_file(BASE ".log", size / 20 * 2);
    verify_at(BASE ".log", STATUS_OK);
    expect_finding(".index: entry ");
    expect_finding(".timeindex: ");
    expect_finding("entries point behind the last batch");
}

Test(segment_verify, a_name_that_is_no_segments_is_refused)
{
    write_segment(1, COMPRESSION_NONE);
    verify_at(LOG_FIXTURE_DIRECTORY "/orders.log", STATUS_INVALID);
    verify_at(BASE ".index", STATUS_INVALID);
    verify_at(LOG_FIXTURE_DIRECTORY "/00000000000000000007.log", STATUS_NOT_FOUND);
}

Test(segment_verify, any_failing_call_is_told_and_nothing_is_left_open)
{
    write_segment(20, COMPRESSION_NONE);
    for (uint64_t call = 1;; call++) {
        struct record_decompression decompression = {codecs, &buffer, 1 << 20};
        struct segment_verification verification = {
            .files = simulated_disk_files(fixture.disk),
            .path = BASE ".log",
            .decompression = &decompression,
            .find = note,
        };
        uint64_t before = simulated_disk_calls(fixture.disk);
        simulated_disk_fail_call(fixture.disk, call, STATUS_IO);
        enum status status = segment_verify(&verification, &fixture.error);
        if (simulated_disk_calls(fixture.disk) - before < call) {
            cr_assert_eq(status, STATUS_OK);
            cr_assert_gt(call, 5);
            return;
        }
        cr_assert_eq(status, STATUS_IO, "call %d", (int)call);
    }
}
