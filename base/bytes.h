/* Views of bytes, and a bounds-checked reader and writer over them.
 *
 * Integers are big-endian as on Kafka's wire and in its files. Varints are unsigned LEB128, the
 * signed forms are zig-zag (KIP-98 records, KIP-482 tagged fields).
 *
 * Reader and writer are sticky: the first access that does not fit sets `failed`, moves nothing,
 * and every later access answers 0 or does nothing. The caller checks once, at the end, or before
 * it acts on a length. Neither ever reads or writes outside its bounds. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct byte_reader {
    const uint8_t *position;
    const uint8_t *end;
    bool failed;
};

/* Starts at the first byte. Borrows the bytes for the life of the reader. */
struct byte_reader byte_reader_over(struct bytes bytes);

/* Bytes not yet read; 0 after a failure. */
size_t byte_reader_remaining(const struct byte_reader *reader);

/* Marks the reader as failed, for a rule that only the caller knows. */
void byte_reader_fail(struct byte_reader *reader);

/* Fixed-width big-endian integers. */
int8_t read_i8(struct byte_reader *reader);
/* As read_i8(). */
uint8_t read_u8(struct byte_reader *reader);
/* As read_i8(). */
int16_t read_i16(struct byte_reader *reader);
/* As read_i8(). */
uint16_t read_u16(struct byte_reader *reader);
/* As read_i8(). */
int32_t read_i32(struct byte_reader *reader);
/* As read_i8(). */
uint32_t read_u32(struct byte_reader *reader);
/* As read_i8(). */
int64_t read_i64(struct byte_reader *reader);
/* IEEE 754, big-endian. */
double read_f64(struct byte_reader *reader);

/* At most 5 bytes; fails on a sixth or on bits above 32. */
uint32_t read_unsigned_varint(struct byte_reader *reader);
/* Zig-zag over 32 bits. */
int32_t read_varint(struct byte_reader *reader);
/* At most 10 bytes, zig-zag over 64 bits. */
int64_t read_varlong(struct byte_reader *reader);

/* The next `size` bytes as a view into the reader's memory. */
struct bytes read_bytes(struct byte_reader *reader, size_t size);
/* Moves past `size` bytes. */
void read_skip(struct byte_reader *reader, size_t size);

struct byte_writer {
    uint8_t *start;
    uint8_t *position;
    uint8_t *end;
    bool failed;
};

/* Writes into `memory`, which the caller keeps. */
struct byte_writer byte_writer_over(void *memory, size_t size);

/* Bytes written so far. */
size_t byte_writer_size(const struct byte_writer *writer);

/* Fixed-width big-endian integers. */
void write_i8(struct byte_writer *writer, int8_t value);
/* As write_i8(). */
void write_i16(struct byte_writer *writer, int16_t value);
/* As write_i8(). */
void write_u16(struct byte_writer *writer, uint16_t value);
/* As write_i8(). */
void write_i32(struct byte_writer *writer, int32_t value);
/* As write_i8(). */
void write_u32(struct byte_writer *writer, uint32_t value);
/* As write_i8(). */
void write_i64(struct byte_writer *writer, int64_t value);
/* IEEE 754, big-endian. */
void write_f64(struct byte_writer *writer, double value);
/* As read_unsigned_varint(). */
void write_unsigned_varint(struct byte_writer *writer, uint32_t value);
/* As read_varint(). */
void write_varint(struct byte_writer *writer, int32_t value);
/* As read_varlong(). */
void write_varlong(struct byte_writer *writer, int64_t value);
/* Copies the bytes. */
void write_bytes(struct byte_writer *writer, const void *data, size_t size);

/* Sizes in bytes of the variable forms. */
size_t unsigned_varint_size(uint32_t value);
/* As unsigned_varint_size(). */
size_t varint_size(int32_t value);
/* As unsigned_varint_size(). */
size_t varlong_size(int64_t value);

/* Single values at a place that the caller has checked: how on-disk and on-wire headers are read
 * and patched without casting a buffer to a struct. */
int16_t load_i16(const uint8_t *place);
/* As load_i16(). */
int32_t load_i32(const uint8_t *place);
/* As load_i16(). */
uint32_t load_u32(const uint8_t *place);
/* As load_i16(). */
int64_t load_i64(const uint8_t *place);
/* As load_i16(). */
void store_i16(uint8_t *place, int16_t value);
/* As load_i16(). */
void store_i32(uint8_t *place, int32_t value);
/* As load_i16(). */
void store_u32(uint8_t *place, uint32_t value);
/* As load_i16(). */
void store_i64(uint8_t *place, int64_t value);

#endif /* BASE_BYTES_H */
