/* gzip (RFC 1952) by zlib. */
#include "proto/compression/codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/assert.h"

/* Asks zlib for gzip's header and trailer in place of its own. */
#define WINDOW_BITS_GZIP (16 + MAX_WBITS)
#define MEMORY_LEVEL     8 /* zlib's default */

struct gzip_state {
    z_stream inflate;
    z_stream deflate;
    bool can_inflate; /* The stream has been initialised. */
    bool can_deflate;
};

static void *gzip_state_create(void)
{
    return calloc(1, sizeof(struct gzip_state));
}

static void gzip_state_destroy(void *memory)
{
    struct gzip_state *state = memory;
    if (state->can_inflate) {
        inflateEnd(&state->inflate);
    }
    if (state->can_deflate) {
        deflateEnd(&state->deflate);
    }
    free(state);
}

static enum status start_inflate(struct gzip_state *state, struct error *error)
{
    int result = state->can_inflate ? inflateReset(&state->inflate)
                                    : inflateInit2(&state->inflate, WINDOW_BITS_GZIP);
    if (result != Z_OK) {
        return error_set(error, STATUS_NO_MEMORY, "working memory");
    }
    state->can_inflate = true;
    return STATUS_OK;
}

/* zlib does not say how much it left of its input in a way that survives a reset, so the stream
 * keeps `next_in` over all members. */
static enum status inflate_members(z_stream *stream, struct codec_output *output,
                                   struct error *error)
{
    struct compression_buffer *buffer = output->buffer;
    for (;;) {
        enum status status = codec_output_grow(output, error);
        if (status != STATUS_OK) {
            return status;
        }
        stream->next_out = buffer->data + buffer->size;
        stream->avail_out = (uInt)(buffer->capacity - buffer->size);
        int result = inflate(stream, Z_NO_FLUSH);
        buffer->size = buffer->capacity - stream->avail_out;

        if (result == Z_STREAM_END) {
            if (stream->avail_in == 0) {
                return STATUS_OK;
            }
            result = inflateReset(stream);
            ASSERT(result == Z_OK);
            continue;
        }
        if (result == Z_MEM_ERROR) {
            return error_set(error, STATUS_NO_MEMORY, "working memory");
        }
        if (result != Z_OK && result != Z_BUF_ERROR) {
            return error_set(error, STATUS_MALFORMED, "%s",
                             stream->msg != NULL ? stream->msg : "stream needs a dictionary");
        }
        if (stream->avail_in == 0 && stream->avail_out > 0) {
            return error_set(error, STATUS_MALFORMED, "input ends inside a member");
        }
    }
}

static enum status gzip_decompress(void *memory, struct bytes input, struct codec_output *output,
                                   struct error *error)
{
    struct gzip_state *state = memory;
    enum status status = start_inflate(state, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* zlib reads only; its interface lacks the const. */
    state->inflate.next_in = (Bytef *)(uintptr_t)input.data;
    state->inflate.avail_in = (uInt)input.size;
    return inflate_members(&state->inflate, output, error);
}

static enum status start_deflate(struct gzip_state *state, int level, struct error *error)
{
    int result;
    if (state->can_deflate) {
        result = deflateReset(&state->deflate);
        if (result == Z_OK) {
            result = deflateParams(&state->deflate, level, Z_DEFAULT_STRATEGY);
        }
    } else {
        result = deflateInit2(&state->deflate, level, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
                              Z_DEFAULT_STRATEGY);
    }
    if (result != Z_OK) {
        return error_set(error, STATUS_NO_MEMORY, "working memory");
    }
    state->can_deflate = true;
    return STATUS_OK;
}

static enum status gzip_compress(void *memory, int level, struct bytes input,
                                 struct compression_buffer *buffer, struct error *error)
{
    struct gzip_state *state = memory;
    enum status status = start_deflate(state, level, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = codec_buffer_reserve(buffer, deflateBound(&state->deflate, (uLong)input.size), error);
    if (status != STATUS_OK) {
        return status;
    }

    z_stream *stream = &state->deflate;
    stream->next_in = (Bytef *)(uintptr_t)input.data;
    stream->avail_in = (uInt)input.size;
    stream->next_out = buffer->data;
    stream->avail_out = (uInt)buffer->capacity;
    int result = deflate(stream, Z_FINISH);
    ASSERT(result == Z_STREAM_END); /* deflateBound() promises that it fits. */
    buffer->size = buffer->capacity - stream->avail_out;
    return STATUS_OK;
}

const struct codec codec_gzip = {
    .ratio_max = COMPRESSION_RATIO_MAX,
    .level_min = Z_DEFAULT_COMPRESSION,
    .level_max = Z_BEST_COMPRESSION,
    .level_default = Z_DEFAULT_COMPRESSION,
    .state_create = gzip_state_create,
    .state_destroy = gzip_state_destroy,
    .decompress = gzip_decompress,
    .compress = gzip_compress,
};
