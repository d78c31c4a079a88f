/* What a server of the quorum keeps on disk: term and vote, entries, a snapshot. The formats are in
 * quorum_format.h.
 *
 *     append  -> pending -> one durable write at a time through the disk queue -> persisted()
 *
 * Everything else (term and vote, replacing entries, snapshots, recovery) is rare and blocks.
 *
 * Recovery never guesses. What lies behind the last entry that is known to be durable and is not
 * whole was being written when the power went, and is cut off. Damage below that point, a gap, a
 * lost vote or a broken snapshot is STATUS_CORRUPT: a server that forgot what it acknowledged must
 * not take part. Known to be durable is what the state file says and what a later entry says; each
 * entry carries how far the log was durable when it was written. */
#ifndef REPLICATION_QUORUM_QUORUM_STORAGE_H
#define REPLICATION_QUORUM_QUORUM_STORAGE_H

#include "base/diagnostic.h"
#include "replication/quorum/quorum_core.h"
#include "storage/io/disk_queue.h"
#include "storage/io/file_system.h"

/* Entries on their way to the disk, in bytes; more is refused. */
#define QUORUM_PENDING_SIZE_MAX (256u << 20)

/* One file of entries, and one snapshot. */
#define QUORUM_FILE_SIZE_MAX (1u << 30)

struct quorum_storage;

struct quorum_storage_options {
    const char *directory; /* Made when it is missing. */
    struct file_system *files;
    struct disk_queue *queue;
    struct diagnostic_sink *diagnostics;
};

struct quorum_storage_events {
    /* Entries up to `index`, the last one of `term`, are durable. From the disk queue's reap(). */
    void (*persisted)(void *context, uint64_t index, uint64_t term);
    /* A write failed: nothing is known of what is on disk, and nothing more is written. */
    void (*failed)(void *context, const struct error *error);
    void *context;
};

/* What was found; all of it lies in the arena that quorum_storage_open() was given. */
struct quorum_found {
    struct quorum_persisted persisted; /* Term 0 when there is nothing yet. */
    struct bytes snapshot_data;        /* With persisted.has_snapshot. */
};

/* Opens the directory and recovers. On STATUS_OK the caller owns *storage. STATUS_CORRUPT,
 * STATUS_IO, STATUS_NO_SPACE, STATUS_NO_MEMORY. */
MUST_USE enum status quorum_storage_open(const struct quorum_storage_options *options,
                                         struct quorum_storage_events events, struct arena *arena,
                                         struct quorum_storage **storage,
                                         struct quorum_found *found, struct error *error);

/* Releases everything; what is pending and not written is lost. Nothing may be under way in the
 * disk queue. `is_clean` notes how far the log is durable, so that the next start misses nothing of
 * it. NULL is allowed. */
void quorum_storage_close(struct quorum_storage *storage, bool is_clean);

/* Makes the first entry of a new cluster's log durable, in an empty directory. The state file comes
 * with the first quorum_storage_save_state(): before that, recovery takes the directory for one
 * where nothing has happened. */
MUST_USE enum status quorum_storage_bootstrap(struct quorum_storage *storage,
                                              const struct quorum_entry *entry,
                                              struct error *error);

/* Makes term and vote durable. An error is final. */
MUST_USE enum status quorum_storage_save_state(struct quorum_storage *storage, uint64_t term,
                                               uint64_t voted_for, struct error *error);

/* Appends entries from `first` on, replacing what is there from there on; copies them. persisted()
 * follows. STATUS_NO_MEMORY, STATUS_LIMIT; an error is final. */
MUST_USE enum status quorum_storage_append(struct quorum_storage *storage, uint64_t first,
                                           const struct quorum_entry *entries, size_t count,
                                           struct error *error);

/* Starts the write of what is pending, unless one is under way: then it follows by itself. */
void quorum_storage_kick(struct quorum_storage *storage);

/* A write is under way in the disk queue. */
bool quorum_storage_is_busy(const struct quorum_storage *storage);

/* Keeps a snapshot of the entries up to its index, then drops entries that it covers, but for the
 * last `trailing_count` of them. An error is final. */
MUST_USE enum status quorum_storage_take_snapshot(struct quorum_storage *storage,
                                                  const struct quorum_snapshot *snapshot,
                                                  struct bytes data, uint64_t trailing_count,
                                                  struct error *error);

/* Keeps a snapshot that a leader has sent; every entry is dropped. An error is final. */
MUST_USE enum status quorum_storage_install_snapshot(struct quorum_storage *storage,
                                                     const struct quorum_snapshot *snapshot,
                                                     struct bytes data, struct error *error);

/* Loads up to `count` durable entries from `first` on, for another server; they lie in the arena.
 * STATUS_NOT_FOUND when the first one is not there. */
MUST_USE enum status quorum_storage_load_entries(struct quorum_storage *storage, uint64_t first,
                                                 size_t count, struct arena *arena,
                                                 struct quorum_entry *entries,
                                                 size_t *entries_count, struct error *error);

/* Loads the snapshot. STATUS_NOT_FOUND when there is none. */
MUST_USE enum status quorum_storage_load_snapshot(struct quorum_storage *storage,
                                                  struct arena *arena,
                                                  struct quorum_snapshot *snapshot,
                                                  struct bytes *data, struct error *error);

/* Bytes of entries on disk that no snapshot covers yet. */
uint64_t quorum_storage_entries_size(const struct quorum_storage *storage);

/* Bytes of the snapshot on disk. */
uint64_t quorum_storage_snapshot_size(const struct quorum_storage *storage);

#endif /* REPLICATION_QUORUM_QUORUM_STORAGE_H */
