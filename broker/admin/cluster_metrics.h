/* The cluster's and the partitions' metrics, under the names of kafka_exporter and of the JMX
 * exporter's Kafka rules, so that their dashboards work. */
#ifndef BROKER_ADMIN_CLUSTER_METRICS_H
#define BROKER_ADMIN_CLUSTER_METRICS_H

#include <stdio.h>

#include "broker/broker_shard.h"
#include "replication/metadata/metadata_image.h"

/* With more partitions than this only sums are told: a page has its limits. */
#define METRICS_PARTITIONS_MAX 5000u

/* What one shard says of its partitions. */
struct partition_metrics {
    FILE *current_offset; /* Samples of kafka_topic_partition_current_offset. */
    FILE *oldest_offset;  /* Samples of kafka_topic_partition_oldest_offset. */
    FILE *size;           /* Samples of rollway_partition_size_bytes. */
    uint64_t partitions_count;
    uint64_t leaders_count;
    uint64_t offline_count;
    uint64_t under_replicated_count;
};

/* What the image says: brokers, topics, partitions, the controller's counts. */
void cluster_metrics_write(FILE *page, const struct metadata_image *image,
                           bool is_active_controller);

/* On the partitions' own shard: counts, and samples while there are not too many partitions. */
void cluster_metrics_collect(struct broker_shard *broker, struct partition_metrics *metrics);

#endif /* BROKER_ADMIN_CLUSTER_METRICS_H */
