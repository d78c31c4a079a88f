/* What a broker is made of; for broker/broker*.c only. */
#ifndef BROKER_BROKER_PARTS_H
#define BROKER_BROKER_PARTS_H

#include <stdatomic.h>

#include "broker/broker.h"
#include "broker/broker_shard.h"
#include "broker/controller_client.h"
#include "broker/log_keeper.h"
#include "broker/metrics/metrics.h"
#include "broker/server/listener.h"
#include "broker/server/server_shard.h"
#include "broker/server/shard_loop.h"
#include "broker/server/signal_watch.h"
#include "replication/controller/controller.h"
#include "storage/io/disk_queue.h"
#include "storage/io/open_files.h"
#include "storage/io/segment_cache.h"
#include "storage/log/partition_log.h"

/* Everything that belongs to one shard. */
struct broker_registration; /* broker_registration.c */

struct broker_unit {
    struct broker *broker;
    struct disk_queue *disk_queue;
    struct shard *shard;
    struct metrics_shard *metrics;
    struct server_shard server;
    struct broker_shard part; /* What handlers see. */
    struct buffer_pool *buffers;
    struct segment_cache *segment_cache;
    struct open_files *open_files;
    struct log_context log_context;
    struct shard_timer flush_timer;
    struct shard_timer checkpoint_timer;
    struct shard_timer retention_timer;
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
    struct endpoints advertised_endpoints;
    struct listeners *listeners;
    struct signal_watch *signals;
    struct admin *admin; /* NULL when admin.listener is empty or its port is taken. */
    struct shard_message stop_request;
    _Atomic bool stop_posted; /* stop_request is in a mailbox. */
    struct shard_timer stop_timer;
    struct log_keeper *log_keeper;
    struct controller *controller;
    struct controller_client *controller_client;
    struct shard_timer controller_timer;
    struct broker_registration *registration;
    struct broker_adoption *adoption; /* NULL unless data directories are taken over. */
    void (*ready)(void *context, const char *addresses);
    void *ready_context;
    _Atomic bool has_failed; /* Storage: nothing may be marked clean. */
    struct error failure;    /* Only on shard 0, valid once has_failed. */
    struct shard_message failure_message;
    _Atomic bool failure_posted;
    unsigned stop_requests; /* Only on shard 0. */
    unsigned units_serving; /* Only on shard 0: that have not yet answered everything. */
    bool is_aborted;        /* Only on shard 0: connections were closed, answered or not. */
    bool is_stuck;          /* Even then requests did not end: nothing can be closed. */
};

/* Binds the listeners of the configuration. */
MUST_USE enum status broker_open_listeners(struct broker *broker, struct error *error);

/* Opens the log directories and each shard's part of storage. */
MUST_USE enum status broker_open_storage(struct broker *broker, struct error *error);

/* Before the shards run: what each does by time. */
void broker_start_storage_timers(struct broker *broker);

/* Flushes and closes what shards have of storage, then the directories. No shard runs. */
MUST_USE enum status broker_close_storage(struct broker *broker, struct error *error);

/* Opens the metadata log; directories are open and listeners bound. */
MUST_USE enum status broker_open_controller(struct broker *broker, struct error *error);

/* On shard 0, as soon as it runs: hands out the image, starts the controller's clock, registers
 * this broker, and calls `registered` when every shard has taken over an image with it. */
void broker_start_metadata(struct broker *broker, void (*registered)(struct broker *broker));

/* On shard 0, when it is to end: no more timers. */
void broker_stop_metadata(struct broker *broker);

/* No shard runs. */
void broker_close_controller(struct broker *broker);

/* Any thread: storage has failed for good. The broker stops without marking anything clean. */
void broker_fail(struct broker *broker, const struct error *error);

/* Opens the admin listener. That it cannot is a warning only. */
MUST_USE enum status broker_open_admin(struct broker *broker, struct error *error);

/* The limits of one shard. */
struct server_limits broker_server_limits(const struct broker *broker);

/* "HOST:PORT HOST:PORT". */
void broker_format_addresses(const struct broker *broker, char text[BROKER_READY_SIZE_MAX]);

#endif /* BROKER_BROKER_PARTS_H */
