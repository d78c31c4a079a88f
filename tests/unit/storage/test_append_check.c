#include "storage/log/append_check.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/storage/log_fixture.h"

static struct log_config config;
static struct append_result result;
static struct record_batch_header header;
static struct record_builder builder;
static uint8_t memory[64 * 1024];
static size_t size;
static struct append_request request;

static void make(const struct batch_recipe *recipe)
{
    struct bytes batch = log_fixture_batch(&builder, recipe);
    cr_assert_leq(batch.size, sizeof memory);
    memcpy(memory, batch.data, batch.size);
    size = batch.size;
    record_builder_clear(&builder);
    request = (struct append_request){
        .batches = {memory, size},
        .origin = APPEND_FROM_CLIENT,
        .now_ms = LOG_FIXTURE_NOW_MS,
        .zstd_allowed = true,
    };
}

static void setup(void)
{
    config = log_config_default();
    make(&BATCH_PLAIN);
}

TestSuite(append_check, .init = setup);

static void seal_crc(void)
{
    store_u32(memory + RECORD_BATCH_CRC_AT, record_batch_compute_crc((struct bytes){memory, size}));
}

static enum append_decision check(void)
{
    memset(&result, 0, sizeof result);
    struct compression_buffer buffer;
    compression_buffer_init(&buffer);
    struct record_decompression decompression = {
        .context = compression_context_create(),
        .buffer = &buffer,
        .output_size_max = COMPRESSION_SIZE_MAX,
    };
    enum append_decision decision =
        append_check(&request, &config, &decompression, &header, &result);
    compression_buffer_clear(&buffer);
    compression_context_destroy(decompression.context);
    return decision;
}

/* One row of the table in the header each: what is done to a good batch, and the answer. */
struct damage {
    const char *name;
    void (*apply)(void);
    enum append_decision expected;
    const char *text;
};

static void no_bytes(void)
{
    request.batches = BYTES_NULL;
}

static void two_batches(void)
{
    memcpy(memory + size, memory, size);
    request.batches.size = 2 * size;
}

static void old_magic(void)
{
    memory[RECORD_BATCH_MAGIC_AT] = 1;
}

static void later_magic(void)
{
    memory[RECORD_BATCH_MAGIC_AT] = 3;
}

static void cut_short(void)
{
    request.batches.size = size - 1;
}

static void shorter_than_a_header(void)
{
    request.batches.size = 30;
}

static void length_that_lies(void)
{
    store_i32(memory + RECORD_BATCH_LENGTH_AT, 3);
}

static void flipped_bit(void)
{
    memory[size - 1] ^= 1;
}

static void too_large(void)
{
    config.message_bytes_max = (int32_t)size - 1;
}

static void larger_than_a_segment(void)
{
    config.segment_bytes = (int64_t)size - 1;
}

static void base_offset_not_zero(void)
{
    store_i64(memory, 5);
}

static void count_that_does_not_fit(void)
{
    store_i32(memory + RECORD_BATCH_LAST_OFFSET_DELTA_AT, 4);
    seal_crc();
}

static void control_batch(void)
{
    store_i16(memory + RECORD_BATCH_ATTRIBUTES_AT, RECORD_BATCH_CONTROL);
    seal_crc();
}

static void append_time_bit(void)
{
    store_i16(memory + RECORD_BATCH_ATTRIBUTES_AT, RECORD_BATCH_APPEND_TIME_BIT);
    seal_crc();
}

static void producer_without_sequence(void)
{
    store_i64(memory + RECORD_BATCH_PRODUCER_ID_AT, 5);
    store_i16(memory + RECORD_BATCH_PRODUCER_EPOCH_AT, 0);
    seal_crc();
}

static void record_that_ends_wrong(void)
{
    memory[RECORD_BATCH_HEADER_SIZE] ^= 2;
    seal_crc();
}

static void null_key_on_a_compacted_topic(void)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 2;
    recipe.has_null_keys = true;
    make(&recipe);
    config.cleanup_policy = CLEANUP_COMPACT;
}

static void compressed_null_key_on_a_compacted_topic(void)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.codec = COMPRESSION_LZ4;
    recipe.has_null_keys = true;
    make(&recipe);
    config.cleanup_policy = CLEANUP_COMPACT;
}

static void too_old(void)
{
    config.timestamp_before_ms_max = 1000;
    request.now_ms = LOG_FIXTURE_NOW_MS + 1001;
}

static void too_new(void)
{
    config.timestamp_after_ms_max = 1000;
    request.now_ms = LOG_FIXTURE_NOW_MS - 1001;
}

static void zstd_before_its_time(void)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.codec = COMPRESSION_ZSTD;
    make(&recipe);
    request.zstd_allowed = false;
}

Test(append_check, each_row_of_the_table)
{
    static const struct damage cases[] = {
        {"no bytes", no_bytes, APPEND_INVALID_RECORD, "there is no record batch"},
        {"two", two_batches, APPEND_INVALID_RECORD, "behind the batch: only one is allowed"},
        {"magic 1", old_magic, APPEND_UNSUPPORTED_FORMAT, "magic 0 or 1"},
        {"magic 3", later_magic, APPEND_INVALID_RECORD, "magic of the record batch is not 2"},
        {"cut", cut_short, APPEND_CORRUPT, "batch length is larger than the bytes"},
        {"short", shorter_than_a_header, APPEND_CORRUPT, "fewer bytes than"},
        {"length", length_that_lies, APPEND_CORRUPT, "batch length is smaller"},
        {"bit", flipped_bit, APPEND_CORRUPT, "checksum does not match"},
        {"large", too_large, APPEND_BATCH_TOO_LARGE, "max.message.bytes is"},
        {"segment", larger_than_a_segment, APPEND_SEGMENT_TOO_SMALL, "segment.bytes is"},
        {"base", base_offset_not_zero, APPEND_INVALID_RECORD, "base offset of a produced batch"},
        {"count", count_that_does_not_fit, APPEND_INVALID_RECORD, "record count is not"},
        {"control", control_batch, APPEND_INVALID_RECORD, "not allowed to write control"},
        {"append time", append_time_bit, APPEND_INVALID_TIMESTAMP, "not allowed to set append"},
        {"producer", producer_without_sequence, APPEND_INVALID_RECORD, "do not go together"},
        {"record", record_that_ends_wrong, APPEND_CORRUPT, ""},
        {"null key", null_key_on_a_compacted_topic, APPEND_INVALID_RECORD, "record 0 has no key"},
        {"compressed null key", compressed_null_key_on_a_compacted_topic, APPEND_INVALID_RECORD,
         "record 0 has no key"},
        {"old", too_old, APPEND_INVALID_TIMESTAMP, "timestamp 1700000000000 is outside"},
        {"new", too_new, APPEND_INVALID_TIMESTAMP, "timestamp 1700000000000 is outside"},
        {"zstd", zstd_before_its_time, APPEND_UNSUPPORTED_COMPRESSION, "produce version 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup();
        cr_assert_eq(check(), APPEND_ACCEPTED, "before %s", cases[i].name);
        cases[i].apply();
        cr_expect_eq(check(), cases[i].expected, "%s: %s", cases[i].name, result.error.text);
        cr_expect_eq(result.decision, cases[i].expected, "%s", cases[i].name);
        cr_expect_not_null(strstr(result.error.text, cases[i].text), "%s: %s", cases[i].name,
                           result.error.text);
    }
}

Test(append_check, the_records_that_are_to_blame_are_named)
{
    null_key_on_a_compacted_topic();
    cr_assert_eq(check(), APPEND_INVALID_RECORD);
    cr_assert_eq(result.record_errors_count, 2);
    cr_expect_eq(result.record_errors[1].batch_index, 1);

    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = 20;
    recipe.codec = COMPRESSION_GZIP;
    recipe.timestamp_ms = LOG_FIXTURE_NOW_MS - 10; /* One more with each record. */
    setup();
    make(&recipe);
    config.timestamp_after_ms_max = 5;
    cr_assert_eq(check(), APPEND_INVALID_TIMESTAMP);
    cr_expect_eq(result.record_errors_count, 4);
    cr_expect_eq(result.record_errors[0].batch_index, 16);
}

Test(append_check, bounds_of_time_are_inclusive_and_do_not_count_with_append_time)
{
    config.timestamp_before_ms_max = 1000;
    request.now_ms = LOG_FIXTURE_NOW_MS + 1000;
    cr_expect_eq(check(), APPEND_ACCEPTED);
    too_old();
    config.timestamp_type = TIMESTAMP_LOG_APPEND_TIME;
    cr_expect_eq(check(), APPEND_ACCEPTED);
}

Test(append_check, no_timestamp_at_all_is_allowed)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.timestamp_ms = -1;
    make(&recipe);
    config.timestamp_before_ms_max = 1000;
    cr_expect_eq(check(), APPEND_ACCEPTED, "%s", result.error.text);
}

Test(append_check, a_largest_timestamp_that_is_wrong_is_put_right)
{
    store_i64(memory + RECORD_BATCH_MAX_TIMESTAMP_AT, LOG_FIXTURE_NOW_MS - 77);
    seal_crc();
    cr_assert_eq(check(), APPEND_ACCEPTED);
    cr_expect_eq(header.max_timestamp, LOG_FIXTURE_NOW_MS);
}

Test(append_check, coordinators_may_write_markers_and_batches_without_sequence)
{
    struct bytes batch = log_fixture_marker(&builder, 5, 1, CONTROL_RECORD_COMMIT, 3);
    request = (struct append_request){
        .batches = batch, .origin = APPEND_FROM_COORDINATOR, .now_ms = LOG_FIXTURE_NOW_MS};
    cr_expect_eq(check(), APPEND_ACCEPTED, "%s", result.error.text);
    request.origin = APPEND_FROM_CLIENT;
    cr_expect_eq(check(), APPEND_INVALID_RECORD);
    record_builder_clear(&builder);
}

Test(append_check, a_leader_s_batches_must_follow_the_end)
{
    record_batch_assign(memory, 50, 3);
    memset(&result, 0, sizeof result);
    cr_expect_eq(append_check_replicated(request.batches, 50, &header, &result), APPEND_ACCEPTED);
    cr_expect_eq(append_check_replicated(request.batches, 49, &header, &result), APPEND_ACCEPTED,
                 "compaction leaves gaps");
    cr_expect_eq(append_check_replicated(request.batches, 51, &header, &result),
                 APPEND_UNEXPECTED_OFFSET);
    cr_expect_str_eq(result.error.text, "batch begins at offset 50, the log ends at 51");
    flipped_bit();
    cr_expect_eq(append_check_replicated(request.batches, 50, &header, &result), APPEND_CORRUPT);
}
