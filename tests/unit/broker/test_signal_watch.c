#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#include "broker/server/shard_loop.h"
#include "broker/server/signal_watch.h"

static int arrived[8];
static int arrived_count;

static void note(void *context, int signal_number)
{
    cr_expect_eq(context, &arrived_count);
    arrived[arrived_count++] = signal_number;
}

Test(signal_watch, signals_arrive_in_the_loop)
{
    struct shard_options options = {.clock = clock_system()};
    struct shard *shard;
    struct signal_watch *watch;
    struct error error;
    signal_watch_block();
    cr_assert_eq(shard_open(&options, &shard, &error), STATUS_OK);
    cr_assert_eq(signal_watch_open(shard, note, &arrived_count, &watch, &error), STATUS_OK);
    shard_turn(shard, false);
    cr_expect_eq(arrived_count, 0);
    kill(getpid(), SIGTERM);
    shard_turn(shard, true);
    cr_assert_eq(arrived_count, 1);
    cr_expect_eq(arrived[0], SIGTERM);
    kill(getpid(), SIGINT);
    shard_turn(shard, true);
    cr_assert_eq(arrived_count, 2);
    cr_expect_eq(arrived[1], SIGINT);
    signal_watch_close(watch);
    signal_watch_close(NULL);
    shard_close(shard);
}
