/* The life of a shard: made, run on a thread, stopped. For broker/server and for the composition;
 * everybody else sees shard.h. */
#ifndef BROKER_SERVER_SHARD_LOOP_H
#define BROKER_SERVER_SHARD_LOOP_H

#include "broker/server/shard.h"

struct event_base; /* libevent */

/* A shard's thread needs little: handlers keep their data in arenas. */
#define SHARD_STACK_SIZE (512u * 1024)

struct shard_options {
    unsigned index;
    struct clock *clock;                 /* Kept. */
    struct diagnostic_sink *diagnostics; /* Kept; may be NULL. */
    struct disk_queue *disk_queue;       /* Kept, closed by its opener; may be NULL in tests. */
};

/* Makes a shard that does not run yet: until shard_start() its maker's thread may use it as if it
 * were its own. STATUS_LIMIT, STATUS_NO_MEMORY. Close with shard_close(). */
MUST_USE enum status shard_open(const struct shard_options *options, struct shard **shard,
                                struct error *error);

/* The shard must not run. Messages in its mailbox are delivered first, timers are dropped. NULL is
 * allowed. */
void shard_close(struct shard *shard);

/* What shard_attachment() answers; set before the shard runs. */
void shard_attach(struct shard *shard, void *attachment);

/* Asks for `hook` whenever disk operations have ended, before what they ended is told: flushed
 * data makes room for the next round. Set before the shard runs; kept. */
void shard_set_disk_hook(struct shard *shard, struct shard_hook *hook);

/* Runs the loop on a new thread. STATUS_LIMIT when the system refuses one. */
MUST_USE enum status shard_start(struct shard *shard, struct error *error);

/* Runs the loop on the caller's thread until shard_stop(). */
void shard_run(struct shard *shard);

/* Asks the loop to end after its turn. Any thread. */
void shard_stop(struct shard *shard);

/* Waits for a shard_start()ed shard to end. */
void shard_join(struct shard *shard);

/* One turn: waits for something to happen when `wait`, else takes what is there. Shards that run
 * by shard_start() or shard_run() do this by themselves. */
void shard_turn(struct shard *shard, bool wait);

/* For what listens and connects in broker/server. */
struct event_base *shard_event_base(struct shard *shard);

#endif /* BROKER_SERVER_SHARD_LOOP_H */
