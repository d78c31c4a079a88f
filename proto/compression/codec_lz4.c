/* LZ4 frames (lz4_Frame_format.md 1.6). The Java client reads only frames with independent blocks,
 * and writes no checksums; so do we. */
#include "proto/compression/codec.h"

#include <lz4frame.h>
#include <lz4hc.h>

#include "base/assert.h"

/* Levels of the topic's compression.lz4.level. Kafka's default, 9, means the fast compressor, which
 * is the library's 0; the others are the slow one's. */
#define LEVEL_KAFKA_DEFAULT 9
#define LEVEL_FAST          0

static void *lz4_state_create(void)
{
    LZ4F_dctx *decoder = NULL;
    return LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION)) ? NULL : decoder;
}

static void lz4_state_destroy(void *state)
{
    size_t result = LZ4F_freeDecompressionContext(state);
    (void)result; /* What is left of a frame that was cut; not an error. */
}

static enum status lz4_decompress(void *state, struct bytes input, struct codec_output *output,
                                  struct error *error)
{
    struct compression_buffer *buffer = output->buffer;
    LZ4F_dctx *decoder = state;
    LZ4F_resetDecompressionContext(decoder);
    if (input.size == 0) {
        return error_set(error, STATUS_MALFORMED, "input is empty");
    }

    /* The decoder answers 0 at the end of a frame, and starts the next by itself. */
    size_t position = 0;
    size_t hint = 1;
    while (hint != 0 || position < input.size) {
        enum status status = codec_output_grow(output, error);
        if (status != STATUS_OK) {
            return status;
        }
        size_t room = buffer->capacity - buffer->size;
        size_t produced = room;
        size_t consumed = input.size - position;
        hint = LZ4F_decompress(decoder, buffer->data + buffer->size, &produced,
                               input.data + position, &consumed, NULL);
        if (LZ4F_isError(hint)) {
            return error_set(error, STATUS_MALFORMED, "%s", LZ4F_getErrorName(hint));
        }
        buffer->size += produced;
        position += consumed;
        if (hint != 0 && position == input.size && produced < room) {
            return error_set(error, STATUS_MALFORMED, "input ends inside a frame");
        }
    }
    return STATUS_OK;
}

static enum status lz4_compress(void *state, int level, struct bytes input,
                                struct compression_buffer *buffer, struct error *error)
{
    (void)state;
    LZ4F_preferences_t preferences = {
        .frameInfo = {.blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent},
        .compressionLevel = level == LEVEL_KAFKA_DEFAULT ? LEVEL_FAST : level,
    };
    enum status status =
        codec_buffer_reserve(buffer, LZ4F_compressFrameBound(input.size, &preferences), error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t size =
        LZ4F_compressFrame(buffer->data, buffer->capacity, input.data, input.size, &preferences);
    if (LZ4F_isError(size)) { /* The bound promises that it fits: only memory can be short. */
        return error_set(error, STATUS_NO_MEMORY, "%s", LZ4F_getErrorName(size));
    }
    buffer->size = size;
    return STATUS_OK;
}

const struct codec codec_lz4 = {
    .ratio_max = COMPRESSION_RATIO_MAX,
    .level_min = 1,
    .level_max = LZ4HC_CLEVEL_MAX,
    .level_default = LEVEL_KAFKA_DEFAULT,
    .state_create = lz4_state_create,
    .state_destroy = lz4_state_destroy,
    .decompress = lz4_decompress,
    .compress = lz4_compress,
};
