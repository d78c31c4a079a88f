/* Immutable items of an image, each one block of memory with its texts and lists inside. Only
 * replication/metadata uses this.
 *
 * Every function answers NULL when out of memory; the caller owns one reference. */
#ifndef REPLICATION_METADATA_METADATA_ITEMS_H
#define REPLICATION_METADATA_METADATA_ITEMS_H

#include "replication/metadata/metadata_image_parts.h"
#include "replication/metadata/metadata_record.h"

/* Copies name, id and all partitions with their lists. */
struct topic_image *topic_item_create(struct text name, struct uuid id,
                                      const struct partition_image *partitions,
                                      size_t partitions_count);

/* The broker as it registers. */
struct broker_item *broker_item_create(const struct register_broker_record *record);

/* The same broker with other marks. */
struct broker_item *broker_item_copy(const struct broker_image *broker, bool is_fenced,
                                     bool in_controlled_shutdown);

/* `config` (may be NULL: nothing so far) with one key set, or taken away when `value` is null. */
struct config_item *config_item_create(const struct config_key *key,
                                       const struct config_image *config, struct text name,
                                       struct text value);

/* A feature at a level. */
struct feature_item *feature_item_create(struct text name, int16_t level);

#endif /* REPLICATION_METADATA_METADATA_ITEMS_H */
