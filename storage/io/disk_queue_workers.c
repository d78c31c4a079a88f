/* The disk queue where io_uring is refused: every operation is executed by a thread. */
#include <stdlib.h>

#include "base/assert.h"
#include "storage/io/disk_queue_base.h"
#include "storage/io/io_workers.h"

struct workers_queue {
    struct disk_queue_base base; /* First. */
    struct io_workers *workers;
    struct disk_operation_list submitted; /* Since the last kick. */
};

static struct workers_queue *workers_queue_of(struct disk_queue *queue)
{
    return CONTAINER_OF(queue, struct workers_queue, base.queue);
}

static void submit(struct disk_queue *queue, struct disk_operation *operation)
{
    struct workers_queue *workers_queue = workers_queue_of(queue);
    disk_queue_base_accept(&workers_queue->base, operation);
    if (operation->kind == DISK_NOTHING) {
        disk_queue_base_finish(&workers_queue->base, operation);
    } else {
        disk_operation_list_add(&workers_queue->submitted, operation);
    }
}

static void kick(struct disk_queue *queue)
{
    struct workers_queue *workers_queue = workers_queue_of(queue);
    if (workers_queue->submitted.first != NULL) {
        io_workers_submit(workers_queue->workers, &workers_queue->submitted);
    }
}

static void collect(struct disk_queue_base *base)
{
    struct workers_queue *workers_queue = CONTAINER_OF(base, struct workers_queue, base);
    io_workers_collect(workers_queue->workers, &base->finished);
}

static void close_queue(struct disk_queue *queue)
{
    struct workers_queue *workers_queue = workers_queue_of(queue);
    ASSERT(workers_queue->submitted.first == NULL);
    io_workers_destroy(workers_queue->workers);
    disk_queue_base_clear(&workers_queue->base);
    free(workers_queue);
}

enum status disk_queue_workers_open(unsigned workers_count, struct disk_queue **queue,
                                    struct error *error)
{
    struct workers_queue *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "open disk queue: out of memory");
    }
    enum status status = disk_queue_base_init(&opened->base, error);
    if (status != STATUS_OK) {
        free(opened);
        return status;
    }
    opened->workers = io_workers_create(workers_count, opened->base.queue.event_descriptor);
    if (opened->workers == NULL) {
        disk_queue_base_clear(&opened->base);
        free(opened);
        return error_set(error, STATUS_NO_MEMORY, "open disk queue: out of memory");
    }
    opened->base.collect = collect;
    opened->base.queue.submit = submit;
    opened->base.queue.kick = kick;
    opened->base.queue.close = close_queue;
    opened->base.queue.name = "workers";
    *queue = &opened->base.queue;
    return STATUS_OK;
}
