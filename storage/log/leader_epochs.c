#include "storage/log/leader_epochs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void leader_epochs_init(struct leader_epochs *epochs)
{
    *epochs = (struct leader_epochs){0};
}

void leader_epochs_clear(struct leader_epochs *epochs)
{
    free(epochs->entries);
    leader_epochs_init(epochs);
}

static enum status reserve(struct leader_epochs *epochs, struct error *error)
{
    if (epochs->count < epochs->capacity) {
        return STATUS_OK;
    }
    if (epochs->count >= LEADER_EPOCHS_MAX) {
        memmove(epochs->entries, epochs->entries + 1,
                sizeof *epochs->entries * (epochs->count - 1));
        epochs->count--;
        return STATUS_OK;
    }
    uint32_t capacity = epochs->capacity == 0 ? 2 : epochs->capacity * 2;
    struct checkpoint_epoch *entries = realloc(epochs->entries, sizeof *entries * (size_t)capacity);
    if (entries == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %" PRIu32 " leader epochs",
                         capacity);
    }
    epochs->entries = entries;
    epochs->capacity = capacity;
    return STATUS_OK;
}

enum status leader_epochs_add(struct leader_epochs *epochs, int32_t epoch, int64_t start_offset,
                              struct error *error)
{
    ASSERT(start_offset >= 0);
    if (epoch <= leader_epochs_latest(epochs)) {
        return STATUS_OK;
    }
    leader_epochs_cut_end(epochs, start_offset);
    enum status status = reserve(epochs, error);
    if (status != STATUS_OK) {
        return status;
    }
    epochs->entries[epochs->count++] = (struct checkpoint_epoch){epoch, start_offset};
    epochs->dirty = true;
    return STATUS_OK;
}

int32_t leader_epochs_latest(const struct leader_epochs *epochs)
{
    return epochs->count == 0 ? -1 : epochs->entries[epochs->count - 1].epoch;
}

int32_t leader_epochs_at(const struct leader_epochs *epochs, int64_t offset)
{
    for (uint32_t i = epochs->count; i > 0; i--) {
        if (epochs->entries[i - 1].start_offset <= offset) {
            return epochs->entries[i - 1].epoch;
        }
    }
    return -1;
}

void leader_epochs_end_of(const struct leader_epochs *epochs, int32_t epoch, int64_t end_offset,
                          int32_t *found_epoch, int64_t *found_offset)
{
    *found_epoch = -1;
    *found_offset = -1;
    if (epoch < 0 || epochs->count == 0 || epoch > leader_epochs_latest(epochs)) {
        return;
    }
    if (epoch == leader_epochs_latest(epochs)) {
        *found_epoch = epoch;
        *found_offset = end_offset;
        return;
    }
    uint32_t next = 0;
    while (epochs->entries[next].epoch <= epoch) {
        next++;
    }
    *found_epoch = next == 0 ? epoch : epochs->entries[next - 1].epoch;
    *found_offset = epochs->entries[next].start_offset;
}

void leader_epochs_cut_end(struct leader_epochs *epochs, int64_t end_offset)
{
    while (epochs->count > 0 && epochs->entries[epochs->count - 1].start_offset >= end_offset) {
        epochs->count--;
        epochs->dirty = true;
    }
}

void leader_epochs_cut_start(struct leader_epochs *epochs, int64_t start_offset)
{
    uint32_t drop = 0;
    while (drop + 1 < epochs->count && epochs->entries[drop + 1].start_offset <= start_offset) {
        drop++;
    }
    if (drop > 0) {
        memmove(epochs->entries, epochs->entries + drop,
                sizeof *epochs->entries * (epochs->count - drop));
        epochs->count -= drop;
        epochs->dirty = true;
    }
    if (epochs->count > 0 && epochs->entries[0].start_offset < start_offset) {
        epochs->entries[0].start_offset = start_offset;
        epochs->dirty = true;
    }
}

enum status leader_epochs_take(struct leader_epochs *epochs, const struct checkpoint_epoch *entries,
                               size_t count, struct error *error)
{
    ASSERT(epochs->count == 0);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (entries[i].epoch <= entries[i - 1].epoch ||
                      entries[i].start_offset <= entries[i - 1].start_offset)) {
            return error_set(error, STATUS_CORRUPT, "leader epoch %" PRId32 " goes back",
                             entries[i].epoch);
        }
        enum status status =
            leader_epochs_add(epochs, entries[i].epoch, entries[i].start_offset, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    epochs->dirty = false;
    return STATUS_OK;
}
