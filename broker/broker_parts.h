/* What a broker is made of; for broker/broker*.c only. */
#ifndef BROKER_BROKER_PARTS_H
#define BROKER_BROKER_PARTS_H

#include <stdatomic.h>

#include "broker/broker.h"
#include "broker/broker_shard.h"
#include "broker/metrics/metrics.h"
#include "broker/server/listener.h"
#include "broker/server/server_shard.h"
#include "broker/server/shard_loop.h"
#include "broker/server/signal_watch.h"
#include "storage/io/disk_queue.h"

#define BROKER_SHARDS_MAX 64u

/* Everything that belongs to one shard. */
struct broker_unit {
    struct broker *broker;
    struct disk_queue *disk_queue;
    struct shard *shard;
    struct metrics_shard *metrics;
    struct server_shard server;
    struct broker_shard part; /* What handlers see. */
    struct shard_message stop_message;
    struct shard_message abort_message;
    struct shard_message stopped_message;
    bool is_serving; /* `server` is in use. */
    bool is_started; /* Its thread runs. */
};

struct broker {
    struct broker_options options;
    unsigned units_count;
    struct broker_unit *units;
    struct broker_shard *siblings[BROKER_SHARDS_MAX];
    struct server_shard *servers[BROKER_SHARDS_MAX];
    struct endpoints endpoints;
    struct listeners *listeners;
    struct signal_watch *signals;
    struct shard_message stop_request;
    _Atomic bool stop_posted; /* stop_request is in a mailbox. */
    struct shard_timer stop_timer;
    unsigned stop_requests; /* Only on shard 0. */
    unsigned units_serving; /* Only on shard 0: that have not yet answered everything. */
};

/* Binds the listeners of the configuration. */
MUST_USE enum status broker_open_listeners(struct broker *broker, struct error *error);

/* The limits of one shard. */
struct server_limits broker_server_limits(const struct broker *broker);

/* "HOST:PORT HOST:PORT". */
void broker_format_addresses(const struct broker *broker, char text[BROKER_READY_SIZE_MAX]);

#endif /* BROKER_BROKER_PARTS_H */
