/* Batches that must not be appended: the exact error of each, and nothing in the log. */
#include <string.h>

#include "base/clock.h"
#include "proto/record/record_batch.h"
#include "tests/integration/rig.h"

static struct rig rig;
static struct record_builder builder;
static uint8_t memory[4096];
static struct bytes batch;

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

TestSuite(bad_batch, .init = setup, .fini = teardown);

/* A good batch of three records in `memory`, to be spoiled. */
static void make(const struct batch_recipe *recipe)
{
    struct bytes made = log_fixture_batch(&builder, recipe);
    cr_assert_leq(made.size, sizeof memory);
    memcpy(memory, made.data, made.size);
    batch = (struct bytes){memory, made.size};
    record_builder_clear(&builder);
}

static void make_plain(void)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 3;
    make(&recipe);
}

static void seal(void)
{
    store_u32(memory + RECORD_BATCH_CRC_AT, record_batch_compute_crc(batch));
}

/* Sends it: the error, and nothing appended; the connection goes on. */
static void expect(int16_t expected)
{
    int64_t before = rig_end_offset(&rig, "t");
    const struct produce_response_partition *answer = wire_produce(&rig.client, "t", 0, batch, -1);
    cr_assert(answer != NULL, "the connection was closed");
    cr_assert_eq(answer->error_code, expected, "error %d: %.*s", answer->error_code,
                 (int)answer->error_message.size, answer->error_message.data);
    cr_assert_eq(answer->base_offset, -1);
    cr_assert_eq(rig_end_offset(&rig, "t"), before);
}

Test(bad_batch, with_a_flipped_bit)
{
    make_plain();
    for (size_t at = RECORD_BATCH_CRC_AT; at < batch.size; at += 7) {
        memory[at] ^= 0x10;
        expect(KAFKA_CORRUPT_MESSAGE);
        memory[at] ^= 0x10;
    }
}

Test(bad_batch, of_the_formats_that_kafka_4_has_dropped)
{
    for (uint8_t magic = 0; magic < 2; magic++) {
        make_plain();
        memory[RECORD_BATCH_MAGIC_AT] = magic;
        expect(KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT);
    }
}

Test(bad_batch, of_a_format_of_the_future)
{
    make_plain();
    memory[RECORD_BATCH_MAGIC_AT] = 3;
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, with_a_length_that_lies)
{
    make_plain();
    store_i32(memory + RECORD_BATCH_LENGTH_AT, load_i32(memory + RECORD_BATCH_LENGTH_AT) + 1);
    expect(KAFKA_CORRUPT_MESSAGE);
    make_plain();
    store_i32(memory + RECORD_BATCH_LENGTH_AT, 10);
    expect(KAFKA_CORRUPT_MESSAGE);
    make_plain();
    batch.size -= 1;
    expect(KAFKA_CORRUPT_MESSAGE);
}

Test(bad_batch, with_counts_that_do_not_fit)
{
    make_plain();
    store_i32(memory + RECORD_BATCH_RECORD_COUNT_AT, 4);
    seal();
    expect(KAFKA_INVALID_RECORD);
    make_plain();
    store_i32(memory + RECORD_BATCH_LAST_OFFSET_DELTA_AT, 5);
    seal();
    expect(KAFKA_INVALID_RECORD);
    make_plain();
    store_i32(memory + RECORD_BATCH_RECORD_COUNT_AT, 0);
    seal();
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, with_an_offset_of_its_own)
{
    make_plain();
    store_i64(memory, 5);
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, that_claims_to_be_a_control_batch)
{
    make_plain();
    store_i16(memory + RECORD_BATCH_ATTRIBUTES_AT, RECORD_BATCH_CONTROL);
    seal();
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, with_a_codec_that_does_not_exist)
{
    make_plain();
    store_i16(memory + RECORD_BATCH_ATTRIBUTES_AT, 6);
    seal();
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, from_the_future_and_from_too_far_in_the_past)
{
    struct clock *clock = clock_system();
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.timestamp_ms = clock->wall_ms(clock) + 2 * 3600 * 1000; /* One hour is allowed. */
    make(&recipe);
    expect(KAFKA_INVALID_TIMESTAMP);
    cr_assert_eq(wire_set_config(&rig.client, "t", "message.timestamp.before.max.ms", "60000"),
                 KAFKA_NONE);
    recipe.timestamp_ms = clock->wall_ms(clock) - 120000;
    make(&recipe);
    expect(KAFKA_INVALID_TIMESTAMP);
}

Test(bad_batch, too_large_for_the_topic)
{
    cr_assert_eq(wire_set_config(&rig.client, "t", "max.message.bytes", "200"), KAFKA_NONE);
    make_plain();
    expect(KAFKA_MESSAGE_TOO_LARGE);
}

Test(bad_batch, two_of_them)
{
    make_plain();
    memcpy(memory + batch.size, memory, batch.size);
    batch.size *= 2;
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, none)
{
    batch = BYTES_EMPTY;
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, without_a_key_on_a_compacted_topic)
{
    cr_assert_eq(wire_set_config(&rig.client, "t", "cleanup.policy", "compact"), KAFKA_NONE);
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.has_null_keys = true;
    make(&recipe);
    expect(KAFKA_INVALID_RECORD);
}

Test(bad_batch, out_of_sequence)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 3;
    recipe.producer_id = wire_producer_id(&rig.client);
    recipe.producer_epoch = 1;
    recipe.base_sequence = 0;
    cr_assert_eq(rig_produce(&rig, "t", &recipe, KAFKA_NONE), 0);
    recipe.base_sequence = 5; /* 3 comes next. */
    make(&recipe);
    expect(KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER);
    recipe.base_sequence = 3;
    recipe.producer_epoch = 0; /* An older producer of the same id. */
    make(&recipe);
    expect(KAFKA_INVALID_PRODUCER_EPOCH);
    recipe.producer_epoch = 1;
    cr_assert_eq(rig_produce(&rig, "t", &recipe, KAFKA_NONE), 3);
    cr_assert_eq(rig_produce(&rig, "t", &recipe, KAFKA_NONE), 3, "again: the same offset");
    cr_assert_eq(rig_end_offset(&rig, "t"), 6);
}

Test(bad_batch, with_acks_that_do_not_exist)
{
    make_plain();
    const struct produce_response_partition *answer = wire_produce(&rig.client, "t", 0, batch, 2);
    cr_assert_eq(answer->error_code, KAFKA_INVALID_REQUIRED_ACKS);
    cr_assert_eq(rig_end_offset(&rig, "t"), 0);
}

Test(bad_batch, for_a_partition_that_does_not_exist)
{
    make_plain();
    cr_assert_eq(wire_produce(&rig.client, "t", 1, batch, -1)->error_code,
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(wire_produce(&rig.client, "nowhere", 0, batch, -1)->error_code,
                 KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

Test(bad_batch, with_acks_0_closes_the_connection)
{
    make_plain();
    memory[RECORD_BATCH_CRC_AT] ^= 1;
    wire_produce(&rig.client, "t", 0, batch, 0);
    cr_assert(wire_client_is_closed(&rig.client));
    wire_client_close(&rig.client);
    cr_assert(wire_client_connect(&rig.client, rig.server.ports[0]));
    cr_assert_eq(rig_end_offset(&rig, "t"), 0);
}
