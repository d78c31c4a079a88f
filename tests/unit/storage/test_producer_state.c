#include "storage/producer/producer_state.h"

#include <criterion/criterion.h>

static struct producer_state state;
static struct error error;

static void setup(void)
{
    producer_state_init(&state);
}

static void teardown(void)
{
    producer_state_clear(&state);
}

TestSuite(producer_state, .init = setup, .fini = teardown);

static struct record_batch_header batch_of(int16_t epoch, int32_t sequence, int32_t count,
                                           int64_t base_offset)
{
    return (struct record_batch_header){
        .base_offset = base_offset,
        .producer_id = 7,
        .producer_epoch = epoch,
        .base_sequence = sequence,
        .record_count = count,
        .last_offset_delta = count - 1,
        .max_timestamp = 1000 + base_offset,
        .magic = 2,
    };
}

static void append(int16_t epoch, int32_t sequence, int32_t count, int64_t base_offset)
{
    struct record_batch_header header = batch_of(epoch, sequence, count, base_offset);
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
}

static enum producer_decision check(int16_t epoch, int32_t sequence, int32_t count)
{
    struct record_batch_header header = batch_of(epoch, sequence, count, 0);
    struct producer_batch duplicate;
    return producer_state_check(&state, &header, true, false, &duplicate, &error);
}

Test(producer_state, an_unknown_producer_may_start_anywhere)
{
    cr_expect_eq(check(0, 17, 1), PRODUCER_ACCEPTED);
    struct record_batch_header header = batch_of(0, 17, 1, 0);
    struct producer_batch duplicate;
    cr_expect_eq(producer_state_check(&state, &header, true, true, &duplicate, &error),
                 PRODUCER_OUT_OF_ORDER);
    cr_expect_str_eq(error.text, "producer 7 is not known here and starts with sequence 17, not 0");
}

Test(producer_state, sequences_follow_each_other_and_wrap)
{
    append(0, INT32_MAX - 2, 2, 0);
    cr_expect_eq(check(0, INT32_MAX, 1), PRODUCER_ACCEPTED);
    append(0, INT32_MAX, 3, 2); /* INT32_MAX, 0, 1 */
    cr_expect_eq(check(0, 2, 1), PRODUCER_ACCEPTED);
    cr_expect_eq(check(0, 3, 1), PRODUCER_OUT_OF_ORDER);
    cr_expect_str_eq(error.text, "producer 7 epoch 0 sends sequence 3, expected is 2");
    cr_expect_eq(check(0, INT32_MAX, 3), PRODUCER_DUPLICATE);
}

Test(producer_state, the_last_five_batches_are_known_again)
{
    for (int32_t i = 0; i < 6; i++) {
        append(0, i * 2, 2, i * 2);
    }
    cr_expect_eq(check(0, 0, 2), PRODUCER_OUT_OF_ORDER, "the sixth is forgotten");
    for (int32_t i = 1; i < 6; i++) {
        struct record_batch_header header = batch_of(0, i * 2, 2, 0);
        struct producer_batch duplicate;
        cr_expect_eq(producer_state_check(&state, &header, true, false, &duplicate, &error),
                     PRODUCER_DUPLICATE);
        cr_expect_eq(duplicate.last_offset, i * 2 + 1);
        cr_expect_eq(duplicate.offset_delta, 1);
    }
    cr_expect_eq(check(0, 10, 1), PRODUCER_OUT_OF_ORDER, "half of one is none");
}

Test(producer_state, a_new_epoch_starts_with_zero_and_an_old_one_is_refused)
{
    append(3, 5, 1, 0);
    cr_expect_eq(check(4, 6, 1), PRODUCER_OUT_OF_ORDER);
    cr_expect_eq(check(4, 0, 1), PRODUCER_ACCEPTED);
    cr_expect_eq(check(2, 6, 1), PRODUCER_EPOCH_TOO_OLD);
    cr_expect_str_eq(error.text, "producer 7 sends epoch 2, last seen is 3");
    append(4, 0, 1, 1);
    cr_expect_eq(check(4, 5, 1), PRODUCER_OUT_OF_ORDER, "batches of the old epoch are gone");
}

Test(producer_state, a_coordinator_s_batches_have_no_sequence)
{
    append(1, 9, 1, 0);
    struct record_batch_header header = batch_of(1, -1, 1, 0);
    struct producer_batch duplicate;
    cr_expect_eq(producer_state_check(&state, &header, false, false, &duplicate, &error),
                 PRODUCER_ACCEPTED);
    header.producer_epoch = 0;
    cr_expect_eq(producer_state_check(&state, &header, false, false, &duplicate, &error),
                 PRODUCER_EPOCH_TOO_OLD);
}

static struct record_batch_header transactional(int64_t producer_id, int32_t sequence,
                                                int64_t base_offset)
{
    struct record_batch_header header = batch_of(0, sequence, 1, base_offset);
    header.producer_id = producer_id;
    header.attributes = RECORD_BATCH_TRANSACTIONAL;
    return header;
}

static void complete(int64_t producer_id, int64_t offset, bool aborted, bool expected)
{
    struct record_batch_header header = transactional(producer_id, -1, offset);
    header.attributes |= RECORD_BATCH_CONTROL;
    bool completed = false;
    struct completed_transaction transaction;
    cr_assert_eq(producer_state_end(&state, &header, 5, aborted, &completed, &transaction, &error),
                 STATUS_OK);
    cr_expect_eq(completed, expected);
    if (completed) {
        cr_expect_eq(transaction.marker_offset, offset);
        cr_expect_eq(transaction.aborted, aborted);
    }
}

Test(producer_state, a_transaction_holds_the_stable_offset_until_its_marker_is_committed)
{
    cr_expect_eq(producer_state_first_unstable(&state), INT64_MAX);
    struct record_batch_header header = transactional(1, 0, 10);
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
    header = transactional(2, 0, 11);
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
    cr_expect_eq(producer_state_first_unstable(&state), 10);
    cr_expect_eq(producer_state_first_open(&state, 1), 11);
    complete(1, 12, true, true);
    cr_expect_eq(producer_state_first_unstable(&state), 10, "the marker is not committed yet");
    producer_state_advance(&state, 12);
    cr_expect_eq(producer_state_first_unstable(&state), 10);
    producer_state_advance(&state, 13);
    cr_expect_eq(producer_state_first_unstable(&state), 11);
    complete(2, 13, false, true);
    complete(2, 14, false, false);
    producer_state_advance(&state, 15);
    cr_expect_eq(producer_state_first_unstable(&state), INT64_MAX);
}

Test(producer_state, inside_a_transaction_only_its_batches_are_allowed)
{
    struct record_batch_header header = transactional(7, 0, 10);
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
    cr_expect_eq(check(0, 1, 1), PRODUCER_TRANSACTION_STATE);
    header = transactional(7, 1, 11);
    struct producer_batch duplicate;
    cr_expect_eq(producer_state_check(&state, &header, true, false, &duplicate, &error),
                 PRODUCER_ACCEPTED);
}

Test(producer_state, a_marker_of_an_old_coordinator_or_epoch_is_refused)
{
    struct record_batch_header header = transactional(7, 0, 10);
    header.producer_epoch = 2;
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
    struct record_batch_header marker = transactional(7, -1, 11);
    marker.producer_epoch = 1;
    cr_expect_eq(producer_state_check_marker(&state, &marker, 9, &error), PRODUCER_EPOCH_TOO_OLD);
    marker.producer_epoch = 2;
    cr_expect_eq(producer_state_check_marker(&state, &marker, 9, &error), PRODUCER_ACCEPTED);
    bool completed;
    struct completed_transaction transaction;
    cr_assert_eq(producer_state_end(&state, &marker, 9, false, &completed, &transaction, &error),
                 STATUS_OK);
    cr_expect_eq(producer_state_check_marker(&state, &marker, 8, &error),
                 PRODUCER_COORDINATOR_FENCED);
    cr_expect_str_eq(error.text, "marker for producer 7 has coordinator epoch 8, last seen is 9");
}

Test(producer_state, idle_producers_expire_unless_a_transaction_is_open)
{
    append(0, 0, 1, 1);
    struct record_batch_header header = transactional(8, 0, 2);
    cr_assert_eq(producer_state_append(&state, &header, &error), STATUS_OK);
    cr_expect_eq(producer_state_expire(&state, 1001), 0);
    cr_expect_eq(producer_state_expire(&state, 5000), 1);
    cr_expect_null(producer_state_find(&state, 7));
    cr_expect_not_null(producer_state_find(&state, 8));
    cr_expect_eq(producer_state_count(&state), 1);
}
