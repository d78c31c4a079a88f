#include "replication/metadata/metadata_snapshot.h"

#include <string.h>

#include "replication/metadata/metadata_apply.h"

/* Records only read their lists, but generated structs hold them as writable. */
static struct int32_array ids_of(struct metadata_records *records, struct broker_id_list list)
{
    struct int32_array ids = {
        .items = arena_allocate_array(records->arena, list.count, sizeof(int32_t)),
        .count = list.count,
    };

    if (ids.items == NULL) {
        records->failed = true;
        ids.count = 0;
    } else if (list.count > 0) {
        memcpy(ids.items, list.items, list.count * sizeof(int32_t));
    }
    return ids;
}

static void add_partition(struct metadata_records *records, struct uuid topic_id, size_t index,
                          const struct partition_image *partition)
{
    struct partition_record *record = &metadata_records_add(records, METADATA_PARTITION)->partition;

    record->topic_id = topic_id;
    record->partition_index = (int32_t)index;
    record->leader = partition->leader;
    record->leader_epoch = partition->leader_epoch;
    record->partition_epoch = partition->partition_epoch;
    record->replicas = ids_of(records, partition->replicas);
    record->isr = ids_of(records, partition->isr);
    record->adding_replicas = ids_of(records, partition->adding_replicas);
    record->removing_replicas = ids_of(records, partition->removing_replicas);
    record->eligible_leader_replicas = ids_of(records, partition->eligible_leader_replicas);
    record->last_known_eligible_leader_replicas =
        ids_of(records, partition->last_known_eligible_leader_replicas);
}

static void add_topics(const struct metadata_image *image, struct metadata_records *records)
{
    size_t count = metadata_image_topics_count(image);

    for (size_t i = 0; i < count; i++) {
        const struct topic_image *topic = metadata_image_topic_at(image, i);
        struct topic_record *record = &metadata_records_add(records, METADATA_TOPIC)->topic;
        record->name = topic->name;
        record->topic_id = topic->id;
        for (size_t index = 0; index < topic->partitions_count; index++) {
            add_partition(records, topic->id, index, &topic->partitions[index]);
        }
    }
}

static void add_broker(struct metadata_records *records, const struct broker_image *broker)
{
    struct register_broker_record *record =
        &metadata_records_add(records, METADATA_REGISTER_BROKER)->register_broker;

    record->broker_id = broker->id;
    record->broker_epoch = broker->epoch;
    record->incarnation_id = broker->incarnation_id;
    record->rack = broker->rack;
    record->is_fenced = broker->is_fenced;
    record->in_controlled_shutdown = broker->in_controlled_shutdown;
    record->endpoints.items = arena_allocate_array(records->arena, broker->endpoints_count,
                                                   sizeof(*record->endpoints.items));
    record->log_directories.items =
        arena_allocate_array(records->arena, broker->log_directories_count, sizeof(struct uuid));
    if (record->endpoints.items == NULL || record->log_directories.items == NULL) {
        records->failed = true;
        return;
    }
    record->endpoints.count = broker->endpoints_count;
    record->log_directories.count = broker->log_directories_count;
    for (size_t i = 0; i < broker->endpoints_count; i++) {
        record->endpoints.items[i].listener_name = broker->endpoints[i].listener_name;
        record->endpoints.items[i].security_protocol = broker->endpoints[i].security_protocol;
        record->endpoints.items[i].host = broker->endpoints[i].host;
        record->endpoints.items[i].port = broker->endpoints[i].port;
    }
    for (size_t i = 0; i < broker->log_directories_count; i++) {
        record->log_directories.items[i] = broker->log_directories[i];
    }
}

static void add_config(struct metadata_records *records, const struct config_image *config)
{
    for (size_t i = 0; i < config->entries_count; i++) {
        struct config_record *record = &metadata_records_add(records, METADATA_CONFIG)->config;
        record->resource_type = (int8_t)config->type;
        record->resource_name = config->name;
        record->name = config->entries[i].key;
        record->value = config->entries[i].value;
    }
}

void metadata_snapshot_records(const struct metadata_image *image, struct metadata_records *records)
{
    for (size_t i = 0; i < metadata_image_features_count(image); i++) {
        const struct feature_image *feature = metadata_image_feature_at(image, i);
        struct feature_level_record *record =
            &metadata_records_add(records, METADATA_FEATURE_LEVEL)->feature_level;
        record->name = feature->name;
        record->level = feature->level;
    }
    for (size_t i = 0; i < metadata_image_brokers_count(image); i++) {
        add_broker(records, metadata_image_broker_at(image, i));
    }
    add_topics(image, records);
    for (size_t i = 0; i < metadata_image_configs_count(image); i++) {
        add_config(records, metadata_image_config_at(image, i));
    }
    if (metadata_image_next_producer_id(image) > 0) {
        struct producer_ids_record *record =
            &metadata_records_add(records, METADATA_PRODUCER_IDS)->producer_ids;
        record->broker_id = -1;
        record->broker_epoch = -1;
        record->next_producer_id = metadata_image_next_producer_id(image);
    }
}

enum status metadata_snapshot_write(const struct metadata_image *image, struct arena *arena,
                                    struct bytes *snapshot, struct error *error)
{
    struct metadata_records records;

    metadata_records_init(&records, arena);
    metadata_snapshot_records(image, &records);
    return metadata_records_encode(&records, arena, snapshot, error);
}

enum status metadata_snapshot_read(struct bytes snapshot, int64_t offset,
                                   struct metadata_image **image, struct error *error)
{
    struct metadata_image *empty = metadata_image_create_empty();
    struct metadata_builder *builder = empty == NULL ? NULL : metadata_builder_create(empty);
    enum status status;

    metadata_image_release(empty);
    if (builder == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a snapshot of the metadata");
    }
    status = metadata_builder_apply_batch(builder, snapshot, error);
    if (status == STATUS_OK) {
        status = metadata_builder_finish(builder, offset, image, error);
    }
    metadata_builder_destroy(builder);
    return status;
}
