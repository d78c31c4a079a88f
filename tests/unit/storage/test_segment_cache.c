#include <criterion/criterion.h>
#include <string.h>

#include "storage/io/segment_ahead.h"
#include "tests/support/base/allocations.h"
#include "tests/unit/storage/segment_rig.h"

TestSuite(segment_cache, .fini = allocations_allow);

#define POOL_SIZE ((size_t)16 << 20)

static void open_rig(struct segment_rig *rig, size_t cache_size)
{
    rig_open(rig, RIG_SIMULATED, WRITE_ENGINE_DIRECT, 1, POOL_SIZE, cache_size);
}

static bool first_byte_is_in_memory(struct segment_rig *rig, uint64_t position)
{
    struct slice items[2];
    struct slices slices = {.items = items, .capacity = 2};
    struct error error;
    cr_assert_eq(segment_file_slices(rig->file, position, 1, &slices, &error), STATUS_OK);
    bool in_memory = slices.items[0].data != NULL;
    slices_release(&slices);
    return in_memory;
}

Test(segment_cache, the_oldest_flushed_bytes_leave_first)
{
    struct segment_rig rig;
    open_rig(&rig, (size_t)4 * BUFFER_SIZE_LARGE);
    for (unsigned i = 0; i < 8; i++) {
        cr_expect_eq(rig_append(&rig, BUFFER_SIZE_LARGE), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        cr_expect_leq(segment_cache_size(rig.context.cache), (size_t)4 * BUFFER_SIZE_LARGE);
    }
    for (uint64_t i = 0; i < 8; i++) {
        cr_expect_eq(first_byte_is_in_memory(&rig, i * BUFFER_SIZE_LARGE), i >= 4, "%llu",
                     (unsigned long long)i);
    }
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_cache, what_waits_for_the_disk_stays_whatever_the_limit)
{
    struct segment_rig rig;
    open_rig(&rig, 0);
    cr_expect_eq(rig_append(&rig, 5 * BUFFER_SIZE_LARGE), STATUS_OK);
    cr_expect_eq(segment_cache_size(rig.context.cache), 5u * BUFFER_SIZE_LARGE);
    rig_check_all(&rig);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    cr_expect_eq(segment_cache_size(rig.context.cache), 0);
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_cache, a_lower_limit_counts_at_once)
{
    struct segment_rig rig;
    open_rig(&rig, POOL_SIZE);
    cr_expect_eq(rig_append(&rig, 10 * BUFFER_SIZE_LARGE), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    cr_expect_eq(segment_cache_size(rig.context.cache), 10u * BUFFER_SIZE_LARGE);
    segment_cache_set_limit(rig.context.cache, 3u * BUFFER_SIZE_LARGE);
    cr_expect_eq(segment_cache_size(rig.context.cache), 3u * BUFFER_SIZE_LARGE);
    cr_expect(!first_byte_is_in_memory(&rig, 0));
    cr_expect(first_byte_is_in_memory(&rig, 9 * BUFFER_SIZE_LARGE));
    rig_close(&rig);
}

Test(segment_cache, a_response_keeps_its_buffer_after_the_cache_let_go)
{
    struct segment_rig rig;
    open_rig(&rig, POOL_SIZE);
    cr_expect_eq(rig_append(&rig, 4096), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    struct slice items[2];
    struct slices slices = {.items = items, .capacity = 2};
    struct error error;
    cr_assert_eq(segment_file_slices(rig.file, 0, 4096, &slices, &error), STATUS_OK);
    segment_cache_set_limit(rig.context.cache, 0);
    cr_expect_eq(segment_cache_size(rig.context.cache), 0);
    cr_expect_eq(buffer_pool_usage(rig.context.buffers).borrowed_bytes, BUFFER_SIZE_SMALL);
    cr_expect_eq(memcmp(slices.items[0].data, rig.model, 4096), 0);
    slices_release(&slices);
    cr_expect_eq(buffer_pool_usage(rig.context.buffers).borrowed_bytes, 0);
    rig_close(&rig);
}

Test(segment_cache, a_tail_that_grows_is_spared_once)
{
    struct segment_rig rig;
    open_rig(&rig, POOL_SIZE);
    struct segment_file *other;
    struct error error;
    cr_assert_eq(
        segment_file_open(&rig.context, "other", 0, true, WRITE_ENGINE_DIRECT, &other, &error),
        STATUS_OK);
    cr_expect_eq(rig_append(&rig, 100), STATUS_OK);
    cr_expect_eq(rig_append(&rig, 100), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    cr_expect_eq(segment_file_append(other, (struct bytes){rig.model, 200}, &error), STATUS_OK);
    segment_file_close(other);
    cr_expect(first_byte_is_in_memory(&rig, 0));
    segment_cache_set_limit(rig.context.cache, 0);
    cr_expect(!first_byte_is_in_memory(&rig, 0), "but not for ever");
    rig_close(&rig);
}

Test(segment_cache, buffers_suit_what_comes)
{
    struct segment_rig rig;
    open_rig(&rig, POOL_SIZE);
    cr_expect_eq(rig_append(&rig, 100), STATUS_OK);
    cr_expect_eq(segment_cache_size(rig.context.cache), BUFFER_SIZE_SMALL, "a trickle");
    cr_expect_eq(rig_append(&rig, 60000), STATUS_OK);
    cr_expect_eq(segment_cache_size(rig.context.cache), BUFFER_SIZE_SMALL + BUFFER_SIZE_LARGE);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    rig_close(&rig);
}

Test(segment_cache, an_idle_segment_has_no_blocks_ahead_and_a_busy_one_has_few)
{
    struct segment_rig rig;
    open_rig(&rig, POOL_SIZE);
    for (unsigned i = 0; i < 10; i++) {
        cr_expect_eq(rig_append(&rig, 1000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    }
    cr_expect_eq(simulated_disk_content(rig.disk, rig.path).size, 12288);
    for (unsigned i = 0; i < 1000; i++) {
        cr_expect_eq(rig_append(&rig, 1000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    }
    uint64_t ahead = simulated_disk_content(rig.disk, rig.path).size - segment_file_end(rig.file);
    cr_expect_gt(ahead, 8192);
    cr_expect_leq(ahead, SEGMENT_AHEAD_ZEROS_SIZE_MAX);
    rig_close(&rig);
}

Test(segment_cache, refused_memory_refuses_the_append_and_nothing_else)
{
    for (size_t allowed = 0; allowed < 8; allowed++) {
        struct segment_rig rig;
        open_rig(&rig, POOL_SIZE);
        static const uint8_t bytes[100000];
        struct error error;
        allocations_refuse_after(allowed);
        enum status status =
            segment_file_append(rig.file, (struct bytes){bytes, sizeof bytes}, &error);
        allocations_allow();
        cr_expect(status == STATUS_OK || status == STATUS_NO_MEMORY);
        cr_expect_eq(segment_file_end(rig.file), status == STATUS_OK ? sizeof bytes : 0);
        if (status == STATUS_NO_MEMORY) {
            cr_expect_eq(segment_cache_size(rig.context.cache), 0);
            cr_expect_eq(buffer_pool_usage(rig.context.buffers).borrowed_bytes, 0);
        }
        rig_close(&rig);
    }
    allocations_refuse_after(0);
    struct segment_cache *cache = segment_cache_create(1);
    allocations_allow();
    cr_expect_null(cache);
    segment_cache_destroy(NULL);
}
