/* What a metadata image is made of. Only replication/metadata uses this. */
#ifndef REPLICATION_METADATA_METADATA_IMAGE_PARTS_H
#define REPLICATION_METADATA_METADATA_IMAGE_PARTS_H

#include "replication/metadata/metadata_image.h"
#include "replication/metadata/shared_table.h"

struct metadata_image {
    struct counted counted; /* First. */
    int64_t offset;
    struct shared_table topics_by_name;
    struct shared_table topics_by_id;
    struct shared_table topics_by_unified_name; /* Those with '.' or '_' in their name. */
    struct shared_table brokers;
    struct shared_table configs;
    struct shared_table features;
    size_t partitions_count;
    int64_t next_producer_id;
};

struct broker_item {
    struct counted counted; /* First. */
    struct broker_image image;
};

struct config_item {
    struct counted counted; /* First. */
    struct config_image image;
};

struct feature_item {
    struct counted counted; /* First. */
    struct feature_image image;
};

struct config_key {
    enum config_resource_type type;
    struct text name;
};

/* Names that are equal once '.' is read as '_' are neighbours: ordered by that, then as they are.
 * An empty `exact` is before all of them. */
struct unified_name_key {
    struct text unified;
    struct text exact;
};

/* Orders of the tables. Keys: struct text. */
int topic_compare_name(const void *key, const struct counted *item);
/* Key: struct uuid. */
int topic_compare_id(const void *key, const struct counted *item);
/* Key: struct unified_name_key. */
int topic_compare_unified_name(const void *key, const struct counted *item);
/* Key: int32_t. */
int broker_compare_id(const void *key, const struct counted *item);
/* Key: struct config_key. */
int config_compare(const void *key, const struct counted *item);
/* Key: struct text. */
int feature_compare_name(const void *key, const struct counted *item);

/* Whether the name is listed in topics_by_unified_name. */
bool topic_name_may_collide(struct text name);

/* An image that shares everything with `image`; the caller may change it until it hands it on.
 * NULL when out of memory. */
struct metadata_image *metadata_image_copy(const struct metadata_image *image);

/* Frees an item that is one block of memory with its struct counted first. */
void metadata_item_free(struct counted *counted);

#endif /* REPLICATION_METADATA_METADATA_IMAGE_PARTS_H */
