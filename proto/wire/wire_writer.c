#include "proto/wire/wire_writer.h"

#include "base/assert.h"

#define NONE             SIZE_MAX
#define SLICES_COUNT_MIN 4

void wire_writer_init(struct wire_writer *writer, struct arena *arena)
{
    *writer = (struct wire_writer){
        .arena = arena,
        .chunk_size = WIRE_CHUNK_SIZE_MIN,
        .frame_position = NONE,
        .contiguous_from = NONE,
    };
}

void wire_writer_init_contiguous(struct wire_writer *writer, struct arena *arena)
{
    wire_writer_init(writer, arena);
    writer->is_contiguous = true;
    writer->contiguous_from = 0;
}

void wire_writer_init_over(struct wire_writer *writer, void *memory, size_t size)
{
    wire_writer_init_contiguous(writer, NULL);
    writer->chunk = memory;
    writer->position = memory;
    writer->end = writer->position + size;
}

void wire_writer_clear(struct wire_writer *writer)
{
    slices_release(&writer->slices);
    wire_writer_fail(writer, STATUS_STOPPING, "the writer was cleared");
}

void wire_writer_fail(struct wire_writer *writer, enum status status, const char *what)
{
    if (writer->status == STATUS_OK) {
        writer->status = status;
        writer->failed = what;
        writer->end = writer->position; /* Nothing more is taken. */
    }
}

/* Bytes that are not in the list yet. */
static size_t pending_size(const struct wire_writer *writer)
{
    return (size_t)(writer->position - writer->chunk);
}

size_t wire_writer_size(const struct wire_writer *writer)
{
    return writer->slices.size + pending_size(writer);
}

static bool add_slice(struct wire_writer *writer, struct slice slice)
{
    struct slices *slices = &writer->slices;

    if (slices->count == slices->capacity) {
        size_t capacity = slices->capacity > 0 ? slices->capacity * 2 : SLICES_COUNT_MIN;
        struct slice *items = arena_allocate_array(writer->arena, capacity, sizeof(*items));
        if (items == NULL) {
            wire_writer_fail(writer, STATUS_NO_MEMORY, "no memory for the list of slices");
            return false;
        }
        if (slices->count > 0) {
            memcpy(items, slices->items, slices->count * sizeof(*items));
        }
        slices->items = items;
        slices->capacity = capacity;
    }
    slices_add(slices, slice);
    return true;
}

/* Moves the first `size` bytes that are not in the list yet into the list. */
static bool seal(struct wire_writer *writer, size_t size)
{
    struct slice slice = {.data = writer->chunk, .file_descriptor = -1, .size = size};

    if (size > 0 && !add_slice(writer, slice)) {
        return false;
    }
    writer->chunk += size;
    return true;
}

/* A new chunk that begins with the last `keep` bytes of the old one. */
static bool replace_chunk(struct wire_writer *writer, size_t keep, size_t size)
{
    size_t wanted = keep * 2 + size;
    size_t chunk_size = wanted > writer->chunk_size ? wanted : writer->chunk_size;
    uint8_t *chunk = arena_allocate(writer->arena, chunk_size);

    if (chunk == NULL) {
        wire_writer_fail(writer, STATUS_NO_MEMORY, "no memory for the encoded bytes");
        return false;
    }
    if (keep > 0) {
        memcpy(chunk, writer->chunk, keep);
    }
    if (writer->frame_position != NONE && writer->frame_position >= writer->slices.size) {
        writer->frame_header = chunk + (writer->frame_position - writer->slices.size);
    }
    writer->chunk = chunk;
    writer->position = chunk + keep;
    writer->end = chunk + chunk_size;
    if (writer->chunk_size < WIRE_CHUNK_SIZE_MAX) {
        writer->chunk_size *= 2;
    }
    return true;
}

bool wire_writer_reserve(struct wire_writer *writer, size_t size)
{
    if (writer->status != STATUS_OK) {
        return false;
    }
    if ((size_t)(writer->end - writer->position) >= size) {
        return true;
    }
    size_t size_now = wire_writer_size(writer);
    if (size > (size_t)WIRE_SIZE_MAX - size_now) {
        wire_writer_fail(writer, STATUS_LIMIT, "longer than 2147483647 bytes");
        return false;
    }
    if (writer->arena == NULL) {
        wire_writer_fail(writer, STATUS_LIMIT, "does not fit the memory given for it");
        return false;
    }
    size_t pending = pending_size(writer);
    size_t keep = writer->contiguous_from != NONE ? size_now - writer->contiguous_from : 0;
    ASSERT(keep <= pending);
    if (pending <= WIRE_COPY_SIZE_MAX) {
        keep = pending; /* Cheaper to copy than to send as a slice of its own. */
    }
    return seal(writer, pending - keep) && replace_chunk(writer, keep, size);
}

void wire_writer_begin_frame(struct wire_writer *writer)
{
    ASSERT(writer->frame_position == NONE);
    if (wire_writer_has(writer, WIRE_FRAME_HEADER_SIZE)) {
        writer->frame_position = wire_writer_size(writer);
        writer->frame_header = writer->position;
        writer->position += WIRE_FRAME_HEADER_SIZE;
    }
}

void wire_writer_end_frame(struct wire_writer *writer)
{
    if (writer->frame_position != NONE) {
        size_t size = wire_writer_size(writer) - writer->frame_position - WIRE_FRAME_HEADER_SIZE;
        store_i32(writer->frame_header, (int32_t)size);
        writer->frame_position = NONE;
    }
}

MUST_USE static enum status finish_failed(struct wire_writer *writer, struct error *error)
{
    enum status status = error_set(error, writer->status, "encode: %s", writer->failed);

    slices_release(&writer->slices);
    return status;
}

enum status wire_writer_finish(struct wire_writer *writer, struct slices *slices,
                               struct error *error)
{
    ASSERT(writer->arena != NULL && writer->frame_position == NONE);
    if (writer->status != STATUS_OK || !seal(writer, pending_size(writer))) {
        return finish_failed(writer, error);
    }
    *slices = writer->slices;
    writer->slices = (struct slices){0};
    wire_writer_fail(writer, STATUS_STOPPING, "the writer has finished");
    return STATUS_OK;
}

enum status wire_writer_finish_bytes(struct wire_writer *writer, struct bytes *bytes,
                                     struct error *error)
{
    ASSERT(writer->is_contiguous && writer->frame_position == NONE);
    /* An empty result is still a result: it has a place. */
    if (writer->status != STATUS_OK || (writer->chunk == NULL && !wire_writer_reserve(writer, 1))) {
        return finish_failed(writer, error);
    }
    *bytes = (struct bytes){writer->chunk, pending_size(writer)};
    wire_writer_fail(writer, STATUS_STOPPING, "the writer has finished");
    return STATUS_OK;
}

enum status wire_writer_begin_message(struct wire_writer *writer,
                                      const struct message_descriptor *descriptor, int16_t version,
                                      struct error *error)
{
    if (version < descriptor->version_min || version > descriptor->version_max) {
        return error_set(error, STATUS_UNSUPPORTED, "%s version %d, known are %d to %d",
                         descriptor->name, version, descriptor->version_min,
                         descriptor->version_max);
    }
    writer->version = version;
    writer->flexible = version >= descriptor->flexible_min;
    return STATUS_OK;
}

enum status wire_writer_end_message(const struct wire_writer *writer,
                                    const struct message_descriptor *descriptor,
                                    struct error *error)
{
    if (writer->status != STATUS_OK) {
        return error_set(error, writer->status, "%s version %d: %s", descriptor->name,
                         writer->version, writer->failed);
    }
    return STATUS_OK;
}

void encode_raw(struct wire_writer *writer, const void *data, size_t size)
{
    if (size > 0 && wire_writer_has(writer, size)) {
        memcpy(writer->position, data, size);
        writer->position += size;
    }
}

/* Writes at a place that has room for it; returns what follows. */
static uint8_t *store_unsigned_varint(uint8_t *place, uint32_t value)
{
    while (value >= 0x80) {
        *place++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *place++ = (uint8_t)value;
    return place;
}

void encode_unsigned_varint_long(struct wire_writer *writer, uint32_t value)
{
    if (wire_writer_has(writer, 5)) {
        writer->position = store_unsigned_varint(writer->position, value);
    }
}

/* The length before a string, bytes or an array: -1 for null, or what an absent value becomes. */
static void encode_length(struct wire_writer *writer, size_t size, bool is_null, bool nullable,
                          bool compact, unsigned plain_size)
{
    if (size >= WIRE_SIZE_MAX) {
        wire_writer_fail(writer, STATUS_LIMIT, "a value is longer than 2147483646");
        return;
    }
    int32_t length = is_null && nullable ? -1 : (int32_t)size;
    if (compact) {
        encode_unsigned_varint(writer, (uint32_t)length + 1);
    } else if (plain_size == sizeof(int16_t)) {
        encode_int16(writer, (int16_t)length);
    } else {
        encode_int32(writer, length);
    }
}

static void encode_text(struct wire_writer *writer, struct text value, bool nullable, bool compact)
{
    if (value.size > MESSAGE_STRING_SIZE_MAX) {
        wire_writer_fail(writer, STATUS_INVALID, "a string is longer than 32767 bytes");
        return;
    }
    encode_length(writer, value.size, value.data == NULL, nullable, compact, sizeof(int16_t));
    encode_raw(writer, value.data, value.size);
}

void encode_string(struct wire_writer *writer, struct text value, bool nullable)
{
    encode_text(writer, value, nullable, writer->flexible);
}

void encode_plain_string(struct wire_writer *writer, struct text value, bool nullable)
{
    encode_text(writer, value, nullable, false);
}

void encode_bytes(struct wire_writer *writer, struct bytes value, bool nullable)
{
    encode_length(writer, value.size, value.data == NULL, nullable, writer->flexible,
                  sizeof(int32_t));
    encode_raw(writer, value.data, value.size);
}

/* Copies a slice that is small, or that has to lie in one piece with its neighbours; lists any
 * other one as it is. */
static void encode_slice(struct wire_writer *writer, struct slice slice)
{
    bool in_one_piece = writer->contiguous_from != NONE;

    if (writer->status != STATUS_OK || slice.size == 0) {
        return;
    }
    if (slice.data != NULL && (in_one_piece || slice.size <= WIRE_COPY_SIZE_MAX)) {
        encode_raw(writer, slice.data, slice.size);
        return;
    }
    if (in_one_piece) {
        wire_writer_fail(writer, STATUS_INVALID, "a range of a file where bytes are needed");
        return;
    }
    if (slice.size > (size_t)WIRE_SIZE_MAX - wire_writer_size(writer)) {
        wire_writer_fail(writer, STATUS_LIMIT, "longer than 2147483647 bytes");
        return;
    }
    if (seal(writer, pending_size(writer)) && add_slice(writer, slice)) {
        counted_retain(slice.owner);
    }
}

void encode_records(struct wire_writer *writer, struct bytes value, bool nullable)
{
    encode_length(writer, value.size, value.data == NULL, nullable, writer->flexible,
                  sizeof(int32_t));
    encode_slice(writer,
                 (struct slice){.data = value.data, .file_descriptor = -1, .size = value.size});
}

void encode_records_slices(struct wire_writer *writer, const struct slices *value, bool nullable)
{
    encode_length(writer, value->size, value->items == NULL, nullable, writer->flexible,
                  sizeof(int32_t));
    for (size_t i = 0; i < value->count; i++) {
        encode_slice(writer, value->items[i]);
    }
}

void encode_array_count(struct wire_writer *writer, size_t count, bool is_null, bool nullable)
{
    encode_length(writer, count, is_null, nullable, writer->flexible, sizeof(int32_t));
}

#define DEFINE_ARRAY_ENCODER(name, array_type, encode_element)                                     \
    void name(struct wire_writer *writer, const struct array_type *array, bool nullable)           \
    {                                                                                              \
        encode_array_count(writer, array->count, array->is_null, nullable);                        \
        for (size_t i = 0; i < array->count; i++) {                                                \
            encode_element;                                                                        \
        }                                                                                          \
    }

DEFINE_ARRAY_ENCODER(encode_int8_array, int8_array, encode_int8(writer, array->items[i]))
DEFINE_ARRAY_ENCODER(encode_int16_array, int16_array, encode_int16(writer, array->items[i]))
DEFINE_ARRAY_ENCODER(encode_int32_array, int32_array, encode_int32(writer, array->items[i]))
DEFINE_ARRAY_ENCODER(encode_int64_array, int64_array, encode_int64(writer, array->items[i]))
DEFINE_ARRAY_ENCODER(encode_text_array, text_array, encode_string(writer, array->items[i], false))
DEFINE_ARRAY_ENCODER(encode_uuid_array, uuid_array, encode_uuid(writer, array->items[i]))

struct tag_mark encode_tag_begin(struct wire_writer *writer, uint32_t tag)
{
    encode_unsigned_varint(writer, tag);

    struct tag_mark mark = {wire_writer_size(writer), writer->contiguous_from};
    if (writer->contiguous_from == NONE) {
        writer->contiguous_from = mark.position;
    }
    encode_int8(writer, 0); /* Room for the size, which is mostly below 128. */
    return mark;
}

void encode_tag_end(struct wire_writer *writer, struct tag_mark mark)
{
    if (writer->status == STATUS_OK) {
        uint32_t size = (uint32_t)(wire_writer_size(writer) - mark.position - 1);
        size_t more = unsigned_varint_size(size) - 1;

        if (wire_writer_has(writer, more)) {
            uint8_t *place = writer->position - size - 1;
            if (more > 0) {
                memmove(place + 1 + more, place + 1, size);
            }
            store_unsigned_varint(place, size);
            writer->position += more;
        }
    }
    writer->contiguous_from = mark.contiguous_from;
}
