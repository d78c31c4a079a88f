#include "storage/log/time_index.h"

#include "base/assert.h"

#define RELATIVE_AT 8

void time_index_init(struct time_index *index, int64_t base_offset)
{
    index_entries_init(&index->entries, TIME_INDEX_ENTRY_SIZE);
    index->base_offset = base_offset;
}

void time_index_clear(struct time_index *index)
{
    index_entries_clear(&index->entries);
}

uint32_t time_index_count(const struct time_index *index)
{
    return index->entries.count;
}

struct time_index_entry time_index_at(const struct time_index *index, uint32_t number)
{
    const uint8_t *entry = index_entries_at(&index->entries, number);
    return (struct time_index_entry){
        .timestamp_ms = load_i64(entry),
        .offset = index->base_offset + load_u32(entry + RELATIVE_AT),
    };
}

static struct time_index_entry last_of(const struct time_index *index, uint32_t count)
{
    if (count == 0) {
        return (struct time_index_entry){.timestamp_ms = -1, .offset = index->base_offset};
    }
    return time_index_at(index, count - 1);
}

struct time_index_entry time_index_last(const struct time_index *index)
{
    return last_of(index, time_index_count(index));
}

uint32_t time_index_trim(struct time_index *index, int64_t end_offset)
{
    uint32_t count = time_index_count(index);
    struct time_index_entry before = {.timestamp_ms = -1, .offset = index->base_offset - 1};
    for (uint32_t i = 0; i < count; i++) {
        struct time_index_entry entry = time_index_at(index, i);
        bool is_padding = entry.timestamp_ms == 0 && entry.offset == index->base_offset && i > 0;
        if (is_padding || entry.timestamp_ms <= before.timestamp_ms ||
            entry.offset <= before.offset || entry.offset >= end_offset) {
            index_entries_cut(&index->entries, i);
            return count - i;
        }
        before = entry;
    }
    return 0;
}

enum status time_index_add(struct time_index *index, int64_t timestamp_ms, int64_t offset,
                           struct error *error)
{
    ASSERT(offset >= index->base_offset && offset - index->base_offset <= INT32_MAX);
    struct time_index_entry last = time_index_last(index);
    if (timestamp_ms <= last.timestamp_ms) {
        return STATUS_OK;
    }
    if (time_index_count(index) > 0 && offset <= last.offset) {
        /* A damaged file can say so: what it says of later records is of no use. */
        time_index_cut(index, offset);
    }

    uint8_t *entry = index_entries_add(&index->entries);
    if (entry == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a time index entry");
    }
    store_i64(entry, timestamp_ms);
    store_u32(entry + RELATIVE_AT, (uint32_t)(offset - index->base_offset));
    return STATUS_OK;
}

struct time_index_entry time_index_floor(const struct time_index *index, int64_t timestamp_ms)
{
    uint32_t low = 0;
    uint32_t high = time_index_count(index);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (time_index_at(index, middle).timestamp_ms <= timestamp_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return last_of(index, low);
}

void time_index_cut(struct time_index *index, int64_t end_offset)
{
    uint32_t count = time_index_count(index);
    while (count > 0 && time_index_at(index, count - 1).offset >= end_offset) {
        count--;
    }
    index_entries_cut(&index->entries, count);
}
