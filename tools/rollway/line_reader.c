#include "tools/rollway/line_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAPACITY_FIRST ((size_t)64 * 1024)

void line_reader_init(struct line_reader *reader, int descriptor)
{
    *reader = (struct line_reader){.descriptor = descriptor};
}

void line_reader_clear(struct line_reader *reader)
{
    free(reader->memory);
    line_reader_init(reader, -1);
}

static void take(struct line_reader *reader, size_t size, struct text *line)
{
    *line = (struct text){reader->memory + reader->start, size};
    reader->lines_count++;
}

bool line_reader_next(struct line_reader *reader, struct text *line)
{
    const char *feed = reader->end > reader->scanned ? memchr(reader->memory + reader->scanned,
                                                              '\n', reader->end - reader->scanned)
                                                     : NULL;
    if (feed != NULL) {
        size_t size = (size_t)(feed - (reader->memory + reader->start));
        take(reader, size, line);
        reader->start += size + 1;
        reader->scanned = reader->start;
        return true;
    }
    reader->scanned = reader->end;
    if (reader->is_at_end && reader->end > reader->start) {
        take(reader, reader->end - reader->start, line);
        reader->start = reader->end;
        return true;
    }
    return false;
}

static enum status make_room(struct line_reader *reader, struct error *error)
{
    if (reader->start > 0) {
        reader->end -= reader->start;
        reader->scanned -= reader->start;
        memmove(reader->memory, reader->memory + reader->start, reader->end);
        reader->start = 0;
    }
    if (reader->end < reader->capacity) {
        return STATUS_OK;
    }
    if (reader->capacity >= LINE_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "line %" PRId64 " is longer than %zu bytes",
                         reader->lines_count + 1, LINE_SIZE_MAX);
    }
    size_t capacity = reader->capacity == 0 ? CAPACITY_FIRST : reader->capacity * 2;
    char *memory = realloc(reader->memory, capacity);
    if (memory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a line of %zu bytes", capacity);
    }
    reader->memory = memory;
    reader->capacity = capacity;
    return STATUS_OK;
}

enum status line_reader_fill(struct line_reader *reader, struct error *error)
{
    enum status status = make_room(reader, error);
    if (status != STATUS_OK) {
        return status;
    }
    ssize_t count =
        read(reader->descriptor, reader->memory + reader->end, reader->capacity - reader->end);
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
        return error_set(error, STATUS_IO, "read input: %s", strerror(errno));
    }
    reader->is_at_end = count == 0;
    reader->end += count > 0 ? (size_t)count : 0;
    return STATUS_OK;
}
