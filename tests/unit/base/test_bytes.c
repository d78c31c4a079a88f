#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/bytes.h"

#define BYTES(...) ((struct bytes){(const uint8_t[]){__VA_ARGS__}, sizeof(uint8_t[]){__VA_ARGS__}})

Test(text, null_equals_only_null)
{
    cr_expect(text_equal(TEXT_NULL, TEXT_NULL));
    cr_expect_not(text_equal(TEXT_NULL, TEXT_LITERAL("")));
    cr_expect_not(text_equal(TEXT_LITERAL(""), TEXT_NULL));
    cr_expect(bytes_equal(BYTES_NULL, BYTES_NULL));
    cr_expect_not(bytes_equal(BYTES_NULL, (struct bytes){(const uint8_t *)"", 0}));
}

Test(text, equality_looks_at_length_and_characters)
{
    cr_expect(text_equal(text_of("orders"), TEXT_LITERAL("orders")));
    cr_expect_not(text_equal(text_of("orders"), text_of("order")));
    cr_expect_not(text_equal(text_of("orders"), text_of("orderS")));
    cr_expect(bytes_equal(BYTES(1, 0, 2), BYTES(1, 0, 2)));
    cr_expect_not(bytes_equal(BYTES(1, 0, 2), BYTES(1, 0, 3)));
}

Test(text, a_null_string_gives_a_null_text)
{
    cr_expect_null(text_of(NULL).data);
    cr_expect_eq(text_of("abc").size, 3);
}

Test(text, order_is_null_then_prefix_then_bytes)
{
    static const char *const ordered[] = {NULL, "", "a", "ab", "b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof ordered / sizeof ordered[0]; i++) {
        for (size_t j = 0; j < sizeof ordered / sizeof ordered[0]; j++) {
            int order = text_compare(text_of(ordered[i]), text_of(ordered[j]));
            cr_expect_eq((order > 0) - (order < 0), (i > j) - (i < j), "%zu %zu", i, j);
        }
    }
}

Test(byte_reader, reads_fixed_numbers_big_endian)
{
    struct byte_reader reader = byte_reader_over(
        BYTES(0xff, 0xfe, 0xff, 0xfe, 0x12, 0x34, 0xff, 0xff, 0xff, 0xfd, 0x89, 0xab, 0xcd, 0xef,
              0x80, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0, 0, 0, 0, 2));
    cr_expect_eq(read_i8(&reader), -1);
    cr_expect_eq(read_u8(&reader), 0xfe);
    cr_expect_eq(read_i16(&reader), -2);
    cr_expect_eq(read_u16(&reader), 0x1234);
    cr_expect_eq(read_i32(&reader), -3);
    cr_expect_eq(read_u32(&reader), 0x89abcdef);
    cr_expect_eq(read_i64(&reader), INT64_MIN + 1);
    cr_expect_eq(read_u64(&reader), UINT64_C(0xff00000000000002));
    cr_expect_eq(byte_reader_remaining(&reader), 0);
    cr_expect_not(reader.failed);
}

Test(byte_reader, a_read_that_does_not_fit_fails_for_good_and_moves_nothing)
{
    static const uint8_t memory[] = {1, 2, 3};
    struct byte_reader reader = byte_reader_over((struct bytes){memory, sizeof memory});
    cr_expect_eq(read_i32(&reader), 0);
    cr_expect(reader.failed);
    cr_expect_eq(reader.position, memory);
    cr_expect_eq(byte_reader_remaining(&reader), 0);
    cr_expect_eq(read_i8(&reader), 0);
    cr_expect_eq(read_unsigned_varint(&reader), 0);
    cr_expect_eq(read_varlong(&reader), 0);
    cr_expect_eq(read_f64(&reader), 0.0);
    cr_expect_null(read_bytes(&reader, 0).data);
    read_skip(&reader, 1);
    cr_expect_eq(reader.position, memory);
}

Test(byte_reader, null_bytes_read_as_empty)
{
    struct byte_reader reader = byte_reader_over(BYTES_NULL);
    cr_expect_eq(byte_reader_remaining(&reader), 0);
    cr_expect_not_null(read_bytes(&reader, 0).data);
    cr_expect_not(reader.failed);
    read_i8(&reader);
    cr_expect(reader.failed);
}

Test(byte_reader, views_and_skips_stay_in_bounds)
{
    struct byte_reader reader = byte_reader_over(BYTES(1, 2, 3, 4));
    struct bytes view = read_bytes(&reader, 2);
    cr_expect(bytes_equal(view, BYTES(1, 2)));
    read_skip(&reader, 1);
    cr_expect_eq(byte_reader_remaining(&reader), 1);
    cr_expect_null(read_bytes(&reader, SIZE_MAX).data);
    cr_expect(reader.failed);
}

Test(byte_reader, the_caller_may_fail_it)
{
    struct byte_reader reader = byte_reader_over(BYTES(1, 2, 3, 4));
    byte_reader_fail(&reader);
    cr_expect_eq(byte_reader_remaining(&reader), 0);
    cr_expect_eq(read_u8(&reader), 0);
}

struct varint_case {
    uint64_t value;
    uint8_t size;
    uint8_t bytes[10];
};

ParameterizedTestParameters(varint, unsigned_form_round_trips)
{
    static struct varint_case cases[] = {
        {0, 1, {0}},
        {1, 1, {1}},
        {127, 1, {0x7f}},
        {128, 2, {0x80, 1}},
        {300, 2, {0xac, 2}},
        {16383, 2, {0xff, 0x7f}},
        {16384, 3, {0x80, 0x80, 1}},
        {UINT32_MAX, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}},
        {UINT64_C(1) << 32, 5, {0x80, 0x80, 0x80, 0x80, 0x10}},
        {INT64_MAX, 9, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
        {UINT64_MAX, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
    };
    return cr_make_param_array(struct varint_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct varint_case *item, varint, unsigned_form_round_trips)
{
    struct bytes encoded = {item->bytes, item->size};
    uint8_t memory[10];
    struct byte_writer writer = byte_writer_over(memory, sizeof memory);
    write_unsigned_varlong(&writer, item->value);
    cr_expect(bytes_equal((struct bytes){memory, byte_writer_size(&writer)}, encoded));
    cr_expect_eq(unsigned_varlong_size(item->value), item->size);

    struct byte_reader reader = byte_reader_over(encoded);
    cr_expect_eq(read_unsigned_varlong(&reader), item->value);
    cr_expect_not(reader.failed);

    reader = byte_reader_over(encoded);
    uint32_t narrow = read_unsigned_varint(&reader);
    cr_expect_eq(reader.failed, item->value > UINT32_MAX);
    cr_expect_eq(narrow, item->value > UINT32_MAX ? 0 : item->value);
    if (item->value <= UINT32_MAX) {
        cr_expect_eq(unsigned_varint_size((uint32_t)item->value), item->size);
    }
    for (size_t size = 0; size < item->size; size++) { /* Every truncation. */
        reader = byte_reader_over((struct bytes){item->bytes, size});
        cr_expect_eq(read_unsigned_varlong(&reader), 0);
        cr_expect(reader.failed);
        cr_expect_eq(reader.position, item->bytes);

        writer = byte_writer_over(memory, size);
        write_unsigned_varlong(&writer, item->value);
        cr_expect(writer.failed);
        cr_expect_eq(byte_writer_size(&writer), 0);
    }
}

Test(varint, too_many_bytes_or_bits_fail)
{
    struct byte_reader reader = byte_reader_over(BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0));
    cr_expect_eq(read_unsigned_varint(&reader), 0);
    cr_expect(reader.failed);
    reader = byte_reader_over(BYTES(0xff, 0xff, 0xff, 0xff, 0x1f));
    cr_expect_eq(read_varint(&reader), 0);
    cr_expect(reader.failed);
    reader = byte_reader_over(BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2));
    cr_expect_eq(read_varlong(&reader), 0);
    cr_expect(reader.failed);
    reader = byte_reader_over(BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0));
    cr_expect_eq(read_varlong(&reader), 0);
    cr_expect(reader.failed);
}

Test(varint, zig_zag_keeps_small_numbers_short_on_both_sides_of_zero)
{
    static const int64_t values[] = {0,         -1,        1,         -64,           64,
                                     INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX,     8191,
                                     -8192,     8192,      -8193,     -1234567890123};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t memory[16];
        struct byte_writer writer = byte_writer_over(memory, sizeof memory);
        write_varlong(&writer, values[i]);
        cr_expect_eq(byte_writer_size(&writer), varlong_size(values[i]));
        struct byte_reader reader =
            byte_reader_over((struct bytes){memory, byte_writer_size(&writer)});
        cr_expect_eq(read_varlong(&reader), values[i]);
        cr_expect_eq(byte_reader_remaining(&reader), 0);

        int32_t narrow = (int32_t)values[i];
        writer = byte_writer_over(memory, sizeof memory);
        write_varint(&writer, narrow);
        cr_expect_eq(byte_writer_size(&writer), varint_size(narrow));
        reader = byte_reader_over((struct bytes){memory, byte_writer_size(&writer)});
        cr_expect_eq(read_varint(&reader), narrow);
    }
    cr_expect_eq(varint_size(-64), 1);
    cr_expect_eq(varint_size(64), 2);
    cr_expect_eq(varlong_size(INT64_MIN), 10);
}

Test(byte_writer, writes_what_the_reader_reads)
{
    uint8_t memory[64];
    struct byte_writer writer = byte_writer_over(memory, sizeof memory);
    write_i8(&writer, -5);
    write_u8(&writer, 250);
    write_i16(&writer, -300);
    write_u16(&writer, 65000);
    write_i32(&writer, -70000);
    write_u32(&writer, 4000000000);
    write_i64(&writer, INT64_MIN);
    write_u64(&writer, UINT64_MAX - 1);
    write_f64(&writer, -0.5);
    write_bytes(&writer, "abc", 3);
    write_bytes(&writer, NULL, 0);
    cr_expect_not(writer.failed);
    cr_expect_eq(byte_writer_size(&writer), 1 + 1 + 2 + 2 + 4 + 4 + 8 + 8 + 8 + 3);
    cr_expect_eq(byte_writer_remaining(&writer), sizeof memory - byte_writer_size(&writer));

    struct byte_reader reader = byte_reader_over((struct bytes){memory, byte_writer_size(&writer)});
    cr_expect_eq(read_i8(&reader), -5);
    cr_expect_eq(read_u8(&reader), 250);
    cr_expect_eq(read_i16(&reader), -300);
    cr_expect_eq(read_u16(&reader), 65000);
    cr_expect_eq(read_i32(&reader), -70000);
    cr_expect_eq(read_u32(&reader), 4000000000);
    cr_expect_eq(read_i64(&reader), INT64_MIN);
    cr_expect_eq(read_u64(&reader), UINT64_MAX - 1);
    cr_expect_eq(read_f64(&reader), -0.5);
    cr_expect(bytes_equal(read_bytes(&reader, 3), BYTES('a', 'b', 'c')));
}

Test(byte_writer, a_write_that_does_not_fit_fails_for_good_and_touches_nothing)
{
    uint8_t memory[4] = {9, 9, 9, 9};
    struct byte_writer writer = byte_writer_over(memory, 3);
    write_i16(&writer, 0x0102);
    write_i32(&writer, 0);
    cr_expect(writer.failed);
    write_i8(&writer, 7);
    write_bytes(&writer, "x", 1);
    write_varint(&writer, 1);
    cr_expect_eq(byte_writer_size(&writer), 2);
    cr_expect_eq(byte_writer_remaining(&writer), 0);
    cr_expect(bytes_equal((struct bytes){memory, 4}, BYTES(1, 2, 9, 9)));
}

Test(byte_writer, the_caller_may_fail_it)
{
    uint8_t memory[4];
    struct byte_writer writer = byte_writer_over(memory, sizeof memory);
    byte_writer_fail(&writer);
    cr_expect_null(byte_writer_take(&writer, 1));
    cr_expect(writer.failed);
}

Test(load_store, places_are_big_endian_at_any_alignment)
{
    uint8_t memory[16] = {0};
    for (unsigned shift = 0; shift < 3; shift++) {
        uint8_t *place = memory + shift;
        store_i64(place, -2);
        cr_expect_eq(load_i64(place), -2);
        cr_expect_eq(load_u64(place), UINT64_MAX - 1);
        store_i32(place, -3);
        cr_expect_eq(load_i32(place), -3);
        store_u32(place, 0x01020304);
        cr_expect_eq(load_u32(place), 0x01020304);
        cr_expect_eq(place[0], 1);
        store_i16(place, -4);
        cr_expect_eq(load_i16(place), -4);
        store_u16(place, 0x0506);
        cr_expect_eq(load_u16(place), 0x0506);
        cr_expect_eq(place[1], 6);
        store_u64(place, 7);
        cr_expect_eq(place[7], 7);
    }
}
