/* Views of bytes, and a bounds-checked reader and writer over them.
 *
 * Integers are big-endian as on Kafka's wire and in its files. Varints are unsigned LEB128, the
 * signed forms are zig-zag (KIP-98 records, KIP-482 tagged fields).
 *
 * Reader and writer are sticky: the first access that does not fit sets `failed`, moves nothing,
 * and every later access answers 0 or does nothing. The caller checks once, at the end, or before
 * it acts on a length. Neither ever reads or writes outside its bounds.
 *
 * The functions are inline because requests and records are read and written by nothing else. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes; `data` is NULL for Kafka's null, which is not the same as empty. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* Borrowed characters, not zero-terminated; `data` is NULL for Kafka's null string. */
struct text {
    const char *data;
    size_t size;
};

#define BYTES_NULL ((struct bytes){NULL, 0})
#define TEXT_NULL  ((struct text){NULL, 0})
/* A text over a string literal. */
#define TEXT_LITERAL(literal) ((struct text){(literal), sizeof(literal) - 1})

/* For printf("%.*s", TEXT_ARGUMENTS(text)). */
#define TEXT_ARGUMENTS(text) (int)(text).size, ((text).data != NULL ? (text).data : "")

/* A text over a zero-terminated string, TEXT_NULL for NULL. Borrows it. */
struct text text_of(const char *string);

/* Same length and same characters; null equals only null. */
bool text_equal(struct text a, struct text b);

/* Compares like memcmp, a shorter prefix first; null before everything. */
int text_compare(struct text a, struct text b);

/* Same length and same bytes; null equals only null. */
bool bytes_equal(struct bytes a, struct bytes b);

/* Single values at a place that the caller has checked: how on-disk and on-wire headers are read
 * and patched without casting a buffer to a struct. */
static inline uint16_t load_u16(const uint8_t *place)
{
    uint16_t value;
    memcpy(&value, place, sizeof value);
    return be16toh(value);
}

/* As load_u16(). */
static inline uint32_t load_u32(const uint8_t *place)
{
    uint32_t value;
    memcpy(&value, place, sizeof value);
    return be32toh(value);
}

/* As load_u16(). */
static inline uint64_t load_u64(const uint8_t *place)
{
    uint64_t value;
    memcpy(&value, place, sizeof value);
    return be64toh(value);
}

/* As load_u16(). */
static inline int16_t load_i16(const uint8_t *place)
{
    return (int16_t)load_u16(place);
}

/* As load_u16(). */
static inline int32_t load_i32(const uint8_t *place)
{
    return (int32_t)load_u32(place);
}

/* As load_u16(). */
static inline int64_t load_i64(const uint8_t *place)
{
    return (int64_t)load_u64(place);
}

/* As load_u16(). */
static inline void store_u16(uint8_t *place, uint16_t value)
{
    value = htobe16(value);
    memcpy(place, &value, sizeof value);
}

/* As load_u16(). */
static inline void store_u32(uint8_t *place, uint32_t value)
{
    value = htobe32(value);
    memcpy(place, &value, sizeof value);
}

/* As load_u16(). */
static inline void store_u64(uint8_t *place, uint64_t value)
{
    value = htobe64(value);
    memcpy(place, &value, sizeof value);
}

/* As load_u16(). */
static inline void store_i16(uint8_t *place, int16_t value)
{
    store_u16(place, (uint16_t)value);
}

/* As load_u16(). */
static inline void store_i32(uint8_t *place, int32_t value)
{
    store_u32(place, (uint32_t)value);
}

/* As load_u16(). */
static inline void store_i64(uint8_t *place, int64_t value)
{
    store_u64(place, (uint64_t)value);
}

struct byte_reader {
    const uint8_t *position;
    const uint8_t *end; /* Moved to `position` by a failure, so that nothing fits any more. */
    bool failed;
};

/* Starts at the first byte. Borrows the bytes for the life of the reader. */
static inline struct byte_reader byte_reader_over(struct bytes bytes)
{
    const uint8_t *start = bytes.data != NULL ? bytes.data : (const uint8_t *)"";
    return (struct byte_reader){start, start + bytes.size, false};
}

/* Bytes not yet read; 0 after a failure. */
static inline size_t byte_reader_remaining(const struct byte_reader *reader)
{
    return (size_t)(reader->end - reader->position);
}

/* Marks the reader as failed, for a rule that only the caller knows. */
static inline void byte_reader_fail(struct byte_reader *reader)
{
    reader->failed = true;
    reader->end = reader->position;
}

/* The next `size` bytes, over which the reader moves; NULL and failed when there are fewer. */
static inline const uint8_t *byte_reader_take(struct byte_reader *reader, size_t size)
{
    if (size > byte_reader_remaining(reader)) {
        byte_reader_fail(reader);
        return NULL;
    }
    const uint8_t *place = reader->position;
    reader->position += size;
    return place;
}

/* Fixed-width big-endian integers. */
static inline int8_t read_i8(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 1);
    return place != NULL ? (int8_t)*place : 0;
}

/* As read_i8(). */
static inline uint8_t read_u8(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 1);
    return place != NULL ? *place : 0;
}

/* As read_i8(). */
static inline int16_t read_i16(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 2);
    return place != NULL ? load_i16(place) : 0;
}

/* As read_i8(). */
static inline uint16_t read_u16(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 2);
    return place != NULL ? load_u16(place) : 0;
}

/* As read_i8(). */
static inline int32_t read_i32(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 4);
    return place != NULL ? load_i32(place) : 0;
}

/* As read_i8(). */
static inline uint32_t read_u32(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 4);
    return place != NULL ? load_u32(place) : 0;
}

/* As read_i8(). */
static inline int64_t read_i64(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 8);
    return place != NULL ? load_i64(place) : 0;
}

/* As read_i8(). */
static inline uint64_t read_u64(struct byte_reader *reader)
{
    const uint8_t *place = byte_reader_take(reader, 8);
    return place != NULL ? load_u64(place) : 0;
}

/* IEEE 754, big-endian. */
static inline double read_f64(struct byte_reader *reader)
{
    uint64_t bits = read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* As read_unsigned_varint(), for more than one byte. */
uint32_t read_unsigned_varint_long(struct byte_reader *reader);
/* As read_unsigned_varlong(), for more than one byte. */
uint64_t read_unsigned_varlong_long(struct byte_reader *reader);

/* At most 5 bytes; fails on a sixth or on bits above 32. */
static inline uint32_t read_unsigned_varint(struct byte_reader *reader)
{
    if (reader->position < reader->end && *reader->position < 0x80) {
        return *reader->position++;
    }
    return read_unsigned_varint_long(reader);
}

/* At most 10 bytes; fails on an eleventh or on bits above 64. */
static inline uint64_t read_unsigned_varlong(struct byte_reader *reader)
{
    if (reader->position < reader->end && *reader->position < 0x80) {
        return *reader->position++;
    }
    return read_unsigned_varlong_long(reader);
}

/* Zig-zag over 32 bits. */
static inline int32_t read_varint(struct byte_reader *reader)
{
    uint32_t value = read_unsigned_varint(reader);
    return (int32_t)((value >> 1) ^ (0u - (value & 1)));
}

/* At most 10 bytes, zig-zag over 64 bits. */
static inline int64_t read_varlong(struct byte_reader *reader)
{
    uint64_t value = read_unsigned_varlong(reader);
    return (int64_t)((value >> 1) ^ (UINT64_C(0) - (value & 1)));
}

/* The next `size` bytes as a view into the reader's memory. */
static inline struct bytes read_bytes(struct byte_reader *reader, size_t size)
{
    const uint8_t *place = byte_reader_take(reader, size);
    return place != NULL && !reader->failed ? (struct bytes){place, size} : BYTES_NULL;
}

/* Moves past `size` bytes. */
static inline void read_skip(struct byte_reader *reader, size_t size)
{
    (void)byte_reader_take(reader, size);
}

struct byte_writer {
    uint8_t *start;
    uint8_t *position;
    uint8_t *end; /* Moved to `position` by a failure, so that nothing fits any more. */
    bool failed;
};

/* Writes into `memory`, which the caller keeps. */
static inline struct byte_writer byte_writer_over(void *memory, size_t size)
{
    uint8_t *start = memory;
    return (struct byte_writer){start, start, size > 0 ? start + size : start, false};
}

/* Bytes written so far. */
static inline size_t byte_writer_size(const struct byte_writer *writer)
{
    return (size_t)(writer->position - writer->start);
}

/* Bytes that still fit; 0 after a failure. */
static inline size_t byte_writer_remaining(const struct byte_writer *writer)
{
    return (size_t)(writer->end - writer->position);
}

/* Marks the writer as failed, for a rule that only the caller knows. */
static inline void byte_writer_fail(struct byte_writer *writer)
{
    writer->failed = true;
    writer->end = writer->position;
}

/* A place for the next `size` bytes, for the caller to fill; NULL and failed when they do not
 * fit. */
static inline uint8_t *byte_writer_take(struct byte_writer *writer, size_t size)
{
    if (size > byte_writer_remaining(writer)) {
        byte_writer_fail(writer);
        return NULL;
    }
    uint8_t *place = writer->position;
    writer->position += size;
    return place;
}

/* Fixed-width big-endian integers. */
static inline void write_i8(struct byte_writer *writer, int8_t value)
{
    uint8_t *place = byte_writer_take(writer, 1);
    if (place != NULL) {
        *place = (uint8_t)value;
    }
}

/* As write_i8(). */
static inline void write_u8(struct byte_writer *writer, uint8_t value)
{
    uint8_t *place = byte_writer_take(writer, 1);
    if (place != NULL) {
        *place = value;
    }
}

/* As write_i8(). */
static inline void write_i16(struct byte_writer *writer, int16_t value)
{
    uint8_t *place = byte_writer_take(writer, 2);
    if (place != NULL) {
        store_i16(place, value);
    }
}

/* As write_i8(). */
static inline void write_u16(struct byte_writer *writer, uint16_t value)
{
    uint8_t *place = byte_writer_take(writer, 2);
    if (place != NULL) {
        store_u16(place, value);
    }
}

/* As write_i8(). */
static inline void write_i32(struct byte_writer *writer, int32_t value)
{
    uint8_t *place = byte_writer_take(writer, 4);
    if (place != NULL) {
        store_i32(place, value);
    }
}

/* As write_i8(). */
static inline void write_u32(struct byte_writer *writer, uint32_t value)
{
    uint8_t *place = byte_writer_take(writer, 4);
    if (place != NULL) {
        store_u32(place, value);
    }
}

/* As write_i8(). */
static inline void write_i64(struct byte_writer *writer, int64_t value)
{
    uint8_t *place = byte_writer_take(writer, 8);
    if (place != NULL) {
        store_i64(place, value);
    }
}

/* As write_i8(). */
static inline void write_u64(struct byte_writer *writer, uint64_t value)
{
    uint8_t *place = byte_writer_take(writer, 8);
    if (place != NULL) {
        store_u64(place, value);
    }
}

/* IEEE 754, big-endian. */
static inline void write_f64(struct byte_writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    write_u64(writer, bits);
}

/* As write_unsigned_varlong(), for more than one byte. */
void write_unsigned_varlong_long(struct byte_writer *writer, uint64_t value);

/* As read_unsigned_varlong(). */
static inline void write_unsigned_varlong(struct byte_writer *writer, uint64_t value)
{
    if (value < 0x80 && writer->position < writer->end) {
        *writer->position++ = (uint8_t)value;
        return;
    }
    write_unsigned_varlong_long(writer, value);
}

/* As read_unsigned_varint(). */
static inline void write_unsigned_varint(struct byte_writer *writer, uint32_t value)
{
    write_unsigned_varlong(writer, value);
}

/* As read_varint(). */
static inline void write_varint(struct byte_writer *writer, int32_t value)
{
    write_unsigned_varint(writer, ((uint32_t)value << 1) ^ (value < 0 ? UINT32_MAX : 0));
}

/* As read_varlong(). */
static inline void write_varlong(struct byte_writer *writer, int64_t value)
{
    write_unsigned_varlong(writer, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

/* Copies the bytes. */
static inline void write_bytes(struct byte_writer *writer, const void *data, size_t size)
{
    uint8_t *place = byte_writer_take(writer, size);
    if (place != NULL && size > 0) {
        memcpy(place, data, size);
    }
}

/* Sizes in bytes of the variable forms. */
static inline size_t unsigned_varlong_size(uint64_t value)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(value | 1);
    return (bits + 6) / 7;
}

/* As unsigned_varlong_size(). */
static inline size_t unsigned_varint_size(uint32_t value)
{
    return unsigned_varlong_size(value);
}

/* As unsigned_varlong_size(). */
static inline size_t varint_size(int32_t value)
{
    return unsigned_varint_size(((uint32_t)value << 1) ^ (value < 0 ? UINT32_MAX : 0));
}

/* As unsigned_varlong_size(). */
static inline size_t varlong_size(int64_t value)
{
    return unsigned_varlong_size(((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

#endif /* BASE_BYTES_H */
