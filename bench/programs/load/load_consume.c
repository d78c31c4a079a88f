#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/programs/load/fetch_request.h"
#include "bench/programs/load/latency.h"
#include "bench/programs/load/load_modes.h"
#include "bench/programs/load/topic.h"

struct consume_run {
    const struct load_options *options;
    struct client client;
    struct fetch_request fetch;
    struct fetch_totals totals;
    int64_t *ends; /* Owned: the end of each partition when the run began. */
    int64_t passes_count;
    struct latency latency;
};

static bool at_end(const struct consume_run *run)
{
    for (int32_t i = 0; i < run->fetch.partitions; i++) {
        if (run->fetch.positions[i] < run->ends[i]) {
            return false;
        }
    }
    return true;
}

static enum status fetch_once(struct consume_run *run, struct error *error)
{
    struct byte_reader body;
    int64_t start_ns = now_ns();
    enum status status = fetch_request_send(&run->fetch, &run->client, error);
    if (status == STATUS_OK) {
        status = client_receive(&run->client, &body, error);
    }
    if (status == STATUS_OK) {
        latency_add(&run->latency, now_ns() - start_ns);
        status = fetch_answer_read(&run->fetch, &body, &run->totals, error);
    }
    return status;
}

static enum status measure(struct consume_run *run, double *seconds, struct error *error)
{
    const struct load_options *options = run->options;
    int64_t bytes_max = options->megabytes > 0 ? options->megabytes * 1000000 : INT64_MAX;
    int64_t start_ns = now_ns();
    int64_t end_ns = start_ns + options->seconds * 1000000000;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && now_ns() < end_ns && run->totals.batch_bytes < bytes_max) {
        if (at_end(run)) {
            memset(run->fetch.positions, 0,
                   (size_t)run->fetch.partitions * sizeof *run->fetch.positions);
            run->passes_count++;
        }
        status = fetch_once(run, error);
    }
    *seconds = (double)(now_ns() - start_ns) / 1e9;
    return status;
}

static enum status prepare(struct consume_run *run, struct error *error)
{
    const struct load_options *options = run->options;
    int32_t partitions = (int32_t)options->partitions;
    run->ends = calloc((size_t)partitions, sizeof *run->ends);
    if (run->ends == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%d partitions", partitions);
    }
    enum status status = client_open(&run->client, options->address, error);
    if (status == STATUS_OK) {
        status = fetch_request_init(&run->fetch, options->topic, partitions,
                                    (size_t)options->fetch_bytes, options->verify != 0, error);
    }
    if (status == STATUS_OK) {
        status = topic_prepare(&run->client, options->topic, partitions, error);
    }
    if (status == STATUS_OK) {
        status = topic_offsets(&run->client, options->topic, partitions, -1, run->ends, error);
    }
    if (status == STATUS_OK && at_end(run)) {
        status = error_set(error, STATUS_NOT_FOUND, "topic %s is empty", options->topic);
    }
    return status;
}

enum status load_consume(const struct load_options *options, struct error *error)
{
    struct consume_run *run = calloc(1, sizeof *run);
    double seconds = 0;
    if (run == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "consume run");
    }
    run->options = options;
    run->client.socket = -1;
    enum status status = prepare(run, error);
    if (status == STATUS_OK) {
        status = measure(run, &seconds, error);
    }
    if (status == STATUS_OK) {
        double bytes = (double)run->totals.batch_bytes;
        printf("records_per_s=%.0f mb_per_s=%.2f mb=%.2f fetches=%llu passes=%lld p50_us=%.1f "
               "p99_us=%.1f seconds=%.3f\n",
               (double)run->totals.records_count / seconds, bytes / seconds / 1e6, bytes / 1e6,
               (unsigned long long)run->latency.count, (long long)run->passes_count,
               latency_percentile_us(&run->latency, 0.5),
               latency_percentile_us(&run->latency, 0.99), seconds);
    }
    fetch_request_free(&run->fetch);
    client_close(&run->client);
    free(run->ends);
    free(run);
    return status;
}
