#include "storage/io/file_system.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

#define PATH_SIZE_MAX 4096

static void destroy(struct counted *counted)
{
    struct file *file = CONTAINER_OF(counted, struct file, counted);
    file->files->close(file);
}

void file_init(struct file *file, struct file_system *files, int file_descriptor, unsigned flags)
{
    counted_init(&file->counted, destroy);
    file->files = files;
    file->file_descriptor = file_descriptor;
    file->flags = flags;
}

struct file *file_retain(struct file *file)
{
    if (file != NULL) {
        counted_retain(&file->counted);
    }
    return file;
}

void file_release(struct file *file)
{
    if (file != NULL) {
        counted_release(&file->counted);
    }
}

static enum status read_open(struct file *file, const char *path, size_t size_max,
                             struct arena *arena, struct bytes *content, struct error *error)
{
    struct file_system *files = file->files;
    uint64_t size;
    enum status status = files->size(file, &size, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (size > size_max) {
        return error_set(error, STATUS_LIMIT, "read %s: %llu bytes, allowed are %zu", path,
                         (unsigned long long)size, size_max);
    }
    uint8_t *memory = arena_allocate(arena, (size_t)size);
    if (memory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "read %s: no memory for %llu bytes", path,
                         (unsigned long long)size);
    }
    size_t count = 0;
    status = files->read(file, 0, memory, (size_t)size, &count, error);
    if (status == STATUS_OK) {
        *content = (struct bytes){memory, count};
    }
    return status;
}

enum status file_read_whole(struct file_system *files, const char *path, size_t size_max,
                            struct arena *arena, struct bytes *content, struct error *error)
{
    struct file *file;
    enum status status = files->open(files, path, 0, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_open(file, path, size_max, arena, content, error);
    file_release(file);
    return status;
}

/* The directory that a path is in: what is before the last '/', or ".". */
static void parent_of(const char *path, char *parent, size_t parent_size)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        snprintf(parent, parent_size, ".");
    } else if (slash == path) {
        snprintf(parent, parent_size, "/");
    } else {
        snprintf(parent, parent_size, "%.*s", (int)(slash - path), path);
    }
}

static enum status write_whole(struct file_system *files, const char *path, struct bytes content,
                               struct error *error)
{
    struct file *file;
    enum status status = files->open(files, path, FILE_WRITE | FILE_CREATE, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* One may be left from a crash, longer than this one. */
    status = files->truncate(file, 0, error);
    if (status == STATUS_OK && content.size > 0) {
        status = files->write(file, 0, content.data, content.size, error);
    }
    if (status == STATUS_OK) {
        status = files->sync(file, error);
    }
    file_release(file);
    return status;
}

enum status file_replace_whole(struct file_system *files, const char *path, struct bytes content,
                               struct error *error)
{
    char temporary[PATH_SIZE_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return error_set(error, STATUS_LIMIT, "replace %.100s…: path is longer than %d", path,
                         PATH_SIZE_MAX - 5);
    }
    enum status status = write_whole(files, temporary, content, error);
    if (status == STATUS_OK) {
        status = files->rename(files, temporary, path, error);
    }
    if (status != STATUS_OK) {
        /* What went wrong is told; a temporary file left behind is overwritten next time. */
        struct error ignored;
        status_ignore(files->remove(files, temporary, &ignored));
        return status;
    }
    char parent[PATH_SIZE_MAX];
    parent_of(path, parent, sizeof parent);
    return files->sync_directory(files, parent, error);
}

int64_t file_system_process_id(void)
{
    return getpid();
}
