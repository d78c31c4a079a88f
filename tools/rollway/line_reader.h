/* Reads a file descriptor line by line without waiting inside: whoever reads decides how to wait.
 * The last line may lack its line feed. */
#ifndef TOOLS_ROLLWAY_LINE_READER_H
#define TOOLS_ROLLWAY_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* A longer line is refused. */
#define LINE_SIZE_MAX ((size_t)128 * 1024 * 1024)

struct line_reader {
    int descriptor;
    char *memory;
    size_t capacity;
    size_t start; /* [start, end) is read and not taken. */
    size_t end;
    size_t scanned; /* No line feed in [start, scanned). */
    int64_t lines_count;
    bool is_at_end; /* Nothing more will be read. */
};

/* Borrows the descriptor. */
void line_reader_init(struct line_reader *reader, int descriptor);

/* Releases the memory. */
void line_reader_clear(struct line_reader *reader);

/* True with the next line that is read already, without its line feed; borrowed until the next
 * call. */
bool line_reader_next(struct line_reader *reader, struct text *line);

/* Reads once more; sets is_at_end at the end. Waits only when the descriptor has nothing to read.
 * STATUS_LIMIT for a line above LINE_SIZE_MAX, STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status line_reader_fill(struct line_reader *reader, struct error *error);

#endif /* TOOLS_ROLLWAY_LINE_READER_H */
