#include "storage/log/log_directory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/storage/simulated_disk.h"

static struct simulated_disk *disk;
static struct file_system *files;
static struct log_directory *directory;
static struct random_seeded seeded;
static struct error error;

static void setup(void)
{
    disk = simulated_disk_create(1);
    files = simulated_disk_files(disk);
    random_seeded_init(&seeded, 7);
    cr_assert_eq(log_directory_open(files, "/data", &directory, &error), STATUS_OK, "%s",
                 error.text);
}

static void teardown(void)
{
    log_directory_close(directory);
    simulated_disk_destroy(disk);
}

TestSuite(log_directory, .init = setup, .fini = teardown);

static void reopen(void)
{
    log_directory_close(directory);
    directory = NULL;
    cr_assert_eq(log_directory_open(files, "/data", &directory, &error), STATUS_OK, "%s",
                 error.text);
}

static void write_file(const char *path, const char *content)
{
    cr_assert_eq(file_replace_whole(files, path,
                                    (struct bytes){(const uint8_t *)content, strlen(content)},
                                    &error),
                 STATUS_OK);
}

Test(log_directory, a_second_owner_is_refused_with_the_first_one_s_process_id)
{
    struct log_directory *other = NULL;
    char expected[96];
    snprintf(expected, sizeof expected, "data directory /data is in use by process %lld",
             (long long)file_system_process_id());
    cr_assert_eq(log_directory_open(files, "/data", &other, &error), STATUS_BUSY);
    cr_expect_str_eq(error.text, expected);
    cr_expect_null(other);
}

Test(log_directory, formatting_is_remembered_and_not_changed)
{
    cr_expect_str_eq(log_directory_identity(directory).cluster_id, "");
    cr_expect_eq(log_directory_identity(directory).node_id, -1);
    cr_assert_eq(log_directory_format(directory, "cluster-a", 3, &seeded.random, &error),
                 STATUS_OK);
    struct uuid id = log_directory_identity(directory).directory_id;
    reopen();
    cr_expect_str_eq(log_directory_identity(directory).cluster_id, "cluster-a");
    cr_expect_eq(log_directory_identity(directory).node_id, 3);
    cr_expect(uuid_equal(log_directory_identity(directory).directory_id, id));
    cr_expect_eq(log_directory_format(directory, "cluster-a", 3, &seeded.random, &error),
                 STATUS_OK);
    cr_expect_eq(log_directory_format(directory, "cluster-b", 3, &seeded.random, &error),
                 STATUS_INVALID);
    cr_expect_str_eq(error.text,
                     "/data belongs to cluster cluster-a, node 3, not to cluster-b, node 3");
}

Test(log_directory, kafka_s_meta_properties_are_understood)
{
    log_directory_close(directory);
    directory = NULL;
    write_file("/data/meta.properties", "#\n#Tue Jan 02 10:00:00 UTC 2024\n"
                                        "cluster.id=MkU3OEVBNTcwNTJENDM2Qg\n"
                                        "directory.id=Zq3tSCyNSXmsjl4nCqO4Ow\nnode.id=1\n"
                                        "version=1\n");
    cr_assert_eq(log_directory_open(files, "/data", &directory, &error), STATUS_OK);
    cr_expect_str_eq(log_directory_identity(directory).cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
    cr_expect_eq(log_directory_identity(directory).node_id, 1);
    cr_expect_not(uuid_is_none(log_directory_identity(directory).directory_id));
}

Test(log_directory, meta_properties_that_make_no_sense_are_refused)
{
    static const struct {
        const char *content;
        const char *text;
    } cases[] = {
        {"version=7\n", "read /data/meta.properties: version \"7\", known are 0 and 1"},
        {"node.id=-2\n", "read /data/meta.properties: node.id is \"-2\", not 0 to 2147483647"},
        {"directory.id=x\n", "read /data/meta.properties: directory.id \"x\" is no id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        log_directory_close(directory);
        directory = NULL;
        write_file("/data/meta.properties", cases[i].content);
        cr_expect_neq(log_directory_open(files, "/data", &directory, &error), STATUS_OK);
        cr_expect_str_eq(error.text, cases[i].text);
    }
}

Test(log_directory, the_clean_marker_counts_once)
{
    bool was_clean = true;
    cr_assert_eq(log_directory_take_clean_marker(directory, &was_clean, &error), STATUS_OK);
    cr_expect_not(was_clean);
    cr_assert_eq(log_directory_put_clean_marker(directory, &error), STATUS_OK);
    reopen();
    cr_assert_eq(log_directory_take_clean_marker(directory, &was_clean, &error), STATUS_OK);
    cr_expect(was_clean);
    simulated_disk_crash(disk, 3);
    reopen();
    cr_assert_eq(log_directory_take_clean_marker(directory, &was_clean, &error), STATUS_OK);
    cr_expect_not(was_clean, "its removal is durable");
}

Test(log_directory, checkpoints_are_written_and_read)
{
    struct text topic = TEXT_LITERAL("orders");
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 2), -1);
    cr_assert_eq(
        log_directory_set_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 2, 44, &error),
        STATUS_OK);
    cr_assert_eq(log_directory_set_checkpoint(directory, CHECKPOINT_LOG_START, topic, 2, 4, &error),
                 STATUS_OK);
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 2), 44);
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 3), -1);
    cr_assert_eq(log_directory_write_checkpoints(directory, &error), STATUS_OK);
    struct bytes content = simulated_disk_content(disk, "/data/replication-offset-checkpoint");
    cr_expect(bytes_equal(content, (struct bytes){(const uint8_t *)"0\n1\norders 2 44\n", 16}));
    reopen();
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 2), 44);
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_LOG_START, topic, 2), 4);
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_RECOVERY_POINT, topic, 2), -1);
    cr_assert_eq(
        log_directory_set_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 2, -1, &error),
        STATUS_OK);
    cr_assert_eq(log_directory_write_checkpoints(directory, &error), STATUS_OK);
    reopen();
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_HIGH_WATERMARK, topic, 2), -1);
    cr_expect_eq(log_directory_checkpoint(directory, CHECKPOINT_LOG_START, topic, 2), 4);
}

Test(log_directory, a_damaged_checkpoint_counts_as_none)
{
    write_file("/data/recovery-point-offset-checkpoint", "0\n2\norders 0 1\n");
    reopen();
    cr_expect_eq(
        log_directory_checkpoint(directory, CHECKPOINT_RECOVERY_POINT, TEXT_LITERAL("orders"), 0),
        -1);
}

struct found {
    char text[256];
};

static void note(void *context, struct text topic, int32_t partition, struct uuid topic_id,
                 const char *path)
{
    struct found *found = context;
    size_t used = strlen(found->text);
    snprintf(found->text + used, sizeof found->text - used, "%.*s %d %s %s;", TEXT_ARGUMENTS(topic),
             partition, uuid_is_none(topic_id) ? "none" : "id", path);
}

Test(log_directory, lists_partitions_and_nothing_else)
{
    static const char *const made[] = {"/data/a-b-12", "/data/nothing", "/data/x-0.abc-delete",
                                       "/data/-1"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        cr_assert_eq(files->make_directory(files, made[i], &error), STATUS_OK);
    }
    write_file("/data/file-3", "not a directory");
    write_file("/data/a-b-12/partition.metadata", "version: 0\ntopic_id: Zq3tSCyNSXmsjl4nCqO4Ow\n");
    struct found found = {""};
    cr_assert_eq(log_directory_list(directory, note, &found, &error), STATUS_OK);
    cr_expect_str_eq(found.text, "a-b 12 id /data/a-b-12;");
}

Test(log_directory, a_deleted_partition_is_renamed_and_removed_later)
{
    cr_assert_eq(files->make_directory(files, "/data/t-0", &error), STATUS_OK);
    write_file("/data/t-0/00000000000000000000.log", "x");
    cr_assert_eq(
        log_directory_delete_partition(directory, TEXT_LITERAL("t"), 0, &seeded.random, &error),
        STATUS_OK);
    struct found found = {""};
    cr_assert_eq(log_directory_list(directory, note, &found, &error), STATUS_OK);
    cr_expect_str_eq(found.text, "");
    cr_assert_eq(log_directory_remove_deleted(directory, &error), STATUS_OK, "%s", error.text);
    struct file_status status;
    cr_expect_eq(files->stat(files, "/data/t-0", &status, &error), STATUS_NOT_FOUND);
    cr_expect_eq(
        log_directory_delete_partition(directory, TEXT_LITERAL("t"), 0, &seeded.random, &error),
        STATUS_NOT_FOUND);
}

Test(log_directory, every_disk_failure_is_reported)
{
    for (uint64_t nth = 1;; nth++) {
        cr_assert_lt(nth, 200, "the loop must end");
        log_directory_close(directory);
        directory = NULL;
        simulated_disk_fail_call(disk, nth, STATUS_IO);
        uint64_t last = simulated_disk_calls(disk) + nth;
        bool was_clean = false;
        enum status status = log_directory_open(files, "/data", &directory, &error);
        if (status == STATUS_OK) {
            status = log_directory_format(directory, "c", 1, &seeded.random, &error);
        }
        if (status == STATUS_OK) {
            status = log_directory_put_clean_marker(directory, &error);
        }
        if (status == STATUS_OK) {
            status = log_directory_take_clean_marker(directory, &was_clean, &error);
        }
        if (status == STATUS_OK) {
            status = log_directory_set_checkpoint(directory, CHECKPOINT_LOG_START,
                                                  TEXT_LITERAL("t"), 0, (int64_t)nth, &error);
        }
        if (status == STATUS_OK) {
            status = log_directory_write_checkpoints(directory, &error);
        }
        if (simulated_disk_calls(disk) < last) {
            cr_expect_eq(status, STATUS_OK, "%s", error.text);
            break;
        }
        cr_expect_eq(status, STATUS_IO, "call %u", (unsigned)nth);
    }
}
