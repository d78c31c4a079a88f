/* What must be there again after the server was stopped or killed. */
#include <stdio.h>

#include "tests/integration/rig.h"

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

TestSuite(restart, .init = setup, .fini = teardown);

#define TIME_OF(offset) (LOG_FIXTURE_NOW_MS + (offset)*1000)

static void produce_timed(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        rig_produce_one(&rig, "t", 100 + (int32_t)i, TIME_OF(i));
    }
}

static void check_timed(void *context, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t *next = context;
    cr_assert_eq(message->offset, *next);
    cr_assert_eq(message->len, 100 + *next);
    cr_assert_eq(rd_kafka_message_timestamp(message, &type), TIME_OF(*next));
    ++*next;
}

static void expect_replay(void)
{
    int64_t next = 0;
    cr_assert_eq(rig_consume(&rig, "t", 0, RD_KAFKA_OFFSET_BEGINNING, check_timed, &next), 50);
    next = 37;
    cr_assert_eq(rig_consume(&rig, "t", 0, 37, check_timed, &next), 13);
    cr_assert_eq(rig_offset_for_time(&rig, "t", 0, TIME_OF(20)), 20);
    cr_assert_eq(rig_offset_for_time(&rig, "t", 0, TIME_OF(20) + 1), 21);
    cr_assert_eq(rig_offset_for_time(&rig, "t", 0, 0), 0);
    cr_assert_eq(rig_offset_for_time(&rig, "t", 0, TIME_OF(50)), -1);
    next = rig_offset_for_time(&rig, "t", 0, TIME_OF(45));
    cr_assert_eq(rig_consume(&rig, "t", 0, next, check_timed, &next), 5);
}

Test(restart, replays_by_offset_and_by_timestamp_after_an_orderly_stop)
{
    produce_timed(50);
    expect_replay();
    rig_restart(&rig);
    expect_replay();
}

Test(restart, replays_by_offset_and_by_timestamp_after_a_kill)
{
    produce_timed(50);
    rig_kill_and_start(&rig);
    expect_replay();
    rig_restart(&rig);
    expect_replay();
}

Test(restart, keeps_topics_their_ids_and_configurations)
{
    static const char *const configs[] = {"retention.ms", "12345678", NULL};
    wire_create_topic(&rig.client, "configured", 3, configs);
    struct uuid id = wire_topic(&rig.client, "configured", false)->topic_id;
    for (int i = 0; i < 2; i++) {
        i == 0 ? rig_restart(&rig) : rig_kill_and_start(&rig);
        const struct metadata_response_topic *topic = wire_topic(&rig.client, "configured", false);
        cr_assert_eq(topic->error_code, KAFKA_NONE);
        cr_assert_eq(topic->partitions.count, 3);
        cr_assert_arr_eq(topic->topic_id.bytes, id.bytes, UUID_SIZE);
        cr_assert(text_equal(wire_config(&rig.client, "configured", "retention.ms"),
                             TEXT_LITERAL("12345678")));
    }
}

static struct batch_recipe sequenced(int64_t producer_id, int32_t sequence)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 3;
    recipe.producer_id = producer_id;
    recipe.producer_epoch = 0;
    recipe.base_sequence = sequence;
    return recipe;
}

/* The producer's five last batches are known again, and the next must follow them. */
static void expect_sequences_known(int64_t producer_id)
{
    for (int32_t i = 1; i < 6; i++) {
        struct batch_recipe again = sequenced(producer_id, i * 3);
        cr_assert_eq(rig_produce(&rig, "t", &again, KAFKA_NONE), i * 3);
    }
    struct batch_recipe gap = sequenced(producer_id, 30);
    rig_produce(&rig, "t", &gap, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER);
    cr_assert_eq(rig_end_offset(&rig, "t"), 18);
}

Test(restart, knows_the_sequence_numbers_of_a_producer_again)
{
    int64_t producer_id = wire_producer_id(&rig.client);
    for (int32_t i = 0; i < 6; i++) {
        struct batch_recipe recipe = sequenced(producer_id, i * 3);
        cr_assert_eq(rig_produce(&rig, "t", &recipe, KAFKA_NONE), i * 3);
    }
    expect_sequences_known(producer_id);
    rig_kill_and_start(&rig);
    expect_sequences_known(producer_id);
    rig_restart(&rig);
    expect_sequences_known(producer_id);
    struct batch_recipe next = sequenced(producer_id, 18);
    cr_assert_eq(rig_produce(&rig, "t", &next, KAFKA_NONE), 18);
}

Test(restart, never_gives_a_producer_id_twice)
{
    int64_t last = -1;
    for (int i = 0; i < 9; i++) {
        int64_t producer_id = wire_producer_id(&rig.client);
        cr_assert_gt(producer_id, last);
        last = producer_id;
        if (i % 3 == 1) {
            rig_restart(&rig);
        } else if (i % 3 == 2) {
            rig_kill_and_start(&rig);
        }
    }
}

struct numbered {
    uint32_t next;
};

static void check_number(void *context, const rd_kafka_message_t *message)
{
    struct numbered *numbered = context;
    cr_assert_eq(message->len, sizeof numbered->next);
    cr_assert_eq(load_u32(message->payload), numbered->next);
    numbered->next++;
}

static void send_numbers(struct rig_producer *producer, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        uint8_t value[4];
        store_u32(value, i);
        cr_assert_eq(rd_kafka_producev(producer->handle, RD_KAFKA_V_TOPIC("t"),
                                       RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_VALUE(value, sizeof value), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
        rd_kafka_poll(producer->handle, 0);
    }
}

/* Stops while the producer sends, starts on the same port, and lets it finish. */
static void interrupt(void (*stop)(struct rig *))
{
    static const char *const settings[] = {"enable.idempotence",
                                           "true",
                                           "linger.ms",
                                           "0",
                                           "batch.num.messages",
                                           "20",
                                           "retry.backoff.ms",
                                           "10",
                                           "reconnect.backoff.ms",
                                           "10",
                                           "reconnect.backoff.max.ms",
                                           "50",
                                           "log_level",
                                           "0",
                                           NULL};
    struct rig_producer producer;
    server_process_set(&rig.server, "listeners=PLAINTEXT://127.0.0.1:%u", rig.server.ports[0]);
    rig_producer_open(&producer, &rig, settings);
    for (uint32_t round = 0; round < 3; round++) {
        send_numbers(&producer, round * 2000, round * 2000 + 2000);
        /* Under way, not done. */
        while (producer.delivered_count < round * 2000 + 200) {
            rd_kafka_poll(producer.handle, 10);
        }
        stop(&rig);
    }
    rig_producer_close(&producer);
    cr_assert_eq(producer.failed_count, 0, "%s", rd_kafka_err2str(producer.last_error));
    struct numbered numbered = {0};
    cr_assert_eq(rig_consume(&rig, "t", 0, 0, check_number, &numbered), 6000);
}

Test(restart, a_stop_under_load_loses_and_doubles_nothing)
{
    interrupt(rig_restart);
}

Test(restart, a_kill_under_load_loses_and_doubles_nothing)
{
    interrupt(rig_kill_and_start);
}

Test(restart, spreads_partitions_over_several_directories_and_finds_them_again)
{
    wire_client_close(&rig.client);
    cr_assert_eq(server_process_stop(&rig.server), 0);
    server_process_set(&rig.server, "log.dirs=%s/a,%s/b", rig.server.directory.path,
                       rig.server.directory.path);
    rig_start(&rig);
    cr_assert_eq(wire_create_topic(&rig.client, "spread", 4, NULL)->error_code, KAFKA_NONE);
    rig_produce_one(&rig, "spread", 10, LOG_FIXTURE_NOW_MS);
    char output[64];
    server_process_shell(&rig.server,
                         "ls -d \"$DIRECTORY\"/?/spread-* | wc -l; "
                         "ls -d \"$DIRECTORY\"/a/spread-* | wc -l",
                         output, sizeof output);
    cr_assert_str_eq(output, "4\n2\n");
    rig_kill_and_start(&rig);
    cr_assert_eq(rig_end_offset(&rig, "spread"), 1);
}
