#include "storage/log/log_config.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define DAY_MS    (24 * 60 * MINUTE_MS)

struct log_config log_config_default(void)
{
    return (struct log_config){
        .cleanup_policy = CLEANUP_DELETE,
        .retention_ms = 7 * DAY_MS,
        .retention_bytes = -1,
        .segment_bytes = (int64_t)1024 * 1024 * 1024,
        .segment_ms = 7 * DAY_MS,
        .segment_jitter_ms = 0,
        .segment_index_bytes = 10 * 1024 * 1024,
        .index_interval_bytes = 4096,
        .message_bytes_max = 1024 * 1024 + 12,
        .compression_codec = COMPRESSION_PRODUCER,
        .compression_level = INT32_MIN, /* The codec's own. */
        .timestamp_type = TIMESTAMP_CREATE_TIME,
        .timestamp_before_ms_max = INT64_MAX,
        .timestamp_after_ms_max = 60 * MINUTE_MS,
        .flush_messages = 1,
        .flush_ms = INT64_MAX,
        .file_delete_delay_ms = MINUTE_MS,
        .delete_retention_ms = DAY_MS,
        .min_cleanable_dirty_ratio = 0.5,
        .min_compaction_lag_ms = 0,
        .max_compaction_lag_ms = INT64_MAX,
        .preallocate = false,
    };
}
