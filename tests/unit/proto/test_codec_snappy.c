#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "proto/compression/compression.h"
#include "tests/unit/proto/codec_testing.h"

ParameterizedTestParameters(codec_snappy, streams_of_other_programs_are_read)
{
    static struct golden_stream cases[] = {
        {"snappy_bare", "6830726f6c6c20746865206c6f6720fe0d006a0d00"},
        {"snappy_xerial_two_blocks",
         "82534e41505059000000000100000001000000123230726f6c6c20746865206c6f6720920d00"
         "0000001236306720726f6c6c20746865206c6fa20d00"},
        {"snappy_xerial_little_endian",
         "82534e41505059000100000001000000000000156830726f6c6c20746865206c6f6720fe0d00"
         "6a0d00"},
        {"snappy_xerial_repeated_header",
         "82534e41505059000000000100000001000000123230726f6c6c20746865206c6f6720920d00"
         "82534e415050590000000001000000010000001236306720726f6c6c20746865206c6fa20d00"},
    };
    return cr_make_param_array(struct golden_stream, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct golden_stream *stream, codec_snappy, streams_of_other_programs_are_read)
{
    expect_golden_stream(COMPRESSION_SNAPPY, stream);
}

Test(codec_snappy, xerial_stream_of_32_kib_blocks_is_written)
{
    static uint8_t zeros[32 * 1024 + 1];
    struct compression_context *context = compression_context_create();
    struct compression_buffer buffer;
    struct error error;
    compression_buffer_init(&buffer);
    cr_assert_eq(compression_compress(context, COMPRESSION_SNAPPY, COMPRESSION_LEVEL_DEFAULT,
                                      (struct bytes){zeros, sizeof zeros}, &buffer, &error),
                 STATUS_OK);
    const uint8_t header[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
    cr_expect_arr_eq(buffer.data, header, sizeof header);
    size_t first = 16 + 4 + (size_t)load_i32(buffer.data + 16);
    cr_expect_eq(first + 4 + (size_t)load_i32(buffer.data + first), buffer.size, "two blocks");
    const uint8_t second[] = {0, 0, 0, 3, 1, 0, 0}; /* Size 1, a literal of one byte, the byte. */
    cr_expect_arr_eq(buffer.data + first, second, sizeof second);
    compression_buffer_clear(&buffer);
    compression_context_destroy(context);
}

Test(codec_snappy, what_is_no_snappy_is_refused)
{
    const enum compression_codec codec = COMPRESSION_SNAPPY;
#define HEADER "82534e41505059000000000100000001"
    expect_refused(codec, "", STATUS_MALFORMED,
                   "decompress snappy: block of 0 bytes has no honest size");
    expect_refused(codec, "82534e4150505900000000", STATUS_MALFORMED,
                   "decompress snappy: input ends inside a header");
    expect_refused(codec, HEADER "000000", STATUS_MALFORMED, NULL);
    expect_refused(codec, HEADER "00000000", STATUS_MALFORMED,
                   "decompress snappy: block of 0 bytes, there are 0");
    expect_refused(codec, HEADER "ffffffff00", STATUS_MALFORMED,
                   "decompress snappy: block of -1 bytes, there are 1");
    expect_refused(codec, HEADER "0000000400", STATUS_MALFORMED,
                   "decompress snappy: block of 4 bytes, there are 1");
    /* Five bytes that say they are four gigabytes: refused before anything is allocated. */
    expect_refused(codec, "ffffffff0f", STATUS_MALFORMED,
                   "decompress snappy: block of 5 bytes has no honest size");
    expect_refused(codec, "0a00ff", STATUS_MALFORMED,
                   "decompress snappy: block of 3 bytes is damaged");
#undef HEADER
}

Test(codec_snappy, bomb_is_stopped)
{
    expect_bomb_is_stopped(COMPRESSION_SNAPPY, 8 << 20, 1);
    expect_bomb_is_stopped(COMPRESSION_SNAPPY, 1 << 20, 8);
}
