/* Snappy, in the stream format of xerial's snappy-java that Kafka's Java client writes:
 *
 *     0  8 bytes  0x82 "SNAPPY" 0x00
 *     8  i32      version, 1
 *    12  i32      oldest version that can read it, 1
 *    16  then until the end: i32 size, block of that size
 *
 * Some clients send one bare block instead. Some write the two versions little-endian, so they are
 * not looked at. Some append stream to stream, so that a header may stand where a size should. */
#include "proto/compression/codec.h"

#include <snappy-c.h>
#include <stdbool.h>
#include <string.h>

#include "base/assert.h"

#define XERIAL_MAGIC_SIZE  8
#define XERIAL_HEADER_SIZE 16
#define XERIAL_VERSION     1
#define XERIAL_BLOCK_SIZE  ((size_t)32 * 1024)

/* The densest element copies 64 bytes and takes 3, so no block says more than this in honesty. */
#define BLOCK_RATIO_MAX 22

static const uint8_t xerial_magic[XERIAL_MAGIC_SIZE] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};

static bool starts_with_magic(struct bytes input)
{
    return input.size >= XERIAL_MAGIC_SIZE &&
           memcmp(input.data, xerial_magic, XERIAL_MAGIC_SIZE) == 0;
}

static enum status decompress_block(struct bytes block, struct codec_output *output,
                                    struct error *error)
{
    struct compression_buffer *buffer = output->buffer;
    const char *data = (const char *)block.data;
    size_t size = 0;
    if (snappy_uncompressed_length(data, block.size, &size) != SNAPPY_OK ||
        size > block.size * BLOCK_RATIO_MAX) {
        return error_set(error, STATUS_MALFORMED, "block of %zu bytes has no honest size",
                         block.size);
    }
    if (size > output->size_max - buffer->size) {
        return codec_output_limit(output, error);
    }
    /* Grows by doubling, so that many blocks cost no more than one. */
    size_t capacity = buffer->size + size;
    if (capacity > buffer->capacity && capacity < buffer->capacity * 2) {
        capacity = buffer->capacity * 2;
    }
    enum status status = codec_buffer_reserve(buffer, capacity > 0 ? capacity : 1, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (snappy_uncompress(data, block.size, (char *)buffer->data + buffer->size, &size) !=
        SNAPPY_OK) {
        return error_set(error, STATUS_MALFORMED, "block of %zu bytes is damaged", block.size);
    }
    buffer->size += size;
    return STATUS_OK;
}

static enum status decompress_stream(struct bytes input, struct codec_output *output,
                                     struct error *error)
{
    struct byte_reader reader = byte_reader_over(input);
    while (byte_reader_remaining(&reader) > 0) {
        if (starts_with_magic((struct bytes){reader.position, byte_reader_remaining(&reader)})) {
            read_skip(&reader, XERIAL_HEADER_SIZE);
            if (reader.failed) {
                return error_set(error, STATUS_MALFORMED, "input ends inside a header");
            }
            continue;
        }
        int32_t size = read_i32(&reader);
        if (reader.failed || size <= 0 || (size_t)size > byte_reader_remaining(&reader)) {
            return error_set(error, STATUS_MALFORMED, "block of %d bytes, there are %zu", size,
                             byte_reader_remaining(&reader));
        }
        enum status status = decompress_block(read_bytes(&reader, (size_t)size), output, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status snappy_codec_decompress(void *state, struct bytes input,
                                           struct codec_output *output, struct error *error)
{
    (void)state;
    return starts_with_magic(input) ? decompress_stream(input, output, error)
                                    : decompress_block(input, output, error);
}

static enum status snappy_codec_compress(void *state, int level, struct bytes input,
                                         struct compression_buffer *buffer, struct error *error)
{
    (void)state;
    (void)level;
    size_t blocks = input.size / XERIAL_BLOCK_SIZE + 1;
    size_t block_max = snappy_max_compressed_length(XERIAL_BLOCK_SIZE) + sizeof(int32_t);
    enum status status =
        codec_buffer_reserve(buffer, XERIAL_HEADER_SIZE + blocks * block_max, error);
    if (status != STATUS_OK) {
        return status;
    }

    memcpy(buffer->data, xerial_magic, XERIAL_MAGIC_SIZE);
    store_i32(buffer->data + XERIAL_MAGIC_SIZE, XERIAL_VERSION);
    store_i32(buffer->data + XERIAL_MAGIC_SIZE + 4, XERIAL_VERSION);
    uint8_t *target = buffer->data + XERIAL_HEADER_SIZE;
    for (size_t position = 0; position < input.size; position += XERIAL_BLOCK_SIZE) {
        size_t rest = input.size - position;
        size_t size = block_max;
        snappy_status result = snappy_compress((const char *)input.data + position,
                                               rest < XERIAL_BLOCK_SIZE ? rest : XERIAL_BLOCK_SIZE,
                                               (char *)target + sizeof(int32_t), &size);
        ASSERT(result == SNAPPY_OK);
        store_i32(target, (int32_t)size);
        target += sizeof(int32_t) + size;
    }
    buffer->size = (size_t)(target - buffer->data);
    return STATUS_OK;
}

const struct codec codec_snappy = {
    .ratio_max = COMPRESSION_RATIO_MAX,
    .decompress = snappy_codec_decompress,
    .compress = snappy_codec_compress,
};
