/* Topics, partitions, configurations, deletion of records: asked of the real server. */
#include <poll.h>
#include <stdio.h>

#include "proto/generated/create_partitions.h"
#include "proto/generated/delete_records.h"
#include "tests/integration/rig.h"

#define LOOK_INTERVAL_MS 20

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_clear(&rig);
}

TestSuite(admin, .init = setup, .fini = teardown);

static int16_t topic_error(const char *topic)
{
    return wire_topic(&rig.client, topic, false)->error_code;
}

Test(admin, creates_and_deletes_topics)
{
    rig_start(&rig);
    const struct create_topics_response_topic *topic = wire_create_topic(&rig.client, "t", 3, NULL);
    cr_assert_eq(topic->error_code, KAFKA_NONE);
    cr_assert_eq(topic->num_partitions, 3);
    cr_assert_eq(topic->replication_factor, 1);
    cr_assert_eq(wire_create_topic(&rig.client, "t", 1, NULL)->error_code,
                 KAFKA_TOPIC_ALREADY_EXISTS);
    cr_assert_eq(topic_error("t"), KAFKA_NONE);
    rig_produce_one(&rig, "t", 100, LOG_FIXTURE_NOW_MS);

    cr_assert_eq(wire_delete_topic(&rig.client, "t"), KAFKA_NONE);
    cr_assert_eq(topic_error("t"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(wire_delete_topic(&rig.client, "t"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);

    /* The same name again is another topic, and empty. */
    rig_create_topic(&rig, "t");
    cr_assert_eq(rig_end_offset(&rig, "t"), 0);
    rig_kill_and_start(&rig);
    cr_assert_eq(rig_end_offset(&rig, "t"), 0);
}

Test(admin, removes_the_files_of_a_deleted_topic)
{
    char output[64];
    server_process_set(&rig.server, "log.segment.delete.delay.ms=0");
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    rig_produce_one(&rig, "t", 100, LOG_FIXTURE_NOW_MS);
    cr_assert_eq(wire_delete_topic(&rig.client, "t"), KAFKA_NONE);
    int waited_ms = 0;
    do {
        cr_assert_lt(waited_ms += LOOK_INTERVAL_MS, SERVER_PATIENCE_MS, "still there: %s", output);
        poll(NULL, 0, LOOK_INTERVAL_MS);
        server_process_shell(&rig.server, "ls \"$DATA\" | grep ^t", output, sizeof output);
    } while (output[0] != '\0');
}

Test(admin, refuses_topics_that_cannot_be)
{
    static const char *const unknown_config[] = {"no.such.key", "1", NULL};
    static const char *const bad_config[] = {"retention.ms", "soon", NULL};
    rig_start(&rig);
    cr_assert_eq(wire_create_topic(&rig.client, "a/b", 1, NULL)->error_code,
                 KAFKA_INVALID_TOPIC_EXCEPTION);
    cr_assert_eq(wire_create_topic(&rig.client, "..", 1, NULL)->error_code,
                 KAFKA_INVALID_TOPIC_EXCEPTION);
    cr_assert_eq(wire_create_topic(&rig.client, "t", 0, NULL)->error_code,
                 KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(wire_create_topic(&rig.client, "t", 1, unknown_config)->error_code,
                 KAFKA_INVALID_CONFIG);
    cr_assert_eq(wire_create_topic(&rig.client, "t", 1, bad_config)->error_code,
                 KAFKA_INVALID_CONFIG);
    cr_assert_eq(topic_error("t"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

static int16_t create_partitions(const char *topic, int32_t count)
{
    struct create_partitions_request_topic wanted = {
        .name = text_of(topic), .count = count, .assignments = {NULL, 0, true}};
    struct create_partitions_request request = {.topics = {&wanted, 1, false},
                                                .timeout_ms = SERVER_PATIENCE_MS};
    struct create_partitions_response *response =
        wire_client_call(&rig.client, &create_partitions_request_descriptor, &request, 3);
    return response->results.items[0].error_code;
}

Test(admin, adds_partitions)
{
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    cr_assert_eq(create_partitions("t", 5), KAFKA_NONE);
    cr_assert_eq(wire_topic(&rig.client, "t", false)->partitions.count, 5);
    cr_assert_eq(wire_list_offset(&rig.client, "t", 4, -1)->error_code, KAFKA_NONE);
    cr_assert_eq(create_partitions("t", 5), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(create_partitions("t", 2), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(create_partitions("nowhere", 2), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    rig_kill_and_start(&rig);
    cr_assert_eq(wire_topic(&rig.client, "t", false)->partitions.count, 5);
}

static void expect_config(const char *name, const char *value)
{
    struct text seen = wire_config(&rig.client, "t", name);
    cr_assert(text_equal(seen, text_of(value)), "%s=%.*s", name, (int)seen.size, seen.data);
}

Test(admin, changes_configurations_at_run_time)
{
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    expect_config("max.message.bytes", "1048588");
    cr_assert_eq(wire_set_config(&rig.client, "t", "max.message.bytes", "1000"), KAFKA_NONE);
    expect_config("max.message.bytes", "1000");
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = 2000;
    rig_produce(&rig, "t", &recipe, KAFKA_MESSAGE_TOO_LARGE);
    rig_restart(&rig);
    expect_config("max.message.bytes", "1000");
    rig_produce(&rig, "t", &recipe, KAFKA_MESSAGE_TOO_LARGE);
    cr_assert_eq(wire_set_config(&rig.client, "t", "max.message.bytes", NULL), KAFKA_NONE);
    expect_config("max.message.bytes", "1048588");
    rig_produce(&rig, "t", &recipe, KAFKA_NONE);
}

Test(admin, changes_the_brokers_defaults_for_topics_that_say_nothing)
{
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    cr_assert_eq(wire_set_config(&rig.client, NULL, "message.max.bytes", "1000"), KAFKA_NONE);
    expect_config("max.message.bytes", "1000");
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = 2000;
    rig_produce(&rig, "t", &recipe, KAFKA_MESSAGE_TOO_LARGE);
    rig_kill_and_start(&rig);
    rig_produce(&rig, "t", &recipe, KAFKA_MESSAGE_TOO_LARGE);
}

Test(admin, refuses_configurations_that_make_no_sense)
{
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    cr_assert_eq(wire_set_config(&rig.client, "t", "retention.ms", "-2"), KAFKA_INVALID_CONFIG);
    cr_assert_eq(wire_set_config(&rig.client, "t", "no.such.key", "1"), KAFKA_INVALID_CONFIG);
    cr_assert_eq(wire_set_config(&rig.client, "nowhere", "retention.ms", "1"),
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(wire_set_config(&rig.client, NULL, "node.id", "7"), KAFKA_INVALID_REQUEST);
}

Test(admin, creates_topics_on_first_use_only_when_allowed)
{
    rig_start(&rig);
    cr_assert_eq(wire_topic(&rig.client, "used", false)->error_code,
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    int16_t code = wire_topic(&rig.client, "used", true)->error_code;
    cr_assert(code == KAFKA_NONE || code == KAFKA_LEADER_NOT_AVAILABLE, "error %d", code);
    cr_assert_eq(rig_end_offset(&rig, "used"), 0);
}

Test(admin, creates_no_topics_on_first_use_when_that_is_off)
{
    server_process_set(&rig.server, "auto.create.topics.enable=false");
    rig_start(&rig);
    cr_assert_eq(wire_topic(&rig.client, "used", true)->error_code,
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(topic_error("used"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

Test(admin, takes_the_number_of_partitions_from_the_default)
{
    server_process_set(&rig.server, "num.partitions=7");
    rig_start(&rig);
    cr_assert_eq(wire_create_topic(&rig.client, "t", -1, NULL)->error_code, KAFKA_NONE);
    cr_assert_eq(wire_topic(&rig.client, "t", false)->partitions.count, 7);
}

/* ---- what is deleted ---- */

static struct delete_records_response_partition *delete_records(int64_t offset)
{
    struct delete_records_request_partition partition = {.offset = offset};
    struct delete_records_request_topic topic = {.name = TEXT_LITERAL("t"),
                                                 .partitions = {&partition, 1, false}};
    struct delete_records_request request = {.topics = {&topic, 1, false},
                                             .timeout_ms = SERVER_PATIENCE_MS};
    struct delete_records_response *response =
        wire_client_call(&rig.client, &delete_records_request_descriptor, &request, 2);
    return &response->topics.items[0].partitions.items[0];
}

Test(admin, deletes_records_up_to_an_offset)
{
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    for (int i = 0; i < 10; i++) {
        rig_produce_one(&rig, "t", 100, LOG_FIXTURE_NOW_MS);
    }
    struct delete_records_response_partition *answer = delete_records(4);
    cr_assert_eq(answer->error_code, KAFKA_NONE);
    cr_assert_eq(answer->low_watermark, 4);
    cr_assert_eq(rig_start_offset(&rig, "t"), 4);
    cr_assert_eq(
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .offset = 3})->error_code,
        KAFKA_OFFSET_OUT_OF_RANGE);
    cr_assert_eq(rig_consume(&rig, "t", 0, RD_KAFKA_OFFSET_BEGINNING, NULL, NULL), 6);
    cr_assert_eq(delete_records(11)->error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    rig_restart(&rig);
    cr_assert_eq(rig_start_offset(&rig, "t"), 4);
    answer = delete_records(-1); /* All. */
    cr_assert_eq(answer->error_code, KAFKA_NONE);
    cr_assert_eq(answer->low_watermark, 10);
    cr_assert_eq(rig_start_offset(&rig, "t"), 10);
    cr_assert_eq(rig_end_offset(&rig, "t"), 10);
    cr_assert_eq(rig_produce_one(&rig, "t", 100, LOG_FIXTURE_NOW_MS), 10);
    rig_restart(&rig);
    cr_assert_eq(rig_start_offset(&rig, "t"), 10);
    cr_assert_eq(rig_end_offset(&rig, "t"), 11);
}

static void wait_for_start_offset(int64_t at_least)
{
    int64_t offset;
    for (int waited_ms = 0; (offset = rig_start_offset(&rig, "t")) < at_least;
         waited_ms += LOOK_INTERVAL_MS) {
        cr_assert_lt(waited_ms, SERVER_PATIENCE_MS, "starts at %lld", (long long)offset);
        poll(NULL, 0, LOOK_INTERVAL_MS);
    }
}

static void produce_segments(const char *const *configs, int64_t timestamp_ms)
{
    server_process_set(&rig.server, "log.retention.check.interval.ms=50");
    rig_start(&rig);
    cr_assert_eq(wire_create_topic(&rig.client, "t", 1, configs)->error_code, KAFKA_NONE);
    for (int i = 0; i < 32; i++) {
        rig_produce_one(&rig, "t", 250000, timestamp_ms);
    }
}

Test(admin, retention_by_size_keeps_what_it_should)
{
    static const char *const configs[] = {"segment.bytes",
                                          "1048576",
                                          "retention.ms",
                                          "-1",
                                          "retention.bytes",
                                          "2097152",
                                          "file.delete.delay.ms",
                                          "0",
                                          NULL};
    produce_segments(configs, LOG_FIXTURE_NOW_MS);
    wait_for_start_offset(20);
    int64_t start = rig_start_offset(&rig, "t");
    cr_assert_leq(start, 24, "two megabytes must stay, starts at %lld", (long long)start);
    cr_assert_eq(rig_end_offset(&rig, "t"), 32);
    cr_assert_eq(rig_consume(&rig, "t", 0, RD_KAFKA_OFFSET_BEGINNING, NULL, NULL), 32 - start);
    rig_kill_and_start(&rig);
    cr_assert_geq(rig_start_offset(&rig, "t"), start);
}

Test(admin, retention_by_time_deletes_what_is_old_also_of_the_last_segment)
{
    static const char *const configs[] = {"segment.bytes", "1048576", "retention.ms", "60000",
                                          NULL};
    /* From long ago. */
    produce_segments(configs, LOG_FIXTURE_NOW_MS);
    wait_for_start_offset(32);
    cr_assert_eq(rig_end_offset(&rig, "t"), 32);
    cr_assert_eq(rig_produce_one(&rig, "t", 100, LOG_FIXTURE_NOW_MS), 32);
}
