#include "proto/record/record_batch.h"

#include "base/assert.h"
#include "base/crc32c.h"

_Static_assert(RECORD_BATCH_RECORD_COUNT_AT + 4 == RECORD_BATCH_HEADER_SIZE,
               "the record count is the last field of the header");

const char *record_batch_decision_text(enum record_batch_decision decision)
{
#define DECISION_TEXT(name, text) text,
    static const char *const texts[] = {RECORD_BATCH_DECISION_LIST(DECISION_TEXT)};
#undef DECISION_TEXT

    ASSERT(decision < RECORD_BATCH_DECISION_COUNT);
    return texts[decision];
}

int record_batch_magic(struct bytes bytes)
{
    return bytes.size > RECORD_BATCH_MAGIC_AT ? bytes.data[RECORD_BATCH_MAGIC_AT] : -1;
}

static struct record_batch_header load_header(const uint8_t *batch)
{
    return (struct record_batch_header){
        .base_offset = load_i64(batch + RECORD_BATCH_BASE_OFFSET_AT),
        .base_timestamp = load_i64(batch + RECORD_BATCH_BASE_TIMESTAMP_AT),
        .max_timestamp = load_i64(batch + RECORD_BATCH_MAX_TIMESTAMP_AT),
        .producer_id = load_i64(batch + RECORD_BATCH_PRODUCER_ID_AT),
        .batch_length = load_i32(batch + RECORD_BATCH_LENGTH_AT),
        .partition_leader_epoch = load_i32(batch + RECORD_BATCH_LEADER_EPOCH_AT),
        .crc = load_u32(batch + RECORD_BATCH_CRC_AT),
        .last_offset_delta = load_i32(batch + RECORD_BATCH_LAST_OFFSET_DELTA_AT),
        .base_sequence = load_i32(batch + RECORD_BATCH_BASE_SEQUENCE_AT),
        .record_count = load_i32(batch + RECORD_BATCH_RECORD_COUNT_AT),
        .attributes = load_i16(batch + RECORD_BATCH_ATTRIBUTES_AT),
        .producer_epoch = load_i16(batch + RECORD_BATCH_PRODUCER_EPOCH_AT),
        .magic = (int8_t)batch[RECORD_BATCH_MAGIC_AT],
    };
}

enum record_batch_decision record_batch_header_read(struct bytes bytes,
                                                    struct record_batch_header *header)
{
    /* The magic stands at the same place in all formats, and legacy messages may be shorter than
     * our header: it is looked at first. */
    int magic = record_batch_magic(bytes);
    if (magic == 0 || magic == 1) {
        return RECORD_BATCH_LEGACY_MAGIC;
    }
    if (magic >= 0 && magic != RECORD_BATCH_MAGIC) {
        return RECORD_BATCH_UNKNOWN_MAGIC;
    }
    if (bytes.size < RECORD_BATCH_HEADER_SIZE) {
        return RECORD_BATCH_TOO_SHORT;
    }
    if (load_i32(bytes.data + RECORD_BATCH_LENGTH_AT) < RECORD_BATCH_LENGTH_MIN) {
        return RECORD_BATCH_LENGTH_TOO_SMALL;
    }
    *header = load_header(bytes.data);
    return record_batch_size(header) <= bytes.size ? RECORD_BATCH_OK : RECORD_BATCH_INCOMPLETE;
}

/* What must hold for the fields of any batch whose checksum is right. */
static enum record_batch_decision check_fields(const struct record_batch_header *header)
{
    if (record_batch_codec(header) > RECORD_BATCH_CODEC_MAX) {
        return RECORD_BATCH_UNKNOWN_CODEC;
    }
    /* Compaction takes records out of a batch but leaves its offset range alone. */
    if (header->record_count < 0 || header->last_offset_delta < 0 ||
        header->record_count > (int64_t)header->last_offset_delta + 1) {
        return RECORD_BATCH_COUNT_INVALID;
    }
    if (header->base_offset < 0 || header->base_offset >= INT64_MAX - header->last_offset_delta) {
        return RECORD_BATCH_OFFSET_INVALID;
    }
    return RECORD_BATCH_OK;
}

enum record_batch_decision record_batch_verify(struct bytes bytes,
                                               struct record_batch_header *header)
{
    struct record_batch_header found;
    enum record_batch_decision decision = record_batch_header_read(bytes, &found);
    if (decision != RECORD_BATCH_OK) {
        return decision;
    }

    struct bytes batch = {bytes.data, record_batch_size(&found)};
    if (record_batch_compute_crc(batch) != found.crc) {
        return RECORD_BATCH_CRC_MISMATCH;
    }
    decision = check_fields(&found);
    if (decision == RECORD_BATCH_OK) {
        *header = found;
    }
    return decision;
}

/* An idempotent producer names all three; any other none of them. A producer id without a sequence
 * would escape the check for duplicates. */
static bool is_producer_valid(const struct record_batch_header *header)
{
    if (!record_batch_has_producer_id(header)) {
        return !record_batch_is_transactional(header);
    }
    return header->producer_id >= 0 && header->producer_epoch >= 0 && header->base_sequence >= 0;
}

enum record_batch_decision record_batch_verify_produced(struct bytes bytes,
                                                        struct record_batch_header *header)
{
    struct record_batch_header found;
    enum record_batch_decision decision = record_batch_verify(bytes, &found);
    if (decision != RECORD_BATCH_OK) {
        return decision;
    }

    if ((found.attributes & ~RECORD_BATCH_ATTRIBUTES_KNOWN) != 0) {
        return RECORD_BATCH_RESERVED_ATTRIBUTES;
    }
    if (found.base_offset != 0) {
        return RECORD_BATCH_BASE_OFFSET_NOT_ZERO;
    }
    if (found.record_count == 0) {
        return RECORD_BATCH_NO_RECORDS;
    }
    if (found.record_count - 1 != found.last_offset_delta) {
        return RECORD_BATCH_COUNT_MISMATCH;
    }
    if (record_batch_is_control(&found)) {
        return RECORD_BATCH_CONTROL_FROM_CLIENT;
    }
    if (record_batch_is_append_time(&found)) {
        return RECORD_BATCH_APPEND_TIME_FROM_CLIENT;
    }
    if (record_batch_has_delete_horizon(&found)) {
        return RECORD_BATCH_DELETE_HORIZON_FROM_CLIENT;
    }
    if (!is_producer_valid(&found)) {
        return RECORD_BATCH_PRODUCER_INVALID;
    }
    *header = found;
    return RECORD_BATCH_OK;
}

void record_batch_header_write(const struct record_batch_header *header, uint8_t *batch)
{
    store_i64(batch + RECORD_BATCH_BASE_OFFSET_AT, header->base_offset);
    store_i32(batch + RECORD_BATCH_LENGTH_AT, header->batch_length);
    store_i32(batch + RECORD_BATCH_LEADER_EPOCH_AT, header->partition_leader_epoch);
    batch[RECORD_BATCH_MAGIC_AT] = (uint8_t)header->magic;
    store_u32(batch + RECORD_BATCH_CRC_AT, header->crc);
    store_i16(batch + RECORD_BATCH_ATTRIBUTES_AT, header->attributes);
    store_i32(batch + RECORD_BATCH_LAST_OFFSET_DELTA_AT, header->last_offset_delta);
    store_i64(batch + RECORD_BATCH_BASE_TIMESTAMP_AT, header->base_timestamp);
    store_i64(batch + RECORD_BATCH_MAX_TIMESTAMP_AT, header->max_timestamp);
    store_i64(batch + RECORD_BATCH_PRODUCER_ID_AT, header->producer_id);
    store_i16(batch + RECORD_BATCH_PRODUCER_EPOCH_AT, header->producer_epoch);
    store_i32(batch + RECORD_BATCH_BASE_SEQUENCE_AT, header->base_sequence);
    store_i32(batch + RECORD_BATCH_RECORD_COUNT_AT, header->record_count);
}

int32_t record_batch_sequence_after(int32_t sequence, int32_t delta)
{
    ASSERT(sequence >= 0);
    ASSERT(delta >= 0);
    return (int32_t)(((uint32_t)sequence + (uint32_t)delta) & INT32_MAX);
}

int32_t record_batch_last_sequence(const struct record_batch_header *header)
{
    if (header->base_sequence < 0) {
        return RECORD_BATCH_NO_SEQUENCE;
    }
    return record_batch_sequence_after(header->base_sequence, header->last_offset_delta);
}

uint32_t record_batch_compute_crc(struct bytes batch)
{
    ASSERT(batch.size >= RECORD_BATCH_HEADER_SIZE);
    return crc32c(batch.data + RECORD_BATCH_ATTRIBUTES_AT, batch.size - RECORD_BATCH_ATTRIBUTES_AT);
}

void record_batch_assign(uint8_t *batch, int64_t base_offset, int32_t leader_epoch)
{
    ASSERT(base_offset >= 0);
    store_i64(batch + RECORD_BATCH_BASE_OFFSET_AT, base_offset);
    store_i32(batch + RECORD_BATCH_LEADER_EPOCH_AT, leader_epoch);
}

void record_batch_assign_timestamp(uint8_t *batch, bool append_time, int64_t max_timestamp)
{
    int16_t before = load_i16(batch + RECORD_BATCH_ATTRIBUTES_AT);
    int16_t after = (int16_t)(append_time ? before | RECORD_BATCH_APPEND_TIME_BIT
                                          : before & ~RECORD_BATCH_APPEND_TIME_BIT);
    if (after == before && load_i64(batch + RECORD_BATCH_MAX_TIMESTAMP_AT) == max_timestamp) {
        return;
    }

    int32_t length = load_i32(batch + RECORD_BATCH_LENGTH_AT);
    ASSERT(length >= RECORD_BATCH_LENGTH_MIN);
    store_i16(batch + RECORD_BATCH_ATTRIBUTES_AT, after);
    store_i64(batch + RECORD_BATCH_MAX_TIMESTAMP_AT, max_timestamp);
    struct bytes whole = {batch, (size_t)length + RECORD_BATCH_LENGTH_OVERHEAD};
    store_u32(batch + RECORD_BATCH_CRC_AT, record_batch_compute_crc(whole));
}

struct record_batch_run record_batch_run_over(struct bytes bytes)
{
    return (struct record_batch_run){.rest = bytes};
}

bool record_batch_run_next(struct record_batch_run *run, struct bytes *batch,
                           struct record_batch_header *header, enum record_batch_decision *decision)
{
    *decision = RECORD_BATCH_OK;
    if (run->rest.size == 0) {
        return false;
    }
    struct record_batch_header found;
    *decision = record_batch_header_read(run->rest, &found);
    if (*decision != RECORD_BATCH_OK) {
        return false;
    }

    size_t size = record_batch_size(&found);
    *batch = (struct bytes){run->rest.data, size};
    *header = found;
    run->rest = (struct bytes){run->rest.data + size, run->rest.size - size};
    return true;
}

size_t record_batch_run_count(struct bytes bytes, enum record_batch_decision *decision)
{
    struct record_batch_run run = record_batch_run_over(bytes);
    struct record_batch_header header;
    struct bytes batch;
    size_t count = 0;
    while (record_batch_run_next(&run, &batch, &header, decision)) {
        count++;
    }
    return count;
}
