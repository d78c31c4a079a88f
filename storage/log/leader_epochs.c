#include "storage/log/leader_epochs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"

#define LINE_SIZE_MAX 34 /* Two numbers, a blank and a line feed. */

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
    struct leader_epoch_entry *entries =
        realloc(epochs->entries, sizeof *entries * (size_t)capacity);
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
    epochs->entries[epochs->count++] = (struct leader_epoch_entry){epoch, start_offset};
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

struct text leader_epochs_encode(const struct leader_epochs *epochs, struct arena *arena)
{
    size_t size_max = LINE_SIZE_MAX * ((size_t)epochs->count + 1);
    char *text = arena_allocate(arena, size_max);
    if (text == NULL) {
        return TEXT_NULL;
    }
    size_t size = (size_t)snprintf(text, size_max, "0\n%" PRIu32 "\n", epochs->count);
    for (uint32_t i = 0; i < epochs->count; i++) {
        size += (size_t)snprintf(text + size, size_max - size, "%" PRId32 " %" PRId64 "\n",
                                 epochs->entries[i].epoch, epochs->entries[i].start_offset);
    }
    return (struct text){text, size};
}

/* Takes the next line off the front of `rest`. */
static struct text next_line(struct text *rest)
{
    const char *feed = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    size_t size = feed != NULL ? (size_t)(feed - rest->data) : rest->size;
    struct text line = {rest->data, size};
    size_t used = feed != NULL ? size + 1 : size;
    *rest = (struct text){rest->data + used, rest->size - used};
    return line;
}

static bool parse_entry(struct text line, int64_t *epoch, int64_t *start_offset)
{
    const char *blank = line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
    if (blank == NULL) {
        return false;
    }
    size_t first = (size_t)(blank - line.data);
    return parse_i64((struct text){line.data, first}, epoch) &&
           parse_i64((struct text){blank + 1, line.size - first - 1}, start_offset) &&
           *epoch >= 0 && *epoch <= INT32_MAX && *start_offset >= 0;
}

enum status leader_epochs_decode(struct text file, struct leader_epochs *epochs,
                                 struct error *error)
{
    ASSERT(epochs->count == 0);
    struct text rest = file;
    int64_t version = -1;
    int64_t count = -1;
    if (!parse_i64(next_line(&rest), &version) || version != 0 ||
        !parse_i64(next_line(&rest), &count) || count < 0 || count > LEADER_EPOCHS_MAX) {
        return error_set(error, STATUS_CORRUPT, "leader epochs: no version 0 and count in front");
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t epoch = 0;
        int64_t start_offset = 0;
        if (!parse_entry(next_line(&rest), &epoch, &start_offset)) {
            return error_set(error, STATUS_CORRUPT, "leader epochs: line %" PRId64 " is none",
                             i + 3);
        }
        if (epochs->count > 0 &&
            (epoch <= leader_epochs_latest(epochs) ||
             start_offset <= epochs->entries[epochs->count - 1].start_offset)) {
            return error_set(error, STATUS_CORRUPT, "leader epochs: line %" PRId64 " goes back",
                             i + 3);
        }
        enum status status = leader_epochs_add(epochs, (int32_t)epoch, start_offset, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (rest.size != 0) {
        return error_set(error, STATUS_CORRUPT,
                         "leader epochs: more than the %" PRId64 " lines that it announces", count);
    }
    epochs->dirty = false;
    return STATUS_OK;
}
