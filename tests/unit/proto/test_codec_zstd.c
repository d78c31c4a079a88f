#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "proto/compression/compression.h"
#include "tests/unit/proto/codec_testing.h"

ParameterizedTestParameters(codec_zstd, streams_of_other_programs_are_read)
{
    static struct golden_stream cases[] = {
        {"zstd_no_content_size", "28b52ffd0000a5000068726f6c6c20746865206c6f6720010008d3fc02"},
        {"zstd_checksum", "28b52ffd2468a5000068726f6c6c20746865206c6f6720010008d3fc0273a03a9b"},
        {"zstd_two_frames",
         "28b52ffd00009d000068726f6c6c20746865206c6f67200100e0995f28b52ffd00009d000068"
         "6720726f6c6c20746865206c6f0100009a5f"},
        {"zstd_level_22_stream", "28b52ffd0088ad000070726f6c6c20746865206c6f672072010007d35402"},
        {"zstd_window_128_mib", "28b52ffd0088a5000068726f6c6c20746865206c6f6720010008d3fc02"},
        {"zstd_skippable",
         "502a4d1803000000aabbcc28b52ffd0000a5000068726f6c6c20746865206c6f6720010008d3"
         "fc02"},
    };
    return cr_make_param_array(struct golden_stream, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct golden_stream *stream, codec_zstd, streams_of_other_programs_are_read)
{
    expect_golden_stream(COMPRESSION_ZSTD, stream);
}

Test(codec_zstd, what_is_no_zstd_is_refused)
{
    const enum compression_codec codec = COMPRESSION_ZSTD;
    expect_refused(codec, "", STATUS_MALFORMED, "decompress zstd: input is empty");
    expect_refused(codec, "0011223344556677", STATUS_MALFORMED, NULL);
    /* A frame that needs a dictionary. */
    expect_refused(codec, "28b52ffd23ff55eb603c650000083703fc02b6b8c8d5c41701", STATUS_MALFORMED,
                   NULL);
    /* A good frame and something behind it. */
    expect_refused(codec, "28b52ffd0000a5000068726f6c6c20746865206c6f6720010008d3fc0200",
                   STATUS_MALFORMED, NULL);
}

/* Blocks of one repeated byte: four bytes for 128 KiB, 32 times the ratio that is allowed. The
 * frame says nothing of its size. */
Test(codec_zstd, ratio_is_limited_however_large_the_limit)
{
    enum { BLOCKS = 200, BLOCK_BYTES = 128 * 1024 };
    uint8_t frame[6 + BLOCKS * 4] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38};
    for (int i = 0; i < BLOCKS; i++) {
        /* Little-endian: last block, type 1 (repeat), size. */
        uint32_t block = (uint32_t)(i == BLOCKS - 1) | 1u << 1 | (uint32_t)BLOCK_BYTES << 3;
        uint8_t *place = frame + 6 + i * 4;
        place[0] = (uint8_t)block;
        place[1] = (uint8_t)(block >> 8);
        place[2] = (uint8_t)(block >> 16);
        place[3] = 'x';
    }
    struct compression_context *context = compression_context_create();
    struct compression_buffer buffer;
    struct error error;
    compression_buffer_init(&buffer);
    cr_expect_eq(compression_decompress(context, COMPRESSION_ZSTD,
                                        (struct bytes){frame, sizeof frame}, COMPRESSION_SIZE_MAX,
                                        &buffer, &error),
                 STATUS_LIMIT);
    cr_expect_str_eq(error.text, "decompress zstd: output is larger than 3224000 bytes");
    cr_expect_leq(buffer.capacity, sizeof frame * COMPRESSION_RATIO_ZSTD_MAX);

    /* Eight blocks are a megabyte, up to which no ratio is asked. */
    memcpy(frame + 6 + 7 * 4, frame + sizeof frame - 4, 4);
    cr_expect_eq(compression_decompress(context, COMPRESSION_ZSTD, (struct bytes){frame, 6 + 8 * 4},
                                        COMPRESSION_SIZE_MAX, &buffer, &error),
                 STATUS_OK, "%s", error.text);
    cr_expect_eq(buffer.size, 8 * BLOCK_BYTES);
    compression_buffer_clear(&buffer);
    compression_context_destroy(context);
}

Test(codec_zstd, bomb_is_stopped)
{
    expect_bomb_is_stopped(COMPRESSION_ZSTD, 3 << 20, 1);
    expect_bomb_is_stopped(COMPRESSION_ZSTD, 512 << 10, 6);
}
