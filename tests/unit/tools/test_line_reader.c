#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/base/allocations.h"
#include "tools/rollway/line_reader.h"

static struct line_reader reader;
static struct error error;
static int ends[2];

static void setup(void)
{
    cr_assert_eq(pipe(ends), 0);
    line_reader_init(&reader, ends[0]);
}

static void teardown(void)
{
    line_reader_clear(&reader);
    close(ends[0]);
}

TestSuite(line_reader, .init = setup, .fini = teardown);

static void put(const char *text)
{
    cr_assert_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
}

static void fill(void)
{
    cr_assert_eq(line_reader_fill(&reader, &error), STATUS_OK, "%s", error.text);
}

static void expect_line(const char *expected)
{
    struct text line;
    cr_assert(line_reader_next(&reader, &line));
    cr_assert(text_equal(line, text_of(expected)), "'%.*s'", TEXT_ARGUMENTS(line));
}

static void expect_none(void)
{
    struct text line;
    cr_assert(!line_reader_next(&reader, &line));
}

Test(line_reader, lines_come_as_they_are_complete)
{
    expect_none();
    put("one\ntw");
    fill();
    expect_line("one");
    expect_none();
    put("o\n\nlast");
    fill();
    expect_line("two");
    expect_line("");
    expect_none();
    close(ends[1]);
    fill();
    cr_assert(reader.is_at_end);
    expect_line("last");
    expect_none();
    cr_assert_eq(reader.lines_count, 4);
}

Test(line_reader, an_end_behind_a_line_feed_is_no_line)
{
    put("one\n");
    close(ends[1]);
    fill();
    fill();
    expect_line("one");
    expect_none();
}

Test(line_reader, an_empty_input_has_no_lines)
{
    close(ends[1]);
    fill();
    cr_assert(reader.is_at_end);
    expect_none();
}

Test(line_reader, a_line_may_be_longer_than_the_memory)
{
    enum { SIZE = 300000, PIECE = 30000 };
    static char piece[PIECE + 1];
    struct text line;
    memset(piece, 'x', PIECE);
    for (int i = 0; i < SIZE / PIECE; i++) {
        put(piece);
        fill();
        expect_none();
    }
    put("\nnext\n");
    fill();
    cr_assert(line_reader_next(&reader, &line));
    cr_assert_eq(line.size, SIZE);
    expect_line("next");
    close(ends[1]);
}

Test(line_reader, an_input_that_cannot_be_read_is_told)
{
    close(ends[1]);
    reader.descriptor = -1;
    cr_assert_eq(line_reader_fill(&reader, &error), STATUS_IO);
    cr_assert_str_eq(error.text, "read input: Bad file descriptor");
}

Test(line_reader, memory_that_runs_out_is_told)
{
    put("one\n");
    allocations_refuse_after(0);
    enum status status = line_reader_fill(&reader, &error);
    allocations_allow();
    cr_assert_eq(status, STATUS_NO_MEMORY);
    fill();
    expect_line("one");
    close(ends[1]);
}

Test(line_reader, lines_that_are_read_cost_no_allocation)
{
    struct text line;
    put("first\n");
    fill();
    cr_assert(line_reader_next(&reader, &line));
    size_t before = allocations_count();
    for (int i = 0; i < 1000; i++) {
        put("a line of some length\n");
        fill();
        cr_assert(line_reader_next(&reader, &line));
    }
    cr_assert_eq(allocations_count(), before);
    close(ends[1]);
}
