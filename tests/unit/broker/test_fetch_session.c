#include "broker/handlers/fetch_session.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "proto/wire/kafka_error.h"

static struct fetch_session_cache *cache;
static struct random_seeded seeded;
static struct fetch_request request;
static struct fetch_request_topic topic;
static struct fetch_request_partition partitions[3];

static void set_up(void)
{
    cache = fetch_session_cache_create(2);
    random_seeded_init(&seeded, 1);
    fetch_request_init(&request);
    fetch_request_topic_init(&topic);
    topic.topic = TEXT_LITERAL("t");
    topic.partitions.items = partitions;
    topic.partitions.count = 3;
    for (int32_t i = 0; i < 3; i++) {
        fetch_request_partition_init(&partitions[i]);
        partitions[i].partition = i;
    }
    request.topics.items = &topic;
    request.topics.count = 1;
}

static void tear_down(void)
{
    fetch_session_cache_destroy(cache);
}

TestSuite(fetch_session, .init = set_up, .fini = tear_down);

static struct fetch_session_start begin(int32_t id, int32_t epoch, int64_t now_ms)
{
    request.session_id = id;
    request.session_epoch = epoch;
    return fetch_session_begin(cache, &request, false, &seeded.random, now_ms);
}

static struct fetch_session *make(int64_t now_ms)
{
    struct fetch_session_start start = begin(0, 0, now_ms);
    cr_assert_eq(start.kind, FETCH_SESSION_FULL);
    return start.session;
}

/* The partitions in the order in which they are served, as "0 1 2". */
static const char *order(struct fetch_session *session)
{
    static char text[64];
    int size = 0;
    text[0] = '\0';
    LIST_FOREACH (node, fetch_session_partitions(session)) {
        size += snprintf(text + size, sizeof text - (size_t)size, "%s%d", size > 0 ? " " : "",
                         CONTAINER_OF(node, struct fetch_session_partition, node)->partition);
    }
    return text;
}

Test(fetch_session, epochs_count_up_and_leave_zero_out)
{
    int32_t id = fetch_session_id(make(0));
    request.topics.count = 0;
    cr_assert_eq(begin(id, 1, 0).kind, FETCH_SESSION_NEXT);
    cr_assert_eq(begin(id, 2, 0).kind, FETCH_SESSION_NEXT);
    struct fetch_session_start again = begin(id, 2, 0);
    cr_assert_eq(again.kind, FETCH_SESSION_REFUSED);
    cr_assert_eq(again.error_code, KAFKA_INVALID_FETCH_SESSION_EPOCH);
    cr_assert_eq(begin(id, -7, 0).error_code, KAFKA_INVALID_FETCH_SESSION_EPOCH);
}

Test(fetch_session, a_new_one_may_close_the_old)
{
    int32_t first = fetch_session_id(make(0));
    struct fetch_session_start second = begin(first, 0, 0);
    cr_assert_eq(second.kind, FETCH_SESSION_FULL);
    cr_assert_null(fetch_session_find(cache, first));
    cr_assert_eq(fetch_session_cache_count(cache), 1);
    cr_assert_eq(begin(fetch_session_id(second.session), -1, 0).kind, FETCH_SESSIONLESS);
    cr_assert_eq(fetch_session_cache_count(cache), 0);
    cr_assert_eq(begin(0, -1, 0).kind, FETCH_SESSIONLESS);
}

Test(fetch_session, only_an_idle_one_makes_room)
{
    int32_t oldest = fetch_session_id(make(0));
    int32_t other = fetch_session_id(make(10));
    cr_assert_eq(begin(0, 0, FETCH_SESSION_IDLE_MS_MIN - 1).kind, FETCH_SESSIONLESS);
    request.topics.count = 0;
    cr_assert_eq(begin(oldest, 1, 20).kind, FETCH_SESSION_NEXT); /* Used again: younger now. */
    request.topics.count = 1;
    cr_assert_eq(begin(0, 0, FETCH_SESSION_IDLE_MS_MIN + 10).kind, FETCH_SESSION_FULL);
    cr_assert_null(fetch_session_find(cache, other));
    cr_assert_not_null(fetch_session_find(cache, oldest));
}

Test(fetch_session, data_sends_a_partition_to_the_end)
{
    struct fetch_session *session = make(0);
    struct fetch_response_partition answer;
    struct slice slice = {.size = 5};
    fetch_response_partition_init(&answer);
    answer.high_watermark = 9;
    answer.log_start_offset = 0;
    cr_assert_str_eq(order(session), "0 1 2");
    struct fetch_session_partition *zero =
        fetch_session_partition(session, TEXT_LITERAL("t"), (struct uuid){{0}}, 0);
    cr_assert(fetch_session_answer(session, zero, &answer), "the first answer is news");
    cr_assert_not(fetch_session_answer(session, zero, &answer));
    answer.high_watermark = 10;
    cr_assert(fetch_session_answer(session, zero, &answer));
    answer.log_start_offset = 1;
    cr_assert(fetch_session_answer(session, zero, &answer));
    cr_assert_str_eq(order(session), "0 1 2");
    answer.records = (struct slices){.items = &slice, .count = 1, .size = 5};
    cr_assert(fetch_session_answer(session, zero, &answer));
    cr_assert_str_eq(order(session), "1 2 0");
    answer.records = (struct slices){0};
    answer.error_code = KAFKA_OFFSET_OUT_OF_RANGE;
    cr_assert(fetch_session_answer(session, zero, &answer));
    answer.error_code = KAFKA_NONE;
    cr_assert(fetch_session_answer(session, zero, &answer), "after an error it is told again");
    cr_assert_not(fetch_session_answer(session, zero, &answer));
}

Test(fetch_session, requests_add_change_and_forget)
{
    struct fetch_request_forgotten_topic forgotten;
    int32_t gone = 1;
    struct fetch_session *session = make(0);
    int32_t id = fetch_session_id(session);
    fetch_request_forgotten_topic_init(&forgotten);
    forgotten.topic = TEXT_LITERAL("t");
    forgotten.partitions.items = &gone;
    forgotten.partitions.count = 1;
    request.forgotten_topics_data.items = &forgotten;
    request.forgotten_topics_data.count = 1;
    topic.partitions.count = 2;
    partitions[0].fetch_offset = 44;
    partitions[1].partition = 7;
    cr_assert_eq(begin(id, 1, 0).kind, FETCH_SESSION_NEXT);
    cr_assert_str_eq(order(session), "0 2 7");
    cr_assert_eq(
        fetch_session_partition(session, TEXT_LITERAL("t"), (struct uuid){{0}}, 0)->fetch_offset,
        44);
    cr_assert_null(fetch_session_partition(session, TEXT_LITERAL("t"), (struct uuid){{0}}, 1));
    cr_assert_null(fetch_session_partition(session, TEXT_LITERAL("u"), (struct uuid){{0}}, 0));
}

Test(fetch_session, names_and_ids_are_not_mixed)
{
    int32_t id = fetch_session_id(make(0));
    request.session_id = id;
    request.session_epoch = 1;
    struct fetch_session_start start =
        fetch_session_begin(cache, &request, true, &seeded.random, 0);
    cr_assert_eq(start.kind, FETCH_SESSION_REFUSED);
    cr_assert_eq(start.error_code, KAFKA_FETCH_SESSION_TOPIC_ID_ERROR);
}
