/* Time, as a seam. Cores are handed times as numbers; drivers read them here. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    /* Milliseconds since 1970 UTC; may jump. Record timestamps and retention use it. */
    int64_t (*wall_ms)(struct clock *clock);
    /* Microseconds since some start; never goes back. Deadlines and durations use it. */
    int64_t (*monotonic_us)(struct clock *clock);
};

/* The operating system's clocks. Holds no state: may be shared by threads. */
struct clock *clock_system(void);

#endif /* BASE_CLOCK_H */
