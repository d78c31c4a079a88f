#include <criterion/criterion.h>
#include <string.h>

#include "storage/io/checkpoint_file.h"
#include "storage/log/partition_files.h"
#include "tests/support/storage/log_fixture.h"
#include "tests/unit/tools/printed.h"
#include "tools/rollway/log_dump.h"

#define DIRECTORY LOG_FIXTURE_DIRECTORY
#define BASE      DIRECTORY "/00000000000000000000"

static struct log_fixture fixture;
static struct file_system *files;
static struct printed out;
static struct printed err;
static struct console console;
static struct log_dump dump;
static struct error error;

static void setup(void)
{
    log_fixture_init(&fixture, 1);
    files = simulated_disk_files(fixture.disk);
    printed_open(&out);
    printed_open(&err);
    console_init(&console, out.file, err.file, NULL);
    dump = (struct log_dump){.files = files, .console = &console};
}

static void teardown(void)
{
    log_fixture_clear(&fixture);
    printed_close(&out);
    printed_close(&err);
}

TestSuite(log_dump, .init = setup, .fini = teardown);

static void print(const char *path)
{
    cr_assert_eq(log_dump_file(&dump, path, &error), STATUS_OK, "%s", error.text);
}

static void expect(const char *text)
{
    cr_assert_not_null(strstr(printed_text(&out), text), "'%s' is not in: %s", text, out.text);
}

static void put_file(const char *path, const void *data, size_t size)
{
    struct file *file = NULL;
    cr_assert_eq(files->make_directory(files, DIRECTORY, &error), STATUS_OK);
    cr_assert_eq(files->open(files, path, FILE_WRITE | FILE_CREATE, &file, &error), STATUS_OK, "%s",
                 error.text);
    cr_assert_eq(files->write(file, 0, data, size, &error), STATUS_OK);
    file_release(file);
}

/* A log of one idempotent batch with three records, a transaction that was aborted, and a stop. */
static void write_log(void)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 3;
    recipe.value_size = 2;
    recipe.fill = 'v';
    recipe.producer_id = 7;
    recipe.producer_epoch = 1;
    recipe.base_sequence = 0;
    recipe.codec = COMPRESSION_LZ4;
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
    recipe.base_sequence = 3;
    recipe.is_transactional = true;
    cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
    cr_assert_eq(log_fixture_append_marker(&fixture, 7, 1, CONTROL_RECORD_ABORT, 0).decision,
                 APPEND_ACCEPTED);
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
}

Test(log_dump, knows_files_by_their_names)
{
    static const char *const KNOWN[] = {
        BASE ".log",
        BASE ".index",
        BASE ".timeindex",
        BASE ".txnindex",
        BASE ".snapshot",
        BASE ".checksums",
        "leader-epoch-checkpoint",
        "a/partition.metadata",
        "recovery-point-offset-checkpoint",
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        cr_assert(log_dump_knows(KNOWN[i]), "%s", KNOWN[i]);
    }
    cr_assert(!log_dump_knows("meta.properties"));
    cr_assert(!log_dump_knows(BASE ".log.deleted"));
}

Test(log_dump, batches_and_their_records)
{
    write_log();
    dump.with_records = true;
    print(BASE ".log");
    expect(BASE ".log: segment, ");
    expect("  batch  base_offset 0  last_offset 2  position 0  size ");
    expect("codec lz4  leader_epoch ");
    expect("producer_id 7  producer_epoch 1  base_sequence 0");
    expect("    record  offset 2  timestamp ");
    expect("value \"vv\"");
    expect("transactional true");
    expect("control true");
    expect("marker abort");
    expect("  summary  batches 3  records 7  size ");
    cr_assert_eq(dump.findings_count, 0);
}

Test(log_dump, quiet_leaves_the_summary)
{
    write_log();
    dump.quiet = true;
    dump.verify = true;
    print(BASE ".log");
    cr_assert_null(strstr(printed_text(&out), "  batch  "));
    expect("summary  batches 3  records 7");
    expect("findings 0");
}

Test(log_dump, json_is_one_object_for_each_item)
{
    write_log();
    console.is_json = true;
    dump.with_records = true;
    print(BASE ".log");
    size_t lines = 0;
    for (const char *line = printed_text(&out); *line != '\0'; line = strchr(line, '\n') + 1) {
        json_t *item = json_loadb(line, strcspn(line, "\n"), JSON_ALLOW_NUL, NULL);
        cr_assert(json_is_object(item), "%s", line);
        cr_assert_str_eq(json_string_value(json_object_get(item, "file")), BASE ".log");
        cr_assert(json_is_string(json_object_get(item, "kind")));
        json_decref(item);
        lines++;
    }
    cr_assert_eq(lines, 3 + 7 + 1);
}

Test(log_dump, damage_is_found_with_and_without_verification)
{
    write_log();
    struct file *file = NULL;
    uint8_t ones[8];
    memset(ones, 0xff, sizeof ones);
    cr_assert_eq(files->open(files, BASE ".log", FILE_WRITE, &file, &error), STATUS_OK);
    cr_assert_eq(files->write(file, 61, ones, sizeof ones, &error), STATUS_OK);
    file_release(file);
    dump.with_records = true;
    print(BASE ".log");
    expect("DAMAGED: " BASE ".log: ");
    cr_assert_eq(dump.findings_count, 1);
    dump.verify = true;
    print(BASE ".log");
    expect("checksum does not match");
    cr_assert_geq(dump.findings_count, 2);
    console.is_json = true;
    print(BASE ".log");
    expect("\"kind\":\"finding\"");
}

Test(log_dump, the_files_beside_a_segment)
{
    write_log();
    print(BASE ".timeindex");
    expect("time index, ");
    expect("  entry  timestamp ");
    print(BASE ".txnindex");
    expect("  entry  producer_id 7  first_offset 3  last_offset 6");
    print(DIRECTORY "/00000000000000000007.snapshot");
    expect("  producer  producer_id 7  epoch 1  last_sequence 5  last_offset ");
    cr_assert_eq(dump.findings_count, 0);
}

Test(log_dump, an_index_whose_entries_go_back_is_damaged)
{
    static const uint8_t ENTRIES[] = {0, 0, 0, 9,  0, 0, 0, 50, 0, 0, 0, 8,
                                      0, 0, 0, 60, 0, 0, 0, 0,  0, 0, 0, 0};
    put_file(BASE ".index", ENTRIES, sizeof ENTRIES);
    print(BASE ".index");
    expect("  entry  offset 9  position 50");
    expect("DAMAGED: " BASE ".index: entry 1 of 3 does not ascend, or is none");
    expect("summary  entries 1  findings 1");
}

Test(log_dump, zeros_that_kafka_preallocated_are_no_damage)
{
    static const uint8_t ENTRIES[] = {0, 0, 0, 9, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 0};
    put_file(BASE ".index", ENTRIES, sizeof ENTRIES);
    print(BASE ".index");
    expect("summary  entries 1  findings 0");
}

Test(log_dump, block_checksums_say_whether_they_prove_themselves)
{
    static const uint8_t ENTRY[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    put_file(BASE ".checksums", ENTRY, sizeof ENTRY);
    print(BASE ".checksums");
    expect("  entry  block 0  crc 16909060  known false");
}

Test(log_dump, checkpoints_and_metadata)
{
    struct checkpoint_epoch epoch = {5, 1234};
    struct checkpoint_offset offset = {TEXT_LITERAL("orders"), 3, 99};
    struct uuid id = {{1, 2, 3}};
    cr_assert_eq(files->make_directory(files, DIRECTORY, &error), STATUS_OK);
    cr_assert_eq(
        checkpoint_write_epochs(files, DIRECTORY "/leader-epoch-checkpoint", &epoch, 1, &error),
        STATUS_OK);
    cr_assert_eq(checkpoint_write_offsets(files, "/data/recovery-point-offset-checkpoint", &offset,
                                          1, &error),
                 STATUS_OK);
    cr_assert_eq(partition_metadata_write(files, DIRECTORY, id, &error), STATUS_OK);
    print(DIRECTORY "/leader-epoch-checkpoint");
    expect("  epoch  epoch 5  start_offset 1234");
    print("/data/recovery-point-offset-checkpoint");
    expect("  checkpoint  topic orders  partition 3  offset 99");
    print(DIRECTORY "/partition.metadata");
    expect("  metadata  topic_id AQIDAAAAAAAAAAAAAAAAAA");
    cr_assert_eq(dump.findings_count, 0);
}

Test(log_dump, small_files_that_are_no_such_are_damaged)
{
    static const char *const PATHS[] = {
        DIRECTORY "/leader-epoch-checkpoint",
        DIRECTORY "/x-offset-checkpoint",
        DIRECTORY "/partition.metadata",
        BASE ".snapshot",
    };
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        put_file(PATHS[i], "rubbish\n", 8);
        print(PATHS[i]);
        cr_assert_eq(dump.findings_count, (int64_t)i + 1, "%s", PATHS[i]);
    }
}

Test(log_dump, what_cannot_be_read_is_an_error)
{
    cr_assert_eq(log_dump_file(&dump, "/data/x.txt", &error), STATUS_UNSUPPORTED);
    cr_assert_not_null(strstr(error.text, "/data/x.txt: not a file of a log by its name"));
    cr_assert_eq(log_dump_file(&dump, BASE ".log", &error), STATUS_NOT_FOUND);
    put_file(DIRECTORY "/orders.log", "", 0);
    cr_assert_eq(log_dump_file(&dump, DIRECTORY "/orders.log", &error), STATUS_UNSUPPORTED);
}
