/* Zstandard (RFC 8878).
 *
 * A frame is decoded in one call, with the output itself as its window: so no window is allocated,
 * and a frame that asks for a huge one costs nothing. When the output turns out to be too small it
 * is decoded again with four times the room; all rounds together cost a third more than the last.
 * The content size in the frame's header is only a hint for the first room. */
#include "proto/compression/codec.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define ROOM_MIN    ((size_t)16 * 1024)
#define ROOM_GROWTH 4

/* A hint that is believed: larger than most batches inflate, small enough to allocate for a lie. */
#define HINT_RATIO_MAX 32

struct zstd_state {
    ZSTD_DCtx *decoder;
    ZSTD_CCtx *encoder; /* Made when first used: it is the larger one, and rare in a broker. */
};

static void zstd_state_destroy(void *memory)
{
    struct zstd_state *state = memory;
    ZSTD_freeDCtx(state->decoder);
    ZSTD_freeCCtx(state->encoder);
    free(state);
}

static void *zstd_state_create(void)
{
    struct zstd_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return NULL;
    }
    state->decoder = ZSTD_createDCtx();
    if (state->decoder == NULL) {
        zstd_state_destroy(state);
        return NULL;
    }
    return state;
}

static size_t first_room(struct bytes input)
{
    size_t room = input.size * ROOM_GROWTH;
    unsigned long long hint = ZSTD_getFrameContentSize(input.data, input.size);
    /* The two values that mean "not known" are larger than any that is believed. */
    if (hint > room && hint <= input.size * HINT_RATIO_MAX) {
        room = (size_t)hint;
    }
    return room > ROOM_MIN ? room : ROOM_MIN;
}

static enum status zstd_decompress(void *memory, struct bytes input, struct codec_output *output,
                                   struct error *error)
{
    struct zstd_state *state = memory;
    struct compression_buffer *buffer = output->buffer;
    if (input.size == 0) {
        return error_set(error, STATUS_MALFORMED, "input is empty");
    }

    size_t room = buffer->capacity;
    if (room < first_room(input)) {
        room = first_room(input);
    }
    for (;; room *= ROOM_GROWTH) {
        room = room < output->size_max ? room : output->size_max;
        enum status status = codec_buffer_reserve(buffer, room > 0 ? room : 1, error);
        if (status != STATUS_OK) {
            return status;
        }
        size_t size =
            ZSTD_decompressDCtx(state->decoder, buffer->data, room, input.data, input.size);
        if (!ZSTD_isError(size)) {
            buffer->size = size;
            return STATUS_OK;
        }
        if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) {
            return error_set(error, STATUS_NO_MEMORY, "working memory");
        }
        if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) {
            return error_set(error, STATUS_MALFORMED, "%s", ZSTD_getErrorName(size));
        }
        if (room == output->size_max) {
            return codec_output_limit(output, error);
        }
    }
}

static enum status zstd_compress(void *memory, int level, struct bytes input,
                                 struct compression_buffer *buffer, struct error *error)
{
    struct zstd_state *state = memory;
    if (state->encoder == NULL) {
        state->encoder = ZSTD_createCCtx();
        if (state->encoder == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "working memory");
        }
    }
    enum status status = codec_buffer_reserve(buffer, ZSTD_compressBound(input.size), error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t size = ZSTD_compressCCtx(state->encoder, buffer->data, buffer->capacity, input.data,
                                    input.size, level);
    if (ZSTD_isError(size)) { /* The bound promises that it fits: only memory can be short. */
        return error_set(error, STATUS_NO_MEMORY, "%s", ZSTD_getErrorName(size));
    }
    buffer->size = size;
    return STATUS_OK;
}

const struct codec codec_zstd = {
    .ratio_max = COMPRESSION_RATIO_ZSTD_MAX,
    .level_min = -131072, /* ZSTD_minCLevel() */
    .level_max = 22,      /* ZSTD_maxCLevel() */
    .level_default = ZSTD_CLEVEL_DEFAULT,
    .state_create = zstd_state_create,
    .state_destroy = zstd_state_destroy,
    .decompress = zstd_decompress,
    .compress = zstd_compress,
};
