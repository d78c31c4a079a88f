#include "broker/broker.h"

#include <sched.h>
#include <stdlib.h>

#include "base/assert.h"
#include "broker/admin/admin.h"
#include "broker/api/api_table.h"
#include "broker/broker_parts.h"
#include "storage/io/io_workers.h"

/* Disk operations under way per shard. */
#define DISK_DEPTH 256u

/* ---- stopping ----
 *
 *   asked -> listeners close, connections end -> all are gone -> loops end
 *              '-- time is up, asked again ----> aborted -- still not gone -> stuck, loops end */

static void end_loops(struct broker *broker)
{
    shard_timer_stop(broker->units[0].shard, &broker->stop_timer);
    broker_stop_metadata(broker);
    if (broker->admin != NULL) {
        admin_stop(broker->admin);
    }
    for (unsigned i = 0; i < broker->units_count; i++) {
        shard_stop(broker->units[i].shard);
    }
}

static void receive_unit_stopped(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct broker_unit *unit = CONTAINER_OF(message, struct broker_unit, stopped_message);
    struct broker *broker = unit->broker;
    ASSERT(broker->units_serving > 0);
    if (--broker->units_serving == 0) {
        end_loops(broker);
    }
}

static void server_stopped(struct server_shard *server)
{
    struct broker_unit *unit = CONTAINER_OF(server, struct broker_unit, server);
    unit->stopped_message.receive = receive_unit_stopped;
    shard_post(unit->broker->units[0].shard, &unit->stopped_message);
}

static void receive_stop(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct broker_unit *unit = CONTAINER_OF(message, struct broker_unit, stop_message);
    server_shard_stop(&unit->server, server_stopped);
}

static void receive_abort(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct broker_unit *unit = CONTAINER_OF(message, struct broker_unit, abort_message);
    server_shard_abort(&unit->server);
}

static void stop_time_is_up(struct shard *shard, struct shard_timer *timer)
{
    struct broker *broker = CONTAINER_OF(timer, struct broker, stop_timer);
    struct diagnostic_sink *sink = broker->options.diagnostics;
    if (broker->is_aborted) {
        diagnose(sink, DIAGNOSTIC_ERROR, "broker",
                 "requests do not end: leaving without closing the logs");
        broker->is_stuck = true;
        end_loops(broker);
        return;
    }
    diagnose(sink, DIAGNOSTIC_WARNING, "broker",
             "requests are still under way: their connections are closed");
    broker->is_aborted = true;
    for (unsigned i = 0; i < broker->units_count; i++) {
        broker->units[i].abort_message.receive = receive_abort;
        shard_post(broker->units[i].shard, &broker->units[i].abort_message);
    }
    if (shard_timer_start(shard, timer, shard_now_us(shard) + BROKER_ABORT_US_MAX,
                          stop_time_is_up) != STATUS_OK) {
        stop_time_is_up(shard, timer);
    }
}

static void begin_stop(struct broker *broker, struct shard *shard)
{
    if (broker->admin != NULL) {
        admin_set_ready(broker->admin, false);
    }
    listeners_stop(broker->listeners);
    broker->units_serving = broker->units_count;
    for (unsigned i = 0; i < broker->units_count; i++) {
        broker->units[i].stop_message.receive = receive_stop;
        shard_post(broker->units[i].shard, &broker->units[i].stop_message);
    }
    int64_t deadline_us = shard_now_us(shard) + BROKER_STOP_US_MAX;
    if (shard_timer_start(shard, &broker->stop_timer, deadline_us, stop_time_is_up) != STATUS_OK) {
        stop_time_is_up(shard, &broker->stop_timer);
    }
}

static void receive_stop_request(struct shard *shard, struct shard_message *message)
{
    struct broker *broker = CONTAINER_OF(message, struct broker, stop_request);
    atomic_store(&broker->stop_posted, false);
    broker->stop_requests++;
    if (broker->stop_requests == 1) {
        diagnose(broker->options.diagnostics, DIAGNOSTIC_INFO, "broker", "stopping");
        begin_stop(broker, shard);
    } else if (!broker->is_aborted) {
        shard_timer_stop(shard, &broker->stop_timer);
        stop_time_is_up(shard, &broker->stop_timer);
    }
}

void broker_stop(struct broker *broker)
{
    /* A request that is still in the mailbox counts for this one, too. */
    if (!atomic_exchange(&broker->stop_posted, true)) {
        shard_post(broker->units[0].shard, &broker->stop_request);
    }
}

static void receive_failure(struct shard *shard, struct shard_message *message)
{
    struct broker *broker = CONTAINER_OF(message, struct broker, failure_message);
    diagnose(broker->options.diagnostics, DIAGNOSTIC_ERROR, "broker", "stopping: %s",
             broker->failure.text);
    if (broker->stop_requests++ == 0) {
        begin_stop(broker, shard);
    }
}

void broker_fail(struct broker *broker, const struct error *error)
{
    if (!atomic_exchange(&broker->has_failed, true)) {
        broker->failure = *error;
        shard_post(broker->units[0].shard, &broker->failure_message);
    }
}

/* ---- opening ---- */

static unsigned shards_count(const struct broker_config *config)
{
    int64_t wanted = broker_config_integer(config, CONFIG_NUM_NETWORK_THREADS);
    if (wanted > 0) {
        return wanted < BROKER_SHARDS_MAX ? (unsigned)wanted : BROKER_SHARDS_MAX;
    }
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    /* Half of them: the other half is the system's, for sockets and disk, and clients' that run
     * beside. Two shards on two CPUs cost almost twice the CPU time per request of one. */
    int count = CPU_COUNT(&set) / 2;
    return count < 1                             ? 1
           : (unsigned)count < BROKER_SHARDS_MAX ? (unsigned)count
                                                 : BROKER_SHARDS_MAX;
}

static enum disk_queue_choice disk_queue_choice(const struct broker_config *config)
{
    struct text choice = broker_config_text(config, CONFIG_LOG_DISK_QUEUE);
    return text_equal(choice, TEXT_LITERAL("io_uring"))  ? DISK_QUEUE_RING
           : text_equal(choice, TEXT_LITERAL("workers")) ? DISK_QUEUE_WORKERS
                                                         : DISK_QUEUE_AUTOMATIC;
}

static enum status open_disk_queue(struct broker_unit *unit, const struct broker_config *config,
                                   struct error *error)
{
    int64_t workers = broker_config_integer(config, CONFIG_NUM_IO_THREADS);
    return disk_queue_open(disk_queue_choice(config), DISK_DEPTH,
                           workers < IO_WORKERS_COUNT_MAX ? (unsigned)workers
                                                          : IO_WORKERS_COUNT_MAX,
                           &unit->disk_queue, error);
}

static enum status open_unit(struct broker *broker, unsigned index, struct error *error)
{
    struct broker_unit *unit = &broker->units[index];
    unit->broker = broker;
    if (open_disk_queue(unit, broker->options.config, error) != STATUS_OK) {
        return error_wrap(error, "shard %u", index);
    }
    struct shard_options options = {
        .index = index,
        .clock = broker->options.clock,
        .diagnostics = broker->options.diagnostics,
        .disk_queue = unit->disk_queue,
    };
    unit->metrics = metrics_shard_create(api_count());
    if (unit->metrics == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for shard %u", index);
    }
    if (shard_open(&options, &unit->shard, error) != STATUS_OK) {
        return error->status;
    }
    unit->part = (struct broker_shard){
        .broker = broker,
        .shard = unit->shard,
        .siblings = broker->siblings,
        .siblings_count = broker->units_count,
        .config = broker->options.config,
        .metrics = unit->metrics,
        .random = broker->options.random,
        .node_id = (int32_t)broker_config_integer(broker->options.config, CONFIG_NODE_ID),
    };
    list_init(&unit->part.parked_appends);
    shard_attach(unit->shard, &unit->part);
    struct server_limits limits = broker_server_limits(broker);
    server_shard_init(&unit->server, unit->shard, &unit->part, unit->metrics, &limits);
    unit->is_serving = true;
    broker->siblings[index] = &unit->part;
    broker->servers[index] = &unit->server;
    return STATUS_OK;
}

static enum status open_units(struct broker *broker, struct error *error)
{
    broker->units_count = shards_count(broker->options.config);
    broker->units = calloc(broker->units_count, sizeof *broker->units);
    if (broker->units == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u shards", broker->units_count);
    }
    for (unsigned i = 0; i < broker->units_count; i++) {
        if (open_unit(broker, i, error) != STATUS_OK) {
            return error->status;
        }
    }
    return STATUS_OK;
}

static void signal_arrived(void *context, int signal_number)
{
    (void)signal_number;
    broker_stop(context);
}

static enum status open_signals(struct broker *broker, struct error *error)
{
    if (!broker->options.stops_on_signals) {
        return STATUS_OK;
    }
    return signal_watch_open(broker->units[0].shard, signal_arrived, broker, &broker->signals,
                             error);
}

enum status broker_open(const struct broker_options *options, struct broker **broker_out,
                        struct error *error)
{
    struct broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a broker");
    }
    broker->options = *options;
    broker->stop_request.receive = receive_stop_request;
    broker->failure_message.receive = receive_failure;
    if (open_units(broker, error) != STATUS_OK || open_signals(broker, error) != STATUS_OK ||
        broker_open_storage(broker, error) != STATUS_OK ||
        broker_open_listeners(broker, error) != STATUS_OK ||
        broker_open_controller(broker, error) != STATUS_OK ||
        broker_open_admin(broker, error) != STATUS_OK) {
        struct error ignored; /* The first error is the one to tell. */
        status_ignore(broker_close(broker, &ignored));
        return error->status;
    }
    *broker_out = broker;
    return STATUS_OK;
}

/* ---- running ---- */

static enum status start_shards(struct broker *broker, struct error *error)
{
    for (unsigned i = 1; i < broker->units_count; i++) {
        if (shard_start(broker->units[i].shard, error) != STATUS_OK) {
            return error->status;
        }
        broker->units[i].is_started = true;
    }
    return STATUS_OK;
}

/* This broker is in the cluster and its partitions are open: clients may come. */
static void registered(struct broker *broker)
{
    struct error error;
    if (broker->stop_requests > 0) {
        return;
    }
    if (listeners_start(broker->listeners, &error) != STATUS_OK) {
        broker_fail(broker, &error);
        return;
    }
    char addresses[BROKER_READY_SIZE_MAX];
    broker_format_addresses(broker, addresses);
    if (broker->admin != NULL) {
        admin_set_ready(broker->admin, true);
    }
    broker->ready(broker->ready_context, addresses);
}

enum status broker_run(struct broker *broker, void (*ready)(void *context, const char *addresses),
                       void *context, struct error *error)
{
    broker->ready = ready;
    broker->ready_context = context;
    log_keeper_start(broker->log_keeper, broker->units[0].shard);
    broker_start_storage_timers(broker);
    broker_start_metadata(broker, registered);
    enum status status = start_shards(broker, error);
    if (status == STATUS_OK) {
        shard_run(broker->units[0].shard);
    }
    for (unsigned i = 1; i < broker->units_count; i++) {
        if (broker->units[i].is_started) {
            shard_stop(broker->units[i].shard);
            shard_join(broker->units[i].shard);
        }
    }
    if (status == STATUS_OK && atomic_load(&broker->has_failed)) {
        *error = broker->failure;
        status = error->status;
    }
    return status;
}

/* ---- closing ---- */

static void close_unit(struct broker_unit *unit)
{
    if (unit->is_serving) {
        server_shard_clear(&unit->server);
    }
    shard_close(unit->shard);
    metrics_shard_destroy(unit->metrics);
    if (unit->disk_queue != NULL) {
        unit->disk_queue->close(unit->disk_queue);
    }
}

enum status broker_close(struct broker *broker, struct error *error)
{
    if (broker == NULL) {
        return STATUS_OK;
    }
    if (broker->is_stuck) {
        /* Somebody still works with it. The process ends; recovery is for such cases. */
        return error_set(error, STATUS_TIMED_OUT, "requests did not end within %lld seconds",
                         (long long)((BROKER_STOP_US_MAX + BROKER_ABORT_US_MAX) / 1000000));
    }
    enum status status = STATUS_OK;
    if (broker->units != NULL) {
        status = broker_close_storage(broker, error);
    }
    listeners_close(broker->listeners);
    admin_close(broker->admin);
    signal_watch_close(broker->signals);
    for (unsigned i = 0; broker->units != NULL && i < broker->units_count; i++) {
        close_unit(&broker->units[i]);
    }
    free(broker->units);
    free(broker);
    return status;
}
