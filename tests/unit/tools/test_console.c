#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/tools/printed.h"
#include "tools/rollway/console.h"

static struct printed out;
static struct printed err;
static struct console console;
static struct error error;

static void setup(void)
{
    printed_open(&out);
    printed_open(&err);
    console_init(&console, out.file, err.file, NULL);
}

static void teardown(void)
{
    printed_close(&out);
    printed_close(&err);
}

TestSuite(console, .init = setup, .fini = teardown);

Test(console, what_is_no_terminal_has_no_colour_and_no_progress)
{
    cr_assert(!console.is_coloured);
    console_progress(&console, "half");
    console_error(&console, "it failed");
    console_note(&console, "by the way");
    cr_assert_str_eq(printed_text(&err), "rollway: it failed\nrollway: by the way\n");
}

Test(console, a_terminal_has_colour_unless_told_not_to)
{
    console.is_coloured = true;
    console.is_err_terminal = true;
    console_progress(&console, "half");
    console_error(&console, "it failed");
    cr_assert_str_eq(printed_text(&err), "\r\033[Khalf\r\033[K\033[31mrollway: \033[0mit failed\n");
}

Test(console, a_table_has_aligned_columns)
{
    static const struct column COLUMNS[] = {
        {"name", "NAME", false}, {"count", "COUNT", true}, {"ids", "IDS", false}};
    json_t *rows = json_loads("[{\"name\":\"long-name\",\"count\":5,\"ids\":[1,2]},"
                              "{\"name\":null,\"count\":123456,\"ids\":[]},"
                              "{\"name\":true,\"count\":1,\"ids\":false}]",
                              0, NULL);
    console_table(&console, rows, COLUMNS, 3);
    cr_assert_str_eq(printed_text(&out), "NAME        COUNT  IDS\n"
                                         "long-name       5  1,2\n"
                                         "-          123456  \n"
                                         "yes             1  no\n");
    json_decref(rows);
}

Test(console, an_empty_table_is_its_heading)
{
    static const struct column COLUMNS[] = {{"a", "A", false}, {"b", "B", true}};
    json_t *rows = json_array();
    console_table(&console, rows, COLUMNS, 2);
    cr_assert_str_eq(printed_text(&out), "A  B\n");
    json_decref(rows);
}

Test(console, json_is_indented_for_people_only)
{
    json_t *value = json_loads("{\"a\":[1]}", 0, NULL);
    console_json(&console, value);
    console.is_out_terminal = true;
    console_json(&console, value);
    console_json_line(&console, value);
    cr_assert_str_eq(printed_text(&out),
                     "{\"a\":[1]}\n{\n  \"a\": [\n    1\n  ]\n}\n{\"a\":[1]}\n");
    json_decref(value);
}

Test(console, text_that_is_not_utf8_is_mended)
{
    static const struct {
        struct text text;
        const char *json;
    } CASES[] = {
        {TEXT_LITERAL(""), ""},
        {TEXT_LITERAL("plain"), "plain"},
        {TEXT_LITERAL("\xc3\xa9"), "\xc3\xa9"},
        {TEXT_LITERAL("a\xff\xc3\xa9"), "a\xef\xbf\xbd\xc3\xa9"},
        {TEXT_LITERAL("\xc3"), "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        json_t *value = json_of_text(CASES[i].text);
        cr_assert_str_eq(json_string_value(value), CASES[i].json);
        json_decref(value);
    }
    json_t *null = json_of_text(TEXT_NULL);
    cr_assert(json_is_null(null));
    json_decref(null);
}

Test(console, results_that_cannot_be_written_are_told)
{
    FILE *full = fopen("/dev/full", "w");
    struct console unwritable;
    cr_assert_not_null(full);
    console_init(&unwritable, full, err.file, NULL);
    fputs("x", full);
    cr_assert_eq(console_flush(&unwritable, &error), STATUS_IO);
    cr_assert_str_eq(error.text, "write results: No space left on device");
    fclose(full);
    cr_assert_eq(console_flush(&console, &error), STATUS_OK);
}
