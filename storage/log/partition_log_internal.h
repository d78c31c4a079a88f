/* What the files partition_log*.c and log_flusher.c share. Nobody else includes this. */
#ifndef STORAGE_LOG_PARTITION_LOG_INTERNAL_H
#define STORAGE_LOG_PARTITION_LOG_INTERNAL_H

#include "storage/log/leader_epochs.h"
#include "storage/log/log_flusher.h"
#include "storage/log/partition_log.h"
#include "storage/log/segment.h"
#include "storage/producer/producer_state.h"

/* Recovery never has to scan more than this and what came after the last flush. */
#define LOG_CHECKPOINT_BYTES (64u * 1024 * 1024)

/* The same for a log that acknowledges from the page cache: flushing it more often would make it
 * wait for the disk, which is what its flush.messages says it must not. */
#define LOG_UNFLUSHED_BYTES_MAX ((uint64_t)8 * 1024 * 1024 * 1024)

/* Segments other than the active one that keep their file and indexes. */
#define LOG_COLD_SEGMENTS_OPEN_MAX 4

/* Segments of one log. */
#define LOG_SEGMENTS_MAX (1u << 20)

/* Called when a flush is over. */
typedef void log_flushed_fn(void *context, struct partition_log *log, enum status status,
                            const struct error *error);

/* One flush of a log: all its segments that have something new, side by side. */
struct log_flush {
    unsigned pending; /* Segment files under way; 0: no flush. */
    bool durable;
    int64_t target_offset; /* The log's end when it began. */
    enum status status;    /* The worst so far. */
    struct error *error;   /* In the round's memory. */
    log_flushed_fn *done;
    void *context;
};

/* What the flusher keeps in each log. */
struct log_flusher_link {
    struct log_flusher *flusher; /* NULL when not attached. */
    void *attachment;
    struct list_node dirty_node;     /* Has something to write out. */
    struct list_node undurable_node; /* Has something written that is not durable. */
    int64_t undurable_since_us;      /* When the oldest of it was written. */
    int64_t retry_at_us;             /* After a full disk; 0: none. */
    int64_t flushed_before;          /* When the round began. */
    struct error error;
};

struct partition_log {
    struct log_context *context;
    char *directory;
    struct uuid topic_id;
    struct log_config config;

    struct segment **segments; /* By base offset; the last one is active; never empty. */
    uint32_t segments_count;
    uint32_t segments_capacity;
    uint32_t first_unsealed; /* Segments before it are durable and cut to size. */
    uint64_t size;           /* Of all segments. */
    uint64_t uses;

    int64_t start_offset;
    int64_t end_offset;
    int64_t flushed_offset;
    int64_t durable_offset;
    int64_t high_watermark;
    int64_t roll_jitter_ms;
    int64_t undurable_records; /* Appended since the last durable flush began. */
    uint64_t appended_bytes;   /* Since opening. */
    uint64_t durable_bytes;    /* Of those, how many are durable. */
    uint64_t saved_bytes;      /* appended_bytes at the last saving of indexes and snapshot. */
    int64_t snapshots[2];      /* The last two between segments' beginnings, newest first; -1. */

    struct leader_epochs epochs;
    struct producer_state producers;
    struct log_flush flush;
    uint64_t flush_target_bytes;
    struct log_flusher_link link;
    unsigned jobs_count;    /* Saving jobs and cold reads of indexes under way. */
    unsigned deleted_count; /* ".deleted" files that wait for their delay. */
    struct list deleted;    /* struct deleted_segment, oldest first. */

    bool is_quarantined;  /* Damage at corrupt_offset, which is the end. */
    bool has_failed;      /* A write or sync failed for good. */
    bool is_full;         /* The last flush found no space. */
    bool must_be_durable; /* The next flush has to be durable: a segment was rolled. */
    int64_t corrupt_offset;
};

/* The active segment. */
static inline struct segment *log_active(const struct partition_log *log)
{
    return log->segments[log->segments_count - 1];
}

/* Offset behind the segment `index`. */
int64_t log_segment_end_offset(const struct partition_log *log, uint32_t index);

/* The segment that holds `offset`, or the last one that begins before it. */
uint32_t log_segment_index(const struct partition_log *log, int64_t offset);

/* Adds a segment behind the last one; takes its reference over on STATUS_OK. */
MUST_USE enum status log_add_segment(struct partition_log *log, struct segment *segment,
                                     struct error *error);

/* Takes segments [first, first + count) out of the log and gives their references back. */
void log_drop_segments(struct partition_log *log, uint32_t first, uint32_t count);

/* The write engine that the configuration asks for. */
enum write_engine log_engine(const struct partition_log *log);

/* Makes the active segment ready to be appended to: file, indexes, checksums. May block. */
MUST_USE enum status log_prepare_active(struct partition_log *log, struct error *error);

/* Closes the active segment and begins the next one at the end offset. May block shortly. */
MUST_USE enum status log_roll(struct partition_log *log, struct error *error);

/* Makes a new, empty, active segment at `base_offset`: file, directory entry durable. */
MUST_USE enum status log_begin_segment(struct partition_log *log, int64_t base_offset,
                                       struct error *error);

/* A random time by which this log rolls earlier than the others. */
void log_draw_jitter(struct partition_log *log);

/* File and indexes of a segment that is read. STATUS_AGAIN when its indexes are not there and
 * `may_block` is false. */
MUST_USE enum status log_use_segment(struct partition_log *log, struct segment *segment,
                                     bool may_block, struct error *error);

/* Loads the indexes of an immutable segment and builds them anew where they are missing. May
 * block; touches no segment. */
MUST_USE enum status log_load_indexes(struct file_system *files, const char *directory,
                                      int64_t base_offset, uint64_t size, int64_t end_offset,
                                      int32_t index_interval_bytes,
                                      struct segment_indexes **indexes, struct error *error);

/* Starts a flush. False when there is nothing to flush: `done` is then not called. */
bool log_flush_start(struct partition_log *log, bool durable, log_flushed_fn *done, void *context,
                     struct error *error);

/* There is something that the configuration wants flushed. */
bool log_is_dirty(const struct partition_log *log);

/* Waits until no flush and no job is under way. Blocks. */
void log_wait_idle(struct partition_log *log);

/* Flushes everything durably. Blocks. */
MUST_USE enum status log_flush_now(struct partition_log *log, struct error *error);

/* Hands what the indexes of `segment` have gained to a worker, and a producer snapshot of the end
 * unless `snapshot_offset` is -1. */
void log_save_later(struct partition_log *log, struct segment *segment, int64_t snapshot_offset);

/* As log_save_later(), here and now. Blocks. */
MUST_USE enum status log_save_now(struct partition_log *log, struct segment *segment,
                                  int64_t snapshot_offset, struct error *error);

/* Cuts the files of a segment that nobody has open to `size` bytes of batches and to the saved
 * entries of its indexes, durably. Blocks. */
MUST_USE enum status log_cut_files(struct partition_log *log, const struct segment *segment,
                                   uint64_t size, struct error *error);

/* Writes leader-epoch-checkpoint when it has changed. May block. */
MUST_USE enum status log_write_epochs(struct partition_log *log, struct error *error);

/* Puts the state of producers, epochs and transactions forward by one stored batch; used by
 * appends and by recovery. Reads the record of a marker from `batch`. */
MUST_USE enum status log_apply_batch(struct partition_log *log, struct segment *segment,
                                     const struct record_batch_header *header, struct bytes batch,
                                     struct error *error);

/* Recovery's part of opening: finds the segments and the end of the log. */
MUST_USE enum status log_recover(struct partition_log *log,
                                 const struct partition_log_options *options,
                                 struct log_recovery_report *report, struct error *error);

/* Builds producer state anew from the newest snapshot at or below `end_offset` and the batches
 * behind it. Blocks. */
MUST_USE enum status log_rebuild_producers(struct partition_log *log, int64_t end_offset,
                                           struct error *error);

/* Removes the producer snapshots outside [start offset, end offset]. May block. */
MUST_USE enum status log_keep_snapshots(struct partition_log *log, int64_t start_offset,
                                        int64_t end_offset, struct error *error);

/* Renames the files of segment `index`, takes it out of the log, and remembers to remove them. */
MUST_USE enum status log_delete_segment(struct partition_log *log, uint32_t index,
                                        struct error *error);

/* Forgets the list of deleted files, which stay on disk until the next start. */
void log_forget_deleted(struct partition_log *log);

/* The log has something to flush: tells its flusher. */
void log_flusher_mark_dirty(struct partition_log *log);

#endif /* STORAGE_LOG_PARTITION_LOG_INTERNAL_H */
