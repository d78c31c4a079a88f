/* Any bytes as the three indexes of a segment: what is left after trimming ascends and lies within
 * the segment, trimming again changes nothing, and every search gives what a walk gives. The first
 * numbers are the segment's size and base offset and what is searched for. */
#include <string.h>

#include "storage/log/aborted_index.h"
#include "storage/log/offset_index.h"
#include "storage/log/time_index.h"
#include "tests/fuzz/fuzz.h"

static void fill(struct index_entries *entries, struct bytes bytes)
{
    while (bytes.size >= entries->entry_size) {
        uint8_t *entry = index_entries_add(entries);
        ASSERT(entry != NULL);
        memcpy(entry, fuzz_take_bytes(&bytes, entries->entry_size).data, entries->entry_size);
    }
    index_entries_mark_saved(entries, false);
}

static void check_offsets(struct bytes bytes, int64_t base, uint64_t segment_size, int64_t wanted)
{
    struct offset_index index;
    offset_index_init(&index, base);
    fill(&index.entries, bytes);
    uint32_t before = offset_index_count(&index);
    uint32_t dropped = offset_index_trim(&index, segment_size);
    uint32_t count = offset_index_count(&index);
    ASSERT(count + dropped == before);
    ASSERT(offset_index_trim(&index, segment_size) == 0);

    struct offset_index_entry floor = {base - 1, 0};
    for (uint32_t i = 0; i < count; i++) {
        struct offset_index_entry entry = offset_index_at(&index, i);
        ASSERT(entry.offset >= base);
        ASSERT(entry.position < segment_size);
        if (i > 0) {
            struct offset_index_entry previous = offset_index_at(&index, i - 1);
            ASSERT(entry.offset > previous.offset);
            ASSERT(entry.position > previous.position);
        }
        if (entry.offset <= wanted) {
            floor = entry;
        }
    }
    struct offset_index_entry found = offset_index_floor(&index, wanted);
    ASSERT(found.offset == floor.offset);
    ASSERT(found.position == floor.position);
    offset_index_cut(&index, segment_size / 2);
    for (uint32_t i = 0; i < offset_index_count(&index); i++) {
        ASSERT(offset_index_at(&index, i).position < segment_size / 2);
    }
    offset_index_clear(&index);
}

static void check_times(struct bytes bytes, int64_t base, int64_t end_offset, int64_t wanted)
{
    struct time_index index;
    time_index_init(&index, base);
    fill(&index.entries, bytes);
    uint32_t before = time_index_count(&index);
    uint32_t dropped = time_index_trim(&index, end_offset);
    uint32_t count = time_index_count(&index);
    ASSERT(count + dropped == before);
    ASSERT(time_index_trim(&index, end_offset) == 0);

    struct time_index_entry floor = {-1, base};
    for (uint32_t i = 0; i < count; i++) {
        struct time_index_entry entry = time_index_at(&index, i);
        ASSERT(entry.offset >= base);
        ASSERT(entry.offset < end_offset);
        ASSERT(i == 0 || entry.timestamp_ms > time_index_at(&index, i - 1).timestamp_ms);
        if (entry.timestamp_ms <= wanted) {
            floor = entry;
        }
    }
    struct time_index_entry found = time_index_floor(&index, wanted);
    ASSERT(found.timestamp_ms == floor.timestamp_ms);
    ASSERT(found.offset == floor.offset);
    time_index_clear(&index);
}

static void check_aborted(struct bytes bytes, int64_t base, int64_t end_offset)
{
    struct aborted_index index;
    aborted_index_init(&index);
    fill(&index.entries, bytes);
    uint32_t before = aborted_index_count(&index);
    uint32_t dropped = aborted_index_trim(&index, base, end_offset);
    uint32_t count = aborted_index_count(&index);
    ASSERT(count + dropped == before);
    ASSERT(aborted_index_trim(&index, base, end_offset) == 0);
    for (uint32_t i = 0; i < count; i++) {
        struct aborted_index_entry entry = aborted_index_at(&index, i);
        ASSERT(entry.first_offset <= entry.last_offset);
        ASSERT(entry.last_offset >= base);
        ASSERT(entry.last_offset < end_offset);
    }
    aborted_index_cut(&index, base);
    ASSERT(aborted_index_count(&index) == 0);
    aborted_index_clear(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    uint8_t which = fuzz_take_u8(&input);
    int64_t base = fuzz_take_i64(&input) & INT64_MAX >> 2;
    uint32_t span = fuzz_take_u32(&input);
    int64_t wanted = fuzz_take_i64(&input);
    if (which % 3 == 0) {
        check_offsets(input, base, span, base + (int32_t)wanted);
    } else if (which % 3 == 1) {
        check_times(input, base, base + span, wanted);
    } else {
        check_aborted(input, base, base + span);
    }
    return 0;
}
