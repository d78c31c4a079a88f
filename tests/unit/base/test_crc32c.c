#include <criterion/criterion.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/random.h"

/* The values of RFC 3720, appendix B.4. */
Test(crc32c, gives_the_values_of_the_standard)
{
    uint8_t memory[32];
    memset(memory, 0, sizeof memory);
    cr_expect_eq(crc32c(memory, sizeof memory), 0x8a9136aa);
    memset(memory, 0xff, sizeof memory);
    cr_expect_eq(crc32c(memory, sizeof memory), 0x62a8ab43);
    for (uint8_t i = 0; i < sizeof memory; i++) {
        memory[i] = i;
    }
    cr_expect_eq(crc32c(memory, sizeof memory), 0x46dd794e);
    cr_expect_eq(crc32c("123456789", 9), 0xe3069283);
    cr_expect_eq(crc32c("", 0), 0);
    cr_expect_eq(crc32c(NULL, 0), 0);
}

/* Bit by bit, as the polynomial says. */
static uint32_t slow_crc32c(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}

Test(crc32c, agrees_with_the_definition_at_every_length_and_alignment)
{
    uint8_t memory[600];
    struct random_seeded seeded;
    random_seeded_init(&seeded, 1);
    seeded.random.fill(&seeded.random, memory, sizeof memory);
    for (size_t size = 0; size < 580; size++) {
        const uint8_t *start = memory + size % 16;
        cr_assert_eq(crc32c(start, size), slow_crc32c(start, size), "%zu bytes", size);
    }
}

Test(crc32c, goes_on_over_parts_as_over_the_whole)
{
    uint8_t memory[257];
    struct random_seeded seeded;
    random_seeded_init(&seeded, 2);
    seeded.random.fill(&seeded.random, memory, sizeof memory);
    for (size_t cut = 0; cut <= sizeof memory; cut++) {
        uint32_t crc = crc32c_extend(crc32c(memory, cut), memory + cut, sizeof memory - cut);
        cr_assert_eq(crc, crc32c(memory, sizeof memory));
    }
}
