/* The only door from storage to the disk.
 *
 * storage/io/file_system_posix.c is the production implementation. tests/support/storage/
 * simulated_disk.c keeps files in memory, forgets what was not synced, tears writes by sector,
 * flips bits, runs full, and fails any single call on demand. Nothing else in storage/ may call
 * open, read, write or fsync (tools/dev/tidy.awk).
 *
 * These calls may block. A shard's loop uses them only where the design allows it (creating and
 * rolling files); data reads and durable writes go through disk_queue.h. */
#ifndef STORAGE_IO_FILE_SYSTEM_H
#define STORAGE_IO_FILE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/counted.h"
#include "base/error.h"

/* How a file is opened; FILE_READ is always implied. */
#define FILE_WRITE     (1u << 0)
#define FILE_CREATE    (1u << 1) /* Create it when it is missing. */
#define FILE_EXCLUSIVE (1u << 2) /* With FILE_CREATE: STATUS_EXISTS when it is there. */
#define FILE_DIRECT                                                                                \
    (1u << 3) /* Past the page cache; position, size and memory are aligned to                     \
                 BUFFER_ALIGNMENT. STATUS_UNSUPPORTED where it cannot be. */

struct file_system;

/* An open file, counted: slices of a fetch response keep it open after the segment is gone. The
 * last release closes it; an error of that close is reported to the file system's owner, because
 * everything that matters was made durable before. */
struct file {
    struct counted counted; /* First. */
    struct file_system *files;
    int file_descriptor; /* For sendfile and the ring; -1 in the simulation. */
    unsigned flags;      /* As opened. */
};

struct file_status {
    uint64_t size;
    int64_t modified_ms; /* Wall clock. */
    bool is_directory;
};

struct disk_usage {
    uint64_t total_bytes;
    uint64_t usable_bytes; /* What this process may still write. */
};

/* Called by list_directory for each entry but "." and ".."; borrows the name. */
typedef void file_visit_fn(void *context, const char *name);

/* Paths are UTF-8, zero-terminated. Every function words its error with the path in it.
 * STATUS_NOT_FOUND, STATUS_EXISTS, STATUS_NO_SPACE (also a quota), STATUS_IO for the rest;
 * STATUS_NO_MEMORY. */
struct file_system {
    /* On STATUS_OK the caller owns one reference to *file. */
    enum status (*open)(struct file_system *files, const char *path, unsigned flags,
                        struct file **file, struct error *error);

    /* Reads up to `size` bytes at `position`; *count is smaller only at the end of the file. */
    enum status (*read)(struct file *file, uint64_t position, void *memory, size_t size,
                        size_t *count, struct error *error);

    /* As read(), but answers STATUS_AGAIN when that would wait for the disk. Where the system
     * cannot tell, it is read(). */
    enum status (*read_resident)(struct file *file, uint64_t position, void *memory, size_t size,
                                 size_t *count, struct error *error);

    /* Writes all of it. After an error nothing is known of the range. */
    enum status (*write)(struct file *file, uint64_t position, const void *memory, size_t size,
                         struct error *error);

    /* Makes the file's content and size durable (fdatasync). An error is final: the caller must
     * never believe a later success (reliability: fsync failure). */
    enum status (*sync)(struct file *file, struct error *error);

    /* Cuts or extends (with zeros). */
    enum status (*truncate)(struct file *file, uint64_t size, struct error *error);

    /* Reserves blocks for [position, position + size) without changing the file's size. A file
     * system that cannot is STATUS_UNSUPPORTED; STATUS_NO_SPACE is final for the range. */
    enum status (*reserve)(struct file *file, uint64_t position, uint64_t size,
                           struct error *error);

    /* Size in bytes. */
    enum status (*size)(struct file *file, uint64_t *size, struct error *error);

    /* Takes an exclusive advisory lock that dies with the process; STATUS_BUSY when another
     * process holds it. */
    enum status (*lock)(struct file *file, struct error *error);

    enum status (*stat)(struct file_system *files, const char *path,
                        struct file_status *file_status, struct error *error);

    /* Replaces `to` when it exists. Durable only after sync_directory(). */
    enum status (*rename)(struct file_system *files, const char *from, const char *to,
                          struct error *error);

    enum status (*remove)(struct file_system *files, const char *path, struct error *error);

    /* With its parents; fine when it exists. */
    enum status (*make_directory)(struct file_system *files, const char *path, struct error *error);

    /* Only when empty. */
    enum status (*remove_directory)(struct file_system *files, const char *path,
                                    struct error *error);

    enum status (*list_directory)(struct file_system *files, const char *path, file_visit_fn *visit,
                                  void *context, struct error *error);

    /* Makes names created, renamed and removed in the directory durable. */
    enum status (*sync_directory)(struct file_system *files, const char *path, struct error *error);

    enum status (*usage)(struct file_system *files, const char *path, struct disk_usage *usage,
                         struct error *error);

    /* Closes and frees a file; only counted_release() calls it, through counted.destroy. */
    void (*close)(struct file *file);
};

/* The operating system's files. Holds no state: may be shared by threads. */
struct file_system *file_system_posix(void);

/* This process's id, as it goes into lock files. */
int64_t file_system_process_id(void);

/* For implementations: fills in an open file with one reference; the last release calls
 * files->close(). */
void file_init(struct file *file, struct file_system *files, int file_descriptor, unsigned flags);

/* Adds and gives back a reference. NULL is allowed. */
struct file *file_retain(struct file *file);
/* As file_retain(). */
void file_release(struct file *file);

/* Reads a whole small file into the arena. STATUS_LIMIT above `size_max`. */
MUST_USE enum status file_read_whole(struct file_system *files, const char *path, size_t size_max,
                                     struct arena *arena, struct bytes *content,
                                     struct error *error);

/* Replaces a file so that after a crash either the old or the new content is there, whole: writes
 * `path`.tmp, syncs it, renames it over, syncs the directory. */
MUST_USE enum status file_replace_whole(struct file_system *files, const char *path,
                                        struct bytes content, struct error *error);

#endif /* STORAGE_IO_FILE_SYSTEM_H */
