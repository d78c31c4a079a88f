/* What a broker keeps per shard, and what its shards share: handed to every handler by its call.
 *
 * broker/broker.c makes these in order; nobody else knows all parts. */
#ifndef BROKER_BROKER_SHARD_H
#define BROKER_BROKER_SHARD_H

#include <stdint.h>

#include "base/list.h"
#include "broker/config/broker_config.h"
#include "broker/server/shard.h"
#include "replication/metadata/metadata_image.h"
#include "replication/partition/partition_table.h"

/* Shards of one broker. */
#define BROKER_SHARDS_MAX 64u

struct broker;
struct controller_client; /* broker/controller_client.h: commands to the active controller. */
struct fetch_session_cache;
struct log_keeper;
struct metrics_shard;
struct producer_ids;
struct shard;

struct broker_shard {
    struct broker *broker;
    struct shard *shard;
    struct broker_shard *const *siblings; /* All shards' parts, by index. */
    unsigned siblings_count;
    const struct broker_config *config; /* Immutable; replaced by message when it changes. */
    struct metadata_image *image;       /* One reference; replaced by message. */
    struct partition_table *partitions; /* Those that this shard owns. */
    struct fetch_session_cache *fetch_sessions;
    struct controller_client *controller;
    struct metrics_shard *metrics;
    struct random *random;
    struct file_system *files;
    const struct log_keeper *log_keeper; /* broker/log_keeper.h */
    struct producer_ids *producer_ids;   /* broker/producer_ids.h */
    struct text cluster_id;
    struct shard_hook flush_hook; /* Asked for after an append: starts a flush round. */
    struct list parked_appends;   /* produce_item: no buffer was free; tried after a flush. */
    int32_t node_id;
};

/* The index of the shard that owns a partition. */
unsigned broker_shard_of_partition(const struct broker_shard *broker, struct uuid topic_id,
                                   int32_t partition);

#endif /* BROKER_BROKER_SHARD_H */
