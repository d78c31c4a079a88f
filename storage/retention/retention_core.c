#include "storage/retention/retention_core.h"

static bool has_expired(const struct retention_rules *rules,
                        const struct retention_segment *segment)
{
    return rules->by_time_and_size && rules->retention_ms >= 0 &&
           segment->max_timestamp_ms < rules->now_ms &&
           rules->now_ms - segment->max_timestamp_ms > rules->retention_ms;
}

/* Without it there is still as much as the limit asks for. */
static bool is_excess(const struct retention_rules *rules, const struct retention_segment *segment,
                      uint64_t total_size)
{
    return rules->by_time_and_size && rules->retention_bytes >= 0 &&
           total_size - segment->size >= (uint64_t)rules->retention_bytes;
}

uint32_t retention_choose(const struct retention_rules *rules,
                          const struct retention_segment *segments, uint32_t count)
{
    uint64_t total_size = 0;
    for (uint32_t i = 0; i < count; i++) {
        total_size += segments[i].size;
    }
    uint32_t chosen = 0;
    while (chosen < count) {
        const struct retention_segment *segment = &segments[chosen];
        bool is_active = chosen + 1 == count;
        if (segment->end_offset > rules->high_watermark || (is_active && segment->size == 0)) {
            break;
        }
        bool is_below_start = segment->end_offset <= rules->log_start_offset;
        bool goes = has_expired(rules, segment) ||
                    (!is_active && (is_below_start || is_excess(rules, segment, total_size)));
        if (!goes) {
            break;
        }
        total_size -= segment->size;
        chosen++;
    }
    return chosen;
}
