#include "proto/compression/compression.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "proto/compression/codec.h"

#define OUTPUT_CAPACITY_MIN ((size_t)4096)

struct compression_context {
    void *states[COMPRESSION_CODEC_COUNT]; /* Owned, by the codec's state_destroy; NULL unused. */
};

struct codec_row {
    const char *name;
    const char *topic_name;
};

static const struct codec_row codec_rows[COMPRESSION_CODEC_COUNT] = {
#define CODEC_ROW(name, number, text, topic_text) [number] = {text, topic_text},
    COMPRESSION_CODEC_LIST(CODEC_ROW)
#undef CODEC_ROW
};

static const struct codec *codec_of(enum compression_codec codec)
{
    switch (codec) {
    case COMPRESSION_GZIP:
        return &codec_gzip;
    case COMPRESSION_SNAPPY:
        return &codec_snappy;
    case COMPRESSION_LZ4:
        return &codec_lz4;
    case COMPRESSION_ZSTD:
        return &codec_zstd;
    case COMPRESSION_NONE:
    case COMPRESSION_CODEC_COUNT:
    default:
        ASSERT(codec == COMPRESSION_NONE);
        return NULL;
    }
}

const char *compression_codec_name(enum compression_codec codec)
{
    ASSERT(codec < COMPRESSION_CODEC_COUNT);
    return codec_rows[codec].name;
}

bool compression_codec_from_name(struct text name, enum compression_codec *codec)
{
    for (int i = 0; i < COMPRESSION_CODEC_COUNT; i++) {
        if (text_equal(name, text_of(codec_rows[i].name))) {
            *codec = (enum compression_codec)i;
            return true;
        }
    }
    return false;
}

const char *compression_type_name(int type)
{
    ASSERT(type >= COMPRESSION_PRODUCER && type < COMPRESSION_CODEC_COUNT);
    return type == COMPRESSION_PRODUCER ? "producer" : codec_rows[type].topic_name;
}

bool compression_type_from_name(struct text name, int *type)
{
    for (int i = COMPRESSION_PRODUCER; i < COMPRESSION_CODEC_COUNT; i++) {
        if (text_equal(name, text_of(compression_type_name(i)))) {
            *type = i;
            return true;
        }
    }
    return false;
}

struct compression_context *compression_context_create(void)
{
    return calloc(1, sizeof(struct compression_context));
}

void compression_context_destroy(struct compression_context *context)
{
    if (context == NULL) {
        return;
    }
    for (int i = 0; i < COMPRESSION_CODEC_COUNT; i++) {
        if (context->states[i] != NULL) {
            codec_of((enum compression_codec)i)->state_destroy(context->states[i]);
        }
    }
    free(context);
}

void compression_buffer_init(struct compression_buffer *buffer)
{
    *buffer = (struct compression_buffer){0};
}

void compression_buffer_clear(struct compression_buffer *buffer)
{
    free(buffer->data);
    compression_buffer_init(buffer);
}

void compression_buffer_trim(struct compression_buffer *buffer, size_t capacity_max)
{
    buffer->size = 0;
    if (buffer->capacity > capacity_max) {
        compression_buffer_clear(buffer);
    }
}

enum status codec_buffer_reserve(struct compression_buffer *buffer, size_t capacity,
                                 struct error *error)
{
    if (capacity <= buffer->capacity) {
        return STATUS_OK;
    }
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "codec buffer of %zu bytes", capacity);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return STATUS_OK;
}

enum status codec_output_limit(const struct codec_output *output, struct error *error)
{
    return error_set(error, STATUS_LIMIT, "output is larger than %zu bytes", output->size_max);
}

enum status codec_output_check(const struct codec_output *output, struct error *error)
{
    return output->buffer->size > output->size_max ? codec_output_limit(output, error) : STATUS_OK;
}

enum status codec_output_grow(struct codec_output *output, struct error *error)
{
    struct compression_buffer *buffer = output->buffer;
    if (buffer->size < buffer->capacity) {
        return STATUS_OK;
    }
    enum status status = codec_output_check(output, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t capacity_max = output->size_max + 1;
    size_t capacity =
        buffer->capacity < OUTPUT_CAPACITY_MIN ? OUTPUT_CAPACITY_MIN : buffer->capacity * 2;
    return codec_buffer_reserve(buffer, capacity < capacity_max ? capacity : capacity_max, error);
}

/* The state of a codec, made when it is first used. */
static enum status state_of(struct compression_context *context, enum compression_codec codec,
                            void **state, struct error *error)
{
    const struct codec *functions = codec_of(codec);
    if (functions->state_create != NULL && context->states[codec] == NULL) {
        context->states[codec] = functions->state_create();
        if (context->states[codec] == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "working memory");
        }
    }
    *state = context->states[codec];
    return STATUS_OK;
}

static enum status copy(struct bytes input, size_t size_max, struct compression_buffer *buffer,
                        struct error *error)
{
    if (input.size > size_max) {
        return error_set(error, STATUS_LIMIT, "output is larger than %zu bytes", size_max);
    }
    enum status status = codec_buffer_reserve(buffer, input.size, error);
    if (status == STATUS_OK && input.size > 0) {
        memcpy(buffer->data, input.data, input.size);
        buffer->size = input.size;
    }
    return status;
}

/* What the output may be at most: the caller's limit, or less for an input that cannot honestly
 * need as much. */
static size_t output_limit(const struct codec *functions, size_t input_size, size_t output_size_max)
{
    size_t limit = output_size_max < COMPRESSION_SIZE_MAX ? output_size_max : COMPRESSION_SIZE_MAX;
    size_t by_ratio = input_size * functions->ratio_max;
    if (by_ratio < COMPRESSION_RATIO_FREE_SIZE) {
        by_ratio = COMPRESSION_RATIO_FREE_SIZE;
    }
    return limit < by_ratio ? limit : by_ratio;
}

static enum status decompress(struct compression_context *context, enum compression_codec codec,
                              struct bytes input, size_t output_size_max,
                              struct compression_buffer *buffer, struct error *error)
{
    if (input.size > COMPRESSION_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "input of %zu bytes is larger than %zu", input.size,
                         COMPRESSION_SIZE_MAX);
    }
    if (codec == COMPRESSION_NONE) {
        return copy(input, output_size_max, buffer, error);
    }

    void *state = NULL;
    enum status status = state_of(context, codec, &state, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct codec *functions = codec_of(codec);
    struct codec_output output = {
        .buffer = buffer,
        .size_max = output_limit(functions, input.size, output_size_max),
    };
    status = functions->decompress(state, input, &output, error);
    return status == STATUS_OK ? codec_output_check(&output, error) : status;
}

enum status compression_decompress(struct compression_context *context,
                                   enum compression_codec codec, struct bytes input,
                                   size_t output_size_max, struct compression_buffer *buffer,
                                   struct error *error)
{
    buffer->size = 0;
    enum status status = decompress(context, codec, input, output_size_max, buffer, error);
    if (status != STATUS_OK) {
        buffer->size = 0;
        return error_wrap(error, "decompress %s", compression_codec_name(codec));
    }
    return STATUS_OK;
}

static int level_in_range(const struct codec *functions, int level)
{
    if (level == COMPRESSION_LEVEL_DEFAULT) {
        return functions->level_default;
    }
    if (level < functions->level_min) {
        return functions->level_min;
    }
    return level < functions->level_max ? level : functions->level_max;
}

static enum status compress(struct compression_context *context, enum compression_codec codec,
                            int level, struct bytes input, struct compression_buffer *buffer,
                            struct error *error)
{
    if (input.size > COMPRESSION_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "input of %zu bytes is larger than %zu", input.size,
                         COMPRESSION_SIZE_MAX);
    }
    if (codec == COMPRESSION_NONE) {
        return copy(input, COMPRESSION_SIZE_MAX, buffer, error);
    }

    void *state = NULL;
    enum status status = state_of(context, codec, &state, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct codec *functions = codec_of(codec);
    return functions->compress(state, level_in_range(functions, level), input, buffer, error);
}

enum status compression_compress(struct compression_context *context, enum compression_codec codec,
                                 int level, struct bytes input, struct compression_buffer *buffer,
                                 struct error *error)
{
    buffer->size = 0;
    enum status status = compress(context, codec, level, input, buffer, error);
    if (status != STATUS_OK) {
        buffer->size = 0;
        return error_wrap(error, "compress %s", compression_codec_name(codec));
    }
    return STATUS_OK;
}
