/* What the disk queues share: how one operation is carried out, and lists of operations. */
#ifndef STORAGE_IO_DISK_OPERATION_H
#define STORAGE_IO_DISK_OPERATION_H

#include <stdbool.h>
#include <sys/uio.h>

#include "storage/io/disk_queue.h"

struct disk_operation_list {
    struct disk_operation *first;
    struct disk_operation *last;
};

/* Puts an operation, which is in no list, behind the last one. */
void disk_operation_list_add(struct disk_operation_list *list, struct disk_operation *operation);

/* Takes the first one out, NULL when empty. */
struct disk_operation *disk_operation_list_take(struct disk_operation_list *list);

/* Takes this one out; false when it is not in the list. */
bool disk_operation_list_remove(struct disk_operation_list *list, struct disk_operation *operation);

/* Moves all of `from` behind the last one of `to`. */
void disk_operation_list_move(struct disk_operation_list *to, struct disk_operation_list *from);

/* The pieces that are not yet transferred, as the system wants them, and how many. */
struct iovec *disk_operation_pieces(struct disk_operation *operation, unsigned *count);

/* Counts `size` bytes as transferred. True when there are pieces left. */
bool disk_operation_advance(struct disk_operation *operation, size_t size);

/* Fills in the result of an operation that the system refused with an errno. */
void disk_operation_fail(struct disk_operation *operation, int number);

/* Carries the operation out on this thread, which may block, and fills in its result. */
void disk_operation_execute(struct disk_operation *operation);

#endif /* STORAGE_IO_DISK_OPERATION_H */
