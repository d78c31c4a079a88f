#include "broker/metrics/metrics.h"

#include <stdlib.h>

#include "base/assert.h"

struct metrics_shard *metrics_shard_create(size_t apis_count)
{
    struct metrics_shard *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL) {
        return NULL;
    }
    ASSERT(apis_count <= METRICS_APIS_MAX);
    metrics->apis = calloc(apis_count > 0 ? apis_count : 1, sizeof *metrics->apis);
    metrics->apis_count = apis_count;
    if (metrics->apis == NULL) {
        free(metrics);
        return NULL;
    }
    return metrics;
}

void metrics_shard_destroy(struct metrics_shard *metrics)
{
    if (metrics != NULL) {
        free(metrics->apis);
        free(metrics);
    }
}

uint64_t metrics_get(const struct metrics_shard *metrics, enum metric metric)
{
    return atomic_load_explicit(&metrics->values[metric], memory_order_relaxed);
}

unsigned metrics_bucket(int64_t us)
{
    if (us <= METRICS_BUCKET_FIRST_US) {
        return 0;
    }
    /* The smallest i with us <= first << i. */
    uint64_t steps = ((uint64_t)us - 1) / METRICS_BUCKET_FIRST_US;
    unsigned bucket = 64 - (unsigned)__builtin_clzll(steps);
    return bucket < METRICS_BUCKETS_COUNT - 1 ? bucket : METRICS_BUCKETS_COUNT - 1;
}

void metrics_request(struct metrics_shard *metrics, size_t api_index, int64_t us,
                     size_t request_bytes, size_t response_bytes)
{
    ASSERT(api_index < metrics->apis_count);
    struct api_metrics *api = &metrics->apis[api_index];
    metric_value_add(&api->requests, 1);
    metric_value_add(&api->request_bytes, request_bytes);
    metric_value_add(&api->response_bytes, response_bytes);
    metric_value_add(&api->total_us, us > 0 ? (uint64_t)us : 0);
    metric_value_add(&api->buckets[metrics_bucket(us)], 1);
}
