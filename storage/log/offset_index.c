#include "storage/log/offset_index.h"

#include "base/assert.h"

#define POSITION_AT 4

void offset_index_init(struct offset_index *index, int64_t base_offset)
{
    index_entries_init(&index->entries, OFFSET_INDEX_ENTRY_SIZE);
    index->base_offset = base_offset;
}

void offset_index_clear(struct offset_index *index)
{
    index_entries_clear(&index->entries);
}

uint32_t offset_index_count(const struct offset_index *index)
{
    return index->entries.count;
}

static uint32_t relative_at(const struct offset_index *index, uint32_t number)
{
    return load_u32(index_entries_at(&index->entries, number));
}

static uint32_t position_at(const struct offset_index *index, uint32_t number)
{
    return load_u32(index_entries_at(&index->entries, number) + POSITION_AT);
}

struct offset_index_entry offset_index_at(const struct offset_index *index, uint32_t number)
{
    return (struct offset_index_entry){
        .offset = index->base_offset + relative_at(index, number),
        .position = position_at(index, number),
    };
}

uint32_t offset_index_trim(struct offset_index *index, uint64_t segment_size)
{
    uint32_t count = offset_index_count(index);
    uint32_t relative = 0;
    uint32_t position = 0;
    for (uint32_t i = 0; i < count; i++) {
        /* The first batch of a segment is never indexed, so that two zeros are padding. */
        bool ascends = i == 0
                           ? relative_at(index, i) > 0 || position_at(index, i) > 0
                           : relative_at(index, i) > relative && position_at(index, i) > position;
        relative = relative_at(index, i);
        position = position_at(index, i);
        if (!ascends || position >= segment_size || relative > INT32_MAX) {
            index_entries_cut(&index->entries, i);
            return count - i;
        }
    }
    return 0;
}

enum status offset_index_add(struct offset_index *index, int64_t offset, uint32_t position,
                             struct error *error)
{
    ASSERT(offset >= index->base_offset && offset - index->base_offset <= INT32_MAX);
    uint32_t count = offset_index_count(index);
    uint32_t relative = (uint32_t)(offset - index->base_offset);
    ASSERT(IMPLIES(count > 0, relative > relative_at(index, count - 1)));
    ASSERT(IMPLIES(count > 0, position > position_at(index, count - 1)));

    uint8_t *entry = index_entries_add(&index->entries);
    if (entry == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for an offset index entry");
    }
    store_u32(entry, relative);
    store_u32(entry + POSITION_AT, position);
    return STATUS_OK;
}

/* Number of entries whose field is at most `value`. */
static uint32_t count_up_to(const struct offset_index *index,
                            uint32_t (*field)(const struct offset_index *, uint32_t),
                            uint64_t value)
{
    uint32_t low = 0;
    uint32_t high = offset_index_count(index);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (field(index, middle) <= value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct offset_index_entry last_of(const struct offset_index *index, uint32_t count)
{
    if (count == 0) {
        return (struct offset_index_entry){.offset = index->base_offset - 1, .position = 0};
    }
    return offset_index_at(index, count - 1);
}

struct offset_index_entry offset_index_floor(const struct offset_index *index, int64_t offset)
{
    if (offset < index->base_offset) {
        return last_of(index, 0);
    }
    return last_of(index, count_up_to(index, relative_at, (uint64_t)(offset - index->base_offset)));
}

struct offset_index_entry offset_index_floor_position(const struct offset_index *index,
                                                      uint64_t position)
{
    return last_of(index, count_up_to(index, position_at, position));
}

void offset_index_cut(struct offset_index *index, uint64_t position)
{
    index_entries_cut(&index->entries,
                      position == 0 ? 0 : count_up_to(index, position_at, position - 1));
}
