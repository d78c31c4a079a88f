/* The bytes of one segment: a tail in memory, in front of a file.
 *
 *      0                     cached_start          durable_end        end
 *      |-- only on disk ------|-- on disk and in buffers --|-- only in buffers --|
 *
 * Bytes are appended by copying them once into counted, aligned buffers; from there they go to the
 * disk and to consumers without another copy. Buffers behind durable_end stay as a read cache until
 * segment_cache.h evicts them.
 *
 * Two write engines, the same contract:
 *
 *   direct    4 KiB-aligned durable writes past the page cache (DISK_WRITE_DURABLE) into blocks
 *             written ahead with zeros, so that no journal transaction is needed per append. The
 *             tail block is written again with more in it; a copy of it is written, so that
 *             appending goes on meanwhile, and what was durable in it does not change.
 *   buffered  plain writes into the page cache when the flush starts, into reserved space, then
 *             DISK_SYNC when the flush asks for durability.
 *
 * The logical end is the log's, not the file's: past it are zeros (direct) or nothing. sealing
 * cuts the file to the logical end, so that Kafka's tools see nothing unusual.
 *
 * Owned by one shard's thread. */
#ifndef STORAGE_IO_SEGMENT_FILE_H
#define STORAGE_IO_SEGMENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "storage/io/disk_queue.h"
#include "storage/io/file_system.h"

struct open_files;    /* storage/io/open_files.h: how many descriptors stay open. */
struct segment_cache; /* storage/io/segment_cache.h: which buffers stay, by log.read.cache.bytes. */
struct segment_file;

enum write_engine { WRITE_ENGINE_DIRECT, WRITE_ENGINE_BUFFERED };

/* What a shard's segment files share. Outlives them. */
struct segment_file_context {
    struct file_system *files;
    struct disk_queue *queue;
    struct buffer_pool *buffers;
    struct segment_cache *cache;
    struct open_files *open_files;    /* NULL: every file keeps its descriptors. */
    enum write_engine engine_default; /* What the log asks for with flush.messages=1. */
};

/* Opens or creates the file. Bytes before `end` are the segment's and durable; what the file has
 * behind it is cut off, durably, so that it can never come back. `end` is what recovery or the
 * checkpoint says. Direct is only taken where the file system allows it. A new file's name is made
 * durable by the caller, with sync_directory(), before anything in it is acknowledged. May block.
 * With `writable` false the file must not be appended to; it is opened when first read.
 * On STATUS_OK the caller owns *file: segment_file_close().
 * STATUS_CORRUPT  the file is shorter than `end` */
MUST_USE enum status segment_file_open(struct segment_file_context *context, const char *path,
                                       uint64_t end, bool writable, enum write_engine engine,
                                       struct segment_file **file, struct error *error);

/* Gives everything back. No flush may be under way. Bytes that were never flushed are lost unless
 * the engine is buffered and they were handed to the page cache. NULL is allowed. */
void segment_file_close(struct segment_file *file);

/* The engine that was taken. */
enum write_engine segment_file_engine(const struct segment_file *file);

/* Where the next byte goes. */
uint64_t segment_file_end(const struct segment_file *file);

/* Everything before it survives a power cut. */
uint64_t segment_file_durable_end(const struct segment_file *file);

/* Everything before it survives the process: on disk or in the page cache. */
uint64_t segment_file_written_end(const struct segment_file *file);

/* Copies all of `bytes` behind the end, or nothing.
 *
 * STATUS_NO_MEMORY  no buffer is free: the caller holds back or refuses; a flush frees some
 * STATUS_IO         an earlier write failed: the file takes no more (see segment_file_failed) */
MUST_USE enum status segment_file_append(struct segment_file *file, struct bytes bytes,
                                         struct error *error);

/* As segment_file_append(), of `first` and `second` one behind the other: both or neither. A batch
 * whose header was assigned apart from its records is appended so. */
MUST_USE enum status segment_file_append_pair(struct segment_file *file, struct bytes first,
                                              struct bytes second, struct error *error);

typedef void segment_flushed_fn(void *context, enum status status, const struct error *error);

/* Starts to bring everything appended so far to the disk: durable when `durable`, else only out of
 * the process. Submits to the queue, does not kick. `flushed` is called once, on this thread, from
 * the queue's reap(), never before this returns: with STATUS_OK when everything appended before
 * this call has reached that state; STATUS_NO_SPACE when it did not fit (what was durable still
 * is; the appended bytes stay in memory and a later flush tries again); STATUS_IO is final.
 * Only one flush may be under way per file. */
void segment_file_flush(struct segment_file *file, bool durable, segment_flushed_fn *flushed,
                        void *context);

/* A write or sync failed for good; durable_end will not move any more. */
bool segment_file_failed(const struct segment_file *file);

/* Adds slices that cover [position, position + size), which lies before the end. Memory where the
 * bytes are in buffers, else ranges of the file, which lie before written_end. Each slice holds a
 * reference. The list has room for SEGMENT_SLICES_MAX more. When the file cannot be opened nothing
 * is added. */
MUST_USE enum status segment_file_slices(struct segment_file *file, uint64_t position, size_t size,
                                         struct slices *slices, struct error *error);

/* An upper bound of the slices for `size` bytes: one per small buffer and one file range. */
#define SEGMENT_SLICES_MAX(size) ((size) / BUFFER_SIZE_SMALL + 3)

/* Copies bytes out: from buffers, else from the file. With `may_block` false it answers
 * STATUS_AGAIN when the disk would have to be waited for. */
MUST_USE enum status segment_file_read(struct segment_file *file, uint64_t position, void *memory,
                                       size_t size, bool may_block, struct error *error);

/* True when segment_file_slices() for the range could be sent without waiting for the disk. */
bool segment_file_is_resident(struct segment_file *file, uint64_t position, size_t size);

/* Fills in `operation` as a DISK_PREFETCH of the range and submits it. The caller sets done and
 * context before; keeps the operation until done. */
void segment_file_prefetch(struct segment_file *file, uint64_t position, size_t size,
                           struct disk_operation *operation);

/* Forgets everything from `position` on, in memory and on disk, durably. No flush under way. May
 * block. */
MUST_USE enum status segment_file_truncate(struct segment_file *file, uint64_t position,
                                           struct error *error);

/* Cuts the file to its logical end, durably, after everything was flushed: no more appends. May
 * block. */
MUST_USE enum status segment_file_seal(struct segment_file *file, struct error *error);

/* Follows a rename of the file, for ".deleted". */
MUST_USE enum status segment_file_rename(struct segment_file *file, const char *path,
                                         struct error *error);

#endif /* STORAGE_IO_SEGMENT_FILE_H */
