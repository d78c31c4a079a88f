/* Reads all batches of a segment file from its path, forward, in large pieces: for recovery,
 * rebuilding of indexes and producer state, verification and tools. May block; touches nothing but
 * the file. */
#ifndef STORAGE_LOG_SEGMENT_SCAN_H
#define STORAGE_LOG_SEGMENT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/record/record_batch.h"
#include "storage/io/file_system.h"

/* Called for each whole batch, which is borrowed during the call. Anything but STATUS_OK ends the
 * scan with that status. */
typedef enum status segment_scan_fn(void *context, const struct record_batch_header *header,
                                    struct bytes batch, uint64_t position, struct error *error);

struct segment_scan {
    /* Given: */
    struct file_system *files;
    const char *path;
    uint64_t position;       /* Of the first batch. */
    uint64_t size;           /* Where the file's content ends. */
    int64_t next_offset;     /* No batch may begin before it. */
    int64_t verify_from;     /* Checksums are verified of batches that end at or above it. */
    int64_t contiguous_from; /* Batches that end at or above it have no gaps before them. */
    segment_scan_fn *visit;
    void *context;

    /* Found: position and next_offset are behind the last whole batch. */
    bool has_begun;     /* A whole batch was found. */
    bool ends_in_zeros; /* Behind it are only zeros, to the next block at least. */
};

/* STATUS_OK       up to `size`, or up to zeros
 * STATUS_CORRUPT  what follows is no whole batch; the error says why
 * STATUS_IO, STATUS_NO_MEMORY, and what `visit` answers */
MUST_USE enum status segment_scan(struct segment_scan *scan, struct error *error);

#endif /* STORAGE_LOG_SEGMENT_SCAN_H */
