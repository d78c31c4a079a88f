#include <criterion/criterion.h>

#include "base/clock.h"
#include "tests/support/base/fake_clock.h"

Test(clock, the_system_says_a_year_that_can_be_and_never_goes_back)
{
    struct clock *clock = clock_system();
    int64_t year_2024_ms = INT64_C(1704067200000);
    int64_t year_2200_ms = INT64_C(7258118400000);
    cr_expect_gt(clock->wall_ms(clock), year_2024_ms);
    cr_expect_lt(clock->wall_ms(clock), year_2200_ms);
    int64_t previous = clock->monotonic_us(clock);
    for (unsigned i = 0; i < 1000; i++) {
        int64_t now = clock->monotonic_us(clock);
        cr_assert_geq(now, previous);
        previous = now;
    }
}

Test(clock, the_fake_one_moves_only_by_hand_and_loses_no_microsecond)
{
    struct fake_clock fake;
    fake_clock_init(&fake, 1000);
    struct clock *clock = &fake.clock;
    cr_expect_eq(clock->wall_ms(clock), 1000);
    cr_expect_eq(clock->monotonic_us(clock), 0);
    for (unsigned i = 0; i < 5; i++) {
        fake_clock_advance_us(&fake, 300);
    }
    cr_expect_eq(clock->wall_ms(clock), 1001);
    cr_expect_eq(clock->monotonic_us(clock), 1500);
    fake.wall_ms = 5;
    cr_expect_eq(clock->wall_ms(clock), 5);
    cr_expect_eq(clock->monotonic_us(clock), 1500);
}
