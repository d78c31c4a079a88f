/* Any text: an id that is read is written as the one text that stands for it. Any id comes back. */
#include <string.h>

#include "base/uuid.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[UUID_TEXT_SIZE];
    struct uuid uuid;
    struct uuid again;
    if (uuid_from_text((struct text){(const char *)data, size}, &uuid)) {
        ASSERT(size == UUID_TEXT_SIZE - 1);
        uuid_to_text(uuid, text);
        ASSERT(strlen(text) == UUID_TEXT_SIZE - 1);
        /* The last character holds two bits; the other four are not looked at. */
        ASSERT(memcmp(text, data, size - 1) == 0);
        ASSERT(uuid_from_text(text_of(text), &again));
        ASSERT(uuid_equal(uuid, again));
    }
    if (size >= UUID_SIZE) {
        memcpy(uuid.bytes, data, UUID_SIZE);
        uuid_to_text(uuid, text);
        ASSERT(uuid_from_text(text_of(text), &again));
        ASSERT(uuid_equal(uuid, again));
    }
    return 0;
}
