#include "tools/rollway/consumption.h"

#include <inttypes.h>

#include "base/assert.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The offset of a position; `time_offset` is the broker's answer for its time. */
static int64_t resolve(const struct partition_bounds *bounds, const struct log_position *position,
                       int64_t time_offset)
{
    switch (position->kind) {
    case LOG_POSITION_EARLIEST:
        return bounds->first_offset;
    case LOG_POSITION_LATEST:
        return bounds->end_offset;
    case LOG_POSITION_OFFSET:
        return position->value;
    case LOG_POSITION_TAIL:
        return most(bounds->first_offset, bounds->end_offset - position->value);
    case LOG_POSITION_TIME:
        return time_offset >= 0 ? time_offset : bounds->end_offset;
    default:
        ASSERT(false);
        return 0;
    }
}

enum status partition_range_decide(const struct partition_bounds *bounds,
                                   const struct log_position *from,
                                   const struct log_position *until, bool follow,
                                   struct partition_range *range, struct error *error)
{
    int64_t start = most(resolve(bounds, from, bounds->from_time_offset), bounds->first_offset);
    int64_t stop = CONSUMPTION_NEVER;
    int64_t stop_time_ms = CONSUMPTION_NEVER;
    if (until != NULL && until->kind == LOG_POSITION_TIME) {
        stop_time_ms = until->value;
        stop = bounds->until_time_offset >= 0 ? bounds->until_time_offset : CONSUMPTION_NEVER;
    } else if (until != NULL) {
        stop = resolve(bounds, until, -1);
    }
    if (!follow) {
        stop = least(stop, bounds->end_offset);
    }
    if (start > bounds->end_offset && start < stop) {
        return error_set(error, STATUS_OUT_OF_RANGE,
                         "offset %" PRId64 " lies behind the end, which is %" PRId64, start,
                         bounds->end_offset);
    }
    *range = (struct partition_range){start, stop, stop_time_ms};
    return STATUS_OK;
}

bool partition_range_is_done(const struct partition_range *range, int64_t next_offset)
{
    return next_offset >= range->stop_offset;
}

bool partition_range_has(const struct partition_range *range, int64_t offset, int64_t timestamp_ms)
{
    return offset < range->stop_offset && timestamp_ms < range->stop_time_ms;
}
