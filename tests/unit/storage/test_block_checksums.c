#include "storage/log/block_checksums.h"

#include <criterion/criterion.h>
#include <string.h>

static struct block_checksums checksums;
static uint8_t content[5 * CHECKSUM_BLOCK_SIZE];

static void setup(void)
{
    block_checksums_init(&checksums, 1234);
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 31 + i / 255);
    }
}

static void teardown(void)
{
    block_checksums_clear(&checksums);
}

TestSuite(block_checksums, .init = setup, .fini = teardown);

static enum checksum_verdict judge(uint32_t number)
{
    return block_checksum_judge(1234, number, index_entries_at(&checksums.entries, number),
                                content + (size_t)number * CHECKSUM_BLOCK_SIZE);
}

static void extend(size_t from, size_t to)
{
    block_checksums_extend(&checksums, (struct bytes){content + from, to - from});
}

Test(block_checksums, complete_blocks_have_an_entry_however_the_bytes_come)
{
    extend(0, 1);
    extend(1, 4095);
    cr_expect_eq(checksums.entries.count, 0);
    extend(4095, 3 * 4096 + 17);
    cr_expect_eq(checksums.entries.count, 3);
    cr_expect_eq(block_checksums_position(&checksums), 3 * 4096 + 17);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(judge(i), CHECKSUM_MATCHES);
    }
}

Test(block_checksums, one_bit_makes_a_block_differ)
{
    extend(0, 2 * 4096);
    content[5000] ^= 4;
    cr_expect_eq(judge(0), CHECKSUM_MATCHES);
    cr_expect_eq(judge(1), CHECKSUM_DIFFERS);
}

Test(block_checksums, an_entry_that_does_not_prove_itself_says_nothing)
{
    static const uint8_t zeros[CHECKSUM_ENTRY_SIZE];
    extend(0, 2 * 4096);
    cr_expect_eq(block_checksum_judge(1234, 0, zeros, content), CHECKSUM_UNKNOWN);
    const uint8_t *entry = index_entries_at(&checksums.entries, 0);
    cr_expect_eq(block_checksum_judge(1234, 1, entry, content), CHECKSUM_UNKNOWN, "another place");
    cr_expect_eq(block_checksum_judge(99, 0, entry, content), CHECKSUM_UNKNOWN, "another segment");
}

Test(block_checksums, resuming_in_the_middle_of_a_block_gives_the_same_entries)
{
    struct block_checksums other;
    block_checksums_init(&other, 1234);
    block_checksums_resume(&other, 1, (struct bytes){content + 4096, 100});
    block_checksums_extend(&other, (struct bytes){content + 4196, 2 * 4096});
    extend(0, 4196 + 2 * 4096);
    cr_expect_eq(other.entries.count, 3);
    cr_expect_eq(index_entries_unsaved(&other.entries).size, 2 * CHECKSUM_ENTRY_SIZE);
    for (uint32_t i = 1; i < 3; i++) {
        cr_expect_eq(memcmp(index_entries_at(&other.entries, i),
                            index_entries_at(&checksums.entries, i), CHECKSUM_ENTRY_SIZE),
                     0);
    }
    block_checksums_clear(&other);
}

Test(block_checksums, saved_entries_leave_memory)
{
    extend(0, 2 * 4096);
    index_entries_mark_saved(&checksums.entries, true);
    extend(2 * 4096, 4 * 4096);
    cr_expect_eq(checksums.entries.count, 4);
    cr_expect_eq(index_entries_unsaved(&checksums.entries).size, 2 * CHECKSUM_ENTRY_SIZE);
    cr_expect_eq(judge(3), CHECKSUM_MATCHES);
}
