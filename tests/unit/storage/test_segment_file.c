#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/storage/segment_rig.h"

#define POOL_SIZE  ((size_t)16 << 20)
#define CACHE_SIZE ((size_t)4 << 20)

struct way {
    enum rig_disk disk_kind;
    enum write_engine engine;
};

static const struct way ways[] = {
    {RIG_SIMULATED, WRITE_ENGINE_DIRECT}, {RIG_SIMULATED, WRITE_ENGINE_BUFFERED},
    {RIG_RING, WRITE_ENGINE_DIRECT},      {RIG_RING, WRITE_ENGINE_BUFFERED},
    {RIG_WORKERS, WRITE_ENGINE_DIRECT},   {RIG_WORKERS, WRITE_ENGINE_BUFFERED},
};

#define WAYS_COUNT (sizeof ways / sizeof ways[0])

static void open_way(struct segment_rig *rig, size_t i, uint64_t seed)
{
    rig_open(rig, ways[i].disk_kind, ways[i].engine, seed, POOL_SIZE, CACHE_SIZE);
}

static void open_simulated(struct segment_rig *rig, enum write_engine engine, uint64_t seed)
{
    rig_open(rig, RIG_SIMULATED, engine, seed, POOL_SIZE, CACHE_SIZE);
}

Test(segment_file, holds_what_was_appended_before_and_after_a_flush)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        cr_expect_eq(rig_append(&rig, 100), STATUS_OK);
        rig_check_all(&rig);
        cr_expect_eq(segment_file_durable_end(rig.file), 0);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        cr_expect_eq(segment_file_durable_end(rig.file), 100);
        cr_expect_eq(segment_file_written_end(rig.file), 100);
        cr_expect_eq(rig_append(&rig, 70000), STATUS_OK);
        cr_expect_eq(segment_file_durable_end(rig.file), 100);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, appends_go_on_while_a_flush_is_under_way)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        for (unsigned round = 0; round < 50; round++) {
            cr_expect_eq(rig_append(&rig, 1 + rig_below(&rig, 3000)), STATUS_OK);
            rig_flush_start(&rig, true);
            uint64_t flush_end = segment_file_end(rig.file);
            cr_expect_eq(rig_append(&rig, 1 + rig_below(&rig, 3000)), STATUS_OK);
            cr_expect_eq(rig_flush_wait(&rig), STATUS_OK);
            cr_expect_geq(segment_file_durable_end(rig.file), flush_end);
        }
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        rig_check_all(&rig);
        rig_reopen(&rig, segment_file_end(rig.file));
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, is_read_back_from_the_disk_after_reopening)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        for (unsigned round = 0; round < 30; round++) {
            cr_expect_eq(rig_append(&rig, 1 + rig_below(&rig, 40000)), STATUS_OK);
            cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
            if (round % 5 == 0) {
                rig_reopen(&rig, segment_file_end(rig.file));
            }
        }
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, large_appends_take_several_operations)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        cr_expect_eq(rig_append(&rig, 17), STATUS_OK);
        cr_expect_eq(rig_append(&rig, (5 << 20) + 1), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        cr_expect_eq(segment_file_durable_end(rig.file), (5 << 20) + 18);
        rig_reopen(&rig, segment_file_end(rig.file));
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, many_small_appends_survive_reopening)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        for (unsigned k = 0; k < 3000; k++) {
            cr_expect_eq(rig_append(&rig, 1 + rig_below(&rig, 400)), STATUS_OK);
            if (k % 7 == 0) {
                cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
            }
        }
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        rig_reopen(&rig, segment_file_end(rig.file));
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, sealing_cuts_the_file_to_its_logical_end)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        for (unsigned k = 0; k < 60; k++) {
            cr_expect_eq(rig_append(&rig, 5001), STATUS_OK);
            cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        }
        struct error error;
        cr_expect_eq(segment_file_seal(rig.file, &error), STATUS_OK);
        struct file_status file_status;
        cr_expect_eq(rig.context.files->stat(rig.context.files, rig.path, &file_status, &error),
                     STATUS_OK);
        cr_expect_eq(file_status.size, 60u * 5001);
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, truncating_forgets_in_memory_and_on_disk)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        for (unsigned k = 0; k < 40; k++) {
            struct error error;
            cr_expect_eq(rig_append(&rig, 1 + rig_below(&rig, 30000)), STATUS_OK);
            if (k % 3 != 0) {
                cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
            }
            uint64_t to = rig_below(&rig, segment_file_end(rig.file) + 1);
            cr_expect_eq(segment_file_truncate(rig.file, to, &error), STATUS_OK);
            cr_expect_eq(segment_file_end(rig.file), to);
            cr_expect_leq(segment_file_durable_end(rig.file), to);
            rig_check_all(&rig);
            cr_expect_eq(rig_append(&rig, 5000), STATUS_OK);
            rig_check_all(&rig);
            cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        }
        rig_reopen(&rig, segment_file_end(rig.file));
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, what_a_consumer_holds_does_not_change_by_truncating)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 3000), STATUS_OK);
    struct slice items[4];
    struct slices slices = {.items = items, .capacity = 4};
    struct error error;
    cr_expect_eq(segment_file_slices(rig.file, 0, 3000, &slices, &error), STATUS_OK);
    uint8_t before[3000];
    memcpy(before, slices.items[0].data, sizeof before);
    cr_expect_eq(segment_file_truncate(rig.file, 1000, &error), STATUS_OK);
    cr_expect_eq(rig_append(&rig, 2000), STATUS_OK);
    cr_expect_eq(memcmp(before, slices.items[0].data, sizeof before), 0);
    rig_check_all(&rig);
    slices_release(&slices);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    rig_close(&rig);
}

Test(segment_file, without_durability_the_bytes_only_leave_the_process)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_BUFFERED, 1);
    cr_expect_eq(rig_append(&rig, 5000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, false), STATUS_OK);
    cr_expect_eq(segment_file_written_end(rig.file), 5000);
    cr_expect_eq(segment_file_durable_end(rig.file), 0);
    cr_expect_eq(simulated_disk_content(rig.disk, rig.path).size, 5000);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    cr_expect_eq(segment_file_durable_end(rig.file), 5000);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK, "nothing to flush is fine");
    rig_crash(&rig, 3);
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_file, direct_falls_back_where_the_file_system_has_none)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(segment_file_engine(rig.file), WRITE_ENGINE_DIRECT);
    simulated_disk_set_direct(rig.disk, false);
    rig_reopen(&rig, 0);
    cr_expect_eq(segment_file_engine(rig.file), WRITE_ENGINE_BUFFERED);
    cr_expect_eq(rig_append(&rig, 5000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_file, opening_cuts_what_lies_behind_the_end_and_refuses_a_short_file)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 10000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    rig_reopen(&rig, 5000);
    cr_expect_eq(simulated_disk_content(rig.disk, rig.path).size, 5000);
    struct segment_file *file;
    struct error error;
    cr_expect_eq(
        segment_file_open(&rig.context, rig.path, 5001, true, WRITE_ENGINE_DIRECT, &file, &error),
        STATUS_CORRUPT);
    cr_expect_str_eq(error.text, "segment.log: 5000 bytes, expected are 5001");
    cr_expect_eq(
        segment_file_open(&rig.context, "none/x", 0, true, WRITE_ENGINE_DIRECT, &file, &error),
        STATUS_NOT_FOUND);
    rig_close(&rig);
}

Test(segment_file, a_full_disk_keeps_the_bytes_and_a_later_flush_saves_them)
{
    for (size_t i = 0; i < 2; i++) {
        struct segment_rig rig;
        open_way(&rig, i, 7);
        cr_expect_eq(rig_append(&rig, 3000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        simulated_disk_set_capacity(rig.disk, 8192);
        cr_expect_eq(rig_append(&rig, 100000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_NO_SPACE);
        cr_expect(!segment_file_failed(rig.file));
        cr_expect_geq(segment_file_durable_end(rig.file), 3000);
        rig_check_all(&rig);
        cr_expect_eq(rig_append(&rig, 10), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_NO_SPACE);
        simulated_disk_set_capacity(rig.disk, 1 << 30);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        cr_expect_eq(segment_file_durable_end(rig.file), 103010);
        rig_crash(&rig, 9);
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, a_failed_durable_write_is_final)
{
    for (size_t i = 0; i < 2; i++) {
        struct segment_rig rig;
        open_way(&rig, i, 7);
        cr_expect_eq(rig_append(&rig, 3000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        cr_expect_eq(rig_append(&rig, 3000), STATUS_OK);
        simulated_disk_fail_call(rig.disk, 1, STATUS_IO);
        cr_expect_eq(rig_flush(&rig, true), STATUS_IO);
        cr_expect(segment_file_failed(rig.file));
        cr_expect_eq(segment_file_durable_end(rig.file), 3000);
        cr_expect_eq(rig_append(&rig, 1), STATUS_IO);
        cr_expect_eq(rig_flush(&rig, true), STATUS_IO, "a later success must not be believed");
        struct error error;
        cr_expect_eq(segment_file_truncate(rig.file, 10, &error), STATUS_IO);
        rig.safe = 3000;
        rig_crash(&rig, 11);
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, a_failed_sync_is_final_whatever_its_reason)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_BUFFERED, 7);
    cr_expect_eq(rig_append(&rig, 3000), STATUS_OK);
    simulated_disk_fail_call(rig.disk, 2, STATUS_NO_SPACE); /* 1: the write, 2: the sync. */
    cr_expect_eq(rig_flush(&rig, true), STATUS_IO);
    cr_expect(segment_file_failed(rig.file));
    cr_expect_eq(segment_file_durable_end(rig.file), 0);
    rig_close(&rig);
}

Test(segment_file, an_append_without_buffers_changes_nothing)
{
    struct segment_rig rig;
    rig_open(&rig, RIG_SIMULATED, WRITE_ENGINE_DIRECT, 1, (size_t)3 * BUFFER_SIZE_LARGE,
             CACHE_SIZE);
    cr_expect_eq(rig_append(&rig, 2 * BUFFER_SIZE_LARGE), STATUS_OK);
    cr_expect_eq(rig_append(&rig, 2 * BUFFER_SIZE_LARGE), STATUS_NO_MEMORY);
    rig_check_all(&rig);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    cr_expect_eq(rig_append(&rig, 2 * BUFFER_SIZE_LARGE), STATUS_OK, "flushed ones make room");
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_file, a_tail_block_that_left_memory_is_read_again)
{
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        for (unsigned k = 0; k < 20; k++) {
            cr_expect_eq(rig_append(&rig, 1 + rig_below(&rig, 9000)), STATUS_OK);
            cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
            segment_cache_set_limit(rig.context.cache, 0);
            cr_expect_eq(segment_cache_size(rig.context.cache), 0);
            segment_cache_set_limit(rig.context.cache, CACHE_SIZE);
        }
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, an_unreadable_tail_block_refuses_the_append)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 1000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    segment_cache_set_limit(rig.context.cache, 0);
    simulated_disk_break_range(rig.disk, rig.path, 0, 512);
    cr_expect_eq(rig_append(&rig, 10), STATUS_IO);
    cr_expect_eq(segment_cache_size(rig.context.cache), 0);
    simulated_disk_break_range(rig.disk, rig.path, 0, 0);
    cr_expect_eq(rig_append(&rig, 10), STATUS_OK);
    rig_check_all(&rig);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    rig_close(&rig);
}

static void count_done(struct disk_operation *operation)
{
    unsigned *count = operation->context;
    (*count)++;
}

Test(segment_file, cold_ranges_are_told_and_fetched_in)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 100000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    cr_expect(segment_file_is_resident(rig.file, 0, 100000), "in buffers");
    rig_reopen(&rig, 100000);
    simulated_disk_make_cold(rig.disk, rig.path);
    cr_expect(!segment_file_is_resident(rig.file, 0, 100000));
    uint8_t byte;
    struct error error;
    cr_expect_eq(segment_file_read(rig.file, 5, &byte, 1, false, &error), STATUS_AGAIN);

    unsigned done = 0;
    struct disk_operation *operation = calloc(1, sizeof *operation);
    operation->done = count_done;
    operation->context = &done;
    segment_file_prefetch(rig.file, 0, 100000, operation);
    while (done == 0) {
        rig.context.queue->wait(rig.context.queue);
    }
    cr_expect_eq(operation->status, STATUS_OK);
    cr_expect(segment_file_is_resident(rig.file, 0, 100000));
    cr_expect_eq(segment_file_read(rig.file, 5, &byte, 1, false, &error), STATUS_OK);
    cr_expect_eq(byte, rig.model[5]);

    segment_file_prefetch(rig.file, 10, 0, operation);
    while (done == 1) {
        rig.context.queue->wait(rig.context.queue);
    }
    cr_expect_eq(operation->status, STATUS_OK, "nothing to fetch is fine");
    free(operation);
    rig_close(&rig);
}

Test(segment_file, real_files_are_resident_after_a_prefetch)
{
    for (size_t i = 2; i < WAYS_COUNT; i++) {
        struct segment_rig rig;
        open_way(&rig, i, i);
        cr_expect_eq(rig_append(&rig, 300000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        rig_reopen(&rig, 300000);
        unsigned done = 0;
        struct disk_operation *operation = calloc(1, sizeof *operation);
        operation->done = count_done;
        operation->context = &done;
        segment_file_prefetch(rig.file, 0, 300000, operation);
        while (done == 0) {
            rig.context.queue->wait(rig.context.queue);
        }
        cr_expect_eq(operation->status, STATUS_OK);
        cr_expect(segment_file_is_resident(rig.file, 0, 300000));
        free(operation);
        rig_close(&rig);
    }
}

Test(segment_file, read_only_files_are_opened_when_first_read)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 5000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    struct error error;
    struct segment_file *reader;
    uint64_t calls = simulated_disk_calls(rig.disk);
    cr_expect_eq(segment_file_open(&rig.context, rig.path, 5000, false, WRITE_ENGINE_DIRECT,
                                   &reader, &error),
                 STATUS_OK);
    cr_expect_eq(simulated_disk_calls(rig.disk), calls);
    uint8_t bytes[5000];
    cr_expect_eq(segment_file_read(reader, 0, bytes, sizeof bytes, true, &error), STATUS_OK);
    cr_expect_eq(memcmp(bytes, rig.model, sizeof bytes), 0);
    segment_file_close(reader);
    cr_expect_eq(
        segment_file_open(&rig.context, "missing", 10, false, WRITE_ENGINE_DIRECT, &reader, &error),
        STATUS_OK);
    cr_expect_eq(segment_file_read(reader, 0, bytes, 10, true, &error), STATUS_NOT_FOUND);
    cr_expect(!segment_file_is_resident(reader, 0, 10));
    segment_file_close(reader);
    rig_close(&rig);
}

Test(segment_file, follows_a_rename)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 5000), STATUS_OK);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    struct error error;
    cr_expect_eq(rig.context.files->rename(rig.context.files, rig.path, "other", &error),
                 STATUS_OK);
    cr_expect_eq(segment_file_rename(rig.file, "other", &error), STATUS_OK);
    segment_cache_set_limit(rig.context.cache, 0);
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_file, every_call_to_the_disk_may_fail_once)
{
    for (size_t i = 0; i < 2; i++) {
        bool failed = true;
        for (uint64_t n = 1; failed; n++) {
            struct segment_rig rig;
            open_way(&rig, i, n);
            simulated_disk_fail_call(rig.disk, n, STATUS_IO);
            uint64_t calls = simulated_disk_calls(rig.disk);
            for (unsigned k = 0; k < 40 && !segment_file_failed(rig.file); k++) {
                if (rig_append(&rig, 4000) == STATUS_OK) {
                    rig_flush(&rig, k % 4 != 0);
                }
                segment_cache_set_limit(rig.context.cache, 0);
                segment_cache_set_limit(rig.context.cache, CACHE_SIZE);
            }
            struct error error;
            if (!segment_file_failed(rig.file) &&
                segment_file_written_end(rig.file) == segment_file_end(rig.file)) {
                status_ignore(segment_file_seal(rig.file, &error));
            }
            failed = simulated_disk_calls(rig.disk) - calls >= n;
            rig.safe = segment_file_durable_end(rig.file);
            rig_crash(&rig, n);
            rig_check_all(&rig);
            rig_close(&rig);
        }
    }
}

Test(segment_file, what_was_truncated_never_comes_back)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct segment_rig rig;
        open_way(&rig, seed % 2, seed);
        cr_expect_eq(rig_append(&rig, 10000), STATUS_OK);
        cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
        struct error error;
        cr_expect_eq(segment_file_truncate(rig.file, 5000, &error), STATUS_OK);
        rig.safe = 5000;
        simulated_disk_crash(rig.disk, seed);
        cr_expect_eq(simulated_disk_content(rig.disk, rig.path).size, 5000);
        rig_reopen(&rig, 5000);
        rig_check_all(&rig);
        rig_close(&rig);
    }
}

Test(segment_file, zeros_follow_the_end_in_its_block)
{
    struct segment_rig rig;
    open_simulated(&rig, WRITE_ENGINE_DIRECT, 1);
    cr_expect_eq(rig_append(&rig, 3000), STATUS_OK);
    simulated_disk_set_capacity(rig.disk, 0);
    cr_expect_eq(rig_flush(&rig, true), STATUS_NO_SPACE);
    struct error error;
    cr_expect_eq(segment_file_truncate(rig.file, 1000, &error), STATUS_OK);
    simulated_disk_set_capacity(rig.disk, 1 << 20);
    cr_expect_eq(rig_flush(&rig, true), STATUS_OK);
    struct bytes content = simulated_disk_content(rig.disk, rig.path);
    cr_assert_eq(content.size, BUFFER_ALIGNMENT);
    for (size_t i = 1000; i < content.size; i++) {
        cr_assert_eq(content.data[i], 0, "byte %zu", i);
    }
    rig_close(&rig);
}

/* ---- against a model ---- */

static void look_at_survivor(void *context, struct simulated_disk *disk)
{
    struct segment_rig *rig = context;
    if (rig_below(rig, 16) != 0) {
        return;
    }
    struct simulated_disk *survivor = simulated_disk_survivor(disk, rig_below(rig, 1u << 30));
    struct bytes content = simulated_disk_content(survivor, rig->path);
    cr_assert_geq(content.size, rig->safe);
    cr_assert_eq(memcmp(content.data, rig->model, (size_t)rig->safe), 0,
                 "durable bytes would have changed");
    simulated_disk_destroy(survivor);
}

static size_t random_size(struct segment_rig *rig)
{
    uint64_t kind = rig_below(rig, 10);
    return (size_t)(1 + rig_below(rig, kind < 6 ? 600 : kind < 9 ? 20000 : 150000));
}

static void random_truncate(struct segment_rig *rig)
{
    uint64_t end = segment_file_end(rig->file);
    uint64_t to = end - rig_below(rig, (end < 50000 ? end : 50000) + 1);
    rig->safe = rig->safe < to ? rig->safe : to;
    struct error error;
    cr_assert_eq(segment_file_truncate(rig->file, to, &error), STATUS_OK, "%s", error.text);
}

static void random_read(struct segment_rig *rig)
{
    uint64_t end = segment_file_end(rig->file);
    uint64_t position = rig_below(rig, end + 1);
    uint64_t left = end - position < 100000 ? end - position : 100000;
    rig_check(rig, position, (size_t)rig_below(rig, left + 1));
}

static void random_step(struct segment_rig *rig)
{
    uint64_t kind = rig_below(rig, 100);
    if (kind < 45 && segment_file_end(rig->file) < RIG_MODEL_SIZE - 200000) {
        cr_assert_eq(rig_append(rig, random_size(rig)), STATUS_OK);
    } else if (kind < 65 && !rig->flushing) {
        rig_flush_start(rig, rig_below(rig, 5) != 0);
    } else if (kind < 85) {
        rig->context.queue->reap(rig->context.queue);
    } else if (kind < 95) {
        random_read(rig);
    } else if (kind < 97) {
        segment_cache_set_limit(rig->context.cache, (size_t)rig_below(rig, CACHE_SIZE));
    } else if (kind < 98 && !rig->flushing) {
        random_truncate(rig);
    } else if (kind < 99 && rig->disk != NULL) {
        rig_crash(rig, rig_below(rig, 1u << 30));
    } else if (!rig->flushing) {
        cr_assert_eq(rig_flush(rig, true), STATUS_OK);
        rig_reopen(rig, segment_file_end(rig->file));
    }
}

static void random_run(size_t way, uint64_t seed, unsigned steps)
{
    struct segment_rig rig;
    open_way(&rig, way, seed);
    if (rig.disk != NULL) {
        simulated_disk_observe(rig.disk, look_at_survivor, &rig);
    }
    for (unsigned i = 0; i < steps; i++) {
        random_step(&rig);
    }
    rig_flush_wait(&rig);
    cr_assert_eq(rig_flush(&rig, true), STATUS_OK);
    rig_check_all(&rig);
    rig_close(&rig);
}

Test(segment_file, equals_a_byte_array_over_power_cuts, .timeout = 100)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        random_run(0, seed, 1500);
        random_run(1, seed, 1500);
    }
}

Test(segment_file, equals_a_byte_array_on_real_disks, .timeout = 100)
{
    for (size_t i = 2; i < WAYS_COUNT; i++) {
        random_run(i, i, 1500);
    }
}
