#include "tests/fuzz/codec_property.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define OUTPUT_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct codec_run {
    enum compression_codec codec;
    int level;
    struct compression_context *context;
    struct compression_buffer packed;
    struct compression_buffer plain;
    struct error error;
};

/* What is compressed comes out again, and only when there is room for all of it. */
static void round_trip(struct codec_run *run, struct bytes content)
{
    ASSERT(compression_compress(run->context, run->codec, run->level, content, &run->packed,
                                &run->error) == STATUS_OK);
    struct bytes stream = {run->packed.data, run->packed.size};
    ASSERT(compression_decompress(run->context, run->codec, stream, content.size, &run->plain,
                                  &run->error) == STATUS_OK);
    ASSERT(run->plain.size == content.size);
    ASSERT(content.size == 0 || memcmp(run->plain.data, content.data, content.size) == 0);
    if (content.size > 0) {
        ASSERT(compression_decompress(run->context, run->codec, stream, content.size - 1,
                                      &run->plain, &run->error) == STATUS_LIMIT);
    }
}

static void decompress(struct codec_run *run, struct bytes stream)
{
    enum status status = compression_decompress(run->context, run->codec, stream, OUTPUT_SIZE_MAX,
                                                &run->plain, &run->error);
    ASSERT(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_LIMIT);
    ASSERT(run->plain.size <= OUTPUT_SIZE_MAX);
    if (status != STATUS_OK) {
        ASSERT(run->plain.size == 0);
        return;
    }
    struct bytes output = {fuzz_copy((struct bytes){run->plain.data, run->plain.size}),
                           run->plain.size};
    ASSERT(compression_decompress(run->context, run->codec, stream, output.size, &run->plain,
                                  &run->error) == STATUS_OK);
    ASSERT(run->plain.size == output.size);
    ASSERT(output.size == 0 || memcmp(run->plain.data, output.data, output.size) == 0);
    if (output.size > 0) {
        ASSERT(compression_decompress(run->context, run->codec, stream, output.size - 1,
                                      &run->plain, &run->error) == STATUS_LIMIT);
    }
    round_trip(run, output);
    free((void *)(uintptr_t)output.data);
}

void codec_property(enum compression_codec codec, const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    uint8_t first = fuzz_take_u8(&input);
    struct codec_run run = {
        .codec = codec,
        .level = first >> 1 & 15,
        .context = compression_context_create(),
    };
    compression_buffer_init(&run.packed);
    compression_buffer_init(&run.plain);
    uint8_t *copy = fuzz_copy(input);
    struct bytes bytes = {copy, input.size};
    if ((first & 1) != 0) {
        round_trip(&run, bytes);
    } else {
        decompress(&run, bytes);
    }
    free(copy);
    compression_buffer_clear(&run.packed);
    compression_buffer_clear(&run.plain);
    compression_context_destroy(run.context);
}
