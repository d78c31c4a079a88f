/* One fetch, version 11 without a session, of all partitions of a topic; its answer moves on where
 * each of them is read. */
#ifndef BENCH_PROGRAMS_LOAD_FETCH_REQUEST_H
#define BENCH_PROGRAMS_LOAD_FETCH_REQUEST_H

#include "bench/programs/load/client.h"

struct fetch_request {
    const char *topic; /* Borrowed. */
    int32_t partitions;
    int64_t *positions; /* Owned: the next offset of each partition. */
    size_t partition_size_max;
    bool verify; /* Check checksums and that offsets have no gaps. */
    uint8_t *memory;
    size_t memory_size;
};

/* What an answer held. */
struct fetch_totals {
    int64_t records_count;
    int64_t batches_count;
    int64_t batch_bytes;
    const uint8_t *last_batch; /* In the answer; NULL when there was none. */
    size_t last_batch_size;
};

/* Starts at offset 0 everywhere. Released by fetch_request_free(). */
MUST_USE enum status fetch_request_init(struct fetch_request *request, const char *topic,
                                        int32_t partitions, size_t partition_size_max, bool verify,
                                        struct error *error);

/* Frees the memory. */
void fetch_request_free(struct fetch_request *request);

/* Sends the fetch from where the partitions are. */
MUST_USE enum status fetch_request_send(struct fetch_request *request, struct client *client,
                                        struct error *error);

/* Reads the answer, adds what it held to `totals` and moves on. STATUS_CORRUPT when `verify` finds
 * something, STATUS_INVALID when the server answers with a code. */
MUST_USE enum status fetch_answer_read(struct fetch_request *request, struct byte_reader *body,
                                       struct fetch_totals *totals, struct error *error);

#endif /* BENCH_PROGRAMS_LOAD_FETCH_REQUEST_H */
