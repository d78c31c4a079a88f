#include "bench/programs/yardstick/append_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"

#define DISK_BLOCK_SIZE ((uint64_t)4096)
#define BUFFER_SIZE     ((uint64_t)4 << 20)
#define BUFFER_KEPT_MAX (BUFFER_SIZE / 2) /* More than this before the tail: move to the front. */
#define RESERVE_STEP    ((uint64_t)64 << 20)
#define ZERO_STEP       ((uint64_t)8 << 20)
#define RING_ENTRIES    256u
_Static_assert(APPEND_SIZE_MAX + 2 * DISK_BLOCK_SIZE <= BUFFER_SIZE,
               "an empty buffer takes any append");

static const char *const mode_names[APPEND_MODE_COUNT] = {
#define APPEND_MODE_NAME(name, text) [name] = (text),
    APPEND_MODE_LIST(APPEND_MODE_NAME)
#undef APPEND_MODE_NAME
};

static uint64_t block_floor(uint64_t position)
{
    return position & ~(DISK_BLOCK_SIZE - 1);
}

static uint64_t block_ceiling(uint64_t position)
{
    return block_floor(position + DISK_BLOCK_SIZE - 1);
}

static bool mode_is_direct(enum append_mode mode)
{
    return mode >= APPEND_DIRECT;
}

bool append_mode_parse(struct text text, enum append_mode *mode)
{
    for (int i = 0; i < APPEND_MODE_COUNT; i++) {
        if (text_equal(text, text_of(mode_names[i]))) {
            *mode = (enum append_mode)i;
            return true;
        }
    }
    return false;
}

enum status append_engine_init(struct append_engine *engine, enum append_mode mode,
                               struct error *error)
{
    *engine = (struct append_engine){.mode = mode};
    if (mode >= APPEND_AHEAD) {
        engine->zeros = aligned_alloc(DISK_BLOCK_SIZE, ZERO_STEP);
        if (engine->zeros == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "%zu bytes of zeros", (size_t)ZERO_STEP);
        }
        memset(engine->zeros, 0, ZERO_STEP);
    }
    if (mode == APPEND_RING) {
        int result = io_uring_queue_init(RING_ENTRIES, &engine->ring, 0);
        if (result < 0) {
            free(engine->zeros);
            return error_set(error, STATUS_UNSUPPORTED, "io_uring: %s", strerror(-result));
        }
    }
    return STATUS_OK;
}

void append_engine_clear(struct append_engine *engine)
{
    if (engine->mode == APPEND_RING) {
        io_uring_queue_exit(&engine->ring);
    }
    free(engine->zeros);
}

enum status append_file_open(struct append_engine *engine, struct append_file *file,
                             const char *path, struct error *error)
{
    *file = (struct append_file){.descriptor = -1, .direct_descriptor = -1};
    file->descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file->descriptor < 0) {
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    }
    if (!mode_is_direct(engine->mode)) {
        return STATUS_OK;
    }
    file->direct_descriptor = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    file->buffer = aligned_alloc(DISK_BLOCK_SIZE, BUFFER_SIZE);
    if (file->direct_descriptor < 0 || file->buffer == NULL) {
        int cause = file->direct_descriptor < 0 ? errno : ENOMEM;
        append_file_close(file);
        return error_set(error, STATUS_IO, "%s: O_DIRECT: %s", path, strerror(cause));
    }
    return STATUS_OK;
}

void append_file_close(struct append_file *file)
{
    if (file->direct_descriptor >= 0) {
        close(file->direct_descriptor);
    }
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    free(file->buffer);
    *file = (struct append_file){.descriptor = -1, .direct_descriptor = -1};
}

/* Moves the tail block to the front. No write from the buffer may be in the ring. */
static void buffer_slide(struct append_file *file)
{
    uint64_t start = block_floor(file->flushed);
    ASSERT(start >= file->buffer_start);
    if (start == file->buffer_start) {
        return;
    }
    memmove(file->buffer, file->buffer + (start - file->buffer_start), file->size - start);
    file->buffer_start = start;
}

static enum status write_buffered(struct append_file *file, struct bytes bytes, struct error *error)
{
    ssize_t written = pwrite(file->descriptor, bytes.data, bytes.size, (off_t)file->size);
    if (written != (ssize_t)bytes.size) {
        return error_set(error, STATUS_IO, "pwrite of %zu bytes: %s", bytes.size,
                         written < 0 ? strerror(errno) : "short");
    }
    file->size += bytes.size;
    return STATUS_OK;
}

enum status append_file_write(struct append_engine *engine, struct append_file *file,
                              struct bytes bytes, struct error *error)
{
    if (bytes.size > APPEND_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "append of %zu bytes, allowed are %zu", bytes.size,
                         APPEND_SIZE_MAX);
    }
    if (!mode_is_direct(engine->mode)) {
        return write_buffered(file, bytes, error);
    }
    if (file->size - file->buffer_start + bytes.size > BUFFER_SIZE - DISK_BLOCK_SIZE) {
        enum status status = append_file_flush(engine, file, error);
        status = status == STATUS_OK ? append_engine_wait(engine, error) : status;
        if (status != STATUS_OK) {
            return status;
        }
        buffer_slide(file);
    } else if (engine->pending_count == 0 && file->flushed - file->buffer_start > BUFFER_KEPT_MAX) {
        buffer_slide(file);
    }
    memcpy(file->buffer + (file->size - file->buffer_start), bytes.data, bytes.size);
    file->size += bytes.size;
    return STATUS_OK;
}

/* Makes room on the disk up to `end`. Zeros are written inline: that is the p99 of these modes. */
static enum status prepare(struct append_engine *engine, struct append_file *file, uint64_t end,
                           struct error *error)
{
    while (file->prepared < end) {
        if (engine->mode == APPEND_DIRECT) {
            if (fallocate(file->direct_descriptor, FALLOC_FL_KEEP_SIZE, (off_t)file->prepared,
                          (off_t)RESERVE_STEP) < 0) {
                return error_set(error, STATUS_NO_SPACE, "fallocate: %s", strerror(errno));
            }
            file->prepared += RESERVE_STEP;
        } else {
            ssize_t written =
                pwrite(file->direct_descriptor, engine->zeros, ZERO_STEP, (off_t)file->prepared);
            if (written != (ssize_t)ZERO_STEP) {
                return error_set(error, STATUS_NO_SPACE, "writing zeros: %s",
                                 written < 0 ? strerror(errno) : "short");
            }
            file->prepared += ZERO_STEP;
        }
    }
    return STATUS_OK;
}

static enum status ring_submit(struct append_engine *engine, int descriptor, const uint8_t *data,
                               size_t size, uint64_t position, struct error *error)
{
    if (engine->pending_count == RING_ENTRIES) {
        enum status status = append_engine_wait(engine, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    struct io_uring_sqe *entry = io_uring_get_sqe(&engine->ring);
    ASSERT(entry != NULL);
    io_uring_prep_write(entry, descriptor, data, (unsigned)size, position);
    entry->rw_flags = RWF_DSYNC;
    entry->user_data = size;
    engine->pending_count++;
    return STATUS_OK;
}

static enum status flush_blocks(struct append_engine *engine, struct append_file *file,
                                struct error *error)
{
    uint64_t start = block_floor(file->flushed);
    uint64_t end = block_ceiling(file->size);
    memset(file->buffer + (file->size - file->buffer_start), 0, end - file->size);
    enum status status = prepare(engine, file, end, error);
    if (status != STATUS_OK) {
        return status;
    }
    file->flushed = file->size;

    uint8_t *data = file->buffer + (start - file->buffer_start);
    size_t size = (size_t)(end - start);
    if (engine->mode == APPEND_RING) {
        return ring_submit(engine, file->direct_descriptor, data, size, start, error);
    }
    struct iovec vector = {data, size};
    ssize_t written = pwritev2(file->direct_descriptor, &vector, 1, (off_t)start, RWF_DSYNC);
    if (written != (ssize_t)size) {
        return error_set(error, STATUS_IO, "direct write of %zu bytes: %s", size,
                         written < 0 ? strerror(errno) : "short");
    }
    return STATUS_OK;
}

enum status append_file_flush(struct append_engine *engine, struct append_file *file,
                              struct error *error)
{
    if (file->flushed == file->size) {
        return STATUS_OK;
    }
    if (mode_is_direct(engine->mode)) {
        return flush_blocks(engine, file, error);
    }
    if (engine->mode == APPEND_FDATASYNC && fdatasync(file->descriptor) < 0) {
        return error_set(error, STATUS_IO, "fdatasync: %s", strerror(errno));
    }
    file->flushed = file->size;
    return STATUS_OK;
}

enum status append_engine_wait(struct append_engine *engine, struct error *error)
{
    if (engine->pending_count == 0) {
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    io_uring_submit_and_wait(&engine->ring, engine->pending_count);
    while (engine->pending_count > 0) {
        struct io_uring_cqe *completion = NULL;
        int result = io_uring_wait_cqe(&engine->ring, &completion);
        if (result < 0) {
            return error_set(error, STATUS_IO, "io_uring: %s", strerror(-result));
        }
        if (completion->res != (int)completion->user_data) {
            status = error_set(error, STATUS_IO, "write of %d bytes through io_uring gave %d",
                               (int)completion->user_data, completion->res);
        }
        io_uring_cqe_seen(&engine->ring, completion);
        engine->pending_count--;
    }
    return status;
}
