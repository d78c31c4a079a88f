#include <stdio.h>
#include <stdlib.h>

#include "bench/programs/load/latency.h"
#include "bench/programs/load/load_modes.h"
#include "bench/programs/load/produce_request.h"
#include "bench/programs/load/topic.h"

#define IN_FLIGHT_MAX 4096 /* As in LOAD_OPTION_LIST. */

struct produce_run {
    const struct load_options *options;
    struct client client;
    struct produce_request *requests; /* One for each partition. */
    int64_t sent_count;
    int64_t sent_max; /* INT64_MAX when only the time limits. */
    int64_t answered_count;
    int64_t sent_at_ns[IN_FLIGHT_MAX];
    struct latency latency;
};

static enum status build_requests(struct produce_run *run, struct error *error)
{
    const struct load_options *options = run->options;
    run->requests = calloc((size_t)options->partitions, sizeof *run->requests);
    if (run->requests == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%lld requests", (long long)options->partitions);
    }
    for (int32_t i = 0; i < (int32_t)options->partitions; i++) {
        enum status status = produce_request_build(
            &run->requests[i], options->topic, i, (int16_t)options->acks,
            (size_t)options->message_bytes, (size_t)options->batch_bytes, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    int64_t payload = (int64_t)run->requests[0].records_count * options->message_bytes;
    run->sent_max =
        options->megabytes > 0 ? (options->megabytes * 1000000 + payload - 1) / payload : INT64_MAX;
    return STATUS_OK;
}

static enum status send_until_full(struct produce_run *run, struct error *error)
{
    while (run->sent_count - run->answered_count < run->options->in_flight &&
           run->sent_count < run->sent_max) {
        struct produce_request *request =
            &run->requests[run->sent_count % run->options->partitions];
        run->sent_at_ns[run->sent_count % IN_FLIGHT_MAX] = now_ns();
        enum status status = client_send(&run->client, request->bytes, error);
        if (status != STATUS_OK) {
            return status;
        }
        run->sent_count++;
        if (run->options->acks == 0) {
            run->answered_count++;
            break; /* Let the caller look at the time. */
        }
    }
    return STATUS_OK;
}

/* Waits for one answer and takes those that came with it. */
static enum status receive_some(struct produce_run *run, struct error *error)
{
    struct byte_reader body;
    int64_t time_ns = 0;
    do {
        enum status status = client_receive(&run->client, &body, error);
        if (status == STATUS_OK) {
            status = produce_answer_read(&body, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        time_ns = time_ns == 0 ? now_ns() : time_ns;
        latency_add(&run->latency, time_ns - run->sent_at_ns[run->answered_count % IN_FLIGHT_MAX]);
        run->answered_count++;
    } while (client_has_answer(&run->client));
    return STATUS_OK;
}

static enum status measure(struct produce_run *run, double *seconds, int64_t *answered_count,
                           struct error *error)
{
    int64_t start_ns = now_ns();
    int64_t end_ns = start_ns + run->options->seconds * 1000000000;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && now_ns() < end_ns && run->answered_count < run->sent_max) {
        status = send_until_full(run, error);
        if (status == STATUS_OK && run->options->acks != 0) {
            status = receive_some(run, error);
        }
    }
    *seconds = (double)(now_ns() - start_ns) / 1e9;
    *answered_count = run->answered_count;
    /* What is still on its way is not counted, but awaited: the next run starts from rest. */
    while (status == STATUS_OK && run->answered_count < run->sent_count) {
        status = receive_some(run, error);
    }
    return status;
}

static void print_result(const struct produce_run *run, double seconds, int64_t answered_count)
{
    double requests = (double)answered_count;
    double records = requests * run->requests[0].records_count;
    double payload = records * (double)run->options->message_bytes;
    printf("requests_per_s=%.0f records_per_s=%.0f mb_per_s=%.2f mb=%.2f batch_records=%d "
           "p50_us=%.1f p99_us=%.1f p999_us=%.1f seconds=%.3f\n",
           requests / seconds, records / seconds, payload / seconds / 1e6, payload / 1e6,
           run->requests[0].records_count, latency_percentile_us(&run->latency, 0.5),
           latency_percentile_us(&run->latency, 0.99), latency_percentile_us(&run->latency, 0.999),
           seconds);
}

enum status load_produce(const struct load_options *options, struct error *error)
{
    struct produce_run *run = calloc(1, sizeof *run);
    double seconds = 0;
    int64_t answered_count = 0;
    if (run == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "produce run");
    }
    run->options = options;
    enum status status = client_open(&run->client, options->address, error);
    if (status == STATUS_OK) {
        status = topic_prepare(&run->client, options->topic, (int32_t)options->partitions, error);
    }
    if (status == STATUS_OK) {
        status = build_requests(run, error);
    }
    if (status == STATUS_OK) {
        status = measure(run, &seconds, &answered_count, error);
    }
    if (status == STATUS_OK) {
        print_result(run, seconds, answered_count);
    }
    for (int64_t i = 0; run->requests != NULL && i < options->partitions; i++) {
        produce_request_free(&run->requests[i]);
    }
    free(run->requests);
    client_close(&run->client);
    free(run);
    return status;
}
