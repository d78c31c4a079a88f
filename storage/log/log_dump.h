/* Looks into the files of a data directory from outside, for tools: walks one file, hands out what
 * is in it piece by piece, and says of each piece what is wrong with it. Works on the files of a
 * stopped broker, on copies, and on Kafka's; changes nothing. May block.
 *
 *     <offset>.log          batches: frame, checksum, order; complete blocks against .checksums
 *     <offset>.index        entries: order; the batch at the position ends with the offset
 *     <offset>.timeindex    entries: order; the batch of the offset has the timestamp
 *     <offset>.txnindex     entries: version, order
 *     <offset>.checksums    entries: whether they prove themselves
 *     <offset>.snapshot     producers
 *     leader-epoch-checkpoint                      epochs
 *     …-offset-checkpoint                          partitions' offsets
 *
 * A ".deleted" or ".swap" behind the name changes nothing. */
#ifndef STORAGE_LOG_LOG_DUMP_H
#define STORAGE_LOG_LOG_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/record/record_batch.h"
#include "storage/io/checkpoint_file.h"
#include "storage/io/file_system.h"
#include "storage/log/aborted_index.h"
#include "storage/log/offset_index.h"
#include "storage/log/time_index.h"
#include "storage/producer/producer_snapshot.h"

#define LOG_DUMP_KIND_LIST(X)                                                                      \
    X(LOG_DUMP_SEGMENT, "segment")                                                                 \
    X(LOG_DUMP_OFFSET_INDEX, "offset index")                                                       \
    X(LOG_DUMP_TIME_INDEX, "time index")                                                           \
    X(LOG_DUMP_ABORTED_INDEX, "transaction index")                                                 \
    X(LOG_DUMP_CHECKSUMS, "block checksums")                                                       \
    X(LOG_DUMP_SNAPSHOT, "producer snapshot")                                                      \
    X(LOG_DUMP_EPOCHS, "leader epochs")                                                            \
    X(LOG_DUMP_OFFSETS, "offset checkpoint")                                                       \
    X(LOG_DUMP_UNKNOWN, "unknown")

#define LOG_DUMP_KIND_MEMBER(name, text) name,
enum log_dump_kind { LOG_DUMP_KIND_LIST(LOG_DUMP_KIND_MEMBER) LOG_DUMP_KIND_COUNT };
#undef LOG_DUMP_KIND_MEMBER

struct log_dump_checksum {
    uint32_t block;
    uint32_t checksum;
    bool is_known; /* The entry proves itself. */
};

/* One piece of a file. */
struct log_dump_piece {
    enum log_dump_kind kind;
    uint64_t position;   /* In the file; the line from 1 for text files. */
    const char *problem; /* NULL when there is none; borrowed during the call. */
    /* By kind: */
    struct record_batch_header header;
    struct bytes batch; /* The whole of it; to be read with record_iterator.h. */
    struct offset_index_entry offset_entry;
    struct time_index_entry time_entry;
    struct aborted_index_entry aborted_entry;
    struct log_dump_checksum checksum;
    struct producer_snapshot_entry producer;
    struct checkpoint_epoch epoch;
    struct checkpoint_offset offset;
};

/* Borrows the piece. False ends the walk. */
typedef bool log_dump_fn(void *context, const struct log_dump_piece *piece);

struct log_dump_summary {
    enum log_dump_kind kind;
    int64_t base_offset; /* From the file's name; -1 when it has none. */
    uint64_t pieces_count;
    uint64_t problems_count; /* Pieces with a problem, and one for a bad end. */
    uint64_t end_position;   /* How far it could be read. */
    uint64_t size;           /* Of the file. */
    uint64_t zeros_size;     /* Preallocated or written ahead behind the last piece. */
    char problem[128];       /* What is wrong with the end, "" when nothing is. */
};

/* Lower-case words; static. */
const char *log_dump_kind_text(enum log_dump_kind kind);

/* What a file is, by its name; the directory in front of it does not matter. *base_offset is -1
 * when the name has none. */
enum log_dump_kind log_dump_kind_of(const char *path, int64_t *base_offset);

/* Walks a file. With `verify` index entries are compared with the segment beside them, and the
 * segment with its block checksums, where these files are there. `visit` may be NULL.
 * STATUS_OK          whatever was found: the summary has it
 * STATUS_UNSUPPORTED a file of a kind that is not known
 * STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY, STATUS_LIMIT */
MUST_USE enum status log_dump(struct file_system *files, const char *path, bool verify,
                              log_dump_fn *visit, void *context, struct log_dump_summary *summary,
                              struct error *error);

#endif /* STORAGE_LOG_LOG_DUMP_H */
