/* Durable appends through segment_file and a disk queue, beside the same writes made raw.
 *
 *     bench_segment_flush DIRECTORY PARTITIONS BATCH_BYTES BATCHES_PER_ROUND MEGABYTES
 *
 * Every round appends to all partitions and flushes them side by side, as log_flusher does. The
 * raw run writes the same ranges with O_DIRECT and RWF_DSYNC by one ring into blocks that were
 * written with zeros before the clock started: what the device can do. */
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "storage/io/segment_cache.h"
#include "storage/io/segment_file.h"

#define PARTITIONS_MAX 256
#define CACHE_SIZE     ((size_t)8 << 20)

struct plan {
    const char *directory;
    size_t partitions;
    size_t batch_size;
    size_t batches;
    uint64_t total;
};

static double seconds(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void report(const char *name, const struct plan *plan, uint64_t rounds, double started,
                   double cpu_started)
{
    double elapsed = seconds(CLOCK_MONOTONIC) - started;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_started;
    double gigabytes = (double)plan->total / 1e9;
    printf("%-20s %7.0f MB/s  %5.2f CPU-s/GB  %8.0f rounds/s  %6.0f us/round\n", name,
           gigabytes * 1e3 / elapsed, cpu / gigabytes, (double)rounds / elapsed,
           elapsed / (double)rounds * 1e6);
}

static void path_of(const struct plan *plan, size_t index, char *path, size_t path_size)
{
    snprintf(path, path_size, "%s/segment-%zu.log", plan->directory, index);
}

static void on_flushed(void *context, enum status status, const struct error *error)
{
    size_t *left = context;
    if (status != STATUS_OK) {
        fprintf(stderr, "%s\n", error->text);
        exit(1);
    }
    (*left)--;
}

static void run_segment_files(const char *name, const struct plan *plan,
                              enum disk_queue_choice choice, enum write_engine engine)
{
    struct error error;
    struct segment_file_context context = {
        .files = file_system_posix(),
        .buffers = buffer_pool_create((size_t)256 << 20, (size_t)32 << 20),
        .cache = segment_cache_create(CACHE_SIZE),
    };
    if (disk_queue_open(choice, 256, 8, &context.queue, &error) != STATUS_OK) {
        printf("%-20s %s\n", name, error.text);
        return;
    }
    struct segment_file *segments[PARTITIONS_MAX];
    char path[4096];
    for (size_t i = 0; i < plan->partitions; i++) {
        path_of(plan, i, path, sizeof path);
        enum status status =
            segment_file_open(&context, path, 0, true, engine, &segments[i], &error);
        ASSERT(status == STATUS_OK);
    }
    uint8_t *batch = malloc(plan->batch_size);
    ASSERT(batch != NULL);
    memset(batch, 7, plan->batch_size);
    uint64_t rounds = 0;
    double started = seconds(CLOCK_MONOTONIC);
    double cpu_started = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t done = 0; done < plan->total; rounds++) {
        size_t left = plan->partitions;
        for (size_t i = 0; i < plan->partitions; i++) {
            for (size_t k = 0; k < plan->batches; k++, done += plan->batch_size) {
                enum status status = segment_file_append(
                    segments[i], (struct bytes){batch, plan->batch_size}, &error);
                ASSERT(status == STATUS_OK);
            }
            segment_file_flush(segments[i], true, on_flushed, &left);
        }
        context.queue->kick(context.queue);
        while (left > 0) {
            context.queue->wait(context.queue);
        }
    }
    report(name, plan, rounds, started, cpu_started);
    free(batch);
    for (size_t i = 0; i < plan->partitions; i++) {
        path_of(plan, i, path, sizeof path);
        segment_file_close(segments[i]);
        unlink(path);
    }
    while (context.queue->pending(context.queue) > 0) {
        context.queue->wait(context.queue);
    }
    context.queue->close(context.queue);
    segment_cache_destroy(context.cache);
    buffer_pool_destroy(context.buffers);
}

static void raw_round(struct io_uring *ring, const struct plan *plan, const int *descriptors,
                      uint8_t *memory, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < plan->partitions; i++) {
        struct io_uring_sqe *entry = io_uring_get_sqe(ring);
        io_uring_prep_write(entry, descriptors[i], memory, (unsigned)(to - from), from);
        entry->rw_flags = RWF_DSYNC;
    }
    io_uring_submit_and_wait(ring, (unsigned)plan->partitions);
    for (size_t i = 0; i < plan->partitions; i++) {
        struct io_uring_cqe *entry;
        int failed = io_uring_wait_cqe(ring, &entry);
        ASSERT(failed == 0 && entry->res == (int)(to - from));
        io_uring_cqe_seen(ring, entry);
    }
}

static void run_raw(const struct plan *plan)
{
    size_t share = plan->total / plan->partitions;
    size_t round_size = plan->batch_size * plan->batches;
    size_t memory_size = (round_size + 8191) / 4096 * 4096;
    memory_size = memory_size < (1 << 20) ? 1 << 20 : memory_size;
    uint8_t *memory = aligned_alloc(4096, memory_size);
    ASSERT(memory != NULL);
    memset(memory, 0, memory_size);
    int descriptors[PARTITIONS_MAX];
    char path[4096];
    for (size_t i = 0; i < plan->partitions; i++) {
        path_of(plan, i, path, sizeof path);
        descriptors[i] = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0644);
        ASSERT(descriptors[i] >= 0);
        for (uint64_t at = 0; at < share + memory_size; at += 1 << 20) {
            ssize_t put = pwrite(descriptors[i], memory, 1 << 20, (off_t)at);
            ASSERT(put == 1 << 20);
        }
        fsync(descriptors[i]);
    }
    struct io_uring ring;
    int failed = io_uring_queue_init(PARTITIONS_MAX, &ring, 0);
    ASSERT(failed == 0);
    uint64_t rounds = 0;
    double started = seconds(CLOCK_MONOTONIC);
    double cpu_started = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t end = 0; end < share; rounds++) {
        uint64_t from = end / 4096 * 4096;
        end += round_size;
        raw_round(&ring, plan, descriptors, memory, from, (end + 4095) / 4096 * 4096);
    }
    report("raw, zeros before", plan, rounds, started, cpu_started);
    io_uring_queue_exit(&ring);
    for (size_t i = 0; i < plan->partitions; i++) {
        path_of(plan, i, path, sizeof path);
        close(descriptors[i]);
        unlink(path);
    }
    free(memory);
}

int main(int count, char **arguments)
{
    if (count != 6) {
        fprintf(stderr, "usage: %s DIRECTORY PARTITIONS BATCH_BYTES BATCHES_PER_ROUND MEGABYTES\n",
                arguments[0]);
        return 2;
    }
    struct plan plan = {
        .directory = arguments[1],
        .partitions = (size_t)strtoul(arguments[2], NULL, 10),
        .batch_size = (size_t)strtoul(arguments[3], NULL, 10),
        .batches = (size_t)strtoul(arguments[4], NULL, 10),
        .total = strtoull(arguments[5], NULL, 10) * 1000000,
    };
    ASSERT(plan.partitions > 0 && plan.partitions <= PARTITIONS_MAX);
    run_raw(&plan);
    run_segment_files("ring, direct", &plan, DISK_QUEUE_RING, WRITE_ENGINE_DIRECT);
    run_segment_files("ring, buffered", &plan, DISK_QUEUE_RING, WRITE_ENGINE_BUFFERED);
    run_segment_files("workers, direct", &plan, DISK_QUEUE_WORKERS, WRITE_ENGINE_DIRECT);
    return 0;
}
