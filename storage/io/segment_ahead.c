#include "storage/io/segment_ahead.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buffer.h"

struct segment_ahead_step {
    struct disk_operation operation;
    struct segment_ahead *ahead;
    uint64_t start;
    uint64_t end;
};

_Static_assert(SEGMENT_AHEAD_ZEROS_STEP_SIZE / SEGMENT_ZEROS_SIZE <= DISK_PIECES_MAX, "one step");

static uint64_t max_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t round_up(uint64_t size)
{
    return (size + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
}

void segment_ahead_init(struct segment_ahead *ahead, bool writes_zeros, uint64_t end,
                        segment_ahead_done_fn *done, void *context)
{
    *ahead = (struct segment_ahead){
        .writes_zeros = writes_zeros,
        .ready_end = round_up(end),
        .reserved_end = round_up(end),
        .done = done,
        .context = context,
    };
}

bool segment_ahead_blocks(const struct segment_ahead *ahead, uint64_t to)
{
    const struct segment_ahead_step *step = ahead->step;
    return step != NULL && step->operation.kind != DISK_RESERVE && to > step->start;
}

/* Zeros that lie directly behind what is ready are ready too. */
static void join_island(struct segment_ahead *ahead)
{
    if (ahead->island_start < ahead->island_end && ahead->island_start <= ahead->ready_end) {
        ahead->ready_end = max_of(ahead->ready_end, ahead->island_end);
        ahead->island_start = ahead->island_end = 0;
    }
}

static void step_done(struct disk_operation *operation)
{
    struct segment_ahead_step *step = CONTAINER_OF(operation, struct segment_ahead_step, operation);
    struct segment_ahead *ahead = step->ahead;
    ASSERT(ahead->step == step);
    ahead->step = NULL;
    if (operation->status != STATUS_OK) {
        /* No data is lost: flushes go on without. A disk that fails will say so there, too. */
        ahead->stopped = true;
    } else if (operation->kind == DISK_RESERVE) {
        ahead->reserved_end = max_of(ahead->reserved_end, step->end);
    } else {
        ahead->island_start = step->start;
        ahead->island_end = step->end;
        join_island(ahead);
    }
    free(step);
    ahead->done(ahead->context);
}

static void start_step(struct segment_ahead *ahead, struct file *file, struct disk_queue *queue,
                       struct segment_cache *cache, enum disk_operation_kind kind, uint64_t start,
                       uint64_t end)
{
    struct segment_ahead_step *step = calloc(1, sizeof *step);
    uint8_t *zeros = step != NULL && kind != DISK_RESERVE ? segment_cache_zeros(cache) : NULL;
    if (step == NULL || (kind != DISK_RESERVE && zeros == NULL)) {
        free(step); /* Without memory nothing is done ahead, this time. */
        return;
    }
    step->ahead = ahead;
    step->start = start;
    step->end = end;
    step->operation.kind = kind;
    step->operation.file = file;
    step->operation.position = start;
    step->operation.size = end - start;
    step->operation.done = step_done;
    for (uint64_t at = start; kind != DISK_RESERVE && at < end; at += SEGMENT_ZEROS_SIZE) {
        step->operation.pieces[step->operation.pieces_count++] = (struct disk_piece){
            .memory = zeros,
            .size = (size_t)min_of(SEGMENT_ZEROS_SIZE, end - at),
        };
    }
    ahead->step = step;
    queue->submit(queue, &step->operation);
}

/* Doubling: never further ahead than half of what was appended. */
static uint64_t distance(const struct segment_ahead *ahead, uint64_t size_max)
{
    uint64_t half = ahead->appended_size / 2 / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
    return min_of(half, size_max);
}

static void reserve(struct segment_ahead *ahead, struct file *file, struct disk_queue *queue,
                    struct segment_cache *cache, uint64_t to)
{
    uint64_t wanted = distance(ahead, SEGMENT_AHEAD_RESERVE_SIZE_MAX);
    uint64_t start = max_of(ahead->reserved_end, to);
    if (start < to + wanted / 2) {
        start_step(ahead, file, queue, cache, DISK_RESERVE, start, start + wanted);
    }
}

static void write_zeros(struct segment_ahead *ahead, struct file *file, struct disk_queue *queue,
                        struct segment_cache *cache, uint64_t to)
{
    uint64_t wanted = min_of(distance(ahead, SEGMENT_AHEAD_ZEROS_SIZE_MAX),
                             round_up(max_of(32 * ahead->flush_size, SEGMENT_AHEAD_START_SIZE)));
    uint64_t start = max_of(ahead->ready_end, to);
    if (ahead->island_start < ahead->island_end) {
        return; /* The flush under way will reach it. */
    }
    if (start < to + wanted / 2) {
        uint64_t end = min_of(to + wanted, start + SEGMENT_AHEAD_ZEROS_STEP_SIZE);
        start_step(ahead, file, queue, cache, DISK_WRITE_DURABLE, start, end);
    }
}

void segment_ahead_flushing(struct segment_ahead *ahead, struct file *file,
                            struct disk_queue *queue, struct segment_cache *cache, uint64_t to,
                            uint64_t size)
{
    ahead->appended_size += size;
    ahead->flush_size = (3 * ahead->flush_size + size) / 4;
    if (ahead->stopped || ahead->step != NULL || ahead->appended_size < SEGMENT_AHEAD_START_SIZE) {
        return;
    }
    if (ahead->writes_zeros && ahead->flush_size < SEGMENT_AHEAD_RESERVE_FLUSH_SIZE) {
        write_zeros(ahead, file, queue, cache, round_up(to));
    } else {
        reserve(ahead, file, queue, cache, round_up(to));
    }
}

void segment_ahead_flushed(struct segment_ahead *ahead, uint64_t to)
{
    ahead->ready_end = max_of(ahead->ready_end, round_up(to));
    join_island(ahead);
}

void segment_ahead_wait(struct segment_ahead *ahead, struct disk_queue *queue)
{
    if (ahead->step != NULL) {
        queue->wait_for(queue, &ahead->step->operation);
        ASSERT(ahead->step == NULL);
    }
}

void segment_ahead_cut(struct segment_ahead *ahead, uint64_t end)
{
    ASSERT(ahead->step == NULL);
    ahead->ready_end = round_up(end);
    ahead->reserved_end = round_up(end);
    ahead->island_start = ahead->island_end = 0;
    ahead->stopped = false;
}
