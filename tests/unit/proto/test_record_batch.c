#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "proto/record/record_batch.h"
#include "tests/unit/proto/golden_record_batches.h"

static uint8_t memory[GOLDEN_SIZE_MAX];
static struct bytes batch;
static struct record_batch_header header;

static void load(enum golden golden)
{
    batch = golden_batch(golden, memory);
    memset(&header, 0, sizeof header);
}

static void setup(void)
{
    load(GOLDEN_java_none);
}

/* Computed bit by bit, and not by the library that the code under test uses. */
static uint32_t crc32c_by_hand(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
        }
    }
    return ~crc;
}

static void sign(void)
{
    store_u32(memory + RECORD_BATCH_CRC_AT,
              crc32c_by_hand(memory + RECORD_BATCH_ATTRIBUTES_AT,
                             batch.size - RECORD_BATCH_ATTRIBUTES_AT));
}

TestSuite(record_batch, .init = setup);

Test(record_batch, header_of_a_java_batch_is_read)
{
    cr_assert_eq(record_batch_header_read(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.base_offset, 0);
    cr_expect_eq(header.batch_length, 123);
    cr_expect_eq(header.partition_leader_epoch, -1);
    cr_expect_eq(header.magic, 2);
    cr_expect_eq(header.crc, 0x998e4843);
    cr_expect_eq(header.attributes, 0);
    cr_expect_eq(header.last_offset_delta, 2);
    cr_expect_eq(header.base_timestamp, 1700000000000);
    cr_expect_eq(header.max_timestamp, 1700000000005);
    cr_expect_eq(header.producer_id, -1);
    cr_expect_eq(header.producer_epoch, -1);
    cr_expect_eq(header.base_sequence, -1);
    cr_expect_eq(header.record_count, 3);
    cr_expect_eq(record_batch_size(&header), batch.size);
    cr_expect_eq(record_batch_last_offset(&header), 2);
    cr_expect_eq(record_batch_next_offset(&header), 3);
    cr_expect_eq(record_batch_last_sequence(&header), -1);
    cr_expect(!record_batch_has_producer_id(&header));
}

/* Writing what was read gives the same bytes: no field is lost or in the wrong place. */
Test(record_batch, header_is_written_as_it_was_read)
{
    for (int golden = 0; golden < GOLDEN_java_magic1; golden++) {
        uint8_t again[RECORD_BATCH_HEADER_SIZE];
        load((enum golden)golden);
        cr_assert_eq(record_batch_header_read(batch, &header), RECORD_BATCH_OK);
        record_batch_header_write(&header, again);
        cr_expect_arr_eq(again, memory, sizeof again, "%s", golden_name((enum golden)golden));
    }
}

Test(record_batch, attributes_of_a_marker_are_told)
{
    load(GOLDEN_java_commit);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect(record_batch_is_control(&header));
    cr_expect(record_batch_is_transactional(&header));
    cr_expect(!record_batch_is_append_time(&header));
    cr_expect(!record_batch_has_delete_horizon(&header));
    cr_expect(record_batch_has_producer_id(&header));
    cr_expect_eq(record_batch_codec(&header), 0);
    cr_expect_eq(header.base_offset, 100);
    cr_expect_eq(header.partition_leader_epoch, 3);
}

/* What the log accepts from anywhere, and what it accepts from a client. */
struct verdict {
    enum golden golden;
    enum record_batch_decision stored;
    enum record_batch_decision produced;
};

ParameterizedTestParameters(record_batch, golden_batch_gets_its_verdict)
{
    static struct verdict cases[] = {
        {GOLDEN_java_none, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_gzip, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_snappy, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_lz4, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_zstd, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_python_none, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_python_gzip, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_python_snappy, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_python_lz4, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_python_zstd, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_idempotent, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_transactional, RECORD_BATCH_OK, RECORD_BATCH_OK},
        {GOLDEN_java_commit, RECORD_BATCH_OK, RECORD_BATCH_BASE_OFFSET_NOT_ZERO},
        {GOLDEN_java_abort, RECORD_BATCH_OK, RECORD_BATCH_BASE_OFFSET_NOT_ZERO},
        {GOLDEN_java_empty, RECORD_BATCH_OK, RECORD_BATCH_BASE_OFFSET_NOT_ZERO},
        {GOLDEN_java_magic1, RECORD_BATCH_LEGACY_MAGIC, RECORD_BATCH_LEGACY_MAGIC},
        {GOLDEN_java_magic0, RECORD_BATCH_LEGACY_MAGIC, RECORD_BATCH_LEGACY_MAGIC},
    };
    return cr_make_param_array(struct verdict, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct verdict *verdict, record_batch, golden_batch_gets_its_verdict)
{
    load(verdict->golden);
    cr_expect_eq(record_batch_verify(batch, &header), verdict->stored);
    cr_expect_eq(record_batch_verify_produced(batch, &header), verdict->produced);
}

/* One field of the good batch is set to another value, with the right checksum over it. */
struct damage {
    int position;
    int size;
    int64_t value;
    enum record_batch_decision stored;
    enum record_batch_decision produced;
};

ParameterizedTestParameters(record_batch, wrong_field_gets_its_decision)
{
    static struct damage cases[] = {
        {RECORD_BATCH_MAGIC_AT, 1, 3, RECORD_BATCH_UNKNOWN_MAGIC, RECORD_BATCH_UNKNOWN_MAGIC},
        {RECORD_BATCH_MAGIC_AT, 1, 255, RECORD_BATCH_UNKNOWN_MAGIC, RECORD_BATCH_UNKNOWN_MAGIC},
        {RECORD_BATCH_MAGIC_AT, 1, 1, RECORD_BATCH_LEGACY_MAGIC, RECORD_BATCH_LEGACY_MAGIC},
        {RECORD_BATCH_LENGTH_AT, 4, 48, RECORD_BATCH_LENGTH_TOO_SMALL,
         RECORD_BATCH_LENGTH_TOO_SMALL},
        {RECORD_BATCH_LENGTH_AT, 4, -1, RECORD_BATCH_LENGTH_TOO_SMALL,
         RECORD_BATCH_LENGTH_TOO_SMALL},
        {RECORD_BATCH_LENGTH_AT, 4, 124, RECORD_BATCH_INCOMPLETE, RECORD_BATCH_INCOMPLETE},
        {RECORD_BATCH_LENGTH_AT, 4, INT32_MAX, RECORD_BATCH_INCOMPLETE, RECORD_BATCH_INCOMPLETE},
        {RECORD_BATCH_LENGTH_AT, 4, 122, RECORD_BATCH_CRC_MISMATCH, RECORD_BATCH_CRC_MISMATCH},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 5, RECORD_BATCH_UNKNOWN_CODEC, RECORD_BATCH_UNKNOWN_CODEC},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 7, RECORD_BATCH_UNKNOWN_CODEC, RECORD_BATCH_UNKNOWN_CODEC},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 0x80, RECORD_BATCH_OK, RECORD_BATCH_RESERVED_ATTRIBUTES},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, -32768, RECORD_BATCH_OK, RECORD_BATCH_RESERVED_ATTRIBUTES},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 0x20, RECORD_BATCH_OK, RECORD_BATCH_CONTROL_FROM_CLIENT},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 0x08, RECORD_BATCH_OK,
         RECORD_BATCH_APPEND_TIME_FROM_CLIENT},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 0x40, RECORD_BATCH_OK,
         RECORD_BATCH_DELETE_HORIZON_FROM_CLIENT},
        {RECORD_BATCH_ATTRIBUTES_AT, 2, 0x10, RECORD_BATCH_OK, RECORD_BATCH_PRODUCER_INVALID},
        {RECORD_BATCH_RECORD_COUNT_AT, 4, 4, RECORD_BATCH_COUNT_INVALID,
         RECORD_BATCH_COUNT_INVALID},
        {RECORD_BATCH_RECORD_COUNT_AT, 4, -1, RECORD_BATCH_COUNT_INVALID,
         RECORD_BATCH_COUNT_INVALID},
        {RECORD_BATCH_RECORD_COUNT_AT, 4, 2, RECORD_BATCH_OK, RECORD_BATCH_COUNT_MISMATCH},
        {RECORD_BATCH_RECORD_COUNT_AT, 4, 0, RECORD_BATCH_OK, RECORD_BATCH_NO_RECORDS},
        {RECORD_BATCH_LAST_OFFSET_DELTA_AT, 4, -1, RECORD_BATCH_COUNT_INVALID,
         RECORD_BATCH_COUNT_INVALID},
        {RECORD_BATCH_LAST_OFFSET_DELTA_AT, 4, INT32_MAX, RECORD_BATCH_OK,
         RECORD_BATCH_COUNT_MISMATCH},
        {RECORD_BATCH_BASE_OFFSET_AT, 8, -1, RECORD_BATCH_OFFSET_INVALID,
         RECORD_BATCH_OFFSET_INVALID},
        {RECORD_BATCH_BASE_OFFSET_AT, 8, INT64_MAX - 2, RECORD_BATCH_OFFSET_INVALID,
         RECORD_BATCH_OFFSET_INVALID},
        {RECORD_BATCH_BASE_OFFSET_AT, 8, INT64_MAX - 3, RECORD_BATCH_OK,
         RECORD_BATCH_BASE_OFFSET_NOT_ZERO},
        {RECORD_BATCH_BASE_OFFSET_AT, 8, 1, RECORD_BATCH_OK, RECORD_BATCH_BASE_OFFSET_NOT_ZERO},
        {RECORD_BATCH_PRODUCER_ID_AT, 8, 5, RECORD_BATCH_OK, RECORD_BATCH_PRODUCER_INVALID},
        {RECORD_BATCH_PRODUCER_ID_AT, 8, -2, RECORD_BATCH_OK, RECORD_BATCH_PRODUCER_INVALID},
    };
    return cr_make_param_array(struct damage, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct damage *damage, record_batch, wrong_field_gets_its_decision)
{
    uint8_t value[8];
    store_i64(value, damage->value);
    memcpy(memory + damage->position, value + 8 - damage->size, (size_t)damage->size);
    sign();
    cr_expect_eq(record_batch_verify(batch, &header), damage->stored, "stored: %s",
                 record_batch_decision_text(record_batch_verify(batch, &header)));
    cr_expect_eq(record_batch_verify_produced(batch, &header), damage->produced, "produced: %s",
                 record_batch_decision_text(record_batch_verify_produced(batch, &header)));
}

Test(record_batch, producer_id_needs_epoch_and_sequence)
{
    load(GOLDEN_java_idempotent);
    cr_expect_eq(record_batch_verify_produced(batch, &header), RECORD_BATCH_OK);
    store_i16(memory + RECORD_BATCH_PRODUCER_EPOCH_AT, -1);
    sign();
    cr_expect_eq(record_batch_verify_produced(batch, &header), RECORD_BATCH_PRODUCER_INVALID);

    load(GOLDEN_java_idempotent);
    store_i32(memory + RECORD_BATCH_BASE_SEQUENCE_AT, -1);
    sign();
    cr_expect_eq(record_batch_verify_produced(batch, &header), RECORD_BATCH_PRODUCER_INVALID);
}

/* The header is set only when the answer says so. */
Test(record_batch, refused_batch_sets_no_header)
{
    memory[batch.size - 1] ^= 1;
    header.record_count = 77;
    cr_expect_eq(record_batch_verify(batch, &header), RECORD_BATCH_CRC_MISMATCH);
    cr_expect_eq(record_batch_verify_produced(batch, &header), RECORD_BATCH_CRC_MISMATCH);
    cr_expect_eq(header.record_count, 77);
}

Test(record_batch, every_shorter_run_of_bytes_is_refused)
{
    for (size_t size = 0; size < batch.size; size++) {
        /* A block of exactly that size, so that a checker of memory sees any step outside. */
        uint8_t *exact = malloc(size > 0 ? size : 1);
        memcpy(exact, memory, size);
        enum record_batch_decision expected =
            size < RECORD_BATCH_HEADER_SIZE ? RECORD_BATCH_TOO_SHORT : RECORD_BATCH_INCOMPLETE;
        cr_expect_eq(record_batch_verify((struct bytes){exact, size}, &header), expected);
        free(exact);
    }
}

/* The checksum covers everything from the attributes on; in front of it lie only fields that have
 * a check of their own or are the log's to set. */
Test(record_batch, every_flipped_bit_is_seen_or_is_the_logs_own)
{
    for (size_t bit = 0; bit < batch.size * 8; bit++) {
        load(GOLDEN_java_none);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum record_batch_decision decision = record_batch_verify(batch, &header);
        if (bit / 8 >= RECORD_BATCH_ATTRIBUTES_AT) {
            cr_expect_eq(decision, RECORD_BATCH_CRC_MISMATCH, "bit %zu", bit);
        } else if (bit / 8 >= RECORD_BATCH_MAGIC_AT ||
                   (bit / 8 >= RECORD_BATCH_LENGTH_AT && bit / 8 < RECORD_BATCH_LEADER_EPOCH_AT)) {
            cr_expect_neq(decision, RECORD_BATCH_OK, "bit %zu", bit);
        }
    }
}

Test(record_batch, incomplete_batch_tells_how_long_it_is)
{
    struct bytes head = {memory, RECORD_BATCH_HEADER_SIZE};
    cr_assert_eq(record_batch_header_read(head, &header), RECORD_BATCH_INCOMPLETE);
    cr_expect_eq(record_batch_size(&header), batch.size);
}

Test(record_batch, magic_is_told_from_seventeen_bytes)
{
    cr_expect_eq(record_batch_magic((struct bytes){memory, 16}), -1);
    cr_expect_eq(record_batch_magic((struct bytes){memory, 17}), 2);
    load(GOLDEN_java_magic1);
    cr_expect_eq(record_batch_magic(batch), 1);
    load(GOLDEN_java_magic0);
    cr_expect_eq(record_batch_magic(batch), 0);
}

Test(record_batch, offset_and_epoch_are_assigned_without_a_new_checksum)
{
    record_batch_assign(memory, 123456789012, 17);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.base_offset, 123456789012);
    cr_expect_eq(header.partition_leader_epoch, 17);
    cr_expect_eq(header.crc, 0x998e4843);
}

Test(record_batch, append_time_changes_the_checksum)
{
    record_batch_assign_timestamp(memory, true, 1800000000000);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect(record_batch_is_append_time(&header));
    cr_expect_eq(header.max_timestamp, 1800000000000);
    cr_expect_neq(header.crc, 0x998e4843);
    cr_expect_eq(header.crc, crc32c_by_hand(memory + 21, batch.size - 21));

    record_batch_assign_timestamp(memory, false, 1700000000005);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.crc, 0x998e4843, "all is as it was");
}

Test(record_batch, same_timestamp_costs_no_checksum)
{
    store_u32(memory + RECORD_BATCH_CRC_AT, 1);
    record_batch_assign_timestamp(memory, false, 1700000000005);
    cr_expect_eq(load_u32(memory + RECORD_BATCH_CRC_AT), 1);
}

Test(record_batch, sequence_goes_on_at_zero_behind_the_largest)
{
    cr_expect_eq(record_batch_sequence_after(0, 0), 0);
    cr_expect_eq(record_batch_sequence_after(5, 3), 8);
    cr_expect_eq(record_batch_sequence_after(INT32_MAX, 0), INT32_MAX);
    cr_expect_eq(record_batch_sequence_after(INT32_MAX, 1), 0);
    cr_expect_eq(record_batch_sequence_after(INT32_MAX, INT32_MAX), INT32_MAX - 1);

    load(GOLDEN_java_idempotent);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_expect_eq(header.base_sequence, INT32_MAX - 1);
    cr_expect_eq(record_batch_last_sequence(&header), 0);
}

Test(record_batch, run_gives_each_batch_and_then_ends)
{
    uint8_t two[2 * GOLDEN_SIZE_MAX];
    struct bytes first = golden_batch(GOLDEN_java_none, two);
    struct bytes second = golden_batch(GOLDEN_java_commit, two + first.size);
    struct bytes both = {two, first.size + second.size};

    struct record_batch_run run = record_batch_run_over(both);
    enum record_batch_decision decision;
    cr_assert(record_batch_run_next(&run, &batch, &header, &decision));
    cr_expect_eq(batch.data, two);
    cr_expect_eq(batch.size, first.size);
    cr_assert(record_batch_run_next(&run, &batch, &header, &decision));
    cr_expect_eq(batch.data, second.data);
    cr_expect_eq(header.base_offset, 100);
    cr_expect(!record_batch_run_next(&run, &batch, &header, &decision));
    cr_expect_eq(decision, RECORD_BATCH_OK);
    cr_expect_eq(record_batch_run_count(both, &decision), 2);
    cr_expect_eq(decision, RECORD_BATCH_OK);
}

Test(record_batch, run_says_what_is_wrong_with_its_tail)
{
    uint8_t two[2 * GOLDEN_SIZE_MAX];
    struct bytes first = golden_batch(GOLDEN_java_none, two);
    struct bytes second = golden_batch(GOLDEN_java_none, two + first.size);
    enum record_batch_decision decision;

    cr_expect_eq(record_batch_run_count((struct bytes){two, 0}, &decision), 0);
    cr_expect_eq(decision, RECORD_BATCH_OK);
    cr_expect_eq(record_batch_run_count((struct bytes){two, first.size + 1}, &decision), 1);
    cr_expect_eq(decision, RECORD_BATCH_TOO_SHORT);
    cr_expect_eq(
        record_batch_run_count((struct bytes){two, first.size + second.size - 1}, &decision), 1);
    cr_expect_eq(decision, RECORD_BATCH_INCOMPLETE);
    two[first.size + RECORD_BATCH_MAGIC_AT] = 0;
    cr_expect_eq(record_batch_run_count((struct bytes){two, first.size + second.size}, &decision),
                 1);
    cr_expect_eq(decision, RECORD_BATCH_LEGACY_MAGIC);
}

Test(record_batch, every_decision_has_a_sentence)
{
    for (int decision = 0; decision < RECORD_BATCH_DECISION_COUNT; decision++) {
        const char *text = record_batch_decision_text((enum record_batch_decision)decision);
        cr_expect_gt(strlen(text), 10);
        cr_expect_neq(text[strlen(text) - 1], '.');
    }
}
