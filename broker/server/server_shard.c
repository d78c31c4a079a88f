#include "broker/server/server_shard.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "broker/server/connection.h"

struct server_limits server_limits_default(void)
{
    return (struct server_limits){
        .request_bytes_max = (size_t)100 * 1024 * 1024,
        .received_bytes_max = (size_t)256 * 1024 * 1024,
        .output_bytes_max = (size_t)64 * 1024 * 1024,
        .calls_max = 64,
        .idle_us_max = (int64_t)600 * 1000 * 1000,
        .frame_us_max = (int64_t)30 * 1000 * 1000,
        .stalled_us_max = (int64_t)60 * 1000 * 1000,
    };
}

static void resume_starved(struct shard *shard, struct shard_hook *hook)
{
    (void)shard;
    struct server_shard *server = CONTAINER_OF(hook, struct server_shard, starved_hook);
    while (!list_is_empty(&server->starved)) {
        struct list_node *node = list_first(&server->starved);
        list_remove(node);
        connection_resume(connection_of_starved_node(node));
        if (list_contains_node(node)) {
            return; /* Still no memory: it waits again, and so do the others. */
        }
    }
}

void server_shard_init(struct server_shard *server, struct shard *shard,
                       struct broker_shard *broker, struct metrics_shard *metrics,
                       const struct server_limits *limits)
{
    *server = (struct server_shard){
        .shard = shard,
        .broker = broker,
        .metrics = metrics,
        .limits = *limits,
        .admit = api_admit,
        .starved_hook.run = resume_starved,
    };
    receive_pool_init(&server->receive_pool, limits->received_bytes_max);
    list_init(&server->connections);
    list_init(&server->starved);
    list_init(&server->free_calls);
}

static void free_calls(struct server_shard *server, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct list_node *node = list_first(&server->free_calls);
        struct api_call *call = CONTAINER_OF(node, struct api_call, connection_node);
        list_remove(node);
        metrics_subtract(server->metrics, METRIC_CALL_MEMORY, sizeof *call + call->arena.size);
        arena_clear(&call->arena);
        free(call);
    }
    server->free_calls_count -= count;
}

void server_shard_clear(struct server_shard *server)
{
    ASSERT(server->connections_count == 0);
    shard_timer_stop(server->shard, &server->trim_timer);
    if (list_contains_node(&server->starved_hook.node)) {
        list_remove(&server->starved_hook.node);
    }
    free_calls(server, server->free_calls_count);
    receive_pool_clear(&server->receive_pool);
}

void server_shard_stop(struct server_shard *server, void (*stopped)(struct server_shard *server))
{
    server->stopping = true;
    server->stopped = stopped;
    if (server->connections_count == 0) {
        stopped(server);
        return;
    }
    LIST_FOREACH (node, &server->connections) {
        connection_end(connection_of_node(node));
    }
}

void server_shard_abort(struct server_shard *server)
{
    LIST_FOREACH (node, &server->connections) {
        connection_abort(connection_of_node(node));
    }
}

/* ---- calls ---- */

static void trim(struct shard *shard, struct shard_timer *timer)
{
    struct server_shard *server = CONTAINER_OF(timer, struct server_shard, trim_timer);
    free_calls(server, server->free_calls_count_min);
    server->free_calls_count_min = server->free_calls_count;
    bool more = receive_pool_trim(&server->receive_pool) || server->free_calls_count > 0;
    metrics_set(server->metrics, METRIC_RECEIVE_MEMORY,
                server->receive_pool.borrowed_bytes +
                    server->receive_pool.free_count * RECEIVE_BUFFER_SIZE);
    if (more && !server->stopping) {
        /* Without memory for the timer the next call that comes back tries again. */
        status_ignore(shard_timer_start(shard, timer, shard_now_us(shard) + SERVER_TRIM_US, trim));
    }
}

struct api_call *server_shard_borrow_call(struct server_shard *server)
{
    struct list_node *node = list_first(&server->free_calls);
    if (node == NULL) {
        struct api_call *call = calloc(1, sizeof *call);
        if (call != NULL) {
            arena_init(&call->arena, CALL_ARENA_SIZE_MAX);
        }
        return call;
    }
    list_remove(node);
    server->free_calls_count--;
    if (server->free_calls_count < server->free_calls_count_min) {
        server->free_calls_count_min = server->free_calls_count;
    }
    struct api_call *call = CONTAINER_OF(node, struct api_call, connection_node);
    metrics_subtract(server->metrics, METRIC_CALL_MEMORY, sizeof *call + call->arena.size);
    return call;
}

void server_shard_give_back_call(struct server_shard *server, struct api_call *call)
{
    struct arena arena = call->arena;
    arena_reset(&arena);
    *call = (struct api_call){.arena = arena};
    if (server->free_calls_count >= CALLS_FREE_MAX) {
        arena_clear(&call->arena);
        free(call);
        return;
    }
    metrics_add(server->metrics, METRIC_CALL_MEMORY, sizeof *call + call->arena.size);
    list_add_first(&server->free_calls, &call->connection_node);
    server->free_calls_count++;
    if (server->trim_timer.entry.index == 0 && !server->stopping) {
        int64_t deadline_us = shard_now_us(server->shard) + SERVER_TRIM_US;
        /* Without memory for the timer the next call that comes back tries again. */
        status_ignore(shard_timer_start(server->shard, &server->trim_timer, deadline_us, trim));
    }
}

/* ---- what went wrong ---- */

void server_shard_report(struct server_shard *server, enum metric reason, const char *peer,
                         const char *sentence)
{
    metrics_add(server->metrics, reason, 1);
    struct rejection_line *line = &server->lines[reason];
    int64_t now_us = shard_now_us(server->shard);
    if (line->printed_us != 0 && now_us - line->printed_us < REJECTION_LINE_US) {
        line->unprinted++;
        return;
    }
    char fields[ADDRESS_TEXT_SIZE + 64];
    int length = snprintf(fields, sizeof fields, "peer=%s", peer);
    if (line->unprinted > 0) {
        snprintf(fields + length, sizeof fields - (size_t)length, " unprinted=%llu",
                 (unsigned long long)line->unprinted);
    }
    diagnose_with(shard_diagnostics(server->shard), DIAGNOSTIC_WARNING, "server", fields, "%s",
                  sentence);
    line->printed_us = now_us;
    line->unprinted = 0;
}
