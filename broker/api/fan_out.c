#include "broker/api/fan_out.h"

#include "base/assert.h"

struct fan_out *fan_out_create(struct api_call *call, fan_out_run_fn *run,
                               fan_out_finish_fn *finish)
{
    unsigned count = call->broker->siblings_count;
    struct fan_out *fan_out = arena_allocate(&call->arena, sizeof *fan_out);
    struct fan_out_part *parts = arena_allocate_array(&call->arena, count, sizeof *parts);
    if (fan_out == NULL || parts == NULL) {
        return NULL;
    }
    fan_out->call = call;
    fan_out->run = run;
    fan_out->finish = finish;
    fan_out->parts_count = count;
    fan_out->parts = parts;
    for (unsigned i = 0; i < count; i++) {
        parts[i].fan_out = fan_out;
        parts[i].broker = call->broker->siblings[i];
    }
    return fan_out;
}

bool fan_out_part_is_home(const struct fan_out_part *part)
{
    return part->broker == part->fan_out->call->broker;
}

static void one_less(struct fan_out *fan_out)
{
    ASSERT(fan_out->outstanding > 0);
    if (--fan_out->outstanding == 0) {
        fan_out->finish(fan_out);
    }
}

static void run_away(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct fan_out_part *part = CONTAINER_OF(message, struct fan_out_part, message);
    part->fan_out->run(part);
}

static void come_home(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    one_less(CONTAINER_OF(message, struct fan_out_part, message)->fan_out);
}

void fan_out_start(struct fan_out *fan_out)
{
    ASSERT(fan_out->outstanding == 0);
    struct fan_out_part *home = NULL;

    /* One more than there are parts, so that nothing finishes while parts are still sent. */
    fan_out->outstanding = 1;
    for (unsigned i = 0; i < fan_out->parts_count; i++) {
        struct fan_out_part *part = &fan_out->parts[i];
        if (part->work == NULL) {
            continue;
        }
        fan_out->outstanding++;
        if (fan_out_part_is_home(part)) {
            home = part;
        } else {
            part->message.receive = run_away;
            shard_post(part->broker->shard, &part->message);
        }
    }
    if (home != NULL) {
        fan_out->run(home);
    }
    one_less(fan_out);
}

void fan_out_part_done(struct fan_out_part *part)
{
    if (fan_out_part_is_home(part)) {
        one_less(part->fan_out);
        return;
    }
    part->message.receive = come_home;
    shard_post(part->fan_out->call->broker->shard, &part->message);
}
