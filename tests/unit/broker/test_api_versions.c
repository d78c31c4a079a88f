#include <criterion/criterion.h>
#include <string.h>

#include "broker/api/api_call.h"
#include "broker/broker_shard.h"
#include "broker/handlers/handlers.h"
#include "broker/server/connection.h"
#include "proto/generated/api_versions.h"
#include "proto/wire/kafka_error.h"

static struct api_call call;
static struct broker_shard broker;
static struct client_identity client;
static struct connection *connection;
static bool was_rejected;
static bool was_completed;
static struct arena arena;
static uint8_t request_memory[1024];

static void completed(struct api_call *ended)
{
    (void)ended;
    was_completed = true;
}

static void rejected(struct api_call *ended, const struct error *error)
{
    (void)ended;
    (void)error;
    was_rejected = true;
}

static const struct api_call_owner owner = {.completed = completed, .rejected = rejected};

static void closed(struct connection *gone, void *context)
{
    (void)gone;
    (void)context;
}

static void begin(void)
{
    struct connection_origin origin = {.listener_rule = API_LISTENER_CLIENT};
    connection = connection_create(-1, 1, &origin, closed, NULL);
    client.listener_rule = API_LISTENER_CLIENT;
    broker = (struct broker_shard){.node_id = 7, .cluster_id = TEXT_LITERAL("here")};
    broker.image = metadata_image_create_empty();
    arena_init(&arena, 1 << 20);
    arena_init(&call.arena, 1 << 20);
}

static void end(void)
{
    arena_clear(&arena);
    arena_clear(&call.arena);
    metadata_image_release(broker.image);
    connection_destroy(connection);
}

TestSuite(api_versions, .init = begin, .fini = end);

static void handle(int16_t version, struct bytes body)
{
    was_completed = was_rejected = false;
    call.owner = &owner;
    call.broker = &broker;
    call.connection = connection;
    call.client = &client;
    call.api = api_find(18);
    call.header.request_api_version = version;
    call.body = body;
    handle_api_versions(&call);
}

static struct bytes request(int16_t version, const char *name, const char *software_version,
                            const char *cluster_id, int32_t node_id)
{
    struct api_versions_request message;
    struct wire_writer writer;
    struct bytes bytes;
    struct error error;
    api_versions_request_init(&message);
    message.client_software_name = text_of(name);
    message.client_software_version = text_of(software_version);
    message.cluster_id = text_of(cluster_id);
    message.node_id = node_id;
    wire_writer_init_over(&writer, request_memory, sizeof request_memory);
    cr_assert_eq(api_versions_request_encode(&message, version, &writer, &error), STATUS_OK);
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_OK);
    return bytes;
}

/* What was answered, decoded at `version`. */
static struct api_versions_response answered(int16_t version)
{
    static uint8_t memory[4096];
    size_t size = 0;
    cr_assert(was_completed);
    for (size_t i = 0; i < call.outgoing.count; i++) {
        memcpy(memory + size, call.outgoing.items[i].data, call.outgoing.items[i].size);
        size += call.outgoing.items[i].size;
    }
    struct byte_reader reader = byte_reader_over((struct bytes){memory + 8, size - 8});
    struct api_versions_response response;
    struct error error;
    cr_assert_eq(api_versions_response_decode(&response, version, &reader, &arena, &error),
                 STATUS_OK, "%s", error.text);
    cr_assert_eq(byte_reader_remaining(&reader), 0);
    return response;
}

static const struct api_versions_response_api_version *
find_key(const struct api_versions_response *response, int16_t key)
{
    for (size_t i = 0; i < response->api_keys.count; i++) {
        if (response->api_keys.items[i].api_key == key) {
            return &response->api_keys.items[i];
        }
    }
    return NULL;
}

Test(api_versions, every_version_tells_what_is_served)
{
    for (int16_t version = 0; version <= 5; version++) {
        handle(version, request(version, "test", "1.0", NULL, -1));
        struct api_versions_response response = answered(version);
        cr_expect_eq(response.error_code, KAFKA_NONE);
        cr_expect_eq(response.api_keys.count, api_count());
        cr_expect_eq(find_key(&response, 0)->min_version, 0, "for old librdkafka");
        cr_expect_eq(find_key(&response, 0)->max_version, 13);
        cr_expect_eq(find_key(&response, 18)->max_version, 5);
        cr_expect_null(find_key(&response, 4), "what is not served is not told");
    }
}

Test(api_versions, an_unknown_version_is_answered_at_version_0_without_a_look_at_its_body)
{
    static const uint8_t nonsense[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    handle(6, (struct bytes){nonsense, sizeof nonsense});
    struct api_versions_response response = answered(0);
    cr_expect_eq(response.error_code, KAFKA_UNSUPPORTED_VERSION);
    cr_expect_eq(find_key(&response, 18)->max_version, 5);
    cr_expect_eq(find_key(&response, 18)->min_version, 0);
}

struct software_case {
    const char *name;
    const char *version;
    int16_t error_code;
};

static const struct software_case software_cases[] = {
    {"apache-kafka-java", "4.1.0", KAFKA_NONE}, {"a", "1", KAFKA_NONE},
    {"", "1", KAFKA_INVALID_REQUEST},           {"a", "", KAFKA_INVALID_REQUEST},
    {"-a", "1", KAFKA_INVALID_REQUEST},         {"a", "1.", KAFKA_INVALID_REQUEST},
    {"a b", "1", KAFKA_INVALID_REQUEST},        {"a", "1_0", KAFKA_INVALID_REQUEST},
    {"\xc3\xa4", "1", KAFKA_INVALID_REQUEST},
};

Test(api_versions, the_names_of_client_software_are_checked)
{
    for (size_t i = 0; i < sizeof software_cases / sizeof software_cases[0]; i++) {
        const struct software_case *item = &software_cases[i];
        handle(3, request(3, item->name, item->version, NULL, -1));
        struct api_versions_response response = answered(3);
        cr_expect_eq(response.error_code, item->error_code, "%s %s", item->name, item->version);
        if (item->error_code != KAFKA_NONE) {
            cr_expect_eq(response.api_keys.count, 0);
        }
    }
}

Test(api_versions, the_software_is_remembered_with_the_connection)
{
    handle(3, request(3, "librdkafka", "2.0.2", NULL, -1));
    const struct client_identity *identity = connection_identity(connection);
    cr_expect(text_equal(identity->software_name, TEXT_LITERAL("librdkafka")));
    cr_expect(text_equal(identity->software_version, TEXT_LITERAL("2.0.2")));
}

Test(api_versions, features_that_begin_at_level_0_are_told_from_version_4_on)
{
    handle(3, request(3, "test", "1.0", NULL, -1));
    struct api_versions_response response = answered(3);
    for (size_t i = 0; i < response.supported_features.count; i++) {
        cr_expect_gt(response.supported_features.items[i].min_version, 0);
    }
    size_t before = response.supported_features.count;
    handle(4, request(4, "test", "1.0", NULL, -1));
    response = answered(4);
    cr_expect_gt(response.supported_features.count, before);
    cr_expect_eq(response.finalized_features_epoch, -1, "an empty image");
}

Test(api_versions, who_looks_for_another_broker_is_told)
{
    handle(5, request(5, "test", "1.0", "here", 7));
    cr_expect_eq(answered(5).error_code, KAFKA_NONE);
    handle(5, request(5, "test", "1.0", "elsewhere", 7));
    cr_expect_eq(answered(5).error_code, KAFKA_REBOOTSTRAP_REQUIRED);
    handle(5, request(5, "test", "1.0", "here", 8));
    cr_expect_eq(answered(5).error_code, KAFKA_REBOOTSTRAP_REQUIRED);
    handle(5, request(5, "test", "1.0", NULL, 8));
    cr_expect_eq(answered(5).error_code, KAFKA_NONE, "without a cluster nothing is compared");
}

Test(api_versions, a_malformed_body_is_rejected)
{
    handle(3, (struct bytes){(const uint8_t *)"\x05", 1});
    cr_expect(was_rejected);
    struct bytes body = request(3, "test", "1.0", NULL, -1);
    request_memory[body.size] = 0;
    handle(3, (struct bytes){body.data, body.size + 1});
    cr_expect(was_rejected, "trailing bytes");
}

Test(api_versions, without_memory_it_is_rejected)
{
    arena_clear(&call.arena);
    arena_init(&call.arena, 100);
    handle(0, BYTES_NULL);
    cr_expect(was_rejected);
}
