#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "proto/compression/compression.h"
#include "tests/unit/proto/codec_testing.h"

ParameterizedTestParameters(codec_gzip, streams_of_other_programs_are_read)
{
    static struct golden_stream cases[] = {
        {"gzip_members",
         "1f8b08000000000002032bcacfc95128c94855c8c94f572822860300dfba7871320000001f8b"
         "08000000000002034b5728cacfc95128c94855c8c94f279603000b64df0636000000"},
        {"gzip_named",
         "1f8b08080000000000036e616d65002bcacfc95128c94855c8c94f5728a21d0700796e151d68"
         "000000"},
    };
    return cr_make_param_array(struct golden_stream, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct golden_stream *stream, codec_gzip, streams_of_other_programs_are_read)
{
    expect_golden_stream(COMPRESSION_GZIP, stream);
}

Test(codec_gzip, one_member_of_java_size_is_written)
{
    struct compression_context *context = compression_context_create();
    struct compression_buffer buffer;
    struct error error;
    compression_buffer_init(&buffer);
    for (int level = -1; level <= 9; level++) {
        cr_assert_eq(compression_compress(context, COMPRESSION_GZIP, level,
                                          (struct bytes){(const uint8_t *)"abc", 3}, &buffer,
                                          &error),
                     STATUS_OK);
        cr_expect_eq(buffer.data[0], 0x1f);
        cr_expect_eq(buffer.data[1], 0x8b);
        cr_expect_eq(load_u32(buffer.data + buffer.size - 4), 0x03000000, "size of the input");
    }
    compression_buffer_clear(&buffer);
    compression_context_destroy(context);
}

Test(codec_gzip, what_is_no_gzip_is_refused)
{
    const enum compression_codec codec = COMPRESSION_GZIP;
    expect_refused(codec, "", STATUS_MALFORMED, "decompress gzip: input ends inside a member");
    expect_refused(codec, "1f8b", STATUS_MALFORMED, "decompress gzip: input ends inside a member");
    expect_refused(codec, "00112233", STATUS_MALFORMED, NULL);
    /* zlib's own format, and bytes behind the member. */
    expect_refused(codec, "789c030000000001", STATUS_MALFORMED, NULL);
    expect_refused(codec,
                   "1f8b080000000000000303000000000000000000"
                   "00",
                   STATUS_MALFORMED, NULL);
}

Test(codec_gzip, bomb_is_stopped)
{
    expect_bomb_is_stopped(COMPRESSION_GZIP, 8 << 20, 1);
    expect_bomb_is_stopped(COMPRESSION_GZIP, 1 << 20, 8);
}
