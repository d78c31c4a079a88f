/* The disk queue on io_uring. What a ring cannot do (calls, and prefetching, which must be done
 * only when the pages are there) goes to workers; both report through the same eventfd. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>

#include "base/assert.h"
#include "storage/io/disk_queue_base.h"
#include "storage/io/io_workers.h"
#include "storage/io/system_error.h"

struct ring_queue {
    struct disk_queue_base base; /* First. */
    struct io_uring ring;
    struct io_workers *workers;
    struct disk_operation_list submitted;   /* For the ring, when there is room. */
    struct disk_operation_list for_workers; /* Since the last kick. */
    unsigned under_way;                     /* In the ring. Never more than depth. */
    unsigned unsent;                        /* Of these, prepared but not yet taken. */
    unsigned depth;
};

static struct ring_queue *ring_queue_of(struct disk_queue *queue)
{
    return CONTAINER_OF(queue, struct ring_queue, base.queue);
}

static bool is_for_workers(enum disk_operation_kind kind)
{
    return kind == DISK_CALL || kind == DISK_PREFETCH;
}

static bool is_transfer(enum disk_operation_kind kind)
{
    return kind == DISK_WRITE || kind == DISK_WRITE_DURABLE || kind == DISK_READ;
}

static void submit(struct disk_queue *queue, struct disk_operation *operation)
{
    struct ring_queue *ring_queue = ring_queue_of(queue);
    disk_queue_base_accept(&ring_queue->base, operation);
    if (operation->kind == DISK_NOTHING ||
        (is_transfer(operation->kind) && operation->pieces_count == 0)) {
        disk_queue_base_finish(&ring_queue->base, operation);
    } else if (is_for_workers(operation->kind)) {
        disk_operation_list_add(&ring_queue->for_workers, operation);
    } else {
        disk_operation_list_add(&ring_queue->submitted, operation);
    }
}

static void prepare(struct io_uring_sqe *entry, struct disk_operation *operation)
{
    int descriptor = operation->file->file_descriptor;
    ASSERT(descriptor >= 0);
    unsigned count = 0;
    uint64_t position = operation->position + operation->transferred;
    switch (operation->kind) {
    case DISK_WRITE:
    case DISK_WRITE_DURABLE: {
        const struct iovec *pieces = disk_operation_pieces(operation, &count);
        int flags = operation->kind == DISK_WRITE_DURABLE ? RWF_DSYNC : 0;
        io_uring_prep_writev2(entry, descriptor, pieces, count, position, flags);
        break;
    }
    case DISK_READ: {
        const struct iovec *pieces = disk_operation_pieces(operation, &count);
        io_uring_prep_readv(entry, descriptor, pieces, count, position);
        break;
    }
    case DISK_SYNC:
        io_uring_prep_fsync(entry, descriptor, IORING_FSYNC_DATASYNC);
        break;
    case DISK_RESERVE:
        io_uring_prep_fallocate(entry, descriptor, FALLOC_FL_KEEP_SIZE, (off_t)position,
                                (off_t)operation->size);
        break;
    case DISK_PREFETCH:
    case DISK_CALL:
    case DISK_NOTHING:
    default:
        ASSERT(false);
    }
    io_uring_sqe_set_data(entry, operation);
}

static void kick(struct disk_queue *queue)
{
    struct ring_queue *ring_queue = ring_queue_of(queue);
    if (ring_queue->for_workers.first != NULL) {
        io_workers_submit(ring_queue->workers, &ring_queue->for_workers);
    }
    while (ring_queue->under_way < ring_queue->depth && ring_queue->submitted.first != NULL) {
        struct io_uring_sqe *entry = io_uring_get_sqe(&ring_queue->ring);
        if (entry == NULL) {
            break; /* The kernel has not taken the earlier ones yet. */
        }
        prepare(entry, disk_operation_list_take(&ring_queue->submitted));
        ring_queue->under_way++;
        ring_queue->unsent++;
    }
    if (ring_queue->unsent == 0) {
        return;
    }
    int taken = io_uring_submit(&ring_queue->ring);
    if (taken > 0) {
        ring_queue->unsent -= (unsigned)taken;
    } else {
        /* Short of kernel memory or interrupted: the entries stay, the next reap tries again. */
        ASSERT(taken == 0 || taken == -EAGAIN || taken == -EBUSY || taken == -EINTR ||
               taken == -ENOMEM);
        disk_queue_base_notify(&ring_queue->base);
    }
}

/* True when the operation has to go on: half of it is done, or it was interrupted. */
static bool take_result(struct disk_operation *operation, int result)
{
    if (result == -EINTR || result == -EAGAIN) {
        return true;
    }
    if (result < 0) {
        disk_operation_fail(operation, -result);
        return false;
    }
    if (!is_transfer(operation->kind)) {
        return false;
    }
    if (result == 0 && operation->kind != DISK_READ) {
        disk_operation_fail(operation, EIO);
    }
    return result > 0 && disk_operation_advance(operation, (size_t)result);
}

static void collect(struct disk_queue_base *base)
{
    struct ring_queue *ring_queue = CONTAINER_OF(base, struct ring_queue, base);
    unsigned head;
    unsigned count = 0;
    struct io_uring_cqe *entry;
    io_uring_for_each_cqe(&ring_queue->ring, head, entry)
    {
        struct disk_operation *operation = io_uring_cqe_get_data(entry);
        if (take_result(operation, entry->res)) {
            disk_operation_list_add(&ring_queue->submitted, operation);
        } else {
            disk_operation_list_add(&base->finished, operation);
        }
        count++;
    }
    io_uring_cq_advance(&ring_queue->ring, count);
    ASSERT(ring_queue->under_way >= count);
    ring_queue->under_way -= count;
    io_workers_collect(ring_queue->workers, &base->finished);
}

static void close_queue(struct disk_queue *queue)
{
    struct ring_queue *ring_queue = ring_queue_of(queue);
    ASSERT(ring_queue->under_way == 0 && ring_queue->submitted.first == NULL);
    io_uring_queue_exit(&ring_queue->ring);
    io_workers_destroy(ring_queue->workers);
    disk_queue_base_clear(&ring_queue->base);
    free(ring_queue);
}

/* A ring that refuses what we need later is no ring. */
static bool supports_all(struct io_uring *ring)
{
    static const int needed[] = {IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC,
                                 IORING_OP_FALLOCATE};
    struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
    if (probe == NULL) {
        return false;
    }
    bool all = true;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        all = all && io_uring_opcode_supported(probe, needed[i]);
    }
    io_uring_free_probe(probe);
    return all;
}

static enum status open_ring(struct ring_queue *ring_queue, struct error *error)
{
    int failed = io_uring_queue_init(ring_queue->depth, &ring_queue->ring, IORING_SETUP_CLAMP);
    if (failed != 0) {
        status_ignore(system_error(error, -failed, "open io_uring")); /* For its sentence. */
        return error->status = STATUS_UNSUPPORTED;
    }
    failed = io_uring_register_eventfd(&ring_queue->ring, ring_queue->base.queue.event_descriptor);
    if (failed == 0 && supports_all(&ring_queue->ring)) {
        return STATUS_OK;
    }
    io_uring_queue_exit(&ring_queue->ring);
    return error_set(error, STATUS_UNSUPPORTED, "open io_uring: this kernel lacks what is needed");
}

enum status disk_queue_ring_open(unsigned depth, unsigned workers_count, struct disk_queue **queue,
                                 struct error *error)
{
    struct ring_queue *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "open disk queue: out of memory");
    }
    opened->depth = depth;
    enum status status = disk_queue_base_init(&opened->base, error);
    if (status != STATUS_OK) {
        goto failed;
    }
    status = open_ring(opened, error);
    if (status != STATUS_OK) {
        goto failed_after_base;
    }
    opened->workers = io_workers_create(workers_count, opened->base.queue.event_descriptor);
    if (opened->workers == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "open disk queue: out of memory");
        goto failed_after_ring;
    }
    opened->base.collect = collect;
    opened->base.queue.submit = submit;
    opened->base.queue.kick = kick;
    opened->base.queue.close = close_queue;
    opened->base.queue.name = "io_uring";
    *queue = &opened->base.queue;
    return STATUS_OK;

failed_after_ring:
    io_uring_queue_exit(&opened->ring);
failed_after_base:
    disk_queue_base_clear(&opened->base);
failed:
    free(opened);
    return status;
}
