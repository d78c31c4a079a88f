/* Where encoders put their bytes: a list of slices on its way to a socket, or one plain buffer.
 *
 * Bytes are collected in chunks cut from an arena. Records are not copied: a slice of memory or of
 * a file goes into the list as it is, with a reference of its own. Small slices of memory are
 * copied, which is cheaper than handing them to the kernel one by one.
 *
 * The writer is sticky: after a failure it takes nothing more, and wire_writer_finish() says what
 * failed. Nothing is patched or moved once it lies in the list of slices, except the length at the
 * start of a frame. */
#ifndef PROTO_WIRE_WIRE_WRITER_H
#define PROTO_WIRE_WIRE_WRITER_H

#include <string.h>

#include "proto/wire/message.h"

/* Pieces of memory up to this size are copied rather than listed. */
#define WIRE_COPY_SIZE_MAX 1024u

/* The first chunk, and the largest; each is twice the one before. */
#define WIRE_CHUNK_SIZE_MIN 512u
#define WIRE_CHUNK_SIZE_MAX (64u * 1024)

/* A frame's length is an int32. */
#define WIRE_SIZE_MAX INT32_MAX

#define WIRE_FRAME_HEADER_SIZE 4

struct wire_writer {
    uint8_t *chunk;    /* Start of what is not yet in the list. */
    uint8_t *position; /* Where the next byte goes. */
    uint8_t *end;
    struct arena *arena; /* NULL: writes into one buffer of the caller. */
    struct slices slices;
    size_t chunk_size;      /* Of the next chunk. */
    size_t frame_position;  /* Of the frame that is open; SIZE_MAX when none is. */
    uint8_t *frame_header;  /* Its four bytes. */
    size_t contiguous_from; /* What lies behind this is in one piece; SIZE_MAX when nothing is. */
    bool is_contiguous;     /* Never breaks into slices. */
    int16_t version;        /* Of the message that is being encoded. */
    bool flexible;
    enum status status; /* STATUS_OK until something fails. */
    const char *failed; /* What. */
};

/* Collects slices; chunks and the list lie in the arena. */
void wire_writer_init(struct wire_writer *writer, struct arena *arena);

/* Collects in one piece, which grows in the arena and is moved when it does. */
void wire_writer_init_contiguous(struct wire_writer *writer, struct arena *arena);

/* Writes into `memory`, which the caller keeps. What does not fit is STATUS_LIMIT. */
void wire_writer_init_over(struct wire_writer *writer, void *memory, size_t size);

/* Gives back the references of all slices. The writer may not be used any more. */
void wire_writer_clear(struct wire_writer *writer);

/* Starts a frame: four bytes for the length that wire_writer_end_frame() fills in. Not nested.
 * Several frames may follow each other in one writer. */
void wire_writer_begin_frame(struct wire_writer *writer);
/* As wire_writer_begin_frame(). */
void wire_writer_end_frame(struct wire_writer *writer);

/* Bytes written so far. */
size_t wire_writer_size(const struct wire_writer *writer);

/* Ends the writing. On STATUS_OK *slices lists all bytes in order; whoever takes them releases
 * them, and the writer forgets them. The list lies in the arena, as do slices without an owner.
 * Otherwise STATUS_NO_MEMORY, STATUS_LIMIT or STATUS_INVALID, and all is released. */
MUST_USE enum status wire_writer_finish(struct wire_writer *writer, struct slices *slices,
                                        struct error *error);

/* Ends the writing of a contiguous writer, or one over the caller's memory. *bytes lies where the
 * writer wrote. Errors as wire_writer_finish(). */
MUST_USE enum status wire_writer_finish_bytes(struct wire_writer *writer, struct bytes *bytes,
                                              struct error *error);

/* What encoders are built from; only generated code and proto/wire use what follows. */

/* Fails the writer unless it has failed; `what` is a literal. */
__attribute__((cold, noinline)) void wire_writer_fail(struct wire_writer *writer,
                                                      enum status status, const char *what);

/* Makes room for `size` bytes in one piece. False when the writer has failed. */
bool wire_writer_reserve(struct wire_writer *writer, size_t size);

/* Checks the version and remembers it. STATUS_UNSUPPORTED names the versions. */
MUST_USE enum status wire_writer_begin_message(struct wire_writer *writer,
                                               const struct message_descriptor *descriptor,
                                               int16_t version, struct error *error);

/* Words the failure, if there was one. */
MUST_USE enum status wire_writer_end_message(const struct wire_writer *writer,
                                             const struct message_descriptor *descriptor,
                                             struct error *error);

/* Copies. */
void encode_raw(struct wire_writer *writer, const void *data, size_t size);

/* A varint of more than one byte. */
void encode_unsigned_varint_long(struct wire_writer *writer, uint32_t value);

/* Null where `nullable` is false goes out as empty. */
void encode_string(struct wire_writer *writer, struct text value, bool nullable);
/* As encode_string(), with a 16-bit length in every version. */
void encode_plain_string(struct wire_writer *writer, struct text value, bool nullable);
/* As encode_string(). */
void encode_bytes(struct wire_writer *writer, struct bytes value, bool nullable);
/* As encode_bytes(), but large ones are borrowed and not copied. */
void encode_records(struct wire_writer *writer, struct bytes value, bool nullable);
/* The slices stay the caller's; the writer retains what it keeps of them. */
void encode_records_slices(struct wire_writer *writer, const struct slices *value, bool nullable);
/* The count in front of an array. */
void encode_array_count(struct wire_writer *writer, size_t count, bool is_null, bool nullable);

/* Whole arrays of scalars. */
void encode_int8_array(struct wire_writer *writer, const struct int8_array *array, bool nullable);
/* As encode_int8_array(). */
void encode_int16_array(struct wire_writer *writer, const struct int16_array *array, bool nullable);
/* As encode_int8_array(). */
void encode_int32_array(struct wire_writer *writer, const struct int32_array *array, bool nullable);
/* As encode_int8_array(). */
void encode_int64_array(struct wire_writer *writer, const struct int64_array *array, bool nullable);
/* As encode_int8_array(). */
void encode_text_array(struct wire_writer *writer, const struct text_array *array, bool nullable);
/* As encode_int8_array(). */
void encode_uuid_array(struct wire_writer *writer, const struct uuid_array *array, bool nullable);

/* A tagged field: number and, once its bytes are written, their size. Nests. */
struct tag_mark {
    size_t position;        /* Of the size. */
    size_t contiguous_from; /* To be restored. */
};

/* Starts a tagged field. */
struct tag_mark encode_tag_begin(struct wire_writer *writer, uint32_t tag);
/* Ends it. */
void encode_tag_end(struct wire_writer *writer, struct tag_mark mark);

static inline bool wire_writer_has(struct wire_writer *writer, size_t size)
{
    return __builtin_expect((size_t)(writer->end - writer->position) >= size, 1) ||
           wire_writer_reserve(writer, size);
}

static inline void encode_int8(struct wire_writer *writer, int8_t value)
{
    if (wire_writer_has(writer, 1)) {
        *writer->position++ = (uint8_t)value;
    }
}

static inline void encode_bool(struct wire_writer *writer, bool value)
{
    encode_int8(writer, value ? 1 : 0);
}

static inline void encode_uint16(struct wire_writer *writer, uint16_t value)
{
    if (wire_writer_has(writer, 2)) {
        value = __builtin_bswap16(value);
        memcpy(writer->position, &value, 2);
        writer->position += 2;
    }
}

static inline void encode_int16(struct wire_writer *writer, int16_t value)
{
    encode_uint16(writer, (uint16_t)value);
}

static inline void encode_uint32(struct wire_writer *writer, uint32_t value)
{
    if (wire_writer_has(writer, 4)) {
        value = __builtin_bswap32(value);
        memcpy(writer->position, &value, 4);
        writer->position += 4;
    }
}

static inline void encode_int32(struct wire_writer *writer, int32_t value)
{
    encode_uint32(writer, (uint32_t)value);
}

static inline void encode_int64(struct wire_writer *writer, int64_t value)
{
    if (wire_writer_has(writer, 8)) {
        uint64_t bits = __builtin_bswap64((uint64_t)value);
        memcpy(writer->position, &bits, 8);
        writer->position += 8;
    }
}

static inline void encode_float64(struct wire_writer *writer, double value)
{
    int64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    encode_int64(writer, bits);
}

static inline void encode_uuid(struct wire_writer *writer, struct uuid value)
{
    if (wire_writer_has(writer, UUID_SIZE)) {
        memcpy(writer->position, value.bytes, UUID_SIZE);
        writer->position += UUID_SIZE;
    }
}

static inline void encode_unsigned_varint(struct wire_writer *writer, uint32_t value)
{
    if (__builtin_expect(value < 0x80, 1)) {
        encode_int8(writer, (int8_t)value);
    } else {
        encode_unsigned_varint_long(writer, value);
    }
}

/* The end of a struct without tagged fields of its own. */
static inline void encode_no_tags(struct wire_writer *writer)
{
    if (writer->flexible) {
        encode_int8(writer, 0);
    }
}

/* Whether a tagged uuid has to be sent. */
static inline bool encode_uuid_is_none(struct uuid value)
{
    static const struct uuid none = {{0}};
    return memcmp(value.bytes, none.bytes, UUID_SIZE) == 0;
}

#endif /* PROTO_WIRE_WIRE_WRITER_H */
