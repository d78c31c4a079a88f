/* Verifies a range of a segment on its way from the disk to a reader.
 *
 * What this process wrote it knows; what lay on the disk before may have decayed. A range of whole
 * batches is read once before it is first served: every batch must pass its CRC and follow the one
 * before, and every complete block whose checksum is known must match it, because the CRC leaves
 * the first 21 bytes of a batch uncovered; where it is not known, their fields must be what they
 * have to be. Reading also brings the range into the page cache.
 *
 * For a worker: may block, and touches nothing but the files. */
#ifndef STORAGE_LOG_RANGE_CHECK_H
#define STORAGE_LOG_RANGE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/io/file_system.h"

struct range_check {
    /* Given: */
    struct file_system *files;
    const char *directory; /* Of the partition. */
    int64_t base_offset;   /* Of the segment. */
    uint64_t segment_size;
    uint64_t position; /* Of the first batch. */
    uint64_t size;     /* Whole batches. */
    int64_t first_offset;
    int64_t next_offset;      /* Behind the last batch; -1: not known. */
    int32_t leader_epoch_min; /* Of the first batch, as the epoch checkpoint has it; -1: unknown. */
    int32_t leader_epoch_max; /* Of the last; INT32_MAX: unknown. */
    bool may_have_gaps;       /* Compaction leaves some. */

    /* Found, with STATUS_CORRUPT: where the damage begins; batches before it are whole. */
    int64_t corrupt_offset;
};

/* STATUS_OK, STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status range_check(struct range_check *check, struct error *error);

#endif /* STORAGE_LOG_RANGE_CHECK_H */
