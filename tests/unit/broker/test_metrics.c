#include <criterion/criterion.h>

#include "broker/metrics/metrics.h"
#include "tests/support/base/allocations.h"

Test(metrics, counts_up_and_down)
{
    struct metrics_shard *metrics = metrics_shard_create(2);
    metrics_add(metrics, METRIC_CONNECTIONS, 5);
    metrics_subtract(metrics, METRIC_CONNECTIONS, 2);
    cr_expect_eq(metrics_get(metrics, METRIC_CONNECTIONS), 3);
    metrics_set(metrics, METRIC_CONNECTIONS, 1);
    cr_expect_eq(metrics_get(metrics, METRIC_CONNECTIONS), 1);
    cr_expect_eq(metrics_get(metrics, METRIC_BYTES_SENT), 0);
    metrics_shard_destroy(metrics);
    metrics_shard_destroy(NULL);
}

struct bucket_case {
    int64_t us;
    unsigned bucket;
};

static const struct bucket_case bucket_cases[] = {
    {INT64_MIN, 0}, {-1, 0},       {0, 0},
    {1, 0},         {32, 0},       {33, 1},
    {64, 1},        {65, 2},       {128, 2},
    {129, 3},       {1 << 20, 15}, {(1 << 20) + 1, 16},
    {8388608, 18},  {8388609, 19}, {INT64_MAX, METRICS_BUCKETS_COUNT - 1},
};

Test(metrics, a_latency_falls_in_the_first_bucket_that_holds_it)
{
    for (size_t i = 0; i < sizeof bucket_cases / sizeof bucket_cases[0]; i++) {
        cr_expect_eq(metrics_bucket(bucket_cases[i].us), bucket_cases[i].bucket, "%lld us",
                     (long long)bucket_cases[i].us);
    }
}

Test(metrics, requests_are_kept_by_api)
{
    struct metrics_shard *metrics = metrics_shard_create(3);
    metrics_request(metrics, 1, 100, 20, 30);
    metrics_request(metrics, 1, -5, 1, 2);
    cr_expect_eq(metrics->apis[1].requests, 2);
    cr_expect_eq(metrics->apis[1].request_bytes, 21);
    cr_expect_eq(metrics->apis[1].response_bytes, 32);
    cr_expect_eq(metrics->apis[1].total_us, 100);
    cr_expect_eq(metrics->apis[1].buckets[2], 1);
    cr_expect_eq(metrics->apis[1].buckets[0], 1);
    cr_expect_eq(metrics->apis[0].requests, 0);
    metrics_shard_destroy(metrics);
}

Test(metrics, creating_survives_every_failed_allocation)
{
    for (size_t allowed = 0; allowed < 2; allowed++) {
        allocations_refuse_after(allowed);
        struct metrics_shard *metrics = metrics_shard_create(3);
        allocations_allow();
        cr_expect_null(metrics);
    }
}
