/* The simulated disk is what other tests believe: it is tested itself. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "tests/support/storage/simulated_disk.h"

static struct file *open_file(struct simulated_disk *disk, const char *path, unsigned flags)
{
    struct file_system *files = simulated_disk_files(disk);
    struct file *file = NULL;
    struct error error;
    enum status status = files->open(files, path, flags, &file, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    return file;
}

static void sync_top(struct simulated_disk *disk)
{
    struct error error;
    struct file_system *files = simulated_disk_files(disk);
    cr_assert_eq(files->sync_directory(files, ".", &error), STATUS_OK);
}

static void write_at(struct file *file, uint64_t position, char value, size_t size)
{
    uint8_t *memory = malloc(size);
    memset(memory, value, size);
    struct error error;
    cr_assert_eq(file->files->write(file, position, memory, size, &error), STATUS_OK);
    free(memory);
}

static void sync_file(struct file *file)
{
    struct error error;
    cr_assert_eq(file->files->sync(file, &error), STATUS_OK);
}

Test(simulated_disk, what_was_synced_survives_every_power_cut)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct simulated_disk *disk = simulated_disk_create(seed);
        struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
        write_at(file, 0, 'a', 5000);
        sync_file(file);
        sync_top(disk);
        write_at(file, 5000, 'b', 5000);
        simulated_disk_crash(disk, seed);
        struct bytes content = simulated_disk_content(disk, "x");
        cr_assert_geq(content.size, 5000);
        for (size_t i = 0; i < 5000; i++) {
            cr_assert_eq(content.data[i], 'a');
        }
        struct error error;
        cr_expect_eq(file->files->write(file, 0, "x", 1, &error), STATUS_IO, "the file is dead");
        file_release(file);
        simulated_disk_destroy(disk);
    }
}

/* Over many seeds, each of these is seen. */
Test(simulated_disk, what_was_not_synced_is_kept_lost_or_torn)
{
    unsigned lost = 0;
    unsigned kept = 0;
    unsigned torn = 0;
    unsigned extended = 0;
    unsigned nameless = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct simulated_disk *disk = simulated_disk_create(seed);
        struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
        write_at(file, 0, 'a', 4096);
        file_release(file);
        if (seed % 2 == 0) {
            sync_top(disk);
        }
        simulated_disk_crash(disk, seed);
        struct bytes content = simulated_disk_content(disk, "x");
        size_t there = 0;
        for (size_t i = 0; i < content.size; i++) {
            there += content.data[i] == 'a' ? 1 : 0;
            cr_assert(content.data[i] == 'a' || content.data[i] == 0);
        }
        cr_assert_eq(there % SIMULATED_SECTOR_SIZE, 0);
        nameless += content.data == NULL ? 1 : 0;
        lost += content.data != NULL && content.size == 0 ? 1 : 0;
        kept += there == 4096 ? 1 : 0;
        torn += there > 0 && there < 4096 ? 1 : 0;
        extended += there < content.size ? 1 : 0;
        cr_assert(seed % 2 != 0 || content.data != NULL, "a durable name stays");
        simulated_disk_destroy(disk);
    }
    cr_expect(lost > 0 && kept > 0 && torn > 0 && extended > 0 && nameless > 0,
              "lost %u, kept %u, torn %u, extended %u, nameless %u", lost, kept, torn, extended,
              nameless);
}

Test(simulated_disk, the_same_seed_gives_the_same_disk)
{
    uint64_t hashes[2];
    for (unsigned run = 0; run < 2; run++) {
        struct simulated_disk *disk = simulated_disk_create(4);
        struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
        write_at(file, 0, 'a', 100000);
        sync_top(disk);
        simulated_disk_crash(disk, 2);
        file_release(file);
        hashes[run] = simulated_disk_hash(disk);
        simulated_disk_destroy(disk);
    }
    cr_expect_eq(hashes[0], hashes[1]);
}

Test(simulated_disk, a_survivor_leaves_the_disk_as_it_is)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
    write_at(file, 0, 'a', 1000);
    uint64_t hash = simulated_disk_hash(disk);
    for (uint64_t seed = 0; seed < 20; seed++) {
        simulated_disk_destroy(simulated_disk_survivor(disk, seed));
    }
    cr_expect_eq(simulated_disk_hash(disk), hash);
    sync_file(file);
    sync_top(disk);
    struct simulated_disk *survivor = simulated_disk_survivor(disk, 1);
    cr_expect_eq(simulated_disk_content(survivor, "x").size, 1000);
    simulated_disk_destroy(survivor);
    file_release(file);
    simulated_disk_destroy(disk);
}

Test(simulated_disk, a_rename_is_durable_only_after_its_directory)
{
    unsigned olds = 0;
    unsigned news = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct simulated_disk *disk = simulated_disk_create(seed);
        struct file_system *files = simulated_disk_files(disk);
        struct error error;
        file_release(open_file(disk, "old", FILE_WRITE | FILE_CREATE));
        sync_top(disk);
        cr_assert_eq(files->rename(files, "old", "new", &error), STATUS_OK);
        if (seed % 3 == 0) {
            sync_top(disk);
        }
        simulated_disk_crash(disk, seed);
        bool old = simulated_disk_content(disk, "old").data != NULL;
        bool new = simulated_disk_content(disk, "new").data != NULL;
        cr_assert(old != new, "one of them, never both or none");
        cr_assert(seed % 3 != 0 || new);
        olds += old ? 1 : 0;
        news += new ? 1 : 0;
        simulated_disk_destroy(disk);
    }
    cr_expect(olds > 0 && news > 0);
}

Test(simulated_disk, a_directory_takes_its_children_along)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file_system *files = simulated_disk_files(disk);
    struct error error;
    cr_assert_eq(files->make_directory(files, "a/b", &error), STATUS_OK);
    file_release(open_file(disk, "a/b/x", FILE_WRITE | FILE_CREATE));
    cr_assert_eq(files->sync_directory(files, "a/b", &error), STATUS_OK);
    struct simulated_disk *survivor = simulated_disk_survivor(disk, 0);
    struct file_status file_status;
    /* Unless everything was kept, the unsynced parents take the file with them. */
    struct file_system *survived = simulated_disk_files(survivor);
    enum status parent = survived->stat(survived, "a/b", &file_status, &error);
    cr_expect_eq(survived->stat(survived, "a/b/x", &file_status, &error), parent);
    simulated_disk_destroy(survivor);
    cr_assert_eq(files->rename(files, "a", "c", &error), STATUS_OK);
    cr_expect_eq(files->stat(files, "c/b/x", &file_status, &error), STATUS_OK);
    cr_expect_eq(files->stat(files, "a/b/x", &file_status, &error), STATUS_NOT_FOUND);
    simulated_disk_destroy(disk);
}

Test(simulated_disk, a_failed_sync_loses_what_reads_still_see)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
    struct error error;
    sync_top(disk);
    write_at(file, 0, 'a', 100);
    simulated_disk_fail_sync(disk);
    cr_expect_eq(file->files->sync(file, &error), STATUS_IO);
    cr_expect_eq(simulated_disk_content(disk, "x").size, 100, "the page cache has it");
    sync_file(file); /* Says so, and saves nothing. */
    file_release(file);
    simulated_disk_crash(disk, 1);
    cr_expect_eq(simulated_disk_content(disk, "x").size, 0);
    simulated_disk_destroy(disk);
}

Test(simulated_disk, the_nth_call_fails_and_only_that_one)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
    struct error error;
    uint64_t calls = simulated_disk_calls(disk);
    simulated_disk_fail_call(disk, 2, STATUS_NO_SPACE);
    cr_expect_eq(file->files->write(file, 0, "a", 1, &error), STATUS_OK);
    cr_expect_eq(file->files->write(file, 0, "b", 1, &error), STATUS_NO_SPACE);
    cr_expect_eq(file->files->write(file, 0, "c", 1, &error), STATUS_OK);
    cr_expect_eq(simulated_disk_calls(disk), calls + 3);
    file_release(file);
    simulated_disk_destroy(disk);
}

Test(simulated_disk, faults_of_the_medium)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
    struct error error;
    char content[16];
    size_t count;
    write_at(file, 0, 'a', 16);
    simulated_disk_flip_bit(disk, "x", 3, 1);
    cr_expect_eq(simulated_disk_content(disk, "x").data[3], 'a' ^ 2);
    simulated_disk_break_range(disk, "x", 8, 4);
    cr_expect_eq(file->files->read(file, 0, content, 8, &count, &error), STATUS_OK);
    cr_expect_eq(file->files->read(file, 0, content, 9, &count, &error), STATUS_IO);
    write_at(file, 8, 'b', 4);
    cr_expect_eq(file->files->read(file, 0, content, 16, &count, &error), STATUS_OK);
    simulated_disk_set_capacity(disk, 20);
    cr_expect_eq(file->files->write(file, 16, "12345", 5, &error), STATUS_NO_SPACE);
    cr_expect_eq(file->files->write(file, 16, "1234", 4, &error), STATUS_OK);
    cr_expect_eq(file->files->reserve(file, 0, 21, &error), STATUS_NO_SPACE);
    simulated_disk_make_cold(disk, "x");
    cr_expect_eq(file->files->read_resident(file, 0, content, 1, &count, &error), STATUS_AGAIN);
    cr_expect_eq(file->files->read(file, 0, content, 1, &count, &error), STATUS_OK);
    cr_expect_eq(file->files->read_resident(file, 0, content, 1, &count, &error), STATUS_OK);
    simulated_disk_set_time(disk, 77);
    write_at(file, 0, 'c', 1);
    struct file_status file_status;
    cr_expect_eq(file->files->stat(file->files, "x", &file_status, &error), STATUS_OK);
    cr_expect_eq(file_status.modified_ms, 77);
    file_release(file);
    simulated_disk_destroy(disk);
}

/* ---- the queue ---- */

static void note_order(struct disk_operation *operation)
{
    uint64_t *order = operation->context;
    *order = *order * 10 + operation->position / BUFFER_ALIGNMENT + 1;
}

static uint64_t order_of(uint64_t seed, enum status *statuses, bool cut)
{
    struct simulated_disk *disk = simulated_disk_create(seed);
    struct disk_queue *queue = simulated_disk_queue(disk);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE | FILE_DIRECT);
    sync_top(disk);
    uint8_t *block = aligned_alloc(BUFFER_ALIGNMENT, BUFFER_ALIGNMENT);
    memset(block, 'q', BUFFER_ALIGNMENT);
    struct disk_operation *operations = calloc(4, sizeof *operations);
    uint64_t order = 0;
    for (unsigned i = 0; i < 4; i++) {
        operations[i].kind = DISK_WRITE_DURABLE;
        operations[i].file = file;
        operations[i].position = i * BUFFER_ALIGNMENT;
        operations[i].pieces[0] = (struct disk_piece){block, BUFFER_ALIGNMENT};
        operations[i].pieces_count = 1;
        operations[i].done = note_order;
        operations[i].context = &order;
        queue->submit(queue, &operations[i]);
    }
    cr_expect_eq(order, 0);
    queue->wait_for(queue, &operations[2]);
    cr_expect_eq(order, 3, "only that one");
    if (cut) {
        simulated_disk_crash(disk, seed);
        struct bytes content = simulated_disk_content(disk, "x");
        cr_assert_geq(content.size, 3 * BUFFER_ALIGNMENT);
        cr_expect_eq(memcmp(content.data + 2 * BUFFER_ALIGNMENT, block, BUFFER_ALIGNMENT), 0);
    }
    while (queue->pending(queue) > 0) {
        queue->wait(queue);
    }
    for (unsigned i = 0; i < 4; i++) {
        statuses[i] = operations[i].status;
    }
    queue->close(queue);
    file_release(file);
    simulated_disk_destroy(disk);
    free(operations);
    free(block);
    return order;
}

Test(simulated_disk, operations_complete_in_an_order_of_the_seed)
{
    bool differs = false;
    enum status statuses[4];
    uint64_t first = order_of(0, statuses, false);
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t order = order_of(seed, statuses, false);
        cr_expect_eq(order, order_of(seed, statuses, false));
        differs = differs || order != first;
        cr_expect_eq(statuses[0], STATUS_OK);
    }
    cr_expect(differs);
}

Test(simulated_disk, a_power_cut_ends_what_is_under_way)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        enum status statuses[4];
        cr_expect_gt(order_of(seed, statuses, true), 1000, "each is told");
        cr_expect_eq(statuses[0], STATUS_IO);
        cr_expect_eq(statuses[2], STATUS_OK);
    }
}

static void submit_two(uint64_t second_position, unsigned flags, size_t offset)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct disk_queue *queue = simulated_disk_queue(disk);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE | flags);
    uint8_t *memory = aligned_alloc(BUFFER_ALIGNMENT, 2 * BUFFER_ALIGNMENT);
    struct disk_operation *operations = calloc(2, sizeof *operations);
    uint64_t order = 0;
    for (unsigned i = 0; i < 2; i++) {
        operations[i].kind = DISK_WRITE;
        operations[i].file = file;
        operations[i].position = i == 0 ? 0 : second_position;
        operations[i].pieces[0] = (struct disk_piece){memory + offset, BUFFER_ALIGNMENT};
        operations[i].pieces_count = 1;
        operations[i].done = note_order;
        operations[i].context = &order;
        queue->submit(queue, &operations[i]);
    }
}

Test(simulated_disk, overlapping_writes_under_way_are_a_mistake, .signal = SIGABRT)
{
    submit_two(BUFFER_ALIGNMENT - 1, 0, 0);
}

Test(simulated_disk, direct_access_without_alignment_is_a_mistake, .signal = SIGABRT)
{
    submit_two(BUFFER_ALIGNMENT, FILE_DIRECT, 1);
}

static void count_places(void *context, struct simulated_disk *disk)
{
    unsigned *count = context;
    (*count)++;
    simulated_disk_destroy(simulated_disk_survivor(disk, *count));
}

Test(simulated_disk, every_change_is_a_place_for_a_power_cut)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    unsigned count = 0;
    simulated_disk_observe(disk, count_places, &count);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
    write_at(file, 0, 'a', 10);
    sync_file(file);
    sync_top(disk);
    cr_expect_eq(count, 4);
    file_release(file);
    simulated_disk_destroy(disk);
}

Test(simulated_disk, a_file_may_outlive_the_disk)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct file *file = open_file(disk, "x", FILE_WRITE | FILE_CREATE);
    simulated_disk_destroy(disk);
    file_release(file);
}
