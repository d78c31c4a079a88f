/* Offsets by time, and the special timestamps of ListOffsets. */
#include "tests/integration/rig.h"

#define LATEST           (-1)
#define EARLIEST         (-2)
#define MAX_TIMESTAMP    (-3)
#define EARLIEST_LOCAL   (-4)
#define LATEST_TIERED    (-5)
#define EARLIEST_PENDING (-6)

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_start(&rig);
    rig_create_topic(&rig, "t");
}

static void teardown(void)
{
    rig_clear(&rig);
}

TestSuite(list_offsets, .init = setup, .fini = teardown);

static void expect(int64_t asked, int64_t offset, int64_t timestamp)
{
    const struct list_offsets_response_partition *answer =
        wire_list_offset(&rig.client, "t", 0, asked);
    cr_assert_eq(answer->error_code, KAFKA_NONE, "timestamp %lld: error %d", (long long)asked,
                 answer->error_code);
    cr_assert_eq(answer->offset, offset, "timestamp %lld: offset %lld", (long long)asked,
                 (long long)answer->offset);
    cr_assert_eq(answer->timestamp, timestamp, "timestamp %lld: %lld", (long long)asked,
                 (long long)answer->timestamp);
}

Test(list_offsets, knows_an_empty_partition)
{
    expect(LATEST, 0, -1);
    expect(EARLIEST, 0, -1);
    expect(MAX_TIMESTAMP, -1, -1);
    expect(EARLIEST_LOCAL, 0, -1);
    expect(LATEST_TIERED, -1, -1);
    expect(LOG_FIXTURE_NOW_MS, -1, -1);
}

Test(list_offsets, answers_every_special_timestamp)
{
    rig_produce_one(&rig, "t", 10, LOG_FIXTURE_NOW_MS);
    rig_produce_one(&rig, "t", 10, LOG_FIXTURE_NOW_MS + 500);
    rig_produce_one(&rig, "t", 10, LOG_FIXTURE_NOW_MS + 100);
    expect(LATEST, 3, -1);
    expect(EARLIEST, 0, -1);
    expect(MAX_TIMESTAMP, 1, LOG_FIXTURE_NOW_MS + 500);
    expect(EARLIEST_LOCAL, 0, -1);
    expect(LATEST_TIERED, -1, -1);
}

Test(list_offsets, finds_the_first_record_at_or_after_a_time)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 10; /* One millisecond apart. */
    recipe.codec = COMPRESSION_LZ4;
    rig_produce(&rig, "t", &recipe, KAFKA_NONE);
    recipe.timestamp_ms += 100;
    recipe.codec = COMPRESSION_NONE;
    rig_produce(&rig, "t", &recipe, KAFKA_NONE);
    for (int i = 0; i < 2; i++) {
        expect(0, 0, LOG_FIXTURE_NOW_MS);
        expect(LOG_FIXTURE_NOW_MS + 7, 7, LOG_FIXTURE_NOW_MS + 7);
        expect(LOG_FIXTURE_NOW_MS + 50, 10, LOG_FIXTURE_NOW_MS + 100);
        expect(LOG_FIXTURE_NOW_MS + 103, 13, LOG_FIXTURE_NOW_MS + 103);
        expect(LOG_FIXTURE_NOW_MS + 110, -1, -1);
        rig_kill_and_start(&rig);
    }
}

Test(list_offsets, refuses_a_special_timestamp_that_the_version_does_not_know)
{
    struct list_offsets_request_partition asked = {.current_leader_epoch = -1,
                                                   .timestamp = MAX_TIMESTAMP};
    struct list_offsets_request_topic topic = {.name = TEXT_LITERAL("t"),
                                               .partitions = {&asked, 1, false}};
    struct list_offsets_request request = {.replica_id = -1, .topics = {&topic, 1, false}};
    struct list_offsets_response *response =
        wire_client_call(&rig.client, &list_offsets_request_descriptor, &request, 5);
    cr_assert_eq(response->topics.items[0].partitions.items[0].error_code,
                 KAFKA_UNSUPPORTED_VERSION);
    asked.timestamp = EARLIEST_PENDING;
    response = wire_client_call(&rig.client, &list_offsets_request_descriptor, &request, 10);
    cr_assert_eq(response->topics.items[0].partitions.items[0].error_code,
                 KAFKA_UNSUPPORTED_VERSION);
}

Test(list_offsets, refuses_what_does_not_exist)
{
    cr_assert_eq(wire_list_offset(&rig.client, "nowhere", 0, LATEST)->error_code,
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(wire_list_offset(&rig.client, "t", 1, LATEST)->error_code,
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}
