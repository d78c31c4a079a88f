/* Any file as a producer snapshot, with the right checksum when its first byte says so: what is
 * accepted is written as a snapshot that gives the same. */
#include <stdlib.h>

#include "base/crc32c.h"
#include "storage/producer/producer_snapshot.h"
#include "tests/fuzz/fuzz.h"

#define CRC_AT   2
#define SIZE_MIN 6

/* Entries of both states say the same; their order is the map's. */
static void compare(const struct producer_state *a, const struct producer_state *b)
{
    size_t cursor = 0;
    const struct producer_entry *entry;
    ASSERT(producer_state_count(a) == producer_state_count(b));
    while ((entry = producer_state_next(a, &cursor)) != NULL) {
        const struct producer_entry *other = producer_state_find(b, entry->producer_id);
        ASSERT(other != NULL);
        ASSERT(other->epoch == entry->epoch);
        ASSERT(other->coordinator_epoch == entry->coordinator_epoch);
        ASSERT(other->transaction_first_offset == entry->transaction_first_offset);
        ASSERT(other->batches_count == entry->batches_count);
        for (unsigned i = 0; i < entry->batches_count; i++) {
            ASSERT(other->batches[i].last_sequence == entry->batches[i].last_sequence);
            ASSERT(other->batches[i].last_offset == entry->batches[i].last_offset);
            ASSERT(other->batches[i].offset_delta == entry->batches[i].offset_delta);
            ASSERT(other->batches[i].timestamp_ms == entry->batches[i].timestamp_ms);
        }
    }
}

static void round_trip(const struct producer_state *state)
{
    struct producer_state again;
    struct error error;
    size_t size = producer_snapshot_size(state);
    uint8_t *memory = malloc(size);
    ASSERT(memory != NULL);
    producer_snapshot_encode(state, memory);
    producer_state_init(&again);
    struct bytes snapshot = {memory, size};
    ASSERT(producer_snapshot_decode(snapshot, &again, &error) == STATUS_OK);
    compare(state, &again);
    producer_state_clear(&again);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    bool sign = (fuzz_take_u8(&input) & 1) != 0;
    uint8_t *copy = fuzz_copy(input);
    if (sign && input.size >= SIZE_MIN) {
        store_u32(copy + CRC_AT, crc32c(copy + SIZE_MIN, input.size - SIZE_MIN));
    }
    struct bytes snapshot = {copy, input.size};
    struct producer_state state;
    struct error error;
    uint32_t count = 0;
    producer_state_init(&state);
    enum status checked = producer_snapshot_check(snapshot, &count, &error);
    enum status status = producer_snapshot_decode(snapshot, &state, &error);
    ASSERT(status == STATUS_OK || status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED);
    ASSERT(IMPLIES(status == STATUS_OK, checked == STATUS_OK));
    if (checked == STATUS_OK) {
        for (uint32_t i = 0; i < count; i++) {
            producer_snapshot_at(snapshot, i);
        }
    }
    if (status == STATUS_OK) {
        round_trip(&state);
    }
    producer_state_clear(&state);
    free(copy);
    return 0;
}
