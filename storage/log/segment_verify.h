/* Checks a segment's file against everything that is said about it: the batches' framing and
 * checksums, their records, the entries of the indexes beside it, the checksums of its blocks. For
 * tools; reads only, takes no lock, and may block for long.
 *
 *     .log         every batch whole, CRC right, offsets ascending; records as many as the header
 *                  says, ending where the batch ends
 *     .index       entry: last offset and position of a batch
 *     .timeindex   entry: the largest timestamp up to a batch, in a batch that has it
 *     .txnindex    ascending, within the segment
 *     .checksums   every complete block whose entry is known
 *
 * A missing index file says nothing. Behind the batches there may be zeros. */
#ifndef STORAGE_LOG_SEGMENT_VERIFY_H
#define STORAGE_LOG_SEGMENT_VERIFY_H

#include <stdint.h>

#include "proto/record/record_iterator.h"
#include "storage/io/file_system.h"

/* Called for each thing that is wrong; borrows both texts. */
typedef void segment_finding_fn(void *context, const char *path, const char *sentence);

struct segment_verification {
    /* Given: */
    struct file_system *files;
    const char *path; /* <directory>/<base offset>.log */
    const struct record_decompression *decompression;
    segment_finding_fn *find;
    void *context;

    /* Found: */
    int64_t batches_count;
    int64_t records_count;
    int64_t findings_count;
    int64_t index_entries_count; /* Of the three indexes. */
    int64_t blocks_known_count;  /* Whose checksum was compared. */
    uint64_t size;               /* Bytes of whole batches. */
    int64_t next_offset;
};

/* STATUS_OK when all was looked at, whatever was found. STATUS_INVALID for a name that is not a
 * segment's; STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY, STATUS_LIMIT. */
MUST_USE enum status segment_verify(struct segment_verification *verification, struct error *error);

#endif /* STORAGE_LOG_SEGMENT_VERIFY_H */
