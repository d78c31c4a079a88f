#include "storage/log/aborted_index.h"

#define PRODUCER_ID_AT        2
#define FIRST_OFFSET_AT       10
#define LAST_OFFSET_AT        18
#define LAST_STABLE_OFFSET_AT 26

void aborted_index_init(struct aborted_index *index)
{
    index_entries_init(&index->entries, ABORTED_INDEX_ENTRY_SIZE);
}

void aborted_index_clear(struct aborted_index *index)
{
    index_entries_clear(&index->entries);
}

uint32_t aborted_index_count(const struct aborted_index *index)
{
    return index->entries.count;
}

struct aborted_index_entry aborted_index_at(const struct aborted_index *index, uint32_t number)
{
    const uint8_t *entry = index_entries_at(&index->entries, number);
    return (struct aborted_index_entry){
        .producer_id = load_i64(entry + PRODUCER_ID_AT),
        .first_offset = load_i64(entry + FIRST_OFFSET_AT),
        .last_offset = load_i64(entry + LAST_OFFSET_AT),
        .last_stable_offset = load_i64(entry + LAST_STABLE_OFFSET_AT),
    };
}

uint32_t aborted_index_trim(struct aborted_index *index, int64_t base_offset, int64_t end_offset)
{
    uint32_t count = aborted_index_count(index);
    int64_t last_offset = base_offset - 1;
    for (uint32_t i = 0; i < count; i++) {
        struct aborted_index_entry entry = aborted_index_at(index, i);
        if (load_i16(index_entries_at(&index->entries, i)) != ABORTED_INDEX_VERSION ||
            entry.producer_id < 0 || entry.first_offset < 0 ||
            entry.first_offset >= entry.last_offset || entry.last_offset <= last_offset ||
            entry.last_offset >= end_offset) {
            index_entries_cut(&index->entries, i);
            return count - i;
        }
        last_offset = entry.last_offset;
    }
    return 0;
}

enum status aborted_index_add(struct aborted_index *index, const struct aborted_index_entry *entry,
                              struct error *error)
{
    uint32_t count = aborted_index_count(index);
    if (count > 0 && aborted_index_at(index, count - 1).last_offset >= entry->last_offset) {
        return STATUS_OK;
    }
    uint8_t *place = index_entries_add(&index->entries);
    if (place == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for an aborted transaction");
    }
    store_i16(place, ABORTED_INDEX_VERSION);
    store_i64(place + PRODUCER_ID_AT, entry->producer_id);
    store_i64(place + FIRST_OFFSET_AT, entry->first_offset);
    store_i64(place + LAST_OFFSET_AT, entry->last_offset);
    store_i64(place + LAST_STABLE_OFFSET_AT, entry->last_stable_offset);
    return STATUS_OK;
}

void aborted_index_cut(struct aborted_index *index, int64_t end_offset)
{
    uint32_t count = aborted_index_count(index);
    while (count > 0 && aborted_index_at(index, count - 1).last_offset >= end_offset) {
        count--;
    }
    index_entries_cut(&index->entries, count);
}
