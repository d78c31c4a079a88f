/* The rules of decoding, each by bytes that break it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/generated/add_raft_voter.h"
#include "proto/generated/api_versions.h"
#include "proto/generated/consumer_group_heartbeat.h"
#include "proto/generated/consumer_offsets_records.h"
#include "proto/generated/describe_client_quotas.h"
#include "proto/generated/describe_cluster.h"
#include "proto/generated/fetch.h"
#include "proto/generated/metadata.h"
#include "proto/generated/produce.h"
#include "proto/wire/wire_writer.h"

#define ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)

static struct arena arena;
static struct byte_reader reader;
static struct error error;

static void setup(void)
{
    arena_init(&arena, ARENA_SIZE_MAX);
}

static void teardown(void)
{
    arena_clear(&arena);
}

TestSuite(message_decoder, .init = setup, .fini = teardown);

/* Decodes a copy that lies alone in memory, so that the sanitizer sees a read behind it. */
static enum status decode(const struct message_descriptor *descriptor, void *message,
                          int16_t version, const void *data, size_t size)
{
    uint8_t *copy = arena_allocate(&arena, size);

    memcpy(copy, data, size);
    reader = byte_reader_over((struct bytes){copy, size});
    return descriptor->decode(message, version, &reader, &arena, &error);
}

#define DECODE(descriptor, message, version, literal)                                              \
    decode(&(descriptor), (message), (version), (literal), sizeof(literal) - 1)

static void expect_malformed(const struct message_descriptor *descriptor, int16_t version,
                             const void *data, size_t size, const char *sentence)
{
    void *message = arena_allocate(&arena, descriptor->structure->size);

    cr_assert_eq(decode(descriptor, message, version, data, size), STATUS_MALFORMED, "%s",
                 sentence);
    cr_assert_str_eq(error.text, sentence);
    cr_assert(reader.failed);
}

#define MALFORMED(descriptor, version, literal, sentence)                                          \
    expect_malformed(&(descriptor), (version), (literal), sizeof(literal) - 1, (sentence))

Test(message_decoder, a_produce_request_is_views_of_its_bytes)
{
    struct produce_request request;

    cr_assert_eq(DECODE(produce_request_descriptor, &request, 9,
                        "\0\xff\xff\0\0\x75\x30\x02\x04"
                        "abc"
                        "\x02\0\0\0\x05\x04"
                        "xyz"
                        "\0\0\0"),
                 STATUS_OK);
    cr_assert_null(request.transactional_id.data);
    cr_assert_eq(request.acks, -1);
    cr_assert_eq(request.timeout_ms, 30000);
    cr_assert_eq(request.topic_data.count, 1);
    const struct produce_request_topic *topic = &request.topic_data.items[0];
    cr_assert(text_equal(topic->name, TEXT_LITERAL("abc")));
    cr_assert(uuid_is_none(topic->topic_id));
    cr_assert_eq(topic->partition_data.count, 1);
    cr_assert_eq(topic->partition_data.items[0].index, 5);
    cr_assert_eq(topic->partition_data.items[0].records.size, 3);
    cr_assert_eq(topic->partition_data.items[0].records.data, reader.end - 6);
    cr_assert_eq(byte_reader_remaining(&reader), 0);
}

Test(message_decoder, the_same_request_before_it_was_flexible)
{
    struct produce_request request;

    cr_assert_eq(DECODE(produce_request_descriptor, &request, 3,
                        "\0\x02tx\0\x01\0\0\0\x01\0\0\0\x01\0\x03"
                        "abc"
                        "\0\0\0\x02\0\0\0\x05\xff\xff\xff\xff\0\0\0\x06\0\0\0\0"),
                 STATUS_OK);
    cr_assert(text_equal(request.transactional_id, TEXT_LITERAL("tx")));
    const struct produce_request_topic *topic = &request.topic_data.items[0];
    cr_assert_eq(topic->partition_data.count, 2);
    cr_assert_null(topic->partition_data.items[0].records.data);
    cr_assert_not_null(topic->partition_data.items[1].records.data);
    cr_assert_eq(topic->partition_data.items[1].records.size, 0);
}

Test(message_decoder, what_a_version_lacks_has_its_default)
{
    struct fetch_request request;

    memset(&request, 0xa5, sizeof(request));
    cr_assert_eq(DECODE(fetch_request_descriptor, &request, 4,
                        "\xff\xff\xff\xff\0\0\x01\xf4\0\0\0\x01\x00\x10\0\0\x01\0\0\0\x01\0\x01t"
                        "\0\0\0\x01\0\0\0\x07\0\0\0\0\0\0\0\x09\0\0\x10\0"),
                 STATUS_OK);
    cr_assert_eq(request.session_id, 0);
    cr_assert_eq(request.session_epoch, -1);
    cr_assert_eq(request.replica_state.replica_id, -1);
    cr_assert_eq(request.replica_state.replica_epoch, -1);
    cr_assert_null(request.cluster_id.data);
    cr_assert_not_null(request.rack_id.data);
    cr_assert_eq(request.rack_id.size, 0);
    cr_assert_eq(request.forgotten_topics_data.count, 0);
    const struct fetch_request_partition *partition = &request.topics.items[0].partitions.items[0];
    cr_assert_eq(partition->fetch_offset, 9);
    cr_assert_eq(partition->current_leader_epoch, -1);
    cr_assert_eq(partition->log_start_offset, -1);
    cr_assert_eq(partition->high_watermark, INT64_MAX);
}

Test(message_decoder, null_and_empty_arrays_differ)
{
    struct metadata_request request;

    cr_assert_eq(DECODE(metadata_request_descriptor, &request, 1, "\xff\xff\xff\xff"), STATUS_OK);
    cr_assert(request.topics.is_null);
    cr_assert_eq(request.topics.count, 0);
    cr_assert_eq(DECODE(metadata_request_descriptor, &request, 1, "\0\0\0\0"), STATUS_OK);
    cr_assert(!request.topics.is_null);
    cr_assert_eq(DECODE(metadata_request_descriptor, &request, 9, "\0\0\0\0\0"), STATUS_OK);
    cr_assert(request.topics.is_null);
    cr_assert_eq(DECODE(metadata_request_descriptor, &request, 9, "\x01\0\0\0\0"), STATUS_OK);
    cr_assert(!request.topics.is_null);
}

Test(message_decoder, a_null_is_refused_in_the_versions_that_do_not_allow_it)
{
    MALFORMED(metadata_request_descriptor, 0, "\xff\xff\xff\xff",
              "metadata_request version 0: topics: null is not allowed in this version");
    MALFORMED(metadata_request_descriptor, 9, "\x02\0\0",
              "metadata_request version 9: topics.name: null is not allowed in this version");
}

Test(message_decoder, lengths_below_null_are_refused)
{
    MALFORMED(produce_request_descriptor, 3, "\xff\xfe",
              "produce_request version 3: transactional_id: length -2 is below -1");
    MALFORMED(produce_request_descriptor, 3, "\xff\xff\0\x01\0\0\0\x01\x80\0\0\0",
              "produce_request version 3: topic_data: length -2147483648 is below -1");
}

Test(message_decoder, a_length_above_what_remains_is_refused)
{
    MALFORMED(produce_request_descriptor, 9,
              "\x05"
              "abc",
              "produce_request version 9: transactional_id: needs 4 bytes, remaining are 3");
    MALFORMED(produce_request_descriptor, 9,
              "\0\xff\xff\0\0\0\x01\x02\x02t\x02\0\0\0\x01\xff\xff\xff\xff\x0f\0\0\0",
              "produce_request version 9: topic_data.partition_data.records: "
              "needs 4294967294 bytes, remaining are 3");
    MALFORMED(produce_request_descriptor, 3, "\xff\xff\0",
              "produce_request version 3: acks: needs 2 bytes, remaining are 1");
}

Test(message_decoder, a_string_has_a_limit)
{
    size_t size = MESSAGE_STRING_SIZE_MAX + 1;
    uint8_t *data = arena_allocate(&arena, size + 3);
    struct byte_writer writer = byte_writer_over(data, size + 3);

    write_unsigned_varint(&writer, (uint32_t)size + 1);
    expect_malformed(&produce_request_descriptor, 9, data, size + 3,
                     "produce_request version 9: transactional_id: string of 32768 bytes, "
                     "accepted are at most 32767");
}

Test(message_decoder, a_count_is_checked_before_anything_is_allocated)
{
    MALFORMED(metadata_request_descriptor, 0, "\x7f\xff\xff\xff\0\0\0\0",
              "metadata_request version 0: topics: 2147483647 elements cannot lie in the "
              "remaining 4 bytes");
    cr_assert_lt(arena.size, 64 * 1024);
    MALFORMED(metadata_request_descriptor, 9, "\xff\xff\xff\xff\x0f\0\0\0\0",
              "metadata_request version 9: topics: 4294967294 elements cannot lie in the "
              "remaining 4 bytes");
}

Test(message_decoder, an_array_has_a_limit)
{
    size_t size = 4 + 2 * (MESSAGE_ARRAY_COUNT_MAX + 1);
    uint8_t *data = arena_allocate(&arena, size);
    struct metadata_request request;

    store_i32(data, MESSAGE_ARRAY_COUNT_MAX + 1);
    expect_malformed(&metadata_request_descriptor, 0, data, size,
                     "metadata_request version 0: topics: 100001 elements, accepted are at most "
                     "100000");
    store_i32(data, MESSAGE_ARRAY_COUNT_MAX);
    cr_assert_eq(decode(&metadata_request_descriptor, &request, 0, data, size), STATUS_OK);
    cr_assert_eq(request.topics.count, MESSAGE_ARRAY_COUNT_MAX);
}

Test(message_decoder, all_arrays_together_have_a_limit)
{
    /* Topics of 50,000 forgotten partitions each: the twentieth goes beyond. */
    const size_t partitions_count = 50000;
    size_t size = 64 + 21 * (3 + 4 + partitions_count * 4);
    uint8_t *data = arena_allocate(&arena, size);
    struct byte_writer writer = byte_writer_over(data, size);

    write_bytes(&writer, "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 25);
    writer.position = data + 25; /* Up to the topics, of which there are none. */
    write_i32(&writer, 0);
    write_i32(&writer, 20);
    for (int i = 0; i < 20; i++) {
        write_bytes(&writer, "\0\x01t", 3);
        write_i32(&writer, (int32_t)partitions_count);
        memset(writer.position, 0, partitions_count * 4);
        writer.position += partitions_count * 4;
    }
    expect_malformed(&fetch_request_descriptor, 7, data, byte_writer_size(&writer),
                     "fetch_request version 7: forgotten_topics_data.partitions: 50000 elements, "
                     "of all arrays together at most 49980 more are accepted");
}

Test(message_decoder, without_memory_nothing_is_decoded)
{
    struct metadata_request request;
    struct arena small;
    uint8_t *data = arena_allocate(&arena, 4 + 2 * 50000);

    arena_init(&small, 4096);
    store_i32(data, 50000);
    struct byte_reader all = byte_reader_over((struct bytes){data, 4 + 2 * 50000});
    cr_assert_eq(metadata_request_decode(&request, 0, &all, &small, &error), STATUS_NO_MEMORY);
    cr_assert_not_null(strstr(error.text, "metadata_request version 0: topics: no memory for "));
    arena_clear(&small);
}

Test(message_decoder, a_varint_has_at_most_32_bits)
{
    MALFORMED(metadata_request_descriptor, 9, "\xff\xff\xff\xff\x10\0\0\0\0",
              "metadata_request version 9: topics: varint has more than 32 bits");
    MALFORMED(metadata_request_descriptor, 9, "\xff\xff\xff\xff\xff\x01\0\0\0",
              "metadata_request version 9: topics: varint has more than 32 bits");
    MALFORMED(metadata_request_descriptor, 9, "\xff",
              "metadata_request version 9: topics: needs 1 bytes, remaining are 0");
}

Test(message_decoder, unknown_tagged_fields_are_skipped_at_every_level)
{
    struct metadata_request request;

    cr_assert_eq(DECODE(metadata_request_descriptor, &request, 9,
                        "\x02\x02t\x01\x07\x03zzz\x01\0\x01\x02\x00\x00\x85\x01\x01z"),
                 STATUS_OK);
    cr_assert(text_equal(request.topics.items[0].name, TEXT_LITERAL("t")));
    cr_assert(request.allow_auto_topic_creation);
    cr_assert(request.include_topic_authorized_operations);
    cr_assert_eq(byte_reader_remaining(&reader), 0);
}

Test(message_decoder, tags_ascend)
{
    MALFORMED(metadata_request_descriptor, 9, "\x01\0\0\0\x02\x05\0\x05\0",
              "metadata_request version 9: tagged_fields: tag 5 follows tag 5");
    MALFORMED(metadata_request_descriptor, 9, "\x01\0\0\0\x02\x05\0\x04\0",
              "metadata_request version 9: tagged_fields: tag 4 follows tag 5");
}

Test(message_decoder, a_tagged_field_lies_inside_the_message)
{
    MALFORMED(metadata_request_descriptor, 9, "\x01\0\0\0\x01\x05\x03zz",
              "metadata_request version 9: tagged_fields: needs 3 bytes, remaining are 2");
    MALFORMED(metadata_request_descriptor, 9, "\x01\0\0\0\xff\xff\xff\xff\x0f",
              "metadata_request version 9: tagged_fields: needs 1 bytes, remaining are 0");
}

#define FETCH_16_BODY "\0\0\x01\xf4\0\0\0\x01\0\x10\0\0\0\0\0\0\0\xff\xff\xff\xff\x01\x01\x01"

Test(message_decoder, known_tagged_fields_are_read)
{
    struct fetch_request request;

    cr_assert_eq(DECODE(fetch_request_descriptor, &request, 16,
                        FETCH_16_BODY "\x02\0\x04\x04"
                                      "abc"
                                      "\x01\x0d\0\0\0\x03\0\0\0\0\0\0\0\x0b\0"),
                 STATUS_OK);
    cr_assert(text_equal(request.cluster_id, TEXT_LITERAL("abc")));
    cr_assert_eq(request.replica_state.replica_id, 3);
    cr_assert_eq(request.replica_state.replica_epoch, 11);
    cr_assert_eq(byte_reader_remaining(&reader), 0);
}

Test(message_decoder, a_tagged_field_must_use_all_of_its_bytes)
{
    MALFORMED(fetch_request_descriptor, 16,
              FETCH_16_BODY "\x01\0\x05"
                            "\x04"
                            "abcd",
              "fetch_request version 16: cluster_id: 1 bytes of the tagged field are left over");
    MALFORMED(fetch_request_descriptor, 16,
              FETCH_16_BODY "\x01\0\x03"
                            "\x04"
                            "abcd",
              "fetch_request version 16: cluster_id: needs 3 bytes, remaining are 2");
}

Test(message_decoder, unknown_tagged_fields_have_a_limit)
{
    size_t size = 8 + MESSAGE_UNKNOWN_TAGS_SIZE_MAX + 1;
    uint8_t *data = arena_allocate(&arena, size);
    struct metadata_request request;
    struct byte_writer writer = byte_writer_over(data, size);

    write_bytes(&writer, "\x01\0\0\0\x01\x05", 6);
    writer.position = data + 5;
    write_unsigned_varint(&writer, 7);
    write_unsigned_varint(&writer, MESSAGE_UNKNOWN_TAGS_SIZE_MAX + 1);
    size_t start = byte_writer_size(&writer);
    data = arena_allocate(&arena, start + MESSAGE_UNKNOWN_TAGS_SIZE_MAX + 1);
    memcpy(data, writer.start, start);
    expect_malformed(&metadata_request_descriptor, 9, data,
                     start + MESSAGE_UNKNOWN_TAGS_SIZE_MAX + 1,
                     "metadata_request version 9: tagged_fields: unknown tagged field of 65537 "
                     "bytes, accepted are at most 65536 more");
    writer.position = data + 6;
    writer.start = data;
    write_unsigned_varint(&writer, MESSAGE_UNKNOWN_TAGS_SIZE_MAX);
    cr_assert_eq(decode(&metadata_request_descriptor, &request, 9, data,
                        start + MESSAGE_UNKNOWN_TAGS_SIZE_MAX),
                 STATUS_OK);
}

Test(message_decoder, a_nullable_struct_has_a_marker)
{
    struct consumer_group_heartbeat_response response;

    cr_assert_eq(DECODE(consumer_group_heartbeat_response_descriptor, &response, 0,
                        "\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x05\xff\0"),
                 STATUS_OK);
    cr_assert_null(response.assignment);
    cr_assert_eq(DECODE(consumer_group_heartbeat_response_descriptor, &response, 0,
                        "\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x05\x01\x01\0\0"),
                 STATUS_OK);
    cr_assert_not_null(response.assignment);
    cr_assert_eq(response.assignment->topic_partitions.count, 0);
    MALFORMED(consumer_group_heartbeat_response_descriptor, 0,
              "\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x05\x02\x01\0\0",
              "consumer_group_heartbeat_response version 0: assignment: struct marker 2 is neither "
              "1 nor -1");
}

/* Kafka marks null with 0 there, and means a struct of defaults when the field is absent. */
Test(message_decoder, a_tagged_nullable_struct_is_absent_null_or_there)
{
    struct consumer_group_member_metadata_value value;

    cr_assert_eq(DECODE(consumer_group_member_metadata_value_descriptor, &value, 0,
                        "\0\0\x01\x01\x01\0\0\0\0\x01\0\0"),
                 STATUS_OK);
    cr_assert_not_null(value.classic_member_metadata);
    cr_assert_eq(value.classic_member_metadata->supported_protocols.count, 0);
    cr_assert_eq(DECODE(consumer_group_member_metadata_value_descriptor, &value, 0,
                        "\0\0\x01\x01\x01\0\0\0\0\x01\0\x01\0\x01\0"),
                 STATUS_OK);
    cr_assert_null(value.classic_member_metadata);
    cr_assert_eq(DECODE(consumer_group_member_metadata_value_descriptor, &value, 0,
                        "\0\0\x01\x01\x01\0\0\0\0\x01\0\x01\0\x07\x01\0\0\0\x2d\x01\0"),
                 STATUS_OK);
    cr_assert_eq(value.classic_member_metadata->session_timeout_ms, 45);
}

Test(message_decoder, records_of_a_response_are_one_slice)
{
    struct fetch_response response;

    cr_assert_eq(DECODE(fetch_response_descriptor, &response, 4,
                        "\0\0\0\0\0\0\0\x01\0\x01t\0\0\0\x02"
                        "\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x05\xff\xff\xff\xff"
                        "\0\0\0\x03xyz"
                        "\0\0\0\x01\0\x03\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x05\0\0\0\0"
                        "\xff\xff\xff\xff"),
                 STATUS_OK);
    const struct fetch_response_partition *partitions =
        response.responses.items[0].partitions.items;
    cr_assert(partitions[0].aborted_transactions.is_null);
    cr_assert_eq(partitions[0].records.count, 1);
    cr_assert_eq(partitions[0].records.size, 3);
    cr_assert_arr_eq(partitions[0].records.items[0].data, "xyz", 3);
    cr_assert_eq(partitions[1].error_code, 3);
    cr_assert_null(partitions[1].records.items);
    cr_assert_eq(partitions[1].preferred_read_replica, -1);
}

Test(message_decoder, numbers_of_every_width_are_read)
{
    struct describe_client_quotas_response response;
    struct add_raft_voter_request request;

    cr_assert_eq(DECODE(describe_client_quotas_response_descriptor, &response, 0,
                        "\0\0\0\x01\xff\xfe\xff\xff\0\0\0\x01\0\0\0\0\0\0\0\x01\0\x01k"
                        "\x3f\xf8\0\0\0\0\0\0"),
                 STATUS_OK);
    cr_assert_eq(response.error_code, -2);
    cr_assert_eq(response.entries.items[0].values.items[0].value, 1.5);
    cr_assert_eq(DECODE(add_raft_voter_request_descriptor, &request, 0,
                        "\0\0\0\0\x01\0\0\0\x02"
                        "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
                        "\x02\x02n\x02h\xff\xfe\0\0"),
                 STATUS_OK);
    cr_assert_eq(request.voter_directory_id.bytes[15], 16);
    cr_assert_eq(request.listeners.items[0].port, 65534);
}

Test(message_decoder, what_follows_a_message_is_left_to_the_caller)
{
    struct describe_cluster_request request;

    cr_assert_eq(DECODE(describe_cluster_request_descriptor, &request, 0, "\x01\0more"), STATUS_OK);
    cr_assert(request.include_cluster_authorized_operations);
    cr_assert_eq(byte_reader_remaining(&reader), 4);
}

Test(message_decoder, a_reader_that_has_failed_gives_nothing)
{
    struct describe_cluster_request request;
    struct byte_reader failed = byte_reader_over((struct bytes){(const uint8_t *)"\0\0", 2});

    byte_reader_fail(&failed);
    cr_assert_eq(describe_cluster_request_decode(&request, 0, &failed, &arena, &error),
                 STATUS_MALFORMED);
}
