#include <criterion/criterion.h>
#include <string.h>

#include "tools/rollway/client_record.h"

static struct arena arena;
static struct error error;
static struct client_record record;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    client_record_init(&record);
}

static void teardown(void)
{
    arena_clear(&arena);
}

TestSuite(client_record, .init = setup, .fini = teardown);

static bool is(struct bytes bytes, const char *text)
{
    return bytes.data != NULL && bytes.size == strlen(text) &&
           memcmp(bytes.data, text, bytes.size) == 0;
}

static void from_json(const char *json)
{
    cr_assert_eq(client_record_from_json(text_of(json), &record, &arena, &error), STATUS_OK,
                 "%s: %s", json, error.text);
}

Test(client_record, begins_with_nothing)
{
    cr_assert_null(record.key.data);
    cr_assert_null(record.value.data);
    cr_assert_eq(record.partition, CLIENT_RECORD_NO_PARTITION);
    cr_assert_eq(record.timestamp_ms, CLIENT_RECORD_NO_TIMESTAMP);
    cr_assert_eq(record.headers_count, 0);
}

Test(client_record, a_line_without_rules_is_a_value)
{
    struct line_rules rules = {TEXT_NULL, TEXT_NULL};
    cr_assert_eq(client_record_from_line(TEXT_LITERAL("a:b"), &rules, &record, &error), STATUS_OK);
    cr_assert(is(record.value, "a:b"));
    cr_assert_null(record.key.data);
    cr_assert_eq(client_record_from_line(TEXT_LITERAL(""), &rules, &record, &error), STATUS_OK);
    cr_assert(is(record.value, ""));
}

Test(client_record, a_line_is_split_at_the_first_separator)
{
    struct line_rules rules = {TEXT_LITERAL("::"), TEXT_LITERAL("NULL")};
    static const struct {
        const char *line;
        const char *key;
        const char *value;
    } CASES[] = {
        {"k::v", "k", "v"},   {"k::v::w", "k", "v::w"},   {"::v", "", "v"},
        {"k::", "k", ""},     {"NULL::v", NULL, "v"},     {"k::NULL", "k", NULL},
        {"k:::v", "k", ":v"}, {"k::NULLs", "k", "NULLs"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cr_assert_eq(client_record_from_line(text_of(CASES[i].line), &rules, &record, &error),
                     STATUS_OK);
        cr_assert(CASES[i].key != NULL ? is(record.key, CASES[i].key) : record.key.data == NULL,
                  "%s", CASES[i].line);
        cr_assert(CASES[i].value != NULL ? is(record.value, CASES[i].value)
                                         : record.value.data == NULL,
                  "%s", CASES[i].line);
    }
    cr_assert_eq(client_record_from_line(TEXT_LITERAL("k:v"), &rules, &record, &error),
                 STATUS_INVALID);
    cr_assert_str_eq(error.text, "no key separator in 'k:v'");
}

Test(client_record, json_sets_what_it_has)
{
    from_json("{\"value\":\"v\"}");
    cr_assert(is(record.value, "v"));
    cr_assert_null(record.key.data);
    cr_assert_eq(record.partition, CLIENT_RECORD_NO_PARTITION);
    from_json("{\"key\":\"k\",\"value\":null,\"partition\":7,\"timestamp\":12}");
    cr_assert(is(record.key, "k"));
    cr_assert_null(record.value.data);
    cr_assert_eq(record.partition, 7);
    cr_assert_eq(record.timestamp_ms, 12);
    from_json("{\"timestamp\":\"1970-01-02\",\"partition\":null,\"topic\":\"x\",\"offset\":3}");
    cr_assert_eq(record.timestamp_ms, 86400000);
    cr_assert_eq(record.partition, 7);
}

Test(client_record, json_values_stand_for_their_own_text)
{
    from_json("{\"value\":{\"a\": [1, true, \"x\"]},\"key\":12}");
    cr_assert(is(record.value, "{\"a\":[1,true,\"x\"]}"));
    cr_assert(is(record.key, "12"));
}

Test(client_record, headers_in_both_forms_keep_their_order)
{
    from_json("{\"headers\":{\"b\":\"1\",\"a\":null}}");
    cr_assert_eq(record.headers_count, 2);
    cr_assert(text_equal(record.headers[0].key, TEXT_LITERAL("b")));
    cr_assert(is(record.headers[0].value, "1"));
    cr_assert_null(record.headers[1].value.data);
    from_json("{\"headers\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"a\",\"value_base64\":"
              "\"/w==\"},{\"key\":\"b\"}]}");
    cr_assert_eq(record.headers_count, 3);
    cr_assert_eq(record.headers[1].value.size, 1);
    cr_assert_eq(record.headers[1].value.data[0], 0xff);
    cr_assert_null(record.headers[2].value.data);
}

Test(client_record, wrong_json_is_refused_with_the_reason)
{
    static const char *const CASES[][2] = {
        {"{", "no JSON: "},
        {"[]", "a record is a JSON object"},
        {"{} x", "no JSON: "},
        {"{\"a\":1,\"a\":2}", "no JSON: "},
        {"{\"kee\":\"x\"}", "'kee' is no member of a record"},
        {"{\"key\":\"a\",\"key_base64\":\"YQ==\"}", "both key and key_base64"},
        {"{\"value_base64\":\"?\"}", "value_base64 is not base64"},
        {"{\"value_base64\":1}", "value_base64 is not base64"},
        {"{\"partition\":-1}", "partition is not a number from 0 to 2147483647"},
        {"{\"partition\":\"1\"}", "partition is not a number from 0 to 2147483647"},
        {"{\"partition\":2147483648}", "partition is not a number from 0 to 2147483647"},
        {"{\"timestamp\":\"soon\"}", "timestamp is neither milliseconds nor a date"},
        {"{\"timestamp\":1.5}", "timestamp is neither milliseconds nor a date"},
        {"{\"timestamp\":-5}", "timestamp lies before 1970"},
        {"{\"headers\":1}", "headers are neither an object nor an array"},
        {"{\"headers\":[1]}", "a header is not"},
        {"{\"headers\":[{\"value\":\"x\"}]}", "a header is not"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        client_record_init(&record);
        cr_assert_eq(client_record_from_json(text_of(CASES[i][0]), &record, &arena, &error),
                     STATUS_INVALID, "%s", CASES[i][0]);
        cr_assert_eq(strncmp(error.text, CASES[i][1], strlen(CASES[i][1])), 0, "%s: %s",
                     CASES[i][0], error.text);
    }
}

static struct text to_json(const struct client_record *from)
{
    struct text line;
    cr_assert_eq(client_record_to_json(from, &arena, &line, &error), STATUS_OK);
    return line;
}

Test(client_record, json_of_a_record_without_anything)
{
    record.topic = TEXT_LITERAL("t");
    record.partition = 1;
    record.offset = 2;
    cr_assert(text_equal(
        to_json(&record),
        TEXT_LITERAL("{\"topic\":\"t\",\"partition\":1,\"offset\":2,\"timestamp\":null,"
                     "\"timestamp_type\":\"create\",\"key\":null,\"value\":null,\"headers\":[]}")));
}

Test(client_record, every_content_survives_the_way_through_json)
{
    static const uint8_t BINARY[] = {0, 255, 10, 128, 34};
    const struct bytes contents[] = {
        BYTES_NULL,
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"plain", 5},
        {(const uint8_t *)"quote \" line\n", 13},
        {(const uint8_t *)"a\0b", 3},
        {(const uint8_t *)"\xc3\xa9", 2},
        {BINARY, sizeof BINARY},
    };
    size_t count = sizeof contents / sizeof contents[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct record_header header = {TEXT_LITERAL("h"), contents[j]};
            struct client_record back;
            client_record_init(&back);
            record.key = contents[i];
            record.value = contents[j];
            record.headers = &header;
            record.headers_count = 1;
            record.partition = (int32_t)i;
            record.timestamp_ms = 1000 + (int64_t)j;
            cr_assert_eq(client_record_from_json(to_json(&record), &back, &arena, &error),
                         STATUS_OK, "%s", error.text);
            cr_assert(bytes_equal(back.key, record.key), "key %zu", i);
            cr_assert(bytes_equal(back.value, record.value), "value %zu", j);
            cr_assert(bytes_equal(back.headers[0].value, contents[j]), "header %zu", j);
            cr_assert_eq(back.partition, record.partition);
            cr_assert_eq(back.timestamp_ms, record.timestamp_ms);
        }
    }
}

Test(client_record, memory_that_runs_out_is_told)
{
    struct arena small;
    struct text line;
    arena_init(&small, 0);
    record.key = (struct bytes){(const uint8_t *)"\xff", 1};
    cr_assert_eq(client_record_to_json(&record, &small, &line, &error), STATUS_NO_MEMORY);
    cr_assert_eq(
        client_record_from_json(TEXT_LITERAL("{\"value\":\"v\"}"), &record, &small, &error),
        STATUS_NO_MEMORY);
    cr_assert_eq(client_record_from_json(TEXT_LITERAL("{\"headers\":{\"a\":\"b\"}}"), &record,
                                         &small, &error),
                 STATUS_NO_MEMORY);
    arena_clear(&small);
}

Test(client_record, escapes_are_those_of_c)
{
    struct text text;
    cr_assert(unescape_text("a\\tb\\n\\r\\\\\\0\\e", &arena, &text));
    cr_assert_eq(text.size, 8);
    cr_assert_eq(memcmp(text.data, "a\tb\n\r\\\0\033", 8), 0);
    cr_assert(unescape_text("", &arena, &text));
    cr_assert_eq(text.size, 0);
    cr_assert(!unescape_text("\\x", &arena, &text));
    cr_assert(!unescape_text("end\\", &arena, &text));
}
