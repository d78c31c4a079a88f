#include "storage/io/checkpoint_file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"

#define VERSION        0
#define TOPIC_SIZE_MAX 249u
#define FIELDS_MAX     3u
/* The shortest line is "0 0\n": a count that claims more than fits is refused before memory is. */
#define LINE_SIZE_MIN 4u
/* Version, count, and per line two numbers of up to 20 characters, blanks and a line feed. */
#define HEAD_SIZE_MAX    48u
#define NUMBERS_SIZE_MAX 44u

struct lines {
    const char *position;
    const char *end;
    size_t number; /* Of the line read last, from 1. */
};

/* The next line without its line feed; false at the end. The last one may lack it. */
static bool next_line(struct lines *lines, struct text *line)
{
    if (lines->position == lines->end) {
        return false;
    }
    size_t left = (size_t)(lines->end - lines->position);
    const char *feed = memchr(lines->position, '\n', left);
    size_t size = feed != NULL ? (size_t)(feed - lines->position) : left;
    *line = (struct text){lines->position, size};
    lines->position += feed != NULL ? size + 1 : size;
    lines->number++;
    return true;
}

static bool parse_ranged(struct text text, int64_t value_max, int64_t *value)
{
    return parse_i64(text, value) && *value >= 0 && *value <= value_max;
}

/* Splits at single blanks into exactly `count` fields, none of them empty. */
static bool split(struct text line, struct text *fields, size_t count)
{
    const char *position = line.data;
    const char *end = line.data + line.size;
    for (size_t i = 0; i < count; i++) {
        const char *blank = memchr(position, ' ', (size_t)(end - position));
        if ((blank == NULL) != (i + 1 == count)) {
            return false;
        }
        const char *field_end = blank != NULL ? blank : end;
        fields[i] = (struct text){position, (size_t)(field_end - position)};
        if (fields[i].size == 0) {
            return false;
        }
        position = blank != NULL ? blank + 1 : end;
    }
    return true;
}

/* Reads version and count. */
static enum status parse_head(struct bytes content, struct lines *lines, size_t *count,
                              struct error *error)
{
    const char *start = (const char *)content.data;
    *lines = (struct lines){.position = start, .end = start + content.size};
    struct text line;
    int64_t version;
    if (!next_line(lines, &line) || !parse_i64(line, &version)) {
        return error_set(error, STATUS_CORRUPT, "checkpoint: no version in line 1");
    }
    if (version != VERSION) {
        return error_set(error, STATUS_CORRUPT, "checkpoint: version %" PRId64 ", known is %d",
                         version, VERSION);
    }
    int64_t claimed;
    if (!next_line(lines, &line) || !parse_ranged(line, INT32_MAX, &claimed)) {
        return error_set(error, STATUS_CORRUPT, "checkpoint: no count in line 2");
    }
    size_t left = (size_t)(lines->end - lines->position);
    if ((size_t)claimed > (left + 1) / LINE_SIZE_MIN) {
        return error_set(error, STATUS_CORRUPT,
                         "checkpoint: %" PRId64 " entries do not fit into %zu bytes", claimed,
                         left);
    }
    *count = (size_t)claimed;
    return STATUS_OK;
}

static enum status bad_line(const struct lines *lines, const char *expected, struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "checkpoint: line %zu is not %s", lines->number,
                     expected);
}

static enum status parse_tail(struct lines *lines, size_t count, struct error *error)
{
    struct text line;
    while (next_line(lines, &line)) {
        if (line.size > 0) {
            return error_set(error, STATUS_CORRUPT, "checkpoint: line %zu follows %zu entries",
                             lines->number, count);
        }
    }
    return STATUS_OK;
}

static bool parse_offset(struct text line, struct checkpoint_offset *entry)
{
    struct text fields[FIELDS_MAX];
    int64_t partition;
    if (!split(line, fields, 3) || fields[0].size > TOPIC_SIZE_MAX ||
        !parse_ranged(fields[1], INT32_MAX, &partition) ||
        !parse_ranged(fields[2], INT64_MAX, &entry->offset)) {
        return false;
    }
    entry->topic = fields[0];
    entry->partition = (int32_t)partition;
    return true;
}

enum status checkpoint_parse_offsets(struct bytes content, struct arena *arena,
                                     struct checkpoint_offset **entries, size_t *count,
                                     struct error *error)
{
    struct lines lines;
    size_t expected = 0;
    enum status status = parse_head(content, &lines, &expected, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct checkpoint_offset *parsed = arena_allocate_array(arena, expected, sizeof *parsed);
    if (parsed == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "checkpoint: no memory for %zu entries",
                         expected);
    }
    for (size_t i = 0; i < expected; i++) {
        struct text line;
        if (!next_line(&lines, &line) || !parse_offset(line, &parsed[i])) {
            return bad_line(&lines, "<topic> <partition> <offset>", error);
        }
    }
    status = parse_tail(&lines, expected, error);
    if (status == STATUS_OK) {
        *entries = parsed;
        *count = expected;
    }
    return status;
}

static bool parse_epoch(struct text line, struct checkpoint_epoch *entry)
{
    struct text fields[FIELDS_MAX];
    int64_t epoch;
    if (!split(line, fields, 2) || !parse_ranged(fields[0], INT32_MAX, &epoch) ||
        !parse_ranged(fields[1], INT64_MAX, &entry->start_offset)) {
        return false;
    }
    entry->epoch = (int32_t)epoch;
    return true;
}

enum status checkpoint_parse_epochs(struct bytes content, struct arena *arena,
                                    struct checkpoint_epoch **entries, size_t *count,
                                    struct error *error)
{
    struct lines lines;
    size_t expected = 0;
    enum status status = parse_head(content, &lines, &expected, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct checkpoint_epoch *parsed = arena_allocate_array(arena, expected, sizeof *parsed);
    if (parsed == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "checkpoint: no memory for %zu entries",
                         expected);
    }
    for (size_t i = 0; i < expected; i++) {
        struct text line;
        if (!next_line(&lines, &line) || !parse_epoch(line, &parsed[i])) {
            return bad_line(&lines, "<epoch> <start offset>", error);
        }
        if (i > 0 && (parsed[i].epoch <= parsed[i - 1].epoch ||
                      parsed[i].start_offset < parsed[i - 1].start_offset)) {
            return bad_line(&lines, "behind the line before it", error);
        }
    }
    status = parse_tail(&lines, expected, error);
    if (status == STATUS_OK) {
        *entries = parsed;
        *count = expected;
    }
    return status;
}

enum status checkpoint_read_offsets(struct file_system *files, const char *path,
                                    struct arena *arena, struct checkpoint_offset **entries,
                                    size_t *count, struct error *error)
{
    struct bytes content;
    enum status status =
        file_read_whole(files, path, CHECKPOINT_FILE_SIZE_MAX, arena, &content, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = checkpoint_parse_offsets(content, arena, entries, count, error);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "read %s", path);
}

enum status checkpoint_read_epochs(struct file_system *files, const char *path, struct arena *arena,
                                   struct checkpoint_epoch **entries, size_t *count,
                                   struct error *error)
{
    struct bytes content;
    enum status status =
        file_read_whole(files, path, CHECKPOINT_FILE_SIZE_MAX, arena, &content, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = checkpoint_parse_epochs(content, arena, entries, count, error);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "read %s", path);
}

/* Text that grows behind `size` in memory that was made large enough before. */
struct text_writer {
    char *memory;
    size_t size;
    size_t size_max;
};

static bool writer_init(struct text_writer *writer, size_t lines_count, size_t texts_size)
{
    writer->size = 0;
    writer->size_max = HEAD_SIZE_MAX + lines_count * NUMBERS_SIZE_MAX + texts_size;
    writer->memory = malloc(writer->size_max);
    return writer->memory != NULL;
}

__attribute__((format(printf, 2, 3))) static void writer_add(struct text_writer *writer,
                                                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = writer->size_max - writer->size;
    int size = vsnprintf(writer->memory + writer->size, room, format, arguments);
    va_end(arguments);
    ASSERT(size >= 0 && (size_t)size < room);
    writer->size += (size_t)size;
}

static enum status writer_replace(struct text_writer *writer, struct file_system *files,
                                  const char *path, struct error *error)
{
    struct bytes content = {(const uint8_t *)writer->memory, writer->size};
    enum status status = file_replace_whole(files, path, content, error);
    free(writer->memory);
    return status;
}

enum status checkpoint_write_offsets(struct file_system *files, const char *path,
                                     const struct checkpoint_offset *entries, size_t count,
                                     struct error *error)
{
    size_t texts_size = 0;
    for (size_t i = 0; i < count; i++) {
        ASSERT(entries[i].topic.size > 0 && entries[i].topic.size <= TOPIC_SIZE_MAX);
        ASSERT(entries[i].partition >= 0 && entries[i].offset >= 0);
        texts_size += entries[i].topic.size;
    }
    struct text_writer writer;
    if (!writer_init(&writer, count, texts_size)) {
        return error_set(error, STATUS_NO_MEMORY, "write %s: out of memory", path);
    }
    writer_add(&writer, "%d\n%zu\n", VERSION, count);
    for (size_t i = 0; i < count; i++) {
        writer_add(&writer, "%.*s %" PRId32 " %" PRId64 "\n", TEXT_ARGUMENTS(entries[i].topic),
                   entries[i].partition, entries[i].offset);
    }
    return writer_replace(&writer, files, path, error);
}

enum status checkpoint_write_epochs(struct file_system *files, const char *path,
                                    const struct checkpoint_epoch *entries, size_t count,
                                    struct error *error)
{
    struct text_writer writer;
    if (!writer_init(&writer, count, 0)) {
        return error_set(error, STATUS_NO_MEMORY, "write %s: out of memory", path);
    }
    writer_add(&writer, "%d\n%zu\n", VERSION, count);
    for (size_t i = 0; i < count; i++) {
        ASSERT(entries[i].epoch >= 0 && entries[i].start_offset >= 0);
        writer_add(&writer, "%" PRId32 " %" PRId64 "\n", entries[i].epoch, entries[i].start_offset);
    }
    return writer_replace(&writer, files, path, error);
}
