#include "proto/generated/list_offsets.h"

#include <criterion/criterion.h>

#include "proto/generated/delete_records.h"
#include "proto/generated/offset_for_leader_epoch.h"
#include "proto/wire/kafka_error.h"
#include "tests/unit/broker/data_requests.h"

static struct whole_broker whole;

static void open_two(void)
{
    whole_broker_open(&whole, 2, NULL);
    whole_broker_create_topic(&whole, "orders", 2, NULL);
}

static void close_it(void)
{
    whole_broker_close(&whole);
}

TestSuite(list_offsets, .init = open_two, .fini = close_it, .timeout = 60);
TestSuite(delete_records, .init = open_two, .fini = close_it, .timeout = 60);
TestSuite(offset_for_leader_epoch, .init = open_two, .fini = close_it, .timeout = 60);

/* Batches of ten records at T, T + 1000, T + 2000. */
static void produce_three(int32_t partition)
{
    for (int i = 0; i < 3; i++) {
        struct batch_recipe recipe = BATCH_PLAIN;
        recipe.count = 10;
        recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + i * 1000;
        recipe.codec = i == 1 ? COMPRESSION_GZIP : COMPRESSION_NONE;
        (void)produce_batch(&whole, "orders", partition, &recipe);
    }
}

static struct list_offsets_response_partition ask(const char *topic, int32_t partition,
                                                  int64_t timestamp, int16_t version)
{
    struct list_offsets_request request;
    struct list_offsets_request_topic asked;
    struct list_offsets_request_partition one;
    list_offsets_request_init(&request);
    list_offsets_request_topic_init(&asked);
    list_offsets_request_partition_init(&one);
    request.replica_id = -1;
    request.topics.items = &asked;
    request.topics.count = 1;
    asked.name = text_of(topic);
    asked.partitions.items = &one;
    asked.partitions.count = 1;
    one.partition_index = partition;
    one.current_leader_epoch = -1;
    one.timestamp = timestamp;
    struct test_call *call = test_call_answer(&whole, API_KEY_LIST_OFFSETS, version, &request);
    const struct list_offsets_response *response = call->response;
    cr_assert_eq(response->topics.count, 1);
    cr_assert_eq(response->topics.items[0].partitions.count, 1);
    struct list_offsets_response_partition answer = response->topics.items[0].partitions.items[0];
    test_call_clear(call);
    return answer;
}

Test(list_offsets, knows_ends_and_times)
{
    static const struct {
        int64_t timestamp;
        int64_t offset;
        int64_t found_timestamp;
        int32_t epoch;
    } rows[] = {
        {-1, 30, -1, 0},
        {-2, 0, -1, 0},
        {-3, 29, LOG_FIXTURE_NOW_MS + 2009, 0},
        {-4, 0, -1, 0},
        {-5, -1, -1, -1},
        {-6, -1, -1, -1},
        {0, 0, LOG_FIXTURE_NOW_MS, 0},
        {LOG_FIXTURE_NOW_MS + 5, 5, LOG_FIXTURE_NOW_MS + 5, 0},
        {LOG_FIXTURE_NOW_MS + 10, 10, LOG_FIXTURE_NOW_MS + 1000, 0},
        {LOG_FIXTURE_NOW_MS + 1003, 13, LOG_FIXTURE_NOW_MS + 1003, 0}, /* In a gzip batch. */
        {LOG_FIXTURE_NOW_MS + 2010, -1, -1, -1},
    };
    produce_three(0);
    produce_three(1);
    for (int restarts = 0; restarts < 2; restarts++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            for (int32_t partition = 0; partition < 2; partition++) {
                struct list_offsets_response_partition answer =
                    ask("orders", partition, rows[i].timestamp, 11);
                cr_assert_eq(answer.error_code, KAFKA_NONE);
                cr_assert_eq(answer.offset, rows[i].offset, "row %zu: %lld", i,
                             (long long)answer.offset);
                cr_assert_eq(answer.timestamp, rows[i].found_timestamp, "row %zu: %lld", i,
                             (long long)answer.timestamp);
                /* Behind the end: the epoch of what comes, which a restart has raised. */
                int32_t epoch =
                    i > 0 ? rows[i].epoch
                          : whole_broker_partition(&whole, "orders", partition)->leader_epoch;
                cr_assert_eq(answer.leader_epoch, epoch, "row %zu: %d", i, answer.leader_epoch);
            }
        }
        whole_broker_restart(&whole, 2, NULL);
    }
}

Test(list_offsets, special_times_need_their_version)
{
    static const struct {
        int64_t timestamp;
        int16_t version;
    } rows[] = {{-3, 7}, {-4, 8}, {-5, 9}, {-6, 11}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(ask("orders", 0, rows[i].timestamp, (int16_t)(rows[i].version - 1)).error_code,
                     KAFKA_UNSUPPORTED_VERSION);
        cr_assert_eq(ask("orders", 0, rows[i].timestamp, rows[i].version).error_code, KAFKA_NONE);
    }
    cr_assert_eq(ask("orders", 0, -7, 11).error_code, KAFKA_UNSUPPORTED_VERSION);
}

Test(list_offsets, errors_are_of_their_partition)
{
    cr_assert_eq(ask("nowhere", 0, -1, 4).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(ask("orders", 2, -1, 4).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(ask("orders", -1, -1, 4).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    struct partition *partition = whole_broker_partition(&whole, "orders", 0);
    partition->leader_epoch = 3;
    struct list_offsets_response_partition answer = ask("orders", 0, -1, 4);
    cr_assert_eq(answer.leader_epoch, 3, "of an empty log: the epoch of what comes");
    partition->is_leader = false;
    answer = ask("orders", 0, -1, 4);
    cr_assert_eq(answer.error_code, KAFKA_NOT_LEADER_OR_FOLLOWER);
    cr_assert_eq(answer.offset, -1);
    partition->is_leader = true;
}

/* ---- DeleteRecords ---- */

static struct delete_records_response_partition cut(const char *topic, int32_t partition,
                                                    int64_t offset)
{
    struct delete_records_request request;
    struct delete_records_request_topic asked;
    struct delete_records_request_partition one;
    delete_records_request_init(&request);
    delete_records_request_topic_init(&asked);
    delete_records_request_partition_init(&one);
    request.topics.items = &asked;
    request.topics.count = 1;
    asked.name = text_of(topic);
    asked.partitions.items = &one;
    asked.partitions.count = 1;
    one.partition_index = partition;
    one.offset = offset;
    struct test_call *call = test_call_answer(&whole, API_KEY_DELETE_RECORDS, 2, &request);
    const struct delete_records_response *response = call->response;
    cr_assert_eq(response->topics.count, 1);
    struct delete_records_response_partition answer = response->topics.items[0].partitions.items[0];
    test_call_clear(call);
    return answer;
}

Test(delete_records, moves_the_start_and_says_where_it_is)
{
    static const struct {
        int64_t offset;
        int16_t error_code;
        int64_t low_watermark;
    } rows[] = {
        {5, KAFKA_NONE, 5},
        {3, KAFKA_NONE, 5}, /* Never back. */
        {31, KAFKA_OFFSET_OUT_OF_RANGE, -1},
        {-2, KAFKA_OFFSET_OUT_OF_RANGE, -1},
        {-1, KAFKA_NONE, 30}, /* All that is committed. */
    };
    produce_three(0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct delete_records_response_partition answer = cut("orders", 0, rows[i].offset);
        cr_assert_eq(answer.error_code, rows[i].error_code, "row %zu: %d", i, answer.error_code);
        cr_assert_eq(answer.low_watermark, rows[i].low_watermark);
    }
    cr_assert_eq(ask("orders", 0, -2, 4).offset, 30);
    whole_broker_restart(&whole, 2, NULL);
    cr_assert_eq(ask("orders", 0, -2, 4).offset, 30, "and it is remembered");
}

Test(delete_records, refuses_compacted_and_unknown_topics)
{
    whole_broker_create_topic(&whole, "compacted", 1, "cleanup.policy=compact");
    cr_assert_eq(cut("compacted", 0, 0).error_code, KAFKA_POLICY_VIOLATION);
    cr_assert_eq(cut("nowhere", 0, 0).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(cut("orders", 7, 0).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

/* ---- OffsetForLeaderEpoch ---- */

static struct offset_for_leader_epoch_response_epoch_end_offset
end_of(const char *topic, int32_t partition, int32_t epoch, int32_t current_epoch)
{
    struct offset_for_leader_epoch_request request;
    struct offset_for_leader_epoch_request_offset_for_leader_topic asked;
    struct offset_for_leader_epoch_request_offset_for_leader_partition one;
    offset_for_leader_epoch_request_init(&request);
    offset_for_leader_epoch_request_offset_for_leader_topic_init(&asked);
    offset_for_leader_epoch_request_offset_for_leader_partition_init(&one);
    request.topics.items = &asked;
    request.topics.count = 1;
    asked.topic = text_of(topic);
    asked.partitions.items = &one;
    asked.partitions.count = 1;
    one.partition = partition;
    one.leader_epoch = epoch;
    one.current_leader_epoch = current_epoch;
    struct test_call *call = test_call_answer(&whole, API_KEY_OFFSET_FOR_LEADER_EPOCH, 4, &request);
    const struct offset_for_leader_epoch_response *response = call->response;
    struct offset_for_leader_epoch_response_epoch_end_offset answer =
        response->topics.items[0].partitions.items[0];
    test_call_clear(call);
    return answer;
}

Test(offset_for_leader_epoch, answers_the_largest_epoch_that_is_not_above)
{
    produce_three(0);
    struct offset_for_leader_epoch_response_epoch_end_offset answer = end_of("orders", 0, 0, -1);
    cr_assert_eq(answer.error_code, KAFKA_NONE);
    cr_assert_eq(answer.leader_epoch, 0);
    cr_assert_eq(answer.end_offset, 30);
    answer = end_of("orders", 0, 9, -1);
    cr_assert_eq(answer.error_code, KAFKA_NONE);
    cr_assert_eq(answer.leader_epoch, -1);
    cr_assert_eq(answer.end_offset, -1);
    cr_assert_eq(end_of("orders", 0, 0, 1).error_code, KAFKA_UNKNOWN_LEADER_EPOCH);
    whole_broker_partition(&whole, "orders", 0)->leader_epoch = 2;
    cr_assert_eq(end_of("orders", 0, 0, 1).error_code, KAFKA_FENCED_LEADER_EPOCH);
    cr_assert_eq(end_of("orders", 4, 0, -1).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(end_of("nowhere", 0, 0, -1).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}
