#include "broker/server/mailbox.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum status mailbox_open(struct mailbox *mailbox, struct error *error)
{
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) {
        return error_set(error, STATUS_LIMIT, "open an event descriptor: %s", strerror(errno));
    }
    atomic_init(&mailbox->newest, NULL);
    mailbox->event_descriptor = descriptor;
    return STATUS_OK;
}

void mailbox_close(struct mailbox *mailbox)
{
    close(mailbox->event_descriptor);
    mailbox->event_descriptor = -1;
}

void mailbox_post(struct mailbox *mailbox, struct shard_message *message)
{
    struct shard_message *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        message->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, message,
                                                    memory_order_release, memory_order_relaxed));
    if (newest == NULL) {
        /* The owner took everything, or was never told: whoever finds the queue empty wakes it.
         * The counter cannot overflow: one per wake-up. */
        int failed = eventfd_write(mailbox->event_descriptor, 1);
        ASSERT(failed == 0);
    }
}

struct shard_message *mailbox_take(struct mailbox *mailbox)
{
    struct shard_message *newest =
        atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct shard_message *oldest = NULL;
    while (newest != NULL) {
        struct shard_message *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}
