/* Checksums of a segment's complete 4 KiB blocks, in <base offset>.checksums: Kafka's batch CRC
 * leaves the first 21 bytes of a batch uncovered.
 *
 * On disk (all integers big-endian), entry n at 8 * n:
 *
 *     0  u32  CRC-32C of bytes [4096 n, 4096 (n + 1)) of the segment
 *     4  u32  CRC-32C of: i64 base offset, u32 n, u32 the checksum above
 *
 * The second field makes an entry prove itself: one that was never written, or torn, is unknown
 * and says nothing about the block, so that the file may be written late and without order. Where
 * a segment is cut, its entries are cut durably before.
 *
 * The incomplete last block has no entry; a running checksum in memory stands for it. */
#ifndef STORAGE_LOG_BLOCK_CHECKSUMS_H
#define STORAGE_LOG_BLOCK_CHECKSUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/log/index_entries.h"

#define CHECKSUM_BLOCK_SIZE 4096u
#define CHECKSUM_ENTRY_SIZE 8

struct block_checksums {
    struct index_entries entries;
    int64_t base_offset;
    uint32_t running;      /* CRC of the bytes of the last, incomplete block. */
    uint32_t running_size; /* Bytes in it, < CHECKSUM_BLOCK_SIZE. */
    bool incomplete;       /* Memory ran out once: no entries are added any more. */
};

enum checksum_verdict { CHECKSUM_MATCHES, CHECKSUM_UNKNOWN, CHECKSUM_DIFFERS };

/* No blocks. */
void block_checksums_init(struct block_checksums *checksums, int64_t base_offset);

/* Releases the memory. */
void block_checksums_clear(struct block_checksums *checksums);

/* Starts in the middle of a segment: the entries of the blocks before are in the file, or are not,
 * and the incomplete block begins with `head`, which is shorter than a block. */
void block_checksums_resume(struct block_checksums *checksums, uint32_t blocks_count,
                            struct bytes head);

/* Goes on with bytes that are appended to the segment. */
void block_checksums_extend(struct block_checksums *checksums, struct bytes bytes);

/* Bytes of the segment that were passed through. */
uint64_t block_checksums_position(const struct block_checksums *checksums);

/* An entry of the file proves itself: it was written for this block. */
bool block_checksum_is_known(int64_t base_offset, uint32_t number, const uint8_t *entry);

/* What an entry of the file (CHECKSUM_ENTRY_SIZE bytes) says about the content of block `number`,
 * which is CHECKSUM_BLOCK_SIZE bytes. */
enum checksum_verdict block_checksum_judge(int64_t base_offset, uint32_t number,
                                           const uint8_t *entry, const uint8_t *block);

#endif /* STORAGE_LOG_BLOCK_CHECKSUMS_H */
