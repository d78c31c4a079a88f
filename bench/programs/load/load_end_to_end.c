#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/programs/load/fetch_request.h"
#include "bench/programs/load/latency.h"
#include "bench/programs/load/load_modes.h"
#include "bench/programs/load/produce_request.h"
#include "bench/programs/load/topic.h"
#include "proto/record/record_batch.h"

struct end_to_end_run {
    const struct load_options *options;
    struct client producer;
    struct client consumer;
    struct produce_request request;
    struct fetch_request fetch;
    struct fetch_totals totals;
    size_t
        value_at; /* Place of the value in a batch of one record; it begins with the send time. */
    int64_t sent_count;
    int64_t answered_count;
    struct latency latency; /* Send to receive. */
};

static enum status prepare(struct end_to_end_run *run, struct error *error)
{
    const struct load_options *options = run->options;
    enum status status = client_open(&run->producer, options->address, error);
    if (status == STATUS_OK) {
        status = client_open(&run->consumer, options->address, error);
    }
    if (status == STATUS_OK) {
        status = topic_prepare(&run->producer, options->topic, 1, error);
    }
    if (status == STATUS_OK) {
        status = produce_request_build(&run->request, options->topic, 0, (int16_t)options->acks,
                                       (size_t)options->message_bytes, 1, error);
    }
    if (status == STATUS_OK) {
        run->value_at = (size_t)(run->request.first_value - run->request.batch);
        status = fetch_request_init(&run->fetch, options->topic, 1, (size_t)options->fetch_bytes,
                                    options->verify != 0, error);
    }
    if (status == STATUS_OK) {
        status = topic_offsets(&run->producer, options->topic, 1, -1, run->fetch.positions, error);
    }
    return status;
}

static enum status send_record(struct end_to_end_run *run, struct error *error)
{
    store_i64(run->request.first_value, now_ns());
    produce_request_seal(&run->request);
    run->sent_count++;
    return client_send(&run->producer, run->request.bytes, error);
}

static enum status receive_acknowledgements(struct end_to_end_run *run, struct error *error)
{
    struct byte_reader body;
    do {
        enum status status = client_receive(&run->producer, &body, error);
        if (status == STATUS_OK) {
            status = produce_answer_read(&body, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        run->answered_count++;
    } while (client_has_answer(&run->producer));
    return STATUS_OK;
}

/* Every record is a batch of its own; the answer's batches lie one behind the other. */
static enum status receive_records(struct end_to_end_run *run, struct error *error)
{
    struct byte_reader body;
    int64_t batches_before = run->totals.batches_count;
    enum status status = client_receive(&run->consumer, &body, error);
    int64_t time_ns = now_ns();
    if (status == STATUS_OK) {
        status = fetch_answer_read(&run->fetch, &body, &run->totals, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const uint8_t *batch = run->totals.last_batch;
    for (int64_t i = run->totals.batches_count - batches_before; i > 0; i--) {
        if (run->totals.last_batch_size != run->request.batch_size) {
            return error_set(error, STATUS_INVALID, "topic %s has other records",
                             run->options->topic);
        }
        latency_add(&run->latency, time_ns - load_i64(batch + run->value_at));
        batch -= run->request.batch_size;
    }
    return fetch_request_send(&run->fetch, &run->consumer, error);
}

static enum status step(struct end_to_end_run *run, int64_t wait_ns, struct error *error)
{
    struct pollfd sockets[] = {{run->producer.socket, POLLIN, 0},
                               {run->consumer.socket, POLLIN, 0}};
    struct timespec timeout = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
    enum status status = STATUS_OK;
    if (ppoll(sockets, 2, &timeout, NULL) <= 0) {
        return STATUS_OK;
    }
    if (sockets[0].revents != 0) {
        status = receive_acknowledgements(run, error);
    }
    if (status == STATUS_OK && sockets[1].revents != 0) {
        status = receive_records(run, error);
    }
    return status;
}

static enum status measure(struct end_to_end_run *run, double *seconds, struct error *error)
{
    int64_t interval_ns = 1000000000 / run->options->rate;
    int64_t start_ns = now_ns();
    int64_t end_ns = start_ns + run->options->seconds * 1000000000;
    int64_t next_ns = start_ns;
    prctl(PR_SET_TIMERSLACK, 1UL); /* The default of 50 us is as long as what is measured. */
    enum status status = fetch_request_send(&run->fetch, &run->consumer, error);
    int64_t time_ns = start_ns;
    while (status == STATUS_OK && time_ns < end_ns) {
        if (time_ns >= next_ns) {
            status = send_record(run, error);
            next_ns += interval_ns;
        } else {
            status = step(run, next_ns - time_ns, error);
        }
        time_ns = now_ns();
    }
    *seconds = (double)(time_ns - start_ns) / 1e9;
    return status;
}

enum status load_end_to_end(const struct load_options *options, struct error *error)
{
    struct end_to_end_run *run = calloc(1, sizeof *run);
    double seconds = 0;
    if (run == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "end-to-end run");
    }
    run->options = options;
    run->producer.socket = -1;
    run->consumer.socket = -1;
    enum status status = prepare(run, error);
    if (status == STATUS_OK) {
        status = measure(run, &seconds, error);
    }
    if (status == STATUS_OK) {
        printf("records_per_s=%.0f acknowledged=%lld received=%llu p50_us=%.1f p99_us=%.1f "
               "p999_us=%.1f seconds=%.3f\n",
               (double)run->sent_count / seconds, (long long)run->answered_count,
               (unsigned long long)run->latency.count, latency_percentile_us(&run->latency, 0.5),
               latency_percentile_us(&run->latency, 0.99),
               latency_percentile_us(&run->latency, 0.999), seconds);
    }
    produce_request_free(&run->request);
    fetch_request_free(&run->fetch);
    client_close(&run->producer);
    client_close(&run->consumer);
    free(run);
    return status;
}
