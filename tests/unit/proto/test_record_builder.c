#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "proto/record/record_builder.h"
#include "tests/unit/proto/golden_record_batches.h"

#define START_MS 1700000000000

static struct error error;
static struct record_builder builder;
static struct compression_context *context;
static struct bytes batch;
static uint8_t memory[GOLDEN_SIZE_MAX];

static void setup(void)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    record_builder_init(&builder, &options, 1 << 20);
    context = compression_context_create();
}

static void teardown(void)
{
    record_builder_clear(&builder);
    compression_context_destroy(context);
}

TestSuite(record_builder, .init = setup, .fini = teardown);

static struct bytes bytes_of(const char *text)
{
    return text != NULL ? (struct bytes){(const uint8_t *)text, strlen(text)} : BYTES_NULL;
}

static enum status add(int64_t timestamp, const char *key, const char *value,
                       const struct record_header *header)
{
    struct record_content record = {
        .timestamp = timestamp,
        .key = bytes_of(key),
        .value = bytes_of(value),
        .headers = header,
        .header_count = header != NULL ? 1 : 0,
    };
    return record_builder_add(&builder, &record, &error);
}

/* The three records of the golden batches. */
static void add_golden_records(void)
{
    struct record_header first = {TEXT_LITERAL("h"), bytes_of("x")};
    struct record_header third = {TEXT_LITERAL("n"), BYTES_NULL};
    cr_assert_eq(add(START_MS, "k1", "v1", &first), STATUS_OK);
    cr_assert_eq(add(START_MS + 5, NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL),
                 STATUS_OK);
    cr_assert_eq(add(START_MS + 3, "k3", NULL, &third), STATUS_OK);
}

static void expect_golden(enum golden golden)
{
    struct bytes expected = golden_batch(golden, memory);
    cr_assert_eq(record_builder_finish(&builder, context, &batch, &error), STATUS_OK);
    cr_assert_eq(batch.size, expected.size);
    cr_expect_arr_eq(batch.data, expected.data, batch.size);
}

Test(record_builder, builds_what_java_builds)
{
    add_golden_records();
    expect_golden(GOLDEN_java_none);
}

Test(record_builder, builds_the_idempotent_and_transactional_batches_that_java_builds)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.producer_id = 4242;
    options.producer_epoch = 7;
    options.base_sequence = INT32_MAX - 1;
    record_builder_reset(&builder, &options);
    add_golden_records();
    expect_golden(GOLDEN_java_idempotent);

    options.base_sequence = 11;
    options.is_transactional = true;
    record_builder_reset(&builder, &options);
    add_golden_records();
    expect_golden(GOLDEN_java_transactional);
}

Test(record_builder, builds_the_markers_that_java_builds)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.base_offset = 100;
    options.partition_leader_epoch = 3;
    options.producer_id = 4242;
    options.producer_epoch = 7;
    options.is_transactional = true;
    options.is_control = true;
    record_builder_reset(&builder, &options);
    cr_assert_eq(record_builder_add_marker(&builder, CONTROL_RECORD_COMMIT, 9, START_MS, &error),
                 STATUS_OK);
    expect_golden(GOLDEN_java_commit);

    record_builder_reset(&builder, &options);
    cr_assert_eq(record_builder_add_marker(&builder, CONTROL_RECORD_ABORT, 9, START_MS, &error),
                 STATUS_OK);
    expect_golden(GOLDEN_java_abort);
}

ParameterizedTestParameters(record_builder, every_codec_is_read_back)
{
    static int codecs[] = {0, 1, 2, 3, 4};
    return cr_make_param_array(int, codecs, 5);
}

ParameterizedTest(int *codec, record_builder, every_codec_is_read_back)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.codec = (enum compression_codec) * codec;
    record_builder_reset(&builder, &options);
    char key[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        cr_assert_eq(add(START_MS + i, key, "a value that is the same for all", NULL), STATUS_OK);
    }
    cr_assert_eq(record_builder_finish(&builder, context, &batch, &error), STATUS_OK);
    if (*codec != 0) {
        cr_expect_lt(batch.size, 30000);
    }

    struct record_batch_header header;
    struct record_iterator iterator;
    struct record record;
    struct compression_buffer buffer;
    compression_buffer_init(&buffer);
    struct record_decompression decompression = {context, &buffer, 1 << 20};
    cr_assert_eq(record_batch_verify_produced(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.max_timestamp, START_MS + 999);
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, &decompression, &error),
                 STATUS_OK);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        cr_assert_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_RECORD);
        cr_expect(bytes_equal(record.key, bytes_of(key)));
        cr_expect_eq(record.offset, i);
        cr_expect_eq(record.timestamp, START_MS + i);
    }
    cr_expect_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_END);
    compression_buffer_clear(&buffer);
}

Test(record_builder, gaps_and_an_extended_end_are_kept)
{
    struct record_content record = {.timestamp = START_MS, .key = bytes_of("k")};
    cr_assert_eq(record_builder_add_at(&builder, 3, &record, &error), STATUS_OK);
    cr_assert_eq(record_builder_add(&builder, &record, &error), STATUS_OK);
    cr_assert_eq(record_builder_add_at(&builder, 9, &record, &error), STATUS_OK);
    record_builder_extend(&builder, 12);
    cr_assert_eq(record_builder_finish(&builder, NULL, &batch, &error), STATUS_OK);

    struct record_batch_header header;
    struct record_iterator iterator;
    struct record read;
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.last_offset_delta, 12);
    cr_expect_eq(header.record_count, 3);
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, NULL, &error), STATUS_OK);
    const int64_t offsets[] = {3, 4, 9};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(record_iterator_next(&iterator, &read, &error), RECORD_STEP_RECORD);
        cr_expect_eq(read.offset, offsets[i]);
    }
    cr_expect_eq(record_iterator_next(&iterator, &read, &error), RECORD_STEP_END);
}

/* As compaction keeps the last batch of an active producer. */
Test(record_builder, empty_batch_keeps_its_range_and_its_producer)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.codec = COMPRESSION_GZIP;
    options.base_offset = 50;
    options.producer_id = 4242;
    options.producer_epoch = 7;
    options.base_sequence = 5;
    record_builder_reset(&builder, &options);
    record_builder_extend(&builder, 2);
    cr_assert_eq(record_builder_finish(&builder, context, &batch, &error), STATUS_OK);

    struct record_batch_header header;
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(batch.size, RECORD_BATCH_HEADER_SIZE);
    cr_expect_eq(header.record_count, 0);
    cr_expect_eq(record_batch_last_offset(&header), 52);
    cr_expect_eq(record_batch_last_sequence(&header), 7);
    cr_expect_eq(record_batch_codec(&header), COMPRESSION_NONE);
}

Test(record_builder, append_time_and_delete_horizon_stand_in_the_header)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.is_append_time = true;
    options.append_timestamp = START_MS + 100;
    options.has_delete_horizon = true;
    options.delete_horizon = START_MS + 7;
    record_builder_reset(&builder, &options);
    cr_assert_eq(add(START_MS, "k", NULL, NULL), STATUS_OK);
    cr_assert_eq(record_builder_finish(&builder, NULL, &batch, &error), STATUS_OK);

    struct record_batch_header header;
    struct record_iterator iterator;
    struct record record;
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.max_timestamp, START_MS + 100);
    cr_expect_eq(header.base_timestamp, START_MS + 7);
    cr_expect(record_batch_has_delete_horizon(&header));
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, NULL, &error), STATUS_OK);
    cr_assert_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_RECORD);
    cr_expect_eq(record.timestamp, START_MS + 100);
    /* Without the append time the record's own comes out, measured from the horizon. */
    iterator = (struct record_iterator){0};
    header.attributes &= ~RECORD_BATCH_APPEND_TIME_BIT;
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, NULL, &error), STATUS_OK);
    cr_assert_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_RECORD);
    cr_expect_eq(record.timestamp, START_MS);
}

Test(record_builder, batch_without_records_is_refused)
{
    cr_expect_eq(record_builder_finish(&builder, NULL, &batch, &error), STATUS_INVALID);
}

Test(record_builder, what_does_not_fit_is_refused_and_the_rest_stays)
{
    struct record_builder fixed;
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    uint8_t room[RECORD_BATCH_HEADER_SIZE + 20];
    uint8_t large[40] = {0};
    struct record_content small = {.timestamp = START_MS, .value = {large, 1}};
    struct record_content big = {.timestamp = START_MS, .value = {large, sizeof large}};
    record_builder_init_in(&fixed, &options, room, sizeof room);
    cr_assert_eq(record_builder_add(&fixed, &small, &error), STATUS_OK);
    cr_expect_eq(record_builder_add(&fixed, &big, &error), STATUS_LIMIT);
    cr_assert_eq(record_builder_add(&fixed, &small, &error), STATUS_OK);
    cr_expect_eq(record_builder_add(&fixed, &small, &error), STATUS_LIMIT);
    cr_assert_eq(record_builder_finish(&fixed, NULL, &batch, &error), STATUS_OK);
    cr_expect_eq(batch.data, room);

    struct record_batch_header header;
    cr_assert_eq(record_batch_verify_produced(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.record_count, 2);
    record_builder_clear(&fixed);
}

/* The plain records fill the memory; gzip's frame around what it cannot shorten does not fit. */
Test(record_builder, compressed_batch_that_does_not_fit_is_refused)
{
    struct record_builder fixed;
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.codec = COMPRESSION_GZIP;
    uint8_t room[RECORD_BATCH_HEADER_SIZE + 8];
    struct record_content small = {.timestamp = START_MS, .value = {(const uint8_t *)"x", 1}};
    record_builder_init_in(&fixed, &options, room, sizeof room);
    cr_assert_eq(record_builder_add(&fixed, &small, &error), STATUS_OK);
    cr_expect_eq(record_builder_finish(&fixed, context, &batch, &error), STATUS_LIMIT);
    record_builder_clear(&fixed);
}

Test(record_builder, impossible_records_are_refused)
{
    struct record_content record = {.timestamp = INT64_MIN, .header_count = -1};
    cr_expect_eq(record_builder_add(&builder, &record, &error), STATUS_INVALID);
    record.header_count = RECORD_HEADERS_MAX + 1;
    cr_expect_eq(record_builder_add(&builder, &record, &error), STATUS_INVALID);
    record.header_count = 0;
    cr_assert_eq(record_builder_add(&builder, &record, &error), STATUS_OK);
    record.timestamp = INT64_MAX;
    cr_expect_eq(record_builder_add(&builder, &record, &error), STATUS_INVALID);

    record.timestamp = INT64_MIN;
    record.value = (struct bytes){memory, (size_t)3 << 30}; /* Never read: its size refuses it. */
    cr_expect_eq(record_builder_add(&builder, &record, &error), STATUS_LIMIT);
    struct record_header field = {{(const char *)memory, (size_t)3 << 30}, BYTES_NULL};
    record.value = BYTES_NULL;
    record.headers = &field;
    record.header_count = 1;
    cr_expect_eq(record_builder_add(&builder, &record, &error), STATUS_LIMIT);
}

Test(record_builder, size_is_never_more_than_said)
{
    struct record_header field = {TEXT_LITERAL("name"), bytes_of("value")};
    struct record_content record = {
        .timestamp = START_MS,
        .key = bytes_of("key"),
        .value = bytes_of("some value"),
        .headers = &field,
        .header_count = 1,
    };
    size_t before = builder.size;
    cr_assert_eq(record_builder_add(&builder, &record, &error), STATUS_OK);
    size_t used = builder.size - before;
    cr_expect_leq(used, record_size_max(&record));
    cr_expect_geq(used + 36, record_size_max(&record));
}
