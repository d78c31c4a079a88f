/* 16 raw bytes; as text base64url without padding, 22 characters, as Kafka writes topic, cluster
 * and directory ids. All zero means none; (0, 1) is reserved for the metadata topic. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/random.h"

#define UUID_SIZE      16
#define UUID_TEXT_SIZE 23 /* With the terminating zero. */

struct uuid {
    uint8_t bytes[UUID_SIZE];
};

/* Version 4 (RFC 9562), never a reserved one, and its text never starts with '-'. */
struct uuid uuid_random(struct random *random);

/* All zero. */
bool uuid_is_none(struct uuid uuid);

/* Same bytes. */
bool uuid_equal(struct uuid a, struct uuid b);

/* Writes 22 characters and a zero. */
void uuid_to_text(struct uuid uuid, char text[UUID_TEXT_SIZE]);

/* False when the text is not 22 characters of base64url. */
bool uuid_from_text(struct text text, struct uuid *uuid);

#endif /* BASE_UUID_H */
