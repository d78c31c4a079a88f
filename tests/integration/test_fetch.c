/* Limits, waiting and sessions of Fetch. */
#include <string.h>

#include "base/clock.h"
#include "tests/integration/rig.h"

static struct rig rig;

static int64_t now_ms(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_us(clock) / 1000;
}

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

TestSuite(fetch, .init = setup, .fini = teardown);

/* How many whole batches are in the answer; a cut one at the end is not allowed. */
static size_t count_batches(const struct fetch_response_partition *part)
{
    enum record_batch_decision decision;
    cr_assert_eq(part->error_code, KAFKA_NONE);
    size_t count = record_batch_run_count(wire_records(part), &decision);
    cr_assert_eq(decision, RECORD_BATCH_OK);
    return count;
}

static void produce_batches(unsigned count, int32_t value_size)
{
    for (unsigned i = 0; i < count; i++) {
        rig_produce_one(&rig, "t", value_size, LOG_FIXTURE_NOW_MS);
    }
}

Test(fetch, stops_at_the_largest_size_of_the_partition)
{
    produce_batches(10, 1000);
    const struct fetch_response_partition *part =
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .partition_bytes_max = 3500});
    cr_assert_eq(count_batches(part), 3);
    cr_assert_eq(part->high_watermark, 10);
    cr_assert_eq(part->log_start_offset, 0);
}

Test(fetch, stops_at_the_largest_size_of_the_response)
{
    produce_batches(10, 1000);
    const struct fetch_response_partition *part =
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .bytes_max = 5600});
    cr_assert_eq(count_batches(part), 5);
}

Test(fetch, gives_the_first_batch_even_when_it_is_larger)
{
    produce_batches(2, 100000);
    const struct fetch_response_partition *part =
        wire_fetch(&rig.client,
                   &(struct wire_fetch){.topic = "t", .bytes_max = 10, .partition_bytes_max = 10});
    cr_assert_eq(count_batches(part), 1);
    cr_assert_gt(wire_records(part).size, 100000);
}

Test(fetch, gives_the_batch_that_holds_the_offset)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 10;
    rig_produce(&rig, "t", &recipe, KAFKA_NONE);
    const struct fetch_response_partition *part =
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .offset = 7});
    cr_assert_eq(count_batches(part), 1);
    cr_assert_eq(load_i64(wire_records(part).data), 0);
}

Test(fetch, answers_at_once_when_there_is_enough)
{
    produce_batches(1, 100);
    int64_t start = now_ms();
    const struct fetch_response_partition *part = wire_fetch(
        &rig.client, &(struct wire_fetch){.topic = "t", .wait_ms_max = 30000, .bytes_min = 1});
    cr_assert_eq(count_batches(part), 1);
    cr_assert_lt(now_ms() - start, 15000);
}

Test(fetch, answers_empty_when_the_wait_is_over)
{
    int64_t start = now_ms();
    const struct fetch_response_partition *part = wire_fetch(
        &rig.client, &(struct wire_fetch){.topic = "t", .wait_ms_max = 300, .bytes_min = 1});
    cr_assert_eq(count_batches(part), 0);
    cr_assert_geq(now_ms() - start, 290);
    cr_assert_lt(now_ms() - start, 30000);
}

Test(fetch, does_not_wait_without_a_time_or_without_a_size)
{
    int64_t start = now_ms();
    wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .bytes_min = 1});
    wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .wait_ms_max = 60000});
    cr_assert_lt(now_ms() - start, 30000);
}

Test(fetch, wakes_up_when_a_record_arrives)
{
    struct wire_client waiting;
    cr_assert(wire_client_connect(&waiting, rig.server.ports[0]));
    cr_assert(wire_fetch_send(
        &waiting, &(struct wire_fetch){.topic = "t", .wait_ms_max = 60000, .bytes_min = 1}));
    cr_assert_not(wire_client_has_answer(&waiting, 100));
    produce_batches(1, 100);
    int64_t start = now_ms();
    struct fetch_response *response =
        wire_client_receive(&waiting, &fetch_response_descriptor, WIRE_FETCH_VERSION);
    cr_assert_lt(now_ms() - start, 30000);
    cr_assert_eq(count_batches(&response->responses.items[0].partitions.items[0]), 1);
    wire_client_close(&waiting);
}

Test(fetch, waits_for_the_smallest_size)
{
    struct wire_client waiting;
    cr_assert(wire_client_connect(&waiting, rig.server.ports[0]));
    cr_assert(wire_fetch_send(
        &waiting, &(struct wire_fetch){.topic = "t", .wait_ms_max = 60000, .bytes_min = 2500}));
    produce_batches(2, 1000);
    cr_assert_not(wire_client_has_answer(&waiting, 100));
    produce_batches(1, 1000);
    struct fetch_response *response =
        wire_client_receive(&waiting, &fetch_response_descriptor, WIRE_FETCH_VERSION);
    cr_assert_eq(count_batches(&response->responses.items[0].partitions.items[0]), 3);
    wire_client_close(&waiting);
}

Test(fetch, a_waiting_fetch_does_not_hold_up_another_connection_nor_the_stop)
{
    struct wire_client waiting;
    cr_assert(wire_client_connect(&waiting, rig.server.ports[0]));
    cr_assert(wire_fetch_send(
        &waiting, &(struct wire_fetch){.topic = "t", .wait_ms_max = 600000, .bytes_min = 1}));
    cr_assert_eq(rig_end_offset(&rig, "t"), 0);
    int64_t start = now_ms();
    rig_restart(&rig);
    cr_assert_lt(now_ms() - start, 30000);
    wire_client_close(&waiting);
}

Test(fetch, refuses_offsets_outside_the_log)
{
    produce_batches(3, 100);
    const struct fetch_response_partition *part =
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .offset = 4});
    cr_assert_eq(part->error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    part = wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .offset = -1});
    cr_assert_eq(part->error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    part = wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .offset = 3});
    cr_assert_eq(count_batches(part), 0);
}

Test(fetch, refuses_what_does_not_exist)
{
    const struct fetch_response_partition *part =
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "nowhere"});
    cr_assert_eq(part->error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    part = wire_fetch(&rig.client, &(struct wire_fetch){.topic = "t", .partition = 5});
    cr_assert_eq(part->error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

/* ---- sessions (KIP-227) ---- */

static struct fetch_response *fetch_in_session(int32_t session_id, int32_t epoch,
                                               struct fetch_request_topic_array topics,
                                               struct fetch_request_forgotten_topic_array forgotten)
{
    struct fetch_request request;
    fetch_request_init(&request);
    request.replica_id = -1;
    request.max_bytes = 1000000;
    request.session_id = session_id;
    request.session_epoch = epoch;
    request.topics = topics;
    request.forgotten_topics_data = forgotten;
    struct fetch_response *response =
        wire_client_call(&rig.client, &fetch_request_descriptor, &request, WIRE_FETCH_VERSION);
    cr_assert(response != NULL);
    return response;
}

#define NO_TOPICS    ((struct fetch_request_topic_array){NULL, 0, false})
#define NO_FORGOTTEN ((struct fetch_request_forgotten_topic_array){NULL, 0, false})

static struct fetch_request_partition partition_at(int32_t index, int64_t offset)
{
    struct fetch_request_partition partition;
    fetch_request_partition_init(&partition);
    partition.partition = index;
    partition.current_leader_epoch = -1;
    partition.fetch_offset = offset;
    partition.partition_max_bytes = 1000000;
    return partition;
}

Test(fetch, a_session_tells_only_what_has_changed)
{
    struct fetch_request_partition partitions[] = {partition_at(0, 0), partition_at(1, 0)};
    struct fetch_request_topic topic = {.topic = TEXT_LITERAL("s"),
                                        .partitions = {partitions, 2, false}};
    struct fetch_request_topic_array topics = {&topic, 1, false};
    wire_create_topic(&rig.client, "s", 2, NULL);

    struct fetch_response *response = fetch_in_session(0, 0, topics, NO_FORGOTTEN);
    cr_assert_eq(response->error_code, KAFKA_NONE);
    cr_assert_gt(response->session_id, 0);
    cr_assert_eq(response->responses.items[0].partitions.count, 2);
    int32_t id = response->session_id;

    response = fetch_in_session(id, 1, NO_TOPICS, NO_FORGOTTEN);
    cr_assert_eq(response->error_code, KAFKA_NONE);
    cr_assert_eq(response->responses.count, 0);

    rig_produce_one(&rig, "s", 100, LOG_FIXTURE_NOW_MS);
    response = fetch_in_session(id, 2, NO_TOPICS, NO_FORGOTTEN);
    cr_assert_eq(response->responses.count, 1);
    cr_assert_eq(response->responses.items[0].partitions.count, 1);
    cr_assert_eq(count_batches(&response->responses.items[0].partitions.items[0]), 1);

    /* The partition that was read goes on; the other is forgotten. */
    int32_t gone = 1;
    struct fetch_request_forgotten_topic forgotten = {.topic = TEXT_LITERAL("s"),
                                                      .partitions = {&gone, 1, false}};
    partitions[0].fetch_offset = 1;
    topic.partitions.count = 1;
    response = fetch_in_session(id, 3, topics,
                                (struct fetch_request_forgotten_topic_array){&forgotten, 1, false});
    cr_assert_eq(response->error_code, KAFKA_NONE);
    cr_assert_eq(response->responses.count, 0);
}

Test(fetch, a_session_that_is_unknown_or_out_of_step_is_refused)
{
    struct fetch_request_partition partition = partition_at(0, 0);
    struct fetch_request_topic topic = {.topic = TEXT_LITERAL("t"),
                                        .partitions = {&partition, 1, false}};
    struct fetch_request_topic_array topics = {&topic, 1, false};
    struct fetch_response *response = fetch_in_session(12345, 1, NO_TOPICS, NO_FORGOTTEN);
    cr_assert_eq(response->error_code, KAFKA_FETCH_SESSION_ID_NOT_FOUND);
    int32_t id = fetch_in_session(0, 0, topics, NO_FORGOTTEN)->session_id;
    response = fetch_in_session(id, 7, NO_TOPICS, NO_FORGOTTEN);
    cr_assert_eq(response->error_code, KAFKA_INVALID_FETCH_SESSION_EPOCH);
}

Test(fetch, works_by_topic_id)
{
    produce_batches(1, 100);
    const struct metadata_response_topic *known = wire_topic(&rig.client, "t", false);
    struct fetch_request_partition partition = partition_at(0, 0);
    struct fetch_request_topic topic = {.topic_id = known->topic_id,
                                        .partitions = {&partition, 1, false}};
    struct fetch_request request;
    fetch_request_init(&request);
    request.max_bytes = 1000000;
    request.session_epoch = -1;
    request.topics = (struct fetch_request_topic_array){&topic, 1, false};
    for (int16_t version = 13; version <= FETCH_REQUEST_VERSION_MAX; version++) {
        struct fetch_response *response =
            wire_client_call(&rig.client, &fetch_request_descriptor, &request, version);
        cr_assert_eq(count_batches(&response->responses.items[0].partitions.items[0]), 1);
    }
    topic.topic_id.bytes[5] ^= 1;
    struct fetch_response *response =
        wire_client_call(&rig.client, &fetch_request_descriptor, &request, 13);
    cr_assert_eq(response->responses.items[0].partitions.items[0].error_code,
                 KAFKA_UNKNOWN_TOPIC_ID);
}

Test(fetch, reads_over_the_ends_of_segments_after_a_restart)
{
    static const char *const configs[] = {"segment.bytes", "1048576", NULL};
    wire_create_topic(&rig.client, "rolled", 1, configs);
    for (int i = 0; i < 40; i++) {
        rig_produce_one(&rig, "rolled", 100000, LOG_FIXTURE_NOW_MS + i);
    }
    cr_assert_eq(rig_consume(&rig, "rolled", 0, 0, NULL, NULL), 40);
    rig_restart(&rig);
    cr_assert_eq(rig_consume(&rig, "rolled", 0, 0, NULL, NULL), 40);
    cr_assert_eq(rig_consume(&rig, "rolled", 0, 33, NULL, NULL), 7);
    rig_kill_and_start(&rig);
    cr_assert_eq(rig_consume(&rig, "rolled", 0, 5, NULL, NULL), 35);
}
