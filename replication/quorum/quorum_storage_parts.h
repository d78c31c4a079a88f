/* Shared by the files of quorum_storage. Only replication/quorum uses this. */
#ifndef REPLICATION_QUORUM_QUORUM_STORAGE_PARTS_H
#define REPLICATION_QUORUM_QUORUM_STORAGE_PARTS_H

#include "replication/quorum/quorum_format.h"
#include "replication/quorum/quorum_storage.h"

#define QUORUM_PATH_SIZE_MAX 4096

/* Digits of an index in a file name. */
#define QUORUM_INDEX_DIGITS 20

/* Files of entries at once: one per snapshot that could not delete its predecessors. */
#define QUORUM_FILES_MAX 64

/* One file of entries; the last one is written to. */
struct entries_file {
    uint64_t first_index;
    uint64_t last_index; /* Durable; first_index - 1 while it is empty. */
    uint64_t size;
};

struct pending_entries {
    uint8_t *bytes; /* malloc */
    size_t size;
    size_t capacity;
    uint64_t first_index;
    uint64_t last_index;
    uint64_t last_term;
};

struct quorum_storage {
    struct file_system *files;
    struct disk_queue *queue;
    struct diagnostic_sink *diagnostics;
    struct quorum_storage_events events;
    char directory[QUORUM_PATH_SIZE_MAX];

    struct file *state_file; /* NULL until the state was saved for the first time. */
    struct quorum_state state;

    struct entries_file entries[QUORUM_FILES_MAX];
    size_t entries_count;
    struct file *file;   /* The last of them; NULL until something is written. */
    bool rolls;          /* The next write begins a file of its own. */
    uint64_t last_index; /* Of the last durable entry, or of the snapshot when there is none. */
    uint64_t last_term;

    bool has_snapshot;
    uint64_t snapshot_index;
    uint64_t snapshot_size;

    struct pending_entries pending; /* Not yet submitted. */
    struct pending_entries writing; /* Under way. */
    struct disk_operation operation;
    bool is_busy;
    bool has_failed;
};

/* "<directory>/entries-00000000000000000001.log" */
void quorum_entries_path(const struct quorum_storage *storage, uint64_t first_index,
                         char path[QUORUM_PATH_SIZE_MAX]);
/* "<directory>/snapshot-00000000000000000001" */
void quorum_snapshot_path(const struct quorum_storage *storage, uint64_t index,
                          char path[QUORUM_PATH_SIZE_MAX]);
/* "<directory>/quorum-state" */
void quorum_state_path(const struct quorum_storage *storage, char path[QUORUM_PATH_SIZE_MAX]);

/* Finds out what is in the directory (quorum_recovery.c). Errors as quorum_storage_open(). */
MUST_USE enum status quorum_storage_recover(struct quorum_storage *storage, struct arena *arena,
                                            struct quorum_found *found, struct error *error);

#endif /* REPLICATION_QUORUM_QUORUM_STORAGE_PARTS_H */
