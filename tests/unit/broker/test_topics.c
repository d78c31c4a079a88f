/* CreateTopics, DeleteTopics, CreatePartitions, DescribeTopicPartitions, DescribeCluster,
 * ListConfigResources, DescribeLogDirs, DescribeProducers, InitProducerId. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/config/topic_config.h"
#include "proto/generated/create_partitions.h"
#include "proto/generated/create_topics.h"
#include "proto/generated/delete_topics.h"
#include "proto/generated/describe_cluster.h"
#include "proto/generated/describe_log_dirs.h"
#include "proto/generated/describe_producers.h"
#include "proto/generated/describe_topic_partitions.h"
#include "proto/generated/init_producer_id.h"
#include "proto/generated/list_config_resources.h"
#include "proto/wire/kafka_error.h"
#include "tests/unit/broker/data_requests.h"

static struct whole_broker whole;

static void open_two(void)
{
    whole_broker_open(&whole, 2, NULL);
}

static void close_it(void)
{
    whole_broker_close(&whole);
}

TestSuite(topics, .init = open_two, .fini = close_it, .timeout = 60);

/* ---- create ---- */

struct creation {
    struct create_topics_request request;
    struct create_topics_request_topic topics[3];
};

static void creation_start(struct creation *creation)
{
    create_topics_request_init(&creation->request);
    creation->request.topics.items = creation->topics;
}

static struct create_topics_request_topic *creation_add(struct creation *creation, const char *name)
{
    struct create_topics_request_topic *topic = &creation->topics[creation->request.topics.count++];
    create_topics_request_topic_init(topic);
    topic->name = text_of(name);
    topic->num_partitions = -1;
    topic->replication_factor = -1;
    return topic;
}

Test(topics, creation_with_defaults_tells_what_was_made)
{
    struct creation creation;
    creation_start(&creation);
    creation.request.validate_only = true;
    (void)creation_add(&creation, "fresh");
    for (int i = 0; i < 2; i++) {
        struct test_call *call =
            test_call_answer(&whole, API_KEY_CREATE_TOPICS, 7, &creation.request);
        const struct create_topics_response *response = call->response;
        const struct create_topics_response_topic *topic = &response->topics.items[0];
        cr_assert_eq(topic->error_code, KAFKA_NONE);
        cr_assert_eq(topic->num_partitions, 1);
        cr_assert_eq(topic->replication_factor, 1);
        cr_assert_eq(topic->configs.count, TOPIC_CONFIG_ID_COUNT);
        const struct metadata_image *image = whole.broker->units[0].part.image;
        cr_assert_eq(metadata_image_topic(image, TEXT_LITERAL("fresh")) != NULL, i == 1);
        test_call_clear(call);
        creation.request.validate_only = false;
    }
}

Test(topics, creation_names_every_topic_that_was_asked_for)
{
    struct creation creation;
    creation_start(&creation);
    (void)creation_add(&creation, "fine");
    (void)creation_add(&creation, "not fine");
    creation_add(&creation, "too.many")->replication_factor = 3;
    struct test_call *call = test_call_answer(&whole, API_KEY_CREATE_TOPICS, 5, &creation.request);
    const struct create_topics_response *response = call->response;
    cr_assert_eq(response->topics.count, 3);
    static const int16_t expected[] = {KAFKA_NONE, KAFKA_INVALID_TOPIC_EXCEPTION,
                                       KAFKA_INVALID_REPLICATION_FACTOR};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(response->topics.items[i].error_code, expected[i], "%zu: %d", i,
                     response->topics.items[i].error_code);
    }
    test_call_clear(call);
    creation_start(&creation);
    (void)creation_add(&creation, "fine");
    call = test_call_answer(&whole, API_KEY_CREATE_TOPICS, 2, &creation.request);
    response = call->response;
    cr_assert_eq(response->topics.items[0].error_code, KAFKA_TOPIC_ALREADY_EXISTS);
    test_call_clear(call);
}

/* ---- delete ---- */

static int16_t delete_topic(int16_t version, const char *name, struct uuid id)
{
    struct delete_topics_request request;
    struct delete_topics_request_state state;
    struct text names[1] = {name == NULL ? TEXT_NULL : text_of(name)};
    delete_topics_request_init(&request);
    delete_topics_request_state_init(&state);
    state.name = names[0];
    state.topic_id = id;
    request.topics.items = &state;
    request.topics.count = version >= 6;
    request.topic_names.items = names;
    request.topic_names.count = version < 6;
    struct test_call *call = test_call_answer(&whole, API_KEY_DELETE_TOPICS, version, &request);
    const struct delete_topics_response *response = call->response;
    cr_assert_eq(response->responses.count, 1);
    int16_t code = response->responses.items[0].error_code;
    test_call_clear(call);
    return code;
}

Test(topics, deletion_by_name_or_id_closes_the_log_and_removes_the_files)
{
    char path[512];
    for (int16_t version = 5; version <= 6; version++) {
        whole_broker_create_topic(&whole, "short", 2, NULL);
        (void)produce_batch(&whole, "short", 0, &BATCH_PLAIN);
        snprintf(path, sizeof path, "%s", whole_broker_partition(&whole, "short", 0)->directory);
        struct uuid id = whole_broker_topic_id(&whole, "short");
        cr_assert_eq(delete_topic(version, version == 5 ? "short" : NULL,
                                  version == 5 ? (struct uuid){{0}} : id),
                     KAFKA_NONE);
        whole_broker_settle(&whole);
        FILE *directory = fopen(path, "r");
        cr_assert_null(directory, "%s", path);
        cr_assert_eq(partition_table_count(whole.broker->units[0].part.partitions) +
                         partition_table_count(whole.broker->units[1].part.partitions),
                     0);
    }
    cr_assert_eq(delete_topic(5, "short", (struct uuid){{0}}), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(delete_topic(6, NULL, (struct uuid){{7}}), KAFKA_UNKNOWN_TOPIC_ID);
}

Test(topics, deletion_tells_who_waits_for_data)
{
    struct fetch_asked asked;
    whole_broker_create_topic(&whole, "short", 2, NULL);
    fetch_ask(&asked, "short");
    asked.request.max_wait_ms = 100000;
    fetch_add(&asked, 0, 0);
    fetch_add(&asked, 1, 0);
    struct test_call *call = test_call_start(&whole, 0, API_KEY_FETCH, 12, &asked.request);
    cr_assert(test_call_is_waiting(call));
    cr_assert_eq(delete_topic(5, "short", (struct uuid){{0}}), KAFKA_NONE);
    test_call_wait(call);
    cr_assert_eq(fetch_answer(call, 0)->error_code, KAFKA_NOT_LEADER_OR_FOLLOWER);
    test_call_clear(call);
}

Test(topics, deletion_may_be_switched_off)
{
    static const char *const off[] = {"delete.topic.enable=false", NULL};
    whole_broker_create_topic(&whole, "kept", 1, NULL);
    whole_broker_restart(&whole, 1, off);
    cr_assert_eq(delete_topic(6, "kept", (struct uuid){{0}}), KAFKA_TOPIC_DELETION_DISABLED);
    cr_assert_eq(delete_topic(4, "kept", (struct uuid){{0}}), KAFKA_TOPIC_DELETION_DISABLED);
}

/* ---- partitions ---- */

static int16_t grow(const char *name, int32_t count)
{
    struct create_partitions_request request;
    struct create_partitions_request_topic topic;
    create_partitions_request_init(&request);
    create_partitions_request_topic_init(&topic);
    topic.name = text_of(name);
    topic.count = count;
    topic.assignments.is_null = true;
    request.topics.items = &topic;
    request.topics.count = 1;
    struct test_call *call = test_call_answer(&whole, API_KEY_CREATE_PARTITIONS, 3, &request);
    const struct create_partitions_response *response = call->response;
    cr_assert_eq(response->results.count, 1);
    int16_t code = response->results.items[0].error_code;
    test_call_clear(call);
    return code;
}

Test(topics, may_only_grow)
{
    whole_broker_create_topic(&whole, "orders", 2, NULL);
    cr_assert_eq(grow("orders", 4), KAFKA_NONE);
    cr_assert_eq(produce_batch(&whole, "orders", 3, &BATCH_PLAIN), 0);
    cr_assert_eq(grow("orders", 4), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(grow("orders", 1), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(grow("nowhere", 4), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

Test(topics, are_described_page_by_page)
{
    struct describe_topic_partitions_request request;
    struct describe_topic_partitions_request_cursor cursor;
    whole_broker_create_topic(&whole, "b", 3, NULL);
    whole_broker_create_topic(&whole, "a", 3, NULL);
    describe_topic_partitions_request_init(&request);
    request.response_partition_limit = 2;
    char trace[256] = "";
    for (int pages = 0; pages < 10; pages++) {
        struct test_call *call =
            test_call_answer(&whole, API_KEY_DESCRIBE_TOPIC_PARTITIONS, 0, &request);
        const struct describe_topic_partitions_response *response = call->response;
        for (size_t t = 0; t < response->topics.count; t++) {
            const struct describe_topic_partitions_response_topic *topic =
                &response->topics.items[t];
            for (size_t p = 0; p < topic->partitions.count; p++) {
                size_t size = strlen(trace);
                snprintf(trace + size, sizeof trace - size, "%.*s%d ", TEXT_ARGUMENTS(topic->name),
                         topic->partitions.items[p].partition_index);
            }
        }
        size_t end = strlen(trace);
        snprintf(trace + end, sizeof trace - end, "| ");
        bool more = response->next_cursor != NULL;
        if (more) {
            bool is_a = text_equal(response->next_cursor->topic_name, TEXT_LITERAL("a"));
            cursor.topic_name = is_a ? TEXT_LITERAL("a") : TEXT_LITERAL("b");
            cursor.partition_index = response->next_cursor->partition_index;
            request.cursor = &cursor;
        }
        test_call_clear(call);
        if (!more) {
            break;
        }
    }
    cr_assert_str_eq(trace, "a0 a1 | a2 b0 | b1 b2 | ");
}

Test(topics, unknown_ones_are_described_as_such)
{
    struct describe_topic_partitions_request request;
    struct describe_topic_partitions_request_topic topic;
    describe_topic_partitions_request_init(&request);
    describe_topic_partitions_request_topic_init(&topic);
    topic.name = TEXT_LITERAL("nowhere");
    request.topics.items = &topic;
    request.topics.count = 1;
    struct test_call *call =
        test_call_answer(&whole, API_KEY_DESCRIBE_TOPIC_PARTITIONS, 0, &request);
    const struct describe_topic_partitions_response *response = call->response;
    cr_assert_eq(response->topics.count, 1);
    cr_assert_eq(response->topics.items[0].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_null(response->next_cursor);
    test_call_clear(call);
}

/* ---- cluster ---- */

Test(topics, the_cluster_is_described_by_kind_of_endpoint)
{
    static const struct {
        int8_t type;
        int16_t error_code;
    } rows[] = {
        {1, KAFKA_NONE}, {2, KAFKA_MISMATCHED_ENDPOINT_TYPE}, {3, KAFKA_UNSUPPORTED_ENDPOINT_TYPE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct describe_cluster_request request;
        describe_cluster_request_init(&request);
        request.endpoint_type = rows[i].type;
        struct test_call *call = test_call_answer(&whole, API_KEY_DESCRIBE_CLUSTER, 1, &request);
        const struct describe_cluster_response *response = call->response;
        cr_assert_eq(response->error_code, rows[i].error_code);
        cr_assert_eq(response->brokers.count, rows[i].error_code == KAFKA_NONE);
        cr_assert_eq(response->cluster_id.size, 22);
        cr_assert_eq(response->cluster_authorized_operations, INT32_MIN);
        test_call_clear(call);
    }
}

static size_t count_resources(int16_t version, int8_t type)
{
    struct list_config_resources_request request;
    list_config_resources_request_init(&request);
    request.resource_types.items = &type;
    request.resource_types.count = type != 0;
    struct test_call *call =
        test_call_answer(&whole, API_KEY_LIST_CONFIG_RESOURCES, version, &request);
    const struct list_config_resources_response *response = call->response;
    size_t count = response->error_code == KAFKA_NONE ? response->config_resources.count : SIZE_MAX;
    test_call_clear(call);
    return count;
}

Test(topics, resources_with_configuration_are_listed_by_type)
{
    whole_broker_create_topic(&whole, "a", 1, NULL);
    whole_broker_create_topic(&whole, "b", 1, NULL);
    cr_assert_eq(count_resources(1, 0), 4); /* Two topics, a broker and its logger. */
    cr_assert_eq(count_resources(1, CONFIG_RESOURCE_TOPIC), 2);
    cr_assert_eq(count_resources(1, CONFIG_RESOURCE_BROKER), 1);
    cr_assert_eq(count_resources(1, CONFIG_RESOURCE_GROUP), 0);
    cr_assert_eq(count_resources(1, 3), SIZE_MAX);
    cr_assert_eq(count_resources(0, 0), 0);
}

/* ---- directories ---- */

Test(topics, directories_tell_the_sizes_of_partitions_in_order)
{
    struct describe_log_dirs_request request;
    whole_broker_create_topic(&whole, "b", 3, NULL);
    whole_broker_create_topic(&whole, "a", 1, NULL);
    (void)produce_batch(&whole, "b", 1, &BATCH_PLAIN);
    describe_log_dirs_request_init(&request);
    request.topics.is_null = true;
    struct test_call *call = test_call_answer(&whole, API_KEY_DESCRIBE_LOG_DIRS, 4, &request);
    const struct describe_log_dirs_response *response = call->response;
    cr_assert_eq(response->results.count, 1);
    const struct describe_log_dirs_response_result *directory = &response->results.items[0];
    cr_assert_eq(directory->error_code, KAFKA_NONE);
    cr_assert_gt(directory->total_bytes, 0);
    cr_assert_leq(directory->usable_bytes, directory->total_bytes);
    cr_assert_eq(directory->topics.count, 2, "each topic once, though two shards have it");
    cr_assert(text_equal(directory->topics.items[0].name, TEXT_LITERAL("a")));
    cr_assert_eq(directory->topics.items[1].partitions.count, 3);
    for (int32_t i = 0; i < 3; i++) {
        const struct describe_log_dirs_response_partition *partition =
            &directory->topics.items[1].partitions.items[i];
        cr_assert_eq(partition->partition_index, i);
        cr_assert_eq(partition->partition_size > 0, i == 1);
        cr_assert_eq(partition->offset_lag, 0);
        cr_assert_not(partition->is_future_key);
    }
    test_call_clear(call);
    struct describe_log_dirs_request_log_dir_topic wanted;
    int32_t index = 2;
    describe_log_dirs_request_log_dir_topic_init(&wanted);
    wanted.topic = TEXT_LITERAL("b");
    wanted.partitions.items = &index;
    wanted.partitions.count = 1;
    request.topics.is_null = false;
    request.topics.items = &wanted;
    request.topics.count = 1;
    call = test_call_answer(&whole, API_KEY_DESCRIBE_LOG_DIRS, 1, &request);
    response = call->response;
    cr_assert_eq(response->results.items[0].topics.count, 1);
    cr_assert_eq(response->results.items[0].topics.items[0].partitions.count, 1);
    cr_assert_eq(response->results.items[0].topics.items[0].partitions.items[0].partition_index, 2);
    test_call_clear(call);
}

/* ---- producers ---- */

Test(topics, producers_of_a_partition_are_described)
{
    struct describe_producers_request request;
    struct describe_producers_request_topic topic;
    int32_t indexes[] = {0, 1, 5};
    struct batch_recipe recipe = BATCH_PLAIN;
    whole_broker_create_topic(&whole, "orders", 2, NULL);
    recipe.producer_id = 77;
    recipe.producer_epoch = 3;
    recipe.base_sequence = 0;
    recipe.count = 4;
    (void)produce_batch(&whole, "orders", 1, &recipe);
    describe_producers_request_init(&request);
    describe_producers_request_topic_init(&topic);
    topic.name = TEXT_LITERAL("orders");
    topic.partition_indexes.items = indexes;
    topic.partition_indexes.count = 3;
    request.topics.items = &topic;
    request.topics.count = 1;
    struct test_call *call = test_call_answer(&whole, API_KEY_DESCRIBE_PRODUCERS, 0, &request);
    const struct describe_producers_response *response = call->response;
    const struct describe_producers_response_partition *answers =
        response->topics.items[0].partitions.items;
    cr_assert_eq(response->topics.items[0].partitions.count, 3);
    cr_assert_eq(answers[0].active_producers.count, 0);
    cr_assert_eq(answers[1].active_producers.count, 1);
    const struct describe_producers_response_producer_state *producer =
        &answers[1].active_producers.items[0];
    cr_assert_eq(producer->producer_id, 77);
    cr_assert_eq(producer->producer_epoch, 3);
    cr_assert_eq(producer->last_sequence, 3);
    cr_assert_eq(producer->current_txn_start_offset, -1);
    cr_assert_eq(answers[2].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    test_call_clear(call);
}

static struct init_producer_id_response producer_id(unsigned shard, struct text transactional_id)
{
    struct init_producer_id_request request;
    init_producer_id_request_init(&request);
    request.transactional_id = transactional_id;
    request.producer_id = -1;
    request.producer_epoch = -1;
    struct test_call *call = test_call_start(&whole, shard, API_KEY_INIT_PRODUCER_ID, 4, &request);
    test_call_wait(call);
    cr_assert_eq(call->outcome, TEST_CALL_ANSWERED);
    struct init_producer_id_response response =
        *(const struct init_producer_id_response *)call->response;
    test_call_clear(call);
    return response;
}

Test(topics, producer_ids_are_never_given_twice)
{
    int64_t largest = -1;
    for (int restarts = 0; restarts < 2; restarts++) {
        int64_t last[2] = {largest, largest};
        for (int i = 0; i < 6; i++) {
            struct init_producer_id_response response = producer_id((unsigned)i % 2, TEXT_NULL);
            cr_assert_eq(response.error_code, KAFKA_NONE);
            cr_assert_eq(response.producer_epoch, 0);
            cr_assert_gt(response.producer_id, last[i % 2]);
            cr_assert_neq(response.producer_id, last[1 - i % 2]);
            last[i % 2] = response.producer_id;
        }
        largest = last[0] > last[1] ? last[0] : last[1];
        whole_broker_restart(&whole, 2, NULL);
    }
}

Test(topics, transactional_producers_are_told_that_there_are_no_transactions)
{
    cr_assert_eq(producer_id(0, TEXT_LITERAL("")).error_code, KAFKA_INVALID_REQUEST);
    struct init_producer_id_response response = producer_id(0, TEXT_LITERAL("t"));
    cr_assert_eq(response.error_code, KAFKA_UNSUPPORTED_VERSION);
    cr_assert_eq(response.producer_id, -1);
    cr_assert_eq(response.producer_epoch, -1);
}
