#include "storage/io/disk_queue_base.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "storage/io/system_error.h"

static struct disk_queue_base *base_of(struct disk_queue *queue)
{
    return CONTAINER_OF(queue, struct disk_queue_base, queue);
}

static void call_done(struct disk_queue_base *base, struct disk_operation *operation)
{
    ASSERT(base->pending > 0);
    base->pending--;
    file_release(operation->file);
    operation->done(operation);
}

static unsigned reap(struct disk_queue *queue)
{
    struct disk_queue_base *base = base_of(queue);
    /* First the event, then the list: what finishes in between raises it again. */
    eventfd_t ignored;
    (void)!eventfd_read(queue->event_descriptor, &ignored);
    base->collect(base);

    /* Not what done() adds: a caller that submits in done() must not keep the loop for ever. */
    struct disk_operation_list now = base->finished;
    base->finished = (struct disk_operation_list){NULL, NULL};
    unsigned count = 0;
    for (struct disk_operation *operation = disk_operation_list_take(&now); operation != NULL;
         operation = disk_operation_list_take(&now)) {
        call_done(base, operation);
        count++;
    }
    queue->kick(queue);
    return count;
}

static void wait_for_event(const struct disk_queue *queue)
{
    struct pollfd descriptor = {.fd = queue->event_descriptor, .events = POLLIN};
    int ready;
    do {
        ready = poll(&descriptor, 1, -1);
    } while (ready < 0 && errno == EINTR);
    ASSERT(ready == 1);
}

static unsigned wait_any(struct disk_queue *queue)
{
    const struct disk_queue_base *base = base_of(queue);
    unsigned count = 0;
    queue->kick(queue);
    while (count == 0 && base->pending > 0) {
        wait_for_event(queue);
        count = reap(queue);
    }
    return count;
}

static void wait_for(struct disk_queue *queue, struct disk_operation *operation)
{
    struct disk_queue_base *base = base_of(queue);
    queue->kick(queue);
    base->collect(base);
    while (!disk_operation_list_remove(&base->finished, operation)) {
        eventfd_t ignored;
        wait_for_event(queue);
        (void)!eventfd_read(queue->event_descriptor, &ignored);
        base->collect(base);
        queue->kick(queue);
    }
    if (base->finished.first != NULL) {
        disk_queue_base_notify(base);
    }
    call_done(base, operation);
}

static unsigned pending(const struct disk_queue *queue)
{
    return ((const struct disk_queue_base *)(const void *)queue)->pending;
}

enum status disk_queue_base_init(struct disk_queue_base *base, struct error *error)
{
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) {
        return system_error(error, errno, "make the event descriptor of a disk queue");
    }
    base->queue.event_descriptor = descriptor;
    base->queue.reap = reap;
    base->queue.wait = wait_any;
    base->queue.wait_for = wait_for;
    base->queue.pending = pending;
    return STATUS_OK;
}

void disk_queue_base_clear(struct disk_queue_base *base)
{
    ASSERT(base->pending == 0);
    close(base->queue.event_descriptor);
}

void disk_queue_base_accept(struct disk_queue_base *base, struct disk_operation *operation)
{
    ASSERT(operation->done != NULL);
    ASSERT(operation->pieces_count <= DISK_PIECES_MAX);
    ASSERT(IMPLIES(operation->kind == DISK_CALL, operation->call != NULL));
    base->pending++;
    file_retain(operation->file);
    operation->pieces_done = 0;
    operation->transferred = 0;
    if (operation->kind != DISK_NOTHING) {
        operation->status = STATUS_OK;
    }
}

void disk_queue_base_notify(struct disk_queue_base *base)
{
    /* Fails only when the counter is full, and then it is readable anyway. */
    (void)!eventfd_write(base->queue.event_descriptor, 1);
}

void disk_queue_base_finish(struct disk_queue_base *base, struct disk_operation *operation)
{
    bool is_first = base->finished.first == NULL;
    disk_operation_list_add(&base->finished, operation);
    if (is_first) {
        disk_queue_base_notify(base);
    }
}

enum status disk_queue_open(enum disk_queue_choice choice, unsigned depth, unsigned workers_count,
                            struct disk_queue **queue, struct error *error)
{
    ASSERT(depth > 0 && depth <= DISK_QUEUE_DEPTH_MAX);
    if (choice == DISK_QUEUE_WORKERS) {
        return disk_queue_workers_open(workers_count, queue, error);
    }
    enum status status = disk_queue_ring_open(depth, workers_count, queue, error);
    if (status == STATUS_UNSUPPORTED && choice == DISK_QUEUE_AUTOMATIC) {
        status = disk_queue_workers_open(workers_count, queue, error);
    }
    return status;
}
