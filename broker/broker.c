#include "broker/broker.h"

#include <sched.h>
#include <stdlib.h>

#include "base/assert.h"
#include "broker/api/api_table.h"
#include "broker/broker_parts.h"

/* Disk operations under way per shard, and threads for those that a ring cannot do. */
#define DISK_DEPTH         256u
#define DISK_WORKERS_COUNT 2u

/* ---- stopping ---- */

/* All connections of all shards are gone. */
static void end_loops(struct broker *broker)
{
    shard_timer_stop(broker->units[0].shard, &broker->stop_timer);
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

static void abort_connections(struct shard *shard, struct shard_timer *timer)
{
    (void)shard;
    struct broker *broker = CONTAINER_OF(timer, struct broker, stop_timer);
    diagnose(broker->options.diagnostics, DIAGNOSTIC_WARNING, "broker",
             "requests are still under way: their connections are closed");
    for (unsigned i = 0; i < broker->units_count; i++) {
        broker->units[i].abort_message.receive = receive_abort;
        shard_post(broker->units[i].shard, &broker->units[i].abort_message);
    }
}

static void receive_stop_request(struct shard *shard, struct shard_message *message)
{
    struct broker *broker = CONTAINER_OF(message, struct broker, stop_request);
    atomic_store(&broker->stop_posted, false);
    broker->stop_requests++;
    if (broker->stop_requests == 2) {
        shard_timer_stop(shard, &broker->stop_timer);
        abort_connections(shard, &broker->stop_timer);
    }
    if (broker->stop_requests > 1) {
        return;
    }
    diagnose(broker->options.diagnostics, DIAGNOSTIC_INFO, "broker", "stopping");
    listeners_stop(broker->listeners);
    broker->units_serving = broker->units_count;
    for (unsigned i = 0; i < broker->units_count; i++) {
        broker->units[i].stop_message.receive = receive_stop;
        shard_post(broker->units[i].shard, &broker->units[i].stop_message);
    }
    int64_t deadline_us = shard_now_us(shard) + BROKER_STOP_US_MAX;
    if (shard_timer_start(shard, &broker->stop_timer, deadline_us, abort_connections) !=
        STATUS_OK) {
        abort_connections(shard, &broker->stop_timer);
    }
}

void broker_stop(struct broker *broker)
{
    /* A request that is still in the mailbox counts for this one, too. */
    if (atomic_exchange(&broker->stop_posted, true)) {
        return;
    }
    shard_post(broker->units[0].shard, &broker->stop_request);
}

/* ---- opening ---- */

static unsigned processors_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    int count = CPU_COUNT(&set);
    return count < 1                             ? 1
           : (unsigned)count < BROKER_SHARDS_MAX ? (unsigned)count
                                                 : BROKER_SHARDS_MAX;
}

static enum status open_unit(struct broker *broker, unsigned index, struct error *error)
{
    struct broker_unit *unit = &broker->units[index];
    unit->broker = broker;
    if (disk_queue_open(DISK_QUEUE_AUTOMATIC, DISK_DEPTH, DISK_WORKERS_COUNT, &unit->disk_queue,
                        error) != STATUS_OK) {
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
    broker->units_count = processors_count();
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
    if (open_units(broker, error) != STATUS_OK || open_signals(broker, error) != STATUS_OK ||
        broker_open_listeners(broker, error) != STATUS_OK) {
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

enum status broker_run(struct broker *broker, void (*ready)(void *context, const char *addresses),
                       void *context, struct error *error)
{
    enum status status = start_shards(broker, error);
    if (status == STATUS_OK) {
        status = listeners_start(broker->listeners, error);
    }
    if (status == STATUS_OK) {
        char addresses[BROKER_READY_SIZE_MAX];
        broker_format_addresses(broker, addresses);
        ready(context, addresses);
        shard_run(broker->units[0].shard);
    }
    for (unsigned i = 1; i < broker->units_count; i++) {
        if (broker->units[i].is_started) {
            shard_stop(broker->units[i].shard);
            shard_join(broker->units[i].shard);
        }
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
    (void)error;
    if (broker == NULL) {
        return STATUS_OK;
    }
    if (broker->listeners != NULL) {
        /* Connections that ended last may still be on their way home. */
        shard_turn(broker->units[0].shard, false);
        listeners_close(broker->listeners);
    }
    signal_watch_close(broker->signals);
    for (unsigned i = 0; broker->units != NULL && i < broker->units_count; i++) {
        close_unit(&broker->units[i]);
    }
    free(broker->units);
    free(broker);
    return STATUS_OK;
}
