/* Numbers, sizes and durations as people write them. */
#ifndef BASE_NUMBER_TEXT_H
#define BASE_NUMBER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* A decimal integer with optional sign and nothing else. False when it is none or overflows. */
bool parse_i64(struct text text, int64_t *value);

/* A decimal fraction such as 0.5 or 1e3. False when it is none. */
bool parse_f64(struct text text, double *value);

/* "true" or "false" in any case. */
bool parse_bool(struct text text, bool *value);

/* "64KiB", "1.5 GiB", "10MB" or plain bytes. */
bool parse_size_bytes(struct text text, int64_t *bytes);

/* "250ms", "10s", "5m", "1h30m", "7d" or plain milliseconds. */
bool parse_duration_ms(struct text text, int64_t *ms);

/* "1.5 GiB"; returns `memory`, zero-terminated. 16 characters are enough. */
const char *format_size_bytes(int64_t bytes, char *memory, size_t memory_size);

/* "1h30m"; returns `memory`, zero-terminated. 32 characters are enough. */
const char *format_duration_ms(int64_t ms, char *memory, size_t memory_size);

#endif /* BASE_NUMBER_TEXT_H */
