#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/tools/printed.h"
#include "tools/rollway/record_format.h"

static struct arena arena;
static struct client_record record;
static struct record_header headers[2];

static void setup(void)
{
    arena_init(&arena, 1 << 16);
    client_record_init(&record);
    headers[0] = (struct record_header){TEXT_LITERAL("a"), {(const uint8_t *)"1", 1}};
    headers[1] = (struct record_header){TEXT_LITERAL("b"), BYTES_NULL};
    record.topic = TEXT_LITERAL("orders");
    record.partition = 3;
    record.offset = 42;
    record.timestamp_ms = 1769848200125;
    record.key = (struct bytes){(const uint8_t *)"key", 3};
    record.value = (struct bytes){(const uint8_t *)"value", 5};
    record.headers = headers;
    record.headers_count = 2;
}

static void teardown(void)
{
    arena_clear(&arena);
}

TestSuite(record_format, .init = setup, .fini = teardown);

static void expect(struct text format, const char *expected)
{
    struct printed printed;
    struct error error;
    cr_assert_eq(record_format_check(format, &error), STATUS_OK, "%s", error.text);
    printed_open(&printed);
    record_format_print(printed.file, format, &record, TEXT_LITERAL("-"));
    cr_assert_str_eq(printed_text(&printed), expected);
    printed_close(&printed);
}

Test(record_format, every_directive)
{
    static const char *const CASES[][2] = {
        {"%v", "value"},
        {"%k", "key"},
        {"%h", "a=1,b=-"},
        {"%t", "orders"},
        {"%p", "3"},
        {"%o", "42"},
        {"%T", "1769848200125"},
        {"%D", "2026-01-31T08:30:00.125Z"},
        {"%S", "5"},
        {"%K", "3"},
        {"%%", "%"},
        {"", ""},
        {"<%k|%v>\n", "<key|value>\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        expect(text_of(CASES[i][0]), CASES[i][1]);
    }
}

Test(record_format, nulls_are_what_was_asked_for)
{
    record.key = BYTES_NULL;
    record.value = BYTES_NULL;
    record.timestamp_ms = CLIENT_RECORD_NO_TIMESTAMP;
    expect(TEXT_LITERAL("%k %v %K %S %T %D"), "- - -1 -1 -1 -");
}

Test(record_format, an_unknown_directive_is_refused)
{
    struct error error;
    cr_assert_eq(record_format_check(TEXT_LITERAL("%v %x"), &error), STATUS_INVALID);
    cr_assert_not_null(strstr(error.text, "%x is not known in a format"));
    cr_assert_eq(record_format_check(TEXT_LITERAL("%v %"), &error), STATUS_INVALID);
    cr_assert_not_null(strstr(error.text, "format ends in %"));
}

Test(record_format, plain_text_is_built_from_parts)
{
    expect(record_format_plain(false, TEXT_NULL, &arena), "value\n");
    expect(record_format_plain(false, TEXT_LITERAL(":"), &arena), "key:value\n");
    expect(record_format_plain(true, TEXT_LITERAL("%%v"), &arena), "a=1,b=-\tkey%%vvalue\n");
    expect(record_format_plain(true, TEXT_NULL, &arena), "a=1,b=-\tvalue\n");
}

Test(record_format, memory_that_runs_out_is_told)
{
    struct arena none;
    arena_init(&none, 0);
    cr_assert_null(record_format_plain(true, TEXT_NULL, &none).data);
    arena_clear(&none);
}
