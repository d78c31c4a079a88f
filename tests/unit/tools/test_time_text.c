#include <criterion/criterion.h>
#include <string.h>

#include "tools/rollway/time_text.h"

#define NOW_MS INT64_C(1769848200000)

Test(time_text, times_are_printed_in_utc)
{
    static const struct {
        int64_t ms;
        const char *text;
    } CASES[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1769848200125, "2026-01-31T08:30:00.125Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), "253402300800000"},
        {INT64_MIN, "-9223372036854775808"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char memory[TIME_TEXT_SIZE];
        cr_assert_str_eq(format_time_ms(CASES[i].ms, memory), CASES[i].text);
    }
}

Test(time_text, what_is_printed_is_read_back)
{
    for (int64_t ms = INT64_C(-62167219200000); ms < INT64_C(253402300799999);
         ms += INT64_C(86399999) * 97) {
        char memory[TIME_TEXT_SIZE];
        int64_t parsed = -1;
        cr_assert(parse_date_ms(text_of(format_time_ms(ms, memory)), &parsed), "%s", memory);
        cr_assert_eq(parsed, ms, "%s", memory);
    }
}

Test(time_text, dates_in_all_forms)
{
    static const struct {
        const char *text;
        int64_t ms;
    } CASES[] = {
        {"2026-01-31", 1769817600000},
        {"2026-01-31T08:30", 1769848200000},
        {"2026-01-31 08:30:15", 1769848215000},
        {"2026-01-31T08:30:15.5Z", 1769848215500},
        {"2026-01-31T08:30:15.123456789", 1769848215123},
        {"2026-01-31T08:30:15+02:00", 1769841015000},
        {"2026-01-31T08:30:15-00:30", 1769850015000},
        {"2024-02-29", 1709164800000},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t ms = -1;
        cr_assert(parse_date_ms(text_of(CASES[i].text), &ms), "%s", CASES[i].text);
        cr_assert_eq(ms, CASES[i].ms, "%s: %ld", CASES[i].text, (long)ms);
    }
}

Test(time_text, what_is_no_date)
{
    static const char *const CASES[] = {
        "",
        "2026",
        "2026-1-1",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2100-02-29",
        "2026-01-32",
        "2026-01-00",
        "2026-01-31T",
        "2026-01-31T24:00",
        "2026-01-31T08:60",
        "2026-01-31T08:30:60",
        "2026-01-31T08:30:15.",
        "2026-01-31T08:30:15+2",
        "2026-01-31T08:30:15+15:00",
        "2026-01-31T08:30:15Zx",
        "2026-01-31x",
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t ms = 77;
        cr_assert(!parse_date_ms(text_of(CASES[i]), &ms), "%s", CASES[i]);
        cr_assert_eq(ms, 77);
    }
}

Test(time_text, times_are_dates_or_milliseconds)
{
    int64_t ms = 0;
    cr_assert(parse_time_ms(TEXT_LITERAL("@12"), &ms));
    cr_assert_eq(ms, 12);
    cr_assert(parse_time_ms(TEXT_LITERAL("13"), &ms));
    cr_assert_eq(ms, 13);
    cr_assert(parse_time_ms(TEXT_LITERAL("1970-01-02"), &ms));
    cr_assert_eq(ms, 86400000);
    cr_assert(!parse_time_ms(TEXT_LITERAL("@"), &ms));
    cr_assert(!parse_time_ms(TEXT_LITERAL("@x"), &ms));
}

Test(time_text, positions)
{
    static const struct {
        const char *text;
        enum log_position_kind kind;
        int64_t value;
    } CASES[] = {
        {"earliest", LOG_POSITION_EARLIEST, 0},
        {"latest", LOG_POSITION_LATEST, 0},
        {"0", LOG_POSITION_OFFSET, 0},
        {"9223372036854775807", LOG_POSITION_OFFSET, INT64_MAX},
        {"-1", LOG_POSITION_TAIL, 1},
        {"-9223372036854775807", LOG_POSITION_TAIL, INT64_MAX},
        {"@1000", LOG_POSITION_TIME, 1000},
        {"1970-01-02", LOG_POSITION_TIME, 86400000},
        {"-15m", LOG_POSITION_TIME, NOW_MS - 900000},
        {"-1h30m", LOG_POSITION_TIME, NOW_MS - 5400000},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct log_position position;
        struct error error;
        cr_assert_eq(parse_log_position(text_of(CASES[i].text), NOW_MS, &position, &error),
                     STATUS_OK, "%s", CASES[i].text);
        cr_assert_eq(position.kind, CASES[i].kind, "%s", CASES[i].text);
        cr_assert_eq(position.value, CASES[i].value, "%s", CASES[i].text);
    }
}

Test(time_text, what_is_no_position)
{
    static const char *const CASES[] = {
        "", "-", "soon", "EARLIEST", "15m", "@-1", "@", "1x", "-9223372036854775808", "2026-02-30",
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct log_position position;
        struct error error;
        cr_assert_eq(parse_log_position(text_of(CASES[i]), NOW_MS, &position, &error),
                     STATUS_INVALID, "%s", CASES[i]);
        cr_assert_not_null(strstr(error.text, "is no position: earliest, latest"));
    }
}
