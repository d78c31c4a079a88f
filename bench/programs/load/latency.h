/* How long things took: a histogram with steps of about 3 %, from 1 ns to 2^40 ns. */
#ifndef BENCH_PROGRAMS_LOAD_LATENCY_H
#define BENCH_PROGRAMS_LOAD_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS       32 /* Per doubling. */
#define LATENCY_DOUBLINGS   36
#define LATENCY_BUCKETS_MAX (LATENCY_STEPS * LATENCY_DOUBLINGS)

/* Starts as all zeros. */
struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS_MAX];
};

/* Nanoseconds on the monotonic clock. */
int64_t now_ns(void);

/* Adds one duration. */
void latency_add(struct latency *latency, int64_t ns);

/* The duration below which this share of them lies, in microseconds; 0 when there is none. */
double latency_percentile_us(const struct latency *latency, double share);

#endif /* BENCH_PROGRAMS_LOAD_LATENCY_H */
