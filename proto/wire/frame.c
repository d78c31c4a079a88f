#include "proto/wire/frame.h"

enum status frame_parse(struct bytes received, size_t size_max, struct bytes *frame,
                        size_t *size_needed, struct error *error)
{
    if (received.size < FRAME_PREFIX_SIZE) {
        *size_needed = FRAME_PREFIX_SIZE;
        return STATUS_AGAIN;
    }
    int32_t size = load_i32(received.data);
    if (size < FRAME_SIZE_MIN) {
        return error_set(error, STATUS_MALFORMED, "frame of %d bytes, at least %d are needed", size,
                         FRAME_SIZE_MIN);
    }
    if ((size_t)size > size_max) {
        return error_set(error, STATUS_LIMIT, "frame of %d bytes, at most %zu are accepted", size,
                         size_max);
    }
    *size_needed = FRAME_PREFIX_SIZE + (size_t)size;
    if (received.size < *size_needed) {
        return STATUS_AGAIN;
    }
    *frame = (struct bytes){received.data + FRAME_PREFIX_SIZE, (size_t)size};
    return STATUS_OK;
}
