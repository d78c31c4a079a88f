#include <criterion/criterion.h>
#include <string.h>

#include "proto/generated/api_versions.h"
#include "proto/generated/fetch.h"
#include "proto/generated/headers.h"
#include "proto/generated/produce.h"
#include "proto/wire/wire_writer.h"

#define ARENA_SIZE_MAX ((size_t)16 * 1024 * 1024)

static struct arena arena;
static struct wire_writer writer;
static struct slices slices;
static struct bytes bytes;
static struct error error;

static void setup(void)
{
    arena_init(&arena, ARENA_SIZE_MAX);
    wire_writer_init(&writer, &arena);
    slices = (struct slices){0};
}

static void teardown(void)
{
    slices_release(&slices);
    arena_clear(&arena);
}

TestSuite(wire_writer, .init = setup, .fini = teardown);

static void finish(void)
{
    cr_assert_eq(wire_writer_finish(&writer, &slices, &error), STATUS_OK, "%s", error.text);
}

/* Everything in the list, in one piece. */
static const uint8_t *joined(void)
{
    uint8_t *data = arena_allocate(&arena, slices.size);
    size_t size = 0;

    for (size_t i = 0; i < slices.count; i++) {
        memcpy(data + size, slices.items[i].data, slices.items[i].size);
        size += slices.items[i].size;
    }
    cr_assert_eq(size, slices.size);
    return data;
}

/* Something that counts who holds it. */
struct held {
    struct counted counted;
    unsigned destroyed;
};

static void held_destroy(struct counted *counted)
{
    CONTAINER_OF(counted, struct held, counted)->destroyed++;
}

static uint8_t large[2 * WIRE_COPY_SIZE_MAX];

static struct slice slice_of(struct held *held, size_t size)
{
    return (struct slice){.data = large,
                          .file_descriptor = -1,
                          .size = size,
                          .owner = held != NULL ? &held->counted : NULL};
}

Test(wire_writer, small_parts_become_one_slice)
{
    encode_int8(&writer, -1);
    encode_int16(&writer, 0x0102);
    encode_int32(&writer, 0x03040506);
    encode_int64(&writer, 0x0708090a0b0c0d0e);
    encode_float64(&writer, 1.5);
    encode_bool(&writer, true);
    encode_uuid(&writer, (struct uuid){{0xee}});
    finish();
    cr_assert_eq(slices.count, 1);
    cr_assert_arr_eq(joined(),
                     "\xff\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e"
                     "\x3f\xf8\0\0\0\0\0\0\x01\xee\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                     40);
    cr_assert_eq(slices.size, 40);
}

Test(wire_writer, varints_have_as_many_bytes_as_they_need)
{
    const uint32_t values[] = {0, 127, 128, 16383, 16384, UINT32_MAX};

    for (size_t i = 0; i < 6; i++) {
        encode_unsigned_varint(&writer, values[i]);
    }
    finish();
    cr_assert_eq(slices.size, 1 + 1 + 2 + 2 + 3 + 5);
    cr_assert_arr_eq(joined(), "\x00\x7f\x80\x01\xff\x7f\x80\x80\x01\xff\xff\xff\xff\x0f", 14);
}

Test(wire_writer, a_frame_begins_with_the_size_of_the_rest)
{
    wire_writer_begin_frame(&writer);
    encode_raw(&writer, "abc", 3);
    wire_writer_end_frame(&writer);
    wire_writer_begin_frame(&writer);
    wire_writer_end_frame(&writer);
    finish();
    cr_assert_eq(slices.size, 11);
    cr_assert_arr_eq(joined(),
                     "\0\0\0\x03"
                     "abc\0\0\0\0",
                     11);
}

Test(wire_writer, a_frame_over_many_slices_has_the_size_of_all)
{
    wire_writer_begin_frame(&writer);
    for (int i = 0; i < 3; i++) {
        struct slice item = slice_of(NULL, sizeof(large));
        encode_records_slices(&writer, &(struct slices){&item, 1, 1, sizeof(large)}, false);
        for (unsigned j = 0; j < 3 * WIRE_CHUNK_SIZE_MIN; j++) {
            encode_int8(&writer, (int8_t)i);
        }
    }
    wire_writer_end_frame(&writer);
    finish();
    cr_assert_gt(slices.count, 6);
    cr_assert_eq(load_i32(joined()), (int32_t)(slices.size - 4));
    cr_assert_eq(slices.size, 4 + 3 * (4 + sizeof(large) + 3 * WIRE_CHUNK_SIZE_MIN));
}

Test(wire_writer, large_records_are_not_copied_and_are_held_until_released)
{
    struct held held = {0};
    struct slice item;

    counted_init(&held.counted, held_destroy);
    item = slice_of(&held, sizeof(large));
    encode_records_slices(&writer, &(struct slices){&item, 1, 1, sizeof(large)}, false);
    finish();
    cr_assert_eq(slices.count, 2);
    cr_assert_eq(slices.items[1].data, large);
    counted_release(&held.counted); /* The caller's own. */
    cr_assert_eq(held.destroyed, 0);
    slices_release(&slices);
    cr_assert_eq(held.destroyed, 1);
}

Test(wire_writer, small_records_are_copied_and_not_held)
{
    struct held held = {0};
    struct slice item;

    counted_init(&held.counted, held_destroy);
    item = slice_of(&held, WIRE_COPY_SIZE_MAX);
    encode_records_slices(&writer, &(struct slices){&item, 1, 1, item.size}, false);
    finish();
    cr_assert_eq(slices.count, 1);
    counted_release(&held.counted);
    cr_assert_eq(held.destroyed, 1);
}

Test(wire_writer, a_range_of_a_file_goes_into_the_list)
{
    struct slice item = {.file_descriptor = 7, .file_position = 4096, .size = 10};

    encode_records_slices(&writer, &(struct slices){&item, 1, 1, 10}, false);
    encode_int8(&writer, 1);
    finish();
    cr_assert_eq(slices.count, 3);
    cr_assert_null(slices.items[1].data);
    cr_assert_eq(slices.items[1].file_descriptor, 7);
    cr_assert_eq(slices.items[1].file_position, 4096);
    cr_assert_eq(slices.size, 4 + 10 + 1);
}

Test(wire_writer, a_range_of_a_file_cannot_be_copied)
{
    struct slice item = {.file_descriptor = 7, .size = 10};

    wire_writer_init_contiguous(&writer, &arena);
    encode_records_slices(&writer, &(struct slices){&item, 1, 1, 10}, false);
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_INVALID);
    cr_assert_str_eq(error.text, "encode: a range of a file where bytes are needed");
}

Test(wire_writer, null_records_are_not_empty_records)
{
    struct slice none;

    encode_records_slices(&writer, &(struct slices){0}, true);
    encode_records_slices(&writer, &(struct slices){.items = &none}, true);
    encode_records(&writer, BYTES_NULL, true);
    encode_records(&writer, BYTES_NULL, false);
    finish();
    cr_assert_arr_eq(joined(), "\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 16);
}

Test(wire_writer, strings_are_plain_or_compact)
{
    encode_string(&writer, TEXT_LITERAL("ab"), false);
    encode_string(&writer, TEXT_NULL, true);
    encode_string(&writer, TEXT_NULL, false);
    writer.flexible = true;
    encode_string(&writer, TEXT_LITERAL("ab"), false);
    encode_string(&writer, TEXT_NULL, true);
    encode_string(&writer, TEXT_NULL, false);
    encode_plain_string(&writer, TEXT_LITERAL("ab"), true);
    finish();
    cr_assert_eq(slices.size, 17);
    cr_assert_arr_eq(joined(),
                     "\0\x02"
                     "ab\xff\xff\0\0\x03"
                     "ab\0\x01\0\x02"
                     "ab",
                     17);
}

Test(wire_writer, a_string_has_a_limit)
{
    encode_string(&writer, (struct text){(const char *)large, MESSAGE_STRING_SIZE_MAX + 1}, false);
    cr_assert_eq(wire_writer_finish(&writer, &slices, &error), STATUS_INVALID);
    cr_assert_str_eq(error.text, "encode: a string is longer than 32767 bytes");
}

Test(wire_writer, a_message_that_does_not_fit_memory_says_which)
{
    struct produce_response response;
    uint8_t memory[3];

    produce_response_init(&response);
    wire_writer_init_over(&writer, memory, sizeof(memory));
    cr_assert_eq(produce_response_encode(&response, 3, &writer, &error), STATUS_LIMIT);
    cr_assert_str_eq(error.text,
                     "produce_response version 3: does not fit the memory given for it");
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_LIMIT);
}

Test(wire_writer, without_memory_all_is_released)
{
    struct held held = {0};
    struct slice item;
    struct arena small;

    arena_init(&small, 4096);
    wire_writer_init(&writer, &small);
    counted_init(&held.counted, held_destroy);
    item = slice_of(&held, sizeof(large));
    for (int i = 0; i < 1000; i++) {
        encode_records_slices(&writer, &(struct slices){&item, 1, 1, item.size}, false);
    }
    cr_assert_eq(wire_writer_finish(&writer, &slices, &error), STATUS_NO_MEMORY);
    counted_release(&held.counted);
    cr_assert_eq(held.destroyed, 1);
    arena_clear(&small);
}

Test(wire_writer, a_cleared_writer_gives_its_references_back)
{
    struct held held = {0};
    struct slice item;

    counted_init(&held.counted, held_destroy);
    item = slice_of(&held, sizeof(large));
    encode_records_slices(&writer, &(struct slices){&item, 1, 1, item.size}, false);
    wire_writer_clear(&writer);
    counted_release(&held.counted);
    cr_assert_eq(held.destroyed, 1);
    cr_assert_eq(wire_writer_finish(&writer, &slices, &error), STATUS_STOPPING);
}

Test(wire_writer, nothing_is_taken_after_the_end)
{
    encode_int8(&writer, 1);
    finish();
    encode_int8(&writer, 2);
    cr_assert_eq(slices.size, 1);
    cr_assert_eq(wire_writer_finish(&writer, &slices, &error), STATUS_STOPPING);
}

/* A tagged field's size stands before bytes that are not written yet, and may take several. */
static void expect_tag(size_t before, size_t content)
{
    wire_writer_init(&writer, &arena);
    for (size_t i = 0; i < before; i++) {
        encode_int8(&writer, 'b');
    }
    struct tag_mark mark = encode_tag_begin(&writer, 5);
    for (size_t i = 0; i < content; i++) {
        encode_int8(&writer, (int8_t)i);
    }
    encode_tag_end(&writer, mark);
    encode_int8(&writer, 'e');
    finish();

    struct byte_reader reader = byte_reader_over((struct bytes){joined(), slices.size});
    read_skip(&reader, before);
    cr_assert_eq(read_unsigned_varint(&reader), 5);
    cr_assert_eq(read_unsigned_varint(&reader), content);
    for (size_t i = 0; i < content; i++) {
        cr_assert_eq(read_i8(&reader), (int8_t)i);
    }
    cr_assert_eq(read_i8(&reader), 'e');
    cr_assert_eq(byte_reader_remaining(&reader), 0);
    slices_release(&slices);
}

Test(wire_writer, tagged_fields_of_all_sizes_lie_across_chunks)
{
    const size_t contents[] = {0, 1, 127, 128, 300, 16383, 16384, 100000};

    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        for (size_t before = WIRE_CHUNK_SIZE_MIN - 6; before < WIRE_CHUNK_SIZE_MIN + 2; before++) {
            expect_tag(before, contents[i]);
        }
        arena_reset(&arena);
    }
}

Test(wire_writer, tagged_fields_nest)
{
    struct tag_mark outer = encode_tag_begin(&writer, 1);
    encode_int8(&writer, 'x');
    struct tag_mark inner = encode_tag_begin(&writer, 2);
    for (int i = 0; i < 2000; i++) {
        encode_int8(&writer, 'y');
    }
    encode_tag_end(&writer, inner);
    encode_tag_end(&writer, outer);
    finish();

    struct byte_reader reader = byte_reader_over((struct bytes){joined(), slices.size});
    cr_assert_eq(read_unsigned_varint(&reader), 1);
    cr_assert_eq(read_unsigned_varint(&reader), 1 + 1 + 2 + 2000);
    cr_assert_eq(read_i8(&reader), 'x');
    cr_assert_eq(read_unsigned_varint(&reader), 2);
    cr_assert_eq(read_unsigned_varint(&reader), 2000);
    read_skip(&reader, 2000);
    cr_assert_eq(byte_reader_remaining(&reader), 0);
    cr_assert(!reader.failed);
}

Test(wire_writer, a_contiguous_writer_keeps_all_in_one_piece)
{
    wire_writer_init_contiguous(&writer, &arena);
    wire_writer_begin_frame(&writer);
    for (int i = 0; i < 1000; i++) {
        encode_records(&writer, (struct bytes){large, sizeof(large)}, false);
    }
    wire_writer_end_frame(&writer);
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_OK);
    cr_assert_eq(bytes.size, 4 + 1000 * (4 + sizeof(large)));
    cr_assert_eq(load_i32(bytes.data), (int32_t)(bytes.size - 4));
}

Test(wire_writer, nothing_written_is_empty_and_not_null)
{
    wire_writer_init_contiguous(&writer, &arena);
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_OK);
    cr_assert_not_null(bytes.data);
    cr_assert_eq(bytes.size, 0);
}

Test(wire_writer, a_produce_response_has_these_bytes)
{
    struct produce_response response;
    struct produce_response_topic topic;
    struct produce_response_partition partition;

    produce_response_init(&response);
    produce_response_topic_init(&topic);
    produce_response_partition_init(&partition);
    topic.name = TEXT_LITERAL("abc");
    partition.index = 5;
    partition.base_offset = 258;
    topic.partition_responses.items = &partition;
    topic.partition_responses.count = 1;
    response.responses.items = &topic;
    response.responses.count = 1;
    cr_assert_eq(produce_response_encode(&response, 3, &writer, &error), STATUS_OK);
    cr_assert_eq(produce_response_encode(&response, 10, &writer, &error), STATUS_OK);
    finish();
    cr_assert_arr_eq(joined(),
                     "\0\0\0\x01\0\x03"
                     "abc\0\0\0\x01\0\0\0\x05\0\0\0\0\0\0\0\0\x01\x02"
                     "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"
                     "\x02\x04"
                     "abc\x02\0\0\0\x05\0\0\0\0\0\0\0\0\x01\x02"
                     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                     "\x01\0\0\0\0\0\0\0\0",
                     39 + 45);
    cr_assert_eq(slices.size, 39 + 45);
}

Test(wire_writer, tagged_fields_with_their_default_are_left_out_and_others_ascend)
{
    struct api_versions_response response;

    api_versions_response_init(&response);
    cr_assert_eq(api_versions_response_encode(&response, 3, &writer, &error), STATUS_OK);
    response.finalized_features_epoch = 7;
    response.zk_migration_ready = true;
    cr_assert_eq(api_versions_response_encode(&response, 3, &writer, &error), STATUS_OK);
    cr_assert_eq(api_versions_response_encode(&response, 2, &writer, &error), STATUS_OK);
    finish();
    cr_assert_eq(slices.size, 8 + 8 + 10 + 3 + 10);
    cr_assert_arr_eq(joined(),
                     "\0\0\x01\0\0\0\0\0"
                     "\0\0\x01\0\0\0\0\x02\x01\x08\0\0\0\0\0\0\0\x07\x03\x01\x01"
                     "\0\0\0\0\0\0\0\0\0\0",
                     39);
}

Test(wire_writer, values_that_a_version_lacks_are_left_out)
{
    struct fetch_request request;

    fetch_request_init(&request);
    request.cluster_id = TEXT_LITERAL("cluster");
    request.rack_id = TEXT_LITERAL("rack");
    request.session_id = 3;
    cr_assert_eq(fetch_request_encode(&request, 4, &writer, &error), STATUS_OK);
    finish();
    cr_assert_eq(slices.size, 4 + 4 + 4 + 4 + 1 + 4);
}

Test(wire_writer, an_unknown_version_writes_nothing)
{
    struct fetch_request request;

    fetch_request_init(&request);
    cr_assert_eq(fetch_request_encode(&request, 3, &writer, &error), STATUS_UNSUPPORTED);
    cr_assert_str_eq(error.text, "fetch_request version 3, known are 4 to 18");
    finish();
    cr_assert_eq(slices.size, 0);
}
