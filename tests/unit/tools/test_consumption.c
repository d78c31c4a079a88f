#include <criterion/criterion.h>
#include <string.h>

#include "tools/rollway/consumption.h"

/* A partition with offsets 10 to 19; offset 13 is the first from the time 1000 on. */
static const struct partition_bounds BOUNDS = {10, 20, 13, 15};

static const struct log_position EARLIEST = {LOG_POSITION_EARLIEST, 0};
static const struct log_position LATEST = {LOG_POSITION_LATEST, 0};
static const struct log_position TIME = {LOG_POSITION_TIME, 1000};

static struct error error;

static struct partition_range decide(const struct partition_bounds *bounds,
                                     struct log_position from, const struct log_position *until,
                                     bool follow)
{
    struct partition_range range;
    cr_assert_eq(partition_range_decide(bounds, &from, until, follow, &range, &error), STATUS_OK,
                 "%s", error.text);
    return range;
}

static struct log_position at(enum log_position_kind kind, int64_t value)
{
    return (struct log_position){kind, value};
}

Test(consumption, without_more_all_that_is_there_is_read)
{
    struct partition_range range = decide(&BOUNDS, EARLIEST, NULL, false);
    cr_assert_eq(range.start_offset, 10);
    cr_assert_eq(range.stop_offset, 20);
    cr_assert(!partition_range_is_done(&range, 19));
    cr_assert(partition_range_is_done(&range, 20));
}

Test(consumption, starts_of_all_kinds)
{
    static const struct {
        struct log_position from;
        int64_t start;
    } CASES[] = {
        {{LOG_POSITION_LATEST, 0}, 20},  {{LOG_POSITION_OFFSET, 15}, 15},
        {{LOG_POSITION_OFFSET, 3}, 10}, /* What is gone is passed over. */
        {{LOG_POSITION_TAIL, 4}, 16},    {{LOG_POSITION_TAIL, 400}, 10},
        {{LOG_POSITION_TIME, 1000}, 13},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cr_assert_eq(decide(&BOUNDS, CASES[i].from, NULL, false).start_offset, CASES[i].start);
    }
}

Test(consumption, a_time_behind_all_records_is_the_end)
{
    struct partition_bounds bounds = {10, 20, -1, -1};
    struct partition_range range = decide(&bounds, TIME, NULL, false);
    cr_assert_eq(range.start_offset, 20);
    cr_assert(partition_range_is_done(&range, range.start_offset));
}

Test(consumption, following_has_no_end_of_its_own)
{
    struct partition_range range = decide(&BOUNDS, LATEST, NULL, true);
    cr_assert_eq(range.start_offset, 20);
    cr_assert_eq(range.stop_offset, CONSUMPTION_NEVER);
    cr_assert(!partition_range_is_done(&range, INT64_MAX - 1));
}

Test(consumption, ends_of_all_kinds)
{
    struct log_position offset = at(LOG_POSITION_OFFSET, 12);
    struct log_position far = at(LOG_POSITION_OFFSET, 100);
    struct log_position tail = at(LOG_POSITION_TAIL, 3);
    cr_assert_eq(decide(&BOUNDS, EARLIEST, &offset, false).stop_offset, 12);
    cr_assert_eq(decide(&BOUNDS, EARLIEST, &far, false).stop_offset, 20);
    cr_assert_eq(decide(&BOUNDS, EARLIEST, &far, true).stop_offset, 100);
    cr_assert_eq(decide(&BOUNDS, EARLIEST, &tail, true).stop_offset, 17);
    cr_assert_eq(decide(&BOUNDS, EARLIEST, &LATEST, true).stop_offset, 20);
    cr_assert_eq(decide(&BOUNDS, EARLIEST, &EARLIEST, false).stop_offset, 10);
}

Test(consumption, an_end_in_time_is_an_offset_or_yet_to_come)
{
    struct partition_bounds open = {10, 20, -1, -1};
    struct partition_range range = decide(&BOUNDS, EARLIEST, &TIME, true);
    cr_assert_eq(range.stop_offset, 15);
    range = decide(&open, EARLIEST, &TIME, true);
    cr_assert_eq(range.stop_offset, CONSUMPTION_NEVER);
    cr_assert(partition_range_has(&range, 25, 999));
    cr_assert(!partition_range_has(&range, 25, 1000));
    range = decide(&open, EARLIEST, &TIME, false);
    cr_assert_eq(range.stop_offset, 20);
}

Test(consumption, a_start_behind_the_end_is_refused_when_one_would_wait)
{
    struct partition_range range;
    struct log_position behind = at(LOG_POSITION_OFFSET, 21);
    cr_assert_eq(partition_range_decide(&BOUNDS, &behind, NULL, true, &range, &error),
                 STATUS_OUT_OF_RANGE);
    cr_assert_str_eq(error.text, "offset 21 lies behind the end, which is 20");
    range = decide(&BOUNDS, behind, NULL, false);
    cr_assert(partition_range_is_done(&range, range.start_offset));
    cr_assert_eq(decide(&BOUNDS, at(LOG_POSITION_OFFSET, 20), NULL, true).start_offset, 20);
}

Test(consumption, records_are_in_or_out)
{
    struct log_position until = at(LOG_POSITION_OFFSET, 12);
    struct partition_range range = decide(&BOUNDS, EARLIEST, &until, false);
    cr_assert(partition_range_has(&range, 11, 5000));
    cr_assert(!partition_range_has(&range, 12, 5000));
}
