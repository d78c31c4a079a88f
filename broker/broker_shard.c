#include "broker/broker_shard.h"

#include "base/bytes.h"

unsigned broker_shard_of_partition(const struct broker_shard *broker, struct uuid topic_id,
                                   int32_t partition)
{
    /* Topic ids are random: any part of one spreads topics, and the partitions of a topic follow
     * each other. */
    uint32_t start = load_u32(topic_id.bytes + UUID_SIZE - sizeof(uint32_t));
    return (start + (uint32_t)partition) % broker->siblings_count;
}
