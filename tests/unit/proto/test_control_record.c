#include <criterion/criterion.h>

#include "proto/record/control_record.h"
#include "proto/record/record_iterator.h"
#include "tests/unit/proto/golden_record_batches.h"

static struct error error;

/* The single record of a marker that the Java broker wrote. */
static struct record marker(enum golden golden, uint8_t memory[GOLDEN_SIZE_MAX])
{
    struct record_batch_header header;
    struct record_iterator iterator;
    struct record record;
    struct bytes batch = golden_batch(golden, memory);
    cr_assert_eq(record_batch_verify(batch, &header), RECORD_BATCH_OK);
    cr_assert_eq(record_iterator_open(&iterator, batch, &header, NULL, &error), STATUS_OK);
    cr_assert_eq(record_iterator_next(&iterator, &record, &error), RECORD_STEP_RECORD);
    return record;
}

Test(control_record, java_markers_are_read)
{
    uint8_t memory[GOLDEN_SIZE_MAX];
    enum control_record_type type;
    int32_t coordinator_epoch;

    struct record record = marker(GOLDEN_java_commit, memory);
    cr_assert_eq(control_record_read_key(record.key, &type, &error), STATUS_OK);
    cr_expect_eq(type, CONTROL_RECORD_COMMIT);
    cr_assert_eq(control_record_read_marker(record.value, &coordinator_epoch, &error), STATUS_OK);
    cr_expect_eq(coordinator_epoch, 9);

    record = marker(GOLDEN_java_abort, memory);
    cr_assert_eq(control_record_read_key(record.key, &type, &error), STATUS_OK);
    cr_expect_eq(type, CONTROL_RECORD_ABORT);
}

Test(control_record, every_type_is_read_as_it_was_written)
{
    for (int i = 0; i < CONTROL_RECORD_UNKNOWN; i++) {
        uint8_t key[CONTROL_RECORD_KEY_SIZE];
        enum control_record_type type;
        control_record_write_key((enum control_record_type)i, key);
        cr_assert_eq(control_record_read_key((struct bytes){key, sizeof key}, &type, &error),
                     STATUS_OK);
        cr_expect_eq(type, i);
    }
}

Test(control_record, marker_is_read_as_it_was_written)
{
    uint8_t value[CONTROL_RECORD_MARKER_VALUE_SIZE];
    int32_t epoch;
    control_record_write_marker(-7, value);
    cr_assert_eq(control_record_read_marker((struct bytes){value, sizeof value}, &epoch, &error),
                 STATUS_OK);
    cr_expect_eq(epoch, -7);
}

/* KIP-98: a reader passes over types and trailing fields that it does not know. */
Test(control_record, later_types_and_versions_are_no_error)
{
    enum control_record_type type;
    int32_t epoch;
    const uint8_t later_type[] = {0, 0, 0, 7};
    const uint8_t negative_type[] = {0, 0, 0xff, 0xff};
    const uint8_t later_version[] = {0, 9, 0, 1, 0xaa};
    const uint8_t later_marker[] = {0, 1, 0, 0, 0, 5, 0xaa};
    cr_assert_eq(control_record_read_key((struct bytes){later_type, 4}, &type, &error), STATUS_OK);
    cr_expect_eq(type, CONTROL_RECORD_UNKNOWN);
    cr_assert_eq(control_record_read_key((struct bytes){negative_type, 4}, &type, &error),
                 STATUS_OK);
    cr_expect_eq(type, CONTROL_RECORD_UNKNOWN);
    cr_assert_eq(control_record_read_key((struct bytes){later_version, 5}, &type, &error),
                 STATUS_OK);
    cr_expect_eq(type, CONTROL_RECORD_COMMIT);
    cr_assert_eq(control_record_read_marker((struct bytes){later_marker, 7}, &epoch, &error),
                 STATUS_OK);
    cr_expect_eq(epoch, 5);
}

Test(control_record, short_null_and_negative_are_refused)
{
    enum control_record_type type;
    int32_t epoch;
    const uint8_t bytes[] = {0xff, 0xff, 0, 1, 0, 0};
    const uint8_t zeros[] = {0, 0, 0, 0, 0, 0};
    cr_expect_eq(control_record_read_key(BYTES_NULL, &type, &error), STATUS_MALFORMED);
    cr_expect_str_eq(error.text, "control record: key of 0 bytes, at least 4");
    cr_expect_eq(control_record_read_key((struct bytes){zeros, 3}, &type, &error),
                 STATUS_MALFORMED);
    cr_expect_eq(control_record_read_key((struct bytes){bytes, 4}, &type, &error),
                 STATUS_MALFORMED);
    cr_expect_str_eq(error.text, "control record: key of version -1");
    cr_expect_eq(control_record_read_marker(BYTES_NULL, &epoch, &error), STATUS_MALFORMED);
    cr_expect_eq(control_record_read_marker((struct bytes){zeros, 5}, &epoch, &error),
                 STATUS_MALFORMED);
    cr_expect_str_eq(error.text, "control record: marker of 5 bytes, at least 6");
    cr_expect_eq(control_record_read_marker((struct bytes){bytes, 6}, &epoch, &error),
                 STATUS_MALFORMED);
}

Test(control_record, every_type_has_a_word)
{
    cr_expect_str_eq(control_record_type_text(CONTROL_RECORD_COMMIT), "commit");
    cr_expect_str_eq(control_record_type_text(CONTROL_RECORD_UNKNOWN), "unknown");
}
