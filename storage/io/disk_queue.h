/* Asynchronous disk operations of one shard, as a seam.
 *
 * Three implementations: io_uring (disk_queue_ring.c), a pool of threads that may block
 * (disk_queue_workers.c, where io_uring is refused), and the simulated one beside the simulated
 * disk (tests/support/storage/). disk_queue_open() tries the ring first and says which it took.
 *
 *     operation  --disk_queue_submit-->  queued  --disk_queue_kick-->  under way
 *     event descriptor readable  --disk_queue_reap-->  done(operation), on the owner's thread
 *
 * A queue belongs to one thread. The operation is the caller's memory and must stay until its
 * `done` has been called; `done` may submit again, the same operation too. Operations are not
 * ordered among each other: whoever writes a range twice waits for the first. What the kernel does
 * by halves (short writes, interruptions) is carried on inside. */
#ifndef STORAGE_IO_DISK_QUEUE_H
#define STORAGE_IO_DISK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/io/file_system.h"

#define DISK_PIECES_MAX 64

enum disk_operation_kind {
    DISK_WRITE,         /* pieces to [position, …). */
    DISK_WRITE_DURABLE, /* The same, durable when done (RWF_DSYNC). */
    DISK_READ,          /* Into the pieces; `transferred` may be short at the end of the file. */
    DISK_SYNC,          /* fdatasync. */
    DISK_RESERVE,       /* file_system.reserve for [position, position + size). */
    DISK_PREFETCH,      /* Brings [position, position + size) into the page cache. */
    DISK_CALL,          /* call(context) on a thread that may block: index rebuild, recovery. */
    DISK_NOTHING,       /* Only completes, with the status and error that the submitter put in. */
};

struct disk_piece {
    void *memory; /* Only read from when writing. */
    size_t size;
};

struct disk_operation;
typedef void disk_done_fn(struct disk_operation *operation);
typedef enum status disk_call_fn(void *context, struct error *error);

struct disk_operation {
    enum disk_operation_kind kind;
    struct file *file; /* The queue holds a reference until done. NULL where none is needed. */
    uint64_t position;
    uint64_t size;                             /* For DISK_RESERVE and DISK_PREFETCH. */
    struct disk_piece pieces[DISK_PIECES_MAX]; /* The queue may change them. */
    unsigned pieces_count;
    disk_call_fn *call;
    disk_done_fn *done;
    void *context;

    /* Results, valid in done(). */
    enum status status;
    size_t transferred;
    struct error error;

    struct disk_operation *next; /* The queue's. */
    unsigned pieces_done;        /* The queue's. */
};

struct disk_queue {
    /* Takes the operation. Never fails: what goes wrong is in the operation's status. */
    void (*submit)(struct disk_queue *queue, struct disk_operation *operation);
    /* Starts everything submitted since the last kick, with one system call where possible. */
    void (*kick)(struct disk_queue *queue);
    /* Calls done() of everything that has finished, then kicks what those submitted. Returns how
     * many. */
    unsigned (*reap)(struct disk_queue *queue);
    /* Waits for at least one completion, then reaps. Only for tests, recovery and stopping. */
    unsigned (*wait)(struct disk_queue *queue);
    /* Waits for this operation, which is pending, and calls only its done(); others that finish
     * meanwhile stay for the next reap(). For the rare places that must not go on without it. */
    void (*wait_for)(struct disk_queue *queue, struct disk_operation *operation);
    /* Operations submitted and not yet done. */
    unsigned (*pending)(const struct disk_queue *queue);
    /* Releases the queue, which must have nothing pending. */
    void (*close)(struct disk_queue *queue);

    int event_descriptor; /* Readable when reap() has work; -1 in the simulation. */
    const char *name;     /* "io_uring", "workers", "simulated". */
};

enum disk_queue_choice { DISK_QUEUE_AUTOMATIC, DISK_QUEUE_RING, DISK_QUEUE_WORKERS };

/* Opens a queue with room for `depth` operations under way (more wait inside). `workers_count`
 * threads serve the pool and what a ring cannot do. STATUS_UNSUPPORTED when the ring was demanded
 * and is refused; STATUS_NO_MEMORY; STATUS_LIMIT. Close with queue->close(). */
MUST_USE enum status disk_queue_open(enum disk_queue_choice choice, unsigned depth,
                                     unsigned workers_count, struct disk_queue **queue,
                                     struct error *error);

#endif /* STORAGE_IO_DISK_QUEUE_H */
