/* Where threads meet: a queue that any thread adds to and one thread empties, with an event
 * descriptor that wakes the one.
 *
 *   post: push on a stack (one atomic exchange); who finds it empty writes the descriptor
 *   take: take the whole stack, turn it round
 *
 * So a burst costs one wake-up, and messages of one sender keep their order. */
#ifndef BROKER_SERVER_MAILBOX_H
#define BROKER_SERVER_MAILBOX_H

#include <stdatomic.h>

#include "base/error.h"
#include "broker/server/shard.h"

struct mailbox {
    struct shard_message *_Atomic newest;
    int event_descriptor; /* Edge-triggered: readable once per write, never read. */
};

/* STATUS_LIMIT when the process may open no more descriptors. Close with mailbox_close(). */
MUST_USE enum status mailbox_open(struct mailbox *mailbox, struct error *error);

/* Messages still in it are not delivered; nobody may post any more. */
void mailbox_close(struct mailbox *mailbox);

/* Adds a message. Any thread. */
void mailbox_post(struct mailbox *mailbox, struct shard_message *message);

/* All messages posted so far, oldest first, linked by `next`; NULL when there is none. Only the
 * owner. */
struct shard_message *mailbox_take(struct mailbox *mailbox);

#endif /* BROKER_SERVER_MAILBOX_H */
