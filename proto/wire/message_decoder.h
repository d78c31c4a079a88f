/* What generated decoders are built from: reads that trust nothing.
 *
 * The first read that does not fit, or that breaks a rule, fails the decoder: it remembers which
 * field and why, and answers 0 or null from then on. Generated loops stop at a failure, and the
 * public decode function turns it into a sentence.
 *
 * Counts are checked against the bytes that remain and against MESSAGE_ARRAY_COUNT_MAX and
 * MESSAGE_ELEMENTS_MAX before anything is allocated. Strings, bytes and records are views into
 * what is read; arrays and nullable structs lie in the arena.
 *
 * Only generated code and proto/wire use this. */
#ifndef PROTO_WIRE_MESSAGE_DECODER_H
#define PROTO_WIRE_MESSAGE_DECODER_H

#include <string.h>

#include "proto/wire/message.h"

enum decode_failure {
    DECODE_NO_FAILURE,
    DECODE_TRUNCATED,     /* value: bytes needed; limit: bytes that remain. */
    DECODE_VARINT,        /* A varint of more than 32 bits. */
    DECODE_LENGTH,        /* value: a length or count below -1. */
    DECODE_NULL,          /* Null where the version does not allow it. */
    DECODE_STRING_SIZE,   /* value: size; limit. */
    DECODE_COUNT,         /* value: elements announced; limit: bytes that remain. */
    DECODE_ARRAY_COUNT,   /* value: elements announced; limit. */
    DECODE_ELEMENTS,      /* value: elements announced; limit: what is left of the budget. */
    DECODE_STRUCT_MARKER, /* value: none that is known. */
    DECODE_TAG_ORDER,     /* value: tag; limit: the tag before it. */
    DECODE_TAG_SIZE,      /* value: bytes of a tagged field that its decoder left over. */
    DECODE_TAGS_SIZE,     /* value: size of unknown tagged fields; limit. */
    DECODE_NO_MEMORY,     /* value: bytes asked of the arena. */
    DECODE_FAILURE_COUNT
};

struct message_decoder {
    const uint8_t *position;
    const uint8_t *end;
    struct arena *arena;
    int16_t version;
    bool flexible;
    uint32_t elements_left;
    uint32_t unknown_tags_left;
    enum decode_failure failure; /* DECODE_NO_FAILURE while all is well. */
    const char *failed_field;
    int64_t failed_value;
    int64_t failed_limit;
};

/* The tagged fields at the end of a struct. */
struct tag_reader {
    uint32_t left; /* Tagged fields not yet read. */
    int64_t tag;   /* The current one, -1 before the first. */
    const uint8_t *outer_end;
};

/* Checks the version and starts at the reader's position. STATUS_UNSUPPORTED names the versions. */
MUST_USE enum status message_decoder_init(struct message_decoder *decoder,
                                          const struct message_descriptor *descriptor,
                                          int16_t version, const struct byte_reader *reader,
                                          struct arena *arena, struct error *error);

/* Moves the reader behind what was decoded. STATUS_MALFORMED or STATUS_NO_MEMORY say what failed;
 * the reader has failed then, too. */
MUST_USE enum status message_decoder_finish(const struct message_decoder *decoder,
                                            const struct message_descriptor *descriptor,
                                            struct byte_reader *reader, struct error *error);

/* Fails the decoder, unless it has failed before. */
__attribute__((cold, noinline)) void message_decoder_fail(struct message_decoder *decoder,
                                                          enum decode_failure failure,
                                                          const char *field, int64_t value,
                                                          int64_t limit);

/* A varint of more than one byte, or at the end. */
uint32_t decode_unsigned_varint_long(struct message_decoder *decoder, const char *field);

/* Strings in the compact form in flexible versions; `field` must outlive the decoder. */
struct text decode_string(struct message_decoder *decoder, bool nullable, const char *field);

/* Always in the form with a 16-bit length. */
struct text decode_plain_string(struct message_decoder *decoder, bool nullable, const char *field);

/* Bytes, and record batches, which are framed alike. */
struct bytes decode_bytes(struct message_decoder *decoder, bool nullable, const char *field);

/* Records as one borrowed slice; the list lies in the arena. */
struct slices decode_records_slices(struct message_decoder *decoder, bool nullable,
                                    const char *field);

/* Count and room of an array whose elements take at least `element_size_min` bytes each. */
struct any_array decode_array(struct message_decoder *decoder, bool nullable,
                              size_t element_size_min, size_t element_size, const char *field);

/* Arrays of scalars, whole. */
struct int8_array decode_int8_array(struct message_decoder *decoder, bool nullable,
                                    const char *field);
/* As decode_int8_array(). */
struct int16_array decode_int16_array(struct message_decoder *decoder, bool nullable,
                                      const char *field);
/* As decode_int8_array(). */
struct int32_array decode_int32_array(struct message_decoder *decoder, bool nullable,
                                      const char *field);
/* As decode_int8_array(). */
struct int64_array decode_int64_array(struct message_decoder *decoder, bool nullable,
                                      const char *field);
/* As decode_int8_array(). */
struct text_array decode_text_array(struct message_decoder *decoder, bool nullable,
                                    const char *field);
/* As decode_int8_array(). */
struct uuid_array decode_uuid_array(struct message_decoder *decoder, bool nullable,
                                    const char *field);

/* Memory of the message, zeroed; NULL and failed when there is none. */
void *decode_allocate(struct message_decoder *decoder, size_t count, size_t size,
                      const char *field);

/* The marker of a nullable struct, 1 or -1 for null: `size` zeroed bytes for it, or NULL. */
void *decode_struct_pointer(struct message_decoder *decoder, size_t size, const char *field);

/* As decode_struct_pointer(); in a tagged field the marker of null is 0. */
void *decode_tagged_struct_pointer(struct message_decoder *decoder, size_t size, const char *field);

/* Starts the tagged fields of a struct. */
struct tag_reader tag_reader_start(struct message_decoder *decoder, const char *structure);

/* Moves to the next tagged field and narrows the decoder to its bytes. False at the end. */
bool tag_reader_next(struct tag_reader *tags, struct message_decoder *decoder,
                     const char *structure);

/* Ends a known tagged field: all of its bytes must have been used. */
void tag_reader_end(struct tag_reader *tags, struct message_decoder *decoder, const char *field);

/* Ends an unknown one. */
void tag_reader_skip(struct tag_reader *tags, struct message_decoder *decoder,
                     const char *structure);

/* Skips all tagged fields of a struct that declares none. */
void decode_unknown_tags(struct message_decoder *decoder, const char *structure);

static inline bool message_decoder_failed(const struct message_decoder *decoder)
{
    return __builtin_expect(decoder->failure != DECODE_NO_FAILURE, 0);
}

/* The next `size` bytes; NULL and failed when fewer remain. */
static inline const uint8_t *decode_take(struct message_decoder *decoder, size_t size,
                                         const char *field)
{
    const uint8_t *place = decoder->position;

    if (__builtin_expect((size_t)(decoder->end - place) < size, 0)) {
        message_decoder_fail(decoder, DECODE_TRUNCATED, field, (int64_t)size, decoder->end - place);
        return NULL;
    }
    decoder->position = place + size;
    return place;
}

static inline uint16_t message_load_u16(const uint8_t *place)
{
    uint16_t value;
    memcpy(&value, place, sizeof(value));
    return __builtin_bswap16(value);
}

static inline uint32_t message_load_u32(const uint8_t *place)
{
    uint32_t value;
    memcpy(&value, place, sizeof(value));
    return __builtin_bswap32(value);
}

static inline uint64_t message_load_u64(const uint8_t *place)
{
    uint64_t value;
    memcpy(&value, place, sizeof(value));
    return __builtin_bswap64(value);
}

static inline bool decode_bool(struct message_decoder *decoder, const char *field)
{
    const uint8_t *place = decode_take(decoder, 1, field);
    return place != NULL && *place != 0;
}

static inline int8_t decode_int8(struct message_decoder *decoder, const char *field)
{
    const uint8_t *place = decode_take(decoder, 1, field);
    return place != NULL ? (int8_t)*place : 0;
}

static inline uint16_t decode_uint16(struct message_decoder *decoder, const char *field)
{
    const uint8_t *place = decode_take(decoder, 2, field);
    return place != NULL ? message_load_u16(place) : 0;
}

static inline int16_t decode_int16(struct message_decoder *decoder, const char *field)
{
    return (int16_t)decode_uint16(decoder, field);
}

static inline uint32_t decode_uint32(struct message_decoder *decoder, const char *field)
{
    const uint8_t *place = decode_take(decoder, 4, field);
    return place != NULL ? message_load_u32(place) : 0;
}

static inline int32_t decode_int32(struct message_decoder *decoder, const char *field)
{
    return (int32_t)decode_uint32(decoder, field);
}

static inline int64_t decode_int64(struct message_decoder *decoder, const char *field)
{
    const uint8_t *place = decode_take(decoder, 8, field);
    return place != NULL ? (int64_t)message_load_u64(place) : 0;
}

static inline double decode_float64(struct message_decoder *decoder, const char *field)
{
    int64_t bits = decode_int64(decoder, field);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline struct uuid decode_uuid(struct message_decoder *decoder, const char *field)
{
    const uint8_t *place = decode_take(decoder, UUID_SIZE, field);
    struct uuid value = {{0}};

    if (place != NULL) {
        memcpy(value.bytes, place, UUID_SIZE);
    }
    return value;
}

static inline uint32_t decode_unsigned_varint(struct message_decoder *decoder, const char *field)
{
    if (__builtin_expect(decoder->position < decoder->end && *decoder->position < 0x80, 1)) {
        return *decoder->position++;
    }
    return decode_unsigned_varint_long(decoder, field);
}

/* The end of a struct without tagged fields of its own. */
static inline void decode_no_tags(struct message_decoder *decoder, const char *structure)
{
    if (!decoder->flexible) {
        return;
    }
    if (__builtin_expect(decoder->position < decoder->end && *decoder->position == 0, 1)) {
        decoder->position++;
        return;
    }
    decode_unknown_tags(decoder, structure);
}

#endif /* PROTO_WIRE_MESSAGE_DECODER_H */
