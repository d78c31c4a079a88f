#include <criterion/criterion.h>
#include <string.h>

#include "base/number_text.h"

struct number_case {
    const char *text;
    bool valid;
    int64_t value;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef bool parse_fn(struct text text, int64_t *value);

static void expect_parsed(const struct number_case *cases, size_t count, parse_fn *parse)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = 4711;
        bool valid = parse(text_of(cases[i].text), &value);
        cr_expect_eq(valid, cases[i].valid, "'%s'", cases[i].text);
        cr_expect_eq(value, cases[i].valid ? cases[i].value : 4711, "'%s' is %ld", cases[i].text,
                     value);
    }
}

Test(parse_i64, takes_decimal_integers_and_nothing_else)
{
    static const struct number_case cases[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"+5", true, 5},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"--1", false, 0},
    };
    expect_parsed(cases, COUNT(cases), parse_i64);
    int64_t value;
    cr_expect_not(parse_i64(TEXT_NULL, &value));
    cr_expect(parse_i64((struct text){"123", 2}, &value));
    cr_expect_eq(value, 12);
}

Test(parse_f64, takes_decimal_fractions_and_nothing_else)
{
    static const struct {
        const char *text;
        double value;
    } valid[] = {{"0.5", 0.5}, {"-2", -2}, {"1e3", 1000}, {".25", 0.25}, {"1.", 1}, {"2E-1", 0.2}};
    for (size_t i = 0; i < COUNT(valid); i++) {
        double value = 0;
        cr_expect(parse_f64(text_of(valid[i].text), &value), "%s", valid[i].text);
        cr_expect_eq(value, valid[i].value, "%s", valid[i].text);
    }
    static const char *const invalid[] = {"",   ".",     "inf", "nan", "0x1p3",
                                          " 1", "1 ",    "1e",  "1e+", "1.2.3",
                                          "e5", "1e999", "-",   "1,5", "-1e999"};
    for (size_t i = 0; i < COUNT(invalid); i++) {
        double value = 47;
        cr_expect_not(parse_f64(text_of(invalid[i]), &value), "%s", invalid[i]);
        cr_expect_eq(value, 47);
    }
    char digits[100];
    memset(digits, '1', sizeof digits);
    double value;
    cr_expect_not(parse_f64((struct text){digits, sizeof digits}, &value));
}

Test(parse_bool, takes_the_two_words_in_any_case)
{
    bool value = false;
    cr_expect(parse_bool(text_of("true"), &value) && value);
    cr_expect(parse_bool(text_of("FALSE"), &value) && !value);
    cr_expect(parse_bool(text_of("True"), &value) && value);
    static const char *const invalid[] = {"", "1", "yes", "tru", "true ", NULL};
    for (size_t i = 0; i < COUNT(invalid); i++) {
        cr_expect_not(parse_bool(text_of(invalid[i]), &value));
    }
}

Test(parse_size_bytes, takes_bytes_with_binary_and_decimal_units)
{
    static const struct number_case cases[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"1024", true, 1024},
        {"64KiB", true, 65536},
        {"1.5 GiB", true, 1610612736},
        {"10MB", true, 10000000},
        {"10 mb", true, 10000000},
        {"7 B", true, 7},
        {"1TiB", true, INT64_C(1) << 40},
        {"7EiB", true, INT64_C(7) << 60},
        {"8EiB", false, 0},
        {"8.5EiB", false, 0},
        {"-1KiB", false, 0},
        {"KiB", false, 0},
        {"1K", false, 0},
        {"1 KiB ", false, 0},
        {"1KiB1", false, 0},
        {"1.2.3MB", false, 0},
        {"", false, 0},
        {".MB", false, 0},
    };
    expect_parsed(cases, COUNT(cases), parse_size_bytes);
}

Test(parse_duration_ms, takes_milliseconds_and_sums_of_units)
{
    static const struct number_case cases[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"250", true, 250},
        {"250ms", true, 250},
        {"10s", true, 10000},
        {"5m", true, 300000},
        {"1h30m", true, 5400000},
        {"1h 30m", false, 0},
        {"7d", true, 604800000},
        {"1.5s", true, 1500},
        {"106751991167d", true, INT64_C(106751991167) * 86400000},
        {"106751991168d", false, 0},
        {"106751991167d24h", false, 0},
        {"5", true, 5},
        {"5m3", false, 0},
        {"5y", false, 0},
        {"-5m", false, 0},
        {"m", false, 0},
        {"", false, 0},
    };
    expect_parsed(cases, COUNT(cases), parse_duration_ms);
}

typedef const char *format_fn(int64_t value, char *memory, size_t memory_size);

static void expect_formatted(const struct number_case *cases, size_t count, format_fn *format,
                             size_t size_promised)
{
    for (size_t i = 0; i < count; i++) {
        char memory[64];
        cr_expect_eq(format(cases[i].value, memory, sizeof memory), memory);
        cr_expect_str_eq(memory, cases[i].text);
        cr_expect_lt(strlen(memory), size_promised);
    }
}

Test(format_size_bytes, shows_one_decimal_of_the_largest_unit)
{
    static const struct number_case cases[] = {
        {"0 B", true, 0},
        {"1 B", true, 1},
        {"1023 B", true, 1023},
        {"1 KiB", true, 1024},
        {"1.5 KiB", true, 1536},
        {"64 KiB", true, 65536},
        {"1023.9 KiB", true, 1048473},
        {"1 MiB", true, 1048575},
        {"1.5 GiB", true, 1610612736},
        {"8 EiB", true, INT64_MAX},
        {"-8 EiB", true, INT64_MIN},
        {"-1.5 KiB", true, -1536},
    };
    expect_formatted(cases, COUNT(cases), format_size_bytes, 16);
}

Test(format_duration_ms, shows_all_units_that_are_not_zero)
{
    static const struct number_case cases[] = {
        {"0ms", true, 0},
        {"250ms", true, 250},
        {"10s", true, 10000},
        {"1s500ms", true, 1500},
        {"1h30m", true, 5400000},
        {"7d", true, 604800000},
        {"-1ms", true, -1},
        {"106751991167d7h12m55s807ms", true, INT64_MAX},
        {"-106751991167d7h12m55s808ms", true, INT64_MIN},
    };
    expect_formatted(cases, COUNT(cases), format_duration_ms, 32);
}

Test(format_duration_ms, a_memory_too_small_cuts_the_end)
{
    char memory[4];
    cr_expect_str_eq(format_duration_ms(5400000, memory, sizeof memory), "1h3");
}
