/* A clock that stands still until the test moves it. */
#ifndef TESTS_SUPPORT_BASE_FAKE_CLOCK_H
#define TESTS_SUPPORT_BASE_FAKE_CLOCK_H

#include "base/clock.h"

struct fake_clock {
    struct clock clock; /* First. */
    int64_t wall_ms;    /* May be set by hand, to let the wall clock jump. */
    int64_t monotonic_us;
};

/* Starts at the given wall time, and at 0 on the monotonic side. */
void fake_clock_init(struct fake_clock *fake, int64_t now_ms);

/* Lets time pass on both sides. */
void fake_clock_advance_us(struct fake_clock *fake, int64_t us);

#endif /* TESTS_SUPPORT_BASE_FAKE_CLOCK_H */
