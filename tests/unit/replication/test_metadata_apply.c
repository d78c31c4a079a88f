#include "replication/metadata/metadata_apply.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "replication/metadata/metadata_snapshot.h"

#define TOPICS_MAX     40
#define PARTITIONS_MAX 5
#define CONFIGS_MAX    4
#define BROKERS_MAX    4

/* The simplest thing that could be right: arrays of what should be there. */
struct model_partition {
    int32_t leader;
    int32_t leader_epoch;
    int32_t partition_epoch;
    int32_t replicas[BROKERS_MAX];
    size_t replicas_count;
    size_t isr_count; /* The first of the replicas. */
};

struct model_topic {
    bool exists;
    struct uuid id;
    char name[32];
    struct model_partition partitions[PARTITIONS_MAX];
    size_t partitions_count;
    char configs[CONFIGS_MAX][16]; /* "" when not set. */
};

struct model {
    struct model_topic topics[TOPICS_MAX];
    bool brokers[BROKERS_MAX];
    bool fenced[BROKERS_MAX];
    int64_t epochs[BROKERS_MAX];
    int64_t next_producer_id;
    int16_t feature_level;
    uint64_t next_uuid;
};

struct world {
    struct model model;
    struct metadata_image *image;
    struct random_seeded random;
    struct arena arena;
    struct metadata_records records;
    int64_t offset;
};

static uint64_t below(struct world *world, uint64_t bound)
{
    return random_below(&world->random.random, bound);
}

static struct metadata_record *add(struct world *world, enum metadata_record_type type)
{
    return metadata_records_add(&world->records, type);
}

static struct text config_name(size_t index)
{
    static const char *const names[CONFIGS_MAX] = {"a.first", "c.third", "b.second", "d"};

    return text_of(names[index]);
}

static struct int32_array ids(struct world *world, const int32_t *items, size_t count)
{
    struct int32_array array = {.items = arena_allocate_array(&world->arena, count, sizeof(*items)),
                                .count = count};

    if (count > 0) {
        memcpy(array.items, items, count * sizeof(*items));
    }
    return array;
}

static void add_partition(struct world *world, struct model_topic *topic)
{
    struct model_partition *partition = &topic->partitions[topic->partitions_count];

    memset(partition, 0, sizeof(*partition));
    partition->replicas_count = 1 + (size_t)below(world, BROKERS_MAX);
    for (size_t i = 0; i < partition->replicas_count; i++) {
        partition->replicas[i] = (int32_t)i;
    }
    partition->isr_count = partition->replicas_count;
    struct partition_record *record = &add(world, METADATA_PARTITION)->partition;
    record->topic_id = topic->id;
    record->partition_index = (int32_t)topic->partitions_count++;
    record->replicas = ids(world, partition->replicas, partition->replicas_count);
    record->isr = ids(world, partition->replicas, partition->isr_count);
}

static void create_topic(struct world *world, struct model_topic *topic, size_t number)
{
    static const char *const prefixes[] = {"topic-", "topic.", "topic_", ""};

    memset(topic, 0, sizeof(*topic));
    topic->exists = true;
    (void)snprintf(topic->name, sizeof(topic->name), "%s%zu", prefixes[number % 4], number / 4);
    world->model.next_uuid++;
    memcpy(topic->id.bytes, &world->model.next_uuid, sizeof(world->model.next_uuid));
    struct topic_record *record = &add(world, METADATA_TOPIC)->topic;
    record->name = arena_copy_text(&world->arena, text_of(topic->name));
    record->topic_id = topic->id;
    add_partition(world, topic);
}

static void change_partition(struct world *world, struct model_topic *topic)
{
    size_t index = (size_t)below(world, topic->partitions_count);
    struct model_partition *partition = &topic->partitions[index];
    struct partition_change_record *record =
        &add(world, METADATA_PARTITION_CHANGE)->partition_change;

    record->topic_id = topic->id;
    record->partition_index = (int32_t)index;
    partition->partition_epoch++;
    if (below(world, 2) == 0) {
        partition->leader = (int32_t)below(world, BROKERS_MAX) - 1;
        partition->leader_epoch++;
        record->leader = partition->leader;
    }
    if (below(world, 2) == 0) {
        partition->isr_count = (size_t)below(world, partition->replicas_count + 1);
        record->isr = ids(world, partition->replicas, partition->isr_count);
    }
}

static void change_config(struct world *world, struct model_topic *topic)
{
    size_t index = (size_t)below(world, CONFIGS_MAX);
    struct config_record *record = &add(world, METADATA_CONFIG)->config;

    record->resource_type = CONFIG_RESOURCE_TOPIC;
    record->resource_name = arena_copy_text(&world->arena, text_of(topic->name));
    record->name = config_name(index);
    if (below(world, 3) == 0) {
        topic->configs[index][0] = '\0';
        record->value = TEXT_NULL;
    } else {
        (void)snprintf(topic->configs[index], sizeof(topic->configs[index]), "%d",
                       (int)below(world, 1000));
        record->value = arena_copy_text(&world->arena, text_of(topic->configs[index]));
    }
}

static void change_broker(struct world *world, size_t id)
{
    struct model *model = &world->model;

    if (!model->brokers[id] || below(world, 3) == 0) {
        struct register_broker_record *record =
            &add(world, METADATA_REGISTER_BROKER)->register_broker;
        model->brokers[id] = true;
        model->fenced[id] = below(world, 2) == 0;
        model->epochs[id] = world->offset + 1;
        record->broker_id = (int32_t)id;
        record->broker_epoch = model->epochs[id];
        record->is_fenced = model->fenced[id];
        record->rack = id == 0 ? TEXT_NULL : TEXT_LITERAL("rack");
    } else if (below(world, 2) == 0) {
        struct unregister_broker_record *record =
            &add(world, METADATA_UNREGISTER_BROKER)->unregister_broker;
        record->broker_id = (int32_t)id;
        record->broker_epoch = model->epochs[id];
        model->brokers[id] = false;
    } else {
        struct broker_registration_change_record *record =
            &add(world, METADATA_BROKER_CHANGE)->broker_registration_change;
        model->fenced[id] = !model->fenced[id];
        record->broker_id = (int32_t)id;
        record->broker_epoch = model->epochs[id];
        record->fenced = model->fenced[id] ? 1 : -1;
    }
}

static void change_topic(struct world *world, size_t number)
{
    struct model_topic *topic = &world->model.topics[number];
    uint64_t action = below(world, 10);

    if (!topic->exists) {
        create_topic(world, topic, number);
    } else if (action < 2) {
        add(world, METADATA_REMOVE_TOPIC)->remove_topic.topic_id = topic->id;
        topic->exists = false;
        if (action == 0) {
            create_topic(world, topic, number); /* Again, in the same batch. */
        }
    } else if (action < 4 && topic->partitions_count < PARTITIONS_MAX) {
        add_partition(world, topic);
    } else if (action < 7) {
        change_partition(world, topic);
    } else {
        change_config(world, topic);
    }
}

static void change_anything(struct world *world)
{
    uint64_t action = below(world, 20);

    if (action < 2) {
        change_broker(world, (size_t)below(world, BROKERS_MAX));
    } else if (action == 2) {
        world->model.next_producer_id += 1000;
        add(world, METADATA_PRODUCER_IDS)->producer_ids.next_producer_id =
            world->model.next_producer_id;
    } else if (action == 3) {
        struct feature_level_record *record = &add(world, METADATA_FEATURE_LEVEL)->feature_level;
        world->model.feature_level = (int16_t)below(world, 3);
        record->name = TEXT_LITERAL("metadata.version");
        record->level = world->model.feature_level;
    } else {
        change_topic(world, (size_t)below(world, TOPICS_MAX));
    }
}

static void check_partition(const struct partition_image *image,
                            const struct model_partition *model)
{
    cr_assert_eq(image->leader, model->leader);
    cr_assert_eq(image->leader_epoch, model->leader_epoch);
    cr_assert_eq(image->partition_epoch, model->partition_epoch);
    cr_assert_eq(image->replicas.count, model->replicas_count);
    cr_assert_eq(image->isr.count, model->isr_count);
    cr_assert_arr_eq(image->replicas.items, model->replicas,
                     model->replicas_count * sizeof(int32_t));
}

static size_t check_topic(const struct metadata_image *image, const struct model_topic *model)
{
    const struct topic_image *topic = metadata_image_topic(image, text_of(model->name));

    if (!model->exists) {
        cr_assert_null(metadata_image_topic_by_id(image, model->id));
        return 0;
    }
    cr_assert_not_null(topic, "%s", model->name);
    cr_assert(topic == metadata_image_topic_by_id(image, model->id));
    cr_assert_eq(topic->partitions_count, model->partitions_count);
    for (size_t i = 0; i < model->partitions_count; i++) {
        check_partition(&topic->partitions[i], &model->partitions[i]);
    }
    for (size_t i = 0; i < CONFIGS_MAX; i++) {
        struct text value =
            metadata_image_config_value(image, CONFIG_RESOURCE_TOPIC, topic->name, config_name(i));
        cr_assert(model->configs[i][0] == '\0' ? value.data == NULL
                                               : text_equal(value, text_of(model->configs[i])));
    }
    return model->partitions_count;
}

static void check_image(const struct world *world, const struct metadata_image *image)
{
    const struct model *model = &world->model;
    size_t topics_count = 0;
    size_t partitions_count = 0;

    for (size_t i = 0; i < TOPICS_MAX; i++) {
        partitions_count += check_topic(image, &model->topics[i]);
        topics_count += model->topics[i].exists ? 1 : 0;
    }
    cr_assert_eq(metadata_image_offset(image), world->offset);
    cr_assert_eq(metadata_image_topics_count(image), topics_count);
    cr_assert_eq(metadata_image_partitions_count(image), partitions_count);
    for (size_t i = 1; i < topics_count; i++) {
        struct text before = metadata_image_topic_at(image, i - 1)->name;
        struct text name = metadata_image_topic_at(image, i)->name;
        cr_assert_lt(text_compare(before, name), 0);
        cr_assert_eq(metadata_image_topic_lower_bound(image, name), i);
    }
    for (size_t i = 0; i < BROKERS_MAX; i++) {
        const struct broker_image *broker = metadata_image_broker(image, (int32_t)i);
        cr_assert_eq(broker != NULL, model->brokers[i]);
        cr_assert(broker == NULL ||
                  (broker->is_fenced == model->fenced[i] && broker->epoch == model->epochs[i] &&
                   (broker->rack.data == NULL) == (i == 0)));
    }
    cr_assert_eq(metadata_image_next_producer_id(image), model->next_producer_id);
    cr_assert_eq(metadata_image_features_count(image), model->feature_level == 0 ? 0u : 1u);
}

static void world_init(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    random_seeded_init(&world->random, seed);
    arena_init(&world->arena, 1 << 24);
    world->image = metadata_image_create_empty();
    world->offset = -1;
}

static void world_clear(struct world *world)
{
    metadata_image_release(world->image);
    arena_clear(&world->arena);
}

/* Encodes the batch and applies it from its bytes, as another server would. */
static void world_apply(struct world *world)
{
    struct metadata_builder *builder = metadata_builder_create(world->image);
    struct metadata_image *next;
    struct bytes batch;
    struct error error;

    cr_assert_eq(metadata_records_encode(&world->records, &world->arena, &batch, &error), STATUS_OK,
                 "%s", error.text);
    cr_assert_eq(metadata_builder_apply_batch(builder, batch, &error), STATUS_OK, "%s", error.text);
    world->offset++;
    cr_assert_eq(metadata_builder_finish(builder, world->offset, &next, &error), STATUS_OK, "%s",
                 error.text);
    metadata_builder_destroy(builder);
    metadata_image_release(world->image);
    world->image = next;
}

static void check_snapshot(const struct world *world)
{
    struct metadata_image *restored;
    struct bytes snapshot;
    struct arena arena;
    struct error error;

    arena_init(&arena, 1 << 24);
    cr_assert_eq(metadata_snapshot_write(world->image, &arena, &snapshot, &error), STATUS_OK);
    cr_assert_eq(metadata_snapshot_read(snapshot, world->offset, &restored, &error), STATUS_OK,
                 "%s", error.text);
    check_image(world, restored);
    metadata_image_release(restored);
    arena_clear(&arena);
}

Test(metadata_apply, any_history_gives_what_a_simple_model_gives)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct world world;

        world_init(&world, seed);
        for (int step = 0; step < 400; step++) {
            arena_reset(&world.arena);
            metadata_records_init(&world.records, &world.arena);
            for (uint64_t changes = below(&world, 6); changes > 0; changes--) {
                change_anything(&world);
            }
            world_apply(&world);
            check_image(&world, world.image);
            if (step % 20 == 0) {
                check_snapshot(&world);
            }
        }
        world_clear(&world);
    }
}

Test(metadata_apply, an_older_image_stays_as_it_was)
{
    struct world world;
    struct model model;

    world_init(&world, 99);
    for (int step = 0; step < 60; step++) {
        metadata_records_init(&world.records, &world.arena);
        change_anything(&world);
        world_apply(&world);
    }
    struct metadata_image *old = metadata_image_retain(world.image);
    int64_t offset = world.offset;
    model = world.model;
    for (int step = 0; step < 60; step++) {
        metadata_records_init(&world.records, &world.arena);
        change_anything(&world);
        world_apply(&world);
    }
    world.model = model;
    world.offset = offset;
    check_image(&world, old);
    metadata_image_release(old);
    world_clear(&world);
}

Test(metadata_apply, topics_that_did_not_change_are_shared)
{
    struct world world;
    struct metadata_image *before;

    world_init(&world, 1);
    metadata_records_init(&world.records, &world.arena);
    create_topic(&world, &world.model.topics[0], 0);
    create_topic(&world, &world.model.topics[4], 4);
    world_apply(&world);
    before = metadata_image_retain(world.image);
    metadata_records_init(&world.records, &world.arena);
    change_partition(&world, &world.model.topics[4]);
    world_apply(&world);
    struct text same = text_of(world.model.topics[0].name);
    struct text other = text_of(world.model.topics[4].name);
    cr_assert(metadata_image_topic(before, same) == metadata_image_topic(world.image, same));
    cr_assert(metadata_image_topic(before, other) != metadata_image_topic(world.image, other));
    metadata_image_release(before);
    world_clear(&world);
}

Test(metadata_apply, names_that_differ_in_dots_and_underscores_collide)
{
    static const char *const names[] = {"a.b", "a_c.d", "plain", "x.y.z"};
    struct world world;

    world_init(&world, 1);
    metadata_records_init(&world.records, &world.arena);
    for (size_t i = 0; i < 4; i++) {
        struct topic_record *record = &add(&world, METADATA_TOPIC)->topic;
        record->name = text_of(names[i]);
        record->topic_id.bytes[0] = (uint8_t)(i + 1);
    }
    world_apply(&world);
    static const struct {
        const char *name;
        const char *collides_with;
    } cases[] = {{"a_b", "a.b"},     {"a.b", NULL},      {"a-b", NULL},   {"a.c.d", "a_c.d"},
                 {"a_c_d", "a_c.d"}, {"x_y.z", "x.y.z"}, {"plain", NULL}, {"a", NULL},
                 {"a.", NULL},       {"x_y_z_", NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct topic_image *topic =
            metadata_image_colliding_topic(world.image, text_of(cases[i].name));
        cr_assert_eq(topic != NULL, cases[i].collides_with != NULL, "%s", cases[i].name);
        cr_assert(topic == NULL || text_equal(topic->name, text_of(cases[i].collides_with)));
    }
    world_clear(&world);
}

static void assert_contradiction(struct world *world, const char *what)
{
    struct metadata_image *image;
    struct error error;

    cr_assert_eq(metadata_apply(world->image, &world->records, 1, &image, &error), STATUS_CORRUPT,
                 "%s", what);
    cr_assert_gt(strlen(error.text), 10u);
    metadata_records_init(&world->records, &world->arena);
}

Test(metadata_apply, records_that_contradict_the_image_are_corrupt)
{
    struct world world;

    world_init(&world, 1);
    metadata_records_init(&world.records, &world.arena);
    create_topic(&world, &world.model.topics[0], 0);
    add(&world, METADATA_REGISTER_BROKER)->register_broker.broker_epoch = 7;
    add(&world, METADATA_PRODUCER_IDS)->producer_ids.next_producer_id = 1000;
    world_apply(&world);
    const struct uuid id = world.model.topics[0].id;
    metadata_records_init(&world.records, &world.arena);

    add(&world, METADATA_PARTITION)->partition.topic_id.bytes[3] = 1;
    assert_contradiction(&world, "partition of an unknown topic");
    add(&world, METADATA_PARTITION)->partition.topic_id = id;
    world.records.items[0].partition.partition_index = 2;
    assert_contradiction(&world, "partition behind a gap");
    add(&world, METADATA_PARTITION)->partition.topic_id = id;
    world.records.items[0].partition.partition_index = -1;
    assert_contradiction(&world, "partition below 0");
    add(&world, METADATA_PARTITION_CHANGE)->partition_change.topic_id = id;
    world.records.items[0].partition_change.partition_index = 1;
    assert_contradiction(&world, "change of an unknown partition");
    add(&world, METADATA_REMOVE_TOPIC)->remove_topic.topic_id = id;
    add(&world, METADATA_REMOVE_TOPIC)->remove_topic.topic_id = id;
    assert_contradiction(&world, "removed twice");
    add(&world, METADATA_TOPIC)->topic.topic_id = id;
    world.records.items[0].topic.name = TEXT_LITERAL("other");
    assert_contradiction(&world, "topic id taken");
    add(&world, METADATA_TOPIC)->topic.topic_id.bytes[5] = 1;
    world.records.items[0].topic.name = text_of(world.model.topics[0].name);
    assert_contradiction(&world, "topic name taken");
    add(&world, METADATA_BROKER_CHANGE)->broker_registration_change.broker_epoch = 6;
    assert_contradiction(&world, "another epoch of the broker");
    add(&world, METADATA_UNREGISTER_BROKER)->unregister_broker.broker_id = 3;
    assert_contradiction(&world, "unknown broker");
    add(&world, METADATA_PRODUCER_IDS)->producer_ids.next_producer_id = 999;
    assert_contradiction(&world, "producer ids go back");
    world_clear(&world);
}

Test(metadata_apply, damaged_batches_are_refused)
{
    struct world world;
    struct bytes batch;
    struct error error;

    world_init(&world, 1);
    metadata_records_init(&world.records, &world.arena);
    create_topic(&world, &world.model.topics[0], 0);
    cr_assert_eq(metadata_records_encode(&world.records, &world.arena, &batch, &error), STATUS_OK);
    for (size_t size = 1; size < batch.size; size++) {
        struct metadata_builder *builder = metadata_builder_create(world.image);
        struct bytes cut = {.data = batch.data, .size = size};
        enum status status = metadata_builder_apply_batch(builder, cut, &error);
        cr_assert(status == STATUS_CORRUPT || load_i32(batch.data) + 4 == (int32_t)size, "%zu",
                  size);
        metadata_builder_destroy(builder);
    }
    uint8_t copy[256];
    cr_assert_leq(batch.size, sizeof(copy));
    memcpy(copy, batch.data, batch.size);
    copy[5] = 99; /* The type. */
    struct metadata_builder *builder = metadata_builder_create(world.image);
    cr_assert_eq(metadata_builder_apply_batch(
                     builder, (struct bytes){.data = copy, .size = batch.size}, &error),
                 STATUS_UNSUPPORTED);
    metadata_builder_destroy(builder);
    world_clear(&world);
}

Test(metadata_apply, ten_thousand_topics_one_by_one_are_quick)
{
    struct metadata_image *image = metadata_image_create_empty();
    struct error error;
    struct arena arena;

    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 10000; i++) {
        struct metadata_records records;
        struct metadata_image *next;
        arena_reset(&arena);
        metadata_records_init(&records, &arena);
        struct topic_record *topic = &metadata_records_add(&records, METADATA_TOPIC)->topic;
        topic->name = arena_format(&arena, "topic_%d", i * 7919 % 10000);
        topic->topic_id.bytes[0] = (uint8_t)i;
        topic->topic_id.bytes[1] = (uint8_t)(i >> 8);
        topic->topic_id.bytes[15] = 1;
        struct uuid id = topic->topic_id;
        metadata_records_add(&records, METADATA_PARTITION)->partition.topic_id = id;
        cr_assert_eq(metadata_apply(image, &records, i, &next, &error), STATUS_OK);
        metadata_image_release(image);
        image = next;
    }
    cr_assert_eq(metadata_image_topics_count(image), 10000u);
    cr_assert_eq(metadata_image_partitions_count(image), 10000u);
    cr_assert(text_equal(metadata_image_topic_at(image, 9999)->name, TEXT_LITERAL("topic_9999")));
    metadata_image_release(image);
    arena_clear(&arena);
}
