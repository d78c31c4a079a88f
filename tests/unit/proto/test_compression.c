#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "proto/compression/compression.h"

static struct compression_context *context;
static struct compression_buffer packed;
static struct compression_buffer plain;
static struct error error;

static void setup(void)
{
    context = compression_context_create();
    compression_buffer_init(&packed);
    compression_buffer_init(&plain);
}

static void teardown(void)
{
    compression_context_destroy(context);
    compression_buffer_clear(&packed);
    compression_buffer_clear(&plain);
}

TestSuite(compression, .init = setup, .fini = teardown);

/* Text-like bytes: half of each block is new, half repeats. */
static uint8_t *content_of(size_t size, bool is_random)
{
    struct random_seeded random;
    random_seeded_init(&random, size);
    uint8_t *content = calloc(1, size > 0 ? size : 1);
    if (is_random) {
        random.random.fill(&random.random, content, size);
        return content;
    }
    for (size_t i = 0; i < size; i++) {
        content[i] = i % 64 < 32 ? (uint8_t)random_below(&random.random, 256) : (uint8_t)i;
    }
    return content;
}

struct round_trip {
    enum compression_codec codec;
    size_t size;
};

#define EVERY_CODEC(size)                                                                          \
    {COMPRESSION_NONE, size}, {COMPRESSION_GZIP, size}, {COMPRESSION_SNAPPY, size},                \
        {COMPRESSION_LZ4, size},                                                                   \
    {                                                                                              \
        COMPRESSION_ZSTD, size                                                                     \
    }

ParameterizedTestParameters(compression, what_goes_in_comes_out)
{
    static struct round_trip cases[] = {
        EVERY_CODEC(0),     EVERY_CODEC(1),     EVERY_CODEC(32767),
        EVERY_CODEC(32768), EVERY_CODEC(32769), EVERY_CODEC(65535),
        EVERY_CODEC(65536), EVERY_CODEC(65537), EVERY_CODEC(1024 * 1024),
    };
    return cr_make_param_array(struct round_trip, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct round_trip *trip, compression, what_goes_in_comes_out)
{
    for (int is_random = 0; is_random < 2; is_random++) {
        uint8_t *content = content_of(trip->size, is_random != 0);
        struct bytes input = {content, trip->size};
        cr_assert_eq(compression_compress(context, trip->codec, COMPRESSION_LEVEL_DEFAULT, input,
                                          &packed, &error),
                     STATUS_OK);
        struct bytes stream = {packed.data, packed.size};
        cr_assert_eq(
            compression_decompress(context, trip->codec, stream, trip->size, &plain, &error),
            STATUS_OK, "%s", error.text);
        cr_assert_eq(plain.size, trip->size);
        cr_expect(trip->size == 0 || memcmp(plain.data, content, trip->size) == 0);
        if (trip->size > 0) {
            cr_expect_eq(compression_decompress(context, trip->codec, stream, trip->size - 1,
                                                &plain, &error),
                         STATUS_LIMIT);
            cr_expect_eq(plain.size, 0);
        }
        free(content);
    }
}

/* An output that is as large as its limit allows, and a buffer that is larger than the limit. */
Test(compression, larger_buffer_does_not_loosen_the_limit)
{
    uint8_t *zeros = calloc(1, 100000);
    for (int codec = 0; codec < COMPRESSION_CODEC_COUNT; codec++) {
        cr_assert_eq(compression_compress(context, (enum compression_codec)codec,
                                          COMPRESSION_LEVEL_DEFAULT, (struct bytes){zeros, 100000},
                                          &packed, &error),
                     STATUS_OK);
        struct bytes stream = {packed.data, packed.size};
        for (int round = 0; round < 2; round++) {
            cr_assert_eq(compression_decompress(context, (enum compression_codec)codec, stream,
                                                100000, &plain, &error),
                         STATUS_OK);
            cr_expect_eq(compression_decompress(context, (enum compression_codec)codec, stream,
                                                50000, &plain, &error),
                         STATUS_LIMIT);
        }
    }
    free(zeros);
}

Test(compression, levels_outside_are_brought_to_the_nearest)
{
    uint8_t *content = content_of(10000, false);
    const int levels[] = {INT_MIN + 1, -5, 0, 1, 9, 22, 1000, INT_MAX};
    for (int codec = 1; codec < COMPRESSION_CODEC_COUNT; codec++) {
        for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
            struct bytes input = {content, 10000};
            cr_assert_eq(compression_compress(context, (enum compression_codec)codec, levels[i],
                                              input, &packed, &error),
                         STATUS_OK);
            cr_assert_eq(compression_decompress(context, (enum compression_codec)codec,
                                                (struct bytes){packed.data, packed.size}, 10000,
                                                &plain, &error),
                         STATUS_OK);
            cr_expect(memcmp(plain.data, content, 10000) == 0);
        }
    }
    free(content);
}

Test(compression, higher_level_is_smaller)
{
    struct random_seeded random;
    random_seeded_init(&random, 1);
    uint8_t *content = calloc(1, 200000);
    for (size_t i = 0; i < 200000; i++) {
        content[i] = (uint8_t)(random_below(&random.random, 4) + i / 100 % 16);
    }
    const enum compression_codec codecs[] = {COMPRESSION_GZIP, COMPRESSION_LZ4, COMPRESSION_ZSTD};
    for (size_t i = 0; i < 3; i++) {
        struct bytes input = {content, 200000};
        cr_assert_eq(compression_compress(context, codecs[i], 1, input, &packed, &error),
                     STATUS_OK);
        cr_assert_eq(compression_compress(context, codecs[i], 12, input, &plain, &error),
                     STATUS_OK);
        cr_expect_lt(plain.size, packed.size, "%s", compression_codec_name(codecs[i]));
    }
    free(content);
}

Test(compression, too_large_an_input_is_refused)
{
    struct bytes huge = {(const uint8_t *)"", COMPRESSION_SIZE_MAX + 1}; /* Never read. */
    for (int codec = 0; codec < COMPRESSION_CODEC_COUNT; codec++) {
        cr_expect_eq(
            compression_compress(context, (enum compression_codec)codec, 1, huge, &packed, &error),
            STATUS_LIMIT);
        cr_expect_eq(compression_decompress(context, (enum compression_codec)codec, huge, SIZE_MAX,
                                            &plain, &error),
                     STATUS_LIMIT);
    }
    cr_expect_str_eq(error.text,
                     "decompress zstd: input of 2147483648 bytes is larger than 2147483647");
}

Test(compression, names_of_codecs_go_both_ways)
{
    enum compression_codec codec;
    for (int i = 0; i < COMPRESSION_CODEC_COUNT; i++) {
        struct text name = text_of(compression_codec_name((enum compression_codec)i));
        cr_assert(compression_codec_from_name(name, &codec));
        cr_expect_eq(codec, i);
    }
    cr_expect(compression_codec_from_name(TEXT_LITERAL("zstd"), &codec));
    cr_expect_eq(codec, 4);
    cr_expect(!compression_codec_from_name(TEXT_LITERAL("ZSTD"), &codec));
    cr_expect(!compression_codec_from_name(TEXT_LITERAL("producer"), &codec));
    cr_expect(!compression_codec_from_name(TEXT_NULL, &codec));
}

Test(compression, names_of_topic_types_go_both_ways)
{
    int type;
    for (int i = COMPRESSION_PRODUCER; i < COMPRESSION_CODEC_COUNT; i++) {
        cr_assert(compression_type_from_name(text_of(compression_type_name(i)), &type));
        cr_expect_eq(type, i);
    }
    cr_expect(compression_type_from_name(TEXT_LITERAL("uncompressed"), &type));
    cr_expect_eq(type, COMPRESSION_NONE);
    cr_expect(!compression_type_from_name(TEXT_LITERAL("none"), &type));
}

Test(compression, buffer_is_trimmed_only_when_it_is_large)
{
    struct bytes input = {(const uint8_t *)"0123456789", 10};
    cr_assert_eq(compression_decompress(context, COMPRESSION_NONE, input, 10, &plain, &error),
                 STATUS_OK);
    compression_buffer_trim(&plain, 10);
    cr_expect_eq(plain.capacity, 10);
    cr_expect_eq(plain.size, 0);
    compression_buffer_trim(&plain, 9);
    cr_expect_eq(plain.capacity, 0);
    cr_expect_null(plain.data);
}

Test(compression, nothing_may_be_destroyed)
{
    compression_context_destroy(NULL);
}
