#include "tests/integration/rig.h"

#include <string.h>

#define FLUSH_MS_MAX   120000
#define CONSUME_MS_MAX 60000

void rig_init(struct rig *rig)
{
    *rig = (struct rig){.client = {.socket = -1}};
    server_process_init(&rig->server);
}

void rig_start(struct rig *rig)
{
    cr_assert(server_process_start(&rig->server), "exit code %d", rig->server.exit_code);
    cr_assert(wire_client_connect(&rig->client, rig->server.ports[0]));
}

void rig_restart(struct rig *rig)
{
    wire_client_close(&rig->client);
    cr_assert_eq(server_process_stop(&rig->server), 0);
    rig_start(rig);
}

void rig_kill_and_start(struct rig *rig)
{
    wire_client_close(&rig->client);
    server_process_kill(&rig->server);
    rig_start(rig);
}

void rig_clear(struct rig *rig)
{
    if (rig->client.socket >= 0) {
        wire_client_close(&rig->client);
    }
    if (rig->server.pid != 0) {
        /* In an orderly way, so that sanitizers have their say. */
        cr_expect_eq(server_process_stop(&rig->server), 0, "the server ends with %d",
                     rig->server.exit_code);
    }
    server_process_clear(&rig->server);
}

void rig_create_topic(struct rig *rig, const char *topic)
{
    const struct create_topics_response_topic *answer =
        wire_create_topic(&rig->client, topic, 1, NULL);
    cr_assert(answer != NULL);
    cr_assert_eq(answer->error_code, KAFKA_NONE);
}

int64_t rig_produce(struct rig *rig, const char *topic, const struct batch_recipe *recipe,
                    int16_t expected)
{
    struct record_builder builder;
    struct bytes batch = log_fixture_batch(&builder, recipe);
    const struct produce_response_partition *answer =
        wire_produce(&rig->client, topic, 0, batch, -1);
    record_builder_clear(&builder);
    cr_assert(answer != NULL);
    cr_assert_eq(answer->error_code, expected, "error %d: %.*s", answer->error_code,
                 (int)answer->error_message.size, answer->error_message.data);
    return answer->base_offset;
}

int64_t rig_produce_one(struct rig *rig, const char *topic, int32_t value_size,
                        int64_t timestamp_ms)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = value_size;
    recipe.timestamp_ms = timestamp_ms;
    return rig_produce(rig, topic, &recipe, KAFKA_NONE);
}

static int64_t offset_of(struct rig *rig, const char *topic, int64_t timestamp)
{
    const struct list_offsets_response_partition *answer =
        wire_list_offset(&rig->client, topic, 0, timestamp);
    cr_assert(answer != NULL);
    cr_assert_eq(answer->error_code, KAFKA_NONE);
    return answer->offset;
}

int64_t rig_end_offset(struct rig *rig, const char *topic)
{
    return offset_of(rig, topic, -1);
}

int64_t rig_start_offset(struct rig *rig, const char *topic)
{
    return offset_of(rig, topic, -2);
}

/* ---- librdkafka ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[256];
    cr_assert_eq(rd_kafka_conf_set(conf, name, value, text, sizeof text), RD_KAFKA_CONF_OK, "%s",
                 text);
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct rig_producer *producer = opaque;
    (void)handle;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->delivered_count++;
        producer->last_offset = message->offset;
    } else {
        producer->failed_count++;
        producer->last_error = message->err;
    }
}

void rig_producer_open(struct rig_producer *producer, const struct rig *rig,
                       const char *const *settings)
{
    char text[256];
    *producer = (struct rig_producer){.last_offset = -1};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", rig->server.bootstrap);
    set(conf, "message.max.bytes", "2000000");
    set(conf, "queue.buffering.max.messages", "1000000");
    for (; settings != NULL && settings[0] != NULL; settings += 2) {
        set(conf, settings[0], settings[1]);
    }
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    producer->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    cr_assert(producer->handle != NULL, "%s", text);
}

void rig_producer_flush(struct rig_producer *producer)
{
    cr_assert_eq(rd_kafka_flush(producer->handle, FLUSH_MS_MAX), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void rig_producer_close(struct rig_producer *producer)
{
    rig_producer_flush(producer);
    rd_kafka_destroy(producer->handle);
    producer->handle = NULL;
}

static rd_kafka_t *open_consumer(const struct rig *rig)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", rig->server.bootstrap);
    set(conf, "enable.partition.eof", "true");
    set(conf, "check.crcs", "true");
    set(conf, "fetch.wait.max.ms", "10");
    set(conf, "fetch.message.max.bytes", "300000");
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    cr_assert(consumer != NULL, "%s", text);
    return consumer;
}

unsigned rig_consume(const struct rig *rig, const char *topic, int32_t partition, int64_t offset,
                     rig_visit_fn *visit, void *context)
{
    rd_kafka_t *consumer = open_consumer(rig);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    cr_assert_eq(rd_kafka_consume_start(handle, partition, offset), 0);
    unsigned count = 0;
    bool at_end = false;
    while (!at_end) {
        rd_kafka_message_t *message = rd_kafka_consume(handle, partition, CONSUME_MS_MAX);
        cr_assert(message != NULL, "nothing comes from %s-%d", topic, partition);
        at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!at_end) {
            cr_assert_eq(message->err, RD_KAFKA_RESP_ERR_NO_ERROR, "%s",
                         rd_kafka_message_errstr(message));
            count++;
            if (visit != NULL) {
                visit(context, message);
            }
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consume_stop(handle, partition);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(consumer);
    return count;
}

int64_t rig_offset_for_time(const struct rig *rig, const char *topic, int32_t partition,
                            int64_t timestamp_ms)
{
    rd_kafka_t *consumer = open_consumer(rig);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = timestamp_ms;
    cr_assert_eq(rd_kafka_offsets_for_times(consumer, list, CONSUME_MS_MAX),
                 RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(list->elems[0].err, RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset == RD_KAFKA_OFFSET_END ? -1 : offset;
}
