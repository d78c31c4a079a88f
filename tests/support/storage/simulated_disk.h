/* A disk in memory that forgets what was not made durable: the second implementation of
 * file_system.h and disk_queue.h.
 *
 * Each file has a current content (what reads see) and a durable one, and between them the
 * operations that no sync has covered. Names are the same: created, renamed and removed names are
 * durable after sync_directory(). A power cut keeps, by chance, none, all or some of what was not
 * durable:
 *
 *     a write             whole, not at all, or some of its 512-byte sectors
 *     a size extension    with or without the data in it (zeros)
 *     names               the first few changes of each directory
 *     a durable write     whole once its done() was called; torn while it is under way
 *
 * Everything is deterministic: the same calls with the same seed give the same result. What a
 * program must never do is asserted: direct access without alignment, two writes of overlapping
 * ranges under way at once.
 *
 * One thread uses it. */
#ifndef TESTS_SUPPORT_STORAGE_SIMULATED_DISK_H
#define TESTS_SUPPORT_STORAGE_SIMULATED_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/io/disk_queue.h"
#include "storage/io/file_system.h"

#define SIMULATED_SECTOR_SIZE 512u

struct simulated_disk;

/* An empty disk without limit. Ends the test when out of memory. */
struct simulated_disk *simulated_disk_create(uint64_t seed);

/* Files still open (in slices, say) may be released later. Its queues must be closed. */
void simulated_disk_destroy(struct simulated_disk *disk);

/* The disk as a file system. Borrowed. */
struct file_system *simulated_disk_files(struct simulated_disk *disk);

/* A queue of the disk; close it with queue->close(). Nothing completes by itself: reap() completes
 * some of what was kicked, wait() at least one, each in an order that the seed chooses. */
struct disk_queue *simulated_disk_queue(struct simulated_disk *disk);

/* ---- power ---- */

/* Cuts the power and switches on again. Open files answer STATUS_IO from now on, operations under
 * way end with STATUS_IO, and what survives is on the disk. */
void simulated_disk_crash(struct simulated_disk *disk, uint64_t seed);

/* A new disk with what would survive a power cut now; this one goes on. */
struct simulated_disk *simulated_disk_survivor(const struct simulated_disk *disk, uint64_t seed);

typedef void simulated_disk_observer_fn(void *context, struct simulated_disk *disk);

/* Calls `observe` before every call that changes something, and before every completion: a place
 * where the power may be cut. */
void simulated_disk_observe(struct simulated_disk *disk, simulated_disk_observer_fn *observe,
                            void *context);

/* ---- faults ---- */

/* Calls through the seams so far; an operation of a queue counts when it completes. */
uint64_t simulated_disk_calls(const struct simulated_disk *disk);

/* The n-th call from now on (1 is the next) fails with `status`. A failed write leaves its range
 * half written; a failed sync loses what it should have saved, although reads still see it. */
void simulated_disk_fail_call(struct simulated_disk *disk, uint64_t n, enum status status);

/* The next sync of any file fails as above. */
void simulated_disk_fail_sync(struct simulated_disk *disk);

/* Bytes that all files together may have; STATUS_NO_SPACE above it. */
void simulated_disk_set_capacity(struct simulated_disk *disk, uint64_t bytes_max);

/* Whether FILE_DIRECT can be opened; it can, unless told otherwise. */
void simulated_disk_set_direct(struct simulated_disk *disk, bool supported);

/* Reads of [position, position + size) fail with STATUS_IO until it is written again. Size 0 heals
 * the file. */
void simulated_disk_break_range(struct simulated_disk *disk, const char *path, uint64_t position,
                                uint64_t size);

/* Flips one bit of a file, for good. */
void simulated_disk_flip_bit(struct simulated_disk *disk, const char *path, uint64_t position,
                             unsigned bit);

/* The file is not in the page cache until it is read or prefetched. */
void simulated_disk_make_cold(struct simulated_disk *disk, const char *path);

/* The time that files get when they are written. */
void simulated_disk_set_time(struct simulated_disk *disk, int64_t now_ms);

/* ---- looking ---- */

/* The current content of a file, borrowed until the next call; null when there is none. */
struct bytes simulated_disk_content(const struct simulated_disk *disk, const char *path);

/* A number that depends on every name and byte, to compare runs. */
uint64_t simulated_disk_hash(const struct simulated_disk *disk);

#endif /* TESTS_SUPPORT_STORAGE_SIMULATED_DISK_H */
