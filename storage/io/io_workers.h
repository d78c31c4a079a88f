/* Threads that may block, for what a shard's loop must not do itself.
 *
 *     owner  --io_workers_submit-->  queue  -->  a worker executes  -->  done list + event
 *     owner  <--io_workers_collect--------------------------------------------'
 *
 * One mutex guards both lists; it is held for a few instructions and never while an operation
 * runs. A thread is started only when there is work and every started one is busy. */
#ifndef STORAGE_IO_IO_WORKERS_H
#define STORAGE_IO_IO_WORKERS_H

#include "storage/io/disk_operation.h"

#define IO_WORKERS_COUNT_MAX 64u

struct io_workers;

/* Up to `threads_max` threads (1 to IO_WORKERS_COUNT_MAX), which add 1 to `event_descriptor` (an
 * eventfd, kept by the caller) when the done list gets its first member. NULL when out of memory.
 * Release with io_workers_destroy(). */
struct io_workers *io_workers_create(unsigned threads_max, int event_descriptor);

/* Ends the threads. Nothing may be under way. NULL is allowed. */
void io_workers_destroy(struct io_workers *workers);

/* Takes over all operations of the list. When not even one thread can be started they are executed
 * here, late but right. */
void io_workers_submit(struct io_workers *workers, struct disk_operation_list *operations);

/* Moves everything that is done behind the last one of `done`. */
void io_workers_collect(struct io_workers *workers, struct disk_operation_list *done);

#endif /* STORAGE_IO_IO_WORKERS_H */
