#include "replication/partition/high_watermark_core.h"

#include "base/assert.h"

unsigned effective_min_insync(unsigned min_insync_replicas, unsigned replicas_count)
{
    return min_insync_replicas < replicas_count ? min_insync_replicas : replicas_count;
}

int64_t high_watermark_next(int64_t high_watermark, const struct replica_progress *in_sync,
                            size_t in_sync_count, unsigned effective_min_insync_count)
{
    ASSERT(in_sync_count >= 1);
    if (in_sync_count < effective_min_insync_count) {
        return high_watermark;
    }
    int64_t smallest = INT64_MAX;
    for (size_t i = 0; i < in_sync_count; i++) {
        if (in_sync[i].flushed_offset < smallest) {
            smallest = in_sync[i].flushed_offset;
        }
    }
    return smallest > high_watermark ? smallest : high_watermark;
}
