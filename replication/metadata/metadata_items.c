#include "replication/metadata/metadata_items.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* Hands out parts of one block. Parts are taken in the order of their alignment: structs with
 * pointers first, then numbers, then characters. */
struct block {
    uint8_t *position;
    uint8_t *end;
};

static void *block_take(struct block *block, size_t size)
{
    void *part = block->position;

    ASSERT((size_t)(block->end - block->position) >= size);
    block->position += size;
    return part;
}

static struct text block_text(struct block *block, struct text text)
{
    if (text.data == NULL) {
        return TEXT_NULL;
    }
    char *copy = block_take(block, text.size);
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return (struct text){.data = copy, .size = text.size};
}

static struct broker_id_list block_ids(struct block *block, struct broker_id_list list)
{
    int32_t *copy = block_take(block, list.count * sizeof(*copy));

    if (list.count > 0) {
        memcpy(copy, list.items, list.count * sizeof(*copy));
    }
    return (struct broker_id_list){.items = copy, .count = list.count};
}

/* `size` bytes behind a struct of `struct_size` bytes; *block gives them out. */
static void *block_create(size_t struct_size, size_t size, struct block *block)
{
    uint8_t *memory = calloc(1, struct_size + size);

    if (memory != NULL) {
        block->position = memory + struct_size;
        block->end = block->position + size;
    }
    return memory;
}

static bool ids_equal(struct broker_id_list a, struct broker_id_list b)
{
    return a.count == b.count &&
           (a.count == 0 || memcmp(a.items, b.items, a.count * sizeof(*a.items)) == 0);
}

/* Ids that a copy of the partition needs: most are in sync, and share the list of replicas. */
static size_t partition_ids_count(const struct partition_image *partition)
{
    size_t isr_count = ids_equal(partition->isr, partition->replicas) ? 0 : partition->isr.count;

    return partition->replicas.count + isr_count + partition->eligible_leader_replicas.count +
           partition->last_known_eligible_leader_replicas.count + partition->adding_replicas.count +
           partition->removing_replicas.count;
}

static void copy_partition(struct block *block, const struct partition_image *from,
                           struct partition_image *to)
{
    *to = *from;
    to->replicas = block_ids(block, from->replicas);
    to->isr = ids_equal(from->isr, from->replicas) ? to->replicas : block_ids(block, from->isr);
    to->eligible_leader_replicas = block_ids(block, from->eligible_leader_replicas);
    to->last_known_eligible_leader_replicas =
        block_ids(block, from->last_known_eligible_leader_replicas);
    to->adding_replicas = block_ids(block, from->adding_replicas);
    to->removing_replicas = block_ids(block, from->removing_replicas);
}

static bool is_internal_name(struct text name)
{
    return text_equal(name, TEXT_LITERAL("__consumer_offsets")) ||
           text_equal(name, TEXT_LITERAL("__transaction_state")) ||
           text_equal(name, TEXT_LITERAL("__share_group_state"));
}

struct topic_image *topic_item_create(struct text name, struct uuid id,
                                      const struct partition_image *partitions,
                                      size_t partitions_count)
{
    struct block block;
    size_t ids_count = 0;

    for (size_t i = 0; i < partitions_count; i++) {
        ids_count += partition_ids_count(&partitions[i]);
    }
    struct topic_image *topic = block_create(
        sizeof(*topic),
        partitions_count * sizeof(*partitions) + ids_count * sizeof(int32_t) + name.size, &block);
    if (topic == NULL) {
        return NULL;
    }
    struct partition_image *copies = block_take(&block, partitions_count * sizeof(*copies));
    counted_init(&topic->counted, metadata_item_free);
    topic->id = id;
    topic->is_internal = is_internal_name(name);
    topic->partitions = copies;
    topic->partitions_count = partitions_count;
    for (size_t i = 0; i < partitions_count; i++) {
        copy_partition(&block, &partitions[i], &copies[i]);
    }
    topic->name = block_text(&block, name);
    return topic;
}

struct broker_item *broker_item_create(const struct register_broker_record *record)
{
    struct endpoint_image *endpoints;
    struct block block;
    size_t texts_size = record->rack.size;

    for (size_t i = 0; i < record->endpoints.count; i++) {
        const struct register_broker_record_endpoint *endpoint = &record->endpoints.items[i];
        texts_size +=
            endpoint->listener_name.size + endpoint->security_protocol.size + endpoint->host.size;
    }
    struct broker_item *item =
        block_create(sizeof(*item),
                     record->endpoints.count * sizeof(*endpoints) +
                         record->log_directories.count * UUID_SIZE + texts_size,
                     &block);
    if (item == NULL) {
        return NULL;
    }
    struct broker_image *broker = &item->image;
    counted_init(&item->counted, metadata_item_free);
    broker->id = record->broker_id;
    broker->epoch = record->broker_epoch;
    broker->incarnation_id = record->incarnation_id;
    broker->is_fenced = record->is_fenced;
    broker->in_controlled_shutdown = record->in_controlled_shutdown;
    endpoints = block_take(&block, record->endpoints.count * sizeof(*endpoints));
    struct uuid *directories = block_take(&block, record->log_directories.count * UUID_SIZE);
    for (size_t i = 0; i < record->log_directories.count; i++) {
        directories[i] = record->log_directories.items[i];
    }
    for (size_t i = 0; i < record->endpoints.count; i++) {
        const struct register_broker_record_endpoint *endpoint = &record->endpoints.items[i];
        endpoints[i].listener_name = block_text(&block, endpoint->listener_name);
        endpoints[i].security_protocol = block_text(&block, endpoint->security_protocol);
        endpoints[i].host = block_text(&block, endpoint->host);
        endpoints[i].port = endpoint->port;
    }
    broker->rack = block_text(&block, record->rack);
    broker->endpoints = endpoints;
    broker->endpoints_count = record->endpoints.count;
    broker->log_directories = directories;
    broker->log_directories_count = record->log_directories.count;
    return item;
}

struct broker_item *broker_item_copy(const struct broker_image *broker, bool is_fenced,
                                     bool in_controlled_shutdown)
{
    struct register_broker_record_endpoint *endpoints =
        calloc(broker->endpoints_count + 1, sizeof(*endpoints));
    struct uuid *directories = calloc(broker->log_directories_count + 1, sizeof(*directories));
    struct broker_item *item = NULL;

    if (endpoints != NULL && directories != NULL) {
        for (size_t i = 0; i < broker->endpoints_count; i++) {
            endpoints[i].listener_name = broker->endpoints[i].listener_name;
            endpoints[i].security_protocol = broker->endpoints[i].security_protocol;
            endpoints[i].host = broker->endpoints[i].host;
            endpoints[i].port = broker->endpoints[i].port;
        }
        for (size_t i = 0; i < broker->log_directories_count; i++) {
            directories[i] = broker->log_directories[i];
        }
        item = broker_item_create(&(struct register_broker_record){
            .broker_id = broker->id,
            .incarnation_id = broker->incarnation_id,
            .broker_epoch = broker->epoch,
            .endpoints = {.items = endpoints, .count = broker->endpoints_count},
            .rack = broker->rack,
            .is_fenced = is_fenced,
            .in_controlled_shutdown = in_controlled_shutdown,
            .log_directories = {.items = directories, .count = broker->log_directories_count},
        });
    }
    free(endpoints);
    free(directories);
    return item;
}

struct config_item *config_item_create(const struct config_key *key,
                                       const struct config_image *config, struct text name,
                                       struct text value)
{
    size_t old_count = config == NULL ? 0 : config->entries_count;
    size_t texts_size = key->name.size + name.size + value.size;
    struct block block;

    for (size_t i = 0; i < old_count; i++) {
        texts_size += config->entries[i].key.size + config->entries[i].value.size;
    }
    struct config_item *item = block_create(
        sizeof(*item), (old_count + 1) * sizeof(struct config_entry) + texts_size, &block);
    if (item == NULL) {
        return NULL;
    }
    struct config_entry *entries = block_take(&block, (old_count + 1) * sizeof(*entries));
    size_t count = 0;
    bool is_placed = value.data == NULL;
    counted_init(&item->counted, metadata_item_free);
    for (size_t i = 0; i <= old_count; i++) {
        int order = i == old_count ? 1 : text_compare(config->entries[i].key, name);
        if (order >= 0 && !is_placed) {
            entries[count].key = block_text(&block, name);
            entries[count++].value = block_text(&block, value);
            is_placed = true;
        }
        if (i < old_count && order != 0) {
            entries[count].key = block_text(&block, config->entries[i].key);
            entries[count++].value = block_text(&block, config->entries[i].value);
        }
    }
    item->image.type = key->type;
    item->image.name = block_text(&block, key->name);
    item->image.entries = entries;
    item->image.entries_count = count;
    return item;
}

struct feature_item *feature_item_create(struct text name, int16_t level)
{
    struct block block;
    struct feature_item *item = block_create(sizeof(*item), name.size, &block);

    if (item != NULL) {
        counted_init(&item->counted, metadata_item_free);
        item->image.name = block_text(&block, name);
        item->image.level = level;
    }
    return item;
}
