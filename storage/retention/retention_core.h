/* Which segments of a log may go.
 *
 *     beginning of the log                                              end
 *     | segment | segment | segment | segment | active |
 *      ^^^^^^^^^ ends at or below the log start offset: goes
 *                ^^^^^^^^^ all its records are older than retention.ms: goes
 *                          ^^^^^^^^^ what would be left is still retention.bytes: goes
 *
 * From the oldest on, each for the first rule that applies; the first that stays ends it. Nothing
 * goes that reaches to the high watermark or above it. Time may take the active segment too, when
 * it has records: the log then goes on with an empty one.
 *
 * Pure. */
#ifndef STORAGE_RETENTION_RETENTION_CORE_H
#define STORAGE_RETENTION_RETENTION_CORE_H

#include <stdbool.h>
#include <stdint.h>

struct retention_segment {
    int64_t base_offset;
    int64_t end_offset; /* Behind its last record. */
    uint64_t size;
    int64_t max_timestamp_ms; /* Of its records, or of its file when they have none. */
};

struct retention_rules {
    int64_t retention_ms;    /* -1: no limit. */
    int64_t retention_bytes; /* -1: no limit. */
    int64_t log_start_offset;
    int64_t high_watermark;
    int64_t now_ms;
    bool by_time_and_size; /* cleanup.policy has delete; else only the start offset counts. */
};

/* How many of the oldest segments may go. `segments` are in order; the last one is active. */
uint32_t retention_choose(const struct retention_rules *rules,
                          const struct retention_segment *segments, uint32_t count);

#endif /* STORAGE_RETENTION_RETENTION_CORE_H */
