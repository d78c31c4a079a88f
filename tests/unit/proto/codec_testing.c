#include "tests/unit/proto/codec_testing.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/unit/proto/golden_record_batches.h"

#define HEX_BYTES_MAX 512

struct fixture {
    struct compression_context *context;
    struct compression_buffer buffer;
    struct error error;
};

static void open_fixture(struct fixture *fixture)
{
    fixture->context = compression_context_create();
    compression_buffer_init(&fixture->buffer);
    cr_assert_not_null(fixture->context);
}

static void close_fixture(struct fixture *fixture)
{
    compression_context_destroy(fixture->context);
    compression_buffer_clear(&fixture->buffer);
}

/* Decompresses out of a block of exactly the input's size, so that a checker of memory sees any
 * step outside. */
static enum status decompress_exact(struct fixture *fixture, enum compression_codec codec,
                                    const uint8_t *data, size_t size, size_t output_size_max)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, data, size);
    enum status status =
        compression_decompress(fixture->context, codec, (struct bytes){exact, size},
                               output_size_max, &fixture->buffer, &fixture->error);
    free(exact);
    return status;
}

static void expect_text(const struct fixture *fixture)
{
    cr_assert_eq(fixture->buffer.size, CODEC_TEXT_SIZE);
    for (size_t i = 0; i < CODEC_TEXT_SIZE; i++) {
        cr_assert_eq(fixture->buffer.data[i], CODEC_TEXT_ONCE[i % (sizeof CODEC_TEXT_ONCE - 1)]);
    }
}

void expect_golden_stream(enum compression_codec codec, const struct golden_stream *stream)
{
    struct fixture fixture;
    uint8_t memory[HEX_BYTES_MAX];
    size_t size = hex_decode(stream->hex, memory, sizeof memory);
    open_fixture(&fixture);

    cr_assert_eq(decompress_exact(&fixture, codec, memory, size, CODEC_TEXT_SIZE), STATUS_OK,
                 "%s: %s", stream->name, fixture.error.text);
    expect_text(&fixture);
    for (size_t limit = 0; limit < CODEC_TEXT_SIZE; limit++) {
        cr_assert_eq(decompress_exact(&fixture, codec, memory, size, limit), STATUS_LIMIT,
                     "%s: limit %zu", stream->name, limit);
    }
    for (size_t shorter = 0; shorter < size; shorter++) {
        enum status status = decompress_exact(&fixture, codec, memory, shorter, CODEC_TEXT_SIZE);
        /* What is made of several parts may end between two of them. */
        cr_assert(status == STATUS_MALFORMED ||
                      (status == STATUS_OK && fixture.buffer.size < CODEC_TEXT_SIZE),
                  "%s: %zu bytes", stream->name, shorter);
        cr_assert(IMPLIES(status != STATUS_OK, fixture.buffer.size == 0));
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum status status = decompress_exact(&fixture, codec, memory, size, CODEC_TEXT_SIZE);
        cr_assert(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_LIMIT);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* All that failing has left the context as good as new. */
    cr_assert_eq(decompress_exact(&fixture, codec, memory, size, CODEC_TEXT_SIZE), STATUS_OK);
    expect_text(&fixture);
    close_fixture(&fixture);
}

void expect_refused(enum compression_codec codec, const char *hex, enum status status,
                    const char *sentence)
{
    struct fixture fixture;
    uint8_t memory[HEX_BYTES_MAX];
    size_t size = hex_decode(hex, memory, sizeof memory);
    open_fixture(&fixture);
    cr_expect_eq(decompress_exact(&fixture, codec, memory, size, 1 << 20), status, "%s", hex);
    cr_expect_eq(fixture.buffer.size, 0);
    if (sentence != NULL) {
        cr_expect_str_eq(fixture.error.text, sentence);
    }
    close_fixture(&fixture);
}

void expect_bomb_is_stopped(enum compression_codec codec, size_t size, unsigned copies)
{
    struct fixture fixture;
    struct compression_buffer bomb;
    open_fixture(&fixture);
    compression_buffer_init(&bomb);
    uint8_t *zeros = calloc(1, size);
    cr_assert_eq(compression_compress(fixture.context, codec, COMPRESSION_LEVEL_DEFAULT,
                                      (struct bytes){zeros, size}, &bomb, &fixture.error),
                 STATUS_OK);
    uint8_t *repeated = malloc(bomb.size * copies);
    for (unsigned i = 0; i < copies; i++) {
        memcpy(repeated + i * bomb.size, bomb.data, bomb.size);
    }
    const size_t limits[] = {0, 1, 4095, 4096, 65536, size - 1, size * copies - 1};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        cr_expect_eq(decompress_exact(&fixture, codec, repeated, bomb.size * copies, limits[i]),
                     STATUS_LIMIT, "limit %zu", limits[i]);
        cr_expect_leq(fixture.buffer.capacity,
                      limits[i] + 1 > bomb.size * copies * 4 + 65536
                          ? limits[i] + 1
                          : bomb.size * copies * 4 + 65536,
                      "limit %zu: %zu", limits[i], fixture.buffer.capacity);
        compression_buffer_clear(&fixture.buffer);
    }
    free(repeated);
    free(zeros);
    compression_buffer_clear(&bomb);
    close_fixture(&fixture);
}
