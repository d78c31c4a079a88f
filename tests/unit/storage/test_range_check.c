#include <criterion/criterion.h>

#include "storage/log/range_check.h"

#include "tests/support/storage/log_fixture.h"

/* A log that was closed: what lies on the disk was not written by who opens it next. */
static struct log_fixture fixture;
static uint8_t content[64 * 1024];

#define SEGMENT "/data/topic-0/00000000000000000000.log"

static void write_and_close(void)
{
    log_fixture_init(&fixture, 1);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK, "%s", fixture.error.text);
    for (int i = 0; i < 4; i++) {
        struct batch_recipe recipe = BATCH_PLAIN;
        recipe.value_size = 3000;
        cr_assert_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_ACCEPTED);
        cr_assert_eq(log_fixture_flush(&fixture), STATUS_OK);
    }
    cr_assert_eq(log_fixture_close(&fixture), STATUS_OK);
}

static enum status read_from(int64_t offset, size_t *size)
{
    struct log_read_result result;
    return log_fixture_read(&fixture, offset, sizeof content, content, sizeof content, size,
                            &result);
}

Test(range_check, what_is_whole_is_served_after_it_was_verified)
{
    size_t size = 0;
    write_and_close();
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    cr_expect_eq(read_from(0, &size), STATUS_OK, "%s", fixture.error.text);
    cr_expect_gt(size, 12000);
    log_fixture_clear(&fixture);
}

Test(range_check, damage_ends_what_is_served_and_what_is_taken)
{
    size_t size = 0;
    write_and_close();
    simulated_disk_flip_bit(fixture.disk, SEGMENT, 7000, 3);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    (void)read_from(0, &size);
    cr_expect_eq(read_from(2, &size), STATUS_CORRUPT, "the third batch lies there");
    cr_expect_eq(read_from(0, &size), STATUS_OK, "%s", fixture.error.text);
    cr_expect_gt(size, 6000);
    cr_expect_lt(size, 7000);
    struct batch_recipe recipe = BATCH_PLAIN;
    cr_expect_eq(log_fixture_append(&fixture, &recipe).decision, APPEND_FAILED);
    log_fixture_clear(&fixture);
}

/* Kafka's checksum leaves the first 21 bytes of a batch uncovered. */
Test(range_check, a_leader_epoch_that_was_changed_is_noticed)
{
    size_t size = 0;
    write_and_close();
    simulated_disk_flip_bit(fixture.disk, SEGMENT, 15, 2);
    cr_assert_eq(log_fixture_open(&fixture), STATUS_OK);
    cr_expect_eq(read_from(0, &size), STATUS_CORRUPT);
    log_fixture_clear(&fixture);
}

Test(range_check, a_missing_segment_is_said)
{
    struct range_check check = {.next_offset = -1, .leader_epoch_min = -1, .size = 100};
    log_fixture_init(&fixture, 1);
    check.files = fixture.context.segment_files.files;
    check.directory = "/data/none-0";
    check.segment_size = 100;
    cr_expect_eq(range_check(&check, &fixture.error), STATUS_NOT_FOUND);
    log_fixture_clear(&fixture);
}
