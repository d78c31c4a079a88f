/* DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, and what they change in a log. */
#include <criterion/criterion.h>
#include <string.h>

#include "broker/config/config_description.h"
#include "proto/generated/alter_configs.h"
#include "proto/generated/describe_configs.h"
#include "proto/generated/incremental_alter_configs.h"
#include "proto/wire/kafka_error.h"
#include "tests/support/broker/whole_broker.h"

static struct whole_broker whole;

static void open_two(void)
{
    static const char *const overrides[] = {"log.retention.hours=5", NULL};
    whole_broker_open(&whole, 2, overrides);
    whole_broker_create_topic(&whole, "orders", 2, "segment.bytes=2097152");
}

static void close_it(void)
{
    whole_broker_close(&whole);
}

TestSuite(configs, .init = open_two, .fini = close_it, .timeout = 60);

static struct test_call *describe(int8_t type, const char *name)
{
    struct describe_configs_request request;
    struct describe_configs_request_resource resource;
    describe_configs_request_init(&request);
    describe_configs_request_resource_init(&resource);
    request.resources.items = &resource;
    request.resources.count = 1;
    request.include_synonyms = true;
    request.include_documentation = true;
    resource.resource_type = type;
    resource.resource_name = text_of(name);
    resource.configuration_keys.is_null = true;
    return test_call_answer(&whole, API_KEY_DESCRIBE_CONFIGS, 4, &request);
}

static const struct describe_configs_response_result *result_of(const struct test_call *call)
{
    const struct describe_configs_response *response = call->response;
    cr_assert_eq(response->results.count, 1);
    return &response->results.items[0];
}

static const struct describe_configs_response_resource *entry_of(const struct test_call *call,
                                                                 const char *key)
{
    const struct describe_configs_response_result *result = result_of(call);
    cr_assert_eq(result->error_code, KAFKA_NONE);
    for (size_t i = 0; i < result->configs.count; i++) {
        if (text_equal(result->configs.items[i].name, text_of(key))) {
            return &result->configs.items[i];
        }
    }
    return NULL;
}

static void check_entry(const struct test_call *call, const char *key, const char *value,
                        enum config_source source)
{
    const struct describe_configs_response_resource *entry = entry_of(call, key);
    cr_assert_not_null(entry, "%s", key);
    cr_assert(text_equal(entry->value, text_of(value)), "%s=%.*s", key,
              TEXT_ARGUMENTS(entry->value));
    cr_assert_eq(entry->config_source, (int8_t)source, "%s has source %d", key,
                 entry->config_source);
    cr_assert_not_null(entry->documentation.data);
}

static int16_t alter(int8_t type, const char *name, const char *key, int8_t operation,
                     const char *value)
{
    struct incremental_alter_configs_request request;
    struct incremental_alter_configs_request_alter_configs_resource resource;
    struct incremental_alter_configs_request_config config;
    incremental_alter_configs_request_init(&request);
    incremental_alter_configs_request_alter_configs_resource_init(&resource);
    incremental_alter_configs_request_config_init(&config);
    request.resources.items = &resource;
    request.resources.count = 1;
    resource.resource_type = type;
    resource.resource_name = text_of(name);
    resource.configs.items = &config;
    resource.configs.count = 1;
    config.name = text_of(key);
    config.config_operation = operation;
    config.value = value == NULL ? TEXT_NULL : text_of(value);
    struct test_call *call =
        test_call_answer(&whole, API_KEY_INCREMENTAL_ALTER_CONFIGS, 1, &request);
    const struct incremental_alter_configs_response *response = call->response;
    cr_assert_eq(response->responses.count, 1);
    int16_t code = response->responses.items[0].error_code;
    cr_assert_eq(code == KAFKA_NONE, response->responses.items[0].error_message.data == NULL);
    test_call_clear(call);
    return code;
}

enum { SET, DELETE, APPEND, SUBTRACT };

Test(configs, of_a_topic_have_value_source_and_synonyms)
{
    struct test_call *call = describe(CONFIG_RESOURCE_TOPIC, "orders");
    cr_assert_eq(result_of(call)->configs.count, TOPIC_CONFIG_ID_COUNT);
    check_entry(call, "segment.bytes", "2097152", CONFIG_SOURCE_DYNAMIC_TOPIC);
    check_entry(call, "retention.ms", "18000000", CONFIG_SOURCE_STATIC_BROKER);
    check_entry(call, "segment.ms", "604800000", CONFIG_SOURCE_DEFAULT);
    check_entry(call, "flush.messages", "1", CONFIG_SOURCE_DEFAULT);
    check_entry(call, "remote.storage.enable", "false", CONFIG_SOURCE_DEFAULT);
    check_entry(call, "leader.replication.throttled.replicas", "", CONFIG_SOURCE_DEFAULT);
    const struct describe_configs_response_resource *entry = entry_of(call, "segment.bytes");
    cr_assert_not(entry->read_only);
    cr_assert_eq(entry->config_type, CONFIG_TYPE_INT);
    cr_assert_eq(entry->synonyms.count, 2);
    cr_assert(text_equal(entry->synonyms.items[0].name, TEXT_LITERAL("segment.bytes")));
    cr_assert(text_equal(entry->synonyms.items[1].name, TEXT_LITERAL("log.segment.bytes")));
    entry = entry_of(call, "retention.ms");
    cr_assert_eq(entry->synonyms.count, 2);
    cr_assert(text_equal(entry->synonyms.items[0].name, TEXT_LITERAL("log.retention.hours")));
    cr_assert(text_equal(entry->synonyms.items[0].value, TEXT_LITERAL("5")));
    cr_assert(text_equal(entry->synonyms.items[1].value, TEXT_LITERAL("168")));
    test_call_clear(call);
}

Test(configs, of_a_broker_say_what_may_be_altered)
{
    struct test_call *call = describe(CONFIG_RESOURCE_BROKER, "1");
    check_entry(call, "num.partitions", "1", CONFIG_SOURCE_DEFAULT);
    check_entry(call, "log.retention.hours", "5", CONFIG_SOURCE_STATIC_BROKER);
    cr_assert(entry_of(call, "num.partitions")->read_only);
    cr_assert_not(entry_of(call, "log.segment.bytes")->read_only);
    cr_assert_null(entry_of(call, "group.max.size"), "without effect, so not described");
    test_call_clear(call);
    struct test_call *all = describe(CONFIG_RESOURCE_BROKER, "");
    cr_assert_eq(result_of(all)->configs.count, 0);
    test_call_clear(all);
}

Test(configs, of_what_is_not_there_are_errors)
{
    static const struct {
        int8_t type;
        const char *name;
        int16_t error_code;
    } rows[] = {
        {CONFIG_RESOURCE_TOPIC, "nowhere", KAFKA_UNKNOWN_TOPIC_OR_PARTITION},
        {CONFIG_RESOURCE_BROKER, "7", KAFKA_INVALID_REQUEST},
        {CONFIG_RESOURCE_BROKER, "x", KAFKA_INVALID_REQUEST},
        {CONFIG_RESOURCE_GROUP, "g", KAFKA_INVALID_REQUEST},
        {99, "x", KAFKA_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_call *call = describe(rows[i].type, rows[i].name);
        cr_assert_eq(result_of(call)->error_code, rows[i].error_code);
        cr_assert_not_null(result_of(call)->error_message.data);
        test_call_clear(call);
    }
}

Test(configs, altered_values_reach_the_log_at_once)
{
    const struct partition *partition = whole_broker_partition(&whole, "orders", 1);
    cr_assert_eq(partition_log_config(partition->log)->retention_ms, 18000000);
    cr_assert_eq(alter(CONFIG_RESOURCE_BROKER, "", "log.retention.ms", SET, "1000"), KAFKA_NONE);
    cr_assert_eq(partition_log_config(partition->log)->retention_ms, 1000);
    cr_assert_eq(alter(CONFIG_RESOURCE_BROKER, "1", "log.retention.ms", SET, "2000"), KAFKA_NONE);
    cr_assert_eq(partition_log_config(partition->log)->retention_ms, 2000);
    cr_assert_eq(alter(CONFIG_RESOURCE_TOPIC, "orders", "retention.ms", SET, "3000"), KAFKA_NONE);
    cr_assert_eq(partition_log_config(partition->log)->retention_ms, 3000);
    struct test_call *call = describe(CONFIG_RESOURCE_TOPIC, "orders");
    const struct describe_configs_response_resource *entry = entry_of(call, "retention.ms");
    cr_assert_eq(entry->synonyms.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(entry->synonyms.items[i].source, (int8_t)(i + 1));
    }
    test_call_clear(call);
    cr_assert_eq(alter(CONFIG_RESOURCE_TOPIC, "orders", "retention.ms", DELETE, NULL), KAFKA_NONE);
    cr_assert_eq(partition_log_config(partition->log)->retention_ms, 2000);
}

Test(configs, lists_grow_and_shrink)
{
    const struct partition *partition = whole_broker_partition(&whole, "orders", 0);
    cr_assert_eq(alter(CONFIG_RESOURCE_TOPIC, "orders", "cleanup.policy", APPEND, "compact"),
                 KAFKA_NONE);
    cr_assert_eq(partition_log_config(partition->log)->cleanup_policy,
                 CLEANUP_DELETE | CLEANUP_COMPACT);
    cr_assert_eq(alter(CONFIG_RESOURCE_TOPIC, "orders", "cleanup.policy", SUBTRACT, "delete"),
                 KAFKA_NONE);
    cr_assert_eq(partition_log_config(partition->log)->cleanup_policy, CLEANUP_COMPACT);
    cr_assert_eq(alter(CONFIG_RESOURCE_BROKER, "", "log.cleanup.policy", APPEND, "compact"),
                 KAFKA_NONE);
    struct test_call *call = describe(CONFIG_RESOURCE_BROKER, "");
    check_entry(call, "log.cleanup.policy", "delete,compact", CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER);
    test_call_clear(call);
}

Test(configs, bad_changes_are_refused)
{
    static const struct {
        int8_t type;
        const char *name;
        const char *key;
        int8_t operation;
        const char *value;
        int16_t error_code;
    } rows[] = {
        {CONFIG_RESOURCE_TOPIC, "orders", "no.such.key", SET, "1", KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "retention.ms", SET, "x", KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "retention.ms", SET, "-2", KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "retention.ms", APPEND, "1", KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "segment.bytes", SET, "14", KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "remote.storage.enable", SET, "true",
         KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "remote.storage.enable", SET, "FALSE", KAFKA_NONE},
        {CONFIG_RESOURCE_TOPIC, "orders", "leader.replication.throttled.replicas", SET, "*",
         KAFKA_INVALID_CONFIG},
        {CONFIG_RESOURCE_TOPIC, "orders", "retention.ms", 9, "1", KAFKA_INVALID_REQUEST},
        {CONFIG_RESOURCE_TOPIC, "nowhere", "retention.ms", SET, "1",
         KAFKA_UNKNOWN_TOPIC_OR_PARTITION},
        {CONFIG_RESOURCE_BROKER, "", "node.id", SET, "2", KAFKA_INVALID_REQUEST},
        {CONFIG_RESOURCE_BROKER, "", "num.partitions", SET, "2", KAFKA_INVALID_REQUEST},
        {CONFIG_RESOURCE_BROKER, "", "log.segment.bytes", SET, "1", KAFKA_INVALID_REQUEST},
        {CONFIG_RESOURCE_BROKER, "7", "log.segment.bytes", SET, "2097152",
         KAFKA_BROKER_ID_NOT_REGISTERED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int16_t code =
            alter(rows[i].type, rows[i].name, rows[i].key, rows[i].operation, rows[i].value);
        cr_assert_eq(code, rows[i].error_code, "row %zu: %d", i, code);
    }
}

Test(configs, altering_all_resets_what_is_left_out)
{
    struct alter_configs_request request;
    struct alter_configs_request_resource resource;
    struct alter_configs_request_config config;
    alter_configs_request_init(&request);
    alter_configs_request_resource_init(&resource);
    alter_configs_request_config_init(&config);
    request.resources.items = &resource;
    request.resources.count = 1;
    request.validate_only = true;
    resource.resource_type = CONFIG_RESOURCE_TOPIC;
    resource.resource_name = TEXT_LITERAL("orders");
    resource.configs.items = &config;
    resource.configs.count = 1;
    config.name = TEXT_LITERAL("retention.bytes");
    config.value = TEXT_LITERAL("99");
    const struct partition *partition = whole_broker_partition(&whole, "orders", 0);
    for (int i = 0; i < 2; i++) {
        test_call_clear(test_call_answer(&whole, API_KEY_ALTER_CONFIGS, 2, &request));
        const struct log_config *log = partition_log_config(partition->log);
        cr_assert_eq(log->retention_bytes, i == 0 ? -1 : 99);
        cr_assert_eq(log->segment_bytes, i == 0 ? 2097152 : 1073741824);
        request.validate_only = false;
    }
}
