/* Any file: parsed or refused with its line, and what was parsed lies in order within it. */
#include <stdlib.h>
#include <string.h>

#include "base/properties.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct properties *properties, struct bytes file)
{
    unsigned lines = 1;
    for (size_t i = 0; i < file.size; i++) {
        lines += file.data[i] == '\n' || file.data[i] == '\r';
    }
    unsigned previous = 0;
    size_t total = 0;
    ASSERT(properties->count <= PROPERTIES_COUNT_MAX);
    for (size_t i = 0; i < properties->count; i++) {
        const struct property *property = &properties->items[i];
        ASSERT(property->line > previous);
        ASSERT(property->line <= lines);
        ASSERT(property->key.data != NULL);
        ASSERT(property->value.data != NULL);
        previous = property->line;
        total += property->key.size + property->value.size;
    }
    /* Every escape is longer than what it stands for. */
    ASSERT(total <= file.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = {fuzz_copy((struct bytes){data, size}), size};
    struct properties properties;
    struct arena arena;
    struct error error;
    arena_init(&arena, 16 * 1024 * 1024);
    enum status status = properties_parse(file, &arena, &properties, &error);
    ASSERT(status == STATUS_OK || status == STATUS_INVALID || status == STATUS_LIMIT);
    if (status == STATUS_OK) {
        check(&properties, file);
    } else {
        ASSERT(error.status == status);
        ASSERT(strlen(error.text) > 0);
    }
    arena_clear(&arena);
    free((void *)(uintptr_t)file.data);
    return 0;
}
