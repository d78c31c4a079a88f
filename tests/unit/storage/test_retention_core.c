#include "storage/retention/retention_core.h"

#include <criterion/criterion.h>

#define DAY 86400000

/* Four segments of 100 bytes and 10 records, a day apart; the last one is active. */
static const struct retention_segment segments[] = {
    {0, 10, 100, 1 * DAY},
    {10, 20, 100, 2 * DAY},
    {20, 30, 100, 3 * DAY},
    {30, 40, 100, 4 * DAY},
};

static struct retention_rules rules_of(int64_t retention_ms, int64_t retention_bytes)
{
    return (struct retention_rules){
        .retention_ms = retention_ms,
        .retention_bytes = retention_bytes,
        .high_watermark = 40,
        .now_ms = 5 * DAY,
        .by_time_and_size = true,
    };
}

static uint32_t choose(const struct retention_rules *rules)
{
    return retention_choose(rules, segments, 4);
}

Test(retention_core, without_limits_nothing_goes)
{
    struct retention_rules rules = rules_of(-1, -1);
    cr_expect_eq(choose(&rules), 0);
}

Test(retention_core, time_takes_what_is_older_and_in_the_end_the_active_segment_too)
{
    static const struct {
        int64_t retention_ms;
        uint32_t expected;
    } cases[] = {{4 * DAY, 0}, {4 * DAY - 1, 1}, {3 * DAY, 1}, {2 * DAY, 2},
                 {DAY, 3},     {DAY - 1, 4},     {0, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct retention_rules rules = rules_of(cases[i].retention_ms, -1);
        cr_expect_eq(choose(&rules), cases[i].expected, "case %zu", i);
    }
}

Test(retention_core, size_leaves_at_least_the_limit_and_never_takes_the_active_segment)
{
    static const struct {
        int64_t retention_bytes;
        uint32_t expected;
    } cases[] = {{400, 0}, {301, 0}, {300, 1}, {299, 1}, {200, 2}, {100, 3}, {0, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct retention_rules rules = rules_of(-1, cases[i].retention_bytes);
        cr_expect_eq(choose(&rules), cases[i].expected, "case %zu", i);
    }
}

Test(retention_core, what_ends_below_the_start_offset_goes)
{
    struct retention_rules rules = rules_of(-1, -1);
    rules.log_start_offset = 25;
    cr_expect_eq(choose(&rules), 2);
    rules.log_start_offset = 40;
    cr_expect_eq(choose(&rules), 3, "the active segment stays");
    rules.by_time_and_size = false;
    rules.retention_ms = 0;
    cr_expect_eq(choose(&rules), 3, "a compacted topic's start offset counts too");
}

Test(retention_core, nothing_reaches_above_the_high_watermark)
{
    struct retention_rules rules = rules_of(0, 0);
    rules.high_watermark = 19;
    cr_expect_eq(choose(&rules), 1);
    rules.high_watermark = 20;
    cr_expect_eq(choose(&rules), 2);
}

Test(retention_core, a_compacted_topic_forgets_nothing_by_time_or_size)
{
    struct retention_rules rules = rules_of(0, 0);
    rules.by_time_and_size = false;
    cr_expect_eq(choose(&rules), 0);
}

Test(retention_core, records_from_the_future_stay_and_an_empty_active_segment_too)
{
    struct retention_rules rules = rules_of(0, -1);
    rules.now_ms = 0;
    cr_expect_eq(choose(&rules), 0);
    static const struct retention_segment empty[] = {{7, 7, 0, 0}};
    rules = rules_of(0, 0);
    cr_expect_eq(retention_choose(&rules, empty, 1), 0);
}
