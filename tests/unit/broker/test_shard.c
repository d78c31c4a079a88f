#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/server/shard_loop.h"
#include "tests/support/base/allocations.h"
#include "tests/support/base/fake_clock.h"

static struct fake_clock fake;
static struct shard *shard;
static struct error error;
static char trace[256];

static void open_shard(void)
{
    fake_clock_init(&fake, 1700000000000);
    fake_clock_advance_us(&fake, 1000);
    struct shard_options options = {.index = 3, .clock = &fake.clock};
    cr_assert_eq(shard_open(&options, &shard, &error), STATUS_OK);
    trace[0] = '\0';
}

static void close_shard(void)
{
    shard_close(shard);
}

TestSuite(shard, .init = open_shard, .fini = close_shard, .timeout = 30);

static void note(const char *name)
{
    size_t size = strlen(trace);
    snprintf(trace + size, sizeof trace - size, "%s ", name);
}

struct named_message {
    struct shard_message message;
    const char *name;
    struct named_message *again;
};

static void receive(struct shard *on, struct shard_message *message)
{
    struct named_message *named = CONTAINER_OF(message, struct named_message, message);
    note(named->name);
    if (named->again != NULL) {
        shard_post(on, &named->again->message);
    }
}

struct named_timer {
    struct shard_timer timer;
    const char *name;
};

static void expired(struct shard *on, struct shard_timer *timer)
{
    (void)on;
    note(CONTAINER_OF(timer, struct named_timer, timer)->name);
}

struct named_hook {
    struct shard_hook hook;
    const char *name;
    struct shard_hook *also;
};

static void run(struct shard *on, struct shard_hook *hook)
{
    struct named_hook *named = CONTAINER_OF(hook, struct named_hook, hook);
    note(named->name);
    if (named->also != NULL) {
        shard_run_at_turn_end(on, named->also);
        named->also = NULL;
    }
}

static struct named_timer a = {.name = "a"};
static struct named_timer b = {.name = "b"};

Test(shard, knows_its_surroundings)
{
    int attachment;
    shard_attach(shard, &attachment);
    cr_expect_eq(shard_index(shard), 3);
    cr_expect_eq(shard_attachment(shard), &attachment);
    cr_expect_null(shard_disk_queue(shard));
    cr_expect_null(shard_diagnostics(shard));
    cr_expect_not_null(shard_event_base(shard));
}

Test(shard, reads_the_time_once_a_turn)
{
    shard_turn(shard, false);
    int64_t now_us = shard_now_us(shard);
    int64_t wall_ms = shard_wall_ms(shard);
    fake_clock_advance_us(&fake, 5000000);
    cr_expect_eq(shard_now_us(shard), now_us);
    cr_expect_eq(shard_wall_ms(shard), wall_ms);
    shard_turn(shard, false);
    cr_expect_eq(shard_now_us(shard), now_us + 5000000);
    cr_expect_eq(shard_wall_ms(shard), wall_ms + 5000);
}

Test(shard, a_message_to_oneself_arrives_in_the_next_turn)
{
    struct named_message second = {{.receive = receive}, "second", NULL};
    struct named_message first = {{.receive = receive}, "first", &second};
    shard_post(shard, &first.message);
    cr_expect_str_eq(trace, "");
    shard_turn(shard, true);
    cr_expect_str_eq(trace, "first ");
    shard_turn(shard, true);
    cr_expect_str_eq(trace, "first second ");
}

Test(shard, closing_delivers_what_is_in_the_mailbox)
{
    struct named_message late = {{.receive = receive}, "late", NULL};
    shard_post(shard, &late.message);
    shard_close(shard);
    cr_expect_str_eq(trace, "late ");
    open_shard();
}

Test(shard, timers_expire_in_order_and_once)
{
    cr_assert_eq(shard_timer_start(shard, &b.timer, 2000, expired), STATUS_OK);
    cr_assert_eq(shard_timer_start(shard, &a.timer, 1500, expired), STATUS_OK);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "");
    fake_clock_advance_us(&fake, 5000);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "a b ");
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "a b ");
}

Test(shard, a_timer_is_moved_by_starting_it_again_and_ended_by_stopping_it)
{
    cr_assert_eq(shard_timer_start(shard, &a.timer, 1500, expired), STATUS_OK);
    cr_assert_eq(shard_timer_start(shard, &b.timer, 1500, expired), STATUS_OK);
    cr_assert_eq(shard_timer_start(shard, &a.timer, 9000, expired), STATUS_OK);
    shard_timer_stop(shard, &b.timer);
    shard_timer_stop(shard, &b.timer);
    fake_clock_advance_us(&fake, 1000);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "");
    fake_clock_advance_us(&fake, 8000);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "a ");
}

Test(shard, a_timer_that_cannot_be_kept_says_so)
{
    allocations_refuse_after(0);
    enum status status = shard_timer_start(shard, &a.timer, 1500, expired);
    allocations_allow();
    cr_expect_eq(status, STATUS_NO_MEMORY);
}

Test(shard, waiting_ends_when_a_timer_is_due)
{
    struct shard_options options = {.clock = clock_system()};
    struct shard *real;
    cr_assert_eq(shard_open(&options, &real, &error), STATUS_OK);
    cr_assert_eq(shard_timer_start(real, &a.timer, shard_now_us(real) + 20000, expired), STATUS_OK);
    shard_turn(real, false);
    while (trace[0] == '\0') {
        shard_turn(real, true);
    }
    cr_expect_str_eq(trace, "a ");
    shard_close(real);
}

Test(shard, hooks_run_once_in_the_order_in_which_they_were_asked_for)
{
    struct named_hook first = {{.run = run}, "first", NULL};
    struct named_hook second = {{.run = run}, "second", NULL};
    shard_run_at_turn_end(shard, &first.hook);
    shard_run_at_turn_end(shard, &second.hook);
    shard_run_at_turn_end(shard, &first.hook);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "first second ");
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "first second ");
}

Test(shard, a_hook_that_asks_for_a_hook_has_it_in_the_same_turn)
{
    struct named_hook second = {{.run = run}, "second", NULL};
    struct named_hook first = {{.run = run}, "first", &second.hook};
    second.also = &first.hook;
    shard_run_at_turn_end(shard, &first.hook);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "first second first ");
}

Test(shard, timers_run_before_hooks)
{
    struct named_hook hook = {{.run = run}, "hook", NULL};
    cr_assert_eq(shard_timer_start(shard, &a.timer, 500, expired), STATUS_OK);
    shard_run_at_turn_end(shard, &hook.hook);
    shard_turn(shard, false);
    cr_expect_str_eq(trace, "a hook ");
}

/* ---- the disk queue ---- */

struct counting_queue {
    struct disk_queue queue;
    int reaped;
    int kicked;
};

static unsigned reap(struct disk_queue *queue)
{
    CONTAINER_OF(queue, struct counting_queue, queue)->reaped++;
    note("reap");
    return 0;
}

static void kick(struct disk_queue *queue)
{
    CONTAINER_OF(queue, struct counting_queue, queue)->kicked++;
}

Test(shard, disk_completions_ask_for_the_hook_and_every_turn_kicks)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    struct counting_queue queue = {
        .queue = {.reap = reap, .kick = kick, .event_descriptor = ends[0]}};
    struct shard_options options = {.clock = &fake.clock, .disk_queue = &queue.queue};
    struct shard *with_disk;
    cr_assert_eq(shard_open(&options, &with_disk, &error), STATUS_OK);
    struct named_hook hook = {{.run = run}, "hook", NULL};
    shard_set_disk_hook(with_disk, &hook.hook);
    shard_turn(with_disk, false);
    cr_expect_eq(queue.kicked, 1);
    cr_expect_eq(queue.reaped, 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    shard_turn(with_disk, true);
    cr_expect_str_eq(trace, "reap hook ");
    cr_expect_eq(queue.kicked, 2);
    shard_close(with_disk);
    close(ends[0]);
    close(ends[1]);
}

/* ---- threads ---- */

struct bounce {
    struct shard_message message;
    struct shard *other;
    struct shard *home;
    int left;
};

static void bounce_back(struct shard *on, struct shard_message *message)
{
    struct bounce *bounce = CONTAINER_OF(message, struct bounce, message);
    if (--bounce->left == 0) {
        shard_stop(bounce->home);
        shard_stop(bounce->other);
        return;
    }
    shard_post(on == bounce->home ? bounce->other : bounce->home, message);
}

Test(shard, two_shards_talk_and_stop)
{
    struct shard_options options = {.clock = clock_system()};
    struct shard *shards[2];
    for (int i = 0; i < 2; i++) {
        options.index = (unsigned)i;
        cr_assert_eq(shard_open(&options, &shards[i], &error), STATUS_OK);
    }
    struct bounce bounce = {
        .message.receive = bounce_back, .home = shards[0], .other = shards[1], .left = 1000};
    cr_assert_eq(shard_start(shards[1], &error), STATUS_OK);
    shard_post(shards[0], &bounce.message);
    shard_run(shards[0]);
    shard_join(shards[1]);
    cr_expect_eq(bounce.left, 0);
    shard_close(shards[0]);
    shard_close(shards[1]);
}

Test(shard, opening_survives_every_failed_allocation)
{
    struct shard_options options = {.clock = &fake.clock};
    bool opened = false;
    for (size_t allowed = 0; !opened && allowed < 100; allowed++) {
        struct shard *other = NULL;
        allocations_refuse_after(allowed);
        enum status status = shard_open(&options, &other, &error);
        allocations_allow();
        opened = status == STATUS_OK;
        shard_close(other);
    }
    cr_expect(opened);
    shard_close(NULL);
}
