#include "replication/metadata/metadata_image.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "replication/metadata/metadata_image_parts.h"

static const struct topic_image *topic_of(const struct counted *counted)
{
    return counted == NULL ? NULL
                           : (const struct topic_image *)(const void *)counted; /* First member. */
}

_Static_assert(offsetof(struct topic_image, counted) == 0, "a topic is found by its count");
_Static_assert(offsetof(struct broker_item, counted) == 0, "a broker is found by its count");
_Static_assert(offsetof(struct config_item, counted) == 0, "a config is found by its count");
_Static_assert(offsetof(struct feature_item, counted) == 0, "a feature is found by its count");

static const struct broker_item *broker_of(const struct counted *counted)
{
    return (const struct broker_item *)(const void *)counted;
}

static const struct config_item *config_of(const struct counted *counted)
{
    return (const struct config_item *)(const void *)counted;
}

static const struct feature_item *feature_of(const struct counted *counted)
{
    return (const struct feature_item *)(const void *)counted;
}

int topic_compare_name(const void *key, const struct counted *item)
{
    const struct text *name = key;

    return text_compare(*name, topic_of(item)->name);
}

int topic_compare_id(const void *key, const struct counted *item)
{
    const struct uuid *id = key;

    return memcmp(id->bytes, topic_of(item)->id.bytes, UUID_SIZE);
}

static int compare_unified(struct text a, struct text b)
{
    size_t size = a.size < b.size ? a.size : b.size;

    for (size_t i = 0; i < size; i++) {
        unsigned char left = (unsigned char)(a.data[i] == '.' ? '_' : a.data[i]);
        unsigned char right = (unsigned char)(b.data[i] == '.' ? '_' : b.data[i]);
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
}

int topic_compare_unified_name(const void *key, const struct counted *item)
{
    const struct unified_name_key *names = key;
    int order = compare_unified(names->unified, topic_of(item)->name);

    return order != 0 ? order : text_compare(names->exact, topic_of(item)->name);
}

int broker_compare_id(const void *key, const struct counted *item)
{
    const int32_t *id = key;
    int32_t other = broker_of(item)->image.id;

    return *id == other ? 0 : *id < other ? -1 : 1;
}

int config_compare(const void *key, const struct counted *item)
{
    const struct config_key *config = key;
    const struct config_image *other = &config_of(item)->image;

    if (config->type != other->type) {
        return config->type < other->type ? -1 : 1;
    }
    return text_compare(config->name, other->name);
}

int feature_compare_name(const void *key, const struct counted *item)
{
    const struct text *name = key;

    return text_compare(*name, feature_of(item)->image.name);
}

bool topic_name_may_collide(struct text name)
{
    return name.size > 0 &&
           (memchr(name.data, '.', name.size) != NULL || memchr(name.data, '_', name.size) != NULL);
}

void metadata_item_free(struct counted *counted)
{
    free(counted);
}

static void image_destroy(struct counted *counted)
{
    struct metadata_image *image = CONTAINER_OF(counted, struct metadata_image, counted);

    shared_table_clear(&image->topics_by_name);
    shared_table_clear(&image->topics_by_id);
    shared_table_clear(&image->topics_by_unified_name);
    shared_table_clear(&image->brokers);
    shared_table_clear(&image->configs);
    shared_table_clear(&image->features);
    free(image);
}

struct metadata_image *metadata_image_create_empty(void)
{
    struct metadata_image *image = calloc(1, sizeof(*image));

    if (image != NULL) {
        counted_init(&image->counted, image_destroy);
        image->offset = -1;
    }
    return image;
}

struct metadata_image *metadata_image_copy(const struct metadata_image *image)
{
    struct metadata_image *copy = metadata_image_create_empty();

    if (copy == NULL) {
        return NULL;
    }
    copy->offset = image->offset;
    copy->partitions_count = image->partitions_count;
    copy->next_producer_id = image->next_producer_id;
    if (shared_table_copy(&image->topics_by_name, &copy->topics_by_name) != STATUS_OK ||
        shared_table_copy(&image->topics_by_id, &copy->topics_by_id) != STATUS_OK ||
        shared_table_copy(&image->topics_by_unified_name, &copy->topics_by_unified_name) !=
            STATUS_OK ||
        shared_table_copy(&image->brokers, &copy->brokers) != STATUS_OK ||
        shared_table_copy(&image->configs, &copy->configs) != STATUS_OK ||
        shared_table_copy(&image->features, &copy->features) != STATUS_OK) {
        metadata_image_release(copy);
        return NULL;
    }
    return copy;
}

struct metadata_image *metadata_image_retain(struct metadata_image *image)
{
    if (image != NULL) {
        counted_retain(&image->counted);
    }
    return image;
}

void metadata_image_release(struct metadata_image *image)
{
    if (image != NULL) {
        counted_release(&image->counted);
    }
}

int64_t metadata_image_offset(const struct metadata_image *image)
{
    return image->offset;
}

const struct topic_image *metadata_image_topic(const struct metadata_image *image, struct text name)
{
    return topic_of(shared_table_get(&image->topics_by_name, topic_compare_name, &name));
}

const struct topic_image *metadata_image_topic_by_id(const struct metadata_image *image,
                                                     struct uuid id)
{
    return topic_of(shared_table_get(&image->topics_by_id, topic_compare_id, &id));
}

const struct topic_image *metadata_image_colliding_topic(const struct metadata_image *image,
                                                         struct text name)
{
    const struct unified_name_key key = {.unified = name, .exact = TEXT_LITERAL("")};
    const struct shared_table *table = &image->topics_by_unified_name;
    size_t index = shared_table_lower_bound(table, topic_compare_unified_name, &key);

    for (; index < table->count; index++) {
        const struct topic_image *topic = topic_of(shared_table_at(table, index));
        if (compare_unified(name, topic->name) != 0) {
            return NULL;
        }
        if (!text_equal(name, topic->name)) {
            return topic;
        }
    }
    return NULL;
}

size_t metadata_image_topics_count(const struct metadata_image *image)
{
    return image->topics_by_name.count;
}

const struct topic_image *metadata_image_topic_at(const struct metadata_image *image, size_t index)
{
    return topic_of(shared_table_at(&image->topics_by_name, index));
}

size_t metadata_image_topic_lower_bound(const struct metadata_image *image, struct text name)
{
    return shared_table_lower_bound(&image->topics_by_name, topic_compare_name, &name);
}

size_t metadata_image_partitions_count(const struct metadata_image *image)
{
    return image->partitions_count;
}

const struct broker_image *metadata_image_broker(const struct metadata_image *image, int32_t id)
{
    const struct counted *item = shared_table_get(&image->brokers, broker_compare_id, &id);

    return item == NULL ? NULL : &broker_of(item)->image;
}

size_t metadata_image_brokers_count(const struct metadata_image *image)
{
    return image->brokers.count;
}

const struct broker_image *metadata_image_broker_at(const struct metadata_image *image,
                                                    size_t index)
{
    return &broker_of(shared_table_at(&image->brokers, index))->image;
}

const struct config_image *metadata_image_config(const struct metadata_image *image,
                                                 enum config_resource_type type, struct text name)
{
    const struct config_key key = {.type = type, .name = name};
    const struct counted *item = shared_table_get(&image->configs, config_compare, &key);

    return item == NULL ? NULL : &config_of(item)->image;
}

struct text metadata_image_config_value(const struct metadata_image *image,
                                        enum config_resource_type type, struct text name,
                                        struct text key)
{
    const struct config_image *config = metadata_image_config(image, type, name);
    size_t low = 0;
    size_t high = config == NULL ? 0 : config->entries_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(key, config->entries[middle].key);
        if (order == 0) {
            return config->entries[middle].value;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return TEXT_NULL;
}

size_t metadata_image_configs_count(const struct metadata_image *image)
{
    return image->configs.count;
}

const struct config_image *metadata_image_config_at(const struct metadata_image *image,
                                                    size_t index)
{
    return &config_of(shared_table_at(&image->configs, index))->image;
}

size_t metadata_image_features_count(const struct metadata_image *image)
{
    return image->features.count;
}

const struct feature_image *metadata_image_feature_at(const struct metadata_image *image,
                                                      size_t index)
{
    return &feature_of(shared_table_at(&image->features, index))->image;
}

int64_t metadata_image_next_producer_id(const struct metadata_image *image)
{
    return image->next_producer_id;
}
