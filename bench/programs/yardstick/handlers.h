/* The five requests that a producer and a consumer cannot do without, each at the version that the
 * load generator uses (and kcat accepts):
 *
 *      0 Produce 3-7      1 Fetch 11      2 ListOffsets 2      3 Metadata 0-4      18 ApiVersions
 * 0-2
 *
 * There is one topic; it has the name that was asked for last. Bodies are read with bounds, but
 * what they say is believed: this is a measuring stick, not a server. */
#ifndef BENCH_PROGRAMS_YARDSTICK_HANDLERS_H
#define BENCH_PROGRAMS_YARDSTICK_HANDLERS_H

#include <stdint.h>

#include "bench/programs/yardstick/connection.h"
#include "bench/programs/yardstick/partition.h"

#define TOPIC_NAME_SIZE_MAX 249

/* What the requests work on. */
struct broker {
    struct append_engine engine;
    struct partition *partitions; /* Owned. */
    int32_t partitions_count;
    int32_t port;
    char topic[TOPIC_NAME_SIZE_MAX];
    size_t topic_size;
    unsigned fetch_turn; /* Which partition a fetch looks at first. */
};

enum handled {
    HANDLED,         /* The answer, if any, is in the connection's output. */
    HANDLED_LATER,   /* A fetch that waits: call again when there is data, or at its deadline. */
    HANDLED_REFUSED, /* Close the connection; `error` says why. */
};

/* Answers one request of `size` bytes. Produce patches the batches in `frame`. */
enum handled broker_handle(struct broker *broker, struct connection *connection, uint8_t *frame,
                           size_t size, int64_t now_ms, struct error *error);

#endif /* BENCH_PROGRAMS_YARDSTICK_HANDLERS_H */
