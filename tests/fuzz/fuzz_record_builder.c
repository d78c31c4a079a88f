/* Any records, in any codec: what was built is accepted from a client and holds the same. */
#include <stdlib.h>
#include <string.h>

#include "proto/record/record_builder.h"
#include "tests/fuzz/fuzz.h"

#define RECORDS_MAX    64
#define HEADERS_MAX    8
#define BATCH_SIZE_MAX ((size_t)64 * 1024)

struct made {
    struct record_content content;
    struct record_header headers[HEADERS_MAX];
};

static struct bytes take_nullable(struct bytes *input)
{
    uint8_t size = fuzz_take_u8(input);
    return size == 255 ? BYTES_NULL : fuzz_take_bytes(input, size);
}

static void make(struct made *made, struct bytes *input)
{
    made->content = (struct record_content){
        .timestamp = fuzz_take_i64(input),
        .key = take_nullable(input),
        .value = take_nullable(input),
        .headers = made->headers,
        .header_count = fuzz_take_u8(input) % (HEADERS_MAX + 1),
    };
    for (int32_t i = 0; i < made->content.header_count; i++) {
        struct bytes key = fuzz_take_bytes(input, fuzz_take_u8(input));
        made->headers[i].key = (struct text){(const char *)key.data, key.size};
        made->headers[i].value = take_nullable(input);
    }
}

static void expect(const struct made *made, const struct record *record, int32_t index)
{
    ASSERT(record->offset == index);
    ASSERT(record->timestamp == made->content.timestamp);
    ASSERT(bytes_equal(record->key, made->content.key));
    ASSERT(bytes_equal(record->value, made->content.value));
    ASSERT(record->header_count == made->content.header_count);
    ASSERT((size_t)record->size <= record_size_max(&made->content));
    struct record_header header;
    size_t position = 0;
    int32_t count = 0;
    while (record_headers_next(record, &position, &header)) {
        ASSERT(text_equal(header.key, made->headers[count].key));
        ASSERT(bytes_equal(header.value, made->headers[count].value));
        count++;
    }
    ASSERT(count == made->content.header_count);
}

static void read_back(struct bytes batch, struct compression_context *context,
                      const struct made *made, int32_t count)
{
    struct compression_buffer buffer;
    compression_buffer_init(&buffer);
    struct record_decompression decompression = {context, &buffer, BATCH_SIZE_MAX};
    struct record_batch_header header;
    struct record_iterator iterator;
    struct record record;
    struct error error;
    ASSERT(record_batch_verify_produced(batch, &header) == RECORD_BATCH_OK);
    ASSERT(header.record_count == count);
    ASSERT(record_iterator_open(&iterator, batch, &header, &decompression, &error) == STATUS_OK);
    for (int32_t i = 0; i < count; i++) {
        ASSERT(record_iterator_next(&iterator, &record, &error) == RECORD_STEP_RECORD);
        expect(&made[i], &record, i);
    }
    ASSERT(record_iterator_next(&iterator, &record, &error) == RECORD_STEP_END);
    compression_buffer_clear(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    struct compression_context *context = compression_context_create();
    struct made *made = calloc(RECORDS_MAX, sizeof *made);
    struct record_builder builder;
    struct error error;
    struct bytes batch;
    int32_t count = 0;

    options.codec = (enum compression_codec)(fuzz_take_u8(&input) % COMPRESSION_CODEC_COUNT);
    options.level = (int)(int8_t)fuzz_take_u8(&input);
    record_builder_init(&builder, &options, BATCH_SIZE_MAX);
    while (input.size > 0 && count < RECORDS_MAX) {
        make(&made[count], &input);
        enum status status = record_builder_add(&builder, &made[count].content, &error);
        ASSERT(status == STATUS_OK || status == STATUS_INVALID || status == STATUS_LIMIT);
        count += status == STATUS_OK;
    }
    enum status status = record_builder_finish(&builder, context, &batch, &error);
    ASSERT(IMPLIES(status == STATUS_INVALID, count == 0));
    ASSERT(IMPLIES(count == 0, status == STATUS_INVALID));
    if (status == STATUS_OK) {
        read_back(batch, context, made, count);
    }
    record_builder_clear(&builder);
    compression_context_destroy(context);
    free(made);
    return 0;
}
