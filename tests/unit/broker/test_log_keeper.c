#include "broker/log_keeper.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/broker_parts.h"
#include "tests/support/storage/log_fixture.h"
#include "tests/unit/broker/data_requests.h"

static struct temporary_directory directory;
static struct recorded_diagnostics diagnostics;
static struct random_seeded seeded;
static struct log_keeper *keeper;
static struct error error;

static void set_up(void)
{
    temporary_directory_make(&directory);
    recorded_diagnostics_init(&diagnostics, DIAGNOSTIC_INFO);
    random_seeded_init(&seeded, 3);
}

static void tear_down(void)
{
    temporary_directory_remove(&directory);
}

TestSuite(log_keeper, .init = set_up, .fini = tear_down, .timeout = 60);

/* `names` are directories below the temporary one, separated by commas. */
static enum status open_keeper(const char *names, int32_t node_id, const char *cluster_id)
{
    char all[1024] = "";
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *rest = NULL, *name = strtok_r(copy, ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
        size_t size = strlen(all);
        snprintf(all + size, sizeof all - size, "%s %s/%s ", size > 0 ? "," : "", directory.path,
                 name);
    }
    struct log_keeper_options options = {
        .files = file_system_posix(),
        .random = &seeded.random,
        .diagnostics = &diagnostics.sink,
        .directories = text_of(all),
        .node_id = node_id,
        .cluster_id = cluster_id == NULL ? TEXT_NULL : text_of(cluster_id),
    };
    return log_keeper_open(&options, &keeper, &error);
}

Test(log_keeper, new_directories_get_one_cluster_id_that_stays)
{
    char id[64];
    cr_assert_eq(open_keeper("a,b", 1, NULL), STATUS_OK);
    snprintf(id, sizeof id, "%s", log_keeper_cluster_id(keeper).data);
    cr_assert_eq(strlen(id), 22);
    cr_assert_eq(log_keeper_directories_count(keeper), 2);
    log_keeper_close(keeper, true);
    cr_assert_eq(open_keeper("a,b,c", 1, NULL), STATUS_OK, "a new one joins them");
    cr_assert_str_eq(log_keeper_cluster_id(keeper).data, id);
    log_keeper_close(keeper, true);
}

Test(log_keeper, directories_of_others_are_refused)
{
    cr_assert_eq(open_keeper("a", 1, "AAAAAAAAAAAAAAAAAAAAAA"), STATUS_OK);
    log_keeper_close(keeper, true);
    cr_assert_eq(open_keeper("b", 1, "BBBBBBBBBBBBBBBBBBBBBQ"), STATUS_OK);
    log_keeper_close(keeper, true);
    cr_assert_eq(open_keeper("a", 2, NULL), STATUS_INVALID);
    cr_assert(strstr(error.text, "belongs to node 1, not to node.id 2"), "%s", error.text);
    cr_assert_eq(open_keeper("a", 1, "BBBBBBBBBBBBBBBBBBBBBQ"), STATUS_INVALID);
    cr_assert(strstr(error.text, "belongs to cluster AAAAAAAAAAAAAAAAAAAAAA"), "%s", error.text);
    cr_assert_eq(open_keeper("a,b", 1, NULL), STATUS_INVALID);
    cr_assert_eq(open_keeper("", 1, NULL), STATUS_INVALID);
    cr_assert_str_eq(error.text, "log.dirs names no directory");
}

Test(log_keeper, a_directory_is_used_by_one_only)
{
    cr_assert_eq(open_keeper("a", 1, NULL), STATUS_OK);
    struct log_keeper *first = keeper;
    cr_assert_neq(open_keeper("a", 1, NULL), STATUS_OK);
    log_keeper_close(first, true);
}

Test(log_keeper, partitions_are_spread_and_found_again)
{
    struct uuid id = {{1, 2, 3}};
    struct log_location location;
    unsigned counts[2] = {0, 0};
    cr_assert_eq(open_keeper("a,b", 1, NULL), STATUS_OK);
    for (int32_t i = 0; i < 8; i++) {
        cr_assert_eq(log_keeper_locate(keeper, TEXT_LITERAL("t"), id, i, &location, &error),
                     STATUS_OK);
        cr_assert_eq(location.recovery_point, 0);
        cr_assert_eq(location.high_watermark, -1);
        cr_assert_not(location.was_clean);
        counts[strstr(location.directory, "/b/t-") != NULL]++;
    }
    cr_assert_eq(counts[0], 4);
    cr_assert_eq(counts[1], 4);
    log_keeper_close(keeper, true);
}

/* ---- with a whole broker: what it remembers, and what it takes over ---- */

Test(log_keeper, checkpoints_spare_the_scan_after_an_orderly_stop)
{
    struct whole_broker whole;
    whole_broker_open(&whole, 2, NULL);
    whole_broker_create_topic(&whole, "orders", 2, NULL);
    (void)produce_batch(&whole, "orders", 0, &BATCH_PLAIN);
    struct uuid id = whole_broker_topic_id(&whole, "orders");
    whole_broker_restart(&whole, 2, NULL);
    struct log_location location;
    cr_assert_eq(log_keeper_locate(whole.broker->log_keeper, TEXT_LITERAL("orders"), id, 0,
                                   &location, &error),
                 STATUS_OK);
    cr_assert(location.was_clean);
    cr_assert_eq(location.recovery_point, 1);
    cr_assert_eq(location.high_watermark, 1);
    cr_assert_eq(partition_log_high_watermark(whole_broker_partition(&whole, "orders", 0)->log), 1);
    whole_broker_close(&whole);
}

static void remove_metadata(const struct whole_broker *whole)
{
    struct temporary_directory metadata;
    int size = snprintf(metadata.path, sizeof metadata.path, "%s/data/__cluster_metadata-0",
                        whole->directory.path);
    cr_assert(size > 0 && (size_t)size < sizeof metadata.path);
    temporary_directory_remove(&metadata);
}

Test(log_keeper, logs_without_metadata_are_adopted)
{
    struct whole_broker whole;
    whole_broker_open(&whole, 2, NULL);
    whole_broker_create_topic(&whole, "orders", 2, NULL);
    for (int32_t i = 0; i < 2; i++) {
        (void)produce_batch(&whole, "orders", i, &BATCH_PLAIN);
    }
    /* As a directory of another server: logs, but no metadata log of ours. */
    whole_broker_stop(&whole);
    remove_metadata(&whole);
    whole_broker_start(&whole, 1, NULL);
    for (int32_t i = 0; i < 2; i++) {
        const struct partition *partition = whole_broker_partition(&whole, "orders", i);
        cr_assert_eq(partition->state, PARTITION_READY);
        cr_assert_eq(partition_log_end_offset(partition->log), 1);
    }
    whole_broker_close(&whole);
}
