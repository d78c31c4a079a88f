#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "storage/io/checkpoint_file.h"
#include "tests/support/storage/simulated_disk.h"

#define ARENA_SIZE_MAX ((size_t)1 << 20)

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void expect_offsets_corrupt(const char *content, const char *expected)
{
    struct arena arena;
    struct checkpoint_offset *entries;
    size_t count;
    struct error error;
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status =
        checkpoint_parse_offsets(bytes_of(content), &arena, &entries, &count, &error);
    cr_expect_eq(status, STATUS_CORRUPT, "%s", content);
    cr_expect_str_eq(error.text, expected);
    arena_clear(&arena);
}

Test(checkpoint_file, offsets_are_parsed)
{
    struct arena arena;
    struct checkpoint_offset *entries;
    size_t count;
    struct error error;
    arena_init(&arena, ARENA_SIZE_MAX);
    const char *content = "0\n3\norders 0 1234\na.b_c-d 17 0\nz 2147483647 9223372036854775807\n";
    cr_assert_eq(checkpoint_parse_offsets(bytes_of(content), &arena, &entries, &count, &error),
                 STATUS_OK);
    cr_expect_eq(count, 3);
    cr_expect(text_equal(entries[0].topic, TEXT_LITERAL("orders")));
    cr_expect_eq(entries[0].partition, 0);
    cr_expect_eq(entries[0].offset, 1234);
    cr_expect(text_equal(entries[1].topic, TEXT_LITERAL("a.b_c-d")));
    cr_expect_eq(entries[2].partition, INT32_MAX);
    cr_expect_eq(entries[2].offset, INT64_MAX);
    cr_expect_eq(checkpoint_parse_offsets(bytes_of("0\n0\n"), &arena, &entries, &count, &error),
                 STATUS_OK);
    cr_expect_eq(count, 0);
    cr_expect_eq(
        checkpoint_parse_offsets(bytes_of("0\n1\na 1 2"), &arena, &entries, &count, &error),
        STATUS_OK, "the last line feed may be missing");
    arena_clear(&arena);
}

Test(checkpoint_file, damage_is_told_with_its_line)
{
    static const struct {
        const char *content;
        const char *expected;
    } cases[] = {
        {"", "checkpoint: no version in line 1"},
        {"x\n0\n", "checkpoint: no version in line 1"},
        {"1\n0\n", "checkpoint: version 1, known is 0"},
        {"0\n", "checkpoint: no count in line 2"},
        {"0\n-1\n", "checkpoint: no count in line 2"},
        {"0\n99999999999\n", "checkpoint: no count in line 2"},
        {"0\n2000000000\na 0 0\n", "checkpoint: 2000000000 entries do not fit into 6 bytes"},
        {"0\n1\na 0\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\na 0 0 0\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\na  0 0\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\na -1 0\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\na 0 -1\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\na 2147483648 0\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\n 0 0000\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n2\na 0 1\n", "checkpoint: 2 entries do not fit into 6 bytes"},
        {"0\n2\nabcdef 0 1\n", "checkpoint: line 3 is not <topic> <partition> <offset>"},
        {"0\n1\na 0 1\nb 0 1\n", "checkpoint: line 4 follows 1 entries"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_offsets_corrupt(cases[i].content, cases[i].expected);
    }
}

Test(checkpoint_file, a_topic_longer_than_kafka_allows_is_damage)
{
    char content[400];
    memset(content, 'a', sizeof content);
    memcpy(content, "0\n1\n", 4);
    memcpy(content + 4 + 250, " 0 0\n", 6);
    expect_offsets_corrupt(content, "checkpoint: line 3 is not <topic> <partition> <offset>");
}

Test(checkpoint_file, epochs_must_ascend)
{
    static const char *const damaged[] = {"0\n2\n1 5\n1 6\n", "0\n2\n2 5\n1 6\n",
                                          "0\n2\n1 5\n2 4\n", "0\n1\n-1 5\n",
                                          "0\n1\n1\n   ",     "0\n1\n1 2 3\n"};
    struct arena arena;
    struct checkpoint_epoch *entries;
    size_t count;
    struct error error;
    arena_init(&arena, ARENA_SIZE_MAX);
    cr_assert_eq(
        checkpoint_parse_epochs(bytes_of("0\n2\n1 5\n3 5\n"), &arena, &entries, &count, &error),
        STATUS_OK);
    cr_expect_eq(count, 2);
    cr_expect_eq(entries[1].epoch, 3);
    cr_expect_eq(entries[1].start_offset, 5);
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        cr_expect_eq(
            checkpoint_parse_epochs(bytes_of(damaged[i]), &arena, &entries, &count, &error),
            STATUS_CORRUPT, "%s", damaged[i]);
    }
    arena_clear(&arena);
}

Test(checkpoint_file, no_memory_is_told)
{
    struct arena arena;
    struct checkpoint_offset *offsets;
    struct checkpoint_epoch *epochs;
    size_t count;
    struct error error;
    arena_init(&arena, 0);
    cr_expect_eq(
        checkpoint_parse_offsets(bytes_of("0\n1\na 0 1\n"), &arena, &offsets, &count, &error),
        STATUS_NO_MEMORY);
    cr_expect_eq(checkpoint_parse_epochs(bytes_of("0\n1\n1 1\n"), &arena, &epochs, &count, &error),
                 STATUS_NO_MEMORY);
    arena_clear(&arena);
}

/* A mutated file is refused or parsed, and nothing outside it is read (the sanitizer looks). */
Test(checkpoint_file, any_bytes_are_survived)
{
    struct random_seeded random;
    random_seeded_init(&random, 5);
    for (unsigned i = 0; i < 5000; i++) {
        const char *valid = "0\n3\norders 0 1234\nb 17 0\nz 1 9\n";
        size_t size = (size_t)random_below(&random.random, strlen(valid) + 1);
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, valid, size);
        if (size > 0) {
            copy[random_below(&random.random, size)] = (uint8_t)random_below(&random.random, 256);
        }
        struct arena arena;
        struct checkpoint_offset *offsets;
        struct checkpoint_epoch *epochs;
        size_t count;
        struct error error;
        arena_init(&arena, ARENA_SIZE_MAX);
        uint8_t *exact = realloc(copy, size > 0 ? size : 1);
        struct bytes content = {exact, size};
        status_ignore(checkpoint_parse_offsets(content, &arena, &offsets, &count, &error));
        status_ignore(checkpoint_parse_epochs(content, &arena, &epochs, &count, &error));
        arena_clear(&arena);
        free(exact);
    }
}

static const struct checkpoint_offset written[] = {
    {{"orders", 6}, 3, 77},
    {{"a", 1}, 0, INT64_MAX},
};

Test(checkpoint_file, what_was_written_is_read)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file_system *files = simulated_disk_files(disk);
    struct arena arena;
    struct error error;
    arena_init(&arena, ARENA_SIZE_MAX);
    cr_assert_eq(checkpoint_write_offsets(files, "o", written, 2, &error), STATUS_OK);
    struct bytes content = simulated_disk_content(disk, "o");
    cr_expect(bytes_equal(content, bytes_of("0\n2\norders 3 77\na 0 9223372036854775807\n")));
    struct checkpoint_offset *offsets;
    size_t count;
    cr_assert_eq(checkpoint_read_offsets(files, "o", &arena, &offsets, &count, &error), STATUS_OK);
    cr_expect_eq(count, 2);
    cr_expect_eq(offsets[0].offset, 77);

    struct checkpoint_epoch epoch = {INT32_MAX, INT64_MAX};
    struct checkpoint_epoch *epochs;
    cr_assert_eq(checkpoint_write_epochs(files, "e", &epoch, 1, &error), STATUS_OK);
    cr_assert_eq(checkpoint_read_epochs(files, "e", &arena, &epochs, &count, &error), STATUS_OK);
    cr_expect_eq(epochs[0].epoch, INT32_MAX);
    cr_expect_eq(epochs[0].start_offset, INT64_MAX);

    cr_expect_eq(checkpoint_read_epochs(files, "o", &arena, &epochs, &count, &error),
                 STATUS_CORRUPT);
    cr_expect_str_eq(error.text, "read o: checkpoint: line 3 is not <epoch> <start offset>");
    cr_expect_eq(checkpoint_read_offsets(files, "none", &arena, &offsets, &count, &error),
                 STATUS_NOT_FOUND);
    arena_clear(&arena);
    simulated_disk_destroy(disk);
}

Test(checkpoint_file, after_a_power_cut_the_old_or_the_new_one_is_there)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct simulated_disk *disk = simulated_disk_create(seed);
        struct file_system *files = simulated_disk_files(disk);
        struct error error;
        cr_assert_eq(checkpoint_write_offsets(files, "o", written, 1, &error), STATUS_OK);
        simulated_disk_fail_call(disk, seed % 6 + 1, STATUS_IO);
        cr_expect_eq(checkpoint_write_offsets(files, "o", written, 2, &error), STATUS_IO);
        simulated_disk_crash(disk, seed);

        struct arena arena;
        struct checkpoint_offset *offsets;
        size_t count = 0;
        arena_init(&arena, ARENA_SIZE_MAX);
        cr_expect_eq(checkpoint_read_offsets(files, "o", &arena, &offsets, &count, &error),
                     STATUS_OK, "seed %llu", (unsigned long long)seed);
        cr_expect(count == 1 || count == 2);
        arena_clear(&arena);
        simulated_disk_destroy(disk);
    }
}
