#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#include "tools/rollway/interruption.h"

static struct interruption interruption;
static struct error error;
static int ends[2];

static void setup(void)
{
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(interruption_open(&interruption, &error), STATUS_OK);
}

static void teardown(void)
{
    interruption_close(&interruption);
    close(ends[0]);
    close(ends[1]);
}

TestSuite(interruption, .init = setup, .fini = teardown);

Test(interruption, a_signal_is_taken_once)
{
    cr_assert(!interruption_take(&interruption));
    raise(SIGINT);
    cr_assert(interruption_take(&interruption));
    cr_assert(!interruption_take(&interruption));
    raise(SIGTERM);
    cr_assert(interruption_take(&interruption));
}

Test(interruption, waiting_ends_with_input)
{
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert(interruption_wait_input(&interruption, ends[0], 10000));
}

Test(interruption, waiting_ends_with_a_signal)
{
    raise(SIGINT);
    cr_assert(!interruption_wait_input(&interruption, ends[0], 10000));
    cr_assert(interruption_take(&interruption));
}

Test(interruption, waiting_ends_with_the_time)
{
    cr_assert(!interruption_wait_input(&interruption, ends[0], 1));
}
