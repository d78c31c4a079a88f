#include "replication/partition/high_watermark_core.h"

#include <criterion/criterion.h>

Test(high_watermark_core, waits_for_the_slowest_member_and_never_goes_back)
{
    static const struct {
        int64_t before;
        int64_t flushed[3];
        size_t count;
        unsigned min_insync;
        int64_t expected;
    } rows[] = {
        {0, {5}, 1, 1, 5},       {0, {5, 3, 9}, 3, 1, 3},
        {4, {5, 3, 9}, 3, 1, 4}, /* A member that is behind does not take it back. */
        {0, {5, 3}, 2, 3, 0},    /* Too few are in sync: it stands still (KIP-966). */
        {7, {9, 9}, 2, 2, 9},    {9, {9, 9, 9}, 3, 3, 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct replica_progress in_sync[3];
        for (size_t k = 0; k < rows[i].count; k++) {
            in_sync[k] = (struct replica_progress){(int32_t)k, rows[i].flushed[k]};
        }
        cr_assert_eq(
            high_watermark_next(rows[i].before, in_sync, rows[i].count, rows[i].min_insync),
            rows[i].expected, "row %zu", i);
    }
}

Test(high_watermark_core, min_insync_is_not_more_than_there_are_replicas)
{
    cr_assert_eq(effective_min_insync(2, 3), 2);
    cr_assert_eq(effective_min_insync(3, 1), 1);
    cr_assert_eq(effective_min_insync(1, 1), 1);
}
