#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "proto/record/record_iterator.h"
#include "tests/unit/proto/golden_record_batches.h"

static struct error error;
static struct record_iterator iterator;
static struct record_decompression decompression;
static struct compression_buffer buffer;
static uint8_t memory[GOLDEN_SIZE_MAX];
static char told[1024];

static void setup(void)
{
    compression_buffer_init(&buffer);
    decompression = (struct record_decompression){
        .context = compression_context_create(),
        .buffer = &buffer,
        .output_size_max = 1024,
    };
    told[0] = '\0';
}

static void teardown(void)
{
    compression_context_destroy(decompression.context);
    compression_buffer_clear(&buffer);
}

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    size_t size = strlen(told);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(told + size, sizeof told - size, format, arguments);
    va_end(arguments);
}

static void tell_bytes(const char *name, struct bytes bytes)
{
    if (bytes.data == NULL) {
        tell(" %s=null", name);
    } else {
        tell(" %s=%.*s", name, (int)bytes.size, (const char *)bytes.data);
    }
}

/* One line per record, one word at the end. */
static void tell_all(struct bytes batch)
{
    struct record_batch_header header;
    struct record record;
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, &decompression, &error), STATUS_OK,
                 "%s", error.text);
    enum record_step step;
    while ((step = record_iterator_next(&iterator, &record, &error)) == RECORD_STEP_RECORD) {
        tell("%lld@%lld", (long long)record.offset, (long long)(record.timestamp - 1700000000000));
        tell_bytes("k", record.key);
        tell_bytes("v", record.value);
        size_t position = 0;
        struct record_header field;
        while (record_headers_next(&record, &position, &field)) {
            tell_bytes("h", (struct bytes){(const uint8_t *)field.key.data, field.key.size});
            tell_bytes("=", field.value);
        }
        tell("\n");
    }
    tell(step == RECORD_STEP_END ? "end" : "damaged: %s", error.text);
}

TestSuite(record_iterator, .init = setup, .fini = teardown);

static enum golden clients_batches[] = {
    GOLDEN_java_none,  GOLDEN_java_gzip,   GOLDEN_java_snappy,     GOLDEN_java_lz4,
    GOLDEN_java_zstd,  GOLDEN_python_none, GOLDEN_python_gzip,     GOLDEN_python_snappy,
    GOLDEN_python_lz4, GOLDEN_python_zstd, GOLDEN_java_idempotent, GOLDEN_java_transactional,
};

ParameterizedTestParameters(record_iterator, clients_batches_are_read_whatever_their_codec)
{
    return cr_make_param_array(enum golden, clients_batches,
                               sizeof clients_batches / sizeof clients_batches[0]);
}

ParameterizedTest(enum golden *golden, record_iterator,
                  clients_batches_are_read_whatever_their_codec)
{
    tell_all(golden_batch(*golden, memory));
    cr_expect_str_eq(told, "0@0 k=k1 v=v1 h=h ==x\n"
                           "1@5 k=null v=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                           "2@3 k=k3 v=null h=n ==null\n"
                           "end");
}

Test(record_iterator, batch_that_compaction_emptied_has_no_records)
{
    tell_all(golden_batch(GOLDEN_java_empty, memory));
    cr_expect_str_eq(told, "end");
}

/* A batch of `count` offsets around hand-made records, with the right checksum. */
static struct bytes batch_of(const char *records_hex, int32_t record_count,
                             int32_t last_offset_delta, int16_t attributes)
{
    size_t size = hex_decode(records_hex, memory + RECORD_BATCH_HEADER_SIZE,
                             sizeof memory - RECORD_BATCH_HEADER_SIZE);
    struct bytes batch = {memory, RECORD_BATCH_HEADER_SIZE + size};
    struct record_batch_header header = {
        .base_offset = 1000,
        .base_timestamp = 1700000000000,
        .max_timestamp = 1700000000077,
        .producer_id = -1,
        .producer_epoch = -1,
        .base_sequence = -1,
        .batch_length = (int32_t)(batch.size - RECORD_BATCH_LENGTH_OVERHEAD),
        .last_offset_delta = last_offset_delta,
        .record_count = record_count,
        .attributes = attributes,
        .magic = RECORD_BATCH_MAGIC,
    };
    record_batch_header_write(&header, memory);
    store_u32(memory + RECORD_BATCH_CRC_AT, record_batch_compute_crc(batch));
    return batch;
}

struct hand_made {
    char what[48];
    char hex[96];
    int32_t count;
    int32_t last_offset_delta;
    char told[128];
};

/* Sizes are zig-zag: 0c is 6, 01 is -1, 03 is -2. A record of one empty field each is
 * "0c 00 00 00 01 01 00": size 6, attributes, time, offset, null key, null value, no headers. */
ParameterizedTestParameters(record_iterator, hand_made_record_is_told_or_refused)
{
#define DAMAGED(index, text) "damaged: record " index " of the batch at offset 1000: " text
#define EMPTY(offset)        offset "@0 k=null v=null\n"
    static struct hand_made cases[] = {
        {"smallest", "0c000000010100", 1, 0, EMPTY("1000") "end"},
        {"empty is not null", "0c000000000000", 1, 0, "1000@0 k= v=\nend"},
        {"negative time", "0c000100010100", 1, 0, "1000@-1 k=null v=null\nend"},
        {"attributes are passed over", "0cff0000010100", 1, 0, EMPTY("1000") "end"},
        {"gap", "0c0000040101000c000008010100", 2, 9, EMPTY("1002") EMPTY("1004") "end"},
        {"empty header key and value",
         "10000000010102"
         "0000",
         1, 0, "1000@0 k=null v=null h= ==\nend"},
        {"size of nothing", "", 1, 0, DAMAGED("0", "its size is more than there is")},
        {"size past the end", "0e000000010100", 1, 0,
         DAMAGED("0", "its size is more than there is")},
        {"size negative", "01000000010100", 1, 0, DAMAGED("0", "its size is more than there is")},
        {"size too long a varint", "808080808001", 1, 0,
         DAMAGED("0", "its size is more than there is")},
        {"size zero", "00", 1, 0, DAMAGED("0", "a field does not fit")},
        {"size too small", "0a000000010100", 1, 0, DAMAGED("0", "a field does not fit")},
        {"key past the end", "0c000000060100", 1, 0, DAMAGED("0", "a field does not fit")},
        {"key size -2", "0c000000030100", 1, 0, DAMAGED("0", "a field does not fit")},
        {"value past the end", "0c000000010400", 1, 0, DAMAGED("0", "a field does not fit")},
        {"value size -2", "0c000000010300", 1, 0, DAMAGED("0", "a field does not fit")},
        {"header count negative", "0c000000010101", 1, 0,
         DAMAGED("0", "header count is not possible")},
        {"header count of nothing", "0c000000010102", 1, 0,
         DAMAGED("0", "header count is not possible")},
        {"header key null", "100000000101020101", 1, 0, DAMAGED("0", "a header does not fit")},
        {"header key past the end", "100000000101020401", 1, 0,
         DAMAGED("0", "a header does not fit")},
        {"header value past the end", "100000000101020002", 1, 0,
         DAMAGED("0", "a header does not fit")},
        {"bytes behind the headers", "0e00000001010000", 1, 0,
         DAMAGED("0", "bytes are left over at its end")},
        {"bytes behind the records", "0c00000001010000", 1, 0,
         EMPTY("1000") DAMAGED("1", "bytes follow the last record")},
        {"fewer records than counted", "0c000000010100", 2, 1,
         EMPTY("1000") DAMAGED("1", "its size is more than there is")},
        {"offset negative", "0c000001010100", 1, 0,
         DAMAGED("0", "its offset is not in order or outside the batch")},
        {"offset behind the batch", "0c000002010100", 1, 0,
         DAMAGED("0", "its offset is not in order or outside the batch")},
        {"offset twice", "0c0000000101000c000000010100", 2, 1,
         EMPTY("1000") DAMAGED("1", "its offset is not in order or outside the batch")},
        {"time overflows",
         "1e00feffffffffffffffff01000101"
         "00",
         1, 0, DAMAGED("0", "its timestamp overflows")},
    };
    return cr_make_param_array(struct hand_made, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct hand_made *hand_made, record_iterator, hand_made_record_is_told_or_refused)
{
    error.text[0] = '\0';
    tell_all(batch_of(hand_made->hex, hand_made->count, hand_made->last_offset_delta, 0));
    cr_expect_str_eq(told, hand_made->told, "%s: %s", hand_made->what, told);
}

Test(record_iterator, append_time_is_every_records_time)
{
    tell_all(batch_of("0c000200010100", 1, 0, RECORD_BATCH_APPEND_TIME_BIT));
    cr_expect_str_eq(told, "1000@77 k=null v=null\nend");
}

Test(record_iterator, answer_stays_the_same_after_end_and_damage)
{
    struct record_batch_header header;
    struct record record;
    struct bytes batch = batch_of("0c000000010100", 1, 0, 0);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, NULL, &error), STATUS_OK);
    cr_expect_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_RECORD);
    cr_expect_eq(record.size, 7);
    cr_expect_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_END);
    cr_expect_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_END);

    batch = batch_of("0e000000010100", 1, 0, 0);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, NULL, &error), STATUS_OK);
    cr_expect_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_DAMAGED);
    cr_expect_eq(error.status, STATUS_MALFORMED);
    cr_expect_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_DAMAGED);
}

static enum status check(struct bytes batch, struct record_summary *summary)
{
    struct record_batch_header header;
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    enum status status = record_iterator_open(&iterator, batch, &header, &decompression, &error);
    return status == STATUS_OK ? record_iterator_check(&iterator, summary, &error) : status;
}

Test(record_iterator, check_sums_up_what_an_append_needs_to_know)
{
    struct record_summary summary;
    cr_assert_eq(check(golden_batch(GOLDEN_java_zstd, memory), &summary), STATUS_OK);
    cr_expect_eq(summary.timestamp_min, 1700000000000);
    cr_expect_eq(summary.timestamp_max, 1700000000005);
    cr_expect_eq(summary.timestamp_max_offset, 1);
    cr_expect_eq(summary.index_of_null_key, 1);
    cr_expect(summary.are_offsets_contiguous);
    cr_expect(!summary.is_timestamp_negative_seen);
    cr_expect_eq(summary.records_size, 135 - RECORD_BATCH_HEADER_SIZE);
}

Test(record_iterator, check_sees_gaps_and_negative_times)
{
    struct record_summary summary;
    cr_assert_eq(check(batch_of("0c000004000000", 1, 9, 0), &summary), STATUS_OK);
    cr_expect(!summary.are_offsets_contiguous);
    cr_expect_eq(summary.index_of_null_key, -1);

    /* The base is 1700000000000 and the delta -1700000000002. */
    cr_assert_eq(check(batch_of("160083a0abfef96200010100", 1, 0, 0), &summary), STATUS_OK, "%s",
                 error.text);
    cr_expect(summary.is_timestamp_negative_seen);
}

Test(record_iterator, check_of_an_empty_batch)
{
    struct record_summary summary;
    cr_assert_eq(check(golden_batch(GOLDEN_java_empty, memory), &summary), STATUS_OK);
    cr_expect_eq(summary.timestamp_max, -1);
    cr_expect_eq(summary.timestamp_max_offset, -1);
    cr_expect_eq(summary.timestamp_min, INT64_MAX);
    cr_expect_eq(summary.index_of_null_key, -1);
    cr_expect(summary.are_offsets_contiguous);
}

Test(record_iterator, check_refuses_what_next_refuses)
{
    struct record_summary summary = {.records_size = 77};
    cr_expect_eq(check(batch_of("0c00000001010000", 1, 0, 0), &summary), STATUS_MALFORMED);
    cr_expect_eq(summary.records_size, 77);
}

Test(record_iterator, output_limit_is_kept)
{
    struct record_batch_header header;
    for (int codec = 0; codec < 5; codec++) {
        struct bytes batch = golden_batch((enum golden)(GOLDEN_java_none + codec), memory);
        cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
        int named = record_batch_codec(&header);
        decompression.output_size_max = 135 - RECORD_BATCH_HEADER_SIZE - 1;
        cr_expect_eq(record_iterator_open(&iterator, batch, &header, &decompression, &error),
                     named == 0 ? STATUS_OK : STATUS_LIMIT);
        decompression.output_size_max++;
        cr_expect_eq(record_iterator_open(&iterator, batch, &header, &decompression, &error),
                     STATUS_OK);
    }
}

Test(record_iterator, damaged_stream_is_told_with_the_batchs_offset)
{
    struct record_batch_header header;
    struct bytes batch = batch_of("00112233", 1, 0, COMPRESSION_GZIP);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(record_iterator_open(&iterator, batch, &header, &decompression, &error),
                 STATUS_MALFORMED);
    cr_expect_eq(strncmp(error.text, "records of the batch at offset 1000: decompress gzip: ", 54),
                 0, "%s", error.text);
}

/* With the right checksum over them, as a hostile client would send them. The block has exactly the
 * batch's size, so that a checker of memory sees any step outside. */
Test(record_iterator, random_damage_is_answered_and_stays_inside)
{
    struct random_seeded random;
    random_seeded_init(&random, 7);
    for (int round = 0; round < 20000; round++) {
        struct bytes batch = golden_batch((enum golden)(round % GOLDEN_java_idempotent), memory);
        uint8_t *exact = malloc(batch.size);
        memcpy(exact, batch.data, batch.size);
        size_t flips = 1 + random_below(&random.random, 4);
        for (size_t i = 0; i < flips; i++) {
            size_t at =
                RECORD_BATCH_LAST_OFFSET_DELTA_AT +
                random_below(&random.random, batch.size - RECORD_BATCH_LAST_OFFSET_DELTA_AT);
            exact[at] = (uint8_t)random_below(&random.random, 256);
        }
        store_u32(exact + RECORD_BATCH_CRC_AT,
                  record_batch_compute_crc((struct bytes){exact, batch.size}));
        struct record_batch_header header;
        struct record_summary summary;
        if (record_batch_verify((struct bytes){exact, batch.size}, &header) == RECORD_BATCH_OK) {
            struct bytes whole = {exact, batch.size};
            enum status status =
                record_iterator_open(&iterator, whole, &header, &decompression, &error);
            if (status == STATUS_OK) {
                status = record_iterator_check(&iterator, &summary, &error);
            }
            cr_assert(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_LIMIT);
        }
        free(exact);
    }
}
