#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "tests/support/base/allocations.h"
#include "tests/support/storage/simulated_disk.h"
#include "tests/support/storage/temporary_directory.h"

TestSuite(file_system, .fini = allocations_allow);

/* The same tests for the real and for the simulated one: a twin that differs proves nothing. */
struct place {
    struct file_system *files;
    struct simulated_disk *disk; /* NULL for the real one. */
    struct temporary_directory directory;
    char path[3][300];
};

static void place_open(struct place *place, bool simulated)
{
    memset(place, 0, sizeof *place);
    struct error error;
    if (simulated) {
        place->disk = simulated_disk_create(1);
        place->files = simulated_disk_files(place->disk);
        snprintf(place->directory.path, sizeof place->directory.path, "top");
        cr_assert_eq(place->files->make_directory(place->files, "top", &error), STATUS_OK);
    } else {
        place->files = file_system_posix();
        temporary_directory_make(&place->directory);
    }
    static const char *const names[] = {"a", "b", "c"};
    for (unsigned i = 0; i < 3; i++) {
        temporary_path(&place->directory, names[i], place->path[i], sizeof place->path[i]);
    }
}

static void place_close(struct place *place)
{
    if (place->disk != NULL) {
        simulated_disk_destroy(place->disk);
    } else {
        temporary_directory_remove(&place->directory);
    }
}

static struct file *open_file(struct place *place, unsigned which, unsigned flags)
{
    struct file *file = NULL;
    struct error error;
    enum status status = place->files->open(place->files, place->path[which], flags, &file, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    return file;
}

static void expect_content(struct place *place, unsigned which, const char *expected)
{
    struct file *file = open_file(place, which, 0);
    char content[64];
    size_t count = 0;
    struct error error;
    cr_expect_eq(place->files->read(file, 0, content, sizeof content, &count, &error), STATUS_OK);
    cr_expect_eq(count, strlen(expected));
    cr_expect_eq(memcmp(content, expected, count), 0);
    file_release(file);
}

Test(file_system, what_is_written_is_read_and_holes_are_zeros)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        place_open(&place, simulated);
        struct file *file = open_file(&place, 0, FILE_WRITE | FILE_CREATE);
        cr_expect_eq(place.files->write(file, 4, "abcd", 4, &error), STATUS_OK);
        char content[16];
        size_t count = 0;
        cr_expect_eq(place.files->read(file, 0, content, sizeof content, &count, &error),
                     STATUS_OK);
        cr_expect_eq(count, 8);
        cr_expect_eq(memcmp(content, "\0\0\0\0abcd", 8), 0);
        cr_expect_eq(place.files->read_resident(file, 6, content, 1, &count, &error), STATUS_OK);
        cr_expect_eq(content[0], 'c');
        cr_expect_eq(place.files->read(file, 100, content, 1, &count, &error), STATUS_OK);
        cr_expect_eq(count, 0, "behind the end there is nothing");
        uint64_t size = 0;
        cr_expect_eq(place.files->size(file, &size, &error), STATUS_OK);
        cr_expect_eq(size, 8);
        cr_expect_eq(place.files->truncate(file, 5, &error), STATUS_OK);
        cr_expect_eq(place.files->truncate(file, 7, &error), STATUS_OK);
        cr_expect_eq(place.files->sync(file, &error), STATUS_OK);
        cr_expect_eq(place.files->read(file, 4, content, sizeof content, &count, &error),
                     STATUS_OK);
        cr_expect_eq(count, 3);
        cr_expect_eq(memcmp(content, "a\0\0", 3), 0);
        file_release(file);
        place_close(&place);
    }
}

Test(file_system, reserving_space_does_not_change_the_size)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        place_open(&place, simulated);
        struct file *file = open_file(&place, 0, FILE_WRITE | FILE_CREATE);
        enum status status = place.files->reserve(file, 0, 65536, &error);
        cr_expect(status == STATUS_OK || status == STATUS_UNSUPPORTED);
        uint64_t size = 1;
        cr_expect_eq(place.files->size(file, &size, &error), STATUS_OK);
        cr_expect_eq(size, 0);
        file_release(file);
        place_close(&place);
    }
}

Test(file_system, opening_says_what_is_wrong)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        struct file *file;
        char path[400];
        place_open(&place, simulated);
        cr_expect_eq(place.files->open(place.files, place.path[0], 0, &file, &error),
                     STATUS_NOT_FOUND);
        cr_expect_not_null(strstr(error.text, place.path[0]), "%s", error.text);
        snprintf(path, sizeof path, "%s/none/x", place.directory.path);
        cr_expect_eq(place.files->open(place.files, path, FILE_WRITE | FILE_CREATE, &file, &error),
                     STATUS_NOT_FOUND);
        file_release(open_file(&place, 0, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE));
        cr_expect_eq(place.files->open(place.files, place.path[0],
                                       FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &file, &error),
                     STATUS_EXISTS);
        cr_expect_eq(
            place.files->open(place.files, place.directory.path, FILE_WRITE, &file, &error),
            STATUS_IO);
        place_close(&place);
    }
}

Test(file_system, direct_access_bypasses_nothing_that_is_read)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        struct file *file;
        place_open(&place, simulated);
        enum status status = place.files->open(
            place.files, place.path[0], FILE_WRITE | FILE_CREATE | FILE_DIRECT, &file, &error);
        if (status != STATUS_UNSUPPORTED) {
            uint8_t *block = aligned_alloc(BUFFER_ALIGNMENT, BUFFER_ALIGNMENT);
            memset(block, 'd', BUFFER_ALIGNMENT);
            cr_assert_eq(status, STATUS_OK, "%s", error.text);
            cr_expect_eq(place.files->write(file, 0, block, BUFFER_ALIGNMENT, &error), STATUS_OK);
            file_release(file);
            file = open_file(&place, 0, 0);
            char byte = 0;
            size_t count;
            cr_expect_eq(place.files->read(file, 4095, &byte, 1, &count, &error), STATUS_OK);
            cr_expect_eq(byte, 'd');
            file_release(file);
            free(block);
        }
        place_close(&place);
    }
}

Test(file_system, renaming_replaces_and_removing_leaves_nothing)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        place_open(&place, simulated);
        struct file *file = open_file(&place, 0, FILE_WRITE | FILE_CREATE);
        cr_expect_eq(place.files->write(file, 0, "new", 3, &error), STATUS_OK);
        file_release(file);
        file_release(open_file(&place, 1, FILE_WRITE | FILE_CREATE));
        cr_expect_eq(place.files->rename(place.files, place.path[0], place.path[1], &error),
                     STATUS_OK);
        expect_content(&place, 1, "new");
        struct file_status file_status;
        cr_expect_eq(place.files->stat(place.files, place.path[0], &file_status, &error),
                     STATUS_NOT_FOUND);
        cr_expect_eq(place.files->rename(place.files, place.path[0], place.path[2], &error),
                     STATUS_NOT_FOUND);
        cr_expect_eq(place.files->sync_directory(place.files, place.directory.path, &error),
                     STATUS_OK);
        cr_expect_eq(place.files->remove(place.files, place.path[1], &error), STATUS_OK);
        cr_expect_eq(place.files->remove(place.files, place.path[1], &error), STATUS_NOT_FOUND);
        place_close(&place);
    }
}

static void count_visit(void *context, const char *name)
{
    unsigned *seen = context;
    *seen = *seen * 10 + (strcmp(name, "a") == 0 ? 1 : strcmp(name, "b") == 0 ? 2 : 9);
}

Test(file_system, directories_are_made_listed_and_removed)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        char path[400];
        place_open(&place, simulated);
        snprintf(path, sizeof path, "%s/deep/deeper", place.directory.path);
        cr_expect_eq(place.files->make_directory(place.files, path, &error), STATUS_OK);
        cr_expect_eq(place.files->make_directory(place.files, path, &error), STATUS_OK);
        struct file_status file_status = {0};
        cr_expect_eq(place.files->stat(place.files, path, &file_status, &error), STATUS_OK);
        cr_expect(file_status.is_directory);
        cr_expect_eq(place.files->remove_directory(place.files, path, &error), STATUS_OK);
        snprintf(path, sizeof path, "%s/deep", place.directory.path);
        cr_expect_eq(place.files->make_directory(place.files, path, &error), STATUS_OK);
        cr_expect_eq(place.files->remove_directory(place.files, place.directory.path, &error),
                     STATUS_EXISTS, "only when empty");
        cr_expect_eq(place.files->remove_directory(place.files, path, &error), STATUS_OK);
        cr_expect_eq(place.files->remove_directory(place.files, path, &error), STATUS_NOT_FOUND);
        file_release(open_file(&place, 0, FILE_WRITE | FILE_CREATE));
        file_release(open_file(&place, 1, FILE_WRITE | FILE_CREATE));
        cr_expect_eq(place.files->make_directory(place.files, place.path[0], &error), STATUS_EXISTS,
                     "a file is in the way");
        unsigned seen = 0;
        cr_expect_eq(place.files->list_directory(place.files, place.directory.path, count_visit,
                                                 &seen, &error),
                     STATUS_OK);
        cr_expect(seen == 12 || seen == 21);
        cr_expect_eq(place.files->list_directory(place.files, path, count_visit, &seen, &error),
                     STATUS_NOT_FOUND);
        cr_expect_eq(place.files->sync_directory(place.files, place.directory.path, &error),
                     STATUS_OK);
        place_close(&place);
    }
}

Test(file_system, a_lock_is_held_by_one)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        place_open(&place, simulated);
        struct file *first = open_file(&place, 0, FILE_WRITE | FILE_CREATE);
        struct file *second = open_file(&place, 0, FILE_WRITE);
        cr_expect_eq(place.files->lock(first, &error), STATUS_OK);
        cr_expect_eq(place.files->lock(second, &error), STATUS_BUSY);
        file_release(first);
        cr_expect_eq(place.files->lock(second, &error), STATUS_OK, "closing gives it back");
        file_release(second);
        place_close(&place);
    }
}

Test(file_system, usage_is_what_may_still_be_written)
{
    for (int simulated = 0; simulated < 2; simulated++) {
        struct place place;
        struct error error;
        struct disk_usage usage = {0};
        place_open(&place, simulated);
        cr_expect_eq(place.files->usage(place.files, place.directory.path, &usage, &error),
                     STATUS_OK);
        cr_expect_gt(usage.total_bytes, 0);
        cr_expect_leq(usage.usable_bytes, usage.total_bytes);
        place_close(&place);
    }
}

Test(file_system, whole_files_are_read_up_to_a_limit)
{
    struct place place;
    struct error error;
    struct arena arena;
    struct bytes content;
    place_open(&place, false);
    arena_init(&arena, 1 << 20);
    struct bytes written = {(const uint8_t *)"hello", 5};
    cr_expect_eq(file_replace_whole(place.files, place.path[0], written, &error), STATUS_OK);
    cr_expect_eq(file_read_whole(place.files, place.path[0], 5, &arena, &content, &error),
                 STATUS_OK);
    cr_expect(bytes_equal(content, written));
    cr_expect_eq(file_read_whole(place.files, place.path[0], 4, &arena, &content, &error),
                 STATUS_LIMIT);
    cr_expect_eq(file_read_whole(place.files, place.path[1], 4, &arena, &content, &error),
                 STATUS_NOT_FOUND);
    cr_expect_eq(
        file_replace_whole(place.files, place.path[0], (struct bytes){written.data, 0}, &error),
        STATUS_OK);
    expect_content(&place, 0, "");
    arena_clear(&arena);
    arena_init(&arena, 0);
    cr_expect_eq(file_read_whole(place.files, place.path[0], 5, &arena, &content, &error),
                 STATUS_NO_MEMORY);
    place_close(&place);
}

Test(file_system, a_failed_replacement_leaves_the_old_file)
{
    for (uint64_t n = 1; n <= 5; n++) {
        struct place place;
        struct error error;
        place_open(&place, true);
        struct bytes before = {(const uint8_t *)"before", 6};
        struct bytes after = {(const uint8_t *)"after", 5};
        cr_assert_eq(file_replace_whole(place.files, place.path[0], before, &error), STATUS_OK);
        simulated_disk_fail_call(place.disk, n, STATUS_NO_SPACE);
        cr_expect_eq(file_replace_whole(place.files, place.path[0], after, &error),
                     STATUS_NO_SPACE);
        expect_content(&place, 0, "before");
        cr_expect_eq(file_replace_whole(place.files, place.path[0], after, &error), STATUS_OK);
        expect_content(&place, 0, "after");
        place_close(&place);
    }
}

Test(file_system, the_last_reference_closes)
{
    struct place place;
    place_open(&place, false);
    struct file *file = open_file(&place, 0, FILE_WRITE | FILE_CREATE);
    struct file *second = file_retain(file);
    file_release(file);
    struct error error;
    cr_expect_eq(place.files->write(second, 0, "x", 1, &error), STATUS_OK);
    file_release(second);
    file_release(NULL);
    cr_expect_null(file_retain(NULL));
    place_close(&place);
}

Test(file_system, opening_without_memory_leaves_no_descriptor)
{
    struct place place;
    struct error error;
    struct file *file;
    place_open(&place, false);
    file_release(open_file(&place, 0, FILE_WRITE | FILE_CREATE));
    file = open_file(&place, 0, 0);
    int next = file->file_descriptor;
    file_release(file);
    allocations_refuse_after(0);
    enum status status = place.files->open(place.files, place.path[0], 0, &file, &error);
    allocations_allow();
    cr_expect_eq(status, STATUS_NO_MEMORY);
    file = open_file(&place, 0, 0);
    cr_expect_eq(file->file_descriptor, next);
    file_release(file);
    place_close(&place);
}
