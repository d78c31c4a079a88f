#include "tests/support/base/fake_clock.h"

#include "base/assert.h"
#include "base/counted.h" /* CONTAINER_OF */

static int64_t wall_ms(struct clock *clock)
{
    struct fake_clock *fake = CONTAINER_OF(clock, struct fake_clock, clock);
    return fake->wall_ms;
}

static int64_t monotonic_us(struct clock *clock)
{
    struct fake_clock *fake = CONTAINER_OF(clock, struct fake_clock, clock);
    return fake->monotonic_us;
}

void fake_clock_init(struct fake_clock *fake, int64_t now_ms)
{
    *fake = (struct fake_clock){
        .clock = {.wall_ms = wall_ms, .monotonic_us = monotonic_us},
        .wall_ms = now_ms,
    };
}

void fake_clock_advance_us(struct fake_clock *fake, int64_t us)
{
    ASSERT(us >= 0);
    /* Whole milliseconds as the monotonic side crosses them, so that no microsecond is lost. */
    fake->wall_ms += (fake->monotonic_us + us) / 1000 - fake->monotonic_us / 1000;
    fake->monotonic_us += us;
}
