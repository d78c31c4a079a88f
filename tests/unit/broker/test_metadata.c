#include <criterion/criterion.h>

#include "proto/generated/metadata.h"
#include "proto/wire/kafka_error.h"
#include "tests/support/broker/whole_broker.h"

static struct whole_broker whole;

static void open_one(void)
{
    whole_broker_open(&whole, 1, NULL);
}

static void close_it(void)
{
    whole_broker_close(&whole);
}

TestSuite(metadata, .init = open_one, .fini = close_it, .timeout = 30);

struct asked {
    struct metadata_request request;
    struct metadata_request_topic topics[4];
};

static void ask_all(struct asked *asked)
{
    metadata_request_init(&asked->request);
    asked->request.topics.is_null = true;
}

static void ask_for(struct asked *asked, const char *name)
{
    struct metadata_request_topic *topic = &asked->topics[0];
    metadata_request_init(&asked->request);
    metadata_request_topic_init(topic);
    topic->name = text_of(name);
    asked->request.topics.items = asked->topics;
    asked->request.topics.count = 1;
    asked->request.allow_auto_topic_creation = true;
}

static const struct metadata_response_topic *only_topic(const struct test_call *call)
{
    const struct metadata_response *response = call->response;
    cr_assert_eq(response->topics.count, 1);
    return &response->topics.items[0];
}

Test(metadata, null_asks_for_all_and_empty_for_none_but_in_version_0)
{
    struct asked asked;
    whole_broker_create_topic(&whole, "here", 2, NULL);
    for (int16_t version = 0; version <= 13; version++) {
        ask_all(&asked);
        asked.request.topics.is_null = version > 0;
        struct test_call *all = test_call_answer(&whole, API_KEY_METADATA, version, &asked.request);
        cr_assert(text_equal(only_topic(all)->name, TEXT_LITERAL("here")));
        cr_assert_eq(only_topic(all)->partitions.count, 2);
        test_call_clear(all);
        if (version > 0) {
            asked.request.topics.is_null = false;
            struct test_call *none =
                test_call_answer(&whole, API_KEY_METADATA, version, &asked.request);
            const struct metadata_response *response = none->response;
            cr_assert_eq(response->topics.count, 0);
            cr_assert_eq(response->brokers.count, 1);
            cr_assert_eq(response->controller_id, 1);
            test_call_clear(none);
        }
    }
}

Test(metadata, answers_with_the_address_that_the_client_dialled)
{
    struct asked asked;
    ask_all(&asked);
    struct test_call *call = test_call_answer(&whole, API_KEY_METADATA, 12, &asked.request);
    const struct metadata_response *response = call->response;
    cr_assert(text_equal(response->brokers.items[0].host, TEXT_LITERAL("dialled.example")));
    cr_assert_eq(response->brokers.items[0].port, 9092);
    test_call_clear(call);
}

Test(metadata, creates_a_topic_on_first_use_and_answers_with_it)
{
    struct asked asked;
    ask_for(&asked, "fresh");
    struct test_call *call = test_call_answer(&whole, API_KEY_METADATA, 12, &asked.request);
    const struct metadata_response_topic *topic = only_topic(call);
    cr_assert_eq(topic->error_code, KAFKA_NONE);
    cr_assert_eq(topic->partitions.count, 1);
    cr_assert_eq(topic->partitions.items[0].leader_id, 1);
    cr_assert_eq(topic->partitions.items[0].error_code, KAFKA_NONE);
    test_call_clear(call);
    cr_assert_eq(whole_broker_partition(&whole, "fresh", 0)->state, PARTITION_READY);
}

Test(metadata, creates_nothing_when_the_client_does_not_want_it)
{
    struct asked asked;
    ask_for(&asked, "fresh");
    asked.request.allow_auto_topic_creation = false;
    struct test_call *call = test_call_answer(&whole, API_KEY_METADATA, 12, &asked.request);
    cr_assert_eq(only_topic(call)->error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    test_call_clear(call);
}

Test(metadata, names_that_cannot_be_are_invalid_and_reserved_ones_unknown)
{
    static const struct {
        const char *name;
        int16_t error_code;
    } rows[] = {
        {"", KAFKA_INVALID_TOPIC_EXCEPTION},
        {".", KAFKA_INVALID_TOPIC_EXCEPTION},
        {"..", KAFKA_INVALID_TOPIC_EXCEPTION},
        {"a/b", KAFKA_INVALID_TOPIC_EXCEPTION},
        {"white space", KAFKA_INVALID_TOPIC_EXCEPTION},
        {"__reserved", KAFKA_UNKNOWN_TOPIC_OR_PARTITION},
        {"x.y", KAFKA_INVALID_TOPIC_EXCEPTION}, /* Collides with x_y. */
    };
    whole_broker_create_topic(&whole, "x_y", 1, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked;
        ask_for(&asked, rows[i].name);
        struct test_call *call = test_call_answer(&whole, API_KEY_METADATA, 9, &asked.request);
        cr_assert_eq(only_topic(call)->error_code, rows[i].error_code, "%s: %d", rows[i].name,
                     only_topic(call)->error_code);
        test_call_clear(call);
    }
}

Test(metadata, asks_by_id_from_version_12_on)
{
    struct asked asked;
    whole_broker_create_topic(&whole, "here", 1, NULL);
    ask_for(&asked, "");
    asked.topics[0].name = TEXT_NULL;
    asked.topics[0].topic_id = whole_broker_topic_id(&whole, "here");
    struct test_call *found = test_call_answer(&whole, API_KEY_METADATA, 12, &asked.request);
    cr_assert(text_equal(only_topic(found)->name, TEXT_LITERAL("here")));
    test_call_clear(found);
    asked.topics[0].topic_id.bytes[3] ^= 1;
    struct test_call *unknown = test_call_answer(&whole, API_KEY_METADATA, 12, &asked.request);
    cr_assert_eq(only_topic(unknown)->error_code, KAFKA_UNKNOWN_TOPIC_ID);
    cr_assert_null(only_topic(unknown)->name.data);
    test_call_clear(unknown);
    struct test_call *old = test_call_start(&whole, 0, API_KEY_METADATA, 10, &asked.request);
    test_call_wait(old);
    cr_assert_eq(old->outcome, TEST_CALL_REJECTED);
    test_call_clear(old);
}

Test(metadata, operations_are_told_only_when_asked_for)
{
    struct asked asked;
    whole_broker_create_topic(&whole, "here", 1, NULL);
    ask_all(&asked);
    struct test_call *without = test_call_answer(&whole, API_KEY_METADATA, 8, &asked.request);
    const struct metadata_response *response = without->response;
    cr_assert_eq(response->cluster_authorized_operations, INT32_MIN);
    cr_assert_eq(only_topic(without)->topic_authorized_operations, INT32_MIN);
    test_call_clear(without);
    asked.request.include_cluster_authorized_operations = true;
    asked.request.include_topic_authorized_operations = true;
    struct test_call *with = test_call_answer(&whole, API_KEY_METADATA, 8, &asked.request);
    response = with->response;
    cr_assert_gt(response->cluster_authorized_operations, 0);
    cr_assert_gt(only_topic(with)->topic_authorized_operations, 0);
    test_call_clear(with);
}
