/* Any run of bytes: its batches lie one behind the other and fill what they are said to fill. The
 * first byte says whether the first batch gets the right checksum, as a hostile client's would. */
#include <stdlib.h>
#include <string.h>

#include "proto/record/record_batch.h"
#include "tests/fuzz/fuzz.h"

/* A batch that is accepted stays one when the log has set what is the log's. */
static void assign(struct bytes batch, const struct record_batch_header *header)
{
    uint8_t *copy = fuzz_copy(batch);
    struct bytes whole = {copy, batch.size};
    struct record_batch_header changed;
    int64_t offset = INT64_MAX - 1 - header->last_offset_delta;

    record_batch_assign(copy, offset, 77);
    ASSERT(record_batch_verify(whole, &changed) == RECORD_BATCH_OK);
    ASSERT(changed.base_offset == offset);
    ASSERT(changed.partition_leader_epoch == 77);
    ASSERT(changed.crc == header->crc);

    record_batch_assign_timestamp(copy, true, 1234);
    ASSERT(record_batch_verify(whole, &changed) == RECORD_BATCH_OK);
    ASSERT(record_batch_is_append_time(&changed));
    ASSERT(changed.max_timestamp == 1234);

    record_batch_assign(copy, header->base_offset, header->partition_leader_epoch);
    record_batch_assign_timestamp(copy, record_batch_is_append_time(header), header->max_timestamp);
    ASSERT(memcmp(copy, batch.data, batch.size) == 0);
    free(copy);
}

static void check_batch(struct bytes batch, const struct record_batch_header *framed)
{
    uint8_t written[RECORD_BATCH_HEADER_SIZE];
    record_batch_header_write(framed, written);
    ASSERT(memcmp(written, batch.data, sizeof written) == 0);

    struct record_batch_header stored;
    struct record_batch_header produced;
    enum record_batch_decision decision = record_batch_verify(batch, &stored);
    enum record_batch_decision from_client = record_batch_verify_produced(batch, &produced);
    ASSERT(IMPLIES(from_client == RECORD_BATCH_OK, decision == RECORD_BATCH_OK));
    if (decision != RECORD_BATCH_OK) {
        ASSERT(from_client == decision);
        return;
    }
    ASSERT(stored.base_offset >= 0);
    ASSERT(record_batch_next_offset(&stored) > stored.base_offset);
    ASSERT(stored.record_count <= record_batch_next_offset(&stored) - stored.base_offset);
    if (from_client == RECORD_BATCH_OK) {
        ASSERT(produced.record_count == record_batch_next_offset(&produced));
        ASSERT(!record_batch_is_control(&produced));
    }
    assign(batch, &stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    bool sign = (fuzz_take_u8(&input) & 1) != 0;
    uint8_t *copy = fuzz_copy(input);
    struct bytes bytes = {copy, input.size};

    struct record_batch_header header;
    if (sign && record_batch_header_read(bytes, &header) == RECORD_BATCH_OK) {
        store_u32(copy + RECORD_BATCH_CRC_AT,
                  record_batch_compute_crc((struct bytes){copy, record_batch_size(&header)}));
    }

    struct record_batch_run run = record_batch_run_over(bytes);
    struct bytes batch;
    enum record_batch_decision decision;
    size_t position = 0;
    size_t count = 0;
    while (record_batch_run_next(&run, &batch, &header, &decision)) {
        ASSERT(batch.data == copy + position);
        ASSERT(batch.size >= RECORD_BATCH_HEADER_SIZE);
        position += batch.size;
        count++;
        check_batch(batch, &header);
    }
    ASSERT(position <= bytes.size);
    ASSERT((decision == RECORD_BATCH_OK) == (position == bytes.size));
    ASSERT(record_batch_run_count(bytes, &decision) == count);
    free(copy);
    return 0;
}
