#include <criterion/criterion.h>
#include <string.h>

#include "proto/wire/frame.h"

#define SIZE_MAX_HERE 64

static struct bytes frame;
static size_t size_needed;
static struct error error;

static enum status parse(const void *data, size_t size)
{
    frame = BYTES_NULL;
    size_needed = 0;
    return frame_parse((struct bytes){data, size}, SIZE_MAX_HERE, &frame, &size_needed, &error);
}

Test(frame, a_whole_frame_is_a_view_without_the_prefix)
{
    const char received[] = "\0\0\0\x09"
                            "123456789"
                            "next";

    cr_assert_eq(parse(received, sizeof(received) - 1), STATUS_OK);
    cr_assert_eq(frame.data, (const uint8_t *)received + 4);
    cr_assert_eq(frame.size, 9);
    cr_assert_eq(size_needed, 13);
}

Test(frame, a_frame_that_is_not_whole_says_how_much_it_needs)
{
    const char received[] = "\0\0\0\x08"
                            "12345678";

    for (size_t size = 0; size < 4; size++) {
        cr_assert_eq(parse(received, size), STATUS_AGAIN);
        cr_assert_eq(size_needed, 4);
    }
    for (size_t size = 4; size < 12; size++) {
        cr_assert_eq(parse(received, size), STATUS_AGAIN);
        cr_assert_eq(size_needed, 12);
    }
    cr_assert_eq(parse(received, 12), STATUS_OK);
}

Test(frame, a_length_that_is_negative_or_too_short_is_malformed)
{
    cr_assert_eq(parse("\xff\xff\xff\xff", 4), STATUS_MALFORMED);
    cr_assert_str_eq(error.text, "frame of -1 bytes, at least 8 are needed");
    cr_assert_eq(parse("\x80\0\0\0", 4), STATUS_MALFORMED);
    cr_assert_eq(parse("\0\0\0\0", 4), STATUS_MALFORMED);
    cr_assert_eq(parse("\0\0\0\x07", 4), STATUS_MALFORMED);
}

Test(frame, a_length_above_the_limit_is_refused_before_it_arrives)
{
    cr_assert_eq(parse("\0\0\0\x40", 4), STATUS_AGAIN);
    cr_assert_eq(parse("\0\0\0\x41", 4), STATUS_LIMIT);
    cr_assert_str_eq(error.text, "frame of 65 bytes, at most 64 are accepted");
    cr_assert_eq(parse("\x7f\xff\xff\xff", 4), STATUS_LIMIT);
}
