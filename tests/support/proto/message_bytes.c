#include "tests/support/proto/message_bytes.h"

#include <string.h>

#include "proto/wire/wire_writer.h"

enum status message_bytes(const struct message_descriptor *descriptor, const void *message,
                          int16_t version, struct arena *arena, struct bytes *bytes,
                          struct error *error)
{
    struct wire_writer writer;
    struct slices slices = {0};

    wire_writer_init(&writer, arena);
    enum status status = descriptor->encode(message, version, &writer, error);
    if (status != STATUS_OK) {
        wire_writer_clear(&writer);
        return status;
    }
    status = wire_writer_finish(&writer, &slices, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t *data = arena_allocate(arena, slices.size);
    size_t size = 0;
    if (data == NULL) {
        slices_release(&slices);
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu bytes", slices.size);
    }
    for (size_t i = 0; i < slices.count; i++) {
        memcpy(data + size, slices.items[i].data, slices.items[i].size);
        size += slices.items[i].size;
    }
    slices_release(&slices);
    *bytes = (struct bytes){data, size};
    return STATUS_OK;
}

enum status message_from_bytes(const struct message_descriptor *descriptor, struct bytes bytes,
                               int16_t version, struct arena *arena, void **message,
                               struct error *error)
{
    struct byte_reader reader = byte_reader_over(bytes);
    void *decoded = arena_allocate(arena, descriptor->structure->size);

    if (decoded == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a message");
    }
    enum status status = descriptor->decode(decoded, version, &reader, arena, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (byte_reader_remaining(&reader) != 0) {
        return error_set(error, STATUS_MALFORMED, "%s version %d: %zu bytes are left over",
                         descriptor->name, version, byte_reader_remaining(&reader));
    }
    *message = decoded;
    return STATUS_OK;
}
