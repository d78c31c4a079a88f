/* Producer ids for idempotent producers, from blocks that the controller hands to this broker.
 *
 * One per shard. While the next block is on its way, those who ask wait in line. */
#ifndef BROKER_PRODUCER_IDS_H
#define BROKER_PRODUCER_IDS_H

#include <stdint.h>

#include "base/list.h"
#include "base/status.h"

struct broker_shard;
struct producer_ids;

/* Embedded in what asks. */
struct producer_id_request {
    struct list_node node;
    /* `producer_id` counts when `status` is STATUS_OK. */
    void (*done)(struct producer_id_request *request, enum status status, int64_t producer_id);
};

/* NULL when out of memory. */
struct producer_ids *producer_ids_create(struct broker_shard *broker);

/* Whoever waits is told STATUS_STOPPING. No block may be on its way. NULL is allowed. */
void producer_ids_destroy(struct producer_ids *ids);

/* Calls request->done() now or later. */
void producer_ids_next(struct producer_ids *ids, struct producer_id_request *request);

#endif /* BROKER_PRODUCER_IDS_H */
