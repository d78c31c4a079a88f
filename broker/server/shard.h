/* A shard: one thread with one event loop, owner of its connections, partitions and coordinators.
 *
 * No lock is taken on the data path. Crossing over to another shard is a message in its mailbox:
 * shard_post() may be called from any thread; everything else only from the shard's own thread.
 *
 * One turn of the loop:
 *
 *     sockets readable -> requests handled, appends queued
 *     mailbox          -> messages of other shards, finished disk operations
 *     timers
 *     end of turn      -> hooks: start a flush round, send what connections have ready (one writev
 *                         per connection)
 *
 * Only broker/server uses libevent; others see this header. */
#ifndef BROKER_SERVER_SHARD_H
#define BROKER_SERVER_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/list.h"
#include "storage/io/disk_queue.h"

struct shard;

/* ---- messages ---- */

struct shard_message;
typedef void shard_message_fn(struct shard *shard, struct shard_message *message);

/* Embedded in what is sent; belongs to the receiver once posted. */
struct shard_message {
    shard_message_fn *receive;  /* Called on the receiver's thread. */
    struct shard_message *next; /* The mailbox's. */
};

/* Delivers to `shard`, in order per sender. Any thread. Also to oneself: delivered next turn. */
void shard_post(struct shard *shard, struct shard_message *message);

/* ---- timers ---- */

struct shard_timer;
typedef void shard_timer_fn(struct shard *shard, struct shard_timer *timer);

/* Embedded in what waits. Zero it before first use. */
struct shard_timer {
    struct heap_entry entry;
    shard_timer_fn *expired;
};

/* (Re)starts: expired() is called once, at or after `deadline_us` on the monotonic clock. */
MUST_USE enum status shard_timer_start(struct shard *shard, struct shard_timer *timer,
                                       int64_t deadline_us, shard_timer_fn *expired);

/* Nothing happens when it is not running. */
void shard_timer_stop(struct shard *shard, struct shard_timer *timer);

/* ---- end of turn ---- */

struct shard_hook;
typedef void shard_hook_fn(struct shard *shard, struct shard_hook *hook);

/* Embedded in what wants to run at the end of a turn. Zero it before first use. */
struct shard_hook {
    struct list_node node;
    shard_hook_fn *run;
};

/* Runs the hook once at the end of this turn; asking again in the same turn changes nothing. Hooks
 * run in the order in which they were asked for. */
void shard_run_at_turn_end(struct shard *shard, struct shard_hook *hook);

/* ---- surroundings ---- */

/* 0 … count - 1. */
unsigned shard_index(const struct shard *shard);

/* Monotonic microseconds, read once per turn. */
int64_t shard_now_us(const struct shard *shard);

/* Wall-clock milliseconds, read once per turn. */
int64_t shard_wall_ms(const struct shard *shard);

/* The shard's disk queue; its completions are reaped by the loop. */
struct disk_queue *shard_disk_queue(struct shard *shard);

/* Where the shard prints. */
struct diagnostic_sink *shard_diagnostics(struct shard *shard);

/* What the composition (broker/broker.h) hangs on the shard: its struct broker_shard. */
void *shard_attachment(const struct shard *shard);

#endif /* BROKER_SERVER_SHARD_H */
