/* What a shard counts. Each shard has its own block and is the only one that writes it; the page of
 * /metrics reads all blocks while they are written. So counting costs an addition and no lock. */
#ifndef BROKER_METRICS_METRICS_H
#define BROKER_METRICS_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define METRIC(id, name, labels, kind, help) METRIC_##id,
enum metric {
#include "broker/metrics/metrics_list.h"
    METRIC_COUNT
};
#undef METRIC

/* Latencies fall in buckets of METRICS_BUCKET_FIRST_US and its doubles; the last takes the rest. */
#define METRICS_BUCKETS_COUNT   20
#define METRICS_BUCKET_FIRST_US 32

/* APIs that can be told apart: rows of broker/api/api_list.h. */
#define METRICS_APIS_MAX 96

typedef _Atomic uint64_t metric_value;

struct api_metrics {
    metric_value requests;
    metric_value request_bytes;
    metric_value response_bytes;
    metric_value total_us;
    metric_value buckets[METRICS_BUCKETS_COUNT];
};

struct metrics_shard {
    metric_value values[METRIC_COUNT];
    struct api_metrics *apis; /* By row of the API table. */
    size_t apis_count;
};

/* A block of zeros for `apis_count` APIs; NULL when out of memory. */
struct metrics_shard *metrics_shard_create(size_t apis_count);

/* Nobody may count in it any more. NULL is allowed. */
void metrics_shard_destroy(struct metrics_shard *metrics);

/* Adds to one value. Only the block's shard. */
static inline void metric_value_add(metric_value *value, uint64_t count)
{
    /* One writer: a plain addition that readers see whole. */
    uint64_t before = atomic_load_explicit(value, memory_order_relaxed);
    atomic_store_explicit(value, before + count, memory_order_relaxed);
}

/* Counts. Only the block's shard. */
static inline void metrics_add(struct metrics_shard *metrics, enum metric metric, uint64_t count)
{
    metric_value_add(&metrics->values[metric], count);
}

/* Lowers a gauge. Only the block's shard. */
static inline void metrics_subtract(struct metrics_shard *metrics, enum metric metric,
                                    uint64_t count)
{
    metric_value_add(&metrics->values[metric], 0 - count);
}

/* Sets a gauge. Only the block's shard. */
static inline void metrics_set(struct metrics_shard *metrics, enum metric metric, uint64_t value)
{
    atomic_store_explicit(&metrics->values[metric], value, memory_order_relaxed);
}

/* The value now. Any thread. */
uint64_t metrics_get(const struct metrics_shard *metrics, enum metric metric);

/* One request of the API in row `api_index`, answered after `us` microseconds. Only the block's
 * shard. */
void metrics_request(struct metrics_shard *metrics, size_t api_index, int64_t us,
                     size_t request_bytes, size_t response_bytes);

/* The bucket of a latency. */
unsigned metrics_bucket(int64_t us);

#endif /* BROKER_METRICS_METRICS_H */
