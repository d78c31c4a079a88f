/* Java's .properties text: key and value by '=', ':' or blank; '#' and '!' comments; a backslash at
 * the end of a line goes on with the next; \t \n \r \f \\ \uXXXX escapes. */
#ifndef BASE_PROPERTIES_H
#define BASE_PROPERTIES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* Limits of one file: past them it is refused. */
#define PROPERTIES_SIZE_MAX  (1024 * 1024)
#define PROPERTIES_COUNT_MAX 4096

struct property {
    struct text key;
    struct text value;
    unsigned line; /* From 1: where it starts. */
};

struct properties {
    struct property *items; /* In the order of the file; a key may repeat, the last one counts. */
    size_t count;
};

/* Parses a whole file into the arena. STATUS_INVALID names the line; STATUS_LIMIT when too large;
 * STATUS_NO_MEMORY. */
MUST_USE enum status properties_parse(struct bytes file, struct arena *arena,
                                      struct properties *properties, struct error *error);

#endif /* BASE_PROPERTIES_H */
