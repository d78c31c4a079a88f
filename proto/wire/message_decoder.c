#include "proto/wire/message_decoder.h"

#include <inttypes.h>
#include <stdio.h>

enum status message_decoder_init(struct message_decoder *decoder,
                                 const struct message_descriptor *descriptor, int16_t version,
                                 const struct byte_reader *reader, struct arena *arena,
                                 struct error *error)
{
    if (version < descriptor->version_min || version > descriptor->version_max) {
        return error_set(error, STATUS_UNSUPPORTED, "%s version %d, served are %d to %d",
                         descriptor->name, version, descriptor->version_min,
                         descriptor->version_max);
    }
    *decoder = (struct message_decoder){
        .position = reader->position,
        .end = reader->failed ? reader->position : reader->end,
        .arena = arena,
        .version = version,
        .flexible = version >= descriptor->flexible_min,
        .elements_left = MESSAGE_ELEMENTS_MAX,
        .unknown_tags_left = MESSAGE_UNKNOWN_TAGS_SIZE_MAX,
    };
    return STATUS_OK;
}

void message_decoder_fail(struct message_decoder *decoder, enum decode_failure failure,
                          const char *field, int64_t value, int64_t limit)
{
    if (decoder->failure != DECODE_NO_FAILURE) {
        return;
    }
    decoder->failure = failure;
    decoder->failed_field = field;
    decoder->failed_value = value;
    decoder->failed_limit = limit;
    decoder->end = decoder->position; /* Nothing more is read. */
}

/* The rule that was broken, in parts: the value stands between the first and the second, the limit
 * between the second and the third. */
static const char *const FAILURE_TEXTS[DECODE_FAILURE_COUNT][3] = {
    [DECODE_NO_FAILURE] = {"", NULL, NULL},
    [DECODE_TRUNCATED] = {"needs ", " bytes, remaining are ", ""},
    [DECODE_VARINT] = {"varint has more than 32 bits", NULL, NULL},
    [DECODE_LENGTH] = {"length ", " is below -1", NULL},
    [DECODE_NULL] = {"null is not allowed in this version", NULL, NULL},
    [DECODE_STRING_SIZE] = {"string of ", " bytes, accepted are at most ", ""},
    [DECODE_COUNT] = {"", " elements cannot lie in the remaining ", " bytes"},
    [DECODE_ARRAY_COUNT] = {"", " elements, accepted are at most ", ""},
    [DECODE_ELEMENTS] = {"", " elements, of all arrays together at most ", " more are accepted"},
    [DECODE_STRUCT_MARKER] = {"struct marker ", " is neither 1 nor ", ""},
    [DECODE_TAG_ORDER] = {"tag ", " follows tag ", ""},
    [DECODE_TAG_SIZE] = {"", " bytes of the tagged field are left over", NULL},
    [DECODE_TAGS_SIZE] = {"unknown tagged field of ", " bytes, accepted are at most ", " more"},
    [DECODE_NO_MEMORY] = {"no memory for ", " bytes", NULL},
};

enum status message_decoder_finish(const struct message_decoder *decoder,
                                   const struct message_descriptor *descriptor,
                                   struct byte_reader *reader, struct error *error)
{
    const char *const *texts = FAILURE_TEXTS[decoder->failure];
    char value[24] = "";
    char limit[24] = "";

    if (decoder->failure == DECODE_NO_FAILURE) {
        reader->position = decoder->position;
        return STATUS_OK;
    }
    byte_reader_fail(reader);
    if (texts[1] != NULL) {
        snprintf(value, sizeof(value), "%" PRId64, decoder->failed_value);
    }
    if (texts[2] != NULL) {
        snprintf(limit, sizeof(limit), "%" PRId64, decoder->failed_limit);
    }
    return error_set(
        error, decoder->failure == DECODE_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_MALFORMED,
        "%s version %d: %s: %s%s%s%s%s", descriptor->name, decoder->version, decoder->failed_field,
        texts[0], value, texts[1] != NULL ? texts[1] : "", limit, texts[2] != NULL ? texts[2] : "");
}

uint32_t decode_unsigned_varint_long(struct message_decoder *decoder, const char *field)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        const uint8_t *place = decode_take(decoder, 1, field);
        if (place == NULL) {
            return 0;
        }
        if (shift == 28 && *place > 0x0f) {
            break;
        }
        value |= (uint32_t)(*place & 0x7f) << shift;
        if (*place < 0x80) {
            return value;
        }
    }
    message_decoder_fail(decoder, DECODE_VARINT, field, 0, 0);
    return 0;
}

/* The length that stands before strings, bytes and arrays: -1 for null. A failure answers null. */
static int64_t decode_length(struct message_decoder *decoder, bool nullable, unsigned plain_size,
                             const char *field)
{
    int64_t length = -1;

    if (decoder->flexible && plain_size != 0) {
        length = (int64_t)decode_unsigned_varint(decoder, field) - 1;
    } else if (plain_size == sizeof(int32_t)) {
        length = decode_int32(decoder, field);
    } else {
        length = decode_int16(decoder, field);
    }
    if (message_decoder_failed(decoder)) {
        return -1;
    }
    if (length < -1) {
        message_decoder_fail(decoder, DECODE_LENGTH, field, length, 0);
        return -1;
    }
    if (length == -1 && !nullable) {
        message_decoder_fail(decoder, DECODE_NULL, field, 0, 0);
    }
    return length;
}

static struct text decode_text(struct message_decoder *decoder, int64_t length, const char *field)
{
    if (length < 0) {
        return TEXT_NULL;
    }
    if (length > MESSAGE_STRING_SIZE_MAX) {
        message_decoder_fail(decoder, DECODE_STRING_SIZE, field, length, MESSAGE_STRING_SIZE_MAX);
        return TEXT_NULL;
    }
    const uint8_t *place = decode_take(decoder, (size_t)length, field);
    return place != NULL ? (struct text){(const char *)place, (size_t)length} : TEXT_NULL;
}

struct text decode_string(struct message_decoder *decoder, bool nullable, const char *field)
{
    return decode_text(decoder, decode_length(decoder, nullable, sizeof(int16_t), field), field);
}

struct text decode_plain_string(struct message_decoder *decoder, bool nullable, const char *field)
{
    return decode_text(decoder, decode_length(decoder, nullable, 0, field), field);
}

struct bytes decode_bytes(struct message_decoder *decoder, bool nullable, const char *field)
{
    int64_t length = decode_length(decoder, nullable, sizeof(int32_t), field);

    if (length < 0) {
        return BYTES_NULL;
    }
    const uint8_t *place = decode_take(decoder, (size_t)length, field);
    return place != NULL ? (struct bytes){place, (size_t)length} : BYTES_NULL;
}

void *decode_allocate(struct message_decoder *decoder, size_t count, size_t size, const char *field)
{
    void *memory = arena_allocate_array(decoder->arena, count, size);

    if (memory == NULL) {
        message_decoder_fail(decoder, DECODE_NO_MEMORY, field, (int64_t)(count * size), 0);
    }
    return memory;
}

struct slices decode_records_slices(struct message_decoder *decoder, bool nullable,
                                    const char *field)
{
    struct slices slices = {0};
    struct bytes bytes = decode_bytes(decoder, nullable, field);

    if (bytes.data == NULL) {
        return slices;
    }
    slices.items = decode_allocate(decoder, 1, sizeof(*slices.items), field);
    if (slices.items != NULL) {
        slices.capacity = 1;
        slices_add(&slices,
                   (struct slice){.data = bytes.data, .file_descriptor = -1, .size = bytes.size});
    }
    return slices;
}

struct any_array decode_array(struct message_decoder *decoder, bool nullable,
                              size_t element_size_min, size_t element_size, const char *field)
{
    struct any_array array = {0};
    int64_t count = decode_length(decoder, nullable, sizeof(int32_t), field);

    if (count <= 0) {
        array.is_null = count < 0;
        return array;
    }
    size_t remaining = (size_t)(decoder->end - decoder->position);
    if ((uint64_t)count > remaining / element_size_min) {
        message_decoder_fail(decoder, DECODE_COUNT, field, count, (int64_t)remaining);
        return array;
    }
    if (count > MESSAGE_ARRAY_COUNT_MAX) {
        message_decoder_fail(decoder, DECODE_ARRAY_COUNT, field, count, MESSAGE_ARRAY_COUNT_MAX);
        return array;
    }
    if (count > decoder->elements_left) {
        message_decoder_fail(decoder, DECODE_ELEMENTS, field, count, decoder->elements_left);
        return array;
    }
    decoder->elements_left -= (uint32_t)count;
    array.items = decode_allocate(decoder, (size_t)count, element_size, field);
    array.count = array.items != NULL ? (size_t)count : 0;
    return array;
}

#define DEFINE_ARRAY_DECODER(name, array_type, type, size_min, decode_element)                     \
    struct array_type name(struct message_decoder *decoder, bool nullable, const char *field)      \
    {                                                                                              \
        struct any_array any = decode_array(decoder, nullable, size_min, sizeof(type), field);     \
        type *items = any.items;                                                                   \
        for (size_t i = 0; i < any.count && !message_decoder_failed(decoder); i++) {               \
            items[i] = decode_element;                                                             \
        }                                                                                          \
        return (struct array_type){items, any.count, any.is_null};                                 \
    }

DEFINE_ARRAY_DECODER(decode_int8_array, int8_array, int8_t, 1, decode_int8(decoder, field))
DEFINE_ARRAY_DECODER(decode_int16_array, int16_array, int16_t, 2, decode_int16(decoder, field))
DEFINE_ARRAY_DECODER(decode_int32_array, int32_array, int32_t, 4, decode_int32(decoder, field))
DEFINE_ARRAY_DECODER(decode_int64_array, int64_array, int64_t, 8, decode_int64(decoder, field))
DEFINE_ARRAY_DECODER(decode_text_array, text_array, struct text, decoder->flexible ? 1 : 2,
                     decode_string(decoder, false, field))
DEFINE_ARRAY_DECODER(decode_uuid_array, uuid_array, struct uuid, UUID_SIZE,
                     decode_uuid(decoder, field))

static void *decode_marked_struct(struct message_decoder *decoder, int8_t null_marker, size_t size,
                                  const char *field)
{
    int8_t marker = decode_int8(decoder, field);

    if (message_decoder_failed(decoder) || marker == null_marker) {
        return NULL;
    }
    if (marker != 1) {
        message_decoder_fail(decoder, DECODE_STRUCT_MARKER, field, marker, null_marker);
        return NULL;
    }
    return decode_allocate(decoder, 1, size, field);
}

void *decode_struct_pointer(struct message_decoder *decoder, size_t size, const char *field)
{
    return decode_marked_struct(decoder, -1, size, field);
}

void *decode_tagged_struct_pointer(struct message_decoder *decoder, size_t size, const char *field)
{
    return decode_marked_struct(decoder, 0, size, field);
}

struct tag_reader tag_reader_start(struct message_decoder *decoder, const char *structure)
{
    return (struct tag_reader){.left = decode_unsigned_varint(decoder, structure), .tag = -1};
}

bool tag_reader_next(struct tag_reader *tags, struct message_decoder *decoder,
                     const char *structure)
{
    if (tags->left == 0 || message_decoder_failed(decoder)) {
        return false;
    }
    int64_t tag = decode_unsigned_varint(decoder, structure);
    uint32_t size = decode_unsigned_varint(decoder, structure);
    if (message_decoder_failed(decoder)) {
        return false;
    }
    if (tag <= tags->tag) {
        message_decoder_fail(decoder, DECODE_TAG_ORDER, structure, tag, tags->tag);
        return false;
    }
    if (size > (size_t)(decoder->end - decoder->position)) {
        message_decoder_fail(decoder, DECODE_TRUNCATED, structure, size,
                             decoder->end - decoder->position);
        return false;
    }
    tags->tag = tag;
    tags->left--;
    tags->outer_end = decoder->end;
    decoder->end = decoder->position + size;
    return true;
}

void tag_reader_end(struct tag_reader *tags, struct message_decoder *decoder, const char *field)
{
    if (decoder->position != decoder->end) {
        message_decoder_fail(decoder, DECODE_TAG_SIZE, field, decoder->end - decoder->position, 0);
    }
    if (!message_decoder_failed(decoder)) {
        decoder->end = tags->outer_end;
    }
}

void tag_reader_skip(struct tag_reader *tags, struct message_decoder *decoder,
                     const char *structure)
{
    size_t size = (size_t)(decoder->end - decoder->position);

    if (size > decoder->unknown_tags_left) {
        message_decoder_fail(decoder, DECODE_TAGS_SIZE, structure, (int64_t)size,
                             decoder->unknown_tags_left);
        return;
    }
    decoder->unknown_tags_left -= (uint32_t)size;
    decoder->position = decoder->end;
    decoder->end = tags->outer_end;
}

void decode_unknown_tags(struct message_decoder *decoder, const char *structure)
{
    struct tag_reader tags = tag_reader_start(decoder, structure);

    while (tag_reader_next(&tags, decoder, structure)) {
        tag_reader_skip(&tags, decoder, structure);
    }
}
