#include "broker/api/cluster_view.h"

#include "broker/broker_shard.h"

static const struct endpoint_image *endpoint_of(const struct broker_image *broker,
                                                struct text listener_name)
{
    for (size_t i = 0; i < broker->endpoints_count; i++) {
        if (text_equal(broker->endpoints[i].listener_name, listener_name)) {
            return &broker->endpoints[i];
        }
    }
    return NULL;
}

static const struct cluster_node *nodes(struct api_call *call, bool with_fenced, size_t *count)
{
    const struct metadata_image *image = call->broker->image;
    size_t brokers_count = metadata_image_brokers_count(image);
    struct cluster_node *found = arena_allocate_array(&call->arena, brokers_count, sizeof *found);
    *count = 0;
    if (found == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < brokers_count; i++) {
        const struct broker_image *broker = metadata_image_broker_at(image, i);
        const struct endpoint_image *endpoint = endpoint_of(broker, call->client->listener_name);
        if (endpoint == NULL || (broker->is_fenced && !with_fenced)) {
            continue;
        }
        struct cluster_node *node = &found[(*count)++];
        node->id = broker->id;
        node->host = endpoint->host;
        node->port = endpoint->port;
        node->rack = broker->rack;
        node->is_fenced = broker->is_fenced;
        if (endpoint->host.size == 0) {
            node->host = call->client->local_address;
            node->port = call->client->local_port;
        }
    }
    return found;
}

const struct cluster_node *cluster_view_nodes(struct api_call *call, size_t *count)
{
    return nodes(call, false, count);
}

const struct cluster_node *cluster_view_all_nodes(struct api_call *call, size_t *count)
{
    return nodes(call, true, count);
}

bool cluster_view_leader(const struct api_call *call, struct text topic, struct uuid topic_id,
                         int32_t partition, int32_t *leader_id, int32_t *leader_epoch)
{
    const struct metadata_image *image = call->broker->image;
    const struct topic_image *found = topic.size > 0 ? metadata_image_topic(image, topic)
                                                     : metadata_image_topic_by_id(image, topic_id);
    if (found == NULL || partition < 0 || (size_t)partition >= found->partitions_count) {
        return false;
    }
    *leader_id = found->partitions[partition].leader;
    *leader_epoch = found->partitions[partition].leader_epoch;
    return true;
}

struct int32_array cluster_view_ids(struct arena *arena, struct broker_id_list list)
{
    struct int32_array copy = {.items = arena_allocate_array(arena, list.count, sizeof(int32_t)),
                               .count = 0};
    for (size_t i = 0; copy.items != NULL && i < list.count; i++) {
        copy.items[copy.count++] = list.items[i];
    }
    return copy;
}
