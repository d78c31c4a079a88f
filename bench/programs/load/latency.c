#include "bench/programs/load/latency.h"

#include <time.h>

#define STEP_BITS 5
_Static_assert(1 << STEP_BITS == LATENCY_STEPS, "a step is a value of the bits below the highest");

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Values below LATENCY_STEPS have a bucket each; above, the highest bit chooses the doubling and
 * the STEP_BITS behind it the step. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < LATENCY_STEPS) {
        return (unsigned)ns;
    }
    unsigned highest = 63u - (unsigned)__builtin_clzll(ns);
    unsigned step = (unsigned)(ns >> (highest - STEP_BITS)) & (LATENCY_STEPS - 1);
    unsigned bucket = (highest - STEP_BITS + 1) * LATENCY_STEPS + step;
    return bucket < LATENCY_BUCKETS_MAX ? bucket : LATENCY_BUCKETS_MAX - 1;
}

static double bucket_middle_ns(unsigned bucket)
{
    if (bucket < LATENCY_STEPS) {
        return (double)bucket;
    }
    unsigned shift = bucket / LATENCY_STEPS - 1;
    uint64_t low = (uint64_t)(LATENCY_STEPS + bucket % LATENCY_STEPS) << shift;
    return (double)low + (double)((uint64_t)1 << shift) / 2;
}

void latency_add(struct latency *latency, int64_t ns)
{
    latency->buckets[bucket_of(ns > 0 ? (uint64_t)ns : 0)]++;
    latency->count++;
}

double latency_percentile_us(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)((double)latency->count * share);
    uint64_t seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS_MAX; i++) {
        seen += latency->buckets[i];
        if (seen > wanted) {
            return bucket_middle_ns(i) / 1000;
        }
    }
    return 0;
}
