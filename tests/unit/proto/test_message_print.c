#include <criterion/criterion.h>
#include <string.h>

#include "proto/generated/consumer_group_heartbeat.h"
#include "proto/generated/describe_client_quotas.h"
#include "proto/generated/fetch.h"
#include "proto/generated/messages.h"
#include "proto/generated/metadata.h"
#include "proto/generated/produce.h"
#include "proto/generated/sasl_authenticate.h"
#include "proto/wire/message_print.h"
#include "tests/support/proto/random_message.h"

static char line[4096];

static const char *print(const struct message_descriptor *descriptor, const void *message,
                         int16_t version)
{
    size_t size = message_print(descriptor, message, version, line, sizeof(line));
    cr_assert_eq(size, strlen(line));
    return line;
}

Test(message_print, only_fields_of_the_version_are_printed)
{
    struct metadata_request request;
    struct metadata_request_topic topic;

    metadata_request_init(&request);
    metadata_request_topic_init(&topic);
    topic.name = TEXT_LITERAL("orders");
    request.topics.items = &topic;
    request.topics.count = 1;
    cr_assert_str_eq(print(&metadata_request_descriptor, &request, 0),
                     "{\"topics\":[{\"name\":\"orders\"}]}");
    cr_assert_str_eq(print(&metadata_request_descriptor, &request, 12),
                     "{\"topics\":[{\"topic_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"name\":\"orders\"}],"
                     "\"allow_auto_topic_creation\":true,"
                     "\"include_topic_authorized_operations\":false}");
}

Test(message_print, null_and_empty_differ)
{
    struct metadata_request request;
    struct produce_request produce;
    struct consumer_group_heartbeat_response heartbeat;

    metadata_request_init(&request);
    cr_assert_str_eq(print(&metadata_request_descriptor, &request, 1), "{\"topics\":[]}");
    request.topics.is_null = true;
    cr_assert_str_eq(print(&metadata_request_descriptor, &request, 1), "{\"topics\":null}");
    produce_request_init(&produce);
    cr_assert_not_null(
        strstr(print(&produce_request_descriptor, &produce, 3), "\"transactional_id\":null"));
    produce.transactional_id = TEXT_LITERAL("");
    cr_assert_not_null(
        strstr(print(&produce_request_descriptor, &produce, 3), "\"transactional_id\":\"\""));
    consumer_group_heartbeat_response_init(&heartbeat);
    cr_assert_not_null(strstr(print(&consumer_group_heartbeat_response_descriptor, &heartbeat, 0),
                              "\"assignment\":null"));
}

Test(message_print, numbers_keep_their_sign_and_width)
{
    struct fetch_request request;

    fetch_request_init(&request);
    request.max_wait_ms = -500;
    request.isolation_level = -1;
    cr_assert_str_eq(print(&fetch_request_descriptor, &request, 4),
                     "{\"replica_id\":-1,\"max_wait_ms\":-500,\"min_bytes\":0,"
                     "\"max_bytes\":2147483647,\"isolation_level\":-1,\"topics\":[]}");
}

static const char *print_string(struct text text)
{
    struct produce_request request;

    produce_request_init(&request);
    request.transactional_id = text;
    print(&produce_request_descriptor, &request, 3);
    *strstr(line, ",\"acks\"") = '\0';
    return line + strlen("{\"transactional_id\":");
}

Test(message_print, strings_are_escaped)
{
    cr_assert_str_eq(print_string(TEXT_LITERAL("a\"b\\c")), "\"a\\\"b\\\\c\"");
    cr_assert_str_eq(print_string(TEXT_LITERAL("\n\x1b\x7f")), "\"\\u000a\\u001b\\u007f\"");
    cr_assert_str_eq(print_string(TEXT_LITERAL("a\0b")), "\"a\\u0000b\"");
    cr_assert_str_eq(print_string(TEXT_LITERAL("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\xb2")),
                     "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\xb2\"");
}

Test(message_print, bytes_that_are_not_utf_8_are_replaced)
{
    static const struct {
        const char *text;
        const char *printed;
    } CASES[] = {
        {"\x80", "\"\\ufffd\""},                                  /* Goes on without a start. */
        {"\xc3", "\"\\ufffd\""},                                  /* Cut short. */
        {"\xc3x", "\"\\ufffdx\""},                                /* No second byte. */
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},                       /* Longer than needed. */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* A surrogate. */
        {"\xf5\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* Beyond the last. */
        {"\xff", "\"\\ufffd\""},
    };

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        cr_assert_str_eq(print_string(text_of(CASES[i].text)), CASES[i].printed);
    }
}

Test(message_print, records_are_their_size)
{
    struct produce_request request;
    struct produce_request_topic topic;
    struct produce_request_partition partition;

    produce_request_init(&request);
    produce_request_topic_init(&topic);
    produce_request_partition_init(&partition);
    partition.records = (struct bytes){(const uint8_t *)"abc", 3};
    topic.partition_data.items = &partition;
    topic.partition_data.count = 1;
    request.topic_data.items = &topic;
    request.topic_data.count = 1;
    cr_assert_not_null(
        strstr(print(&produce_request_descriptor, &request, 3), "\"records\":\"3 bytes\""));
    partition.records = BYTES_NULL;
    cr_assert_not_null(strstr(print(&produce_request_descriptor, &request, 3), "\"records\":null"));
}

Test(message_print, secrets_are_not_printed)
{
    struct sasl_authenticate_request request;

    sasl_authenticate_request_init(&request);
    request.auth_bytes = (struct bytes){(const uint8_t *)"password", 8};
    cr_assert_str_eq(print(&sasl_authenticate_request_descriptor, &request, 0),
                     "{\"auth_bytes\":\"***\"}");
}

Test(message_print, fractions_are_json_numbers)
{
    struct describe_client_quotas_response_value value;
    struct describe_client_quotas_response_entry entry;
    struct describe_client_quotas_response response;

    describe_client_quotas_response_init(&response);
    describe_client_quotas_response_entry_init(&entry);
    describe_client_quotas_response_value_init(&value);
    entry.values.items = &value;
    entry.values.count = 1;
    response.entries.items = &entry;
    response.entries.count = 1;
    value.value = 1.5;
    cr_assert_not_null(
        strstr(print(&describe_client_quotas_response_descriptor, &response, 0), "\"value\":1.5}"));
    value.value = -1.0 / 0.0;
    cr_assert_not_null(strstr(print(&describe_client_quotas_response_descriptor, &response, 0),
                              "\"value\":\"-inf\"}"));
}

Test(message_print, a_text_that_is_too_long_is_cut_and_its_size_told)
{
    struct metadata_request request;
    char small[8];

    metadata_request_init(&request);
    memset(small, 'x', sizeof(small));
    cr_assert_eq(message_print(&metadata_request_descriptor, &request, 1, small, sizeof(small)),
                 13);
    cr_assert_str_eq(small, "{\"topic");
    cr_assert_eq(message_print(&metadata_request_descriptor, &request, 1, small, 0), 13);
    cr_assert_eq(message_print(&metadata_request_descriptor, &request, 1, small, 1), 13);
    cr_assert_str_eq(small, "");
}

Test(message_print, every_message_can_be_printed)
{
    struct random_seeded random;
    struct arena arena;

    random_seeded_init(&random, 1);
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        const struct message_descriptor *descriptor = MESSAGES[i];
        int16_t version = descriptor->version_max;
        void *message = random_message(descriptor, version, &random.random, &arena);
        struct text text = message_to_text(descriptor, message, version, &arena);

        cr_assert_not_null(text.data, "%s", descriptor->name);
        cr_assert_eq(text.data[0], '{');
        cr_assert_eq(text.data[text.size - 1], '}');
        cr_assert_eq(strlen(text.data), text.size);
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

Test(message_print, without_memory_there_is_no_text)
{
    struct metadata_request request;
    struct arena arena;

    metadata_request_init(&request);
    arena_init(&arena, 0);
    cr_assert_null(message_to_text(&metadata_request_descriptor, &request, 1, &arena).data);
    arena_clear(&arena);
}
