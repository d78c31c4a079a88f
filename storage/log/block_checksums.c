#include "storage/log/block_checksums.h"

#include "base/assert.h"
#include "base/crc32c.h"

#define PROOF_AT 4

static uint32_t proof(int64_t base_offset, uint32_t number, uint32_t checksum)
{
    uint8_t bytes[16];
    store_i64(bytes, base_offset);
    store_u32(bytes + 8, number);
    store_u32(bytes + 12, checksum);
    return crc32c(bytes, sizeof bytes);
}

void block_checksums_init(struct block_checksums *checksums, int64_t base_offset)
{
    *checksums = (struct block_checksums){.base_offset = base_offset};
    index_entries_init(&checksums->entries, CHECKSUM_ENTRY_SIZE);
}

void block_checksums_clear(struct block_checksums *checksums)
{
    index_entries_clear(&checksums->entries);
    block_checksums_init(checksums, checksums->base_offset);
}

void block_checksums_resume(struct block_checksums *checksums, uint32_t blocks_count,
                            struct bytes head)
{
    ASSERT(head.size < CHECKSUM_BLOCK_SIZE);
    index_entries_clear(&checksums->entries);
    checksums->entries.count = blocks_count;
    index_entries_mark_saved(&checksums->entries, true);
    checksums->incomplete = false;
    checksums->running = 0;
    checksums->running_size = 0;
    block_checksums_extend(checksums, head);
}

static void add_entry(struct block_checksums *checksums)
{
    uint32_t number = checksums->entries.count;
    uint8_t *entry = checksums->incomplete ? NULL : index_entries_add(&checksums->entries);
    if (entry == NULL) {
        /* An entry at another block's place would prove nothing: rather none from here on. */
        checksums->incomplete = true;
        return;
    }
    store_u32(entry, checksums->running);
    store_u32(entry + PROOF_AT, proof(checksums->base_offset, number, checksums->running));
}

void block_checksums_extend(struct block_checksums *checksums, struct bytes bytes)
{
    while (bytes.size > 0) {
        size_t room = CHECKSUM_BLOCK_SIZE - checksums->running_size;
        size_t size = bytes.size < room ? bytes.size : room;
        checksums->running = checksums->running_size == 0
                                 ? crc32c(bytes.data, size)
                                 : crc32c_extend(checksums->running, bytes.data, size);
        checksums->running_size += (uint32_t)size;
        bytes = (struct bytes){bytes.data + size, bytes.size - size};
        if (checksums->running_size == CHECKSUM_BLOCK_SIZE) {
            add_entry(checksums);
            checksums->running_size = 0;
        }
    }
}

uint64_t block_checksums_position(const struct block_checksums *checksums)
{
    ASSERT(!checksums->incomplete);
    return (uint64_t)checksums->entries.count * CHECKSUM_BLOCK_SIZE + checksums->running_size;
}

bool block_checksum_is_known(int64_t base_offset, uint32_t number, const uint8_t *entry)
{
    return load_u32(entry + PROOF_AT) == proof(base_offset, number, load_u32(entry));
}

enum checksum_verdict block_checksum_judge(int64_t base_offset, uint32_t number,
                                           const uint8_t *entry, const uint8_t *block)
{
    uint32_t checksum = load_u32(entry);
    if (!block_checksum_is_known(base_offset, number, entry)) {
        return CHECKSUM_UNKNOWN;
    }
    return crc32c(block, CHECKSUM_BLOCK_SIZE) == checksum ? CHECKSUM_MATCHES : CHECKSUM_DIFFERS;
}
