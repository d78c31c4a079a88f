/* The topic configuration that a log needs, as numbers. broker/config fills it in from topic,
 * broker and default values; storage knows nothing of names. */
#ifndef STORAGE_LOG_LOG_CONFIG_H
#define STORAGE_LOG_LOG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define CLEANUP_DELETE  (1u << 0)
#define CLEANUP_COMPACT (1u << 1)

enum timestamp_type { TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME };

/* -1 in `compression_codec` keeps the producer's. */
#define COMPRESSION_PRODUCER (-1)

struct log_config {
    unsigned cleanup_policy; /* CLEANUP_*; 0 keeps everything for ever. */
    int64_t retention_ms;    /* -1: no limit. */
    int64_t retention_bytes; /* -1: no limit. */
    int64_t segment_bytes;
    int64_t segment_ms;
    int64_t segment_jitter_ms;
    int32_t segment_index_bytes;
    int32_t index_interval_bytes;
    int32_t message_bytes_max;
    int32_t compression_codec; /* enum compression_codec, or COMPRESSION_PRODUCER. */
    int32_t compression_level;
    enum timestamp_type timestamp_type;
    int64_t timestamp_before_ms_max;
    int64_t timestamp_after_ms_max;
    int64_t flush_messages; /* 1: acknowledged only when durable (our default). */
    int64_t flush_ms;
    int64_t file_delete_delay_ms;
    int64_t delete_retention_ms;
    double min_cleanable_dirty_ratio;
    int64_t min_compaction_lag_ms;
    int64_t max_compaction_lag_ms;
    bool preallocate;
};

/* Kafka's defaults for a topic, with flush_messages = 1. */
struct log_config log_config_default(void);

#endif /* STORAGE_LOG_LOG_CONFIG_H */
