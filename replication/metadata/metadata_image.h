/* The cluster's metadata at one offset of the metadata log: immutable, counted, shared.
 *
 * Every shard holds a reference and is handed the next image by message. Topics are counted on
 * their own, so that two images share what did not change. Readers on any thread. */
#ifndef REPLICATION_METADATA_METADATA_IMAGE_H
#define REPLICATION_METADATA_METADATA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/counted.h"
#include "base/uuid.h"

/* Resource types of configurations (Kafka's numbers). */
enum config_resource_type {
    CONFIG_RESOURCE_TOPIC = 2,
    CONFIG_RESOURCE_BROKER = 4,
    CONFIG_RESOURCE_BROKER_LOGGER = 8,
    CONFIG_RESOURCE_CLIENT_METRICS = 16,
    CONFIG_RESOURCE_GROUP = 32,
};

struct broker_id_list {
    const int32_t *items;
    size_t count;
};

struct partition_image {
    int32_t leader; /* -1: none. */
    int32_t leader_epoch;
    int32_t partition_epoch;
    struct broker_id_list replicas; /* The first is preferred. */
    struct broker_id_list isr;
    struct broker_id_list eligible_leader_replicas;
    struct broker_id_list last_known_eligible_leader_replicas;
    struct broker_id_list adding_replicas;
    struct broker_id_list removing_replicas;
};

struct topic_image {
    struct counted counted;
    struct text name;
    struct uuid id;
    bool is_internal;                         /* __consumer_offsets and its like. */
    const struct partition_image *partitions; /* By index. */
    size_t partitions_count;
};

struct endpoint_image {
    struct text listener_name;
    struct text security_protocol;
    struct text host; /* "" when the broker answers with the address that the client dialled. */
    uint16_t port;
};

struct broker_image {
    int32_t id;
    int64_t epoch;
    struct uuid incarnation_id;
    struct text rack; /* TEXT_NULL: none. */
    bool is_fenced;
    bool in_controlled_shutdown;
    const struct endpoint_image *endpoints;
    size_t endpoints_count;
    const struct uuid *log_directories;
    size_t log_directories_count;
};

struct config_entry {
    struct text key;
    struct text value;
};

struct config_image {
    enum config_resource_type type;
    struct text name; /* Topic, broker id, group; "" is the cluster-wide broker default. */
    const struct config_entry *entries; /* Sorted by key. */
    size_t entries_count;
};

struct feature_image {
    struct text name;
    int16_t level;
};

struct metadata_image; /* Opaque: see the functions. */

/* An image of nothing, at offset -1. NULL when out of memory. One reference for the caller. */
struct metadata_image *metadata_image_create_empty(void);

/* Adds and gives back a reference. NULL is allowed. */
struct metadata_image *metadata_image_retain(struct metadata_image *image);
/* As metadata_image_retain(). */
void metadata_image_release(struct metadata_image *image);

/* Offset of the last record in it, -1 when empty. */
int64_t metadata_image_offset(const struct metadata_image *image);

/* NULL when there is none. Borrowed from the image. */
const struct topic_image *metadata_image_topic(const struct metadata_image *image,
                                               struct text name);
/* As metadata_image_topic(). */
const struct topic_image *metadata_image_topic_by_id(const struct metadata_image *image,
                                                     struct uuid id);
/* A topic whose name differs only in '.' and '_' (Kafka's metric-name collision), or NULL. */
const struct topic_image *metadata_image_colliding_topic(const struct metadata_image *image,
                                                         struct text name);
/* All topics sorted by name: index 0 … count - 1. */
size_t metadata_image_topics_count(const struct metadata_image *image);
/* As above. */
const struct topic_image *metadata_image_topic_at(const struct metadata_image *image, size_t index);
/* Index of the first topic with a name >= `name`. */
size_t metadata_image_topic_lower_bound(const struct metadata_image *image, struct text name);
/* Partitions of all topics. */
size_t metadata_image_partitions_count(const struct metadata_image *image);

/* NULL when there is none. */
const struct broker_image *metadata_image_broker(const struct metadata_image *image, int32_t id);
/* All brokers sorted by id. */
size_t metadata_image_brokers_count(const struct metadata_image *image);
/* As above. */
const struct broker_image *metadata_image_broker_at(const struct metadata_image *image,
                                                    size_t index);

/* NULL when the resource has no configuration of its own. */
const struct config_image *metadata_image_config(const struct metadata_image *image,
                                                 enum config_resource_type type, struct text name);
/* The value of one key; TEXT_NULL when it is not set there. */
struct text metadata_image_config_value(const struct metadata_image *image,
                                        enum config_resource_type type, struct text name,
                                        struct text key);
/* All resources with configuration, sorted by type and name. */
size_t metadata_image_configs_count(const struct metadata_image *image);
/* As above. */
const struct config_image *metadata_image_config_at(const struct metadata_image *image,
                                                    size_t index);

/* Finalised features sorted by name. */
size_t metadata_image_features_count(const struct metadata_image *image);
/* As above. */
const struct feature_image *metadata_image_feature_at(const struct metadata_image *image,
                                                      size_t index);

/* First producer id of the next block. */
int64_t metadata_image_next_producer_id(const struct metadata_image *image);

#endif /* REPLICATION_METADATA_METADATA_IMAGE_H */
