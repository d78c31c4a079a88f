#include "base/uuid.h"

#include <string.h>

#define TEXT_LENGTH (UUID_TEXT_SIZE - 1)

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct uuid uuid_random(struct random *random)
{
    struct uuid uuid;
    do {
        random->fill(random, uuid.bytes, sizeof uuid.bytes);
        /* Version 4 and the RFC's variant; with them it is none of the reserved ones. */
        uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40);
        uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
        /* A command line would take a leading '-' for an option. */
    } while (ALPHABET[uuid.bytes[0] >> 2] == '-');
    return uuid;
}

bool uuid_is_none(struct uuid uuid)
{
    return uuid_equal(uuid, (struct uuid){0});
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

void uuid_to_text(struct uuid uuid, char text[UUID_TEXT_SIZE])
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    size_t length = 0;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        bits = bits << 8 | uuid.bytes[i];
        bits_count += 8;
        while (bits_count >= 6) {
            bits_count -= 6;
            text[length++] = ALPHABET[bits >> bits_count & 63];
        }
    }
    /* The last character holds two bits and four zeros. */
    text[length++] = ALPHABET[bits << (6 - bits_count) & 63];
    text[length] = '\0';
}

bool uuid_from_text(struct text text, struct uuid *uuid)
{
    if (text.size != TEXT_LENGTH) {
        return false;
    }
    struct uuid parsed;
    uint32_t bits = 0;
    unsigned bits_count = 0;
    size_t size = 0;
    for (size_t i = 0; i < TEXT_LENGTH; i++) {
        const char *place = memchr(ALPHABET, text.data[i], sizeof ALPHABET - 1);
        if (place == NULL) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(place - ALPHABET);
        bits_count += 6;
        if (bits_count >= 8) {
            bits_count -= 8;
            parsed.bytes[size++] = (uint8_t)(bits >> bits_count);
        }
    }
    *uuid = parsed;
    return true;
}
