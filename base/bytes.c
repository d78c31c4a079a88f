#include "base/bytes.h"

/* The bytes that a LEB128 number of 32 and of 64 bits may take. */
#define VARINT_SIZE_MAX  5
#define VARLONG_SIZE_MAX 10

struct text text_of(const char *string)
{
    return string != NULL ? (struct text){string, strlen(string)} : TEXT_NULL;
}

bool text_equal(struct text a, struct text b)
{
    return bytes_equal((struct bytes){(const uint8_t *)a.data, a.size},
                       (struct bytes){(const uint8_t *)b.data, b.size});
}

int text_compare(struct text a, struct text b)
{
    if (a.data == NULL || b.data == NULL) {
        return (a.data != NULL) - (b.data != NULL);
    }
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    if (a.data == NULL || b.data == NULL) {
        return a.data == b.data;
    }
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* A number of at most `size_max` bytes whose last one may hold no more than `last_max`. */
static uint64_t read_leb128(struct byte_reader *reader, unsigned size_max, uint8_t last_max)
{
    size_t remaining = byte_reader_remaining(reader);
    uint64_t value = 0;
    for (unsigned i = 0; i < size_max && i < remaining; i++) {
        uint8_t byte = reader->position[i];
        if (i == size_max - 1 && byte > last_max) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            reader->position += i + 1;
            return value;
        }
    }
    byte_reader_fail(reader);
    return 0;
}

uint32_t read_unsigned_varint_long(struct byte_reader *reader)
{
    return (uint32_t)read_leb128(reader, VARINT_SIZE_MAX, 0x0f);
}

uint64_t read_unsigned_varlong_long(struct byte_reader *reader)
{
    return read_leb128(reader, VARLONG_SIZE_MAX, 0x01);
}

void write_unsigned_varlong_long(struct byte_writer *writer, uint64_t value)
{
    uint8_t *place = byte_writer_take(writer, unsigned_varlong_size(value));
    if (place == NULL) {
        return;
    }
    while (value >= 0x80) {
        *place++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *place = (uint8_t)value;
}
