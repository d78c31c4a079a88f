/* Appends that found no free buffer, in the order in which they came.
 *
 * Whoever comes while something is parked is parked behind it, so that a producer's batches keep
 * their order. A flush round frees buffers; then parked_appends_retry() goes on from the front
 * until one is refused again. */
#ifndef BROKER_HANDLERS_PARKED_APPENDS_H
#define BROKER_HANDLERS_PARKED_APPENDS_H

#include <stdbool.h>

#include "base/list.h"
#include "broker/broker_shard.h"

struct parked_append;
/* Tries once more; false when there is still no buffer: then it stays parked. */
typedef bool parked_append_fn(struct parked_append *parked);

/* Embedded in what is parked. */
struct parked_append {
    struct list_node node;
    parked_append_fn *try_again;
};

/* Something is parked on this shard. */
bool parked_appends_exist(const struct broker_shard *broker);

/* Parks behind all others. */
void parked_append_add(struct broker_shard *broker, struct parked_append *parked);

/* Takes one out; false when it is not parked. */
bool parked_append_cancel(struct parked_append *parked);

/* After a flush round. */
void parked_appends_retry(struct broker_shard *broker);

#endif /* BROKER_HANDLERS_PARKED_APPENDS_H */
