/* The log of one partition: segments with their indexes, leader epochs and producer state.
 *
 *   log_start_offset <= high watermark <= flushed_offset? <= end_offset
 *
 * A log knows nothing of leaders or clients: it appends batches, says how far it is durable, reads,
 * truncates, deletes. The high watermark is told to it (retention, recovery and the last stable
 * offset need it).
 *
 * Owned by one shard's thread. Appends and reads never wait for the disk; flushing is started by
 * log_flusher.h and answered later. Functions marked "may block" are for opening, rolling, deleting
 * and tools.
 *
 * Files of the directory <topic>-<partition>: kafka's own (see storage/log/README.md) and
 * <base offset>.checksums, CRC-32C of every complete 4 KiB block of the segment (Kafka's batch CRC
 * leaves the first 21 bytes of a batch uncovered). */
#ifndef STORAGE_LOG_PARTITION_LOG_H
#define STORAGE_LOG_PARTITION_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/error.h"
#include "base/list.h"
#include "base/random.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "storage/io/segment_file.h"
#include "storage/log/log_config.h"

struct compression_context;
struct partition_log;

/* What the logs of one shard share. Outlives them. */
struct log_context {
    struct segment_file_context segment_files;
    struct clock *clock;
    struct random *random;
    struct diagnostic_sink *diagnostics;
    int64_t producer_id_expiration_ms;
    /* Working memory of the codecs, for batches that must be opened; NULL: made for each. */
    struct compression_context *compression;
};

struct partition_log_options {
    const char *directory; /* "<log dir>/<topic>-<partition>"; made when missing. */
    struct uuid topic_id;  /* Must equal partition.metadata's when that exists; none: take it. */
    struct log_config config;
    bool was_clean;           /* The log directory was closed in an orderly way. */
    int64_t recovery_point;   /* From the directory's checkpoint; 0 when unknown. */
    int64_t log_start_offset; /* From the directory's checkpoint; 0 when unknown. */
};

/* What opening found, for diagnostics and metrics. */
struct log_recovery_report {
    bool scanned; /* A scan past the recovery point was needed. */
    uint64_t scanned_bytes;
    uint64_t torn_bytes; /* Cut off behind the last whole batch. */
    unsigned indexes_rebuilt;
    bool corrupt; /* Damage below the recovery point: the log serves what is whole
                     before `corrupt_offset`, and refuses appends. */
    int64_t corrupt_offset;
};

/* Opens or creates the log; recovers it when needed. May block; may run on a worker thread as long
 * as the shard doesn't touch `context` meanwhile except through thread-safe parts (files, clock).
 * On STATUS_OK the caller owns *log: partition_log_close().
 * STATUS_CORRUPT  nothing can be served;  STATUS_INVALID  another topic id;  STATUS_IO */
MUST_USE enum status partition_log_open(struct log_context *context,
                                        const struct partition_log_options *options,
                                        struct partition_log **log,
                                        struct log_recovery_report *report, struct error *error);

/* Flushes what is not durable, writes the producer snapshot, seals files, and releases. May block.
 * The status says whether everything is durable; the log is released in any case. */
MUST_USE enum status partition_log_close(struct partition_log *log, struct error *error);

/* Releases without touching the disk any more: after a failed flush, and in crash tests. */
void partition_log_abandon(struct partition_log *log);

/* ---- positions ---- */

/* First offset that may be read. */
int64_t partition_log_start_offset(const struct partition_log *log);
/* Offset of the next record. */
int64_t partition_log_end_offset(const struct partition_log *log);
/* Everything before it is as durable as the configuration asks: on stable storage with
 * flush.messages=1, else in the page cache. */
int64_t partition_log_flushed_offset(const struct partition_log *log);
/* Everything before it is on stable storage. */
int64_t partition_log_recovery_point(const struct partition_log *log);
/* Base offset of the active segment. */
int64_t partition_log_active_base_offset(const struct partition_log *log);
/* Bytes in all segments. */
uint64_t partition_log_size(const struct partition_log *log);
/* The epoch of the last batch, -1 when empty. */
int32_t partition_log_latest_epoch(const struct partition_log *log);
/* Its directory. */
const char *partition_log_directory(const struct partition_log *log);
/* Its topic id. */
struct uuid partition_log_topic_id(const struct partition_log *log);

/* Tells the log what is committed. Never goes back while the process lives. */
void partition_log_set_high_watermark(struct partition_log *log, int64_t high_watermark);
/* As told last; the log start offset after opening. */
int64_t partition_log_high_watermark(const struct partition_log *log);
/* min(first offset of an open transaction, high watermark). */
int64_t partition_log_last_stable_offset(const struct partition_log *log);

/* The configuration in use; the new one counts from the next append, roll or retention on. */
void partition_log_set_config(struct partition_log *log, const struct log_config *config);
/* Borrowed until the next partition_log_set_config(). */
const struct log_config *partition_log_config(const struct partition_log *log);

/* ---- append ---- */

enum append_origin {
    APPEND_FROM_CLIENT,
    APPEND_FROM_COORDINATOR, /* Group and transaction coordinators: control batches allowed. */
    APPEND_FROM_LEADER,      /* A follower: offsets and epochs are already assigned. */
};

/* Why a batch was or was not appended. broker/api/api_error.c turns it into Kafka's code
 * (reference: the table in storage/log/append_check.h). */
enum append_decision {
    APPEND_ACCEPTED,
    APPEND_DUPLICATE,          /* Answered with the offsets of the first time. */
    APPEND_CORRUPT,            /* CRC, or a size field that lies. */
    APPEND_BATCH_TOO_LARGE,    /* > max.message.bytes */
    APPEND_SEGMENT_TOO_SMALL,  /* > segment.bytes */
    APPEND_INVALID_RECORD,     /* counts, offsets, control bit, sequence without id, … */
    APPEND_UNSUPPORTED_FORMAT, /* magic 0 or 1 */
    APPEND_INVALID_TIMESTAMP,
    APPEND_UNSUPPORTED_COMPRESSION,
    APPEND_OUT_OF_ORDER_SEQUENCE,
    APPEND_INVALID_PRODUCER_EPOCH,
    APPEND_INVALID_TRANSACTION_STATE,
    APPEND_UNEXPECTED_OFFSET, /* APPEND_FROM_LEADER: does not follow the end. */
    APPEND_NO_SPACE,          /* The disk is full. */
    APPEND_BUSY,              /* No buffer is free: try again after a flush. */
    APPEND_FAILED,            /* The log has failed or is quarantined. */
};

struct append_request {
    struct bytes
        batches; /* Borrowed during the call, and not changed. From a client exactly one. */
    enum append_origin origin;
    int32_t leader_epoch;
    int64_t now_ms;              /* Wall clock. */
    bool zstd_allowed;           /* Produce >= 7. */
    bool requires_sequence_zero; /* TV2 transactional: a producer without state starts at 0. */
};

/* One offending record, for Produce v8's record_errors. */
struct append_record_error {
    int32_t batch_index;
    const char *message; /* Static. */
};

#define APPEND_RECORD_ERRORS_MAX 8

struct append_result {
    enum append_decision decision;
    int64_t base_offset;        /* -1 unless accepted or duplicate. */
    int64_t last_offset;        /* -1 unless accepted or duplicate. */
    int64_t log_append_time_ms; /* -1 unless LogAppendTime. */
    struct append_record_error record_errors[APPEND_RECORD_ERRORS_MAX];
    unsigned record_errors_count;
    struct error error; /* The sentence, when refused. */
};

/* Checks, assigns offsets and epoch, and appends to the tail in memory. Marks the log as dirty with
 * its flusher; it is not durable yet. Never waits for the disk, except to roll a segment. */
void partition_log_append(struct partition_log *log, const struct append_request *request,
                          struct append_result *result);

/* ---- read ---- */

struct log_read_request {
    int64_t offset;
    int64_t upper_offset; /* Exclusive: nothing at or above it (high watermark, last stable …). */
    size_t bytes_max;     /* Whole batches up to it; */
    bool at_least_one;    /* …but the first batch even when larger. */
};

struct log_read_result {
    struct slices slices; /* The caller gives `items` and `capacity`; each slice has a reference. */
    int64_t first_batch_offset;
    int64_t next_offset; /* Behind the last batch returned. */
    bool more_segments;  /* The read ended at the end of a segment that is not the last. */
};

/* Reads whole batches from the one that holds `offset` on, within one segment.
 *
 * STATUS_OK            with no slices when offset == upper_offset or the batch does not fit
 * STATUS_OUT_OF_RANGE  offset < log start or > end
 * STATUS_AGAIN         needs the disk: call partition_log_fetch_in() and try again when done
 * STATUS_CORRUPT       the batch is damaged: never served */
MUST_USE enum status partition_log_read(struct partition_log *log,
                                        const struct log_read_request *request,
                                        struct log_read_result *result, struct error *error);

/* Brings what partition_log_read() of the same request needs into memory, through the disk queue;
 * done() is called when it is worth trying again. The caller keeps `operation` until then. */
void partition_log_fetch_in(struct partition_log *log, const struct log_read_request *request,
                            struct disk_operation *operation, disk_done_fn *done, void *context);

/* Bytes from `offset` to `upper_offset`, by position, for min_bytes; an estimate that is exact
 * within one segment. */
uint64_t partition_log_bytes_between(struct partition_log *log, int64_t offset,
                                     int64_t upper_offset);

struct timestamped_offset {
    int64_t offset;       /* -1 when there is none. */
    int64_t timestamp_ms; /* -1 when there is none. */
    int32_t leader_epoch; /* -1 when unknown. */
};

/* First record with a timestamp >= `timestamp_ms` in [log start, upper_offset). Looks into
 * compressed batches. May read from disk: STATUS_AGAIN as partition_log_read() unless
 * `may_block`. */
MUST_USE enum status partition_log_offset_for_time(struct partition_log *log, int64_t timestamp_ms,
                                                   int64_t upper_offset, bool may_block,
                                                   struct timestamped_offset *found,
                                                   struct error *error);

/* The record with the largest timestamp, the earliest of several, in [log start, upper_offset). */
MUST_USE enum status partition_log_max_timestamp(struct partition_log *log, int64_t upper_offset,
                                                 bool may_block, struct timestamped_offset *found,
                                                 struct error *error);

/* Kafka's OffsetForLeaderEpoch: the largest epoch <= `epoch` and where it ends; -1, -1 when
 * unknown (reference: KIP-101, KIP-279). */
void partition_log_end_of_epoch(const struct partition_log *log, int32_t epoch,
                                int32_t *found_epoch, int64_t *end_offset);

/* The epoch of the batch that holds `offset`, -1 when unknown. */
int32_t partition_log_epoch_at(const struct partition_log *log, int64_t offset);

/* One aborted transaction that overlaps a read (read_committed). */
struct aborted_transaction {
    int64_t producer_id;
    int64_t first_offset;
};

/* Aborted transactions that overlap [offset, upper_offset), ascending by first offset, at most
 * `capacity`. May block on a cold index. */
MUST_USE enum status partition_log_aborted(struct partition_log *log, int64_t offset,
                                           int64_t upper_offset,
                                           struct aborted_transaction *transactions,
                                           size_t capacity, size_t *count, struct error *error);

/* ---- cut, delete ---- */

/* Removes everything at or above `offset`, durably, and the batch that `offset` lies within. Below
 * the start offset the log restarts empty at the start offset. May block. */
MUST_USE enum status partition_log_truncate(struct partition_log *log, int64_t offset,
                                            struct error *error);

/* Empties the log so that it goes on at `offset`. May block. */
MUST_USE enum status partition_log_restart_at(struct partition_log *log, int64_t offset,
                                              struct error *error);

/* DeleteRecords: nothing below `offset` is read any more; whole segments below it become
 * deletable. STATUS_OUT_OF_RANGE above the high watermark. */
MUST_USE enum status partition_log_set_start_offset(struct partition_log *log, int64_t offset,
                                                    struct error *error);

/* Rolls and deletes what retention allows (storage/retention/retention_core.h): renames to
 * ".deleted". Returns how many segments went. May block shortly. */
MUST_USE enum status partition_log_apply_retention(struct partition_log *log, int64_t now_ms,
                                                   unsigned *deleted_count, struct error *error);

/* Removes ".deleted" files whose delay has passed. */
MUST_USE enum status partition_log_remove_deleted(struct partition_log *log, int64_t now_ms,
                                                  struct error *error);

/* ---- producers ---- */

struct producer_description {
    int64_t producer_id;
    int32_t producer_epoch;
    int32_t last_sequence;
    int64_t last_timestamp_ms;
    int32_t coordinator_epoch;
    int64_t current_transaction_start_offset; /* -1: none open. */
};

/* Up to `capacity` active producers, for DescribeProducers; *total is how many there are. */
void partition_log_describe_producers(const struct partition_log *log,
                                      struct producer_description *producers, size_t capacity,
                                      size_t *count, size_t *total);

/* Forgets producers idle for longer than producer.id.expiration.ms. */
void partition_log_expire_producers(struct partition_log *log, int64_t now_ms);

#endif /* STORAGE_LOG_PARTITION_LOG_H */
