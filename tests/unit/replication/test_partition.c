#include "replication/partition/partition.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/storage/log_fixture.h"

/* A partition over a log of a simulated disk, and a trace of who was told what. */
static struct log_fixture fixture;
static struct partition partition;
static char trace[512];

struct named_waiter {
    struct produce_waiter waiter;
    const char *name;
};

struct named_watcher {
    struct fetch_watcher watcher;
    const char *name;
    struct named_watcher *cancels; /* Taken out when this one is told. */
    bool watches_again;
};

static void note(const char *name, const char *what)
{
    size_t size = strlen(trace);
    snprintf(trace + size, sizeof trace - size, "%s%s ", name, what);
}

static void told(struct produce_waiter *waiter, enum wait_outcome outcome)
{
    static const char *const outcomes[] = {"", "!leader", "!storage", "!replicas"};
    note(CONTAINER_OF(waiter, struct named_waiter, waiter)->name, outcomes[outcome]);
}

static void advanced(struct fetch_watcher *watcher)
{
    struct named_watcher *named = CONTAINER_OF(watcher, struct named_watcher, watcher);
    note(named->name, "");
    if (named->cancels != NULL) {
        fetch_watcher_cancel(&named->cancels->watcher);
    }
    if (named->watches_again) {
        partition_watch(&partition, watcher);
    }
}

static void check_trace(const char *expected)
{
    cr_assert_str_eq(trace, expected, "%s", trace);
    trace[0] = '\0';
}

static void set_up(void)
{
    log_fixture_init(&fixture, 1);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    partition = (struct partition){.state = PARTITION_READY,
                                   .log = fixture.log,
                                   .leader_id = -1,
                                   .leader_epoch = -1,
                                   .partition_epoch = -1};
    list_init(&partition.waiting_for_flush);
    list_init(&partition.waiting_for_commit);
    list_init(&partition.fetch_watchers);
    trace[0] = '\0';
}

static void tear_down(void)
{
    log_fixture_clear(&fixture);
}

TestSuite(partition, .init = set_up, .fini = tear_down);

static void lead(int32_t leader, int32_t epoch, int32_t second_in_sync, unsigned min_insync)
{
    const int32_t ids[] = {1, second_in_sync};
    struct broker_id_list list = {ids, second_in_sync < 0 ? 1 : 2};
    struct partition_image image = {.leader = leader,
                                    .leader_epoch = epoch,
                                    .partition_epoch = epoch,
                                    .replicas = list,
                                    .isr = list};
    partition_apply(&partition, &image, 1, min_insync);
}

static void append(void)
{
    struct append_result result = log_fixture_append(&fixture, &BATCH_PLAIN);
    cr_assert_eq(result.decision, APPEND_ACCEPTED);
}

static void flush(void)
{
    cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    partition_flushed(&partition);
}

Test(partition, waiters_are_told_in_the_order_of_their_offsets)
{
    struct named_waiter a = {.waiter = {.end_offset = 2, .done = told}, .name = "a"};
    struct named_waiter b = {.waiter = {.end_offset = 1, .done = told}, .name = "b"};
    struct named_waiter c = {.waiter = {.end_offset = 3, .done = told}, .name = "c"};
    lead(1, 0, -1, 1);
    append();
    append();
    cr_assert(partition_wait(&partition, &a.waiter, true));
    cr_assert(partition_wait(&partition, &b.waiter, true));
    cr_assert(partition_wait(&partition, &c.waiter, true));
    check_trace("");
    flush();
    check_trace("b a ");
    cr_assert_not(partition_wait(&partition, &b.waiter, true), "it is so already");
    cr_assert_not(partition_wait(&partition, &b.waiter, false));
    produce_waiter_cancel(&c.waiter);
    produce_waiter_cancel(&c.waiter);
    append();
    flush();
    check_trace("");
}

Test(partition, acks_of_the_leader_do_not_wait_for_the_others)
{
    struct named_waiter one = {.waiter = {.end_offset = 1, .done = told}, .name = "one"};
    struct named_waiter all = {.waiter = {.end_offset = 1, .done = told}, .name = "all"};
    lead(1, 0, 2, 2);
    append();
    cr_assert(partition_wait(&partition, &one.waiter, false));
    cr_assert(partition_wait(&partition, &all.waiter, true));
    flush();
    check_trace("one ");
    cr_assert_eq(partition_visible_end(&partition, false), 0);
    lead(1, 0, -1, 1); /* The other leaves the ISR. */
    check_trace("all ");
    cr_assert_eq(partition_visible_end(&partition, false), 1);
    cr_assert_eq(partition_visible_end(&partition, true), 1);
}

Test(partition, enough_replicas_are_counted_against_those_there_are)
{
    lead(1, 0, -1, 2);
    cr_assert(partition_has_enough_replicas(&partition), "one replica cannot have two in sync");
    lead(1, 0, 2, 2);
    cr_assert(partition_has_enough_replicas(&partition));
    partition.in_sync_count = 1;
    cr_assert_not(partition_has_enough_replicas(&partition));
}

Test(partition, a_new_epoch_or_leader_releases_those_who_wait)
{
    struct named_waiter a = {.waiter = {.end_offset = 1, .done = told}, .name = "a"};
    struct named_watcher w = {.watcher = {.advanced = advanced}, .name = "w"};
    lead(1, 0, -1, 1);
    append();
    cr_assert(partition_wait(&partition, &a.waiter, true));
    partition_watch(&partition, &w.watcher);
    lead(1, 0, -1, 1); /* Nothing new. */
    check_trace("");
    lead(1, 1, -1, 1);
    check_trace("a!leader w ");
    cr_assert_eq(partition.leader_epoch_start_offset, 1);
    cr_assert(partition_wait(&partition, &a.waiter, true));
    lead(2, 2, 2, 1);
    check_trace("a!leader ");
    cr_assert_not(partition.is_leader);
    cr_assert_eq(partition.leader_id, 2);
}

Test(partition, watchers_may_cancel_each_other_and_watch_again)
{
    struct named_watcher b = {.watcher = {.advanced = advanced}, .name = "b"};
    struct named_watcher a = {.watcher = {.advanced = advanced}, .name = "a", .cancels = &b};
    struct named_watcher c = {
        .watcher = {.advanced = advanced}, .name = "c", .watches_again = true};
    lead(1, 0, -1, 1);
    trace[0] = '\0';
    partition_watch(&partition, &c.watcher);
    partition_watch(&partition, &a.watcher);
    partition_watch(&partition, &b.watcher);
    append();
    flush();
    check_trace("c a ");
    flush(); /* Nothing has grown. */
    check_trace("");
    append();
    flush();
    check_trace("c ");
    fetch_watcher_cancel(&c.watcher);
}

Test(partition, a_failed_log_tells_everybody)
{
    struct named_waiter a = {.waiter = {.end_offset = 1, .done = told}, .name = "a"};
    struct named_waiter b = {.waiter = {.end_offset = 1, .done = told}, .name = "b"};
    struct named_watcher w = {.watcher = {.advanced = advanced}, .name = "w"};
    lead(1, 0, -1, 1);
    trace[0] = '\0';
    append();
    cr_assert(partition_wait(&partition, &a.waiter, false));
    cr_assert(partition_wait(&partition, &b.waiter, true));
    partition_watch(&partition, &w.watcher);
    partition_fail(&partition);
    check_trace("a!storage b!storage w ");
    cr_assert_eq(partition.state, PARTITION_OFFLINE);
}

Test(partition, epochs_of_requests_are_older_newer_or_current)
{
    lead(1, 3, -1, 1);
    cr_assert_eq(partition_check_epoch(&partition, -1), EPOCH_CURRENT);
    cr_assert_eq(partition_check_epoch(&partition, 3), EPOCH_CURRENT);
    cr_assert_eq(partition_check_epoch(&partition, 2), EPOCH_FENCED);
    cr_assert_eq(partition_check_epoch(&partition, 4), EPOCH_UNKNOWN);
}
