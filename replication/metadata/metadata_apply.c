#include "replication/metadata/metadata_apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash_map.h"
#include "replication/metadata/metadata_items.h"

/* For the lists of changed partitions: as much as the records themselves may take. */
#define BUILDER_ARENA_SIZE_MAX ((size_t)1 << 30)

/* A topic while it changes. Its lists lie in the builder's arena or in the topic it started as. */
struct topic_draft {
    struct topic_draft *next;
    struct uuid id;
    struct text name;
    struct topic_image *base; /* One reference; NULL for a new topic. */
    bool is_removed;
    struct partition_image *partitions;
    size_t partitions_count;
    size_t partitions_capacity;
};

struct metadata_builder {
    struct metadata_image *image; /* The next one; its topics are still those of the base. */
    struct hash_map drafts;       /* By topic id. */
    struct topic_draft *first;
    struct topic_draft **last;
    struct arena arena;
    struct arena decoding; /* Of the record at hand. */
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory for the cluster's metadata");
}

struct metadata_builder *metadata_builder_create(struct metadata_image *base)
{
    struct metadata_builder *builder = calloc(1, sizeof(*builder));

    if (builder == NULL) {
        return NULL;
    }
    builder->image = metadata_image_copy(base);
    if (builder->image == NULL) {
        free(builder);
        return NULL;
    }
    hash_map_init(&builder->drafts);
    builder->last = &builder->first;
    arena_init(&builder->arena, BUILDER_ARENA_SIZE_MAX);
    arena_init(&builder->decoding, BUILDER_ARENA_SIZE_MAX);
    return builder;
}

void metadata_builder_destroy(struct metadata_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    for (struct topic_draft *draft = builder->first; draft != NULL; draft = draft->next) {
        free(draft->partitions);
        if (draft->base != NULL) {
            counted_release(&draft->base->counted);
        }
    }
    hash_map_clear(&builder->drafts);
    metadata_image_release(builder->image);
    arena_clear(&builder->arena);
    arena_clear(&builder->decoding);
    free(builder);
}

static struct topic_draft *draft_create(struct metadata_builder *builder, struct uuid id,
                                        struct error *error)
{
    struct topic_draft *draft = arena_allocate(&builder->arena, sizeof(*draft));

    if (draft == NULL) {
        status_ignore(no_memory(error)); /* The caller answers with the error's status. */
        return NULL;
    }
    draft->id = id;
    struct bytes key = {.data = draft->id.bytes, .size = UUID_SIZE};
    if (hash_map_put(&builder->drafts, key, draft, NULL) != STATUS_OK) {
        status_ignore(no_memory(error)); /* As above. */
        return NULL;
    }
    *builder->last = draft;
    builder->last = &draft->next;
    return draft;
}

static bool draft_reserve(struct topic_draft *draft, size_t count)
{
    if (count <= draft->partitions_capacity) {
        return true;
    }
    size_t capacity =
        draft->partitions_capacity * 2 > count ? draft->partitions_capacity * 2 : count;
    struct partition_image *partitions =
        realloc(draft->partitions, capacity * sizeof(*draft->partitions));
    if (partitions == NULL) {
        return false;
    }
    draft->partitions = partitions;
    draft->partitions_capacity = capacity;
    return true;
}

/* The topic as a draft; NULL with an error when there is none. */
static struct topic_draft *draft_open(struct metadata_builder *builder, struct uuid id,
                                      struct error *error)
{
    const struct bytes key = {.data = id.bytes, .size = UUID_SIZE};
    struct topic_draft *draft = hash_map_get(&builder->drafts, key);

    if (draft != NULL && !draft->is_removed) {
        return draft;
    }
    const struct topic_image *topic = metadata_image_topic_by_id(builder->image, id);
    if (draft != NULL || topic == NULL) {
        char text[UUID_TEXT_SIZE];
        uuid_to_text(id, text);
        status_ignore(/* The caller answers with the error's status. */
                      error_set(error, STATUS_CORRUPT,
                                "metadata record for topic id %s, which is not there", text));
        return NULL;
    }
    draft = draft_create(builder, id, error);
    if (draft == NULL) {
        return NULL;
    }
    if (!draft_reserve(draft, topic->partitions_count)) {
        status_ignore(no_memory(error)); /* As above. */
        return NULL;
    }
    draft->base = CONTAINER_OF(
        counted_retain(shared_table_get(&builder->image->topics_by_id, topic_compare_id, &id)),
        struct topic_image, counted);
    draft->name = topic->name;
    draft->partitions_count = topic->partitions_count;
    if (topic->partitions_count > 0) {
        memcpy(draft->partitions, topic->partitions,
               topic->partitions_count * sizeof(*draft->partitions));
    }
    return draft;
}

static enum status apply_topic(struct metadata_builder *builder, const struct topic_record *record,
                               struct error *error)
{
    const struct bytes key = {.data = record->topic_id.bytes, .size = UUID_SIZE};

    if (hash_map_get(&builder->drafts, key) != NULL ||
        metadata_image_topic_by_id(builder->image, record->topic_id) != NULL) {
        return error_set(error, STATUS_CORRUPT, "topic id of \"%.*s\" is already taken",
                         TEXT_ARGUMENTS(record->name));
    }
    struct topic_draft *draft = draft_create(builder, record->topic_id, error);
    if (draft == NULL) {
        return error->status;
    }
    draft->name = arena_copy_text(&builder->arena, record->name);
    return draft->name.data == NULL ? no_memory(error) : STATUS_OK;
}

static struct broker_id_list copy_ids(struct metadata_builder *builder,
                                      const struct int32_array *ids)
{
    int32_t *items = arena_allocate_array(&builder->arena, ids->count, sizeof(*items));

    if (items != NULL && ids->count > 0) {
        memcpy(items, ids->items, ids->count * sizeof(*items));
    }
    return (struct broker_id_list){.items = items, .count = items == NULL ? 0 : ids->count};
}

static enum status apply_partition(struct metadata_builder *builder,
                                   const struct partition_record *record, struct error *error)
{
    struct topic_draft *draft = draft_open(builder, record->topic_id, error);

    if (draft == NULL) {
        return error->status;
    }
    if (record->partition_index < 0 || (size_t)record->partition_index > draft->partitions_count) {
        return error_set(error, STATUS_CORRUPT, "partition %d of topic \"%.*s\", which has %zu",
                         record->partition_index, TEXT_ARGUMENTS(draft->name),
                         draft->partitions_count);
    }
    size_t index = (size_t)record->partition_index;
    if (!draft_reserve(draft, index + 1)) {
        return no_memory(error);
    }
    draft->partitions[index] = (struct partition_image){
        .leader = record->leader,
        .leader_epoch = record->leader_epoch,
        .partition_epoch = record->partition_epoch,
        .replicas = copy_ids(builder, &record->replicas),
        .isr = copy_ids(builder, &record->isr),
        .adding_replicas = copy_ids(builder, &record->adding_replicas),
        .removing_replicas = copy_ids(builder, &record->removing_replicas),
        .eligible_leader_replicas = copy_ids(builder, &record->eligible_leader_replicas),
        .last_known_eligible_leader_replicas =
            copy_ids(builder, &record->last_known_eligible_leader_replicas),
    };
    draft->partitions_count =
        index + 1 > draft->partitions_count ? index + 1 : draft->partitions_count;
    return builder->arena.exhausted ? no_memory(error) : STATUS_OK;
}

static void change_ids(struct metadata_builder *builder, const struct int32_array *ids,
                       struct broker_id_list *list)
{
    if (!ids->is_null) {
        *list = copy_ids(builder, ids);
    }
}

static enum status apply_partition_change(struct metadata_builder *builder,
                                          const struct partition_change_record *record,
                                          struct error *error)
{
    struct topic_draft *draft = draft_open(builder, record->topic_id, error);

    if (draft == NULL) {
        return error->status;
    }
    if (record->partition_index < 0 || (size_t)record->partition_index >= draft->partitions_count) {
        return error_set(
            error, STATUS_CORRUPT, "change of partition %d of topic \"%.*s\", which has %zu",
            record->partition_index, TEXT_ARGUMENTS(draft->name), draft->partitions_count);
    }
    struct partition_image *partition = &draft->partitions[record->partition_index];
    if (record->leader != -2) {
        partition->leader = record->leader;
        partition->leader_epoch++;
    }
    partition->partition_epoch++;
    change_ids(builder, &record->isr, &partition->isr);
    change_ids(builder, &record->replicas, &partition->replicas);
    change_ids(builder, &record->adding_replicas, &partition->adding_replicas);
    change_ids(builder, &record->removing_replicas, &partition->removing_replicas);
    change_ids(builder, &record->eligible_leader_replicas, &partition->eligible_leader_replicas);
    change_ids(builder, &record->last_known_eligible_leader_replicas,
               &partition->last_known_eligible_leader_replicas);
    return builder->arena.exhausted ? no_memory(error) : STATUS_OK;
}

static enum status apply_remove_topic(struct metadata_builder *builder,
                                      const struct remove_topic_record *record, struct error *error)
{
    struct topic_draft *draft = draft_open(builder, record->topic_id, error);

    if (draft == NULL) {
        return error->status;
    }
    const struct config_key key = {.type = CONFIG_RESOURCE_TOPIC, .name = draft->name};
    draft->is_removed = true;
    if (shared_table_remove(&builder->image->configs, config_compare, &key) != STATUS_OK) {
        return no_memory(error);
    }
    return STATUS_OK;
}

static enum status apply_config(struct metadata_builder *builder,
                                const struct config_record *record, struct error *error)
{
    const struct config_key key = {.type = (enum config_resource_type)record->resource_type,
                                   .name = record->resource_name};
    const struct config_image *config = metadata_image_config(builder->image, key.type, key.name);
    struct config_item *item = config_item_create(&key, config, record->name, record->value);
    enum status status;

    if (item == NULL) {
        return no_memory(error);
    }
    if (item->image.entries_count == 0) {
        status = shared_table_remove(&builder->image->configs, config_compare, &key);
    } else {
        status = shared_table_put(&builder->image->configs, config_compare, &key, &item->counted);
    }
    counted_release(&item->counted);
    return status == STATUS_OK ? STATUS_OK : no_memory(error);
}

static enum status put_broker(struct metadata_builder *builder, struct broker_item *item,
                              struct error *error)
{
    if (item == NULL) {
        return no_memory(error);
    }
    enum status status = shared_table_put(&builder->image->brokers, broker_compare_id,
                                          &item->image.id, &item->counted);
    counted_release(&item->counted);
    return status == STATUS_OK ? STATUS_OK : no_memory(error);
}

/* The registered broker that the record means; NULL with an error when it is another epoch's. */
static const struct broker_image *find_broker(struct metadata_builder *builder, int32_t id,
                                              int64_t epoch, struct error *error)
{
    const struct broker_image *broker = metadata_image_broker(builder->image, id);

    if (broker == NULL || broker->epoch != epoch) {
        status_ignore(/* The caller answers with the error's status. */
                      error_set(error, STATUS_CORRUPT,
                                "metadata record for broker %d at epoch %lld, %s", id,
                                (long long)epoch,
                                broker == NULL ? "which is not there" : "not its epoch"));
        return NULL;
    }
    return broker;
}

static enum status apply_broker_change(struct metadata_builder *builder,
                                       const struct broker_registration_change_record *record,
                                       struct error *error)
{
    const struct broker_image *broker =
        find_broker(builder, record->broker_id, record->broker_epoch, error);

    if (broker == NULL) {
        return error->status;
    }
    bool is_fenced = record->fenced == 0 ? broker->is_fenced : record->fenced > 0;
    bool in_shutdown = record->in_controlled_shutdown == 0 ? broker->in_controlled_shutdown
                                                           : record->in_controlled_shutdown > 0;
    return put_broker(builder, broker_item_copy(broker, is_fenced, in_shutdown), error);
}

static enum status apply_unregister_broker(struct metadata_builder *builder,
                                           const struct unregister_broker_record *record,
                                           struct error *error)
{
    if (find_broker(builder, record->broker_id, record->broker_epoch, error) == NULL) {
        return error->status;
    }
    if (shared_table_remove(&builder->image->brokers, broker_compare_id, &record->broker_id) !=
        STATUS_OK) {
        return no_memory(error);
    }
    return STATUS_OK;
}

static enum status apply_feature(struct metadata_builder *builder,
                                 const struct feature_level_record *record, struct error *error)
{
    enum status status;

    if (record->level == 0) {
        status =
            shared_table_remove(&builder->image->features, feature_compare_name, &record->name);
        return status == STATUS_OK ? STATUS_OK : no_memory(error);
    }
    struct feature_item *item = feature_item_create(record->name, record->level);
    if (item == NULL) {
        return no_memory(error);
    }
    status = shared_table_put(&builder->image->features, feature_compare_name, &record->name,
                              &item->counted);
    counted_release(&item->counted);
    return status == STATUS_OK ? STATUS_OK : no_memory(error);
}

static enum status apply_producer_ids(struct metadata_builder *builder,
                                      const struct producer_ids_record *record, struct error *error)
{
    if (record->next_producer_id < builder->image->next_producer_id) {
        return error_set(error, STATUS_CORRUPT, "next producer id goes back from %lld to %lld",
                         (long long)builder->image->next_producer_id,
                         (long long)record->next_producer_id);
    }
    builder->image->next_producer_id = record->next_producer_id;
    return STATUS_OK;
}

enum status metadata_builder_apply(struct metadata_builder *builder,
                                   const struct metadata_record *record, struct error *error)
{
    switch (record->type) {
    case METADATA_REGISTER_BROKER:
        return put_broker(builder, broker_item_create(&record->register_broker), error);
    case METADATA_UNREGISTER_BROKER:
        return apply_unregister_broker(builder, &record->unregister_broker, error);
    case METADATA_TOPIC:
        return apply_topic(builder, &record->topic, error);
    case METADATA_PARTITION:
        return apply_partition(builder, &record->partition, error);
    case METADATA_CONFIG:
        return apply_config(builder, &record->config, error);
    case METADATA_PARTITION_CHANGE:
        return apply_partition_change(builder, &record->partition_change, error);
    case METADATA_REMOVE_TOPIC:
        return apply_remove_topic(builder, &record->remove_topic, error);
    case METADATA_FEATURE_LEVEL:
        return apply_feature(builder, &record->feature_level, error);
    case METADATA_PRODUCER_IDS:
        return apply_producer_ids(builder, &record->producer_ids, error);
    case METADATA_BROKER_CHANGE:
        return apply_broker_change(builder, &record->broker_registration_change, error);
    default:
        ASSERT(false);
    }
    return STATUS_CORRUPT;
}

enum status metadata_builder_apply_batch(struct metadata_builder *builder, struct bytes batch,
                                         struct error *error)
{
    struct byte_reader reader = byte_reader_over(batch);
    struct metadata_record record;

    while (byte_reader_remaining(&reader) > 0) {
        arena_reset(&builder->decoding);
        enum status status = metadata_record_read(&reader, &builder->decoding, &record, error);
        if (status == STATUS_OK) {
            status = metadata_builder_apply(builder, &record, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status remove_topic(struct metadata_image *image, const struct topic_image *topic,
                                struct error *error)
{
    const struct unified_name_key names = {.unified = topic->name, .exact = topic->name};

    if (shared_table_remove(&image->topics_by_name, topic_compare_name, &topic->name) !=
            STATUS_OK ||
        shared_table_remove(&image->topics_by_id, topic_compare_id, &topic->id) != STATUS_OK ||
        shared_table_remove(&image->topics_by_unified_name, topic_compare_unified_name, &names) !=
            STATUS_OK) {
        return no_memory(error);
    }
    image->partitions_count -= topic->partitions_count;
    return STATUS_OK;
}

static enum status put_topic(struct metadata_image *image, struct topic_image *topic,
                             struct error *error)
{
    const struct unified_name_key names = {.unified = topic->name, .exact = topic->name};
    const struct topic_image *same = metadata_image_topic(image, topic->name);

    if (same != NULL && !uuid_equal(same->id, topic->id)) {
        return error_set(error, STATUS_CORRUPT, "two topics are named \"%.*s\"",
                         TEXT_ARGUMENTS(topic->name));
    }
    size_t before = same == NULL ? 0 : same->partitions_count;
    if (shared_table_put(&image->topics_by_name, topic_compare_name, &topic->name,
                         &topic->counted) != STATUS_OK ||
        shared_table_put(&image->topics_by_id, topic_compare_id, &topic->id, &topic->counted) !=
            STATUS_OK) {
        return no_memory(error);
    }
    if (topic_name_may_collide(topic->name) &&
        shared_table_put(&image->topics_by_unified_name, topic_compare_unified_name, &names,
                         &topic->counted) != STATUS_OK) {
        return no_memory(error);
    }
    image->partitions_count += topic->partitions_count - before;
    return STATUS_OK;
}

static enum status finish_removals(struct metadata_builder *builder, struct error *error)
{
    for (struct topic_draft *draft = builder->first; draft != NULL; draft = draft->next) {
        if (draft->is_removed && draft->base != NULL) {
            enum status status = remove_topic(builder->image, draft->base, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

static enum status finish_topics(struct metadata_builder *builder, struct error *error)
{
    for (struct topic_draft *draft = builder->first; draft != NULL; draft = draft->next) {
        if (draft->is_removed) {
            continue;
        }
        struct topic_image *topic =
            topic_item_create(draft->name, draft->id, draft->partitions, draft->partitions_count);
        if (topic == NULL) {
            return no_memory(error);
        }
        enum status status = put_topic(builder->image, topic, error);
        counted_release(&topic->counted);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status metadata_builder_finish(struct metadata_builder *builder, int64_t offset,
                                    struct metadata_image **image, struct error *error)
{
    /* Removals first: a batch may delete a topic and create another of its name. */
    enum status status = finish_removals(builder, error);

    if (status == STATUS_OK) {
        status = finish_topics(builder, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    builder->image->offset = offset;
    *image = builder->image;
    builder->image = NULL;
    return STATUS_OK;
}

enum status metadata_apply(struct metadata_image *base, const struct metadata_records *records,
                           int64_t offset, struct metadata_image **image, struct error *error)
{
    struct metadata_builder *builder = metadata_builder_create(base);
    enum status status = STATUS_OK;

    if (builder == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < records->count && status == STATUS_OK; i++) {
        status = metadata_builder_apply(builder, &records->items[i], error);
    }
    if (status == STATUS_OK) {
        status = metadata_builder_finish(builder, offset, image, error);
    }
    metadata_builder_destroy(builder);
    return status;
}
