#include "storage/producer/producer_snapshot.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"

static struct producer_state state;
static struct producer_state loaded;
static struct error error;
static uint8_t memory[4096];

static void setup(void)
{
    producer_state_init(&state);
    producer_state_init(&loaded);
}

static void teardown(void)
{
    producer_state_clear(&state);
    producer_state_clear(&loaded);
}

TestSuite(producer_snapshot, .init = setup, .fini = teardown);

static void append(int64_t producer_id, int32_t sequence, int64_t offset, int16_t attributes)
{
    struct record_batch_header header = {
        .base_offset = offset,
        .producer_id = producer_id,
        .producer_epoch = 3,
        .base_sequence = sequence,
        .record_count = 2,
        .last_offset_delta = 1,
        .max_timestamp = 1234,
        .attributes = attributes,
    };
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
}

static struct bytes encode(void)
{
    size_t size = producer_snapshot_size(&state);
    cr_assert_leq(size, sizeof memory);
    producer_snapshot_encode(&state, memory);
    return (struct bytes){memory, size};
}

Test(producer_snapshot, a_state_survives_with_its_last_five_batches)
{
    for (int i = 0; i < 7; i++) {
        append(11, i * 2, i * 2, 0);
    }
    append(12, 5, 20, RECORD_BATCH_TRANSACTIONAL);
    cr_assert_eq(producer_snapshot_decode(encode(), &loaded, &error), STATUS_OK, "%s", error.text);
    const struct producer_entry *entry = producer_state_find(&loaded, 11);
    cr_assert_not_null(entry);
    cr_expect_eq(entry->batches_count, 5);
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(entry->batches[i].last_offset, (i + 2) * 2 + 1);
        cr_expect_eq(entry->batches[i].last_sequence, (i + 2) * 2 + 1);
    }
    cr_expect_eq(producer_state_find(&loaded, 12)->transaction_first_offset, 20);
    cr_expect_eq(producer_state_first_unstable(&loaded), 20);
}

/* Bytes laid out by hand after Kafka's schema of version 1. */
Test(producer_snapshot, kafka_s_own_file_is_read)
{
    uint8_t file[PRODUCER_SNAPSHOT_HEADER_SIZE + PRODUCER_SNAPSHOT_ENTRY_SIZE] = {
        0,    1,                                        /* version */
        0,    0,    0,    0,                            /* crc */
        0,    0,    0,    1,                            /* entries */
        0,    0,    0,    0,    0,    0,    0x03, 0xe8, /* producer id 1000 */
        0,    2,                                        /* epoch */
        0,    0,    0,    9,                            /* last sequence */
        0,    0,    0,    0,    0,    0,    0,    99,   /* last offset */
        0,    0,    0,    4,                            /* offset delta */
        0,    0,    1,    0x8b, 0xcf, 0xe5, 0x68, 0,    /* timestamp */
        0,    0,    0,    6,                            /* coordinator epoch */
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* no transaction */
    };
    store_u32(file + 2, crc32c(file + 6, sizeof file - 6));
    cr_assert_eq(producer_snapshot_decode((struct bytes){file, sizeof file}, &loaded, &error),
                 STATUS_OK, "%s", error.text);
    const struct producer_entry *entry = producer_state_find(&loaded, 1000);
    cr_assert_not_null(entry);
    cr_expect_eq(entry->epoch, 2);
    cr_expect_eq(entry->coordinator_epoch, 6);
    cr_expect_eq(entry->last_timestamp_ms, 0x18bcfe56800);
    cr_expect_eq(entry->batches_count, 1);
    cr_expect_eq(entry->batches[0].last_offset, 99);
    cr_expect_eq(entry->batches[0].offset_delta, 4);
    cr_expect_eq(entry->transaction_first_offset, -1);
}

/* Kafka reads the header and `count` entries, and checks the CRC of all that follows it. */
Test(producer_snapshot, kafka_would_read_ours)
{
    append(11, 0, 0, 0);
    struct bytes snapshot = encode();
    cr_expect_eq(load_i16(snapshot.data), 1);
    cr_expect_eq(load_u32(snapshot.data + 2), crc32c(snapshot.data + 6, snapshot.size - 6));
    cr_expect_eq(load_i32(snapshot.data + 6), 1);
    cr_expect_eq(load_i64(snapshot.data + 10), 11);
    cr_expect_eq(load_i32(snapshot.data + 20), 1, "last sequence");
    cr_expect_eq(load_i64(snapshot.data + 48), -1, "no transaction");
}

Test(producer_snapshot, any_flipped_bit_and_any_missing_byte_is_noticed)
{
    append(11, 0, 0, 0);
    append(11, 2, 2, 0);
    append(12, 0, 4, 0);
    struct bytes snapshot = encode();
    for (size_t i = 0; i < snapshot.size * 8; i++) {
        memory[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_expect_neq(producer_snapshot_decode(snapshot, &loaded, &error), STATUS_OK, "bit %zu", i);
        producer_state_clear(&loaded);
        memory[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t size = 0; size < snapshot.size; size++) {
        cr_expect_eq(producer_snapshot_decode((struct bytes){memory, size}, &loaded, &error),
                     STATUS_CORRUPT, "size %zu", size);
        producer_state_clear(&loaded);
    }
}

Test(producer_snapshot, an_impossible_entry_is_refused_although_the_checksum_is_right)
{
    append(11, 0, 0, 0);
    struct bytes snapshot = encode();
    store_i64(memory + 10, -5);
    store_u32(memory + 2, crc32c(memory + 6, snapshot.size - 6));
    cr_expect_eq(producer_snapshot_decode(snapshot, &loaded, &error), STATUS_CORRUPT);
    cr_expect_str_eq(error.text, "producer snapshot has an impossible entry for producer -5");
    store_i16(memory, 2);
    cr_expect_eq(producer_snapshot_decode(snapshot, &loaded, &error), STATUS_UNSUPPORTED);
    cr_expect_str_eq(error.text, "producer snapshot of version 2, known is 1");
}
