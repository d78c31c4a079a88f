#include "storage/io/file_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buffer.h"
#include "storage/io/system_error.h"

#define PATH_SIZE_MAX 4096

struct posix_file {
    struct file file;
    char path[]; /* As opened, for error texts. */
};

static const char *path_of(struct file *file)
{
    return CONTAINER_OF(file, struct posix_file, file)->path;
}

/* ---- opening ---- */

/* O_DIRECT is promised here only where our alignment is enough for it. */
static bool alignment_is_enough(int descriptor)
{
#ifdef STATX_DIOALIGN
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
        (status.stx_mask & STATX_DIOALIGN) != 0) {
        return status.stx_dio_mem_align > 0 && status.stx_dio_mem_align <= BUFFER_ALIGNMENT &&
               status.stx_dio_offset_align > 0 && status.stx_dio_offset_align <= BUFFER_ALIGNMENT;
    }
#else
    (void)descriptor;
#endif
    return true; /* A kernel that cannot tell: ext4 and xfs always took 4 KiB. */
}

static int open_flags(unsigned flags)
{
    int result = O_CLOEXEC | ((flags & FILE_WRITE) != 0 ? O_RDWR : O_RDONLY);
    result |= (flags & FILE_CREATE) != 0 ? O_CREAT : 0;
    result |= (flags & FILE_EXCLUSIVE) != 0 ? O_EXCL : 0;
    result |= (flags & FILE_DIRECT) != 0 ? O_DIRECT : 0;
    return result;
}

static enum status open_descriptor(const char *path, unsigned flags, int *descriptor,
                                   struct error *error)
{
    int opened;
    do {
        opened = open(path, open_flags(flags), 0644);
    } while (opened < 0 && errno == EINTR);

    if (opened < 0 && errno == EINVAL && (flags & FILE_DIRECT) != 0) {
        return error_set(error, STATUS_UNSUPPORTED, "open %s: no direct access here", path);
    }
    if (opened < 0) {
        return system_error(error, errno, "open %s", path);
    }
    if ((flags & FILE_DIRECT) != 0 && !alignment_is_enough(opened)) {
        close(opened);
        return error_set(error, STATUS_UNSUPPORTED,
                         "open %s: direct access needs more than %u bytes alignment", path,
                         BUFFER_ALIGNMENT);
    }
    *descriptor = opened;
    return STATUS_OK;
}

static enum status posix_open(struct file_system *files, const char *path, unsigned flags,
                              struct file **file, struct error *error)
{
    int descriptor = -1;
    enum status status = open_descriptor(path, flags, &descriptor, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t path_size = strlen(path) + 1;
    struct posix_file *opened = malloc(sizeof *opened + path_size);
    if (opened == NULL) {
        close(descriptor);
        return error_set(error, STATUS_NO_MEMORY, "open %s: out of memory", path);
    }
    file_init(&opened->file, files, descriptor, flags);
    memcpy(opened->path, path, path_size);
    *file = &opened->file;
    return STATUS_OK;
}

static void posix_close(struct file *file)
{
    /* Linux releases the descriptor whatever it answers, and what matters was synced before. */
    close(file->file_descriptor);
    free(CONTAINER_OF(file, struct posix_file, file));
}

/* ---- content ---- */

static enum status read_range(struct file *file, uint64_t position, void *memory, size_t size,
                              int flags, size_t *count, struct error *error)
{
    size_t done = 0;
    while (done < size) {
        struct iovec piece = {(uint8_t *)memory + done, size - done};
        ssize_t got = preadv2(file->file_descriptor, &piece, 1, (off_t)(position + done), flags);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EOPNOTSUPP && flags != 0) {
            flags = 0;
            continue;
        }
        if (got < 0) {
            return system_error(error, errno, "read %zu bytes at %llu of %s", size,
                                (unsigned long long)position, path_of(file));
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *count = done;
    return STATUS_OK;
}

static enum status posix_read(struct file *file, uint64_t position, void *memory, size_t size,
                              size_t *count, struct error *error)
{
    return read_range(file, position, memory, size, 0, count, error);
}

static enum status posix_read_resident(struct file *file, uint64_t position, void *memory,
                                       size_t size, size_t *count, struct error *error)
{
    return read_range(file, position, memory, size, RWF_NOWAIT, count, error);
}

static enum status posix_write(struct file *file, uint64_t position, const void *memory,
                               size_t size, struct error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = pwrite(file->file_descriptor, (const uint8_t *)memory + done, size - done,
                             (off_t)(position + done));
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return system_error(error, put < 0 ? errno : EIO, "write %zu bytes at %llu of %s", size,
                                (unsigned long long)position, path_of(file));
        }
        done += (size_t)put;
    }
    return STATUS_OK;
}

static enum status posix_sync(struct file *file, struct error *error)
{
    int failed;
    do {
        failed = fdatasync(file->file_descriptor);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? STATUS_OK : system_error(error, errno, "sync %s", path_of(file));
}

static enum status posix_truncate(struct file *file, uint64_t size, struct error *error)
{
    int failed;
    do {
        failed = ftruncate(file->file_descriptor, (off_t)size);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? STATUS_OK
                       : system_error(error, errno, "truncate %s to %llu bytes", path_of(file),
                                      (unsigned long long)size);
}

static enum status posix_reserve(struct file *file, uint64_t position, uint64_t size,
                                 struct error *error)
{
    int failed;
    do {
        failed =
            fallocate(file->file_descriptor, FALLOC_FL_KEEP_SIZE, (off_t)position, (off_t)size);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? STATUS_OK
                       : system_error(error, errno, "reserve %llu bytes at %llu of %s",
                                      (unsigned long long)size, (unsigned long long)position,
                                      path_of(file));
}

static enum status posix_size(struct file *file, uint64_t *size, struct error *error)
{
    struct stat status;
    if (fstat(file->file_descriptor, &status) != 0) {
        return system_error(error, errno, "size of %s", path_of(file));
    }
    *size = (uint64_t)status.st_size;
    return STATUS_OK;
}

static enum status posix_lock(struct file *file, struct error *error)
{
    int failed;
    do {
        failed = flock(file->file_descriptor, LOCK_EX | LOCK_NB);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0 && errno == EWOULDBLOCK) {
        return error_set(error, STATUS_BUSY, "lock %s: another process holds it", path_of(file));
    }
    return failed == 0 ? STATUS_OK : system_error(error, errno, "lock %s", path_of(file));
}

/* ---- names ---- */

static enum status posix_stat(struct file_system *files, const char *path,
                              struct file_status *file_status, struct error *error)
{
    (void)files;
    struct stat status;
    if (stat(path, &status) != 0) {
        return system_error(error, errno, "look up %s", path);
    }
    *file_status = (struct file_status){
        .size = (uint64_t)status.st_size,
        .modified_ms =
            (int64_t)status.st_mtim.tv_sec * 1000 + (int64_t)status.st_mtim.tv_nsec / 1000000,
        .is_directory = S_ISDIR(status.st_mode),
    };
    return STATUS_OK;
}

static enum status posix_rename(struct file_system *files, const char *from, const char *to,
                                struct error *error)
{
    (void)files;
    return rename(from, to) == 0 ? STATUS_OK
                                 : system_error(error, errno, "rename %s to %s", from, to);
}

static enum status posix_remove(struct file_system *files, const char *path, struct error *error)
{
    (void)files;
    return unlink(path) == 0 ? STATUS_OK : system_error(error, errno, "remove %s", path);
}

/* One level; fine when it exists, unless as something else. */
static enum status make_level(const char *path, struct error *error)
{
    if (mkdir(path, 0755) == 0) {
        return STATUS_OK;
    }
    int number = errno;
    struct stat status;
    if (number == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return STATUS_OK;
    }
    return system_error(error, number, "make directory %s", path);
}

static enum status posix_make_directory(struct file_system *files, const char *path,
                                        struct error *error)
{
    (void)files;
    char level[PATH_SIZE_MAX];
    size_t size = strlen(path);
    if (size >= sizeof level) {
        return error_set(error, STATUS_LIMIT, "make directory %.100s…: path is longer than %d",
                         path, PATH_SIZE_MAX - 1);
    }
    memcpy(level, path, size + 1);
    for (size_t i = 1; i < size; i++) {
        if (level[i] != '/' || level[i - 1] == '/') {
            continue;
        }
        level[i] = '\0';
        enum status status = make_level(level, error);
        if (status != STATUS_OK) {
            return status;
        }
        level[i] = '/';
    }
    return make_level(path, error);
}

static enum status posix_remove_directory(struct file_system *files, const char *path,
                                          struct error *error)
{
    (void)files;
    return rmdir(path) == 0 ? STATUS_OK : system_error(error, errno, "remove directory %s", path);
}

static enum status posix_list_directory(struct file_system *files, const char *path,
                                        file_visit_fn *visit, void *context, struct error *error)
{
    (void)files;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return system_error(error, errno, "list directory %s", path);
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(context, entry->d_name);
        }
    }
    int number = errno;
    closedir(directory);
    return number == 0 ? STATUS_OK : system_error(error, number, "list directory %s", path);
}

static enum status posix_sync_directory(struct file_system *files, const char *path,
                                        struct error *error)
{
    (void)files;
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return system_error(error, errno, "sync directory %s", path);
    }
    int number = fsync(descriptor) == 0 ? 0 : errno;
    close(descriptor);
    return number == 0 ? STATUS_OK : system_error(error, number, "sync directory %s", path);
}

static enum status posix_usage(struct file_system *files, const char *path,
                               struct disk_usage *usage, struct error *error)
{
    (void)files;
    struct statvfs status;
    if (statvfs(path, &status) != 0) {
        return system_error(error, errno, "disk usage of %s", path);
    }
    *usage = (struct disk_usage){
        .total_bytes = (uint64_t)status.f_blocks * status.f_frsize,
        .usable_bytes = (uint64_t)status.f_bavail * status.f_frsize,
    };
    return STATUS_OK;
}

struct file_system *file_system_posix(void)
{
    static const struct file_system posix = {
        .open = posix_open,
        .read = posix_read,
        .read_resident = posix_read_resident,
        .write = posix_write,
        .sync = posix_sync,
        .truncate = posix_truncate,
        .reserve = posix_reserve,
        .size = posix_size,
        .lock = posix_lock,
        .stat = posix_stat,
        .rename = posix_rename,
        .remove = posix_remove,
        .make_directory = posix_make_directory,
        .remove_directory = posix_remove_directory,
        .list_directory = posix_list_directory,
        .sync_directory = posix_sync_directory,
        .usage = posix_usage,
        .close = posix_close,
    };
    /* The seam hands every implementation its own, writable state; this one has none to write. */
    return (struct file_system *)(uintptr_t)&posix;
}
