#include "broker/handlers/parked_appends.h"

bool parked_appends_exist(const struct broker_shard *broker)
{
    return !list_is_empty(&broker->parked_appends);
}

void parked_append_add(struct broker_shard *broker, struct parked_append *parked)
{
    list_add_last(&broker->parked_appends, &parked->node);
}

bool parked_append_cancel(struct parked_append *parked)
{
    if (!list_contains_node(&parked->node)) {
        return false;
    }
    list_remove(&parked->node);
    return true;
}

void parked_appends_retry(struct broker_shard *broker)
{
    for (struct list_node *node; (node = list_first(&broker->parked_appends)) != NULL;) {
        struct parked_append *parked = CONTAINER_OF(node, struct parked_append, node);
        /* Out of the list first: its memory may be gone once it has been answered. */
        list_remove(node);
        if (!parked->try_again(parked)) {
            list_add_first(&broker->parked_appends, node);
            return;
        }
    }
}
