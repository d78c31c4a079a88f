#include "tests/unit/proto/golden_record_batches.h"

#include <stdio.h>

#include "base/assert.h"

struct golden_row {
    const char *name;
    const char *hex;
};

static const struct golden_row rows[] = {
#define GOLDEN_ROW(name, hex) {#name, hex},
    GOLDEN_RECORD_BATCHES(GOLDEN_ROW)
#undef GOLDEN_ROW
};

const char *golden_name(enum golden golden)
{
    return rows[golden].name;
}

size_t hex_decode(const char *hex, uint8_t *memory, size_t memory_size)
{
    size_t size = 0;
    for (; hex[0] != '\0'; hex += 2) {
        unsigned value;
        ASSERT(size < memory_size);
        ASSERT(sscanf(hex, "%2x", &value) == 1);
        memory[size++] = (uint8_t)value;
    }
    return size;
}

struct bytes golden_batch(enum golden golden, uint8_t memory[GOLDEN_SIZE_MAX])
{
    return (struct bytes){memory, hex_decode(rows[golden].hex, memory, GOLDEN_SIZE_MAX)};
}
