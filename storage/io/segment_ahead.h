/* Which blocks of a segment file are ready before data comes, so that making data durable needs no
 * journal transaction: two ways, chosen by how much recent flushes brought.
 *
 *     0                      ready_end        island_start   island_end
 *     |-- data, or zeros ---------|   …a flush under way…  |-- zeros --|
 *
 *   zeros    small flushes: blocks are written with zeros, durably, in steps, by the disk queue
 *   reserve  large flushes: space is reserved in larger steps; writing twice would cost more than
 *            the transaction
 *
 * At most one step is under way. A step lies strictly behind every range that is being flushed, and
 * a flush that reaches into a step waits for it: two writes of one range are not ordered. How far
 * ahead grows with what was appended, so an idle partition has nothing ahead. */
#ifndef STORAGE_IO_SEGMENT_AHEAD_H
#define STORAGE_IO_SEGMENT_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/io/disk_queue.h"
#include "storage/io/segment_cache.h"

/* Appended before anything is done ahead. */
#define SEGMENT_AHEAD_START_SIZE (64u * 1024)
/* Flushes of this size on average and above get reserved space instead of zeros. */
#define SEGMENT_AHEAD_RESERVE_FLUSH_SIZE (64u * 1024 * 1024)
#define SEGMENT_AHEAD_ZEROS_SIZE_MAX     (16u * 1024 * 1024)
#define SEGMENT_AHEAD_ZEROS_STEP_SIZE    (2048u * 1024)
#define SEGMENT_AHEAD_RESERVE_SIZE_MAX   (32u * 1024 * 1024)

struct segment_ahead_step;
typedef void segment_ahead_done_fn(void *context);

struct segment_ahead {
    bool writes_zeros;     /* The direct engine; else only reserves. */
    bool stopped;          /* The disk is full, or cannot: no more steps. */
    uint64_t ready_end;    /* Every block before it was written. */
    uint64_t island_start; /* Zeros behind what a flush will write; none when equal to the end. */
    uint64_t island_end;
    uint64_t reserved_end;
    uint64_t appended_size;          /* Since the file was opened. */
    uint64_t flush_size;             /* Moving average. */
    struct segment_ahead_step *step; /* Under way, NULL when none. */
    segment_ahead_done_fn *done;     /* A step has ended. */
    void *context;
};

/* Nothing is ahead of `end`. */
void segment_ahead_init(struct segment_ahead *ahead, bool writes_zeros, uint64_t end,
                        segment_ahead_done_fn *done, void *context);

/* A flush of [from, to), multiples of BUFFER_ALIGNMENT, has to wait for the step under way. */
bool segment_ahead_blocks(const struct segment_ahead *ahead, uint64_t to);

/* A flush was started that ends at `to`, after `size` new bytes: looks whether a step behind it is
 * wanted, and submits it. */
void segment_ahead_flushing(struct segment_ahead *ahead, struct file *file,
                            struct disk_queue *queue, struct segment_cache *cache, uint64_t to,
                            uint64_t size);

/* Everything before `to` has been written. */
void segment_ahead_flushed(struct segment_ahead *ahead, uint64_t to);

/* Waits for the step under way. Its done() is called. */
void segment_ahead_wait(struct segment_ahead *ahead, struct disk_queue *queue);

/* The file was cut at `end`. No step is under way. */
void segment_ahead_cut(struct segment_ahead *ahead, uint64_t end);

#endif /* STORAGE_IO_SEGMENT_AHEAD_H */
