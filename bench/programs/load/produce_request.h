/* One produce request, built once and sent again and again: version 7, one partition, one batch. */
#ifndef BENCH_PROGRAMS_LOAD_PRODUCE_REQUEST_H
#define BENCH_PROGRAMS_LOAD_PRODUCE_REQUEST_H

#include "bench/programs/load/client.h"

struct produce_request {
    struct bytes bytes; /* Owned: the whole frame. */
    uint8_t *batch;     /* In it. */
    size_t batch_size;
    uint8_t *first_value; /* In it: the value of the first record. */
    int32_t records_count;
};

/* Fills a batch with records of `message_size` bytes up to `batch_size`, with at least one.
 * Released by produce_request_free(). */
MUST_USE enum status produce_request_build(struct produce_request *request, const char *topic,
                                           int32_t partition, int16_t acks, size_t message_size,
                                           size_t batch_size, struct error *error);

/* Frees the frame. */
void produce_request_free(struct produce_request *request);

/* Computes the batch's checksum anew, after its records were changed. */
void produce_request_seal(struct produce_request *request);

/* Reads the answer. STATUS_INVALID when the server refused the batch. */
MUST_USE enum status produce_answer_read(struct byte_reader *body, struct error *error);

#endif /* BENCH_PROGRAMS_LOAD_PRODUCE_REQUEST_H */
