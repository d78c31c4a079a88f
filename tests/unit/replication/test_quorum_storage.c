#include "replication/quorum/quorum_storage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "replication/quorum/quorum_format.h"
#include "tests/support/storage/simulated_disk.h"

#define DIRECTORY   "/data/quorum"
#define FIRST_FILE  DIRECTORY "/entries-00000000000000000001.log"
#define STATE_FILE  DIRECTORY "/" QUORUM_STATE_FILE_NAME
#define ENTRIES_MAX 64

struct fixture {
    struct simulated_disk *disk;
    struct disk_queue *queue;
    struct quorum_storage *storage;
    struct quorum_found found;
    struct arena arena;
    struct error error;
    uint64_t persisted_index;
    uint64_t persisted_term;
    unsigned failed_count;
    struct bytes configuration;
};

static void on_persisted(void *context, uint64_t index, uint64_t term)
{
    struct fixture *fixture = context;

    fixture->persisted_index = index;
    fixture->persisted_term = term;
}

static void on_failed(void *context, const struct error *error)
{
    struct fixture *fixture = context;

    fixture->failed_count++;
    fixture->error = *error;
}

static enum status open_storage(struct fixture *fixture)
{
    const struct quorum_storage_options options = {.directory = DIRECTORY,
                                                   .files = simulated_disk_files(fixture->disk),
                                                   .queue = fixture->queue};
    const struct quorum_storage_events events = {
        .persisted = on_persisted, .failed = on_failed, .context = fixture};

    return quorum_storage_open(&options, events, &fixture->arena, &fixture->storage,
                               &fixture->found, &fixture->error);
}

static void settle(struct fixture *fixture)
{
    quorum_storage_kick(fixture->storage);
    while (quorum_storage_is_busy(fixture->storage)) {
        fixture->queue->wait(fixture->queue);
    }
}

static void close_storage(struct fixture *fixture, bool is_clean)
{
    quorum_storage_close(fixture->storage, is_clean);
    fixture->storage = NULL;
}

static void set_up(struct fixture *fixture)
{
    struct quorum_server server = {.id = 1, .address = "a", .role = QUORUM_VOTER};

    memset(fixture, 0, sizeof(*fixture));
    arena_init(&fixture->arena, 1 << 26);
    fixture->disk = simulated_disk_create(1);
    fixture->queue = simulated_disk_queue(fixture->disk);
    cr_assert_eq(quorum_configuration_encode(&server, 1, &fixture->arena, &fixture->configuration,
                                             &fixture->error),
                 STATUS_OK);
    cr_assert_eq(open_storage(fixture), STATUS_OK, "%s", fixture->error.text);
    cr_assert_eq(fixture->found.persisted.term, 0u);
    const struct quorum_entry first = {
        .term = 1, .type = QUORUM_CHANGE, .data = fixture->configuration};
    cr_assert_eq(quorum_storage_bootstrap(fixture->storage, &first, &fixture->error), STATUS_OK);
    cr_assert_eq(quorum_storage_save_state(fixture->storage, 2, 1, &fixture->error), STATUS_OK);
}

static void tear_down(struct fixture *fixture)
{
    quorum_storage_close(fixture->storage, false);
    fixture->queue->close(fixture->queue);
    simulated_disk_destroy(fixture->disk);
    arena_clear(&fixture->arena);
}

static void append(struct fixture *fixture, uint64_t first, uint64_t term, const char *letters)
{
    struct quorum_entry entries[ENTRIES_MAX];
    size_t count = strlen(letters);

    for (size_t i = 0; i < count; i++) {
        entries[i] =
            (struct quorum_entry){.term = term,
                                  .type = QUORUM_COMMAND,
                                  .data = {.data = (const uint8_t *)letters + i, .size = 1}};
    }
    cr_assert_eq(quorum_storage_append(fixture->storage, first, entries, count, &fixture->error),
                 STATUS_OK, "%s", fixture->error.text);
}

static void assert_found(const struct fixture *fixture, uint64_t first, const char *letters)
{
    const struct quorum_persisted *persisted = &fixture->found.persisted;

    cr_assert_eq(persisted->first_index, first);
    cr_assert_eq(persisted->entries_count, strlen(letters));
    for (size_t i = 0; i < persisted->entries_count; i++) {
        const struct quorum_entry *entry = &persisted->entries[i];
        if (entry->type == QUORUM_CHANGE) {
            cr_assert_eq(letters[i], '*');
        } else {
            cr_assert_eq((char)entry->data.data[0], letters[i], "entry %zu", i);
        }
    }
}

Test(quorum_storage, entries_term_and_vote_are_there_again)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "ab");
    settle(&fixture);
    cr_assert_eq(fixture.persisted_index, 3u);
    cr_assert_eq(fixture.persisted_term, 2u);
    append(&fixture, 4, 2, "c");
    append(&fixture, 5, 2, "d");
    settle(&fixture);
    cr_assert_eq(quorum_storage_save_state(fixture.storage, 5, 3, &fixture.error), STATUS_OK);
    close_storage(&fixture, false);
    cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
    assert_found(&fixture, 1, "*abcd");
    cr_assert_eq(fixture.found.persisted.term, 5u);
    cr_assert_eq(fixture.found.persisted.voted_for, 3u);
    append(&fixture, 6, 5, "e");
    settle(&fixture);
    close_storage(&fixture, true);
    cr_assert_eq(open_storage(&fixture), STATUS_OK);
    assert_found(&fixture, 1, "*abcde");
    tear_down(&fixture);
}

Test(quorum_storage, entries_appended_while_one_write_is_under_way_follow_in_the_next)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "a");
    quorum_storage_kick(fixture.storage);
    append(&fixture, 3, 2, "b");
    quorum_storage_kick(fixture.storage);
    append(&fixture, 4, 2, "c");
    settle(&fixture);
    cr_assert_eq(fixture.persisted_index, 4u);
    close_storage(&fixture, true);
    cr_assert_eq(open_storage(&fixture), STATUS_OK);
    assert_found(&fixture, 1, "*abc");
    tear_down(&fixture);
}

Test(quorum_storage, replaced_entries_stay_replaced)
{
    static const struct {
        uint64_t first;
        const char *expected;
    } cases[] = {{5, "*abcX"}, {4, "*abX"}, {2, "*X"}};

    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture;
        set_up(&fixture);
        append(&fixture, 2, 2, "abcd");
        settle(&fixture);
        cr_assert_eq(quorum_storage_save_state(fixture.storage, 3, 0, &fixture.error), STATUS_OK);
        append(&fixture, cases[i].first, 3, "X");
        settle(&fixture);
        cr_assert_eq(fixture.persisted_index, cases[i].first);
        close_storage(&fixture, i == 0);
        cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
        assert_found(&fixture, 1, cases[i].expected);
        tear_down(&fixture);
    }
}

/* A snapshot of everything up to an entry of the term. */
static void snapshot_at(struct fixture *fixture, uint64_t index, uint64_t term, bool installs)
{
    const struct quorum_snapshot snapshot = {.index = index,
                                             .term = term,
                                             .configuration_index = 1,
                                             .configuration = fixture->configuration};
    const struct bytes data = {.data = (const uint8_t *)"state", .size = 5};

    enum status status =
        installs
            ? quorum_storage_install_snapshot(fixture->storage, &snapshot, data, &fixture->error)
            : quorum_storage_take_snapshot(fixture->storage, &snapshot, data, 0, &fixture->error);
    cr_assert_eq(status, STATUS_OK, "%s", fixture->error.text);
}

Test(quorum_storage, a_snapshot_takes_the_place_of_entries)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "abcd");
    settle(&fixture);
    snapshot_at(&fixture, 5, 2, false);
    cr_assert_null(simulated_disk_content(fixture.disk, FIRST_FILE).data);
    cr_assert_eq(quorum_storage_entries_size(fixture.storage), 0u);
    append(&fixture, 6, 2, "ef");
    settle(&fixture);
    close_storage(&fixture, true);
    cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
    cr_assert(fixture.found.persisted.has_snapshot);
    cr_assert_eq(fixture.found.persisted.snapshot.index, 5u);
    cr_assert(bytes_equal(fixture.found.snapshot_data,
                          (struct bytes){.data = (const uint8_t *)"state", .size = 5}));
    assert_found(&fixture, 6, "ef");
    tear_down(&fixture);
}

Test(quorum_storage, a_snapshot_of_less_than_all_keeps_the_rest)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "abcd");
    settle(&fixture);
    snapshot_at(&fixture, 3, 2, false);
    append(&fixture, 6, 2, "e");
    settle(&fixture);
    snapshot_at(&fixture, 5, 2, false);
    append(&fixture, 7, 2, "f");
    settle(&fixture);
    close_storage(&fixture, true);
    cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
    assert_found(&fixture, 6, "ef");
    tear_down(&fixture);
}

Test(quorum_storage, an_installed_snapshot_drops_every_entry)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "abcd");
    settle(&fixture);
    cr_assert_eq(quorum_storage_save_state(fixture.storage, 3, 0, &fixture.error), STATUS_OK);
    snapshot_at(&fixture, 100, 2, true);
    append(&fixture, 101, 3, "x");
    settle(&fixture);
    close_storage(&fixture, true);
    cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
    cr_assert_eq(fixture.found.persisted.snapshot.index, 100u);
    assert_found(&fixture, 101, "x");
    tear_down(&fixture);
}

Test(quorum_storage, entries_and_snapshots_are_loaded_for_other_servers)
{
    struct quorum_entry entries[8];
    struct quorum_snapshot snapshot;
    struct fixture fixture;
    struct bytes data;
    size_t count;

    set_up(&fixture);
    cr_assert_eq(quorum_storage_load_snapshot(fixture.storage, &fixture.arena, &snapshot, &data,
                                              &fixture.error),
                 STATUS_NOT_FOUND);
    append(&fixture, 2, 2, "abcd");
    settle(&fixture);
    cr_assert_eq(quorum_storage_load_entries(fixture.storage, 3, 2, &fixture.arena, entries, &count,
                                             &fixture.error),
                 STATUS_OK);
    cr_assert_eq(count, 2u);
    cr_assert_eq(entries[0].data.data[0], 'b');
    cr_assert_eq(quorum_storage_load_entries(fixture.storage, 5, 8, &fixture.arena, entries, &count,
                                             &fixture.error),
                 STATUS_OK);
    cr_assert_eq(count, 1u);
    cr_assert_eq(quorum_storage_load_entries(fixture.storage, 6, 1, &fixture.arena, entries, &count,
                                             &fixture.error),
                 STATUS_NOT_FOUND);
    snapshot_at(&fixture, 5, 2, false);
    cr_assert_eq(quorum_storage_load_snapshot(fixture.storage, &fixture.arena, &snapshot, &data,
                                              &fixture.error),
                 STATUS_OK);
    cr_assert_eq(snapshot.index, 5u);
    cr_assert_eq(data.size, 5u);
    tear_down(&fixture);
}

Test(quorum_storage, an_unfinished_write_is_cut_off)
{
    struct fixture fixture;
    struct error error;
    struct file *file;

    set_up(&fixture);
    append(&fixture, 2, 2, "ab");
    settle(&fixture);
    close_storage(&fixture, false);
    struct file_system *files = simulated_disk_files(fixture.disk);
    cr_assert_eq(files->open(files, FIRST_FILE, FILE_WRITE, &file, &error), STATUS_OK);
    uint64_t size;
    cr_assert_eq(files->size(file, &size, &error), STATUS_OK);
    cr_assert_eq(files->write(file, size, "RWQE torn", 9, &error), STATUS_OK);
    file_release(file);
    cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
    assert_found(&fixture, 1, "*ab");
    append(&fixture, 4, 2, "c");
    settle(&fixture);
    close_storage(&fixture, true);
    cr_assert_eq(open_storage(&fixture), STATUS_OK);
    assert_found(&fixture, 1, "*abc");
    tear_down(&fixture);
}

/* After a clean close every entry is known to be durable: damage anywhere is damage. */
Test(quorum_storage, damage_to_what_was_durable_is_never_cut_off)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "ab");
    settle(&fixture);
    append(&fixture, 4, 2, "c");
    settle(&fixture);
    close_storage(&fixture, true);
    size_t size = simulated_disk_content(fixture.disk, FIRST_FILE).size;
    for (size_t position = 0; position < size; position++) {
        simulated_disk_flip_bit(fixture.disk, FIRST_FILE, position, position % 8);
        cr_assert_eq(open_storage(&fixture), STATUS_CORRUPT, "byte %zu", position);
        cr_assert_not_null(strstr(fixture.error.text, "durable"));
        simulated_disk_flip_bit(fixture.disk, FIRST_FILE, position, position % 8);
    }
    cr_assert_eq(open_storage(&fixture), STATUS_OK);
    tear_down(&fixture);
}

/* Without the note of a clean close, later entries still tell of the earlier ones. */
Test(quorum_storage, a_later_entry_shows_that_an_earlier_one_was_durable)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "a");
    settle(&fixture);
    size_t place = simulated_disk_content(fixture.disk, FIRST_FILE).size - 1;
    append(&fixture, 3, 2, "b");
    settle(&fixture);
    close_storage(&fixture, false);
    simulated_disk_flip_bit(fixture.disk, FIRST_FILE, place, 0);
    cr_assert_eq(open_storage(&fixture), STATUS_CORRUPT);
    tear_down(&fixture);
}

Test(quorum_storage, what_is_missing_is_not_guessed)
{
    static const char *const lost[] = {STATE_FILE, FIRST_FILE};

    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        set_up(&fixture);
        append(&fixture, 2, 2, "ab");
        settle(&fixture);
        close_storage(&fixture, true);
        struct file_system *files = simulated_disk_files(fixture.disk);
        cr_assert_eq(files->remove(files, lost[i], &fixture.error), STATUS_OK);
        cr_assert_eq(open_storage(&fixture), STATUS_CORRUPT, "without %s", lost[i]);
        tear_down(&fixture);
    }
}

Test(quorum_storage, one_slot_of_the_state_may_be_torn_but_not_both)
{
    struct fixture fixture;

    set_up(&fixture);
    cr_assert_eq(quorum_storage_save_state(fixture.storage, 3, 1, &fixture.error), STATUS_OK);
    close_storage(&fixture, false);
    simulated_disk_flip_bit(fixture.disk, STATE_FILE, QUORUM_STATE_SLOT_DISTANCE + 20, 1);
    cr_assert_eq(open_storage(&fixture), STATUS_OK);
    cr_assert_eq(fixture.found.persisted.term, 2u);
    cr_assert_eq(quorum_storage_save_state(fixture.storage, 7, 1, &fixture.error), STATUS_OK);
    close_storage(&fixture, false);
    cr_assert_eq(open_storage(&fixture), STATUS_OK);
    cr_assert_eq(fixture.found.persisted.term, 7u);
    close_storage(&fixture, false);
    simulated_disk_flip_bit(fixture.disk, STATE_FILE, 20, 1);
    simulated_disk_flip_bit(fixture.disk, STATE_FILE, QUORUM_STATE_SLOT_DISTANCE + 20, 1);
    cr_assert_eq(open_storage(&fixture), STATUS_CORRUPT);
    tear_down(&fixture);
}

Test(quorum_storage, a_damaged_snapshot_is_corrupt)
{
    struct fixture fixture;

    set_up(&fixture);
    append(&fixture, 2, 2, "ab");
    settle(&fixture);
    snapshot_at(&fixture, 4, 2, false);
    close_storage(&fixture, true);
    const char *path = DIRECTORY "/snapshot-00000000000000000004";
    size_t size = simulated_disk_content(fixture.disk, path).size;
    for (size_t position = 0; position < size; position++) {
        simulated_disk_flip_bit(fixture.disk, path, position, position % 8);
        cr_assert_eq(open_storage(&fixture), STATUS_CORRUPT, "byte %zu", position);
        simulated_disk_flip_bit(fixture.disk, path, position, position % 8);
    }
    tear_down(&fixture);
}

Test(quorum_storage, after_a_failed_write_nothing_more_is_written)
{
    struct fixture fixture;
    const struct quorum_entry entry = {.term = 2, .type = QUORUM_COMMAND};

    set_up(&fixture);
    append(&fixture, 2, 2, "a");
    simulated_disk_fail_call(fixture.disk, 1, STATUS_NO_SPACE);
    settle(&fixture);
    cr_assert_eq(fixture.failed_count, 1u);
    cr_assert_eq(fixture.error.status, STATUS_NO_SPACE);
    cr_assert_eq(quorum_storage_append(fixture.storage, 3, &entry, 1, &fixture.error), STATUS_IO);
    tear_down(&fixture);
}

Test(quorum_storage, decoders_take_any_bytes)
{
    uint8_t bytes[256];
    struct quorum_stored_entry entry;
    struct quorum_snapshot snapshot;
    struct quorum_state state;
    struct bytes data;
    struct error error;

    for (unsigned round = 0; round < 20000; round++) {
        unsigned random = round * 2654435761u;
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(random >> 24);
        }
        memcpy(bytes, round % 2 == 0 ? "RWQE" : "RWQP", 4);
        struct bytes content = {.data = bytes, .size = (random >> 8) % sizeof(bytes)};
        cr_assert_not(quorum_entry_decode(content, &entry));
        cr_assert_eq(quorum_entries_durable_behind(content), 0u);
        cr_assert_eq(quorum_snapshot_decode(content, &snapshot, &data, &error), STATUS_CORRUPT);
        cr_assert_eq(quorum_state_decode(content, &state, &error), STATUS_CORRUPT);
    }
}

struct cut {
    uint64_t committed_index; /* Never lost, in entries or in a snapshot. */
    unsigned count;
};

static void check_survivor(void *context, struct simulated_disk *disk)
{
    struct cut *cut = context;
    struct fixture fixture;

    memset(&fixture, 0, sizeof(fixture));
    arena_init(&fixture.arena, 1 << 26);
    fixture.disk = simulated_disk_survivor(disk, simulated_disk_calls(disk) + 11);
    fixture.queue = simulated_disk_queue(fixture.disk);
    cr_assert_eq(open_storage(&fixture), STATUS_OK, "%s", fixture.error.text);
    const struct quorum_persisted *persisted = &fixture.found.persisted;
    uint64_t last_index = persisted->first_index + persisted->entries_count - 1;
    cr_assert_geq(last_index, cut->committed_index);
    if (persisted->entries_count > 2 && persisted->first_index == 1) {
        cr_assert_eq(persisted->entries[1].data.data[0], 'a', "committed");
    }
    tear_down(&fixture);
    cut->count++;
}

Test(quorum_storage, a_power_cut_while_replacing_or_keeping_snapshots_loses_nothing_committed)
{
    for (int round = 0; round < 20; round++) {
        struct cut cut = {.committed_index = 3};
        struct fixture fixture;
        set_up(&fixture);
        append(&fixture, 2, 2, "abcd");
        settle(&fixture);
        cr_assert_eq(quorum_storage_save_state(fixture.storage, 3, 0, &fixture.error), STATUS_OK);
        simulated_disk_observe(fixture.disk, check_survivor, &cut);
        append(&fixture, 4, 3, "XYZ"); /* Replaces c and d, which were not committed. */
        settle(&fixture);
        cut.committed_index = 6;
        snapshot_at(&fixture, 5, 3, false);
        append(&fixture, 7, 3, "e");
        settle(&fixture);
        cut.committed_index = 7;
        snapshot_at(&fixture, 7, 3, false);
        append(&fixture, 8, 3, "f");
        settle(&fixture);
        snapshot_at(&fixture, 20, 3, true);
        cut.committed_index = 20;
        append(&fixture, 21, 3, "g");
        settle(&fixture);
        cr_assert_gt(cut.count, 20u);
        simulated_disk_observe(fixture.disk, NULL, NULL);
        tear_down(&fixture);
    }
}
