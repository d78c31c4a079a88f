#include "broker/metrics/metrics_page.h"

#include <inttypes.h>
#include <string.h>

struct metric_row {
    const char *name;
    const char *labels;
    const char *type;
    const char *help;
};

#define TYPE_COUNTER "counter"
#define TYPE_GAUGE   "gauge"
#define METRIC(id, name_, labels_, kind_, help_)                                                   \
    [METRIC_##id] = {name_, labels_, TYPE_##kind_, help_},
static const struct metric_row rows[METRIC_COUNT] = {
#include "broker/metrics/metrics_list.h"
};
#undef METRIC

/* What is kept of each API, and under which name it is told. */
struct api_row {
    const char *name;
    const char *help;
    size_t offset; /* In struct api_metrics. */
};

static const struct api_row api_rows[] = {
    {"kafka_network_requestmetrics_requests_total", "Requests answered",
     offsetof(struct api_metrics, requests)},
    {"kafka_network_requestmetrics_requestbytes_total", "Bytes of requests",
     offsetof(struct api_metrics, request_bytes)},
    {"kafka_network_requestmetrics_responsebytes_total", "Bytes of responses",
     offsetof(struct api_metrics, response_bytes)},
};

void metrics_page_family(FILE *page, const char *name, const char *type, const char *help)
{
    fprintf(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_page_label_value(FILE *page, struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        char character = value.data[i];
        if (character == '\\' || character == '"') {
            fputc('\\', page);
            fputc(character, page);
        } else if (character == '\n') {
            fputs("\\n", page);
        } else {
            fputc(character, page);
        }
    }
}

static void write_rows(FILE *page, const struct metrics_shard *const *shards, size_t shards_count)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &rows[i];
        if (i == 0 || strcmp(row->name, rows[i - 1].name) != 0) {
            metrics_page_family(page, row->name, row->type, row->help);
        }
        uint64_t sum = 0;
        for (size_t k = 0; k < shards_count; k++) {
            sum += metrics_get(shards[k], (enum metric)i);
        }
        if (row->labels[0] != '\0') {
            fprintf(page, "%s{%s} %" PRIu64 "\n", row->name, row->labels, sum);
        } else {
            fprintf(page, "%s %" PRIu64 "\n", row->name, sum);
        }
    }
}

static uint64_t load(const metric_value *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

/* The sum over all shards of the value at `offset` of one API. */
static uint64_t api_sum(const struct metrics_shard *const *shards, size_t shards_count,
                        size_t api_index, size_t offset)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < shards_count; k++) {
        const char *api = (const char *)&shards[k]->apis[api_index];
        sum += load((const metric_value *)(const void *)(api + offset));
    }
    return sum;
}

static void write_histogram(FILE *page, const struct metrics_shard *const *shards,
                            size_t shards_count, size_t api_index, const char *api_name)
{
    static const char name[] = "rollway_request_duration_seconds";
    uint64_t count = 0;
    for (size_t i = 0; i < METRICS_BUCKETS_COUNT; i++) {
        count += api_sum(shards, shards_count, api_index,
                         offsetof(struct api_metrics, buckets) + i * sizeof(metric_value));
        if (i + 1 < METRICS_BUCKETS_COUNT) {
            double limit = (double)((uint64_t)METRICS_BUCKET_FIRST_US << i) / 1e6;
            fprintf(page, "%s_bucket{request=\"%s\",le=\"%g\"} %" PRIu64 "\n", name, api_name,
                    limit, count);
        }
    }
    uint64_t total_us =
        api_sum(shards, shards_count, api_index, offsetof(struct api_metrics, total_us));
    fprintf(page, "%s_bucket{request=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, api_name, count);
    fprintf(page, "%s_sum{request=\"%s\"} %.6f\n", name, api_name, (double)total_us / 1e6);
    fprintf(page, "%s_count{request=\"%s\"} %" PRIu64 "\n", name, api_name, count);
}

void metrics_page_write_shards(FILE *page, const struct metrics_shard *const *shards,
                               size_t shards_count, const char *const *api_names)
{
    write_rows(page, shards, shards_count);
    size_t apis_count = shards_count > 0 ? shards[0]->apis_count : 0;
    for (size_t r = 0; r < sizeof api_rows / sizeof api_rows[0]; r++) {
        metrics_page_family(page, api_rows[r].name, "counter", api_rows[r].help);
        for (size_t i = 0; i < apis_count; i++) {
            fprintf(page, "%s{request=\"%s\"} %" PRIu64 "\n", api_rows[r].name, api_names[i],
                    api_sum(shards, shards_count, i, api_rows[r].offset));
        }
    }
    metrics_page_family(page, "rollway_request_duration_seconds", "histogram",
                        "From a request's arrival to its response being handed to the system");
    for (size_t i = 0; i < apis_count; i++) {
        if (api_sum(shards, shards_count, i, offsetof(struct api_metrics, requests)) > 0) {
            write_histogram(page, shards, shards_count, i, api_names[i]);
        }
    }
}
