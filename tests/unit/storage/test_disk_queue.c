#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "storage/io/disk_queue.h"
#include "tests/support/base/allocations.h"
#include "tests/support/storage/temporary_directory.h"

TestSuite(disk_queue, .fini = allocations_allow);

static const enum disk_queue_choice choices[] = {DISK_QUEUE_RING, DISK_QUEUE_WORKERS};
#define CHOICES_COUNT 2

struct rig {
    struct disk_queue *queue;
    struct temporary_directory directory;
    char path[300];
    struct file *file;
    struct disk_operation *operation;
    unsigned done_count;
};

static void on_done(struct disk_operation *operation)
{
    struct rig *rig = operation->context;
    rig->done_count++;
}

static void rig_open(struct rig *rig, enum disk_queue_choice choice, unsigned depth)
{
    memset(rig, 0, sizeof *rig);
    struct error error;
    enum status status = disk_queue_open(choice, depth, 2, &rig->queue, &error);
    if (status == STATUS_UNSUPPORTED) {
        cr_skip("%s", error.text);
    }
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    temporary_directory_make(&rig->directory);
    temporary_path(&rig->directory, "file", rig->path, sizeof rig->path);
    struct file_system *files = file_system_posix();
    cr_assert_eq(files->open(files, rig->path, FILE_WRITE | FILE_CREATE, &rig->file, &error),
                 STATUS_OK);
    rig->operation = calloc(1, sizeof *rig->operation);
    rig->operation->file = rig->file;
    rig->operation->done = on_done;
    rig->operation->context = rig;
}

static void rig_close(struct rig *rig)
{
    cr_expect_eq(rig->queue->pending(rig->queue), 0);
    rig->queue->close(rig->queue);
    file_release(rig->file);
    free(rig->operation);
    temporary_directory_remove(&rig->directory);
}

static enum status run(struct rig *rig, enum disk_operation_kind kind)
{
    rig->operation->kind = kind;
    unsigned before = rig->done_count;
    rig->queue->submit(rig->queue, rig->operation);
    cr_expect_eq(rig->queue->pending(rig->queue), 1);
    while (rig->done_count == before) {
        rig->queue->wait(rig->queue);
    }
    cr_expect_eq(rig->queue->pending(rig->queue), 0);
    return rig->operation->status;
}

static void set_pieces(struct disk_operation *operation, uint8_t *memory, size_t piece_size,
                       unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        operation->pieces[i] = (struct disk_piece){memory + i * piece_size, piece_size};
    }
    operation->pieces_count = count;
}

Test(disk_queue, writes_pieces_and_reads_them_back)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        rig_open(&rig, choices[i], 4);
        uint8_t memory[DISK_PIECES_MAX * 100];
        uint8_t back[sizeof memory + 50];
        for (size_t k = 0; k < sizeof memory; k++) {
            memory[k] = (uint8_t)(k * 7);
        }
        set_pieces(rig.operation, memory, 100, DISK_PIECES_MAX);
        rig.operation->position = 3;
        cr_expect_eq(run(&rig, DISK_WRITE), STATUS_OK);
        cr_expect_eq(rig.operation->transferred, sizeof memory);
        set_pieces(rig.operation, memory, 100, 2);
        cr_expect_eq(run(&rig, DISK_WRITE_DURABLE), STATUS_OK);
        cr_expect_eq(run(&rig, DISK_SYNC), STATUS_OK);
        set_pieces(rig.operation, back, sizeof back, 1);
        cr_expect_eq(run(&rig, DISK_READ), STATUS_OK);
        cr_expect_eq(rig.operation->transferred, sizeof memory, "short at the end of the file");
        cr_expect_eq(memcmp(back, memory, sizeof memory), 0);
        rig.operation->position = 1 << 20;
        set_pieces(rig.operation, back, sizeof back, 1);
        cr_expect_eq(run(&rig, DISK_READ), STATUS_OK);
        cr_expect_eq(rig.operation->transferred, 0);
        rig_close(&rig);
    }
}

Test(disk_queue, reserves_and_prefetches)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        rig_open(&rig, choices[i], 4);
        rig.operation->size = 300000;
        enum status status = run(&rig, DISK_RESERVE);
        cr_expect(status == STATUS_OK || status == STATUS_UNSUPPORTED);
        struct error error;
        uint8_t *memory = calloc(1, 300000);
        cr_expect_eq(rig.file->files->write(rig.file, 0, memory, 300000, &error), STATUS_OK);
        free(memory);
        rig.operation->position = 100000;
        rig.operation->size = 300000;
        cr_expect_eq(run(&rig, DISK_PREFETCH), STATUS_OK, "it may reach behind the end");
        cr_expect_eq(rig.operation->transferred, 200000);
        rig_close(&rig);
    }
}

static enum status call_that_fails(void *context, struct error *error)
{
    struct rig *rig = context;
    cr_expect_not_null(rig->queue);
    return error_set(error, STATUS_CORRUPT, "as it should");
}

Test(disk_queue, calls_report_their_own_status)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        rig_open(&rig, choices[i], 4);
        rig.operation->file = NULL;
        rig.operation->call = call_that_fails;
        cr_expect_eq(run(&rig, DISK_CALL), STATUS_CORRUPT);
        cr_expect_str_eq(rig.operation->error.text, "as it should");
        rig_close(&rig);
    }
}

Test(disk_queue, nothing_completes_with_what_was_put_in)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        rig_open(&rig, choices[i], 4);
        rig.operation->file = NULL;
        rig.operation->status = STATUS_NO_SPACE;
        cr_expect_eq(run(&rig, DISK_NOTHING), STATUS_NO_SPACE);
        rig.operation->status = STATUS_OK;
        cr_expect_eq(run(&rig, DISK_NOTHING), STATUS_OK);
        rig_close(&rig);
    }
}

Test(disk_queue, what_the_system_refuses_is_a_status_with_a_sentence)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        struct error error;
        struct file_system *files = file_system_posix();
        rig_open(&rig, choices[i], 4);
        struct file *read_only;
        cr_assert_eq(files->open(files, rig.path, 0, &read_only, &error), STATUS_OK);
        uint8_t byte = 1;
        rig.operation->file = read_only;
        rig.operation->position = 12;
        set_pieces(rig.operation, &byte, 1, 1);
        cr_expect_eq(run(&rig, DISK_WRITE_DURABLE), STATUS_IO);
        cr_expect_str_eq(rig.operation->error.text, "durable write at 12: Bad file descriptor");
        file_release(read_only);
        rig_close(&rig);
    }
}

struct burst {
    struct rig rig;
    struct disk_operation *operations;
    unsigned left;
    unsigned again;
};

static void on_burst_done(struct disk_operation *operation)
{
    struct burst *burst = operation->context;
    cr_assert_eq(operation->status, STATUS_OK);
    if (burst->again > 0) {
        burst->again--;
        set_pieces(operation, (uint8_t *)burst->operations, 512, 1);
        burst->rig.queue->submit(burst->rig.queue, operation);
    } else {
        burst->left--;
    }
}

Test(disk_queue, more_than_the_depth_waits_inside_and_done_may_submit_again)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct burst burst = {.left = 100, .again = 50};
        rig_open(&burst.rig, choices[i], 4);
        burst.operations = calloc(100, sizeof *burst.operations);
        for (unsigned k = 0; k < 100; k++) {
            struct disk_operation *operation = &burst.operations[k];
            operation->kind = DISK_WRITE;
            operation->file = burst.rig.file;
            operation->position = k * 512;
            operation->done = on_burst_done;
            operation->context = &burst;
            set_pieces(operation, (uint8_t *)burst.operations, 512, 1);
            burst.rig.queue->submit(burst.rig.queue, operation);
        }
        cr_expect_eq(burst.rig.queue->pending(burst.rig.queue), 100);
        burst.rig.queue->kick(burst.rig.queue);
        while (burst.left > 0) {
            struct pollfd ready = {.fd = burst.rig.queue->event_descriptor, .events = POLLIN};
            cr_assert_eq(poll(&ready, 1, 5000), 1, "the event says when there is something");
            burst.rig.queue->reap(burst.rig.queue);
        }
        uint64_t size;
        struct error error;
        cr_expect_eq(burst.rig.file->files->size(burst.rig.file, &size, &error), STATUS_OK);
        cr_expect_eq(size, 51200);
        free(burst.operations);
        rig_close(&burst.rig);
    }
}

Test(disk_queue, waiting_for_one_leaves_the_others_for_reap)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        rig_open(&rig, choices[i], 4);
        struct disk_operation *operations = calloc(4, sizeof *operations);
        for (unsigned k = 0; k < 4; k++) {
            operations[k].kind = k % 2 == 0 ? DISK_SYNC : DISK_NOTHING;
            operations[k].file = rig.file;
            operations[k].done = on_done;
            operations[k].context = &rig;
            rig.queue->submit(rig.queue, &operations[k]);
        }
        rig.queue->wait_for(rig.queue, &operations[2]);
        cr_expect_eq(rig.done_count, 1);
        rig.queue->wait_for(rig.queue, &operations[1]);
        cr_expect_eq(rig.done_count, 2);
        while (rig.done_count < 4) {
            struct pollfd ready = {.fd = rig.queue->event_descriptor, .events = POLLIN};
            cr_assert_eq(poll(&ready, 1, 5000), 1);
            rig.queue->reap(rig.queue);
        }
        cr_expect_eq(rig.queue->wait(rig.queue), 0, "nothing is pending");
        free(operations);
        rig_close(&rig);
    }
}

Test(disk_queue, a_file_released_meanwhile_stays_open_until_done)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        struct rig rig;
        struct error error;
        rig_open(&rig, choices[i], 4);
        struct file_system *files = file_system_posix();
        struct file *file;
        cr_assert_eq(files->open(files, rig.path, FILE_WRITE, &file, &error), STATUS_OK);
        uint8_t byte = 'x';
        rig.operation->kind = DISK_WRITE;
        rig.operation->file = file;
        set_pieces(rig.operation, &byte, 1, 1);
        rig.queue->submit(rig.queue, rig.operation);
        file_release(file);
        rig.queue->wait(rig.queue);
        cr_expect_eq(rig.done_count, 1);
        cr_expect_eq(rig.operation->status, STATUS_OK);
        rig_close(&rig);
    }
}

Test(disk_queue, automatic_takes_what_there_is)
{
    struct disk_queue *queue;
    struct error error;
    cr_assert_eq(disk_queue_open(DISK_QUEUE_AUTOMATIC, 8, 1, &queue, &error), STATUS_OK);
    cr_expect(strcmp(queue->name, "io_uring") == 0 || strcmp(queue->name, "workers") == 0);
    cr_expect_eq(queue->reap(queue), 0);
    queue->close(queue);
}

Test(disk_queue, opening_without_memory_is_told)
{
    for (size_t i = 0; i < CHOICES_COUNT; i++) {
        bool opened = false;
        for (size_t allowed = 0; !opened; allowed++) {
            struct disk_queue *queue;
            struct error error;
            allocations_refuse_after(allowed);
            enum status status = disk_queue_open(choices[i], 8, 1, &queue, &error);
            allocations_allow();
            opened = status == STATUS_OK || status == STATUS_UNSUPPORTED;
            cr_expect(opened || status == STATUS_NO_MEMORY, "%s", error.text);
            if (status == STATUS_OK) {
                queue->close(queue);
            }
        }
    }
}
