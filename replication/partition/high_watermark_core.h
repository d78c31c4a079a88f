/* How far a partition is committed: pure arithmetic over what the replicas have flushed.
 *
 * The high watermark is the smallest flushed offset among the in-sync replicas; it does not move
 * while fewer than the effective min.insync.replicas are in sync (KIP-966), and never goes back
 * while this broker leads (reference: KIP-101, KIP-966). The leader counts with its own flushed
 * offset like everybody else. */
#ifndef REPLICATION_PARTITION_HIGH_WATERMARK_CORE_H
#define REPLICATION_PARTITION_HIGH_WATERMARK_CORE_H

#include <stddef.h>
#include <stdint.h>

/* Replication factors above this are refused when a topic is created. */
#define PARTITION_REPLICAS_MAX 16

struct replica_progress {
    int32_t broker_id;
    int64_t flushed_offset; /* Everything before it survives a power cut of that broker. */
};

/* min(min.insync.replicas, replication factor). */
unsigned effective_min_insync(unsigned min_insync_replicas, unsigned replicas_count);

/* The next high watermark, at least `high_watermark`. `in_sync` are the replicas of the maximal
 * ISR: the committed one and those about to join it; in_sync_count >= 1. */
int64_t high_watermark_next(int64_t high_watermark, const struct replica_progress *in_sync,
                            size_t in_sync_count, unsigned effective_min_insync_count);

#endif /* REPLICATION_PARTITION_HIGH_WATERMARK_CORE_H */
