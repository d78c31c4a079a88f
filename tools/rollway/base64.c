#include "tools/rollway/base64.h"

#include <string.h>

#define PADDING '='

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct text base64_encode(struct arena *arena, struct bytes bytes)
{
    size_t size = (bytes.size + 2) / 3 * 4;
    char *encoded = arena_allocate(arena, size + 1);
    if (encoded == NULL) {
        return TEXT_NULL;
    }
    char *out = encoded;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes.data[i + 2] : 0;
        *out++ = DIGITS[group >> 18];
        *out++ = DIGITS[group >> 12 & 63];
        *out++ = left > 1 ? DIGITS[group >> 6 & 63] : PADDING;
        *out++ = left > 2 ? DIGITS[group & 63] : PADDING;
    }
    return (struct text){encoded, size};
}

bool base64_decode(struct arena *arena, struct text text, struct bytes *bytes)
{
    if (text.data == NULL || text.size % 4 != 0) {
        return false;
    }
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == PADDING) {
        padding++;
    }
    uint8_t *decoded = arena_allocate(arena, text.size / 4 * 3 + 1);
    if (decoded == NULL) {
        return false;
    }
    size_t size = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_padding = i >= text.size - padding;
        const char *digit =
            is_padding || text.data[i] == '\0' ? NULL : strchr(DIGITS, text.data[i]);
        if (digit == NULL && !is_padding) {
            return false;
        }
        group = group << 6 | (digit != NULL ? (uint32_t)(digit - DIGITS) : 0);
        if (i % 4 == 3) {
            decoded[size++] = (uint8_t)(group >> 16);
            decoded[size++] = (uint8_t)(group >> 8);
            decoded[size++] = (uint8_t)group;
        }
    }
    *bytes = (struct bytes){decoded, size - padding};
    return true;
}
