/* The cluster as a client on a certain listener may see it: live brokers with the addresses of that
 * listener. Metadata, DescribeCluster and the leader hints of KIP-951 answer from here. */
#ifndef BROKER_API_CLUSTER_VIEW_H
#define BROKER_API_CLUSTER_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/api/api_call.h"
#include "proto/wire/message.h"
#include "replication/metadata/metadata_image.h"

struct cluster_node {
    int32_t id;
    struct text host;
    int32_t port;
    struct text rack;
    bool is_fenced;
};

/* All brokers that are not fenced and have the call's listener, from the call's arena. NULL and a
 * count of 0 when the arena is exhausted. Where nothing is advertised, this broker's host is the
 * address that the client dialled. */
const struct cluster_node *cluster_view_nodes(struct api_call *call, size_t *count);

/* As cluster_view_nodes(), with the fenced ones (KIP-1073). */
const struct cluster_node *cluster_view_all_nodes(struct api_call *call, size_t *count);

/* Leader and epoch of a partition by name, or by id when the name is empty. False when the topic or
 * partition is unknown. */
bool cluster_view_leader(const struct api_call *call, struct text topic, struct uuid topic_id,
                         int32_t partition, int32_t *leader_id, int32_t *leader_epoch);

/* The ids of an image's list for a response, from the arena; empty when that is exhausted. */
struct int32_array cluster_view_ids(struct arena *arena, struct broker_id_list list);

#endif /* BROKER_API_CLUSTER_VIEW_H */
