#include "tests/support/storage/log_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define BATCH_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define SLICES_MAX     4096
#define BORROWED_MAX   ((size_t)256 * 1024 * 1024)

static int64_t fixed_wall_ms(struct clock *clock)
{
    return CONTAINER_OF(clock, struct fixed_clock, clock)->wall_ms;
}

static int64_t fixed_monotonic_us(struct clock *clock)
{
    return CONTAINER_OF(clock, struct fixed_clock, clock)->monotonic_us;
}

void log_fixture_init_on(struct log_fixture *fixture, struct simulated_disk *disk)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->disk = disk;
    fixture->queue = simulated_disk_queue(disk);
    fixture->buffers = buffer_pool_create(BORROWED_MAX, (size_t)1024 * 1024);
    fixture->cache = segment_cache_create((size_t)8 * 1024 * 1024);
    ASSERT(fixture->buffers != NULL && fixture->cache != NULL);
    fixture->clock = (struct fixed_clock){
        .clock = {.wall_ms = fixed_wall_ms, .monotonic_us = fixed_monotonic_us},
        .wall_ms = LOG_FIXTURE_NOW_MS,
    };
    random_seeded_init(&fixture->random, 1);
    fixture->context = (struct log_context){
        .segment_files = {.files = simulated_disk_files(disk),
                          .queue = fixture->queue,
                          .buffers = fixture->buffers,
                          .cache = fixture->cache,
                          .engine_default = WRITE_ENGINE_DIRECT},
        .clock = &fixture->clock.clock,
        .random = &fixture->random.random,
        .producer_id_expiration_ms = (int64_t)24 * 3600 * 1000,
    };
    fixture->options = (struct partition_log_options){
        .directory = LOG_FIXTURE_DIRECTORY,
        .config = log_config_default(),
    };
}

void log_fixture_init(struct log_fixture *fixture, uint64_t seed)
{
    struct simulated_disk *disk = simulated_disk_create(seed);
    struct file_system *files = simulated_disk_files(disk);
    struct error error;
    ASSERT(files->make_directory(files, "/data", &error) == STATUS_OK);
    ASSERT(files->sync_directory(files, "/", &error) == STATUS_OK);
    log_fixture_init_on(fixture, disk);
}

void log_fixture_clear(struct log_fixture *fixture)
{
    if (fixture->log != NULL) {
        partition_log_abandon(fixture->log);
    }
    fixture->log = NULL;
    segment_cache_destroy(fixture->cache);
    fixture->queue->close(fixture->queue);
    simulated_disk_destroy(fixture->disk);
    buffer_pool_destroy(fixture->buffers);
}

enum status log_fixture_open(struct log_fixture *fixture)
{
    ASSERT(fixture->log == NULL);
    return partition_log_open(&fixture->context, &fixture->options, &fixture->log, &fixture->report,
                              &fixture->error);
}

enum status log_fixture_close(struct log_fixture *fixture)
{
    struct partition_log *log = fixture->log;
    int64_t end = partition_log_end_offset(log);
    fixture->options.log_start_offset = partition_log_start_offset(log);
    fixture->log = NULL;
    enum status status = partition_log_close(log, &fixture->error);
    fixture->options.was_clean = status == STATUS_OK;
    if (status == STATUS_OK) {
        fixture->options.recovery_point = end;
    }
    return status;
}

void log_fixture_crash(struct log_fixture *fixture, uint64_t seed)
{
    simulated_disk_crash(fixture->disk, seed);
    if (fixture->log != NULL) {
        partition_log_abandon(fixture->log);
    }
    fixture->log = NULL;
    fixture->options.was_clean = false;
}

struct flush_events {
    enum status status;
    unsigned flushed_count;
};

static void on_flushed(void *context, struct partition_log *log, void *attachment)
{
    struct flush_events *events = context;
    (void)log;
    (void)attachment;
    events->flushed_count++;
}

static void on_problem(void *context, struct partition_log *log, void *attachment,
                       const struct error *error)
{
    struct flush_events *events = context;
    (void)log;
    (void)attachment;
    events->status = error->status;
}

enum status log_fixture_flush(struct log_fixture *fixture)
{
    struct flush_events seen = {.status = STATUS_OK};
    struct log_flusher *flusher = log_flusher_create(
        fixture->queue,
        (struct log_flusher_events){
            .flushed = on_flushed, .no_space = on_problem, .failed = on_problem, .context = &seen});
    ASSERT(flusher != NULL);
    log_flusher_attach(flusher, fixture->log, NULL);
    fixture->clock.monotonic_us += 1000;
    log_flusher_kick(flusher, fixture->clock.monotonic_us);
    while (log_flusher_is_flushing(flusher, fixture->log)) {
        fixture->queue->kick(fixture->queue);
        (void)fixture->queue->wait(fixture->queue);
    }
    log_flusher_detach(flusher, fixture->log);
    log_flusher_destroy(flusher);
    return seen.status;
}

struct bytes log_fixture_batch(struct record_builder *builder, const struct batch_recipe *recipe)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.codec = recipe->codec;
    options.producer_id = recipe->producer_id;
    options.producer_epoch = recipe->producer_epoch;
    options.base_sequence = recipe->base_sequence;
    options.is_transactional = recipe->is_transactional;
    record_builder_init(builder, &options, BATCH_SIZE_MAX);
    struct error error;
    uint8_t *value = malloc((size_t)recipe->value_size + 1);
    ASSERT(value != NULL);
    memset(value, recipe->fill, (size_t)recipe->value_size);
    for (int32_t i = 0; i < recipe->count; i++) {
        struct record_content content = {
            .timestamp = recipe->timestamp_ms + i,
            .key = recipe->has_null_keys ? BYTES_NULL : (struct bytes){(const uint8_t *)"key", 3},
            .value = {value, (size_t)recipe->value_size},
        };
        ASSERT(record_builder_add(builder, &content, &error) == STATUS_OK);
    }
    free(value);
    struct compression_context *context = compression_context_create();
    struct bytes batch;
    ASSERT(record_builder_finish(builder, context, &batch, &error) == STATUS_OK);
    compression_context_destroy(context);
    return batch;
}

struct bytes log_fixture_marker(struct record_builder *builder, int64_t producer_id,
                                int16_t producer_epoch, enum control_record_type type,
                                int32_t coordinator_epoch)
{
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.producer_id = producer_id;
    options.producer_epoch = producer_epoch;
    options.is_control = true;
    options.is_transactional = true;
    record_builder_init(builder, &options, BATCH_SIZE_MAX);
    struct error error;
    struct bytes batch;
    ASSERT(record_builder_add_marker(builder, type, coordinator_epoch, LOG_FIXTURE_NOW_MS,
                                     &error) == STATUS_OK);
    ASSERT(record_builder_finish(builder, NULL, &batch, &error) == STATUS_OK);
    return batch;
}

static struct append_result append(struct log_fixture *fixture, struct bytes batch,
                                   enum append_origin origin)
{
    struct append_request request = {
        .batches = batch,
        .origin = origin,
        .leader_epoch = 0,
        .now_ms = fixture->clock.wall_ms,
        .zstd_allowed = true,
    };
    struct append_result result;
    partition_log_append(fixture->log, &request, &result);
    return result;
}

struct append_result log_fixture_append(struct log_fixture *fixture,
                                        const struct batch_recipe *recipe)
{
    struct record_builder builder;
    struct bytes batch = log_fixture_batch(&builder, recipe);
    struct append_result result = append(fixture, batch, APPEND_FROM_CLIENT);
    record_builder_clear(&builder);
    return result;
}

struct append_result log_fixture_append_marker(struct log_fixture *fixture, int64_t producer_id,
                                               int16_t producer_epoch,
                                               enum control_record_type type,
                                               int32_t coordinator_epoch)
{
    struct record_builder builder;
    struct bytes batch =
        log_fixture_marker(&builder, producer_id, producer_epoch, type, coordinator_epoch);
    struct append_result result = append(fixture, batch, APPEND_FROM_COORDINATOR);
    record_builder_clear(&builder);
    return result;
}

static void note_done(struct disk_operation *operation)
{
    bool *is_done = operation->context;
    *is_done = true;
}

static size_t copy_slices(struct log_fixture *fixture, struct slices *slices, uint8_t *memory,
                          size_t memory_size)
{
    struct file_system *files = simulated_disk_files(fixture->disk);
    size_t used = 0;
    for (size_t i = 0; i < slices->count; i++) {
        struct slice *slice = &slices->items[i];
        ASSERT(used + slice->size <= memory_size);
        if (slice->data != NULL) {
            memcpy(memory + used, slice->data, slice->size);
        } else {
            struct file *file = CONTAINER_OF(slice->owner, struct file, counted);
            size_t count = 0;
            struct error error;
            ASSERT(files->read(file, slice->file_position, memory + used, slice->size, &count,
                               &error) == STATUS_OK);
            ASSERT(count == slice->size);
        }
        used += slice->size;
    }
    return used;
}

enum status log_fixture_read(struct log_fixture *fixture, int64_t offset, size_t bytes_max,
                             uint8_t *memory, size_t memory_size, size_t *size,
                             struct log_read_result *result)
{
    struct log_read_request request = {
        .offset = offset,
        .upper_offset = partition_log_end_offset(fixture->log),
        .bytes_max = bytes_max,
        .at_least_one = true,
    };
    struct slice *items = calloc(SLICES_MAX, sizeof *items);
    ASSERT(items != NULL);
    enum status status;
    *size = 0;
    for (unsigned tries = 0;; tries++) {
        memset(result, 0, sizeof *result);
        result->slices = (struct slices){.items = items, .capacity = SLICES_MAX};
        status = partition_log_read(fixture->log, &request, result, &fixture->error);
        if (status != STATUS_AGAIN) {
            break;
        }
        ASSERT(tries < 8);
        bool is_done = false;
        struct disk_operation *operation = calloc(1, sizeof *operation);
        ASSERT(operation != NULL);
        partition_log_fetch_in(fixture->log, &request, operation, note_done, &is_done);
        while (!is_done) {
            fixture->queue->kick(fixture->queue);
            (void)fixture->queue->wait(fixture->queue);
        }
        free(operation);
    }
    if (status == STATUS_OK) {
        *size = copy_slices(fixture, &result->slices, memory, memory_size);
        slices_release(&result->slices);
    }
    free(items);
    result->slices = (struct slices){0};
    return status;
}
