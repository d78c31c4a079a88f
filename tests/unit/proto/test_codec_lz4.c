#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "proto/compression/compression.h"
#include "tests/unit/proto/codec_testing.h"

ParameterizedTestParameters(codec_lz4, streams_of_other_programs_are_read)
{
    static struct golden_stream cases[] = {
        {"lz4_linked_checksums",
         "04224d187c4068000000000000005817000000df726f6c6c20746865206c6f67200d00435020"
         "6c6f6720f5d4b2af0000000057780894"},
        {"lz4_4mib_blocks",
         "04224d1860408217000000df726f6c6c20746865206c6f67200d004350206c6f672000000000"},
        {"lz4_two_frames",
         "04224d18684032000000000000008417000000df726f6c6c20746865206c6f67200d000d5068"
         "65206c6f0000000004224d18684036000000000000000f17000000df6720726f6c6c20746865"
         "206c6f0d001150206c6f672000000000"},
        {"lz4_skippable",
         "502a4d1803000000aabbcc04224d18684068000000000000006417000000df726f6c6c207468"
         "65206c6f67200d004350206c6f672000000000"},
    };
    return cr_make_param_array(struct golden_stream, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct golden_stream *stream, codec_lz4, streams_of_other_programs_are_read)
{
    expect_golden_stream(COMPRESSION_LZ4, stream);
}

/* What Kafka's Java client demands of a frame: version 1, independent blocks, no checksum of
 * blocks, 64 KiB. */
Test(codec_lz4, frame_that_java_reads_is_written)
{
    static uint8_t input[200 * 1024];
    struct compression_context *context = compression_context_create();
    struct compression_buffer buffer;
    struct error error;
    compression_buffer_init(&buffer);
    const size_t sizes[] = {0, 1, 65536, 65537, sizeof input};
    for (int level = 1; level <= 12; level++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            cr_assert_eq(compression_compress(context, COMPRESSION_LZ4, level,
                                              (struct bytes){input, sizes[i]}, &buffer, &error),
                         STATUS_OK);
            const uint8_t header[] = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82};
            cr_expect_arr_eq(buffer.data, header, sizeof header);
            cr_expect_eq(load_u32(buffer.data + buffer.size - 4), 0, "end mark, no checksum");
        }
    }
    compression_buffer_clear(&buffer);
    compression_context_destroy(context);
}

Test(codec_lz4, what_is_no_lz4_is_refused)
{
    const enum compression_codec codec = COMPRESSION_LZ4;
    expect_refused(codec, "", STATUS_MALFORMED, "decompress lz4: input is empty");
    expect_refused(codec, "04", STATUS_MALFORMED, "decompress lz4: input ends inside a frame");
    expect_refused(codec, "0011223344556677", STATUS_MALFORMED, NULL);
    /* A wrong checksum of the header, as messages of magic 0 and 1 had it. */
    expect_refused(codec, "04224d1860408300000000", STATUS_MALFORMED, NULL);
    /* A block that says it is larger than blocks may be. */
    expect_refused(codec, "04224d18604082ffffff7f00", STATUS_MALFORMED, NULL);
    /* A good, empty frame and something behind it. */
    expect_refused(codec, "04224d186040820000000001", STATUS_MALFORMED,
                   "decompress lz4: input ends inside a frame");
}

Test(codec_lz4, bomb_is_stopped)
{
    expect_bomb_is_stopped(COMPRESSION_LZ4, 8 << 20, 1);
    expect_bomb_is_stopped(COMPRESSION_LZ4, 1 << 20, 8);
}
