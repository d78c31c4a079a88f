#include "tests/unit/broker/data_requests.h"

#include <criterion/criterion.h>

#include "base/assert.h"
#include "proto/wire/kafka_error.h"

void produce_ask(struct produce_asked *asked, const char *topic)
{
    produce_request_init(&asked->request);
    produce_request_topic_init(&asked->topic);
    asked->request.acks = -1;
    asked->request.timeout_ms = 1000;
    asked->request.topic_data.items = &asked->topic;
    asked->request.topic_data.count = 1;
    asked->topic.name = text_of(topic);
    asked->topic.partition_data.items = asked->partitions;
}

void produce_add(struct produce_asked *asked, int32_t index, struct bytes records)
{
    ASSERT(asked->topic.partition_data.count < DATA_PARTITIONS_MAX);
    struct produce_request_partition *partition =
        &asked->partitions[asked->topic.partition_data.count++];
    produce_request_partition_init(partition);
    partition->index = index;
    partition->records = records;
}

const struct produce_response_partition *produce_answer(const struct test_call *call, size_t place)
{
    const struct produce_response *response = call->response;
    cr_assert_eq(call->outcome, TEST_CALL_ANSWERED);
    cr_assert_eq(response->responses.count, 1);
    cr_assert_lt(place, response->responses.items[0].partition_responses.count);
    return &response->responses.items[0].partition_responses.items[place];
}

struct test_call *produce_one(struct whole_broker *whole, const char *topic, int32_t index,
                              const struct batch_recipe *recipe)
{
    struct record_builder builder;
    struct produce_asked asked;
    produce_ask(&asked, topic);
    produce_add(&asked, index, log_fixture_batch(&builder, recipe));
    struct test_call *call = test_call_answer(whole, API_KEY_PRODUCE, 9, &asked.request);
    record_builder_clear(&builder);
    return call;
}

int64_t produce_batch(struct whole_broker *whole, const char *topic, int32_t index,
                      const struct batch_recipe *recipe)
{
    struct test_call *call = produce_one(whole, topic, index, recipe);
    cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_NONE);
    int64_t offset = produce_answer(call, 0)->base_offset;
    test_call_clear(call);
    return offset;
}

void fetch_ask(struct fetch_asked *asked, const char *topic)
{
    fetch_request_init(&asked->request);
    fetch_request_topic_init(&asked->topic);
    fetch_request_forgotten_topic_init(&asked->forgotten);
    asked->request.replica_id = -1;
    asked->request.max_wait_ms = 0;
    asked->request.min_bytes = 1;
    asked->request.max_bytes = INT32_MAX;
    asked->request.session_id = 0;
    asked->request.session_epoch = -1;
    asked->request.topics.items = &asked->topic;
    asked->request.topics.count = 1;
    asked->topic.topic = text_of(topic);
    asked->topic.partitions.items = asked->partitions;
}

struct fetch_request_partition *fetch_add(struct fetch_asked *asked, int32_t index, int64_t offset)
{
    ASSERT(asked->topic.partitions.count < DATA_PARTITIONS_MAX);
    struct fetch_request_partition *partition = &asked->partitions[asked->topic.partitions.count++];
    fetch_request_partition_init(partition);
    partition->partition = index;
    partition->current_leader_epoch = -1;
    partition->fetch_offset = offset;
    partition->last_fetched_epoch = -1;
    partition->partition_max_bytes = 1024 * 1024;
    return partition;
}

const struct fetch_response_partition *fetch_answer(const struct test_call *call, int32_t index)
{
    const struct fetch_response *response = call->response;
    cr_assert_eq(call->outcome, TEST_CALL_ANSWERED);
    for (size_t t = 0; t < response->responses.count; t++) {
        const struct fetch_response_topic *topic = &response->responses.items[t];
        for (size_t p = 0; p < topic->partitions.count; p++) {
            if (topic->partitions.items[p].partition_index == index) {
                return &topic->partitions.items[p];
            }
        }
    }
    return NULL;
}

size_t fetch_answers_count(const struct test_call *call)
{
    const struct fetch_response *response = call->response;
    size_t count = 0;
    cr_assert_eq(call->outcome, TEST_CALL_ANSWERED);
    for (size_t t = 0; t < response->responses.count; t++) {
        count += response->responses.items[t].partitions.count;
    }
    return count;
}
