#include "storage/log/log_flusher.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/storage/log_fixture.h"

#define LOGS 3

static struct log_fixture fixture;
static struct partition_log *logs[LOGS];
static struct log_flusher *flusher;
static char trace[1024];

static void note(const char *what, void *attachment)
{
    size_t used = strlen(trace);
    snprintf(trace + used, sizeof trace - used, "%s %s;", what, (const char *)attachment);
}

static void on_flushed(void *context, struct partition_log *log, void *attachment)
{
    (void)context;
    (void)log;
    note("flushed", attachment);
}

static void on_no_space(void *context, struct partition_log *log, void *attachment,
                        const struct error *error)
{
    (void)context;
    (void)log;
    cr_expect_eq(error->status, STATUS_NO_SPACE);
    note("no space", attachment);
}

static void on_failed(void *context, struct partition_log *log, void *attachment,
                      const struct error *error)
{
    (void)context;
    (void)log;
    cr_expect_eq(error->status, STATUS_IO);
    note("failed", attachment);
}

static void setup(void)
{
    static const char *const directories[] = {"/data/a-0", "/data/b-0", "/data/c-0"};
    static char names[][2] = {"a", "b", "c"};
    log_fixture_init(&fixture, 1);
    trace[0] = '\0';
    flusher = log_flusher_create(fixture.queue, (struct log_flusher_events){.flushed = on_flushed,
                                                                            .no_space = on_no_space,
                                                                            .failed = on_failed});
    for (int i = 0; i < LOGS; i++) {
        fixture.options.directory = directories[i];
        cr_assert_eq(partition_log_open(&fixture.context, &fixture.options, &logs[i],
                                        &fixture.report, &fixture.error),
                     STATUS_OK);
        log_flusher_attach(flusher, logs[i], names[i]);
    }
}

static void finish_round(void)
{
    while (fixture.queue->pending(fixture.queue) > 0) {
        fixture.queue->kick(fixture.queue);
        (void)fixture.queue->wait(fixture.queue);
    }
}

static void teardown(void)
{
    finish_round();
    for (int i = 0; i < LOGS; i++) {
        log_flusher_detach(flusher, logs[i]);
        partition_log_abandon(logs[i]);
    }
    log_flusher_destroy(flusher);
    log_fixture_clear(&fixture);
}

TestSuite(log_flusher, .init = setup, .fini = teardown);

static enum append_decision append_to(int number)
{
    struct record_builder builder;
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = 1000;
    struct append_request request = {.batches = log_fixture_batch(&builder, &recipe),
                                     .now_ms = LOG_FIXTURE_NOW_MS};
    struct append_result result;
    partition_log_append(logs[number], &request, &result);
    record_builder_clear(&builder);
    return result.decision;
}

static void set_flush_messages(int number, int64_t flush_messages, int64_t flush_ms)
{
    struct log_config config = *partition_log_config(logs[number]);
    config.flush_messages = flush_messages;
    config.flush_ms = flush_ms;
    partition_log_set_config(logs[number], &config);
}

Test(log_flusher, nothing_appended_is_no_round)
{
    log_flusher_kick(flusher, 1000);
    cr_expect_eq(fixture.queue->pending(fixture.queue), 0);
    cr_expect_eq(log_flusher_deadline_us(flusher), INT64_MAX);
}

Test(log_flusher, a_round_takes_all_that_is_dirty_side_by_side)
{
    append_to(0);
    append_to(2);
    log_flusher_kick(flusher, 1000);
    cr_expect(log_flusher_is_flushing(flusher, logs[0]));
    cr_expect_not(log_flusher_is_flushing(flusher, logs[1]));
    cr_expect(log_flusher_is_flushing(flusher, logs[2]));
    cr_expect_str_eq(trace, "");
    finish_round();
    cr_expect_eq(strlen(trace), strlen("flushed a;flushed c;"));
    cr_expect_eq(partition_log_flushed_offset(logs[0]), 1);
    cr_expect_eq(partition_log_recovery_point(logs[2]), 1);
}

Test(log_flusher, what_comes_during_a_round_is_for_the_next_one)
{
    append_to(0);
    log_flusher_kick(flusher, 1000);
    append_to(0);
    append_to(1);
    log_flusher_kick(flusher, 2000);
    cr_expect_not(log_flusher_is_flushing(flusher, logs[1]), "one round at a time");
    finish_round();
    cr_expect_eq(partition_log_flushed_offset(logs[0]), 1);
    log_flusher_kick(flusher, 3000);
    finish_round();
    cr_expect_eq(partition_log_flushed_offset(logs[0]), 2);
    cr_expect_eq(partition_log_flushed_offset(logs[1]), 1);
}

Test(log_flusher, page_cache_first_and_durable_within_half_a_minute)
{
    fixture.context.segment_files.engine_default = WRITE_ENGINE_BUFFERED;
    set_flush_messages(0, INT64_MAX, INT64_MAX);
    append_to(0);
    log_flusher_kick(flusher, 1000000);
    finish_round();
    cr_expect_eq(partition_log_flushed_offset(logs[0]), 1);
    cr_expect_eq(partition_log_recovery_point(logs[0]), 0);
    cr_expect_eq(log_flusher_deadline_us(flusher), 31000000);
    log_flusher_kick(flusher, 30999999);
    cr_expect_eq(fixture.queue->pending(fixture.queue), 0);
    log_flusher_kick(flusher, 31000000);
    finish_round();
    cr_expect_eq(partition_log_recovery_point(logs[0]), 1);
    cr_expect_eq(log_flusher_deadline_us(flusher), INT64_MAX);
}

Test(log_flusher, flush_messages_and_flush_ms_make_durable_earlier)
{
    fixture.context.segment_files.engine_default = WRITE_ENGINE_BUFFERED;
    set_flush_messages(0, 3, INT64_MAX);
    set_flush_messages(1, INT64_MAX, 5);
    append_to(0);
    append_to(1);
    log_flusher_kick(flusher, 1000000);
    finish_round();
    cr_expect_eq(partition_log_recovery_point(logs[0]), 0);
    cr_expect_eq(log_flusher_deadline_us(flusher), 1005000);
    append_to(0);
    append_to(0);
    log_flusher_kick(flusher, 1005000);
    finish_round();
    cr_expect_eq(partition_log_recovery_point(logs[0]), 3);
    cr_expect_eq(partition_log_recovery_point(logs[1]), 1);
}

Test(log_flusher, a_failed_sync_is_final)
{
    append_to(0);
    log_flusher_kick(flusher, 1000);
    simulated_disk_fail_call(fixture.disk, 1, STATUS_IO);
    finish_round();
    cr_expect_str_eq(trace, "failed a;");
    cr_expect_eq(partition_log_flushed_offset(logs[0]), 0);
    cr_expect_eq(append_to(0), APPEND_FAILED);
    append_to(1);
    log_flusher_kick(flusher, 2000);
    cr_expect_eq(fixture.queue->pending(fixture.queue), 0, "nothing is acknowledged any more");
}

Test(log_flusher, a_full_disk_refuses_appends_until_a_round_finds_space)
{
    cr_assert_eq(append_to(1), APPEND_ACCEPTED);
    log_flusher_kick(flusher, 500);
    finish_round();
    trace[0] = '\0';
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(append_to(0), APPEND_ACCEPTED);
    }
    simulated_disk_set_capacity(fixture.disk, 64 * 1024);
    log_flusher_kick(flusher, 1000);
    finish_round();
    cr_assert_str_eq(trace, "no space a;");
    cr_expect_eq(append_to(0), APPEND_NO_SPACE);
    cr_expect_eq(partition_log_end_offset(logs[0]), 200, "it stays in memory");

    log_flusher_kick(flusher, 2000);
    cr_expect_eq(fixture.queue->pending(fixture.queue), 0, "not before the retry");
    simulated_disk_set_capacity(fixture.disk, UINT64_MAX);
    int64_t retry_us = log_flusher_deadline_us(flusher);
    cr_expect_eq(retry_us, 1001000);
    log_flusher_kick(flusher, retry_us);
    finish_round();
    cr_expect_str_eq(trace, "no space a;flushed a;");
    cr_expect_eq(partition_log_flushed_offset(logs[0]), 200);
    cr_expect_eq(append_to(0), APPEND_ACCEPTED);
}
