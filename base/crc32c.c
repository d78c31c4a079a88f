#include "base/crc32c.h"

#include <isa-l/crc.h>

/* ISA-L takes the length as an int. */
#define PART_SIZE_MAX ((size_t)1 << 30)

uint32_t crc32c(const void *data, size_t size)
{
    return crc32c_extend(0, data, size);
}

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size)
{
    /* ISA-L reads only, but its prototype is not const. It works on the inverted register. */
    unsigned char *position = (unsigned char *)(uintptr_t)data;
    uint32_t state = ~crc;
    while (size > 0) {
        size_t part = size < PART_SIZE_MAX ? size : PART_SIZE_MAX;
        state = crc32_iscsi(position, (int)part, state);
        position += part;
        size -= part;
    }
    return ~state;
}
