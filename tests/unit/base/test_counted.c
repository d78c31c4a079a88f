#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>

#include "base/counted.h"

struct item {
    int number;
    struct counted counted;
    unsigned destroyed_count;
};

static void item_destroy(struct counted *counted)
{
    CONTAINER_OF(counted, struct item, counted)->destroyed_count++;
}

Test(counted, the_last_release_destroys)
{
    struct item item = {.number = 7};
    counted_init(&item.counted, item_destroy);
    cr_expect_eq(counted_retain(&item.counted), &item.counted);
    cr_expect_not(counted_is_sole(&item.counted));
    counted_release(&item.counted);
    cr_expect_eq(item.destroyed_count, 0);
    cr_expect(counted_is_sole(&item.counted));
    counted_release(&item.counted);
    cr_expect_eq(item.destroyed_count, 1);
}

Test(counted, null_is_allowed)
{
    cr_expect_null(counted_retain(NULL));
    counted_release(NULL);
}

Test(counted, a_release_too_many_is_a_programming_error, .signal = SIGABRT)
{
    struct item item = {.number = 7};
    counted_init(&item.counted, item_destroy);
    counted_release(&item.counted);
    counted_release(&item.counted);
}

Test(counted, a_retain_after_the_end_is_a_programming_error, .signal = SIGABRT)
{
    struct item item = {.number = 7};
    counted_init(&item.counted, item_destroy);
    counted_release(&item.counted);
    counted_retain(&item.counted);
}

static void *retain_and_release(void *argument)
{
    struct counted *counted = argument;
    for (unsigned i = 0; i < 20000; i++) {
        counted_release(counted_retain(counted));
    }
    counted_release(counted);
    return NULL;
}

Test(counted, threads_share_it_and_one_of_them_destroys)
{
    struct item item = {.number = 7};
    counted_init(&item.counted, item_destroy);
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        counted_retain(&item.counted);
        cr_assert_eq(pthread_create(&threads[i], NULL, retain_and_release, &item.counted), 0);
    }
    counted_release(&item.counted);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    cr_expect_eq(item.destroyed_count, 1);
}
