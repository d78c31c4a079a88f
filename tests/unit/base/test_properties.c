#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/properties.h"
#include "tests/support/base/allocations.h"

static struct arena arena;
static struct error error;

static void setup(void)
{
    arena_init(&arena, 8 * 1024 * 1024);
}

static void teardown(void)
{
    allocations_allow();
    arena_clear(&arena);
}

TestSuite(properties, .init = setup, .fini = teardown);

static enum status parse(const char *file, struct properties *properties)
{
    return properties_parse((struct bytes){(const uint8_t *)file, strlen(file)}, &arena, properties,
                            &error);
}

/* One line per property: "line:key=value". */
static void expect_parsed(const char *file, const char *expected)
{
    struct properties properties;
    char seen[512];
    size_t size = 0;
    error.text[0] = '\0';
    cr_assert_eq(parse(file, &properties), STATUS_OK, "%s", error.text);
    seen[0] = '\0';
    for (size_t i = 0; i < properties.count; i++) {
        const struct property *item = &properties.items[i];
        size += (size_t)snprintf(seen + size, sizeof seen - size, "%u:%.*s=%.*s\n", item->line,
                                 TEXT_ARGUMENTS(item->key), TEXT_ARGUMENTS(item->value));
    }
    cr_expect_str_eq(seen, expected);
}

static void expect_refused(const char *file, const char *sentence)
{
    struct properties properties = {.count = 99};
    cr_assert_eq(parse(file, &properties), STATUS_INVALID);
    cr_expect_str_eq(error.text, sentence);
    cr_expect_eq(properties.count, 99);
}

Test(properties, an_empty_file_has_none)
{
    expect_parsed("", "");
    expect_parsed("\n\r\n  \n\t\f", "");
}

Test(properties, comments_and_blank_lines_are_left_out)
{
    expect_parsed("# one\n! two\n   # three \\\na=1\n\n#b=2", "4:a=1\n");
}

Test(properties, key_and_value_are_parted_by_equals_colon_or_blank)
{
    expect_parsed("a=1\nb:2\nc 3\nd = 4\ne\t:\t5\nf = = 6\ng==7\n",
                  "1:a=1\n2:b=2\n3:c=3\n4:d=4\n5:e=5\n6:f== 6\n7:g==7\n");
}

Test(properties, a_key_may_stand_alone)
{
    expect_parsed("a\nb=\nc", "1:a=\n2:b=\n3:c=\n");
}

Test(properties, trailing_blanks_belong_to_the_value_and_leading_ones_do_not)
{
    expect_parsed("a=  1  \n  b=2", "1:a=1  \n2:b=2\n");
}

Test(properties, every_line_end_counts_once)
{
    expect_parsed("a=1\r\nb=2\rc=3\nd=4", "1:a=1\n2:b=2\n3:c=3\n4:d=4\n");
}

Test(properties, a_backslash_goes_on_with_the_next_line)
{
    expect_parsed("a=1,\\\n    2,\\\r\n\t3\nb=4", "1:a=1,2,3\n4:b=4\n");
    expect_parsed("lo\\\n  ng=1", "1:long=1\n");
    expect_parsed("a\\\n = 1\nb = \\\n 2\n", "1:a=1\n3:b=2\n");
    expect_parsed("a=1\\", "1:a=1\n");
    expect_parsed("\\\n\na=1", "3:a=1\n");
    expect_parsed("a=1\\\n#2\n", "1:a=1#2\n");
}

Test(properties, escapes_stand_for_characters)
{
    expect_parsed("a=\\t\\n\\r\\f\\\\\\x", "1:a=\t\n\r\f\\x\n");
    expect_parsed("a\\=b\\:c\\ d=1", "1:a=b:c d=1\n");
    expect_parsed("a=\\u0041\\u00e4\\u20AC\\ud83d\\ude00", "1:a=A\xc3\xa4\xe2\x82\xac"
                                                           "\xf0\x9f\x98\x80\n");
}

Test(properties, a_repeated_key_is_listed_again)
{
    expect_parsed("a=1\na=2\n", "1:a=1\n2:a=2\n");
}

Test(properties, what_makes_no_sense_is_refused_by_its_line)
{
    expect_refused("a=1\nb=\\u00g0", "line 2: \\u wants four hexadecimal digits");
    expect_refused("a=\\u12", "line 1: \\u wants four hexadecimal digits");
    expect_refused("\n\n=1", "line 3: a value without a key");
    expect_refused(":1", "line 1: a value without a key");
    expect_refused("a=\\u0000", "line 1: \\u0000 is no character");
    expect_refused("a=\\ud83d", "line 1: \\ud83d is no character");
    expect_refused("a=\\ud83d\\u0041", "line 1: \\ud83d is no character");
    expect_refused("a=\\ud83d\\u00", "line 1: \\u wants four hexadecimal digits");
    struct properties properties;
    struct bytes zero = {(const uint8_t *)"a=1\nb=\0", 7};
    cr_expect_eq(properties_parse(zero, &arena, &properties, &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "line 2: a zero byte");
}

/* No separator: as much key as file, and the texts must still fit what was set aside. */
Test(properties, many_short_keys_fit)
{
    char file[2 * 3000 + 1];
    for (unsigned i = 0; i < 3000; i++) {
        file[2 * i] = (char)('a' + i % 26);
        file[2 * i + 1] = '\n';
    }
    file[sizeof file - 1] = '\0';
    struct properties properties;
    cr_assert_eq(parse(file, &properties), STATUS_OK);
    cr_assert_eq(properties.count, 3000);
    for (unsigned i = 0; i < 3000; i++) {
        cr_assert_eq(properties.items[i].key.size, 1);
        cr_assert_eq(properties.items[i].key.data[0], (char)('a' + i % 26));
    }
}

Test(properties, a_file_past_the_limits_is_refused)
{
    struct properties properties;
    uint8_t *large = calloc(1, PROPERTIES_SIZE_MAX + 1);
    cr_assert_not_null(large);
    cr_expect_eq(properties_parse((struct bytes){large, PROPERTIES_SIZE_MAX + 1}, &arena,
                                  &properties, &error),
                 STATUS_LIMIT);
    cr_expect_str_eq(error.text, "1048577 bytes, allowed are 1048576");
    for (unsigned i = 0; i <= PROPERTIES_COUNT_MAX; i++) {
        large[2 * i] = 'a';
        large[2 * i + 1] = '\n';
    }
    cr_expect_eq(properties_parse((struct bytes){large, 2 * (PROPERTIES_COUNT_MAX + 1)}, &arena,
                                  &properties, &error),
                 STATUS_LIMIT);
    cr_expect_str_eq(error.text, "line 4097: more than 4096 properties");
    cr_expect_eq(properties_parse((struct bytes){large, 2 * PROPERTIES_COUNT_MAX}, &arena,
                                  &properties, &error),
                 STATUS_OK);
    free(large);
}

Test(properties, an_arena_that_is_full_says_so)
{
    struct properties properties;
    struct arena small;
    arena_init(&small, 16);
    struct bytes file = {(const uint8_t *)"key=value", 9};
    cr_expect_eq(properties_parse(file, &small, &properties, &error), STATUS_NO_MEMORY);
    cr_expect_str_eq(error.text, "no memory for 9 bytes");
    arena_clear(&small);
    arena_init(&small, 512);
    cr_expect_eq(properties_parse(file, &small, &properties, &error), STATUS_NO_MEMORY);
    cr_expect_str_eq(error.text, "no memory for 64 properties");
    arena_clear(&small);
}
