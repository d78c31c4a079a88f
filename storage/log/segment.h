/* One segment of a log: a run of record batches in one file, with its indexes.
 *
 *     <base offset>.log         the batches
 *     <base offset>.index       offset_index.h
 *     <base offset>.timeindex   time_index.h
 *     <base offset>.txnindex    aborted_index.h
 *     <base offset>.checksums   block_checksums.h
 *
 * The last segment of a log is the active one: it has its indexes in memory and is appended to.
 * The others are immutable; file and indexes are opened when somebody reads. A segment is counted
 * (on its shard's thread only), because a read of the disk may outlive its deletion. */
#ifndef STORAGE_LOG_SEGMENT_H
#define STORAGE_LOG_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/record/record_batch.h"
#include "storage/log/aborted_index.h"
#include "storage/log/block_checksums.h"
#include "storage/log/log_config.h"
#include "storage/log/offset_index.h"
#include "storage/log/partition_log.h"
#include "storage/log/time_index.h"

/* Positions in the offset index are 32 bits, Kafka's are signed. */
#define SEGMENT_SIZE_MAX ((uint64_t)INT32_MAX)

#define SEGMENT_TIMESTAMP_UNKNOWN INT64_MIN

struct segment_indexes {
    struct offset_index offsets;
    struct time_index times;
    struct aborted_index aborted;
};

/* Ranges of a segment that were found whole since it was opened; readers that go on where they were
 * extend theirs. More readers than this verify some ranges again. */
#define SEGMENT_VERIFIED_MAX 8

struct verified_range {
    uint64_t position;
    uint64_t end;
};

struct segment {
    struct log_context *context; /* Borrowed. */
    int64_t base_offset;
    uint64_t size;         /* Bytes of whole batches. */
    uint64_t written_from; /* What lies behind it this process wrote itself. */
    struct verified_range verified[SEGMENT_VERIFIED_MAX]; /* Of what lies before; unused: empty. */
    unsigned verified_next;                               /* The next to be replaced. */
    int64_t max_timestamp_ms;        /* -1 when no record has one, or SEGMENT_TIMESTAMP_UNKNOWN. */
    int64_t max_timestamp_offset;    /* Last offset of the first batch that has it. */
    int64_t first_timestamp_ms;      /* Of the first batch; -1 when empty, or ..._UNKNOWN. */
    int64_t modified_ms;             /* Of the file, or when it was created. */
    uint64_t used_count;             /* The log's count of uses when it was last used. */
    struct segment_file *file;       /* NULL while nobody has read or appended. */
    struct segment_indexes *indexes; /* NULL while nobody has looked anything up. */
    struct block_checksums *checksums; /* Only of the active segment, once appended to. */
    uint32_t references;
    uint32_t bytes_since_index; /* Appended since the last index entry. */
    bool is_writable;           /* The active one. */
    bool is_flushing;
    struct partition_log *flushing_log; /* While is_flushing. */
};

/* A segment with one reference, which knows its size and opens nothing. NULL when out of memory. */
struct segment *segment_create(struct log_context *context, int64_t base_offset, uint64_t size);

/* The range was written by this process, or found whole on the disk (range_check.h). */
bool segment_is_verified(const struct segment *segment, uint64_t position, uint64_t size);

/* Remembers a range as found whole. */
void segment_set_verified(struct segment *segment, uint64_t position, uint64_t size);

/* The segment was cut at `position`. */
void segment_cut_verified(struct segment *segment, uint64_t position);

/* Gives a reference back; the last one closes. No flush may be under way. NULL is allowed. */
void segment_release(struct segment *segment);

/* Opens the file when it is not; `directory` is the log's. */
MUST_USE enum status segment_open_file(struct segment *segment, const char *directory,
                                       enum write_engine engine, struct error *error);

/* Reads the index files. May block; touches no segment, so that a worker may do it. What cannot be
 * is trimmed. *indexes is the caller's: segment_indexes_destroy(). */
MUST_USE enum status segment_indexes_load(struct file_system *files, const char *directory,
                                          int64_t base_offset, uint64_t size, int64_t end_offset,
                                          struct segment_indexes **indexes, struct error *error);

/* Empty indexes; NULL when out of memory. */
struct segment_indexes *segment_indexes_create(int64_t base_offset);

/* Releases them. NULL is allowed. */
void segment_indexes_destroy(struct segment_indexes *indexes);

/* Takes loaded indexes over, and the largest timestamp from them. */
void segment_take_indexes(struct segment *segment, struct segment_indexes *indexes);

/* Indexes and counts a batch that lies or will lie at `position`: entries in the offset and time
 * index, timestamps. STATUS_NO_MEMORY changes nothing that matters. */
MUST_USE enum status segment_index_batch(struct segment *segment,
                                         const struct record_batch_header *header,
                                         uint64_t position, int32_t index_interval_bytes,
                                         struct error *error);

/* Copies a batch behind the end: its header as given and the rest of its bytes. All or nothing.
 * Errors are those of segment_file_append(). The file is open. */
MUST_USE enum status segment_append(struct segment *segment,
                                    const uint8_t header[RECORD_BATCH_HEADER_SIZE],
                                    struct bytes rest, struct error *error);

/* Does the batch have to go into a new segment? `now_ms` counts when the batch has no timestamp. */
bool segment_must_roll(const struct segment *segment, const struct record_batch_header *header,
                       int64_t last_offset, const struct log_config *config, int64_t jitter_ms,
                       int64_t now_ms);

/* Adds the entry that makes the time index end in the largest timestamp. */
MUST_USE enum status segment_finish_indexes(struct segment *segment, struct error *error);

/* Reads batch headers of one segment forward. */
struct batch_cursor {
    struct segment *segment; /* With an open file. */
    uint64_t position;       /* Of the next header; the user moves it on. */
    bool may_block;
    uint64_t window_position;
    size_t window_size;
    uint8_t window[CHECKSUM_BLOCK_SIZE];
};

/* Starts at the batch at `position`. */
void batch_cursor_init(struct batch_cursor *cursor, struct segment *segment, uint64_t position,
                       bool may_block);

/* The header at the cursor's position, of a batch that lies within the segment; does not move.
 * STATUS_NOT_FOUND at the end; STATUS_AGAIN when the disk would have to be waited for;
 * STATUS_CORRUPT when there is no batch. */
MUST_USE enum status batch_cursor_read(struct batch_cursor *cursor,
                                       struct record_batch_header *header, struct error *error);

/* Where a read begins and ends. */
struct segment_range {
    uint64_t position;
    uint64_t size;
    int64_t first_offset; /* Base offset of the first batch. */
    int64_t next_offset;  /* Behind the last batch. */
    bool to_end;          /* It ends where the segment ends. */
};

/* Finds the first batch whose last offset is at or above `offset`. The segment has file and
 * indexes. STATUS_NOT_FOUND when there is none in the segment; else as batch_cursor_read(). */
MUST_USE enum status segment_locate(struct segment *segment, int64_t offset, bool may_block,
                                    uint64_t *position, struct record_batch_header *header,
                                    struct error *error);

/* Finds the whole batches from the one that holds `offset` on that a read may have: below
 * `upper_offset` and at most `bytes_max`, but at least one when asked. size is 0 when there is
 * none. `end_offset` is where the segment ends. Errors as of segment_locate(). */
MUST_USE enum status segment_find_range(struct segment *segment,
                                        const struct log_read_request *request, int64_t end_offset,
                                        bool may_block, struct segment_range *range,
                                        struct error *error);

#endif /* STORAGE_LOG_SEGMENT_H */
