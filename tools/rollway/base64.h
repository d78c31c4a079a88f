/* Bytes as base64 (RFC 4648, with padding), for keys and values that are not UTF-8. */
#ifndef TOOLS_ROLLWAY_BASE64_H
#define TOOLS_ROLLWAY_BASE64_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"

/* TEXT_NULL when the arena is exhausted. */
struct text base64_encode(struct arena *arena, struct bytes bytes);

/* False when the text is no base64, or the arena is exhausted. */
bool base64_decode(struct arena *arena, struct text text, struct bytes *bytes);

#endif /* TOOLS_ROLLWAY_BASE64_H */
