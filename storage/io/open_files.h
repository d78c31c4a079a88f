/* How many files of a shard stay open: least recently used first out.
 *
 * A partition has a segment or two that are used and many that are not; with ten thousand of them
 * there are not descriptors enough. Segment files borrow their descriptor here for each use. A
 * file that an operation or a response still holds stays open until they are done, so the limit is
 * soft by that many.
 *
 * Owned by one shard's thread. */
#ifndef STORAGE_IO_OPEN_FILES_H
#define STORAGE_IO_OPEN_FILES_H

#include "base/list.h"
#include "storage/io/file_system.h"

struct open_files;

/* A place for one descriptor, embedded in its user; all zero when closed. */
struct open_file {
    struct list_node node; /* In the order of use; in no list without a limit. */
    struct file *file;     /* One reference, NULL when closed. */
};

/* At most `files_max` (> 0) stay open. NULL when out of memory. Release with
 * open_files_destroy(). */
struct open_files *open_files_create(struct file_system *files, unsigned files_max);

/* Every place must have been forgotten. NULL is allowed. */
void open_files_destroy(struct open_files *open_files);

/* The file of a place, opened when it is not, with `flags` of file_system.h. Borrowed until the
 * next call for any place; retain it to keep it longer. `open_files` may be NULL: then `files`
 * opens it and it stays open. Errors are those of file_system.open. */
MUST_USE enum status open_files_use(struct open_files *open_files, struct file_system *files,
                                    struct open_file *place, const char *path, unsigned flags,
                                    struct file **file, struct error *error);

/* Closes the place. */
void open_files_forget(struct open_files *open_files, struct open_file *place);

/* Places that are open now. */
unsigned open_files_count(const struct open_files *open_files);

/* A limit for each of `shards_count` shards that leaves three quarters of the descriptors that this
 * process may have to connections and the rest; at least 16. */
unsigned open_files_max_default(unsigned shards_count);

/* Lets this process have as many descriptors as it may without privileges: connections and segments
 * share them. For the start of a program. */
void open_files_raise_limit(void);

#endif /* STORAGE_IO_OPEN_FILES_H */
