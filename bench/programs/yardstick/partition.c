#include "bench/programs/yardstick/partition.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "proto/record/record_batch.h"

#define ENTRIES_FIRST 1024

enum status partition_open(struct partition *partition, struct append_engine *engine,
                           const char *directory, unsigned index, struct error *error)
{
    char path[PATH_MAX];
    *partition = (struct partition){0};
    if (snprintf(path, sizeof path, "%s/%u.log", directory, index) >= (int)sizeof path) {
        return error_set(error, STATUS_INVALID, "directory name is longer than %d characters",
                         PATH_MAX);
    }
    return append_file_open(engine, &partition->file, path, error);
}

void partition_close(struct partition *partition)
{
    append_file_close(&partition->file);
    free(partition->entries);
}

static enum status add_entry(struct partition *partition, int64_t offset, uint64_t position,
                             struct error *error)
{
    if (partition->entries_count == partition->entries_capacity) {
        size_t capacity =
            partition->entries_capacity > 0 ? partition->entries_capacity * 2 : ENTRIES_FIRST;
        struct partition_entry *entries =
            realloc(partition->entries, capacity * sizeof *partition->entries);
        if (entries == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "%zu index entries", capacity);
        }
        partition->entries = entries;
        partition->entries_capacity = capacity;
    }
    partition->entries[partition->entries_count++] = (struct partition_entry){offset, position};
    return STATUS_OK;
}

/* The size of the whole batch at `batch`, 0 when it is none. */
static size_t checked_batch_size(const uint8_t *batch, size_t remaining)
{
    if (remaining < RECORD_BATCH_HEADER_SIZE) {
        return 0;
    }
    int32_t length = load_i32(batch + RECORD_BATCH_LENGTH_AT);
    if (length < (int32_t)RECORD_BATCH_LENGTH_MIN ||
        (size_t)length + RECORD_BATCH_LENGTH_OVERHEAD > remaining) {
        return 0;
    }
    size_t size = (size_t)length + RECORD_BATCH_LENGTH_OVERHEAD;
    uint32_t crc = crc32c(batch + RECORD_BATCH_ATTRIBUTES_AT, size - RECORD_BATCH_ATTRIBUTES_AT);
    return crc == load_u32(batch + RECORD_BATCH_CRC_AT) ? size : 0;
}

enum status partition_append(struct partition *partition, struct append_engine *engine,
                             uint8_t *records, size_t size, int64_t *base_offset,
                             struct error *error)
{
    int64_t offset = partition->next_offset;
    size_t entries_before = partition->entries_count;
    for (size_t at = 0; at < size;) {
        size_t batch_size = checked_batch_size(records + at, size - at);
        if (batch_size == 0) {
            partition->entries_count = entries_before;
            return error_set(error, STATUS_CORRUPT, "no valid record batch at byte %zu of %zu", at,
                             size);
        }
        store_i64(records + at + RECORD_BATCH_BASE_OFFSET_AT, offset);
        store_i32(records + at + RECORD_BATCH_LEADER_EPOCH_AT, 0);
        enum status status = add_entry(partition, offset, partition->file.size + at, error);
        if (status != STATUS_OK) {
            return status;
        }
        offset += load_i32(records + at + RECORD_BATCH_LAST_OFFSET_DELTA_AT) + 1;
        at += batch_size;
    }
    enum status status =
        append_file_write(engine, &partition->file, (struct bytes){records, size}, error);
    if (status != STATUS_OK) {
        partition->entries_count = entries_before;
        return status;
    }
    *base_offset = partition->next_offset;
    partition->next_offset = offset;
    partition->dirty = true;
    return STATUS_OK;
}

void partition_publish(struct partition *partition)
{
    partition->readable_entries_count = partition->entries_count;
    partition->readable_size = partition->file.size;
    partition->readable_offset = partition->next_offset;
    partition->dirty = false;
}

/* The number of readable entries at the front for which offset and position are at most these. */
static size_t count_up_to(const struct partition *partition, int64_t offset, uint64_t position)
{
    size_t low = 0;
    size_t high = partition->readable_entries_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct partition_entry *entry = &partition->entries[middle];
        if (entry->offset <= offset && entry->position <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool partition_find(const struct partition *partition, int64_t offset, size_t size_max,
                    uint64_t *position, size_t *size)
{
    if (offset < 0 || offset >= partition->readable_offset) {
        return false;
    }
    size_t first = count_up_to(partition, offset, UINT64_MAX) - 1;
    uint64_t start = partition->entries[first].position;
    uint64_t end = partition->readable_size;
    if (end - start > size_max) {
        /* The last batch that starts at or before the limit ends behind it, and stays out. */
        size_t behind = count_up_to(partition, INT64_MAX, start + size_max) - 1;
        behind = behind > first ? behind : first + 1;
        end = behind < partition->readable_entries_count ? partition->entries[behind].position
                                                         : partition->readable_size;
    }
    *position = start;
    *size = (size_t)(end - start);
    return true;
}
