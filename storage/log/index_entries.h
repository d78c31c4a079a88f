/* The entries of an index file as they stand in the file: fixed size, only added at the end. What
 * the indexes of a segment have in common.
 *
 * Memory is the image of the file, so that saving is copying the entries that were added since.
 * The first entries may be dropped from memory once they are saved. */
#ifndef STORAGE_LOG_INDEX_ENTRIES_H
#define STORAGE_LOG_INDEX_ENTRIES_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "storage/io/file_system.h"

/* No index file that is larger is read. Kafka preallocates 10 MiB. */
#define INDEX_FILE_SIZE_MAX (256u * 1024 * 1024)

struct index_entries {
    uint8_t *data; /* Entries [dropped, count). */
    uint32_t entry_size;
    uint32_t count;
    uint32_t capacity; /* Entries that fit into `data`. */
    uint32_t dropped;  /* First entries that are only in the file. */
    uint32_t saved;    /* Entries that are in the file, or handed to somebody who writes them. */
};

/* No entries, no memory. */
void index_entries_init(struct index_entries *entries, uint32_t entry_size);

/* Releases the memory. */
void index_entries_clear(struct index_entries *entries);

/* A new last entry of undefined content, for the caller to fill. NULL when out of memory. */
uint8_t *index_entries_add(struct index_entries *entries);

/* Makes room for one more, so that the next index_entries_add() does not fail. */
MUST_USE enum status index_entries_reserve(struct index_entries *entries, struct error *error);

/* The entry `index`, which is in memory. */
const uint8_t *index_entries_at(const struct index_entries *entries, uint32_t index);

/* Keeps the first `count` entries. */
void index_entries_cut(struct index_entries *entries, uint32_t count);

/* What is not saved yet. Borrowed until the next entry. */
struct bytes index_entries_unsaved(const struct index_entries *entries);

/* Everything is saved; with `drop` it leaves memory. */
void index_entries_mark_saved(struct index_entries *entries, bool drop);

/* Reads the whole entries of a file into empty `entries`; they count as saved. A missing file is
 * empty. May block. STATUS_LIMIT; STATUS_IO; STATUS_NO_MEMORY. */
MUST_USE enum status index_entries_load(struct index_entries *entries, struct file_system *files,
                                        const char *path, struct error *error);

#endif /* STORAGE_LOG_INDEX_ENTRIES_H */
