#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "broker/server/mailbox.h"

static struct mailbox mailbox;
static struct error error;

static void open_mailbox(void)
{
    cr_assert_eq(mailbox_open(&mailbox, &error), STATUS_OK);
}

static void close_mailbox(void)
{
    mailbox_close(&mailbox);
}

TestSuite(mailbox, .init = open_mailbox, .fini = close_mailbox);

static uint64_t wake_ups(void)
{
    eventfd_t count = 0;
    return eventfd_read(mailbox.event_descriptor, &count) == 0 ? count : 0;
}

Test(mailbox, an_empty_one_has_nothing)
{
    cr_expect_null(mailbox_take(&mailbox));
    cr_expect_eq(wake_ups(), 0);
}

Test(mailbox, messages_come_out_in_the_order_in_which_they_went_in)
{
    struct shard_message messages[3];
    for (int i = 0; i < 3; i++) {
        mailbox_post(&mailbox, &messages[i]);
    }
    struct shard_message *taken = mailbox_take(&mailbox);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(taken, &messages[i]);
        taken = taken->next;
    }
    cr_expect_null(taken);
    cr_expect_null(mailbox_take(&mailbox));
}

Test(mailbox, a_burst_wakes_the_owner_once)
{
    struct shard_message messages[8];
    for (int i = 0; i < 8; i++) {
        mailbox_post(&mailbox, &messages[i]);
    }
    cr_expect_eq(wake_ups(), 1);
    mailbox_take(&mailbox);
    mailbox_post(&mailbox, &messages[0]);
    cr_expect_eq(wake_ups(), 1, "what comes after the taking wakes again");
}

enum { SENDERS = 4, EACH = 20000 };

struct numbered {
    struct shard_message message;
    int sender;
    int number;
};

static struct numbered sent[SENDERS][EACH];

static void *post_many(void *context)
{
    struct numbered *mine = context;
    for (int i = 0; i < EACH; i++) {
        mailbox_post(&mailbox, &mine[i].message);
    }
    return NULL;
}

Test(mailbox, many_senders_lose_nothing_and_each_keeps_its_order)
{
    pthread_t threads[SENDERS];
    for (int s = 0; s < SENDERS; s++) {
        for (int i = 0; i < EACH; i++) {
            sent[s][i] = (struct numbered){.sender = s, .number = i};
        }
        cr_assert_eq(pthread_create(&threads[s], NULL, post_many, sent[s]), 0);
    }
    int next[SENDERS] = {0};
    int taken_count = 0;
    while (taken_count < SENDERS * EACH) {
        struct shard_message *message = mailbox_take(&mailbox);
        for (; message != NULL; message = message->next) {
            const struct numbered *taken = CONTAINER_OF(message, struct numbered, message);
            cr_assert_eq(taken->number, next[taken->sender]++);
            taken_count++;
        }
    }
    for (int s = 0; s < SENDERS; s++) {
        pthread_join(threads[s], NULL);
    }
    cr_expect_null(mailbox_take(&mailbox));
}
