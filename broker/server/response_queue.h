/* The calls of one connection in the order of their requests, which is the order in which their
 * responses leave.
 *
 *     awaited --response--> ready --sent--> taken by the connection
 *        |---no response--> silent -------> taken without being sent
 *        '---refused------> rejected: the connection closes when it comes first
 *
 * Decides what goes into the next writev(); does no I/O itself. */
#ifndef BROKER_SERVER_RESPONSE_QUEUE_H
#define BROKER_SERVER_RESPONSE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/slice.h"
#include "broker/api/api_call.h"

enum response_state {
    RESPONSE_AWAITED,
    RESPONSE_READY,
    RESPONSE_SILENT,
    RESPONSE_REJECTED,
};

struct response_queue {
    struct list calls;
    unsigned calls_count;
    size_t ready_bytes; /* Of responses that are ready and not yet sent. */
};

/* What may be sent next: some memory, and then perhaps a range of a file. */
struct response_chunk {
    unsigned vectors_count;
    size_t vectors_size;
    struct slice *file; /* Directly behind the vectors; NULL when there is none. */
};

/* An empty queue. */
void response_queue_init(struct response_queue *queue);

/* A request has arrived. */
void response_queue_add(struct response_queue *queue, struct api_call *call);

/* How a call of the queue ended. call->outgoing is set when it is RESPONSE_READY. */
void response_queue_settle(struct response_queue *queue, struct api_call *call,
                           enum response_state state);

/* Fills in at most `vectors_max` vectors with what is ready at the front of the queue. */
struct response_chunk response_queue_gather(struct response_queue *queue, struct iovec *vectors,
                                            unsigned vectors_max);

/* `size` bytes of what was gathered have been sent; releases the slices that are wholly sent. */
void response_queue_sent(struct response_queue *queue, size_t size);

/* Takes the first call out when it is wholly sent or silent; NULL otherwise. */
struct api_call *response_queue_take_done(struct response_queue *queue);

/* The first call was rejected. */
bool response_queue_is_rejected(const struct response_queue *queue);

/* Takes a call out, wherever it stands, and releases what it had to send. */
void response_queue_remove(struct response_queue *queue, struct api_call *call);

#endif /* BROKER_SERVER_RESPONSE_QUEUE_H */
