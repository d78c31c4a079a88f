#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/handlers/parked_appends.h"
#include "proto/record/record_batch.h"
#include "proto/wire/kafka_error.h"
#include "tests/unit/broker/data_requests.h"

static struct whole_broker whole;
static struct record_builder builder;

static void open_two(void)
{
    whole_broker_open(&whole, 2, NULL);
    whole_broker_create_topic(&whole, "orders", 4, NULL);
    record_builder_init(&builder, &RECORD_BUILDER_PLAIN, 1024);
}

static void close_it(void)
{
    record_builder_clear(&builder);
    whole_broker_close(&whole);
}

TestSuite(produce, .init = open_two, .fini = close_it, .timeout = 60);

static struct bytes plain_batch(void)
{
    record_builder_clear(&builder);
    return log_fixture_batch(&builder, &BATCH_PLAIN);
}

/* Produces one batch to one partition and returns the call, however it ends. */
static struct test_call *send(struct produce_asked *asked, int16_t version)
{
    struct test_call *call = test_call_start(&whole, 0, API_KEY_PRODUCE, version, &asked->request);
    test_call_wait(call);
    return call;
}

Test(produce, answers_every_partition_in_the_order_of_the_request)
{
    for (int16_t version = 3; version <= 13; version++) {
        struct produce_asked asked;
        produce_ask(&asked, "orders");
        asked.topic.topic_id = whole_broker_topic_id(&whole, "orders");
        struct bytes batch = plain_batch();
        for (int32_t i = 3; i >= 0; i--) {
            produce_add(&asked, i, batch);
        }
        struct test_call *call = send(&asked, version);
        for (size_t i = 0; i < 4; i++) {
            const struct produce_response_partition *answer = produce_answer(call, i);
            cr_assert_eq(answer->index, 3 - (int32_t)i);
            cr_assert_eq(answer->error_code, KAFKA_NONE);
            cr_assert_eq(answer->base_offset, version - 3);
            cr_assert_eq(answer->log_append_time_ms, -1);
            cr_assert_eq(answer->log_start_offset, version >= 5 ? 0 : -1);
        }
        test_call_clear(call);
    }
}

Test(produce, is_answered_only_when_it_is_flushed)
{
    for (int16_t acks = -1; acks <= 1; acks += 2) {
        struct produce_asked asked;
        produce_ask(&asked, "orders");
        asked.request.acks = acks;
        produce_add(&asked, 0, plain_batch());
        unsigned shard = whole_broker_shard_of(&whole, "orders", 0);
        struct test_call *call = test_call_start(&whole, shard, API_KEY_PRODUCE, 9, &asked.request);
        cr_assert_eq(call->outcome, TEST_CALL_PENDING);
        test_call_wait(call);
        const struct partition *partition = whole_broker_partition(&whole, "orders", 0);
        cr_assert_geq(partition_log_flushed_offset(partition->log),
                      produce_answer(call, 0)->base_offset + 1);
        test_call_clear(call);
    }
}

Test(produce, without_acks_nothing_is_answered)
{
    struct produce_asked asked;
    produce_ask(&asked, "orders");
    asked.request.acks = 0;
    produce_add(&asked, 0, plain_batch());
    struct test_call *taken = send(&asked, 9);
    cr_assert_eq(taken->outcome, TEST_CALL_SILENT);
    test_call_clear(taken);
    whole_broker_settle(&whole);
    cr_assert_eq(partition_log_end_offset(whole_broker_partition(&whole, "orders", 0)->log), 1);
    /* An error closes the connection: there is no other way to tell. */
    produce_ask(&asked, "nowhere");
    asked.request.acks = 0;
    produce_add(&asked, 0, plain_batch());
    struct test_call *failed = send(&asked, 9);
    cr_assert_eq(failed->outcome, TEST_CALL_REJECTED);
    test_call_clear(failed);
}

static void check_error(struct produce_asked *asked, int16_t version, int16_t error_code)
{
    struct test_call *call = send(asked, version);
    const struct produce_response_partition *answer = produce_answer(call, 0);
    cr_assert_eq(answer->error_code, error_code, "error %d, not %d", answer->error_code,
                 error_code);
    cr_assert_eq(answer->base_offset, -1);
    cr_assert_eq(answer->log_append_time_ms, -1);
    test_call_clear(call);
}

Test(produce, refuses_what_is_wrong_with_topic_partition_or_acks)
{
    struct produce_asked asked;
    for (int16_t acks = -2; acks <= 2; acks += 4) {
        produce_ask(&asked, "orders");
        asked.request.acks = acks;
        produce_add(&asked, 0, plain_batch());
        check_error(&asked, 9, KAFKA_INVALID_REQUIRED_ACKS);
    }
    produce_ask(&asked, "nowhere");
    produce_add(&asked, 0, plain_batch());
    check_error(&asked, 9, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    check_error(&asked, 13, KAFKA_UNKNOWN_TOPIC_ID);
    produce_ask(&asked, "orders");
    produce_add(&asked, 4, plain_batch());
    check_error(&asked, 9, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    produce_ask(&asked, "orders");
    produce_add(&asked, -1, plain_batch());
    check_error(&asked, 9, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, BYTES_NULL);
    check_error(&asked, 9, KAFKA_INVALID_RECORD);
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, BYTES_EMPTY);
    check_error(&asked, 9, KAFKA_INVALID_RECORD);
}

/* Breaks a copy of a plain batch at one byte. */
static struct bytes broken_batch(uint8_t *memory, size_t at, uint8_t value)
{
    struct bytes batch = plain_batch();
    memcpy(memory, batch.data, batch.size);
    memory[at] = value;
    return (struct bytes){memory, batch.size};
}

Test(produce, refuses_bad_batches_and_takes_their_neighbours)
{
    static const struct {
        size_t at;
        uint8_t value;
        int16_t error_code;
    } rows[] = {
        {16, 1, KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT}, /* Magic. */
        {17, 0xee, KAFKA_CORRUPT_MESSAGE},             /* CRC. */
        {80, 0xee, KAFKA_CORRUPT_MESSAGE},             /* A record. */
        {7, 1, KAFKA_INVALID_RECORD},                  /* Base offset. */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t memory[4096];
        struct produce_asked asked;
        produce_ask(&asked, "orders");
        produce_add(&asked, 0, broken_batch(memory, rows[i].at, rows[i].value));
        produce_add(&asked, 1, plain_batch());
        struct test_call *call = send(&asked, 9);
        cr_assert_eq(produce_answer(call, 0)->error_code, rows[i].error_code, "row %zu: %d", i,
                     produce_answer(call, 0)->error_code);
        cr_assert_eq(produce_answer(call, 1)->error_code, KAFKA_NONE);
        cr_assert_eq(produce_answer(call, 1)->base_offset, (int64_t)i);
        test_call_clear(call);
    }
    cr_assert_eq(partition_log_end_offset(whole_broker_partition(&whole, "orders", 0)->log), 0);
}

Test(produce, two_batches_for_one_partition_are_an_invalid_record)
{
    uint8_t memory[4096];
    struct bytes batch = plain_batch();
    memcpy(memory, batch.data, batch.size);
    memcpy(memory + batch.size, batch.data, batch.size);
    struct produce_asked asked;
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, (struct bytes){memory, 2 * batch.size});
    check_error(&asked, 9, KAFKA_INVALID_RECORD);
}

Test(produce, zstd_needs_version_7)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.codec = COMPRESSION_ZSTD;
    struct produce_asked asked;
    record_builder_clear(&builder);
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, log_fixture_batch(&builder, &recipe));
    check_error(&asked, 6, KAFKA_UNSUPPORTED_COMPRESSION_TYPE);
    struct test_call *call = send(&asked, 7);
    cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_NONE);
    test_call_clear(call);
}

Test(produce, names_the_offending_records_and_says_why)
{
    whole_broker_create_topic(&whole, "keyed", 1, "cleanup.policy=compact");
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.has_null_keys = true;
    struct produce_asked asked;
    record_builder_clear(&builder);
    produce_ask(&asked, "keyed");
    produce_add(&asked, 0, log_fixture_batch(&builder, &recipe));
    for (unsigned shard = 0; shard < 2; shard++) {
        struct test_call *call = test_call_start(&whole, shard, API_KEY_PRODUCE, 9, &asked.request);
        test_call_wait(call);
        const struct produce_response_partition *answer = produce_answer(call, 0);
        cr_assert_eq(answer->error_code, KAFKA_INVALID_RECORD);
        cr_assert_not_null(answer->error_message.data);
        cr_assert_eq(answer->record_errors.count, 1);
        cr_assert_eq(answer->record_errors.items[0].batch_index, 0);
        cr_assert_not_null(answer->record_errors.items[0].batch_index_error_message.data);
        test_call_clear(call);
    }
}

Test(produce, a_batch_above_the_limit_of_its_topic_is_too_large)
{
    whole_broker_create_topic(&whole, "small", 1, "max.message.bytes=100");
    struct produce_asked asked;
    produce_ask(&asked, "small");
    produce_add(&asked, 0, plain_batch());
    check_error(&asked, 9, KAFKA_MESSAGE_TOO_LARGE);
}

Test(produce, a_repeated_batch_is_answered_with_its_first_offsets)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.producer_id = 99;
    recipe.producer_epoch = 0;
    for (int32_t i = 0; i < 7; i++) {
        recipe.base_sequence = i;
        cr_assert_eq(produce_batch(&whole, "orders", 0, &recipe), i);
    }
    recipe.base_sequence = 6;
    cr_assert_eq(produce_batch(&whole, "orders", 0, &recipe), 6);
    recipe.base_sequence = 2;
    cr_assert_eq(produce_batch(&whole, "orders", 0, &recipe), 2);
    static const struct {
        int32_t sequence;
        int16_t epoch;
        int16_t error_code;
    } rows[] = {
        {1, 0, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER}, /* Older than the five that are remembered. */
        {8, 0, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER}, /* A gap. */
        {5, 1, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER}, /* A new epoch starts at 0. */
        {0, 1, KAFKA_NONE},
        {7, 0, KAFKA_INVALID_PRODUCER_EPOCH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        recipe.base_sequence = rows[i].sequence;
        recipe.producer_epoch = rows[i].epoch;
        struct test_call *call = produce_one(&whole, "orders", 0, &recipe);
        cr_assert_eq(produce_answer(call, 0)->error_code, rows[i].error_code, "row %zu: %d", i,
                     produce_answer(call, 0)->error_code);
        test_call_clear(call);
    }
}

Test(produce, a_repeated_batch_is_known_after_a_restart)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.producer_id = 99;
    recipe.producer_epoch = 0;
    recipe.base_sequence = 5; /* A producer that is not known may start anywhere. */
    cr_assert_eq(produce_batch(&whole, "orders", 2, &recipe), 0);
    whole_broker_restart(&whole, 2, NULL);
    cr_assert_eq(produce_batch(&whole, "orders", 2, &recipe), 0);
    recipe.base_sequence = 6;
    cr_assert_eq(produce_batch(&whole, "orders", 2, &recipe), 1);
}

Test(produce, tells_the_time_of_arrival_when_that_is_what_counts)
{
    whole_broker_create_topic(&whole, "timed", 1, "message.timestamp.type=LogAppendTime");
    struct test_call *call = produce_one(&whole, "timed", 0, &BATCH_PLAIN);
    cr_assert_geq(produce_answer(call, 0)->log_append_time_ms, WHOLE_BROKER_NOW_MS);
    test_call_clear(call);
}

Test(produce, timestamps_out_of_bounds_are_invalid)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.timestamp_ms = WHOLE_BROKER_NOW_MS + 2 * 3600 * 1000;
    struct test_call *call = produce_one(&whole, "orders", 0, &recipe);
    cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_INVALID_TIMESTAMP);
    cr_assert_gt(produce_answer(call, 0)->record_errors.count, 0);
    test_call_clear(call);
}

/* ---- back-pressure ---- */

#define HELD_MAX 8192

struct hoard {
    struct buffer *held[HELD_MAX];
    size_t count;
};

/* Takes all buffers that a shard has. */
static void hoard_all(struct hoard *hoard, unsigned shard)
{
    struct buffer_pool *pool = whole.broker->units[shard].buffers;
    hoard->count = 0;
    for (size_t size = BUFFER_SIZE_LARGE; size >= BUFFER_SIZE_SMALL;
         size = size == BUFFER_SIZE_LARGE ? BUFFER_SIZE_SMALL : 0) {
        for (struct buffer *buffer; (buffer = buffer_borrow(pool, size)) != NULL;) {
            cr_assert_lt(hoard->count, HELD_MAX);
            hoard->held[hoard->count++] = buffer;
        }
    }
}

static void give_back(struct hoard *hoard)
{
    while (hoard->count > 0) {
        counted_release(&hoard->held[--hoard->count]->counted);
    }
}

Test(produce, waits_in_line_while_there_is_no_buffer)
{
    static struct hoard hoard;
    unsigned shard = whole_broker_shard_of(&whole, "orders", 0);
    struct broker_shard *part = &whole.broker->units[shard].part;
    struct produce_asked asked;
    struct test_call *calls[3];
    hoard_all(&hoard, shard);
    for (size_t i = 0; i < 3; i++) {
        produce_ask(&asked, "orders");
        produce_add(&asked, 0, plain_batch());
        calls[i] = test_call_start(&whole, shard, API_KEY_PRODUCE, 9, &asked.request);
    }
    cr_assert(test_call_is_waiting(calls[0]));
    cr_assert(parked_appends_exist(part));
    give_back(&hoard);
    shard_run_at_turn_end(part->shard, &part->flush_hook);
    for (size_t i = 0; i < 3; i++) {
        test_call_wait(calls[i]);
        cr_assert_eq(produce_answer(calls[i], 0)->error_code, KAFKA_NONE);
        cr_assert_eq(produce_answer(calls[i], 0)->base_offset, (int64_t)i);
        test_call_clear(calls[i]);
    }
    cr_assert_not(parked_appends_exist(part));
}

Test(produce, gives_up_waiting_for_a_buffer_when_its_time_is_up)
{
    static struct hoard hoard;
    unsigned shard = whole_broker_shard_of(&whole, "orders", 0);
    struct produce_asked asked;
    hoard_all(&hoard, shard);
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, plain_batch());
    for (unsigned home = 0; home < 2; home++) {
        struct test_call *call = test_call_start(&whole, home, API_KEY_PRODUCE, 9, &asked.request);
        cr_assert(test_call_is_waiting(call));
        whole_broker_advance_ms(&whole, 999);
        cr_assert(test_call_is_waiting(call));
        whole_broker_advance_ms(&whole, 2);
        test_call_wait(call);
        cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_REQUEST_TIMED_OUT);
        cr_assert_eq(produce_answer(call, 0)->base_offset, -1);
        test_call_clear(call);
    }
    cr_assert_not(parked_appends_exist(&whole.broker->units[shard].part));
    give_back(&hoard);
    cr_assert_eq(partition_log_end_offset(whole_broker_partition(&whole, "orders", 0)->log), 0);
}

Test(produce, the_leader_is_told_with_the_error)
{
    /* Another broker leads, as far as the partition knows. */
    whole_broker_partition(&whole, "orders", 0)->is_leader = false;
    struct produce_asked asked;
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, plain_batch());
    struct test_call *call = send(&asked, 10);
    const struct produce_response *response = call->response;
    cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_NOT_LEADER_OR_FOLLOWER);
    cr_assert_eq(produce_answer(call, 0)->current_leader.leader_id, 1);
    cr_assert_eq(produce_answer(call, 0)->current_leader.leader_epoch, 0);
    cr_assert_eq(response->node_endpoints.count, 1);
    cr_assert_eq(response->node_endpoints.items[0].node_id, 1);
    test_call_clear(call);
    whole_broker_partition(&whole, "orders", 0)->is_leader = true;
    struct test_call *fine = send(&asked, 10);
    cr_assert_eq(produce_answer(fine, 0)->current_leader.leader_id, -1);
    test_call_clear(fine);
}

Test(produce, needs_enough_replicas_for_acks_all_only)
{
    whole_broker_partition(&whole, "orders", 0)->in_sync_count = 0;
    struct produce_asked asked;
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, plain_batch());
    check_error(&asked, 9, KAFKA_NOT_ENOUGH_REPLICAS);
    cr_assert_eq(partition_log_end_offset(whole_broker_partition(&whole, "orders", 0)->log), 0);
    asked.request.acks = 1;
    struct test_call *call = send(&asked, 9);
    cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_NONE);
    test_call_clear(call);
}

Test(produce, is_told_when_the_topic_goes_while_it_waits)
{
    static struct hoard hoard;
    unsigned shard = whole_broker_shard_of(&whole, "orders", 0);
    struct produce_asked asked;
    hoard_all(&hoard, shard);
    produce_ask(&asked, "orders");
    produce_add(&asked, 0, plain_batch());
    struct test_call *call = test_call_start(&whole, 1 - shard, API_KEY_PRODUCE, 9, &asked.request);
    cr_assert(test_call_is_waiting(call));
    whole_broker_partition(&whole, "orders", 0)->is_leader = false;
    give_back(&hoard);
    struct broker_shard *part = &whole.broker->units[shard].part;
    shard_run_at_turn_end(part->shard, &part->flush_hook);
    test_call_wait(call);
    cr_assert_eq(produce_answer(call, 0)->error_code, KAFKA_NOT_LEADER_OR_FOLLOWER);
    test_call_clear(call);
}
