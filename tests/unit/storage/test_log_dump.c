#include "storage/log/log_dump.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/storage/log_fixture.h"

#define SEGMENT LOG_FIXTURE_DIRECTORY "/00000000000000000000"

static struct log_fixture fixture;
static struct log_dump_summary summary;

/* A closed log of one segment: 100 batches, an aborted transaction, a producer. */
static void setup(void)
{
    log_fixture_init(&fixture, 1);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    struct batch_recipe recipe = BATCH_PLAIN;
    for (int i = 0; i < 100; i++) {
        recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + i * 7 % 50;
        cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
    }
    recipe.producer_id = 9;
    recipe.producer_epoch = 0;
    recipe.base_sequence = 0;
    recipe.is_transactional = true;
    log_fixture_append(&fixture, &recipe);
    log_fixture_append_marker(&fixture, 9, 0, CONTROL_RECORD_ABORT, 1);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
}

TestSuite(log_dump, .init = setup, .fini = teardown);

struct seen {
    unsigned count;
    char problem[128];
    struct log_dump_piece last;
};

static bool see(void *context, const struct log_dump_piece *piece)
{
    struct seen *seen = context;
    seen->count++;
    seen->last = *piece;
    if (piece->problem != NULL && seen->problem[0] == '\0') {
        snprintf(seen->problem, sizeof seen->problem, "%s", piece->problem);
    }
    return true;
}

static struct seen dump(const char *path)
{
    struct seen seen = {0};
    cr_assert_eq(log_dump(simulated_disk_files(fixture.disk), path, true, see, &seen, &summary,
                          &fixture.error),
                 STATUS_OK, "%s", fixture.error.text);
    cr_expect_eq(seen.count, summary.pieces_count);
    return seen;
}

Test(log_dump, what_we_write_is_without_fault)
{
    static const struct {
        const char *path;
        enum log_dump_kind kind;
        unsigned pieces_min;
    } cases[] = {
        {SEGMENT ".log", LOG_DUMP_SEGMENT, 102},
        {SEGMENT ".index", LOG_DUMP_OFFSET_INDEX, 3},
        {SEGMENT ".timeindex", LOG_DUMP_TIME_INDEX, 1},
        {SEGMENT ".txnindex", LOG_DUMP_ABORTED_INDEX, 1},
        {SEGMENT ".checksums", LOG_DUMP_CHECKSUMS, 4},
        {LOG_FIXTURE_DIRECTORY "/00000000000000000102.snapshot", LOG_DUMP_SNAPSHOT, 1},
        {LOG_FIXTURE_DIRECTORY "/leader-epoch-checkpoint", LOG_DUMP_EPOCHS, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = dump(cases[i].path);
        cr_expect_eq(summary.kind, cases[i].kind);
        cr_expect_geq(seen.count, cases[i].pieces_min, "%s: %u", cases[i].path, seen.count);
        cr_expect_eq(summary.problems_count, 0, "%s: %s%s", cases[i].path, seen.problem,
                     summary.problem);
        cr_expect_eq(summary.end_position, summary.size);
    }
}

Test(log_dump, the_time_index_ends_in_the_largest_timestamp)
{
    struct seen seen = dump(SEGMENT ".timeindex");
    cr_expect_eq(seen.last.time_entry.timestamp_ms, LOG_FIXTURE_NOW_MS + 49);
}

Test(log_dump, a_flipped_bit_in_a_batch_and_in_a_header_is_seen)
{
    simulated_disk_flip_bit(fixture.disk, SEGMENT ".log", 200, 1);
    struct seen seen = dump(SEGMENT ".log");
    cr_expect_eq(summary.pieces_count, 102, "the walk goes on");
    cr_expect_geq(summary.problems_count, 1);
    cr_expect_str_eq(seen.problem, "checksum does not match the content of the batch");

    simulated_disk_flip_bit(fixture.disk, SEGMENT ".log", 200, 1);
    simulated_disk_flip_bit(fixture.disk, SEGMENT ".log", 15, 0); /* A leader epoch. */
    seen = dump(SEGMENT ".log");
    cr_expect_eq(summary.problems_count, 1);
    cr_expect_str_eq(seen.problem, "a block that ends in this batch does not match its checksum");
}

Test(log_dump, a_segment_that_breaks_off_says_where)
{
    struct file_system *files = simulated_disk_files(fixture.disk);
    struct file *file = NULL;
    cr_assert_eq(files->open(files, SEGMENT ".log", FILE_WRITE, &file, &fixture.error), STATUS_OK);
    cr_assert_eq(files->truncate(file, 1000, &fixture.error), STATUS_OK);
    file_release(file);
    dump(SEGMENT ".log");
    cr_expect_eq(summary.problems_count, 1);
    cr_expect_lt(summary.end_position, 1000);
    cr_expect_not_null(strstr(summary.problem, "batch length is larger than the bytes"));
}

Test(log_dump, index_entries_are_compared_with_the_segment)
{
    simulated_disk_flip_bit(fixture.disk, SEGMENT ".index", 7, 2);
    struct seen seen = dump(SEGMENT ".index");
    cr_expect_geq(summary.problems_count, 1);
    cr_expect_not_null(strstr(seen.problem, "batch"));
    simulated_disk_flip_bit(fixture.disk, SEGMENT ".timeindex", 7, 0);
    seen = dump(SEGMENT ".timeindex");
    cr_expect_geq(summary.problems_count, 1);
    cr_expect_str_eq(seen.problem, "the batch of the offset has another largest timestamp");
}

Test(log_dump, a_damaged_snapshot_is_a_bad_end)
{
    simulated_disk_flip_bit(fixture.disk, LOG_FIXTURE_DIRECTORY "/00000000000000000102.snapshot",
                            20, 2);
    dump(LOG_FIXTURE_DIRECTORY "/00000000000000000102.snapshot");
    cr_expect_eq(summary.pieces_count, 0);
    cr_expect_eq(summary.problems_count, 1);
    cr_expect_not_null(strstr(summary.problem, "checksum"));
}

Test(log_dump, names_say_what_a_file_is)
{
    static const struct {
        const char *path;
        enum log_dump_kind kind;
        int64_t base_offset;
    } cases[] = {
        {"00000000000000000012.log", LOG_DUMP_SEGMENT, 12},
        {"/a/b-0/00000000000000000012.log.deleted", LOG_DUMP_SEGMENT, 12},
        {"x/00000000000000000012.timeindex", LOG_DUMP_TIME_INDEX, 12},
        {"x/00000000000000000012.logs", LOG_DUMP_UNKNOWN, -1},
        {"x/replication-offset-checkpoint", LOG_DUMP_OFFSETS, -1},
        {"x/leader-epoch-checkpoint", LOG_DUMP_EPOCHS, -1},
        {"12.log", LOG_DUMP_UNKNOWN, -1},
        {"", LOG_DUMP_UNKNOWN, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t base_offset = 0;
        cr_expect_eq(log_dump_kind_of(cases[i].path, &base_offset), cases[i].kind, "%s",
                     cases[i].path);
        cr_expect_eq(base_offset, cases[i].base_offset, "%s", cases[i].path);
    }
    struct file_system *files = simulated_disk_files(fixture.disk);
    cr_expect_eq(file_replace_whole(files, "/data/x", BYTES_NULL, &fixture.error), STATUS_OK);
    cr_expect_eq(log_dump(files, "/data/x", true, NULL, NULL, &summary, &fixture.error),
                 STATUS_UNSUPPORTED);
    cr_expect_eq(log_dump(files, "/data/nothing", true, NULL, NULL, &summary, &fixture.error),
                 STATUS_NOT_FOUND);
    cr_expect_str_eq(log_dump_kind_text(LOG_DUMP_ABORTED_INDEX), "transaction index");
}
