#include "storage/log/partition_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number_text.h"
#include "storage/log/log_file_name.h"

#define SMALL_FILE_SIZE_MAX 4096u
#define ARENA_SIZE_MAX      (64u * 1024)

/* Reads a small file; *content is null when it is missing. The arena holds it. */
static enum status read_small(struct file_system *files, const char *path, struct arena *arena,
                              struct text *content, struct error *error)
{
    struct bytes bytes;
    *content = TEXT_NULL;
    enum status status = file_read_whole(files, path, SMALL_FILE_SIZE_MAX, arena, &bytes, error);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        *content = (struct text){(const char *)bytes.data, bytes.size};
    }
    return status;
}

/* The rest of the line that begins with `key`; null when there is none. */
static struct text line_value(struct text content, const char *key)
{
    size_t key_size = strlen(key);
    size_t at = 0;
    while (at < content.size) {
        const char *line = content.data + at;
        const char *feed = memchr(line, '\n', content.size - at);
        size_t size = feed != NULL ? (size_t)(feed - line) : content.size - at;
        if (size >= key_size && memcmp(line, key, key_size) == 0) {
            return (struct text){line + key_size, size - key_size};
        }
        at += size + 1;
    }
    return TEXT_NULL;
}

enum status partition_metadata_read(struct file_system *files, const char *directory,
                                    struct uuid *topic_id, struct error *error)
{
    struct log_path path;
    struct arena arena;
    struct text content;
    struct uuid found = {0};
    log_path_of_name(&path, directory, LOG_FILE_PARTITION_METADATA);
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status = read_small(files, path.text, &arena, &content, error);
    if (status == STATUS_OK && content.data != NULL) {
        struct text version = line_value(content, "version: ");
        struct text id = line_value(content, "topic_id: ");
        if (!text_equal(version, TEXT_LITERAL("0")) || !uuid_from_text(id, &found)) {
            status =
                error_set(error, STATUS_CORRUPT, "%s: no version 0 with a topic id", path.text);
        }
    }
    arena_clear(&arena);
    if (status == STATUS_OK) {
        *topic_id = found;
    }
    return status;
}

enum status partition_metadata_write(struct file_system *files, const char *directory,
                                     struct uuid topic_id, struct error *error)
{
    struct log_path path;
    char id[UUID_TEXT_SIZE];
    char text[64];
    log_path_of_name(&path, directory, LOG_FILE_PARTITION_METADATA);
    uuid_to_text(topic_id, id);
    int size = snprintf(text, sizeof text, "version: 0\ntopic_id: %s\n", id);
    return file_replace_whole(files, path.text, (struct bytes){(const uint8_t *)text, (size_t)size},
                              error);
}

enum status partition_offset_read(struct file_system *files, const char *directory,
                                  const char *name, int64_t *offset, struct error *error)
{
    struct log_path path;
    struct arena arena;
    struct text content;
    int64_t found = -1;
    log_path_of_name(&path, directory, name);
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status = read_small(files, path.text, &arena, &content, error);
    if (status == STATUS_OK && content.data != NULL &&
        !parse_i64(line_value(content, "offset: "), &found)) {
        found = -1;
    }
    arena_clear(&arena);
    if (status == STATUS_OK) {
        *offset = found;
    }
    return status;
}

enum status partition_offset_write(struct file_system *files, const char *directory,
                                   const char *name, int64_t offset, struct error *error)
{
    struct log_path path;
    log_path_of_name(&path, directory, name);
    if (offset < 0) {
        enum status status = files->remove(files, path.text, error);
        if (status == STATUS_NOT_FOUND) {
            return STATUS_OK;
        }
        return status == STATUS_OK ? files->sync_directory(files, directory, error) : status;
    }
    char text[64];
    int size = snprintf(text, sizeof text, "version: 0\noffset: %" PRId64 "\n", offset);
    return file_replace_whole(files, path.text, (struct bytes){(const uint8_t *)text, (size_t)size},
                              error);
}
