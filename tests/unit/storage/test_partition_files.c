#include "storage/log/partition_files.h"

#include <criterion/criterion.h>
#include <string.h>

#include "storage/log/log_file_name.h"
#include "tests/support/storage/simulated_disk.h"

#define DIRECTORY "/t-0"

static struct simulated_disk *disk;
static struct file_system *files;
static struct error error;

static void setup(void)
{
    disk = simulated_disk_create(1);
    files = simulated_disk_files(disk);
    cr_assert_eq(files->make_directory(files, DIRECTORY, &error), STATUS_OK);
}

static void teardown(void)
{
    simulated_disk_destroy(disk);
}

TestSuite(partition_files, .init = setup, .fini = teardown);

static void write_metadata(const char *content)
{
    cr_assert_eq(file_replace_whole(files, DIRECTORY "/partition.metadata",
                                    (struct bytes){(const uint8_t *)content, strlen(content)},
                                    &error),
                 STATUS_OK);
}

Test(partition_files, the_topic_id_is_written_as_kafka_writes_it)
{
    struct uuid id;
    struct uuid found;
    cr_assert(uuid_from_text(TEXT_LITERAL("Zq3tSCyNSXmsjl4nCqO4Ow"), &id));
    cr_assert_eq(partition_metadata_write(files, DIRECTORY, id, &error), STATUS_OK);
    struct bytes content = simulated_disk_content(disk, DIRECTORY "/partition.metadata");
    static const char expected[] = "version: 0\ntopic_id: Zq3tSCyNSXmsjl4nCqO4Ow\n";
    cr_expect(bytes_equal(content, (struct bytes){(const uint8_t *)expected, sizeof expected - 1}));
    cr_assert_eq(partition_metadata_read(files, DIRECTORY, &found, &error), STATUS_OK);
    cr_expect(uuid_equal(found, id));
}

Test(partition_files, kafka_s_file_lacks_the_last_line_feed)
{
    struct uuid found;
    write_metadata("version: 0\ntopic_id: Zq3tSCyNSXmsjl4nCqO4Ow");
    cr_assert_eq(partition_metadata_read(files, DIRECTORY, &found, &error), STATUS_OK);
    cr_expect_not(uuid_is_none(found));
}

Test(partition_files, a_missing_file_is_no_id_and_a_bad_one_is_an_error)
{
    struct uuid found;
    cr_assert_eq(partition_metadata_read(files, DIRECTORY, &found, &error), STATUS_OK);
    cr_expect(uuid_is_none(found));
    static const char *const bad[] = {"", "version: 1\ntopic_id: Zq3tSCyNSXmsjl4nCqO4Ow\n",
                                      "version: 0\n", "version: 0\ntopic_id: short\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_metadata(bad[i]);
        cr_expect_eq(partition_metadata_read(files, DIRECTORY, &found, &error), STATUS_CORRUPT,
                     "case %zu", i);
    }
    cr_expect_str_eq(error.text, "/t-0/partition.metadata: no version 0 with a topic id");
}

Test(partition_files, an_offset_is_remembered_and_forgotten)
{
    int64_t offset = 0;
    cr_assert_eq(partition_offset_read(files, DIRECTORY, LOG_FILE_TRUNCATION, &offset, &error),
                 STATUS_OK);
    cr_expect_eq(offset, -1);
    cr_assert_eq(partition_offset_write(files, DIRECTORY, LOG_FILE_TRUNCATION, 77, &error),
                 STATUS_OK);
    simulated_disk_crash(disk, 1);
    cr_assert_eq(partition_offset_read(files, DIRECTORY, LOG_FILE_TRUNCATION, &offset, &error),
                 STATUS_OK);
    cr_expect_eq(offset, 77);
    cr_assert_eq(partition_offset_write(files, DIRECTORY, LOG_FILE_TRUNCATION, -1, &error),
                 STATUS_OK);
    cr_assert_eq(partition_offset_write(files, DIRECTORY, LOG_FILE_TRUNCATION, -1, &error),
                 STATUS_OK, "twice is fine");
    cr_assert_eq(partition_offset_read(files, DIRECTORY, LOG_FILE_TRUNCATION, &offset, &error),
                 STATUS_OK);
    cr_expect_eq(offset, -1);
}
