#include "broker/api/api_error.h"

#include <criterion/criterion.h>

Test(api_error, every_refusal_of_a_batch_has_its_code)
{
    static const struct {
        enum append_decision decision;
        int16_t error_code;
    } rows[] = {
        {APPEND_ACCEPTED, KAFKA_NONE},
        {APPEND_DUPLICATE, KAFKA_NONE},
        {APPEND_CORRUPT, KAFKA_CORRUPT_MESSAGE},
        {APPEND_BATCH_TOO_LARGE, KAFKA_MESSAGE_TOO_LARGE},
        {APPEND_SEGMENT_TOO_SMALL, KAFKA_RECORD_LIST_TOO_LARGE},
        {APPEND_INVALID_RECORD, KAFKA_INVALID_RECORD},
        {APPEND_UNSUPPORTED_FORMAT, KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT},
        {APPEND_INVALID_TIMESTAMP, KAFKA_INVALID_TIMESTAMP},
        {APPEND_UNSUPPORTED_COMPRESSION, KAFKA_UNSUPPORTED_COMPRESSION_TYPE},
        {APPEND_OUT_OF_ORDER_SEQUENCE, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER},
        {APPEND_INVALID_PRODUCER_EPOCH, KAFKA_INVALID_PRODUCER_EPOCH},
        {APPEND_INVALID_TRANSACTION_STATE, KAFKA_INVALID_TXN_STATE},
        {APPEND_UNEXPECTED_OFFSET, KAFKA_OFFSET_OUT_OF_RANGE},
        {APPEND_NO_SPACE, KAFKA_KAFKA_STORAGE_ERROR},
        {APPEND_BUSY, KAFKA_KAFKA_STORAGE_ERROR},
        {APPEND_FAILED, KAFKA_KAFKA_STORAGE_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(rows[i].decision, (enum append_decision)i, "a row for each");
        cr_assert_eq(api_error_of_append(rows[i].decision), rows[i].error_code, "row %zu", i);
    }
    cr_assert_eq(sizeof rows / sizeof rows[0], (size_t)APPEND_FAILED + 1);
}

Test(api_error, waits_epochs_and_reads_have_theirs)
{
    cr_assert_eq(api_error_of_wait(WAIT_SATISFIED), KAFKA_NONE);
    cr_assert_eq(api_error_of_wait(WAIT_NOT_LEADER), KAFKA_NOT_LEADER_OR_FOLLOWER);
    cr_assert_eq(api_error_of_wait(WAIT_STORAGE_FAILED), KAFKA_KAFKA_STORAGE_ERROR);
    cr_assert_eq(api_error_of_wait(WAIT_TOO_FEW_REPLICAS), KAFKA_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    cr_assert_eq(api_error_of_epoch(EPOCH_CURRENT), KAFKA_NONE);
    cr_assert_eq(api_error_of_epoch(EPOCH_FENCED), KAFKA_FENCED_LEADER_EPOCH);
    cr_assert_eq(api_error_of_epoch(EPOCH_UNKNOWN), KAFKA_UNKNOWN_LEADER_EPOCH);
    cr_assert_eq(api_error_of_read(STATUS_OK), KAFKA_NONE);
    cr_assert_eq(api_error_of_read(STATUS_OUT_OF_RANGE), KAFKA_OFFSET_OUT_OF_RANGE);
    cr_assert_eq(api_error_of_read(STATUS_CORRUPT), KAFKA_KAFKA_STORAGE_ERROR);
    cr_assert_eq(api_error_of_read(STATUS_IO), KAFKA_KAFKA_STORAGE_ERROR);
}
