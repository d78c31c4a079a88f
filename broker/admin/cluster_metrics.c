#include "broker/admin/cluster_metrics.h"

#include <inttypes.h>

#include "broker/metrics/metrics_page.h"

static void write_value(FILE *page, const char *name, const char *help, uint64_t value)
{
    metrics_page_family(page, name, "gauge", help);
    fprintf(page, "%s %" PRIu64 "\n", name, value);
}

static void begin_sample(FILE *page, const char *name, struct text topic)
{
    fprintf(page, "%s{topic=\"", name);
    metrics_page_label_value(page, topic);
    fputc('"', page);
}

/* ---- brokers ---- */

static void write_brokers(FILE *page, const struct metadata_image *image)
{
    size_t count = metadata_image_brokers_count(image);
    uint64_t fenced_count = 0;
    for (size_t i = 0; i < count; i++) {
        fenced_count += metadata_image_broker_at(image, i)->is_fenced ? 1 : 0;
    }
    write_value(page, "kafka_brokers", "Brokers of the cluster that are alive",
                count - fenced_count);
    metrics_page_family(page, "kafka_broker_info", "gauge", "A broker and its address");
    for (size_t i = 0; i < count; i++) {
        const struct broker_image *broker = metadata_image_broker_at(image, i);
        if (broker->endpoints_count > 0) {
            fprintf(page, "kafka_broker_info{id=\"%d\",address=\"", broker->id);
            metrics_page_label_value(page, broker->endpoints[0].host);
            fprintf(page, ":%d\"} 1\n", broker->endpoints[0].port);
        }
    }
    write_value(page, "kafka_controller_kafkacontroller_fencedbrokercount",
                "Brokers that are fenced", fenced_count);
}

/* ---- topics and partitions, as the cluster has decided ---- */

typedef int64_t partition_value_fn(const struct partition_image *partition);

static int64_t leader(const struct partition_image *partition)
{
    return partition->leader;
}

static int64_t leader_is_preferred(const struct partition_image *partition)
{
    return partition->replicas.count > 0 && partition->replicas.items[0] == partition->leader;
}

static int64_t replicas_count(const struct partition_image *partition)
{
    return (int64_t)partition->replicas.count;
}

static int64_t in_sync_count(const struct partition_image *partition)
{
    return (int64_t)partition->isr.count;
}

static int64_t is_under_replicated(const struct partition_image *partition)
{
    return partition->isr.count < partition->replicas.count;
}

struct partition_family {
    const char *name;
    const char *help;
    partition_value_fn *value;
};

static const struct partition_family partition_families[] = {
    {"kafka_topic_partition_leader", "The broker that leads the partition", leader},
    {"kafka_topic_partition_leader_is_preferred", "1 when the preferred replica leads",
     leader_is_preferred},
    {"kafka_topic_partition_replicas", "Replicas of the partition", replicas_count},
    {"kafka_topic_partition_in_sync_replica", "Replicas of the partition that are in sync",
     in_sync_count},
    {"kafka_topic_partition_under_replicated_partition", "1 when a replica is not in sync",
     is_under_replicated},
};

static void write_partition_family(FILE *page, const struct metadata_image *image,
                                   const struct partition_family *family)
{
    metrics_page_family(page, family->name, "gauge", family->help);
    for (size_t i = 0; i < metadata_image_topics_count(image); i++) {
        const struct topic_image *topic = metadata_image_topic_at(image, i);
        for (size_t p = 0; p < topic->partitions_count; p++) {
            begin_sample(page, family->name, topic->name);
            fprintf(page, ",partition=\"%zu\"} %" PRId64 "\n", p,
                    family->value(&topic->partitions[p]));
        }
    }
}

static void write_topics(FILE *page, const struct metadata_image *image)
{
    metrics_page_family(page, "kafka_topic_partitions", "gauge", "Partitions of the topic");
    for (size_t i = 0; i < metadata_image_topics_count(image); i++) {
        const struct topic_image *topic = metadata_image_topic_at(image, i);
        begin_sample(page, "kafka_topic_partitions", topic->name);
        fprintf(page, "} %zu\n", topic->partitions_count);
    }
    if (metadata_image_partitions_count(image) > METRICS_PARTITIONS_MAX) {
        return;
    }
    for (size_t i = 0; i < sizeof partition_families / sizeof partition_families[0]; i++) {
        write_partition_family(page, image, &partition_families[i]);
    }
}

static uint64_t offline_count(const struct metadata_image *image)
{
    uint64_t count = 0;
    for (size_t i = 0; i < metadata_image_topics_count(image); i++) {
        const struct topic_image *topic = metadata_image_topic_at(image, i);
        for (size_t p = 0; p < topic->partitions_count; p++) {
            count += topic->partitions[p].leader < 0 ? 1 : 0;
        }
    }
    return count;
}

void cluster_metrics_write(FILE *page, const struct metadata_image *image,
                           bool is_active_controller)
{
    write_brokers(page, image);
    write_topics(page, image);
    write_value(page, "kafka_controller_kafkacontroller_activecontrollercount",
                "1 on the broker whose controller is active", is_active_controller ? 1 : 0);
    write_value(page, "kafka_controller_kafkacontroller_globaltopiccount", "Topics of the cluster",
                metadata_image_topics_count(image));
    write_value(page, "kafka_controller_kafkacontroller_globalpartitioncount",
                "Partitions of the cluster", metadata_image_partitions_count(image));
    write_value(page, "kafka_controller_kafkacontroller_offlinepartitionscount",
                "Partitions without a leader", offline_count(image));
}

/* ---- partitions of this broker ---- */

static void write_partition(FILE *samples, const char *name, const struct partition *partition,
                            int64_t value)
{
    begin_sample(samples, name, partition->topic);
    fprintf(samples, ",partition=\"%d\"} %" PRId64 "\n", partition->index, value);
}

void cluster_metrics_collect(struct broker_shard *broker, struct partition_metrics *metrics)
{
    bool detailed = metadata_image_partitions_count(broker->image) <= METRICS_PARTITIONS_MAX;
    size_t cursor = 0;
    const struct partition *partition = partition_table_next(broker->partitions, &cursor);
    for (; partition != NULL; partition = partition_table_next(broker->partitions, &cursor)) {
        metrics->partitions_count++;
        metrics->leaders_count += partition->is_leader ? 1 : 0;
        metrics->offline_count += partition->state == PARTITION_OFFLINE ? 1 : 0;
        metrics->under_replicated_count +=
            partition->is_leader && partition->in_sync_count < partition->replicas_count ? 1 : 0;
        if (partition->state == PARTITION_READY && detailed) {
            write_partition(metrics->current_offset, "kafka_topic_partition_current_offset",
                            partition, partition_log_high_watermark(partition->log));
            write_partition(metrics->oldest_offset, "kafka_topic_partition_oldest_offset",
                            partition, partition_log_start_offset(partition->log));
            write_partition(metrics->size, "rollway_partition_size_bytes", partition,
                            (int64_t)partition_log_size(partition->log));
        }
    }
}
