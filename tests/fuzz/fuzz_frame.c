/* Any received bytes as a connection reads them: frame, header, body. */
#include <stdlib.h>
#include <string.h>

#include "proto/wire/frame.h"
#include "proto/wire/request_header.h"
#include "proto/wire/wire_writer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/message_property.h"

#define FRAME_SIZE_MAX 100000

/* The header is written as it was read, except for tagged fields that nobody knows. */
static void check_header(const struct request_header *header)
{
    struct arena arena;
    struct wire_writer writer;
    struct error error;
    struct bytes bytes;
    struct request_header again;
    const struct api_messages *messages;
    arena_init(&arena, 1 << 20);
    wire_writer_init_contiguous(&writer, &arena);
    ASSERT(request_header_write(header, &writer, &error) == STATUS_OK);
    ASSERT(wire_writer_finish_bytes(&writer, &bytes, &error) == STATUS_OK);
    struct byte_reader reader = byte_reader_over(bytes);
    ASSERT(request_header_read(&reader, &again, &messages, &error) == STATUS_OK);
    ASSERT(byte_reader_remaining(&reader) == 0);
    ASSERT(again.correlation_id == header->correlation_id);
    ASSERT(again.request_api_version == header->request_api_version);
    ASSERT(text_equal(again.client_id, header->client_id));
    arena_clear(&arena);
}

static void read_request(struct bytes frame)
{
    struct byte_reader reader = byte_reader_over(frame);
    struct request_header header;
    const struct api_messages *messages;
    struct error error;
    enum status status = request_header_read(&reader, &header, &messages, &error);
    ASSERT(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_UNSUPPORTED);
    if (status != STATUS_OK) {
        return;
    }
    ASSERT(header.client_id.size <= REQUEST_CLIENT_ID_SIZE_MAX);
    check_header(&header);
    int16_t version = header.request_api_version;
    if (version >= messages->request->version_min && version <= messages->request->version_max) {
        message_property(messages->request, version,
                         (struct bytes){reader.position, byte_reader_remaining(&reader)});
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy((struct bytes){data, size});
    struct bytes rest = {copy, size};
    for (;;) {
        struct bytes frame;
        size_t needed = 0;
        struct error error;
        enum status status = frame_parse(rest, FRAME_SIZE_MAX, &frame, &needed, &error);
        if (status != STATUS_OK) {
            ASSERT(status == STATUS_AGAIN || status == STATUS_MALFORMED || status == STATUS_LIMIT);
            ASSERT(IMPLIES(status == STATUS_AGAIN,
                           needed > rest.size && needed <= FRAME_SIZE_MAX + FRAME_PREFIX_SIZE));
            break;
        }
        ASSERT(needed == frame.size + FRAME_PREFIX_SIZE);
        ASSERT(needed <= rest.size);
        ASSERT(frame.data == rest.data + FRAME_PREFIX_SIZE);
        read_request(frame);
        rest = (struct bytes){rest.data + needed, rest.size - needed};
    }
    free(copy);
    return 0;
}
