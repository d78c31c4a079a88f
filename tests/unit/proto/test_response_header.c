#include <criterion/criterion.h>
#include <string.h>

#include "proto/wire/message_table.h"
#include "proto/wire/response_header.h"
#include "proto/wire/wire_writer.h"

static struct error error;

static struct bytes written(int16_t key, int16_t version, uint8_t memory[16])
{
    struct wire_writer writer;
    struct bytes bytes = BYTES_NULL;

    wire_writer_init_over(&writer, memory, 16);
    cr_assert_eq(
        response_header_write(api_messages_find(key), version, 0x01020304, &writer, &error),
        STATUS_OK);
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_OK);
    return bytes;
}

Test(response_header, flexible_versions_have_tagged_fields)
{
    uint8_t memory[16];

    cr_assert_eq(written(API_KEY_METADATA, 8, memory).size, 4);
    cr_assert_eq(written(API_KEY_METADATA, 9, memory).size, 5);
    cr_assert_arr_eq(memory, "\x01\x02\x03\x04\0", 5);
}

Test(response_header, api_versions_has_none_in_any_version)
{
    uint8_t memory[16];

    for (int16_t version = 0; version <= 5; version++) {
        cr_assert_eq(written(API_KEY_API_VERSIONS, version, memory).size, 4);
    }
}

Test(response_header, what_was_written_is_read)
{
    uint8_t memory[16];

    for (size_t i = 0; i < API_MESSAGES_COUNT; i++) {
        const struct api_messages *messages = &API_MESSAGES[i];
        for (int16_t version = messages->response->version_min;
             version <= messages->response->version_max; version++) {
            struct byte_reader reader = byte_reader_over(written(messages->key, version, memory));
            int32_t correlation_id = 0;
            cr_assert_eq(response_header_read(messages, version, &reader, &correlation_id, &error),
                         STATUS_OK);
            cr_assert_eq(correlation_id, 0x01020304);
            cr_assert_eq(byte_reader_remaining(&reader), 0);
        }
    }
}

Test(response_header, what_is_cut_short_is_malformed)
{
    struct byte_reader reader = byte_reader_over((struct bytes){(const uint8_t *)"\0\0\0\1", 4});
    int32_t correlation_id = 99;

    cr_assert_eq(response_header_read(api_messages_find(API_KEY_METADATA), 9, &reader,
                                      &correlation_id, &error),
                 STATUS_MALFORMED);
    cr_assert_eq(correlation_id, 99);
}
