#include "storage/log/index_entries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define CAPACITY_FIRST 16u

void index_entries_init(struct index_entries *entries, uint32_t entry_size)
{
    ASSERT(entry_size > 0);
    *entries = (struct index_entries){.entry_size = entry_size};
}

void index_entries_clear(struct index_entries *entries)
{
    free(entries->data);
    index_entries_init(entries, entries->entry_size);
}

enum status index_entries_reserve(struct index_entries *entries, struct error *error)
{
    uint32_t held = entries->count - entries->dropped;
    if (held < entries->capacity) {
        return STATUS_OK;
    }
    uint32_t capacity = entries->capacity == 0 ? CAPACITY_FIRST : entries->capacity * 2;
    uint8_t *data = realloc(entries->data, (size_t)capacity * entries->entry_size);
    if (data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %" PRIu32 " index entries",
                         capacity);
    }
    entries->data = data;
    entries->capacity = capacity;
    return STATUS_OK;
}

uint8_t *index_entries_add(struct index_entries *entries)
{
    struct error error;
    if (index_entries_reserve(entries, &error) != STATUS_OK) {
        return NULL;
    }
    uint32_t held = entries->count - entries->dropped;
    entries->count++;
    return entries->data + (size_t)held * entries->entry_size;
}

const uint8_t *index_entries_at(const struct index_entries *entries, uint32_t index)
{
    ASSERT(index >= entries->dropped && index < entries->count);
    return entries->data + (size_t)(index - entries->dropped) * entries->entry_size;
}

void index_entries_cut(struct index_entries *entries, uint32_t count)
{
    ASSERT(count <= entries->count);
    entries->count = count;
    if (entries->dropped > count) {
        entries->dropped = count;
    }
    if (entries->saved > count) {
        entries->saved = count;
    }
}

struct bytes index_entries_unsaved(const struct index_entries *entries)
{
    ASSERT(entries->saved >= entries->dropped);
    size_t skipped = (size_t)(entries->saved - entries->dropped) * entries->entry_size;
    size_t size = (size_t)(entries->count - entries->saved) * entries->entry_size;
    return (struct bytes){size > 0 ? entries->data + skipped : NULL, size};
}

void index_entries_mark_saved(struct index_entries *entries, bool drop)
{
    entries->saved = entries->count;
    if (drop) {
        entries->dropped = entries->count;
    }
}

static enum status read_entries(struct index_entries *entries, struct file_system *files,
                                struct file *file, const char *path, struct error *error)
{
    uint64_t size = 0;
    enum status status = files->size(file, &size, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (size > INDEX_FILE_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "%s: %" PRIu64 " bytes are more than an index has",
                         path, size);
    }

    uint32_t count = (uint32_t)size / entries->entry_size;
    if (count == 0) {
        return STATUS_OK;
    }
    size_t wanted = (size_t)count * entries->entry_size;
    uint8_t *data = malloc(wanted);
    if (data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for %zu bytes", path, wanted);
    }
    size_t transferred = 0;
    status = files->read(file, 0, data, wanted, &transferred, error);
    if (status != STATUS_OK) {
        free(data);
        return status;
    }
    entries->data = data;
    entries->capacity = count;
    entries->count = (uint32_t)(transferred / entries->entry_size);
    entries->saved = entries->count;
    return STATUS_OK;
}

enum status index_entries_load(struct index_entries *entries, struct file_system *files,
                               const char *path, struct error *error)
{
    ASSERT(entries->count == 0 && entries->data == NULL);
    struct file *file = NULL;
    enum status status = files->open(files, path, 0, &file, error);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = read_entries(entries, files, file, path, error);
    file_release(file);
    return status;
}
