/* librdkafka and kcat, unmodified, against the real server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/rig.h"

#define RECORDS    2000
#define KEYS       20
#define RECORD_MAX (1024 * 1024)

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_start(&rig);
}

static void teardown(void)
{
    rig_clear(&rig);
}

TestSuite(clients, .init = setup, .fini = teardown);

/* ---- codecs, order by key ---- */

struct keyed {
    unsigned next[KEYS]; /* Number that must come next for the key. */
    unsigned total;
};

static void check_keyed(void *context, const rd_kafka_message_t *message)
{
    struct keyed *keyed = context;
    unsigned key = 0;
    unsigned number = 0;
    char value[64] = "";
    cr_assert_lt(message->len, sizeof value);
    memcpy(value, message->payload, message->len);
    cr_assert_eq(sscanf(value, "key %u number %u", &key, &number), 2);
    cr_assert_lt(key, KEYS);
    cr_assert_eq(number, keyed->next[key], "key %u: %u, not %u", key, number, keyed->next[key]);
    cr_assert_eq(message->key_len, snprintf(value, sizeof value, "k%u", key));
    cr_assert_arr_eq(message->key, value, message->key_len);
    keyed->next[key]++;
    keyed->total++;
}

static void produce_keyed(const char *topic, const char *const *settings)
{
    struct rig_producer producer;
    rig_producer_open(&producer, &rig, settings);
    for (unsigned i = 0; i < RECORDS; i++) {
        char key[16];
        char value[64];
        int key_size = snprintf(key, sizeof key, "k%u", i % KEYS);
        int value_size = snprintf(value, sizeof value, "key %u number %u", i % KEYS, i / KEYS);
        cr_assert_eq(rd_kafka_producev(producer.handle, RD_KAFKA_V_TOPIC(topic),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_KEY(key, (size_t)key_size),
                                       RD_KAFKA_V_VALUE(value, (size_t)value_size), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    rig_producer_close(&producer);
    cr_assert_eq(producer.delivered_count, RECORDS);
    cr_assert_eq(producer.failed_count, 0);
}

static void produce_and_consume_keyed(const char *codec, const char *idempotence)
{
    const char *const settings[] = {
        "compression.codec", codec, "enable.idempotence", idempotence, "linger.ms", "1", NULL};
    const struct create_topics_response_topic *topic =
        wire_create_topic(&rig.client, "keyed", 4, NULL);
    cr_assert_eq(topic->error_code, KAFKA_NONE);
    produce_keyed("keyed", settings);
    struct keyed keyed = {0};
    for (int32_t partition = 0; partition < 4; partition++) {
        rig_consume(&rig, "keyed", partition, 0, check_keyed, &keyed);
    }
    cr_assert_eq(keyed.total, RECORDS);
}

Test(clients, keep_the_order_of_each_key_uncompressed)
{
    produce_and_consume_keyed("none", "false");
}

Test(clients, keep_the_order_of_each_key_with_gzip)
{
    produce_and_consume_keyed("gzip", "true");
}

Test(clients, keep_the_order_of_each_key_with_snappy)
{
    produce_and_consume_keyed("snappy", "true");
}

Test(clients, keep_the_order_of_each_key_with_lz4)
{
    produce_and_consume_keyed("lz4", "true");
}

Test(clients, keep_the_order_of_each_key_with_zstd)
{
    produce_and_consume_keyed("zstd", "true");
}

Test(clients, find_their_records_with_one_shard)
{
    wire_client_close(&rig.client);
    cr_assert_eq(server_process_stop(&rig.server), 0);
    server_process_set(&rig.server, "num.network.threads=1");
    rig_start(&rig);
    produce_and_consume_keyed("none", "true");
}

Test(clients, find_their_records_with_two_shards)
{
    wire_client_close(&rig.client);
    cr_assert_eq(server_process_stop(&rig.server), 0);
    server_process_set(&rig.server, "num.network.threads=2");
    rig_start(&rig);
    produce_and_consume_keyed("none", "true");
}

Test(clients, recompress_when_the_topic_says_so)
{
    static const char *const configs[] = {"compression.type", "zstd", NULL};
    static const char *const settings[] = {"compression.codec", "gzip", NULL};
    wire_create_topic(&rig.client, "recompressed", 1, configs);
    produce_keyed("recompressed", settings);
    struct keyed keyed = {0};
    rig_consume(&rig, "recompressed", 0, 0, check_keyed, &keyed);
    cr_assert_eq(keyed.total, RECORDS);
    struct bytes records = wire_records(
        wire_fetch(&rig.client, &(struct wire_fetch){.topic = "recompressed", .bytes_max = 1000}));
    struct record_batch_header header;
    cr_assert_eq(record_batch_header_read(records, &header), RECORD_BATCH_OK);
    cr_assert_eq(header.attributes & RECORD_BATCH_CODEC_MASK, COMPRESSION_ZSTD);
}

/* ---- what a record may be ---- */

enum { NULL_KEY = 1, NULL_VALUE = 2, EMPTY_KEY = 4, EMPTY_VALUE = 8, KINDS = 16 };

static void check_kind(void *context, const rd_kafka_message_t *message)
{
    unsigned kind = (unsigned)message->offset;
    (void)context;
    cr_assert_eq(message->key == NULL, (kind & NULL_KEY) != 0);
    cr_assert_eq(message->payload == NULL, (kind & NULL_VALUE) != 0);
    cr_assert_eq(message->key_len, (kind & (NULL_KEY | EMPTY_KEY)) != 0 ? 0 : 3);
    cr_assert_eq(message->len, (kind & (NULL_VALUE | EMPTY_VALUE)) != 0 ? 0 : 5);
}

Test(clients, tell_null_from_empty)
{
    struct rig_producer producer;
    rig_create_topic(&rig, "kinds");
    rig_producer_open(&producer, &rig, NULL);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        const char *key = (kind & NULL_KEY) != 0 ? NULL : "key";
        const char *value = (kind & NULL_VALUE) != 0 ? NULL : "value";
        size_t key_size = (kind & (NULL_KEY | EMPTY_KEY)) != 0 ? 0 : 3;
        size_t value_size = (kind & (NULL_VALUE | EMPTY_VALUE)) != 0 ? 0 : 5;
        cr_assert_eq(rd_kafka_producev(
                         producer.handle, RD_KAFKA_V_TOPIC("kinds"),
                         RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
                         RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_size), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    rig_producer_close(&producer);
    cr_assert_eq(rig_consume(&rig, "kinds", 0, 0, check_kind, NULL), KINDS);
}

static void check_headers(void *context, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t size;
    (void)context;
    cr_assert_eq(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(rd_kafka_header_cnt(headers), 4);
    static const char *const names[] = {"first", "again", "again", "none"};
    static const char *const values[] = {"1", "2", "", NULL};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(rd_kafka_header_get_all(headers, i, &name, &value, &size),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
        cr_assert_str_eq(name, names[i]);
        cr_assert_eq(value == NULL, values[i] == NULL);
        cr_assert_eq(size, values[i] != NULL ? strlen(values[i]) : 0);
    }
    rd_kafka_timestamp_type_t type;
    cr_assert_eq(rd_kafka_message_timestamp(message, &type), 1234567890123);
    cr_assert_eq(type, RD_KAFKA_TIMESTAMP_CREATE_TIME);
}

Test(clients, keep_headers_and_timestamps)
{
    struct rig_producer producer;
    rig_create_topic(&rig, "headers");
    rig_producer_open(&producer, &rig, NULL);
    cr_assert_eq(
        rd_kafka_producev(producer.handle, RD_KAFKA_V_TOPIC("headers"),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t) "v", 1),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_TIMESTAMP(1234567890123), RD_KAFKA_V_HEADER("first", "1", 1),
                          RD_KAFKA_V_HEADER("again", "2", 1), RD_KAFKA_V_HEADER("again", "", 0),
                          RD_KAFKA_V_HEADER("none", NULL, 0), RD_KAFKA_V_END),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    rig_producer_close(&producer);
    cr_assert_eq(rig_consume(&rig, "headers", 0, 0, check_headers, NULL), 1);
}

static size_t size_of_record(unsigned index)
{
    static const size_t sizes[] = {1, 2, 100, 4095, 4096, 4097, 65535, 65536, 300001, 1000000};
    return index < sizeof sizes / sizeof sizes[0] ? sizes[index] : RECORD_MAX;
}

static void check_size(void *context, const rd_kafka_message_t *message)
{
    const uint8_t *bytes = message->payload;
    size_t size = size_of_record((unsigned)message->offset);
    (void)context;
    cr_assert_eq(message->len, size);
    for (size_t i = 0; i < size; i++) {
        cr_assert_eq(bytes[i], (uint8_t)(i * 7 + size), "byte %zu of %zu", i, size);
    }
}

Test(clients, carry_records_from_one_byte_to_one_mebibyte)
{
    static const char *const configs[] = {"max.message.bytes", "1200000", NULL};
    uint8_t *value = malloc(RECORD_MAX);
    struct rig_producer producer;
    wire_create_topic(&rig.client, "sizes", 1, configs);
    rig_producer_open(&producer, &rig, NULL);
    for (unsigned index = 0; index < 11; index++) {
        size_t size = size_of_record(index);
        for (size_t i = 0; i < size; i++) {
            value[i] = (uint8_t)(i * 7 + size);
        }
        cr_assert_eq(rd_kafka_producev(producer.handle, RD_KAFKA_V_TOPIC("sizes"),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    rig_producer_close(&producer);
    free(value);
    cr_assert_eq(producer.failed_count, 0, "%s", rd_kafka_err2str(producer.last_error));
    cr_assert_eq(rig_consume(&rig, "sizes", 0, 0, check_size, NULL), 11);
}

Test(clients, are_told_that_a_record_is_too_large)
{
    uint8_t *value = calloc(1, RECORD_MAX);
    struct rig_producer producer;
    rig_create_topic(&rig, "small");
    rig_producer_open(&producer, &rig, NULL);
    rd_kafka_producev(producer.handle, RD_KAFKA_V_TOPIC("small"),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, RECORD_MAX),
                      RD_KAFKA_V_END);
    rig_producer_close(&producer);
    free(value);
    cr_assert_eq(producer.failed_count, 1);
    cr_assert_eq(producer.last_error, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    cr_assert_eq(rig_end_offset(&rig, "small"), 0);
}

static void produce_one_with_acks(const char *acks)
{
    const char *const settings[] = {"acks", acks, NULL};
    struct rig_producer producer;
    rig_producer_open(&producer, &rig, settings);
    rd_kafka_producev(producer.handle, RD_KAFKA_V_TOPIC("acks"),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE((void *)(uintptr_t) "v", 1), RD_KAFKA_V_END);
    rig_producer_close(&producer);
    cr_assert_eq(producer.delivered_count, 1);
}

Test(clients, produce_with_every_acks)
{
    rig_create_topic(&rig, "acks");
    produce_one_with_acks("1");
    produce_one_with_acks("all");
    cr_assert_eq(rig_end_offset(&rig, "acks"), 2);
    produce_one_with_acks("0");
    /* Nobody says when it is there: a fetch waits for it. */
    const struct fetch_response_partition *part = wire_fetch(
        &rig.client,
        &(struct wire_fetch){.topic = "acks", .offset = 2, .wait_ms_max = 30000, .bytes_min = 1});
    cr_assert_gt(wire_records(part).size, 0);
}

/* ---- kcat ---- */

static void shell(const char *command, const char *expected)
{
    char output[65536];
    int code = server_process_shell(&rig.server, command, output, sizeof output);
    cr_assert_eq(code, 0, "%s: exit code %d: %s", command, code, output);
    cr_assert_str_eq(output, expected, "%s", command);
}

Test(clients, kcat_creates_a_topic_by_producing_and_reads_it_back)
{
    shell("printf 'a:1\\nb:2\\nc:\\n' | kcat -q -b $BOOTSTRAP -t new -P -K: -z lz4 2>&1", "");
    shell("kcat -q -b $BOOTSTRAP -t new -C -e -K: 2>&1", "a:1\nb:2\nc:\n");
    shell("kcat -q -b $BOOTSTRAP -t new -C -e -o 1 -c 1 2>&1", "2\n");
    shell("kcat -q -b $BOOTSTRAP -t new -C -e -o -1 2>&1", "\n");
    shell("kcat -q -b $BOOTSTRAP -Q -t new:0:-1 2>&1", "new [0] offset 3\n");
}

Test(clients, kcat_produces_idempotently)
{
    shell("seq 5000 | kcat -q -b $BOOTSTRAP -t seq -P -X enable.idempotence=true 2>&1", "");
    shell("kcat -q -b $BOOTSTRAP -t seq -C -e 2>&1 | md5sum | cut -c1-32 >\"$DIRECTORY\"/sum; "
          "seq 5000 | md5sum | cut -c1-32 | cmp - \"$DIRECTORY\"/sum 2>&1",
          "");
}

Test(clients, kcat_lists_brokers_and_topics)
{
    rig_create_topic(&rig, "listed");
    shell("kcat -q -b $BOOTSTRAP -L 2>&1 | grep -c 'topic \"listed\" with 1 partitions'", "1\n");
    shell("kcat -q -b $BOOTSTRAP -L 2>&1 | grep -c \"broker 1 at $BOOTSTRAP (controller)\"", "1\n");
}
