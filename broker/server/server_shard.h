/* What the connections of one shard share: limits, receive buffers, recycled calls, counters.
 *
 * Everything here belongs to the shard's thread. */
#ifndef BROKER_SERVER_SERVER_SHARD_H
#define BROKER_SERVER_SERVER_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "broker/api/api_call.h"
#include "broker/metrics/metrics.h"
#include "broker/server/receive_buffer.h"
#include "broker/server/shard.h"

/* Frames up to this size are copied into their call, so that a call that waits does not keep a
 * large receive buffer. */
#define FRAME_COPY_SIZE_MAX 1024u

/* Calls that are kept for the next request. */
#define CALLS_FREE_MAX 256u

/* Memory that one call may ask for. */
#define CALL_ARENA_SIZE_MAX ((size_t)256 * 1024 * 1024)

/* How often free memory goes back to the system. */
#define SERVER_TRIM_US ((int64_t)2 * 1000 * 1000)

/* One line per second and reason at most says why requests were rejected. */
#define REJECTION_LINE_US ((int64_t)1000 * 1000)

struct server_limits {
    size_t request_bytes_max;  /* socket.request.max.bytes: one frame. */
    size_t received_bytes_max; /* Receive buffers of one shard. */
    size_t output_bytes_max;   /* Responses waiting in one connection. */
    unsigned calls_max;        /* Requests under way in one connection. */
    int64_t idle_us_max;       /* connections.max.idle.ms; INT64_MAX: for ever. */
    int64_t frame_us_max;      /* A begun frame must be whole by then. */
    int64_t stalled_us_max;    /* Responses must move on within it. */
};

struct rejection_line {
    int64_t printed_us; /* 0: never. */
    uint64_t unprinted; /* Since then. */
};

struct server_shard {
    struct shard *shard;
    struct broker_shard *broker; /* Handed to calls; the server does not look into it. */
    struct metrics_shard *metrics;
    struct server_limits limits;
    api_admit_fn *admit; /* api_admit(). */
    struct receive_pool receive_pool;
    struct list connections;
    size_t connections_count;
    struct list starved; /* Connections that wait for receive memory. */
    struct shard_hook starved_hook;
    struct list free_calls;
    size_t free_calls_count;
    size_t free_calls_count_min; /* Since the last trim. */
    struct shard_timer trim_timer;
    struct rejection_line lines[METRIC_COUNT]; /* By the counter of the reason. */
    bool stopping;
    void (*stopped)(struct server_shard *server); /* All connections are gone; see stop(). */
};

/* What Kafka's defaults say. */
struct server_limits server_limits_default(void);

/* `metrics` outlives it. */
void server_shard_init(struct server_shard *server, struct shard *shard,
                       struct broker_shard *broker, struct metrics_shard *metrics,
                       const struct server_limits *limits);

/* All connections must be gone. */
void server_shard_clear(struct server_shard *server);

/* Lets connections end: no more requests are read, those under way are answered. stopped() is
 * called when the last one has gone, perhaps at once. */
void server_shard_stop(struct server_shard *server, void (*stopped)(struct server_shard *server));

/* Closes all connections, answered or not. */
void server_shard_abort(struct server_shard *server);

/* An empty call; NULL when out of memory. */
struct api_call *server_shard_borrow_call(struct server_shard *server);

/* Takes it back, with its arena. */
void server_shard_give_back_call(struct server_shard *server, struct api_call *call);

/* Counts a rejected request, and prints why unless a line with the same reason is just out. */
void server_shard_report(struct server_shard *server, enum metric reason, const char *peer,
                         const char *sentence);

#endif /* BROKER_SERVER_SERVER_SHARD_H */
