/* Where `rollway consume` begins and ends in each partition, as numbers: decisions without a
 * client. */
#ifndef TOOLS_ROLLWAY_CONSUMPTION_H
#define TOOLS_ROLLWAY_CONSUMPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tools/rollway/time_text.h"

#define CONSUMPTION_NEVER INT64_MAX

/* What a broker says of a partition. The offsets of times are those of the first record at or after
 * them; -1 when there is none. */
struct partition_bounds {
    int64_t first_offset;
    int64_t end_offset;
    int64_t from_time_offset;
    int64_t until_time_offset;
};

struct partition_range {
    int64_t start_offset; /* First to read. */
    int64_t stop_offset;  /* First not to read; CONSUMPTION_NEVER. */
    int64_t stop_time_ms; /* A record from then on is not read; CONSUMPTION_NEVER. */
};

/* The range to read. `until` may be NULL; without `follow` it ends at the end as it is now. An
 * offset below the first begins at the first. STATUS_OUT_OF_RANGE for a start behind the end that
 * one would wait at. */
MUST_USE enum status partition_range_decide(const struct partition_bounds *bounds,
                                            const struct log_position *from,
                                            const struct log_position *until, bool follow,
                                            struct partition_range *range, struct error *error);

/* Nothing is left to read at `next_offset`. */
bool partition_range_is_done(const struct partition_range *range, int64_t next_offset);

/* Whether a record is within the range. */
bool partition_range_has(const struct partition_range *range, int64_t offset, int64_t timestamp_ms);

#endif /* TOOLS_ROLLWAY_CONSUMPTION_H */
