#include "replication/controller/controller_core.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/generated/allocate_producer_ids.h"
#include "proto/generated/alter_configs.h"
#include "proto/generated/broker_registration.h"
#include "proto/generated/create_partitions.h"
#include "proto/generated/create_topics.h"
#include "proto/generated/delete_topics.h"
#include "proto/generated/incremental_alter_configs.h"
#include "replication/metadata/metadata_apply.h"

#define CLUSTER_ID "4L6g3nShT-eMCtK--X86sw"

/* A cluster as an image: decisions are applied to it, so that a trace goes on. */
struct world {
    struct metadata_image *image;
    struct controller_settings settings;
    struct random_seeded random;
    struct arena arena;
    struct metadata_records records;
    int64_t offset;
};

static enum status check_config(void *context, enum config_resource_type type, struct text key,
                                struct text value, struct error *error)
{
    (void)context;
    (void)type;
    if (text_equal(key, TEXT_LITERAL("unknown"))) {
        return error_set(error, STATUS_NOT_FOUND, "unknown config");
    }
    return text_equal(value, TEXT_LITERAL("bad"))
               ? error_set(error, STATUS_OUT_OF_RANGE, "bad value")
               : STATUS_OK;
}

static void world_init(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->image = metadata_image_create_empty();
    world->settings = (struct controller_settings){
        .cluster_id = TEXT_LITERAL(CLUSTER_ID),
        .node_id = 1,
        .default_partitions_count = 2,
        .default_replication_factor = 1,
        .config_check = check_config,
    };
    random_seeded_init(&world->random, 42);
    arena_init(&world->arena, 1 << 26);
}

static void world_clear(struct world *world)
{
    metadata_image_release(world->image);
    arena_clear(&world->arena);
}

/* Decides and applies; the number of records. */
static size_t decide(struct world *world, enum controller_command_kind kind, const void *request,
                     void *response)
{
    struct metadata_image *next;
    struct error error;

    metadata_records_init(&world->records, &world->arena);
    struct controller_decision decision = {
        .image = world->image,
        .settings = &world->settings,
        .random = &world->random.random,
        .offset = ++world->offset,
        .arena = &world->arena,
        .records = &world->records,
    };
    cr_assert_eq(controller_core_decide(&decision, kind, request, response, &error), STATUS_OK);
    cr_assert_eq(metadata_apply(world->image, &world->records, world->offset, &next, &error),
                 STATUS_OK, "%s", error.text);
    metadata_image_release(world->image);
    world->image = next;
    return world->records.count;
}

static struct broker_registration_request registration(struct world *world, int32_t id,
                                                       uint8_t incarnation)
{
    struct broker_registration_request request;

    broker_registration_request_init(&request);
    request.broker_id = id;
    request.cluster_id = TEXT_LITERAL(CLUSTER_ID);
    request.incarnation_id.bytes[0] = incarnation;
    request.listeners.items = arena_allocate(&world->arena, sizeof(*request.listeners.items));
    request.listeners.count = 1;
    request.listeners.items[0].name = TEXT_LITERAL("PLAINTEXT");
    request.listeners.items[0].host = TEXT_LITERAL("host");
    request.listeners.items[0].port = 9092;
    request.log_dirs.items = arena_allocate_array(&world->arena, 2, sizeof(struct uuid));
    request.log_dirs.count = 2;
    request.log_dirs.items[0].bytes[0] = (uint8_t)(id + 1);
    request.log_dirs.items[1].bytes[1] = (uint8_t)(id + 1);
    return request;
}

static int16_t do_register(struct world *world, const struct broker_registration_request *request,
                           int64_t *epoch)
{
    struct broker_registration_response response;

    broker_registration_response_init(&response);
    decide(world, CONTROLLER_REGISTER_BROKER, request, &response);
    if (epoch != NULL) {
        *epoch = response.broker_epoch;
    }
    return response.error_code;
}

static void set_fenced(struct world *world, int32_t id, bool is_fenced)
{
    struct metadata_image *next;
    struct error error;

    metadata_records_init(&world->records, &world->arena);
    struct broker_registration_change_record *record =
        &metadata_records_add(&world->records, METADATA_BROKER_CHANGE)->broker_registration_change;
    record->broker_id = id;
    record->broker_epoch = metadata_image_broker(world->image, id)->epoch;
    record->fenced = is_fenced ? 1 : -1;
    cr_assert_eq(metadata_apply(world->image, &world->records, ++world->offset, &next, &error),
                 STATUS_OK);
    metadata_image_release(world->image);
    world->image = next;
}

static void add_broker(struct world *world, int32_t id)
{
    struct broker_registration_request request = registration(world, id, (uint8_t)(id + 1));

    cr_assert_eq(do_register(world, &request, NULL), KAFKA_NONE);
    set_fenced(world, id, false);
}

static struct create_topics_request_topic new_topic(const char *name, int32_t partitions,
                                                    int16_t replicas)
{
    struct create_topics_request_topic topic;

    create_topics_request_topic_init(&topic);
    topic.name = text_of(name);
    topic.num_partitions = partitions;
    topic.replication_factor = replicas;
    return topic;
}

static struct create_topics_response create(struct world *world,
                                            struct create_topics_request_topic *topics,
                                            size_t count, bool validate_only)
{
    struct create_topics_request request;
    struct create_topics_response response;

    create_topics_request_init(&request);
    request.topics.items = topics;
    request.topics.count = count;
    request.validate_only = validate_only;
    create_topics_response_init(&response);
    size_t records_count = decide(world, CONTROLLER_CREATE_TOPICS, &request, &response);
    cr_assert(!validate_only || records_count == 0);
    return response;
}

static int16_t create_one(struct world *world, struct create_topics_request_topic topic)
{
    struct create_topics_response response = create(world, &topic, 1, false);

    cr_assert_eq(response.topics.count, 1u);
    const struct create_topics_response_topic *result = &response.topics.items[0];
    cr_assert(text_equal(result->name, topic.name));
    cr_assert_eq(result->error_code == KAFKA_NONE, result->error_message.data == NULL);
    if (result->error_code != KAFKA_NONE) {
        cr_assert_eq(result->num_partitions, -1);
        cr_assert(uuid_is_none(result->topic_id));
    }
    return result->error_code;
}

static const struct topic_image *topic_of(const struct world *world, const char *name)
{
    return metadata_image_topic(world->image, text_of(name));
}

Test(controller_core, topics_are_created_with_defaults_and_real_numbers)
{
    struct create_topics_request_topic topic = new_topic("orders", -1, -1);
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    struct create_topics_response dry = create(&world, &topic, 1, true);
    cr_assert_eq(dry.topics.items[0].num_partitions, 2);
    cr_assert_null(topic_of(&world, "orders"));
    struct create_topics_response response = create(&world, &topic, 1, false);
    const struct create_topics_response_topic *result = &response.topics.items[0];
    cr_assert_eq(result->error_code, KAFKA_NONE);
    cr_assert_eq(result->num_partitions, 2);
    cr_assert_eq(result->replication_factor, 1);
    cr_assert(result->configs.is_null);
    const struct topic_image *image = topic_of(&world, "orders");
    cr_assert(uuid_equal(image->id, result->topic_id));
    cr_assert_eq(image->partitions[1].leader, 1);
    cr_assert_eq(image->partitions[1].leader_epoch, 0);
    cr_assert_eq(image->partitions[1].isr.count, 1u);
    world_clear(&world);
}

Test(controller_core, refuses_topics_with_the_right_error)
{
    static char long_name[251];
    struct world world;

    memset(long_name, 'x', 250);
    world_init(&world);
    add_broker(&world, 1);
    cr_assert_eq(create_one(&world, new_topic("a.b", 1, 1)), KAFKA_NONE);
    const struct {
        const char *name;
        int32_t partitions;
        int16_t replicas;
        int16_t code;
    } cases[] = {
        {"a.b", 1, 1, KAFKA_TOPIC_ALREADY_EXISTS},
        {"a_b", 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {"", 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {".", 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {"..", 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {"with space", 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {"\xc3\xa4", 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {long_name, 1, 1, KAFKA_INVALID_TOPIC_EXCEPTION},
        {long_name + 1, 1, 1, KAFKA_NONE},
        {"__cluster_metadata", 1, 1, KAFKA_INVALID_REQUEST},
        {"b", 0, 1, KAFKA_INVALID_PARTITIONS},
        {"b", -2, 1, KAFKA_INVALID_PARTITIONS},
        {"b", 1, 0, KAFKA_INVALID_REPLICATION_FACTOR},
        {"b", 1, -2, KAFKA_INVALID_REPLICATION_FACTOR},
        {"b", 1, 2, KAFKA_INVALID_REPLICATION_FACTOR},
        {"b", 1, 32767, KAFKA_INVALID_REPLICATION_FACTOR},
        {"b", 10001, 1, KAFKA_POLICY_VIOLATION},
        {"b", INT32_MAX, 1, KAFKA_POLICY_VIOLATION},
        {"b", 10000, 1, KAFKA_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(
            create_one(&world, new_topic(cases[i].name, cases[i].partitions, cases[i].replicas)),
            cases[i].code, "case %zu, \"%s\"", i, cases[i].name);
    }
    world_clear(&world);
}

Test(controller_core, every_requested_name_has_one_result)
{
    struct create_topics_request_topic topics[] = {
        new_topic("twice", 1, 1),   new_topic("good", 1, 1), new_topic("twice", 1, 1),
        new_topic("x.y", 1, 1),     new_topic("x_y", 1, 1),  new_topic("twice", 1, 1),
        new_topic("bad name", 1, 1)};
    static const int16_t codes[] = {KAFKA_INVALID_REQUEST, KAFKA_NONE, KAFKA_NONE,
                                    KAFKA_INVALID_TOPIC_EXCEPTION, KAFKA_INVALID_TOPIC_EXCEPTION};
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    struct create_topics_response response = create(&world, topics, 7, false);
    cr_assert_eq(response.topics.count, 5u);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(response.topics.items[i].error_code, codes[i], "result %zu", i);
    }
    cr_assert_eq(metadata_image_topics_count(world.image), 2u);
    cr_assert_null(topic_of(&world, "twice"));
    world_clear(&world);
}

Test(controller_core, without_an_active_broker_nothing_is_placed)
{
    struct world world;

    world_init(&world);
    cr_assert_eq(create_one(&world, new_topic("a", 1, 1)), KAFKA_INVALID_REPLICATION_FACTOR);
    add_broker(&world, 1);
    set_fenced(&world, 1, true);
    cr_assert_eq(create_one(&world, new_topic("a", 1, 1)), KAFKA_INVALID_REPLICATION_FACTOR);
    set_fenced(&world, 1, false);
    cr_assert_eq(create_one(&world, new_topic("a", 1, 1)), KAFKA_NONE);
    world_clear(&world);
}

/* Partition index, then brokers; -9 ends each. */
static struct create_topics_request_topic assigned(struct world *world, const char *name,
                                                   const int32_t *rows, size_t rows_count,
                                                   size_t row_size)
{
    struct create_topics_request_topic topic = new_topic(name, -1, -1);

    topic.assignments.items =
        arena_allocate_array(&world->arena, rows_count, sizeof(*topic.assignments.items));
    topic.assignments.count = rows_count;
    for (size_t i = 0; i < rows_count; i++) {
        struct create_topics_request_replica_assignment *assignment = &topic.assignments.items[i];
        const int32_t *row = rows + i * row_size;
        assignment->partition_index = row[0];
        assignment->broker_ids.items =
            arena_allocate_array(&world->arena, row_size, sizeof(int32_t));
        for (size_t j = 1; j < row_size && row[j] != -9; j++) {
            assignment->broker_ids.items[assignment->broker_ids.count++] = row[j];
        }
    }
    return topic;
}

Test(controller_core, manual_assignments_are_checked)
{
    static const struct {
        int32_t rows[2][4];
        int16_t code;
    } cases[] = {
        {{{0, 1, 2, -9}, {1, 2, 3, -9}}, KAFKA_NONE},
        {{{1, 1, 2, -9}, {0, 2, 1, -9}}, KAFKA_NONE},
        {{{0, 1, 2, -9}, {0, 2, 1, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, 1, 2, -9}, {2, 2, 1, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, 1, 2, -9}, {-1, 2, 1, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, 1, 1, -9}, {1, 2, 1, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, 1, 9, -9}, {1, 2, 1, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, 1, 2, -9}, {1, 2, -9, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, -9, -9, -9}, {1, 2, 1, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT},
        {{{0, 4, -9, -9}, {1, 1, -9, -9}}, KAFKA_INVALID_REPLICA_ASSIGNMENT}, /* 4 is fenced. */
    };
    struct world world;

    world_init(&world);
    for (int32_t id = 1; id <= 4; id++) {
        add_broker(&world, id);
    }
    set_fenced(&world, 4, true);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text name = arena_format(&world.arena, "topic-%zu", i);
        cr_assert_eq(create_one(&world, assigned(&world, name.data, cases[i].rows[0], 2, 4)),
                     cases[i].code, "case %zu", i);
    }
    const struct topic_image *topic = topic_of(&world, "topic-1");
    cr_assert_eq(topic->partitions[0].leader, 2);
    cr_assert_eq(topic->partitions[1].leader, 1);
    struct create_topics_request_topic both = assigned(&world, "both", cases[0].rows[0], 2, 4);
    both.num_partitions = 2;
    cr_assert_eq(create_one(&world, both), KAFKA_INVALID_REQUEST);
    both.num_partitions = -1;
    both.replication_factor = 2;
    cr_assert_eq(create_one(&world, both), KAFKA_INVALID_REQUEST);
    world_clear(&world);
}

Test(controller_core, configs_of_new_topics_are_checked_and_kept)
{
    struct create_topics_request_topic_config config = {.name = TEXT_LITERAL("retention.ms"),
                                                        .value = TEXT_LITERAL("5")};
    struct create_topics_request_topic topic = new_topic("a", 1, 1);
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    topic.configs.items = &config;
    topic.configs.count = 1;
    config.value = TEXT_NULL;
    cr_assert_eq(create_one(&world, topic), KAFKA_INVALID_CONFIG);
    config.value = TEXT_LITERAL("bad");
    cr_assert_eq(create_one(&world, topic), KAFKA_INVALID_CONFIG);
    config =
        (struct create_topics_request_topic_config){TEXT_LITERAL("unknown"), TEXT_LITERAL("1")};
    cr_assert_eq(create_one(&world, topic), KAFKA_INVALID_CONFIG);
    config = (struct create_topics_request_topic_config){TEXT_LITERAL("retention.ms"),
                                                         TEXT_LITERAL("5")};
    cr_assert_eq(create_one(&world, topic), KAFKA_NONE);
    cr_assert(text_equal(metadata_image_config_value(world.image, CONFIG_RESOURCE_TOPIC,
                                                     TEXT_LITERAL("a"), config.name),
                         TEXT_LITERAL("5")));
    world_clear(&world);
}

Test(controller_core, topics_are_deleted_by_name_or_by_id)
{
    struct delete_topics_request request;
    struct delete_topics_response response;
    struct delete_topics_request_state states[7];
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    static const char *const names[] = {"by-name", "by-id", "both-ways", "kept"};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(create_one(&world, new_topic(names[i], 1, 1)), KAFKA_NONE);
    }
    const struct uuid none = {{0}};
    const struct uuid unknown = {{1, 2, 3}};
    states[0] = (struct delete_topics_request_state){TEXT_LITERAL("by-name"), none};
    states[1] = (struct delete_topics_request_state){TEXT_NULL, topic_of(&world, "by-id")->id};
    states[2] = (struct delete_topics_request_state){TEXT_NULL, unknown};
    states[3] = (struct delete_topics_request_state){TEXT_NULL, none};
    states[4] =
        (struct delete_topics_request_state){TEXT_LITERAL("kept"), topic_of(&world, "kept")->id};
    states[5] = (struct delete_topics_request_state){TEXT_LITERAL("both-ways"), none};
    states[6] = (struct delete_topics_request_state){TEXT_NULL, topic_of(&world, "both-ways")->id};
    static const int16_t codes[] = {KAFKA_NONE,
                                    KAFKA_NONE,
                                    KAFKA_UNKNOWN_TOPIC_ID,
                                    KAFKA_INVALID_REQUEST,
                                    KAFKA_INVALID_REQUEST,
                                    KAFKA_INVALID_REQUEST};
    delete_topics_request_init(&request);
    request.topics.items = states;
    request.topics.count = 7;
    delete_topics_response_init(&response);
    decide(&world, CONTROLLER_DELETE_TOPICS, &request, &response);
    cr_assert_eq(response.responses.count, 6u);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(response.responses.items[i].error_code, codes[i], "result %zu", i);
    }
    cr_assert(text_equal(response.responses.items[1].name, TEXT_LITERAL("by-id")));
    cr_assert_null(response.responses.items[2].name.data);
    cr_assert_eq(metadata_image_topics_count(world.image), 2u);

    struct text old_names[] = {TEXT_LITERAL("kept"), TEXT_LITERAL("kept"), TEXT_LITERAL("gone")};
    delete_topics_request_init(&request);
    request.topic_names.items = old_names;
    request.topic_names.count = 3;
    delete_topics_response_init(&response);
    cr_assert_eq(decide(&world, CONTROLLER_DELETE_TOPICS, &request, &response), 0u);
    cr_assert_eq(response.responses.count, 2u);
    cr_assert_eq(response.responses.items[0].error_code, KAFKA_INVALID_REQUEST);
    cr_assert_eq(response.responses.items[1].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    world_clear(&world);
}

static int16_t add_partitions(struct world *world, const char *name, int32_t count,
                              const int32_t *brokers, size_t brokers_count, bool validate_only)
{
    struct create_partitions_request request;
    struct create_partitions_response response;
    struct create_partitions_request_topic topic;
    struct create_partitions_request_assignment assignments[4];
    int32_t ids[4];

    create_partitions_request_init(&request);
    create_partitions_request_topic_init(&topic);
    topic.name = text_of(name);
    topic.count = count;
    topic.assignments.is_null = brokers == NULL;
    topic.assignments.items = assignments;
    topic.assignments.count = brokers_count;
    for (size_t i = 0; i < brokers_count; i++) {
        ids[i] = brokers[i];
        assignments[i].broker_ids = (struct int32_array){.items = &ids[i], .count = 1};
    }
    request.topics.items = &topic;
    request.topics.count = 1;
    request.validate_only = validate_only;
    create_partitions_response_init(&response);
    decide(world, CONTROLLER_CREATE_PARTITIONS, &request, &response);
    cr_assert_eq(response.results.count, 1u);
    return response.results.items[0].error_code;
}

Test(controller_core, partitions_are_only_ever_added)
{
    static const int32_t good[] = {1};
    static const int32_t bad[] = {7};
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    cr_assert_eq(create_one(&world, new_topic("a", 2, 1)), KAFKA_NONE);
    cr_assert_eq(add_partitions(&world, "b", 3, NULL, 0, false), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    cr_assert_eq(add_partitions(&world, "a", 2, NULL, 0, false), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(add_partitions(&world, "a", 1, NULL, 0, false), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(add_partitions(&world, "a", -1, NULL, 0, false), KAFKA_INVALID_PARTITIONS);
    cr_assert_eq(add_partitions(&world, "a", INT32_MAX, NULL, 0, false), KAFKA_POLICY_VIOLATION);
    cr_assert_eq(add_partitions(&world, "a", 4, good, 1, false), KAFKA_INVALID_REPLICA_ASSIGNMENT);
    cr_assert_eq(add_partitions(&world, "a", 3, bad, 1, false), KAFKA_INVALID_REPLICA_ASSIGNMENT);
    cr_assert_eq(add_partitions(&world, "a", 5, NULL, 0, true), KAFKA_NONE);
    cr_assert_eq(topic_of(&world, "a")->partitions_count, 2u);
    cr_assert_eq(add_partitions(&world, "a", 3, good, 1, false), KAFKA_NONE);
    cr_assert_eq(add_partitions(&world, "a", 5, NULL, 0, false), KAFKA_NONE);
    cr_assert_eq(topic_of(&world, "a")->partitions_count, 5u);
    cr_assert_eq(topic_of(&world, "a")->partitions[4].leader, 1);
    set_fenced(&world, 1, true);
    cr_assert_eq(add_partitions(&world, "a", 6, NULL, 0, false), KAFKA_INVALID_REPLICATION_FACTOR);
    cr_assert_eq(add_partitions(&world, "a", 6, good, 1, false), KAFKA_INVALID_REPLICA_ASSIGNMENT);
    world_clear(&world);
}

struct operation {
    int8_t type;
    const char *name;
    int8_t operation;
    const char *key;
    const char *value;
};

static int16_t alter_one(struct world *world, const struct operation *operation, bool validate_only)
{
    struct incremental_alter_configs_request request;
    struct incremental_alter_configs_response response;
    struct incremental_alter_configs_request_alter_configs_resource resource;
    struct incremental_alter_configs_request_config config = {.name = text_of(operation->key),
                                                              .config_operation =
                                                                  operation->operation,
                                                              .value = text_of(operation->value)};

    incremental_alter_configs_request_init(&request);
    incremental_alter_configs_request_alter_configs_resource_init(&resource);
    resource.resource_type = operation->type;
    resource.resource_name = text_of(operation->name);
    resource.configs.items = &config;
    resource.configs.count = 1;
    request.resources.items = &resource;
    request.resources.count = 1;
    request.validate_only = validate_only;
    incremental_alter_configs_response_init(&response);
    decide(world, CONTROLLER_INCREMENTAL_ALTER_CONFIGS, &request, &response);
    cr_assert_eq(response.responses.count, 1u);
    cr_assert_eq(response.responses.items[0].resource_type, operation->type);
    return response.responses.items[0].error_code;
}

static void assert_config(const struct world *world, enum config_resource_type type,
                          const char *name, const char *key, const char *value)
{
    struct text found =
        metadata_image_config_value(world->image, type, text_of(name), text_of(key));

    cr_assert(text_equal(found, text_of(value)), "%s of \"%s\" is \"%.*s\", not \"%s\"", key, name,
              TEXT_ARGUMENTS(found), value == NULL ? "(null)" : value);
}

Test(controller_core, configs_are_altered_key_by_key)
{
    enum { SET, DELETE, APPEND, SUBTRACT };
    enum { TOPIC = CONFIG_RESOURCE_TOPIC, BROKER = CONFIG_RESOURCE_BROKER };
    static const struct {
        struct operation operation;
        int16_t code;
        const char *value; /* Afterwards. */
    } steps[] = {
        {{TOPIC, "a", SET, "retention.ms", "1"}, KAFKA_NONE, "1"},
        {{TOPIC, "a", SET, "retention.ms", "bad"}, KAFKA_INVALID_CONFIG, "1"},
        {{TOPIC, "a", SET, "retention.ms", NULL}, KAFKA_INVALID_REQUEST, "1"},
        {{TOPIC, "a", APPEND, "retention.ms", "1"}, KAFKA_INVALID_CONFIG, "1"},
        {{TOPIC, "a", 9, "retention.ms", "1"}, KAFKA_INVALID_REQUEST, "1"},
        {{TOPIC, "a", -1, "retention.ms", "1"}, KAFKA_INVALID_REQUEST, "1"},
        {{TOPIC, "a", DELETE, "retention.ms", NULL}, KAFKA_NONE, NULL},
        {{TOPIC, "a", DELETE, "retention.ms", "ignored"}, KAFKA_NONE, NULL},
        {{TOPIC, "a", SET, "unknown", "1"}, KAFKA_INVALID_CONFIG, NULL},
        {{TOPIC, "a", DELETE, "unknown", NULL}, KAFKA_NONE, NULL},
        {{TOPIC, "a", APPEND, "cleanup.policy", "compact"}, KAFKA_NONE, "delete,compact"},
        {{TOPIC, "a", APPEND, "cleanup.policy", "compact,delete"}, KAFKA_NONE, "delete,compact"},
        {{TOPIC, "a", SUBTRACT, "cleanup.policy", "delete"}, KAFKA_NONE, "compact"},
        {{TOPIC, "a", SUBTRACT, "cleanup.policy", "compact"}, KAFKA_NONE, ""},
        {{TOPIC, "a", APPEND, "cleanup.policy", "bad"}, KAFKA_INVALID_CONFIG, ""},
        {{TOPIC, "a", APPEND, "cleanup.policy", NULL}, KAFKA_INVALID_REQUEST, ""},
        {{TOPIC, "", SET, "retention.ms", "1"}, KAFKA_INVALID_REQUEST, NULL},
        {{TOPIC, "b d", SET, "retention.ms", "1"}, KAFKA_INVALID_TOPIC_EXCEPTION, NULL},
        {{TOPIC, "gone", SET, "retention.ms", "1"}, KAFKA_UNKNOWN_TOPIC_OR_PARTITION, NULL},
        {{BROKER, "", SET, "log.retention.ms", "7"}, KAFKA_NONE, "7"},
        {{BROKER, "1", SET, "log.retention.ms", "8"}, KAFKA_NONE, "8"},
        {{BROKER, "1", SET, "log.retention.ms", "bad"}, KAFKA_INVALID_REQUEST, "8"},
        {{BROKER, "2", SET, "x", "8"}, KAFKA_BROKER_ID_NOT_REGISTERED, NULL},
        {{BROKER, "one", SET, "x", "8"}, KAFKA_INVALID_REQUEST, NULL},
        {{BROKER, "-1", SET, "x", "8"}, KAFKA_INVALID_REQUEST, NULL},
        {{CONFIG_RESOURCE_GROUP, "g", SET, "x", "8"}, KAFKA_NONE, "8"},
        {{CONFIG_RESOURCE_GROUP, "", SET, "x", "8"}, KAFKA_INVALID_REQUEST, NULL},
        {{CONFIG_RESOURCE_CLIENT_METRICS, "m", SET, "x", "8"}, KAFKA_NONE, "8"},
        {{CONFIG_RESOURCE_BROKER_LOGGER, "1", SET, "x", "8"}, KAFKA_INVALID_REQUEST, NULL},
        {{77, "1", SET, "x", "8"}, KAFKA_INVALID_REQUEST, NULL},
    };
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    cr_assert_eq(create_one(&world, new_topic("a", 1, 1)), KAFKA_NONE);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct operation *operation = &steps[i].operation;
        int64_t offset = world.offset;
        cr_assert_eq(alter_one(&world, operation, true), steps[i].code, "dry step %zu", i);
        world.offset = offset;
        cr_assert_eq(alter_one(&world, operation, false), steps[i].code, "step %zu", i);
        assert_config(&world, (enum config_resource_type)operation->type, operation->name,
                      operation->key, steps[i].value);
    }
    world_clear(&world);
}

Test(controller_core, a_resource_is_altered_as_a_whole_or_not_at_all)
{
    struct incremental_alter_configs_request_config configs[] = {
        {TEXT_LITERAL("a.key"), 0, TEXT_LITERAL("1")},
        {TEXT_LITERAL("b.key"), 0, TEXT_LITERAL("bad")}};
    struct incremental_alter_configs_request_config twice[] = {
        {TEXT_LITERAL("a.key"), 0, TEXT_LITERAL("1")},
        {TEXT_LITERAL("a.key"), 0, TEXT_LITERAL("2")}};
    struct incremental_alter_configs_request_alter_configs_resource resources[] = {
        {CONFIG_RESOURCE_TOPIC, TEXT_LITERAL("a"), {.items = configs, .count = 2}},
        {CONFIG_RESOURCE_TOPIC, TEXT_LITERAL("b"), {.items = twice, .count = 2}},
        {CONFIG_RESOURCE_TOPIC, TEXT_LITERAL("c"), {.items = configs, .count = 1}},
        {CONFIG_RESOURCE_TOPIC, TEXT_LITERAL("c"), {.items = configs, .count = 1}},
        {CONFIG_RESOURCE_GROUP, TEXT_LITERAL("c"), {.items = configs, .count = 1}}};
    static const int16_t codes[] = {KAFKA_INVALID_CONFIG, KAFKA_INVALID_REQUEST,
                                    KAFKA_INVALID_REQUEST, KAFKA_INVALID_REQUEST, KAFKA_NONE};
    struct incremental_alter_configs_request request;
    struct incremental_alter_configs_response response;
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    cr_assert_eq(create_one(&world, new_topic("a", 1, 1)), KAFKA_NONE);
    cr_assert_eq(create_one(&world, new_topic("b", 1, 1)), KAFKA_NONE);
    cr_assert_eq(create_one(&world, new_topic("c", 1, 1)), KAFKA_NONE);
    incremental_alter_configs_request_init(&request);
    request.resources.items = resources;
    request.resources.count = 5;
    incremental_alter_configs_response_init(&response);
    cr_assert_eq(decide(&world, CONTROLLER_INCREMENTAL_ALTER_CONFIGS, &request, &response), 1u);
    cr_assert_eq(response.responses.count, 5u);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(response.responses.items[i].error_code, codes[i], "result %zu", i);
    }
    assert_config(&world, CONFIG_RESOURCE_TOPIC, "a", "a.key", NULL);
    world_clear(&world);
}

static int16_t replace_configs(struct world *world, const char *topic,
                               struct alter_configs_request_config *configs, size_t count)
{
    struct alter_configs_request request;
    struct alter_configs_response response;
    struct alter_configs_request_resource resource = {
        CONFIG_RESOURCE_TOPIC, text_of(topic), {.items = configs, .count = count}};

    alter_configs_request_init(&request);
    request.resources.items = &resource;
    request.resources.count = 1;
    alter_configs_response_init(&response);
    decide(world, CONTROLLER_ALTER_CONFIGS, &request, &response);
    cr_assert_eq(response.responses.count, 1u);
    return response.responses.items[0].error_code;
}

Test(controller_core, alter_configs_replaces_all_that_a_resource_has)
{
    struct alter_configs_request_config configs[] = {{TEXT_LITERAL("a.key"), TEXT_LITERAL("1")},
                                                     {TEXT_LITERAL("b.key"), TEXT_LITERAL("2")}};
    struct alter_configs_request_config bad[] = {{TEXT_LITERAL("a.key"), TEXT_LITERAL("9")},
                                                 {TEXT_LITERAL("b.key"), TEXT_LITERAL("bad")}};
    struct alter_configs_request_config twice[] = {{TEXT_LITERAL("a.key"), TEXT_LITERAL("9")},
                                                   {TEXT_LITERAL("a.key"), TEXT_LITERAL("8")}};
    struct alter_configs_request_config null = {TEXT_LITERAL("a.key"), TEXT_NULL};
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    cr_assert_eq(create_one(&world, new_topic("a", 1, 1)), KAFKA_NONE);
    cr_assert_eq(replace_configs(&world, "a", configs, 2), KAFKA_NONE);
    assert_config(&world, CONFIG_RESOURCE_TOPIC, "a", "b.key", "2");
    cr_assert_eq(replace_configs(&world, "a", bad, 2), KAFKA_INVALID_CONFIG);
    cr_assert_eq(replace_configs(&world, "a", twice, 2), KAFKA_INVALID_REQUEST);
    cr_assert_eq(replace_configs(&world, "a", &null, 1), KAFKA_INVALID_REQUEST);
    cr_assert_eq(replace_configs(&world, "x", configs, 1), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_config(&world, CONFIG_RESOURCE_TOPIC, "a", "a.key", "1");
    cr_assert_eq(replace_configs(&world, "a", configs, 1), KAFKA_NONE);
    assert_config(&world, CONFIG_RESOURCE_TOPIC, "a", "a.key", "1");
    assert_config(&world, CONFIG_RESOURCE_TOPIC, "a", "b.key", NULL);
    cr_assert_eq(replace_configs(&world, "a", NULL, 0), KAFKA_NONE);
    cr_assert_null(metadata_image_config(world.image, CONFIG_RESOURCE_TOPIC, TEXT_LITERAL("a")));
    world_clear(&world);
}

Test(controller_core, registrations_are_checked)
{
    struct world world;
    int64_t epoch;

    world_init(&world);
    struct broker_registration_request request = registration(&world, 1, 1);
    request.cluster_id = TEXT_LITERAL("another");
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INCONSISTENT_CLUSTER_ID);
    request = registration(&world, 1, 1);
    request.is_migrating_zk_broker = true;
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_BROKER_ID_NOT_REGISTERED);
    request = registration(&world, 1, 0);
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    request = registration(&world, -1, 1);
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    request = registration(&world, 1, 1);
    request.log_dirs.count = 0;
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    request = registration(&world, 1, 1);
    request.log_dirs.items[1] = request.log_dirs.items[0];
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    request = registration(&world, 1, 1);
    memset(&request.log_dirs.items[0], 0, sizeof(struct uuid));
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    request = registration(&world, 1, 1);
    request.listeners.items[0].security_protocol = 4;
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    request = registration(&world, 1, 1);
    request.listeners.count = 0;
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION);
    cr_assert_eq(metadata_image_brokers_count(world.image), 0u);

    request = registration(&world, 1, 1);
    cr_assert_eq(do_register(&world, &request, &epoch), KAFKA_NONE);
    cr_assert_eq(epoch, world.offset);
    cr_assert_not(metadata_image_broker(world.image, 1)->is_fenced, "the controller's own");
    request.broker_id = 2;
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_INVALID_REGISTRATION,
                 "the directories are broker 1's");
    request = registration(&world, 2, 1);
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_NONE);
    cr_assert(metadata_image_broker(world.image, 2)->is_fenced);
    world_clear(&world);
}

Test(controller_core, a_restarted_broker_leads_again_in_a_new_epoch)
{
    struct world world;
    int64_t first;
    int64_t second;

    world_init(&world);
    struct broker_registration_request request = registration(&world, 1, 1);
    cr_assert_eq(do_register(&world, &request, &first), KAFKA_NONE);
    cr_assert_eq(create_one(&world, new_topic("a", 3, 1)), KAFKA_NONE);
    cr_assert_eq(do_register(&world, &request, &second), KAFKA_NONE);
    cr_assert_eq(second, first, "the same incarnation");
    cr_assert_eq(topic_of(&world, "a")->partitions[0].leader_epoch, 0);
    request = registration(&world, 1, 2);
    cr_assert_eq(do_register(&world, &request, &second), KAFKA_NONE);
    cr_assert_gt(second, first);
    for (size_t i = 0; i < 3; i++) {
        const struct partition_image *partition = &topic_of(&world, "a")->partitions[i];
        cr_assert_eq(partition->leader, 1);
        cr_assert_eq(partition->leader_epoch, 1);
        cr_assert_eq(partition->partition_epoch, 1);
        cr_assert_eq(partition->isr.count, 1u);
    }
    world_clear(&world);
}

Test(controller_core, another_broker_takes_over_when_one_restarts_elsewhere)
{
    static const int32_t rows[1][4] = {{0, 2, 1, -9}};
    static const int32_t alone[1][4] = {{0, 2, -9, -9}};
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    add_broker(&world, 2);
    cr_assert_eq(create_one(&world, assigned(&world, "shared", rows[0], 1, 4)), KAFKA_NONE);
    cr_assert_eq(create_one(&world, assigned(&world, "alone", alone[0], 1, 4)), KAFKA_NONE);
    struct broker_registration_request request = registration(&world, 2, 99);
    cr_assert_eq(do_register(&world, &request, NULL), KAFKA_NONE);
    const struct partition_image *shared = &topic_of(&world, "shared")->partitions[0];
    cr_assert_eq(shared->leader, 1);
    cr_assert_eq(shared->leader_epoch, 1);
    cr_assert_eq(shared->isr.count, 1u);
    cr_assert_eq(shared->isr.items[0], 1);
    const struct partition_image *lonely = &topic_of(&world, "alone")->partitions[0];
    cr_assert_eq(lonely->leader, -1);
    cr_assert_eq(lonely->leader_epoch, 1);
    cr_assert_eq(lonely->isr.count, 1u, "the last one in sync stays in sync");
    world_clear(&world);
}

Test(controller_core, producer_ids_are_given_out_once)
{
    struct allocate_producer_ids_request request;
    struct allocate_producer_ids_response response;
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    allocate_producer_ids_request_init(&request);
    request.broker_id = 1;
    request.broker_epoch = metadata_image_broker(world.image, 1)->epoch;
    for (int64_t i = 0; i < 3; i++) {
        allocate_producer_ids_response_init(&response);
        decide(&world, CONTROLLER_ALLOCATE_PRODUCER_IDS, &request, &response);
        cr_assert_eq(response.error_code, KAFKA_NONE);
        cr_assert_eq(response.producer_id_start, i * CONTROLLER_PRODUCER_IDS_COUNT);
        cr_assert_eq(response.producer_id_len, CONTROLLER_PRODUCER_IDS_COUNT);
    }
    request.broker_epoch++;
    allocate_producer_ids_response_init(&response);
    cr_assert_eq(decide(&world, CONTROLLER_ALLOCATE_PRODUCER_IDS, &request, &response), 0u);
    cr_assert_eq(response.error_code, KAFKA_STALE_BROKER_EPOCH);
    request.broker_id = 9;
    decide(&world, CONTROLLER_ALLOCATE_PRODUCER_IDS, &request, &response);
    cr_assert_eq(response.error_code, KAFKA_STALE_BROKER_EPOCH);
    world_clear(&world);
}

Test(controller_core, an_exhausted_arena_is_no_decision)
{
    struct create_topics_request_topic topic = new_topic("a", 100, 1);
    struct create_topics_request request;
    struct create_topics_response response;
    struct arena small;
    struct error error;
    struct world world;

    world_init(&world);
    add_broker(&world, 1);
    arena_init(&small, 4096);
    create_topics_request_init(&request);
    request.topics.items = &topic;
    request.topics.count = 1;
    create_topics_response_init(&response);
    metadata_records_init(&world.records, &small);
    struct controller_decision decision = {.image = world.image,
                                           .settings = &world.settings,
                                           .random = &world.random.random,
                                           .offset = 9,
                                           .arena = &world.arena,
                                           .records = &world.records};
    cr_assert_eq(
        controller_core_decide(&decision, CONTROLLER_CREATE_TOPICS, &request, &response, &error),
        STATUS_NO_MEMORY);
    arena_clear(&small);
    world_clear(&world);
}
