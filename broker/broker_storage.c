/* Storage and metadata of a broker: directories, each shard's partitions, the controller. */
#include <stdlib.h>

#include "base/assert.h"
#include "broker/broker_parts.h"
#include "broker/config/topic_config.h"
#include "broker/handlers/fetch_session.h"
#include "broker/handlers/parked_appends.h"
#include "broker/producer_ids.h"
#include "proto/compression/compression.h"

/* Buffers of one shard: what the cache may hold, and what may wait for the disk or for clients. */
#define BUFFER_WAITING_BYTES_MAX ((size_t)24 * 1024 * 1024)
#define BUFFER_FREE_BYTES_MAX    ((size_t)4 * 1024 * 1024)

/* ---- what partitions ask of the broker ---- */

static bool owns(void *context, struct uuid topic_id, int32_t partition)
{
    struct broker_unit *unit = context;
    return broker_shard_of_partition(&unit->part, topic_id, partition) == shard_index(unit->shard);
}

static enum status locate(void *context, struct text topic, struct uuid topic_id, int32_t partition,
                          struct log_location *location, struct error *error)
{
    struct broker_unit *unit = context;
    return log_keeper_locate(unit->broker->log_keeper, topic, topic_id, partition, location, error);
}

static void configure(void *context, const struct metadata_image *image, struct text topic,
                      struct log_config *config, unsigned *min_insync_replicas)
{
    struct broker_unit *unit = context;
    topic_log_config(unit->part.config, image, unit->part.node_id, topic, config,
                     min_insync_replicas);
}

static void opened(void *context, const struct partition *partition,
                   const struct log_recovery_report *report, const struct error *error)
{
    struct broker_unit *unit = context;
    struct diagnostic_sink *sink = unit->broker->options.diagnostics;
    if (error != NULL) {
        diagnose(sink, DIAGNOSTIC_ERROR, "storage", "%.*s-%d is offline: %s",
                 TEXT_ARGUMENTS(partition->topic), partition->index, error->text);
    } else if (report->corrupt) {
        diagnose(sink, DIAGNOSTIC_ERROR, "storage",
                 "%.*s-%d is damaged from offset %lld: what lies before is served, appends are not",
                 TEXT_ARGUMENTS(partition->topic), partition->index,
                 (long long)report->corrupt_offset);
    } else if (report->torn_bytes > 0) {
        diagnose(sink, DIAGNOSTIC_WARNING, "storage",
                 "%.*s-%d: %llu bytes of a torn end were cut off, nothing of it was acknowledged",
                 TEXT_ARGUMENTS(partition->topic), partition->index,
                 (unsigned long long)report->torn_bytes);
    }
}

static void removed(void *context, struct text topic, int32_t partition)
{
    struct broker_unit *unit = context;
    log_keeper_delete(unit->broker->log_keeper, topic, partition);
}

static void applied(void *context, struct metadata_image *image)
{
    struct broker_unit *unit = context;
    controller_client_applied(unit->broker->controller_client, &unit->part, image);
}

static void failed(void *context, const struct partition *partition, const struct error *error)
{
    struct broker_unit *unit = context;
    struct error wrapped = *error;
    status_ignore(error_wrap(&wrapped, "%.*s-%d", TEXT_ARGUMENTS(partition->topic),
                             partition->index)); /* It is handed on. */
    broker_fail(unit->broker, &wrapped);
}

/* ---- checkpoints ---- */

/* After a restart only what was written since is scanned. */
#define CHECKPOINT_US ((int64_t)1000 * 1000)

static void send_checkpoints(struct broker_unit *unit)
{
    size_t cursor = 0;
    struct partition *partition = partition_table_next(unit->part.partitions, &cursor);
    while (partition != NULL) {
        if (partition->state == PARTITION_READY) {
            log_keeper_checkpoint(unit->broker->log_keeper, partition);
        }
        partition = partition_table_next(unit->part.partitions, &cursor);
    }
}

/* Started by flushing, so that an idle broker sleeps. */
static void checkpoint_due(struct shard *shard, struct shard_timer *timer)
{
    (void)shard;
    send_checkpoints(CONTAINER_OF(timer, struct broker_unit, checkpoint_timer));
}

/* ---- retention ---- */

static void clean_up(struct broker_unit *unit, struct partition *partition, int64_t now_ms)
{
    struct error error;
    unsigned deleted_count = 0;
    enum status status =
        partition_log_apply_retention(partition->log, now_ms, &deleted_count, &error);
    if (status == STATUS_OK) {
        status = partition_log_remove_deleted(partition->log, now_ms, &error);
    }
    if (status != STATUS_OK) {
        diagnose(unit->broker->options.diagnostics, DIAGNOSTIC_WARNING, "storage",
                 "retention of %s: %s", partition->directory, error.text);
    }
    partition_log_expire_producers(partition->log, now_ms);
}

static void retention_due(struct shard *shard, struct shard_timer *timer)
{
    struct broker_unit *unit = CONTAINER_OF(timer, struct broker_unit, retention_timer);
    int64_t now_ms = shard_wall_ms(shard);
    size_t cursor = 0;
    /* May have been altered meanwhile. */
    unit->log_context.producer_id_expiration_ms =
        config_value_in_force(unit->part.config, unit->part.image, unit->part.node_id,
                              CONFIG_PRODUCER_ID_EXPIRATION_MS)
            .integer;
    for (struct partition *partition;
         (partition = partition_table_next(unit->part.partitions, &cursor)) != NULL;) {
        if (partition->state == PARTITION_READY) {
            clean_up(unit, partition, now_ms);
        }
    }
    int64_t interval_ms =
        broker_config_integer(unit->part.config, CONFIG_LOG_RETENTION_CHECK_INTERVAL_MS);
    /* Without memory for it nothing more is deleted until the next start. */
    status_ignore(
        shard_timer_start(shard, timer, shard_now_us(shard) + interval_ms * 1000, retention_due));
}

void broker_start_storage_timers(struct broker *broker)
{
    struct clock *clock = broker->options.clock;
    int64_t interval_ms =
        broker_config_integer(broker->options.config, CONFIG_LOG_RETENTION_CHECK_INTERVAL_MS);
    for (unsigned i = 0; i < broker->units_count; i++) {
        struct broker_unit *unit = &broker->units[i];
        status_ignore(shard_timer_start(unit->shard, &unit->retention_timer,
                                        clock->monotonic_us(clock) + interval_ms * 1000,
                                        retention_due)); /* As above. */
    }
}

/* ---- flush rounds ---- */

/* How soon appends that found no buffer are tried again when no flush ends meanwhile. */
#define PARKED_RETRY_US ((int64_t)2 * 1000)

static void flush_due(struct shard *shard, struct shard_timer *timer)
{
    struct broker_unit *unit = CONTAINER_OF(timer, struct broker_unit, flush_timer);
    shard_run_at_turn_end(shard, &unit->part.flush_hook);
}

/* After appends, after disk operations, and when a deadline has come. */
static void flush(struct shard *shard, struct shard_hook *hook)
{
    struct broker_unit *unit = CONTAINER_OF(hook, struct broker_unit, part.flush_hook);
    struct log_flusher *flusher = partition_table_flusher(unit->part.partitions);
    if (parked_appends_exist(&unit->part)) {
        parked_appends_retry(&unit->part);
    }
    log_flusher_kick(flusher, shard_now_us(shard));
    if (unit->checkpoint_timer.entry.index == 0) {
        /* Without memory for the timer the next flush tries again. */
        status_ignore(shard_timer_start(shard, &unit->checkpoint_timer,
                                        shard_now_us(shard) + CHECKPOINT_US, checkpoint_due));
    }
    int64_t deadline_us = log_flusher_deadline_us(flusher);
    int64_t retry_us = shard_now_us(shard) + PARKED_RETRY_US;
    if (parked_appends_exist(&unit->part) && retry_us < deadline_us) {
        /* Buffers also come back when responses have left, and that nobody tells. */
        deadline_us = retry_us;
    }
    if (deadline_us < INT64_MAX &&
        (unit->flush_timer.entry.index == 0 || unit->flush_timer.entry.key > deadline_us)) {
        /* Without memory for the timer the next append tries again. */
        status_ignore(shard_timer_start(shard, &unit->flush_timer, deadline_us, flush_due));
    }
}

/* ---- opening ---- */

static enum write_engine write_engine(const struct broker_config *config)
{
    struct text engine = broker_config_text(config, CONFIG_LOG_WRITE_ENGINE);
    return text_equal(engine, TEXT_LITERAL("buffered")) ? WRITE_ENGINE_BUFFERED
                                                        : WRITE_ENGINE_DIRECT;
}

static void fill_log_context(struct broker_unit *unit)
{
    const struct broker_options *options = &unit->broker->options;
    unit->log_context = (struct log_context){
        .segment_files =
            {
                .files = options->files,
                .queue = unit->disk_queue,
                .buffers = unit->buffers,
                .cache = unit->segment_cache,
                .open_files = unit->open_files,
                .engine_default = write_engine(options->config),
            },
        .clock = options->clock,
        .random = options->random,
        .diagnostics = options->diagnostics,
        .producer_id_expiration_ms =
            broker_config_integer(options->config, CONFIG_PRODUCER_ID_EXPIRATION_MS),
        .compression = compression_context_create(),
    };
}

static enum status open_unit_storage(struct broker_unit *unit, struct error *error)
{
    struct broker *broker = unit->broker;
    const struct broker_config *config = broker->options.config;
    struct broker_shard *part = &unit->part;
    size_t cache_bytes =
        (size_t)broker_config_integer(config, CONFIG_LOG_READ_CACHE_BYTES) / broker->units_count;
    unit->buffers =
        buffer_pool_create(cache_bytes + BUFFER_WAITING_BYTES_MAX, BUFFER_FREE_BYTES_MAX);
    unit->segment_cache = segment_cache_create(cache_bytes);
    unit->open_files =
        open_files_create(broker->options.files, open_files_max_default(broker->units_count));
    fill_log_context(unit);
    struct partition_table_options options = {
        .node_id = part->node_id,
        .log_context = &unit->log_context,
        .queue = unit->disk_queue,
        .diagnostics = broker->options.diagnostics,
        .owner = {owns, locate, configure, opened, removed, applied, failed, unit},
    };
    if (unit->buffers != NULL && unit->segment_cache != NULL && unit->open_files != NULL &&
        unit->log_context.compression != NULL) {
        part->partitions = partition_table_create(&options);
    }
    part->fetch_sessions = fetch_session_cache_create(
        (unsigned)broker_config_integer(config, CONFIG_MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS));
    part->producer_ids = producer_ids_create(part);
    part->image = metadata_image_create_empty();
    if (part->partitions == NULL || part->fetch_sessions == NULL || part->producer_ids == NULL ||
        part->image == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the storage of a shard");
    }
    part->controller = broker->controller_client;
    part->cluster_id = log_keeper_cluster_id(broker->log_keeper);
    part->files = broker->options.files;
    part->log_keeper = broker->log_keeper;
    part->flush_hook.run = flush;
    shard_set_disk_hook(unit->shard, &part->flush_hook);
    return STATUS_OK;
}

static enum status open_directories(struct broker *broker, struct error *error)
{
    const struct broker_config *config = broker->options.config;
    struct text directories = broker_config_text(config, CONFIG_LOG_DIRS);
    struct log_keeper_options options = {
        .files = broker->options.files,
        .random = broker->options.random,
        .diagnostics = broker->options.diagnostics,
        .directories =
            directories.size > 0 ? directories : broker_config_text(config, CONFIG_LOG_DIR),
        .node_id = broker->units[0].part.node_id,
        .cluster_id = broker_config_text(config, CONFIG_CLUSTER_ID),
    };
    return log_keeper_open(&options, &broker->log_keeper, error);
}

enum status broker_open_storage(struct broker *broker, struct error *error)
{
    if (open_directories(broker, error) != STATUS_OK) {
        return error->status;
    }
    broker->controller_client = controller_client_create(broker->siblings, broker->units_count);
    if (broker->controller_client == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the controller's client");
    }
    for (unsigned i = 0; i < broker->units_count; i++) {
        if (open_unit_storage(&broker->units[i], error) != STATUS_OK) {
            return error->status;
        }
    }
    return STATUS_OK;
}

/* ---- closing ---- */

/* Messages and disk operations that are still on their way between the parts. Two rounds: the
 * answer to a message may go to a shard that has had its turn. */
static void drain(struct broker *broker)
{
    for (unsigned i = 0; i < 2 * broker->units_count; i++) {
        struct broker_unit *unit = &broker->units[i % broker->units_count];
        if (unit->shard == NULL) {
            continue;
        }
        shard_turn(unit->shard, false);
        while (unit->disk_queue->pending(unit->disk_queue) > 0) {
            unit->disk_queue->wait(unit->disk_queue);
        }
    }
}

static void free_unit_storage(struct broker_unit *unit)
{
    struct broker_shard *part = &unit->part;
    if (unit->shard != NULL) {
        shard_timer_stop(unit->shard, &unit->checkpoint_timer);
        shard_timer_stop(unit->shard, &unit->retention_timer);
        shard_timer_stop(unit->shard, &unit->flush_timer);
        shard_set_disk_hook(unit->shard, NULL);
    }
    if (list_contains_node(&part->flush_hook.node)) {
        list_remove(&part->flush_hook.node);
    }
    producer_ids_destroy(part->producer_ids);
    fetch_session_cache_destroy(part->fetch_sessions);
    partition_table_destroy(part->partitions);
    metadata_image_release(part->image);
    compression_context_destroy(unit->log_context.compression);
    segment_cache_destroy(unit->segment_cache);
    open_files_destroy(unit->open_files);
    buffer_pool_destroy(unit->buffers);
}

/* The first error is told; all partitions are closed. */
static enum status close_partitions(struct broker *broker, struct error *error)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < broker->units_count; i++) {
        struct broker_unit *unit = &broker->units[i];
        struct error unit_error;
        if (unit->part.partitions == NULL) {
            continue;
        }
        send_checkpoints(unit);
        if (partition_table_close_all(unit->part.partitions, &unit_error) != STATUS_OK &&
            status == STATUS_OK) {
            *error = unit_error;
            status = unit_error.status;
        }
    }
    return status;
}

enum status broker_close_storage(struct broker *broker, struct error *error)
{
    drain(broker);
    broker_close_controller(broker);
    drain(broker);
    enum status status = close_partitions(broker, error);
    drain(broker);
    for (unsigned i = 0; i < broker->units_count; i++) {
        free_unit_storage(&broker->units[i]);
    }
    controller_client_destroy(broker->controller_client);
    log_keeper_close(broker->log_keeper, status == STATUS_OK && !atomic_load(&broker->has_failed));
    return status;
}
