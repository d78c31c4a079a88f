#include "tests/unit/storage/segment_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_FILES_MAX 16

static void open_segment(struct segment_rig *rig, uint64_t end)
{
    struct error error;
    enum status status =
        segment_file_open(&rig->context, rig->path, end, true, rig->engine, &rig->file, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
}

void rig_open(struct segment_rig *rig, enum rig_disk disk_kind, enum write_engine engine,
              uint64_t seed, size_t pool_size, size_t cache_size)
{
    memset(rig, 0, sizeof *rig);
    rig->disk_kind = disk_kind;
    rig->engine = engine;
    random_seeded_init(&rig->random, seed);
    rig->model = malloc(RIG_MODEL_SIZE);
    struct error error;
    enum status status = STATUS_OK;
    if (disk_kind == RIG_SIMULATED) {
        rig->disk = simulated_disk_create(seed);
        rig->context.files = simulated_disk_files(rig->disk);
        rig->context.queue = simulated_disk_queue(rig->disk);
        snprintf(rig->path, sizeof rig->path, "segment.log");
    } else {
        temporary_directory_make(&rig->directory);
        temporary_path(&rig->directory, "segment.log", rig->path, sizeof rig->path);
        rig->context.files = file_system_posix();
        status = disk_queue_open(disk_kind == RIG_RING ? DISK_QUEUE_RING : DISK_QUEUE_WORKERS, 8, 2,
                                 &rig->context.queue, &error);
        if (status == STATUS_UNSUPPORTED) {
            temporary_directory_remove(&rig->directory);
            cr_skip("%s", error.text);
        }
    }
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    rig->context.buffers = buffer_pool_create(pool_size, pool_size);
    rig->context.cache = segment_cache_create(cache_size);
    rig->context.open_files = open_files_create(rig->context.files, OPEN_FILES_MAX);
    open_segment(rig, 0);
    if (rig->disk != NULL) {
        cr_assert_eq(rig->context.files->sync_directory(rig->context.files, ".", &error),
                     STATUS_OK);
    }
}

void rig_close(struct segment_rig *rig)
{
    segment_file_close(rig->file);
    while (rig->context.queue->pending(rig->context.queue) > 0) {
        rig->context.queue->wait(rig->context.queue);
    }
    rig->context.queue->close(rig->context.queue);
    open_files_destroy(rig->context.open_files);
    segment_cache_destroy(rig->context.cache);
    buffer_pool_destroy(rig->context.buffers);
    if (rig->disk != NULL) {
        simulated_disk_destroy(rig->disk);
    } else {
        temporary_directory_remove(&rig->directory);
    }
    free(rig->model);
}

void rig_reopen(struct segment_rig *rig, uint64_t end)
{
    segment_file_close(rig->file);
    rig->file = NULL;
    open_segment(rig, end);
    rig->safe = end;
    cr_expect_eq(segment_file_end(rig->file), end);
    cr_expect_eq(segment_file_durable_end(rig->file), end);
}

uint64_t rig_below(struct segment_rig *rig, uint64_t bound)
{
    return random_below(&rig->random.random, bound);
}

enum status rig_append(struct segment_rig *rig, size_t size)
{
    uint64_t end = segment_file_end(rig->file);
    cr_assert(end + size <= RIG_MODEL_SIZE);
    rig->random.random.fill(&rig->random.random, rig->model + end, size);
    struct error error;
    enum status status =
        segment_file_append(rig->file, (struct bytes){rig->model + end, size}, &error);
    cr_expect_eq(segment_file_end(rig->file), status == STATUS_OK ? end + size : end);
    return status;
}

static void on_flushed(void *context, enum status status, const struct error *error)
{
    struct segment_rig *rig = context;
    cr_assert(rig->flushing);
    rig->flushing = false;
    rig->flush_status = status;
    rig->flushes++;
    cr_expect((status == STATUS_OK) == (error == NULL));
    if (error != NULL) {
        cr_expect_eq(error->status, status);
    }
    rig->safe = segment_file_durable_end(rig->file);
}

void rig_flush_start(struct segment_rig *rig, bool durable)
{
    rig->flushing = true;
    rig->flush_end = segment_file_end(rig->file);
    segment_file_flush(rig->file, durable, on_flushed, rig);
    cr_assert(rig->flushing, "flushed() is never called before segment_file_flush() returns");
    rig->context.queue->kick(rig->context.queue);
}

enum status rig_flush_wait(struct segment_rig *rig)
{
    while (rig->flushing) {
        cr_assert(rig->context.queue->wait(rig->context.queue) > 0);
    }
    return rig->flush_status;
}

enum status rig_flush(struct segment_rig *rig, bool durable)
{
    rig_flush_start(rig, durable);
    return rig_flush_wait(rig);
}

static void check_slice(struct segment_rig *rig, const struct slice *slice, uint64_t position)
{
    uint8_t *copy = malloc(slice->size + 1);
    const uint8_t *data = slice->data;
    if (data == NULL) {
        struct file *file = CONTAINER_OF(slice->owner, struct file, counted);
        struct error error;
        size_t count = 0;
        cr_assert_eq(slice->file_position, position);
        cr_assert_eq(file->file_descriptor, slice->file_descriptor);
        cr_assert_eq(file->files->read(file, position, copy, slice->size, &count, &error),
                     STATUS_OK);
        cr_assert_eq(count, slice->size);
        data = copy;
    }
    cr_assert_eq(memcmp(data, rig->model + position, slice->size), 0, "slice at %llu",
                 (unsigned long long)position);
    free(copy);
}

void rig_check(struct segment_rig *rig, uint64_t position, size_t size)
{
    struct error error;
    uint8_t *copy = malloc(size + 1);
    enum status status = segment_file_read(rig->file, position, copy, size, true, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    cr_assert_eq(memcmp(copy, rig->model + position, size), 0, "%zu bytes at %llu", size,
                 (unsigned long long)position);
    free(copy);

    size_t capacity = SEGMENT_SLICES_MAX(size);
    struct slices slices = {.items = calloc(capacity, sizeof(struct slice)), .capacity = capacity};
    status = segment_file_slices(rig->file, position, size, &slices, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    cr_assert_eq(slices.size, size);
    for (size_t i = 0; i < slices.count; i++) {
        check_slice(rig, &slices.items[i], position);
        position += slices.items[i].size;
    }
    slices_release(&slices);
    free(slices.items);
}

void rig_check_all(struct segment_rig *rig)
{
    rig_check(rig, 0, (size_t)segment_file_end(rig->file));
}

void rig_crash(struct segment_rig *rig, uint64_t seed)
{
    uint64_t safe = rig->safe;
    simulated_disk_crash(rig->disk, seed);
    while (rig->context.queue->pending(rig->context.queue) > 0) {
        rig->context.queue->wait(rig->context.queue);
    }
    cr_assert(!rig->flushing);
    struct bytes content = simulated_disk_content(rig->disk, rig->path);
    cr_assert_geq(content.size, safe);
    cr_assert_eq(memcmp(content.data, rig->model, (size_t)safe), 0, "durable bytes have changed");
    segment_file_close(rig->file);
    rig->file = NULL;
    open_segment(rig, safe);
    rig->safe = safe;
    cr_assert_eq(simulated_disk_content(rig->disk, rig->path).size, safe);
}
