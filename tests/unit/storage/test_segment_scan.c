#include "storage/log/segment_scan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/storage/log_fixture.h"

#define PATH "/segment"

static struct simulated_disk *disk;
static struct error error;
static uint8_t *content;
static size_t size;
static unsigned visited;
static enum status answer;

static void setup(void)
{
    disk = simulated_disk_create(1);
    content = calloc(1, 16 * 1024 * 1024);
    size = 0;
    visited = 0;
    answer = STATUS_OK;
}

static void teardown(void)
{
    free(content);
    simulated_disk_destroy(disk);
}

TestSuite(segment_scan, .init = setup, .fini = teardown);

static void add(int64_t base_offset, int32_t value_size)
{
    struct record_builder builder;
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.value_size = value_size;
    struct bytes batch = log_fixture_batch(&builder, &recipe);
    memcpy(content + size, batch.data, batch.size);
    record_batch_assign(content + size, base_offset, 0);
    size += batch.size;
    record_builder_clear(&builder);
}

static enum status visit(void *context, const struct record_batch_header *header,
                         struct bytes batch, uint64_t position, struct error *visit_error)
{
    (void)context;
    cr_expect_eq(record_batch_size(header), batch.size);
    cr_expect_eq(memcmp(content + position, batch.data, batch.size), 0);
    visited++;
    return answer == STATUS_OK ? STATUS_OK : error_set(visit_error, answer, "enough");
}

static enum status scan_it(struct segment_scan *scan)
{
    struct file_system *files = simulated_disk_files(disk);
    cr_assert_eq(file_replace_whole(files, PATH, (struct bytes){content, size}, &error), STATUS_OK);
    *scan = (struct segment_scan){.files = files, .path = PATH, .size = size, .visit = visit};
    return segment_scan(scan, &error);
}

Test(segment_scan, batches_larger_than_the_window_and_across_its_edge_are_whole)
{
    int64_t offset = 0;
    for (int i = 0; i < 30; i++) {
        add(offset++, 100000);
    }
    add(offset++, 3 * 1024 * 1024);
    add(offset++, 10);
    struct segment_scan scan;
    cr_assert_eq(scan_it(&scan), STATUS_OK, "%s", error.text);
    cr_expect_eq(visited, 32);
    cr_expect_eq(scan.position, size);
    cr_expect_eq(scan.next_offset, 32);
    cr_expect_not(scan.ends_in_zeros);
}

Test(segment_scan, zeros_are_the_end)
{
    add(0, 10);
    size_t end = size;
    size += 100000;
    struct segment_scan scan;
    cr_assert_eq(scan_it(&scan), STATUS_OK);
    cr_expect(scan.ends_in_zeros);
    cr_expect_eq(scan.position, end);
}

Test(segment_scan, what_is_no_batch_ends_it_with_the_reason)
{
    add(0, 10);
    size_t first = size;
    add(1, 10);
    content[size - 1] ^= 1;
    struct segment_scan scan;
    cr_expect_eq(scan_it(&scan), STATUS_CORRUPT);
    cr_expect_eq(scan.position, first);
    cr_expect_eq(scan.next_offset, 1);
    content[size - 1] ^= 1;
    record_batch_assign(content + first, 0, 0);
    cr_expect_eq(scan_it(&scan), STATUS_CORRUPT);
    cr_expect_not_null(strstr(error.text, "offsets go back"));
    size = first + 20;
    record_batch_assign(content + first, 1, 0);
    cr_expect_eq(scan_it(&scan), STATUS_CORRUPT);
    cr_expect_eq(scan.position, first);
}

Test(segment_scan, checksums_count_only_from_where_they_are_asked_for)
{
    add(0, 10);
    content[size - 1] ^= 1;
    add(1, 10);
    struct segment_scan scan;
    cr_expect_eq(scan_it(&scan), STATUS_CORRUPT);
    scan = (struct segment_scan){.files = simulated_disk_files(disk),
                                 .path = PATH,
                                 .size = size,
                                 .verify_from = 1,
                                 .visit = visit};
    cr_expect_eq(segment_scan(&scan, &error), STATUS_OK);
    cr_expect_eq(scan.next_offset, 2);
}

static enum status scan_contiguous(int64_t from)
{
    struct segment_scan scan = {.files = simulated_disk_files(disk),
                                .path = PATH,
                                .size = size,
                                .contiguous_from = from,
                                .visit = visit};
    return segment_scan(&scan, &error);
}

Test(segment_scan, gaps_are_damage_only_from_where_there_cannot_be_any)
{
    add(0, 10);
    add(5, 10);
    add(6, 10);
    struct segment_scan scan;
    cr_expect_eq(scan_it(&scan), STATUS_CORRUPT);
    cr_expect_not_null(strstr(error.text, "offsets are missing"));
    cr_expect_eq(scan_contiguous(5), STATUS_CORRUPT);
    cr_expect_eq(scan_contiguous(6), STATUS_OK, "%s", error.text);
}

Test(segment_scan, an_offset_that_no_segment_reaches_is_damage)
{
    add(0, 10);
    add((int64_t)INT32_MAX + 2, 10);
    struct segment_scan scan;
    cr_assert_eq(scan_it(&scan), STATUS_CORRUPT);
    cr_expect_eq(scan_contiguous(INT64_MAX), STATUS_CORRUPT);
    cr_expect_not_null(strstr(error.text, "offsets jump"));
}

Test(segment_scan, the_visitor_may_end_it)
{
    add(0, 10);
    add(1, 10);
    answer = STATUS_STOPPING;
    struct segment_scan scan;
    cr_expect_eq(scan_it(&scan), STATUS_STOPPING);
    cr_expect_eq(visited, 1);
    cr_expect_eq(scan.position, 0);
}

Test(segment_scan, a_failed_read_is_told)
{
    add(0, 10);
    struct segment_scan scan;
    cr_assert_eq(scan_it(&scan), STATUS_OK);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        scan.position = 0;
        scan.next_offset = 0;
        simulated_disk_fail_call(disk, nth, STATUS_IO);
        cr_expect_eq(segment_scan(&scan, &error), STATUS_IO);
    }
}
