#include "storage/io/disk_operation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "storage/io/system_error.h"

/* Read to bring a range into the page cache; small enough for any worker's memory. */
#define PREFETCH_STEP_SIZE (128u * 1024)

/* Asked of the system behind a range that is prefetched, without waiting for it: who reads a log
 * comes back for what follows. */
#define PREFETCH_AHEAD_SIZE ((size_t)4 * 1024 * 1024)

/* Pieces are handed to the system as they are. */
_Static_assert(sizeof(struct disk_piece) == sizeof(struct iovec), "a piece is an iovec");
_Static_assert(offsetof(struct disk_piece, memory) == offsetof(struct iovec, iov_base), "memory");
_Static_assert(offsetof(struct disk_piece, size) == offsetof(struct iovec, iov_len), "size");

void disk_operation_list_add(struct disk_operation_list *list, struct disk_operation *operation)
{
    operation->next = NULL;
    if (list->last != NULL) {
        list->last->next = operation;
    } else {
        list->first = operation;
    }
    list->last = operation;
}

struct disk_operation *disk_operation_list_take(struct disk_operation_list *list)
{
    struct disk_operation *operation = list->first;
    if (operation != NULL) {
        list->first = operation->next;
        list->last = list->first != NULL ? list->last : NULL;
        operation->next = NULL;
    }
    return operation;
}

bool disk_operation_list_remove(struct disk_operation_list *list, struct disk_operation *operation)
{
    struct disk_operation *before = NULL;
    for (struct disk_operation *at = list->first; at != NULL; before = at, at = at->next) {
        if (at != operation) {
            continue;
        }
        if (before == NULL) {
            list->first = at->next;
        } else {
            before->next = at->next;
        }
        list->last = list->last == at ? before : list->last;
        at->next = NULL;
        return true;
    }
    return false;
}

void disk_operation_list_move(struct disk_operation_list *to, struct disk_operation_list *from)
{
    if (from->first == NULL) {
        return;
    }
    if (to->last != NULL) {
        to->last->next = from->first;
    } else {
        to->first = from->first;
    }
    to->last = from->last;
    *from = (struct disk_operation_list){NULL, NULL};
}

struct iovec *disk_operation_pieces(struct disk_operation *operation, unsigned *count)
{
    ASSERT(operation->pieces_done < operation->pieces_count);
    *count = operation->pieces_count - operation->pieces_done;
    return (struct iovec *)(void *)&operation->pieces[operation->pieces_done];
}

bool disk_operation_advance(struct disk_operation *operation, size_t size)
{
    operation->transferred += size;
    while (operation->pieces_done < operation->pieces_count) {
        struct disk_piece *piece = &operation->pieces[operation->pieces_done];
        if (piece->size > size) {
            piece->memory = (uint8_t *)piece->memory + size;
            piece->size -= size;
            return true;
        }
        size -= piece->size;
        operation->pieces_done++;
    }
    ASSERT(size == 0);
    return false;
}

static const char *name_of(enum disk_operation_kind kind)
{
    switch (kind) {
    case DISK_WRITE:
        return "write";
    case DISK_WRITE_DURABLE:
        return "durable write";
    case DISK_READ:
        return "read";
    case DISK_SYNC:
        return "sync";
    case DISK_RESERVE:
        return "reserve";
    case DISK_PREFETCH:
        return "prefetch";
    case DISK_CALL:
        return "call";
    case DISK_NOTHING:
    default:
        return "nothing";
    }
}

void disk_operation_fail(struct disk_operation *operation, int number)
{
    operation->status =
        system_error(&operation->error, number, "%s at %llu", name_of(operation->kind),
                     (unsigned long long)(operation->position + operation->transferred));
}

static void transfer(struct disk_operation *operation, int descriptor)
{
    bool more = operation->pieces_count > 0;
    while (more) {
        unsigned count;
        const struct iovec *pieces = disk_operation_pieces(operation, &count);
        off_t position = (off_t)(operation->position + operation->transferred);
        ssize_t size;
        if (operation->kind == DISK_READ) {
            size = preadv(descriptor, pieces, (int)count, position);
        } else {
            size = pwritev2(descriptor, pieces, (int)count, position,
                            operation->kind == DISK_WRITE_DURABLE ? RWF_DSYNC : 0);
        }
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size == 0 && operation->kind == DISK_READ) {
            return; /* The end of the file. */
        }
        if (size <= 0) {
            disk_operation_fail(operation, size < 0 ? errno : EIO);
            return;
        }
        more = disk_operation_advance(operation, (size_t)size);
    }
}

/* A page that was read is in the cache; a hint with readahead() would be answered before it is. */
static void prefetch(struct disk_operation *operation, int descriptor)
{
    uint8_t *scratch = malloc(PREFETCH_STEP_SIZE);
    if (scratch == NULL) {
        disk_operation_fail(operation, ENOMEM);
        return;
    }
    /* A hint: where it is not taken, the reads below do all the work. */
    (void)readahead(descriptor, (off64_t)operation->position,
                    (size_t)operation->size + PREFETCH_AHEAD_SIZE);
    uint64_t done = 0;
    while (done < operation->size) {
        uint64_t left = operation->size - done;
        size_t step = left < PREFETCH_STEP_SIZE ? (size_t)left : PREFETCH_STEP_SIZE;
        ssize_t size = pread(descriptor, scratch, step, (off_t)(operation->position + done));
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            disk_operation_fail(operation, errno);
        }
        if (size <= 0) {
            break;
        }
        done += (uint64_t)size;
    }
    operation->transferred = (size_t)done;
    free(scratch);
}

static void retry_interrupted(struct disk_operation *operation, int descriptor)
{
    int failed;
    do {
        failed = operation->kind == DISK_SYNC
                     ? fdatasync(descriptor)
                     : fallocate(descriptor, FALLOC_FL_KEEP_SIZE, (off_t)operation->position,
                                 (off_t)operation->size);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) {
        disk_operation_fail(operation, errno);
    }
}

void disk_operation_execute(struct disk_operation *operation)
{
    int descriptor = operation->file != NULL ? operation->file->file_descriptor : -1;
    ASSERT(IMPLIES(operation->kind < DISK_CALL, descriptor >= 0));
    switch (operation->kind) {
    case DISK_WRITE:
    case DISK_WRITE_DURABLE:
    case DISK_READ:
        transfer(operation, descriptor);
        break;
    case DISK_SYNC:
    case DISK_RESERVE:
        retry_interrupted(operation, descriptor);
        break;
    case DISK_PREFETCH:
        prefetch(operation, descriptor);
        break;
    case DISK_CALL:
        operation->status = operation->call(operation->context, &operation->error);
        break;
    case DISK_NOTHING:
        break;
    default:
        ASSERT(false);
    }
}
