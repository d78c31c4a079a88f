/* The work of one call spread over the shards that own what it is about.
 *
 *   home shard:   fan_out_create -> hang work on parts -> fan_out_start
 *   each part:    run(part) on its shard -> now or later, there: fan_out_part_done(part)
 *   home shard:   finish(fan_out) when all parts are done
 *
 * The part of the home shard runs at once, without a message: with one shard nothing is posted at
 * all. A fan-out may be started again after it has finished. Memory is the call's arena, which only
 * the home shard allocates from; a part that must allocate has an arena of its own. */
#ifndef BROKER_API_FAN_OUT_H
#define BROKER_API_FAN_OUT_H

#include <stdbool.h>

#include "broker/api/api_call.h"
#include "broker/broker_shard.h"
#include "broker/server/shard.h"

struct fan_out;
struct fan_out_part;

typedef void fan_out_run_fn(struct fan_out_part *part);
typedef void fan_out_finish_fn(struct fan_out *fan_out);

struct fan_out_part {
    struct shard_message message;
    struct fan_out *fan_out;
    struct broker_shard *broker; /* Where it runs. */
    void *work;                  /* The handler's; a part without work does not run. */
};

struct fan_out {
    struct api_call *call;
    fan_out_run_fn *run;
    fan_out_finish_fn *finish;
    unsigned outstanding;
    unsigned parts_count; /* One per shard. */
    struct fan_out_part *parts;
};

/* A fan-out without work yet, from the call's arena; NULL when that is exhausted. */
struct fan_out *fan_out_create(struct api_call *call, fan_out_run_fn *run,
                               fan_out_finish_fn *finish);

/* Runs every part that has work; finish() may be called before this returns. */
void fan_out_start(struct fan_out *fan_out);

/* The part is done; called once per run, on the part's shard. The part must not be touched there
 * after. */
void fan_out_part_done(struct fan_out_part *part);

/* The part runs on the shard of the call. */
bool fan_out_part_is_home(const struct fan_out_part *part);

#endif /* BROKER_API_FAN_OUT_H */
