#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/resource.h>

#include "storage/io/open_files.h"
#include "tests/support/base/allocations.h"
#include "tests/support/storage/simulated_disk.h"

TestSuite(open_files, .fini = allocations_allow);

static struct file *use(struct open_files *open_files, struct simulated_disk *disk,
                        struct open_file *place, unsigned number)
{
    char path[16];
    snprintf(path, sizeof path, "file-%u", number);
    struct file *file = NULL;
    struct error error;
    enum status status = open_files_use(open_files, simulated_disk_files(disk), place, path,
                                        FILE_WRITE | FILE_CREATE, &file, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    return file;
}

Test(open_files, the_least_recently_used_is_closed_first)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct open_files *open_files = open_files_create(simulated_disk_files(disk), 2);
    struct open_file places[3] = {0};
    use(open_files, disk, &places[0], 0);
    use(open_files, disk, &places[1], 1);
    const struct file *first = use(open_files, disk, &places[0], 0);
    cr_expect_eq(first, places[0].file);
    use(open_files, disk, &places[2], 2);
    cr_expect_eq(open_files_count(open_files), 2);
    cr_expect_not_null(places[0].file);
    cr_expect_null(places[1].file);
    cr_expect_not_null(places[2].file);
    for (unsigned i = 0; i < 3; i++) {
        open_files_forget(open_files, &places[i]);
    }
    cr_expect_eq(open_files_count(open_files), 0);
    open_files_destroy(open_files);
    simulated_disk_destroy(disk);
}

Test(open_files, a_file_that_somebody_holds_outlives_its_place)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct open_files *open_files = open_files_create(simulated_disk_files(disk), 1);
    struct open_file places[2] = {0};
    struct file *held = file_retain(use(open_files, disk, &places[0], 0));
    use(open_files, disk, &places[1], 1);
    cr_expect_null(places[0].file);
    struct error error;
    cr_expect_eq(held->files->write(held, 0, "x", 1, &error), STATUS_OK);
    file_release(held);
    open_files_forget(open_files, &places[1]);
    open_files_forget(open_files, &places[1]);
    open_files_destroy(open_files);
    simulated_disk_destroy(disk);
}

Test(open_files, closes_some_when_the_process_has_no_descriptor_left)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct open_files *open_files = open_files_create(simulated_disk_files(disk), 8);
    struct open_file places[3] = {0};
    use(open_files, disk, &places[0], 0);
    use(open_files, disk, &places[1], 1);
    simulated_disk_fail_call(disk, 1, STATUS_LIMIT);
    use(open_files, disk, &places[2], 2);
    cr_expect_null(places[0].file);
    cr_expect_not_null(places[1].file);
    for (unsigned i = 0; i < 3; i++) {
        open_files_forget(open_files, &places[i]);
    }
    open_files_destroy(open_files);
    simulated_disk_destroy(disk);
}

Test(open_files, an_error_leaves_the_place_closed)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct open_files *open_files = open_files_create(simulated_disk_files(disk), 1);
    struct open_file place = {0};
    struct file *file;
    struct error error;
    cr_expect_eq(
        open_files_use(open_files, simulated_disk_files(disk), &place, "missing", 0, &file, &error),
        STATUS_NOT_FOUND);
    cr_expect_null(place.file);
    simulated_disk_fail_call(disk, 1, STATUS_LIMIT);
    cr_expect_eq(open_files_use(open_files, simulated_disk_files(disk), &place, "x", FILE_CREATE,
                                &file, &error),
                 STATUS_LIMIT);
    cr_expect_eq(open_files_count(open_files), 0);
    open_files_destroy(open_files);
    simulated_disk_destroy(disk);
}

Test(open_files, without_a_limit_files_stay_open)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct open_file places[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        use(NULL, disk, &places[i], i);
        use(NULL, disk, &places[i], i);
    }
    for (unsigned i = 0; i < 3; i++) {
        cr_expect_not_null(places[i].file);
        open_files_forget(NULL, &places[i]);
    }
    simulated_disk_destroy(disk);
}

Test(open_files, the_default_leaves_descriptors_to_connections)
{
    unsigned one = open_files_max_default(1);
    unsigned many = open_files_max_default(1000000);
    cr_expect_geq(one, many);
    cr_expect_eq(many, 16);
}

Test(open_files, cannot_be_made_without_memory)
{
    allocations_refuse_after(0);
    struct open_files *open_files = open_files_create(file_system_posix(), 1);
    allocations_allow();
    cr_expect_null(open_files);
    open_files_destroy(NULL);
}

Test(open_files, the_limit_is_raised_to_what_is_allowed)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 64 ? limit.rlim_max : 64;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    open_files_raise_limit();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_eq(limit.rlim_cur, limit.rlim_max);
}
