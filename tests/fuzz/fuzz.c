#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

uint8_t *fuzz_copy(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);
    ASSERT(copy != NULL);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return copy;
}

struct bytes fuzz_take_bytes(struct bytes *input, size_t size)
{
    struct bytes taken = {input->data, size < input->size ? size : input->size};
    input->data += taken.size;
    input->size -= taken.size;
    return taken;
}

uint8_t fuzz_take_u8(struct bytes *input)
{
    struct bytes taken = fuzz_take_bytes(input, 1);
    return taken.size > 0 ? taken.data[0] : 0;
}

uint32_t fuzz_take_u32(struct bytes *input)
{
    uint8_t number[4] = {0};
    struct bytes taken = fuzz_take_bytes(input, sizeof number);
    memcpy(number, taken.data, taken.size);
    return load_u32(number);
}

int64_t fuzz_take_i64(struct bytes *input)
{
    uint8_t number[8] = {0};
    struct bytes taken = fuzz_take_bytes(input, sizeof number);
    memcpy(number, taken.data, taken.size);
    return load_i64(number);
}
