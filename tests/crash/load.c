#include "tests/crash/load.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define FINISH_MS_MAX 120000
#define KEYS          40

size_t load_key(uint64_t number, char key[LOAD_KEY_SIZE_MAX])
{
    return (size_t)snprintf(key, LOAD_KEY_SIZE_MAX, "key-%u",
                            (unsigned)(number % LOAD_PARTITIONS * 100 + number % KEYS));
}

size_t load_value(uint64_t number, uint8_t value[LOAD_VALUE_SIZE_MAX])
{
    /* Any mixture that is not the same for neighbours. */
    uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15u;
    size_t size = 8 + (size_t)(mixed >> 40) % (LOAD_VALUE_SIZE_MAX - 8) / (number % 4 + 1);
    store_u64(value, number);
    for (size_t i = 8; i < size; i++) {
        value[i] = (uint8_t)((mixed >> (i % 7 * 8)) + i / 16);
    }
    return size;
}

uint64_t load_number_at(int32_t partition, int64_t offset)
{
    return (uint64_t)partition + (uint64_t)offset * LOAD_PARTITIONS;
}

bool load_number_of(struct bytes value, uint64_t *number)
{
    uint8_t expected[LOAD_VALUE_SIZE_MAX];
    if (value.data == NULL || value.size < 8) {
        return false;
    }
    *number = load_u64(value.data);
    size_t size = load_value(*number, expected);
    return bytes_equal(value, (struct bytes){expected, size});
}

static void note(struct load *load, const char *what, const char *why)
{
    if (load->failure[0] == '\0') {
        snprintf(load->failure, sizeof load->failure, "%s: %s", what, why);
    }
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct load *load = opaque;
    uint64_t number = (uint64_t)(uintptr_t)message->_private;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        load->failed_count++;
        note(load, "producer gave up", rd_kafka_err2str(message->err));
        return;
    }
    load->acknowledged_count++;
    if (load_number_at(message->partition, message->offset) != number) {
        char text[128];
        snprintf(text, sizeof text, "record %llu at partition %d offset %lld",
                 (unsigned long long)number, message->partition, (long long)message->offset);
        note(load, "acknowledged elsewhere", text);
        load->misplaced_count++;
        return;
    }
    if (message->offset >= load->acknowledged_end[message->partition]) {
        load->acknowledged_end[message->partition] = message->offset + 1;
    }
}

static void on_error(rd_kafka_t *producer, int code, const char *reason, void *opaque)
{
    char text[200];
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_fatal_error(producer, text, sizeof text);
        struct load *load = opaque;
        load->failed_count++;
        note(load, reason, text);
    }
}

/* That the broker is gone is what this is about. */
static void no_diagnostics(const rd_kafka_t *producer, int level, const char *facility,
                           const char *text)
{
    (void)producer;
    (void)level;
    (void)facility;
    (void)text;
}

void load_start(struct load *load, const char *bootstrap, const char *codec)
{
    ASSERT(load->producer == NULL);
    const char *const settings[][2] = {
        {"bootstrap.servers", bootstrap},
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "2"},
        {"batch.num.messages", "50"},
        {"compression.codec", codec},
        {"queue.buffering.max.messages", "4000"},
        {"message.timeout.ms", "300000"},
        {"socket.timeout.ms", "30000"},
        {"retry.backoff.ms", "10"},
        {"reconnect.backoff.ms", "10"},
        {"reconnect.backoff.max.ms", "50"},
        {"message.send.max.retries", "1000000"},
    };
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        ASSERT(rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof text) ==
               RD_KAFKA_CONF_OK);
    }
    rd_kafka_conf_set_opaque(conf, load);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, no_diagnostics);
    load->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    ASSERT(load->producer != NULL);
}

void load_send(struct load *load, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char key[LOAD_KEY_SIZE_MAX];
        uint8_t value[LOAD_VALUE_SIZE_MAX];
        uint64_t number = load->number_next;
        size_t key_size = load_key(number, key);
        size_t value_size = load_value(number, value);
        rd_kafka_resp_err_t status =
            rd_kafka_producev(load->producer, RD_KAFKA_V_TOPIC(LOAD_TOPIC),
                              RD_KAFKA_V_PARTITION((int32_t)(number % LOAD_PARTITIONS)),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(value, value_size),
                              RD_KAFKA_V_OPAQUE((void *)(uintptr_t)number), RD_KAFKA_V_END);
        if (status != RD_KAFKA_RESP_ERR_NO_ERROR) {
            ASSERT(status == RD_KAFKA_RESP_ERR__QUEUE_FULL || load->failed_count > 0);
            break;
        }
        load->number_next++;
    }
    rd_kafka_poll(load->producer, 1);
}

bool load_finish(struct load *load)
{
    bool is_done = rd_kafka_flush(load->producer, FINISH_MS_MAX) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_destroy(load->producer);
    load->producer = NULL;
    return is_done && load->acknowledged_count == load->number_next;
}
