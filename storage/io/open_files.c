#include "storage/io/open_files.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/assert.h"

#define OPEN_FILES_MIN 16u

struct open_files {
    struct file_system *files;
    struct list places; /* Least recently used first. */
    unsigned count;
    unsigned files_max;
};

struct open_files *open_files_create(struct file_system *files, unsigned files_max)
{
    ASSERT(files_max > 0);
    struct open_files *open_files = calloc(1, sizeof *open_files);
    if (open_files != NULL) {
        open_files->files = files;
        open_files->files_max = files_max;
        list_init(&open_files->places);
    }
    return open_files;
}

void open_files_destroy(struct open_files *open_files)
{
    if (open_files != NULL) {
        ASSERT(open_files->count == 0);
        free(open_files);
    }
}

static void close_oldest(struct open_files *open_files)
{
    struct list_node *node = list_first(&open_files->places);
    ASSERT(node != NULL);
    open_files_forget(open_files, CONTAINER_OF(node, struct open_file, node));
}

static enum status open_place(struct open_files *open_files, struct file_system *files,
                              struct open_file *place, const char *path, unsigned flags,
                              struct error *error)
{
    if (open_files == NULL) {
        return files->open(files, path, flags, &place->file, error);
    }
    ASSERT(files == open_files->files);
    while (open_files->count >= open_files->files_max) {
        close_oldest(open_files);
    }
    enum status status = files->open(files, path, flags, &place->file, error);
    /* The process may have fewer descriptors left than we think: live with fewer files. */
    while (status == STATUS_LIMIT && open_files->count > 0) {
        close_oldest(open_files);
        status = files->open(files, path, flags, &place->file, error);
    }
    if (status == STATUS_OK) {
        open_files->count++;
        list_add_last(&open_files->places, &place->node);
    }
    return status;
}

enum status open_files_use(struct open_files *open_files, struct file_system *files,
                           struct open_file *place, const char *path, unsigned flags,
                           struct file **file, struct error *error)
{
    if (place->file == NULL) {
        enum status status = open_place(open_files, files, place, path, flags, error);
        if (status != STATUS_OK) {
            place->file = NULL;
            return status;
        }
    } else if (open_files != NULL) {
        list_remove(&place->node);
        list_add_last(&open_files->places, &place->node);
    }
    *file = place->file;
    return STATUS_OK;
}

void open_files_forget(struct open_files *open_files, struct open_file *place)
{
    if (place->file == NULL) {
        return;
    }
    if (open_files != NULL) {
        ASSERT(open_files->count > 0);
        open_files->count--;
        list_remove(&place->node);
    }
    file_release(place->file);
    place->file = NULL;
}

unsigned open_files_count(const struct open_files *open_files)
{
    return open_files->count;
}

unsigned open_files_max_default(unsigned shards_count)
{
    ASSERT(shards_count > 0);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return OPEN_FILES_MIN;
    }
    rlim_t share = limit.rlim_cur == RLIM_INFINITY ? 1u << 20 : limit.rlim_cur;
    share = share / 4 / shards_count;
    return share < OPEN_FILES_MIN ? OPEN_FILES_MIN : share > 1u << 20 ? 1u << 20 : (unsigned)share;
}

void open_files_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        /* Where that is refused the process lives with what it has. */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}
