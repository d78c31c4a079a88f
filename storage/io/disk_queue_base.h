/* What the ring and the workers have in common: the list of finished operations, waiting for them
 * on the event descriptor, and calling done(). Only for implementations of disk_queue.h. */
#ifndef STORAGE_IO_DISK_QUEUE_BASE_H
#define STORAGE_IO_DISK_QUEUE_BASE_H

#include "storage/io/disk_operation.h"

#define DISK_QUEUE_DEPTH_MAX 4096u

struct disk_queue_base {
    struct disk_queue queue; /* First. */
    struct disk_operation_list finished;
    unsigned pending;
    /* Moves what the implementation has finished behind the last one of `finished`. */
    void (*collect)(struct disk_queue_base *base);
};

/* Fills in the functions that are common, and makes the event descriptor. STATUS_LIMIT or
 * STATUS_NO_MEMORY when the system has none. */
MUST_USE enum status disk_queue_base_init(struct disk_queue_base *base, struct error *error);

/* Closes the event descriptor. Nothing may be pending. */
void disk_queue_base_clear(struct disk_queue_base *base);

/* Starts an operation's life: clears its results and retains its file. */
void disk_queue_base_accept(struct disk_queue_base *base, struct disk_operation *operation);

/* Puts an operation among the finished and makes the event descriptor readable. */
void disk_queue_base_finish(struct disk_queue_base *base, struct disk_operation *operation);

/* Makes the event descriptor readable, so that the owner calls reap(). */
void disk_queue_base_notify(struct disk_queue_base *base);

/* The two implementations; see disk_queue_open(). */
MUST_USE enum status disk_queue_ring_open(unsigned depth, unsigned workers_count,
                                          struct disk_queue **queue, struct error *error);
/* As above. */
MUST_USE enum status disk_queue_workers_open(unsigned workers_count, struct disk_queue **queue,
                                             struct error *error);

#endif /* STORAGE_IO_DISK_QUEUE_BASE_H */
