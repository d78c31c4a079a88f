#include "tests/fuzz/message_property.h"

#include <stdlib.h>
#include <string.h>

#include "proto/generated/messages.h"
#include "proto/wire/wire_writer.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)

static struct bytes encode(const struct message_descriptor *descriptor, const void *message,
                           int16_t version, struct arena *arena)
{
    struct wire_writer writer;
    struct error error;
    struct bytes bytes;
    wire_writer_init_contiguous(&writer, arena);
    ASSERT(descriptor->encode(message, version, &writer, &error) == STATUS_OK);
    ASSERT(wire_writer_finish_bytes(&writer, &bytes, &error) == STATUS_OK);
    return bytes;
}

static void check_encoding(const struct message_descriptor *descriptor, const void *message,
                           int16_t version, struct arena *arena)
{
    struct bytes first = encode(descriptor, message, version, arena);
    uint8_t *copy = fuzz_copy(first);
    struct byte_reader reader = byte_reader_over((struct bytes){copy, first.size});
    void *again = arena_allocate(arena, descriptor->structure->size);
    struct error error;
    ASSERT(again != NULL);
    ASSERT(descriptor->decode(again, version, &reader, arena, &error) == STATUS_OK);
    ASSERT(byte_reader_remaining(&reader) == 0);
    struct bytes second = encode(descriptor, again, version, arena);
    ASSERT(bytes_equal(first, second) || (first.size == 0 && second.size == 0));
    free(copy);
}

void message_property(const struct message_descriptor *descriptor, int16_t version,
                      struct bytes bytes)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, ARENA_SIZE_MAX);
    uint8_t *copy = fuzz_copy(bytes);
    void *message = arena_allocate(&arena, descriptor->structure->size);
    struct byte_reader reader = byte_reader_over((struct bytes){copy, bytes.size});
    ASSERT(message != NULL);

    enum status status = descriptor->decode(message, version, &reader, &arena, &error);
    ASSERT(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_NO_MEMORY);
    if (status == STATUS_OK) {
        check_encoding(descriptor, message, version, &arena);
    } else {
        ASSERT(reader.failed);
        ASSERT(strlen(error.text) > 0);
    }
    arena_clear(&arena);
    free(copy);
}

void message_property_chosen(enum message_kind kind, const uint8_t *data, size_t size)
{
    const struct message_descriptor *chosen[MESSAGES_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        if (MESSAGES[i]->kind == kind) {
            chosen[count++] = MESSAGES[i];
        }
    }
    struct bytes input = {data, size};
    size_t number = fuzz_take_u8(&input);
    number = (number << 8 | fuzz_take_u8(&input)) % count;
    int versions = chosen[number]->version_max - chosen[number]->version_min + 1;
    int version = chosen[number]->version_min + fuzz_take_u8(&input) % versions;
    message_property(chosen[number], (int16_t)version, input);
}
