#include <criterion/criterion.h>

#include "broker/handlers/fetch_session.h"
#include "proto/record/record_batch.h"
#include "proto/wire/kafka_error.h"
#include "tests/unit/broker/data_requests.h"

static struct whole_broker whole;

static void open_two(void)
{
    whole_broker_open(&whole, 2, NULL);
    whole_broker_create_topic(&whole, "orders", 4, NULL);
}

static void close_it(void)
{
    whole_broker_close(&whole);
}

TestSuite(fetch, .init = open_two, .fini = close_it, .timeout = 60);

static struct test_call *start_fetch(struct fetch_asked *asked, int16_t version)
{
    asked->topic.topic_id = asked->forgotten.topic_id = whole_broker_topic_id(&whole, "orders");
    return test_call_start(&whole, 0, API_KEY_FETCH, version, &asked->request);
}

static struct test_call *fetch(struct fetch_asked *asked, int16_t version)
{
    struct test_call *call = start_fetch(asked, version);
    test_call_wait(call);
    return call;
}

static void produce_some(int32_t partition, int count)
{
    for (int i = 0; i < count; i++) {
        (void)produce_batch(&whole, "orders", partition, &BATCH_PLAIN);
    }
}

static size_t batch_size(void)
{
    struct record_builder builder;
    size_t size = log_fixture_batch(&builder, &BATCH_PLAIN).size;
    record_builder_clear(&builder);
    return size;
}

static int64_t first_offset(struct test_call *call, int32_t partition)
{
    struct bytes bytes = test_call_bytes(call, &fetch_answer(call, partition)->records);
    cr_assert_geq(bytes.size, 8);
    return load_i64(bytes.data);
}

Test(fetch, gives_what_was_produced_in_every_version)
{
    produce_some(0, 3);
    for (int16_t version = 4; version <= 18; version++) {
        struct fetch_asked asked;
        fetch_ask(&asked, "orders");
        fetch_add(&asked, 0, 1);
        struct test_call *call = fetch(&asked, version);
        const struct fetch_response_partition *answer = fetch_answer(call, 0);
        cr_assert_eq(answer->error_code, KAFKA_NONE);
        cr_assert_eq(answer->high_watermark, 3);
        cr_assert_eq(answer->last_stable_offset, 3);
        cr_assert_eq(answer->log_start_offset, version >= 5 ? 0 : -1);
        cr_assert_eq(answer->preferred_read_replica, -1);
        cr_assert(answer->aborted_transactions.is_null);
        cr_assert_eq(answer->records.size, 2 * batch_size());
        cr_assert_eq(first_offset(call, 0), 1);
        test_call_clear(call);
    }
}

Test(fetch, read_committed_gets_a_list_that_is_not_null)
{
    produce_some(0, 1);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.isolation_level = 1;
    fetch_add(&asked, 0, 0);
    struct test_call *call = fetch(&asked, 12);
    cr_assert_not(fetch_answer(call, 0)->aborted_transactions.is_null);
    cr_assert_eq(fetch_answer(call, 0)->aborted_transactions.count, 0);
    test_call_clear(call);
}

Test(fetch, an_offset_inside_a_batch_gets_the_whole_batch)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 10;
    (void)produce_batch(&whole, "orders", 0, &recipe);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 7);
    struct test_call *call = fetch(&asked, 12);
    cr_assert_eq(first_offset(call, 0), 0);
    test_call_clear(call);
}

Test(fetch, the_end_is_empty_and_beyond_is_out_of_range)
{
    static const struct {
        int64_t offset;
        int16_t error_code;
    } rows[] = {{2, KAFKA_NONE},
                {3, KAFKA_OFFSET_OUT_OF_RANGE},
                {-1, KAFKA_OFFSET_OUT_OF_RANGE},
                {INT64_MAX, KAFKA_OFFSET_OUT_OF_RANGE}};
    produce_some(0, 2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch_asked asked;
        fetch_ask(&asked, "orders");
        fetch_add(&asked, 0, rows[i].offset);
        struct test_call *call = fetch(&asked, 12);
        const struct fetch_response_partition *answer = fetch_answer(call, 0);
        bool failed = rows[i].error_code != KAFKA_NONE;
        cr_assert_eq(answer->error_code, rows[i].error_code);
        cr_assert_eq(answer->records.size, 0);
        cr_assert_not_null(answer->records.items, "empty, not null");
        cr_assert_eq(answer->high_watermark, failed ? -1 : 2);
        cr_assert_eq(answer->last_stable_offset, failed ? -1 : 2);
        cr_assert_eq(answer->log_start_offset, failed ? -1 : 0);
        test_call_clear(call);
    }
}

Test(fetch, unknown_topics_and_partitions_are_errors_of_their_own)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "nowhere");
    fetch_add(&asked, 0, 0);
    struct test_call *by_name = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(by_name, 0)->error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(fetch_answer(by_name, 0)->high_watermark, -1);
    test_call_clear(by_name);
    asked.topic.topic_id = whole_broker_topic_id(&whole, "orders");
    asked.topic.topic_id.bytes[0] ^= 1;
    struct test_call *by_id = test_call_answer(&whole, API_KEY_FETCH, 13, &asked.request);
    cr_assert_eq(fetch_answer(by_id, 0)->error_code, KAFKA_UNKNOWN_TOPIC_ID);
    test_call_clear(by_id);
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 9, 0);
    produce_some(1, 1);
    fetch_add(&asked, 1, 0);
    struct test_call *partly = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(partly, 9)->error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(fetch_answer(partly, 1)->error_code, KAFKA_NONE);
    cr_assert_gt(fetch_answer(partly, 1)->records.size, 0);
    test_call_clear(partly);
}

Test(fetch, leader_epochs_are_compared)
{
    static const struct {
        int32_t epoch;
        int16_t error_code;
    } rows[] = {{-1, KAFKA_NONE},
                {2, KAFKA_NONE},
                {1, KAFKA_FENCED_LEADER_EPOCH},
                {3, KAFKA_UNKNOWN_LEADER_EPOCH}};
    whole_broker_partition(&whole, "orders", 0)->leader_epoch = 2;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch_asked asked;
        fetch_ask(&asked, "orders");
        fetch_add(&asked, 0, 0)->current_leader_epoch = rows[i].epoch;
        struct test_call *call = fetch(&asked, 16);
        const struct fetch_response *response = call->response;
        cr_assert_eq(fetch_answer(call, 0)->error_code, rows[i].error_code);
        bool hints = rows[i].error_code == KAFKA_FENCED_LEADER_EPOCH;
        cr_assert_eq(fetch_answer(call, 0)->current_leader.leader_id, hints ? 1 : -1);
        cr_assert_eq(response->node_endpoints.count, hints ? 1 : 0);
        test_call_clear(call);
    }
}

Test(fetch, a_diverged_reader_is_told_where_and_gets_no_records)
{
    produce_some(0, 3);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 3)->last_fetched_epoch = 0;
    struct test_call *same = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(same, 0)->diverging_epoch.epoch, -1);
    test_call_clear(same);
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 1000; /* It ends the waiting. */
    fetch_add(&asked, 0, 5)->last_fetched_epoch = 0;
    struct test_call *parted = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(parted, 0)->error_code, KAFKA_NONE);
    cr_assert_eq(fetch_answer(parted, 0)->diverging_epoch.epoch, 0);
    cr_assert_eq(fetch_answer(parted, 0)->diverging_epoch.end_offset, 3);
    cr_assert_eq(fetch_answer(parted, 0)->records.size, 0);
    test_call_clear(parted);
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 3)->last_fetched_epoch = 7; /* Nothing is known of it. */
    struct test_call *unknown = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(unknown, 0)->error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    test_call_clear(unknown);
}

Test(fetch, a_storage_error_is_not_leader_for_old_versions)
{
    struct partition *partition = whole_broker_partition(&whole, "orders", 0);
    partition->state = PARTITION_OFFLINE;
    for (int16_t version = 5; version <= 6; version++) {
        struct fetch_asked asked;
        fetch_ask(&asked, "orders");
        fetch_add(&asked, 0, 0);
        struct test_call *call = fetch(&asked, version);
        cr_assert_eq(fetch_answer(call, 0)->error_code,
                     version == 5 ? KAFKA_NOT_LEADER_OR_FOLLOWER : KAFKA_KAFKA_STORAGE_ERROR);
        test_call_clear(call);
    }
    partition->state = PARTITION_READY;
}

Test(fetch, replicas_are_not_served_here)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.replica_id = 2;
    asked.request.replica_state.replica_id = 2;
    for (int16_t version = 14; version <= 15; version++) {
        struct test_call *call = fetch(&asked, version);
        const struct fetch_response *response = call->response;
        cr_assert_eq(response->error_code, KAFKA_CLUSTER_AUTHORIZATION_FAILED);
        test_call_clear(call);
    }
}

/* ---- limits ---- */

Test(fetch, the_first_batch_is_given_even_when_it_is_too_large)
{
    produce_some(0, 2);
    produce_some(2, 2);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_bytes = 1;
    fetch_add(&asked, 0, 0)->partition_max_bytes = 1;
    fetch_add(&asked, 2, 0)->partition_max_bytes = 1;
    struct test_call *call = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(call, 0)->records.size, batch_size());
    test_call_clear(call);
}

Test(fetch, only_whole_batches_up_to_the_limits_are_given)
{
    produce_some(0, 5);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 0)->partition_max_bytes = (int32_t)(2 * batch_size() + 10);
    struct test_call *call = fetch(&asked, 12);
    cr_assert_eq(fetch_answer(call, 0)->records.size, 2 * batch_size());
    test_call_clear(call);
}

/* ---- waiting ---- */

Test(fetch, waits_for_data_and_is_woken_by_it)
{
    for (int32_t partition = 0; partition < 2; partition++) { /* One on each shard. */
        struct fetch_asked asked;
        fetch_ask(&asked, "orders");
        asked.request.max_wait_ms = 500;
        fetch_add(&asked, partition, 0);
        struct test_call *call = start_fetch(&asked, 12);
        cr_assert(test_call_is_waiting(call));
        cr_assert_null(call->body, "the frame is given back");
        produce_some(partition, 1);
        test_call_wait(call);
        cr_assert_eq(fetch_answer(call, partition)->records.size, batch_size());
        test_call_clear(call);
    }
}

Test(fetch, is_answered_when_its_time_is_up)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 500;
    for (int32_t i = 0; i < 4; i++) {
        fetch_add(&asked, i, 0);
    }
    struct test_call *call = start_fetch(&asked, 12);
    cr_assert(test_call_is_waiting(call));
    whole_broker_advance_ms(&whole, 499);
    cr_assert(test_call_is_waiting(call));
    whole_broker_advance_ms(&whole, 2);
    test_call_wait(call);
    cr_assert_eq(fetch_answers_count(call), 4);
    cr_assert_eq(fetch_answer(call, 3)->records.size, 0);
    test_call_clear(call);
}

Test(fetch, waits_until_min_bytes_are_there)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 500;
    asked.request.min_bytes = (int32_t)(3 * batch_size());
    for (int32_t i = 0; i < 4; i++) {
        fetch_add(&asked, i, 0);
    }
    struct test_call *call = start_fetch(&asked, 12);
    produce_some(0, 1);
    cr_assert(test_call_is_waiting(call));
    produce_some(1, 1);
    cr_assert(test_call_is_waiting(call));
    produce_some(2, 1);
    test_call_wait(call);
    for (int32_t i = 0; i < 3; i++) {
        cr_assert_eq(fetch_answer(call, i)->records.size, batch_size());
    }
    test_call_clear(call);
}

Test(fetch, does_not_wait_for_nothing)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 500;
    struct test_call *none = fetch(&asked, 12);
    cr_assert_eq(fetch_answers_count(none), 0);
    test_call_clear(none);
    asked.request.min_bytes = 0;
    fetch_add(&asked, 0, 0);
    struct test_call *no_minimum = fetch(&asked, 12);
    cr_assert_eq(fetch_answers_count(no_minimum), 1);
    test_call_clear(no_minimum);
    asked.request.min_bytes = 1;
    fetch_add(&asked, 9, 0); /* An error ends it. */
    struct test_call *failed = fetch(&asked, 12);
    cr_assert_eq(fetch_answers_count(failed), 2);
    test_call_clear(failed);
}

Test(fetch, ends_quietly_when_the_connection_dies_while_it_waits)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 100000;
    for (int32_t i = 0; i < 4; i++) {
        fetch_add(&asked, i, 0);
    }
    struct test_call *call = start_fetch(&asked, 12);
    cr_assert(test_call_is_waiting(call));
    test_call_lose(call);
    test_call_wait(call);
    cr_assert_eq(call->outcome, TEST_CALL_SILENT);
    test_call_clear(call);
    produce_some(0, 1); /* Nobody watches any more. */
    produce_some(1, 1);
}

Test(fetch, both_shards_may_wake_it_at_once)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 100000;
    for (int32_t i = 0; i < 4; i++) {
        fetch_add(&asked, i, 0);
    }
    struct test_call *waiting = start_fetch(&asked, 12);
    cr_assert(test_call_is_waiting(waiting));
    struct record_builder builder;
    struct produce_asked produce;
    produce_ask(&produce, "orders");
    struct bytes batch = log_fixture_batch(&builder, &BATCH_PLAIN);
    for (int32_t i = 0; i < 4; i++) {
        produce_add(&produce, i, batch);
    }
    struct test_call *produced = test_call_answer(&whole, API_KEY_PRODUCE, 9, &produce.request);
    test_call_wait(waiting);
    size_t bytes = 0;
    for (int32_t i = 0; i < 4; i++) {
        bytes += fetch_answer(waiting, i)->records.size;
    }
    cr_assert_geq(bytes, batch_size());
    test_call_clear(produced);
    test_call_clear(waiting);
    record_builder_clear(&builder);
}

Test(fetch, losing_the_topic_ends_the_waiting)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    asked.request.max_wait_ms = 100000;
    fetch_add(&asked, 0, 0);
    struct test_call *call = start_fetch(&asked, 12);
    cr_assert(test_call_is_waiting(call));
    struct partition *partition = whole_broker_partition(&whole, "orders", 0);
    partition->is_leader = false;
    partition_release_waiters(partition, WAIT_NOT_LEADER);
    test_call_wait(call);
    cr_assert_eq(fetch_answer(call, 0)->error_code, KAFKA_NOT_LEADER_OR_FOLLOWER);
    partition->is_leader = true;
    test_call_clear(call);
}

/* ---- what is not in memory ---- */

Test(fetch, reads_from_disk_after_a_restart)
{
    for (int i = 0; i < 4; i++) {
        produce_some(i, 3);
    }
    whole_broker_restart(&whole, 2, NULL);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    for (int32_t i = 0; i < 4; i++) {
        fetch_add(&asked, i, 1);
    }
    struct test_call *call = fetch(&asked, 12);
    for (int32_t i = 0; i < 4; i++) {
        cr_assert_eq(fetch_answer(call, i)->records.size, 2 * batch_size());
        cr_assert_eq(first_offset(call, i), 1);
    }
    test_call_clear(call);
}

/* ---- sessions ---- */

static int32_t begin_session(struct fetch_asked *asked, int16_t version)
{
    asked->request.session_id = 0;
    asked->request.session_epoch = 0;
    struct test_call *call = fetch(asked, version);
    const struct fetch_response *response = call->response;
    int32_t id = response->session_id;
    cr_assert_eq(response->error_code, KAFKA_NONE);
    test_call_clear(call);
    asked->request.session_id = id;
    asked->request.session_epoch = 1;
    asked->topic.partitions.count = 0;
    asked->request.topics.count = 0;
    return id;
}

Test(fetch, a_session_answers_only_what_has_news)
{
    for (int16_t version = 7; version <= 18; version += 11) {
        struct fetch_asked asked;
        fetch_ask(&asked, "orders");
        for (int32_t i = 0; i < 4; i++) {
            fetch_add(&asked, i, whole_broker_partition(&whole, "orders", i)->high_watermark_seen);
        }
        int32_t id = begin_session(&asked, version);
        cr_assert_neq(id, 0);
        struct test_call *quiet = fetch(&asked, version);
        cr_assert_eq(fetch_answers_count(quiet), 0);
        cr_assert_eq(((const struct fetch_response *)quiet->response)->session_id, id);
        test_call_clear(quiet);
        produce_some(2, 1);
        asked.request.session_epoch = 2;
        struct test_call *news = fetch(&asked, version);
        cr_assert_eq(fetch_answers_count(news), 1);
        cr_assert_eq(fetch_answer(news, 2)->records.size, batch_size());
        test_call_clear(news);
    }
}

Test(fetch, a_forgotten_partition_is_not_answered_any_more)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 0);
    fetch_add(&asked, 1, 0);
    (void)begin_session(&asked, 12);
    produce_some(0, 1);
    produce_some(1, 1);
    asked.forgotten.topic = TEXT_LITERAL("orders");
    asked.forgotten_partition = 0;
    asked.forgotten.partitions.items = &asked.forgotten_partition;
    asked.forgotten.partitions.count = 1;
    asked.request.forgotten_topics_data.items = &asked.forgotten;
    asked.request.forgotten_topics_data.count = 1;
    struct test_call *call = fetch(&asked, 12);
    cr_assert_eq(fetch_answers_count(call), 1);
    cr_assert_not_null(fetch_answer(call, 1));
    test_call_clear(call);
}

Test(fetch, an_error_is_told_again_until_it_is_over)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 55);
    (void)begin_session(&asked, 12);
    for (int32_t epoch = 1; epoch < 4; epoch++) {
        asked.request.session_epoch = epoch;
        struct test_call *call = fetch(&asked, 12);
        cr_assert_eq(fetch_answers_count(call), 1);
        cr_assert_eq(fetch_answer(call, 0)->error_code, KAFKA_OFFSET_OUT_OF_RANGE);
        test_call_clear(call);
    }
}

static void check_session_error(struct fetch_asked *asked, int16_t version, int16_t error_code)
{
    struct test_call *call = fetch(asked, version);
    const struct fetch_response *response = call->response;
    cr_assert_eq(response->error_code, error_code, "error %d, not %d", response->error_code,
                 error_code);
    cr_assert_eq(response->responses.count, 0);
    test_call_clear(call);
}

Test(fetch, wrong_session_ids_and_epochs_are_refused)
{
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 0);
    int32_t id = begin_session(&asked, 12);
    asked.request.session_epoch = 2;
    check_session_error(&asked, 12, KAFKA_INVALID_FETCH_SESSION_EPOCH);
    asked.request.session_epoch = 1;
    check_session_error(&asked, 13, KAFKA_FETCH_SESSION_TOPIC_ID_ERROR);
    asked.request.session_id = id == 1 ? 2 : id - 1;
    check_session_error(&asked, 12, KAFKA_FETCH_SESSION_ID_NOT_FOUND);
    asked.request.session_id = 0;
    check_session_error(&asked, 12, KAFKA_FETCH_SESSION_ID_NOT_FOUND);
    asked.request.session_id = id;
    asked.request.session_epoch = -1;
    check_session_error(&asked, 12, KAFKA_NONE); /* Closed. */
    asked.request.session_epoch = 1;
    check_session_error(&asked, 12, KAFKA_FETCH_SESSION_ID_NOT_FOUND);
}

Test(fetch, a_full_cache_makes_it_sessionless)
{
    static const char *const few[] = {"max.incremental.fetch.session.cache.slots=1", NULL};
    whole_broker_restart(&whole, 2, few);
    struct fetch_asked asked;
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 0);
    cr_assert_neq(begin_session(&asked, 12), 0);
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 0);
    cr_assert_eq(begin_session(&asked, 12), 0);
    whole_broker_advance_ms(&whole, FETCH_SESSION_IDLE_MS_MIN);
    fetch_ask(&asked, "orders");
    fetch_add(&asked, 0, 0);
    cr_assert_neq(begin_session(&asked, 12), 0);
}
