#include <criterion/criterion.h>
#include <string.h>

#include "proto/wire/message_table.h"
#include "proto/wire/request_header.h"
#include "proto/wire/wire_writer.h"

static struct request_header header;
static const struct api_messages *messages;
static struct byte_reader reader;
static struct error error;

static enum status read_header(const void *data, size_t size)
{
    reader = byte_reader_over((struct bytes){data, size});
    messages = NULL;
    return request_header_read(&reader, &header, &messages, &error);
}

#define READ(literal) read_header(literal, sizeof(literal) - 1)

Test(request_header, version_1_ends_with_the_client_id)
{
    cr_assert_eq(READ("\0\x03\0\x08\0\0\0\x2a\0\x03"
                      "abcBODY"),
                 STATUS_OK);
    cr_assert_eq(header.request_api_key, API_KEY_METADATA);
    cr_assert_eq(header.request_api_version, 8);
    cr_assert_eq(header.correlation_id, 42);
    cr_assert(text_equal(header.client_id, TEXT_LITERAL("abc")));
    cr_assert_eq(messages->key, API_KEY_METADATA);
    cr_assert_eq(byte_reader_remaining(&reader), 4);
}

Test(request_header, version_2_has_a_plain_client_id_and_tagged_fields)
{
    cr_assert_eq(READ("\0\x03\0\x09\0\0\0\x2a\0\x03"
                      "abc"
                      "\x01\x05\x02zz"
                      "BODY"),
                 STATUS_OK);
    cr_assert(text_equal(header.client_id, TEXT_LITERAL("abc")));
    cr_assert_eq(byte_reader_remaining(&reader), 4);
}

Test(request_header, null_and_empty_client_id_differ)
{
    cr_assert_eq(READ("\0\x03\0\x09\0\0\0\x2a\xff\xff\0"), STATUS_OK);
    cr_assert_null(header.client_id.data);
    cr_assert_eq(READ("\0\x03\0\x09\0\0\0\x2a\0\0\0"), STATUS_OK);
    cr_assert_not_null(header.client_id.data);
    cr_assert_eq(header.client_id.size, 0);
}

Test(request_header, sasl_handshake_is_never_flexible)
{
    const struct api_messages *sasl = api_messages_find(API_KEY_SASL_HANDSHAKE);

    cr_assert_eq(request_header_version(sasl, 0), 1);
    cr_assert_eq(request_header_version(sasl, 1), 1);
}

Test(request_header, an_unknown_newer_version_is_read_as_flexible)
{
    cr_assert_eq(READ("\0\x12\0\x63\0\0\0\x01\0\0\0"), STATUS_OK);
    cr_assert_eq(header.request_api_version, 99);
    cr_assert_eq(byte_reader_remaining(&reader), 0);
}

Test(request_header, an_unknown_key_is_unsupported)
{
    cr_assert_eq(READ("\0\x04\0\0\0\0\0\x01\0\0"), STATUS_UNSUPPORTED);
    cr_assert_str_eq(error.text, "api key 4 is none that is known");
}

Test(request_header, what_is_cut_short_is_malformed)
{
    const char whole[] = "\0\x03\0\x09\0\0\0\x2a\0\x03"
                         "abc"
                         "\0";

    for (size_t size = 0; size < sizeof(whole) - 1; size++) {
        cr_assert_eq(read_header(whole, size), STATUS_MALFORMED, "%zu", size);
    }
    cr_assert_eq(read_header(whole, sizeof(whole) - 1), STATUS_OK);
}

Test(request_header, a_client_id_has_a_limit)
{
    uint8_t data[REQUEST_CLIENT_ID_SIZE_MAX + 11] = {0, 3, 0, 8, 0, 0, 0, 1};

    memset(data + 10, 'x', sizeof(data) - 10);
    store_i16(data + 8, REQUEST_CLIENT_ID_SIZE_MAX);
    cr_assert_eq(read_header(data, sizeof(data) - 1), STATUS_OK);
    store_i16(data + 8, REQUEST_CLIENT_ID_SIZE_MAX + 1);
    cr_assert_eq(read_header(data, sizeof(data)), STATUS_MALFORMED);
    cr_assert_str_eq(error.text,
                     "request header: client id of 1025 bytes, at most 1024 are accepted");
}

Test(request_header, what_was_written_is_read)
{
    uint8_t memory[64];
    struct bytes bytes;
    struct wire_writer writer;
    struct request_header written = {.request_api_key = API_KEY_FETCH,
                                     .request_api_version = 12,
                                     .correlation_id = -7,
                                     .client_id = TEXT_LITERAL("me")};

    wire_writer_init_over(&writer, memory, sizeof(memory));
    cr_assert_eq(request_header_write(&written, &writer, &error), STATUS_OK);
    cr_assert_eq(wire_writer_finish_bytes(&writer, &bytes, &error), STATUS_OK);
    cr_assert_eq(read_header(bytes.data, bytes.size), STATUS_OK);
    cr_assert_eq(header.correlation_id, -7);
    cr_assert_eq(header.request_api_version, 12);
    cr_assert(text_equal(header.client_id, TEXT_LITERAL("me")));
    cr_assert_eq(byte_reader_remaining(&reader), 0);
}

Test(request_header, an_unknown_key_cannot_be_written)
{
    uint8_t memory[64];
    struct wire_writer writer;
    struct request_header unknown = {.request_api_key = 7};

    wire_writer_init_over(&writer, memory, sizeof(memory));
    cr_assert_eq(request_header_write(&unknown, &writer, &error), STATUS_UNSUPPORTED);
}
