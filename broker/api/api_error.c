#include "broker/api/api_error.h"

#include "base/assert.h"

int16_t api_error_of_append(enum append_decision decision)
{
    switch (decision) {
    case APPEND_ACCEPTED:
    case APPEND_DUPLICATE:
        return KAFKA_NONE;
    case APPEND_CORRUPT:
        return KAFKA_CORRUPT_MESSAGE;
    case APPEND_BATCH_TOO_LARGE:
        return KAFKA_MESSAGE_TOO_LARGE;
    case APPEND_SEGMENT_TOO_SMALL:
        return KAFKA_RECORD_LIST_TOO_LARGE;
    case APPEND_INVALID_RECORD:
        return KAFKA_INVALID_RECORD;
    case APPEND_UNSUPPORTED_FORMAT:
        return KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT;
    case APPEND_INVALID_TIMESTAMP:
        return KAFKA_INVALID_TIMESTAMP;
    case APPEND_UNSUPPORTED_COMPRESSION:
        return KAFKA_UNSUPPORTED_COMPRESSION_TYPE;
    case APPEND_OUT_OF_ORDER_SEQUENCE:
        return KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
    case APPEND_INVALID_PRODUCER_EPOCH:
        return KAFKA_INVALID_PRODUCER_EPOCH;
    case APPEND_INVALID_TRANSACTION_STATE:
        return KAFKA_INVALID_TXN_STATE;
    case APPEND_UNEXPECTED_OFFSET:
        return KAFKA_OFFSET_OUT_OF_RANGE;
    /* Retriable for every client: the disk may have room, or the log be repaired, in a while. */
    case APPEND_NO_SPACE:
    case APPEND_BUSY:
    case APPEND_FAILED:
        return KAFKA_KAFKA_STORAGE_ERROR;
    default:
        ASSERT(false);
    }
}

int16_t api_error_of_wait(enum wait_outcome outcome)
{
    switch (outcome) {
    case WAIT_SATISFIED:
        return KAFKA_NONE;
    case WAIT_NOT_LEADER:
        return KAFKA_NOT_LEADER_OR_FOLLOWER;
    case WAIT_STORAGE_FAILED:
        return KAFKA_KAFKA_STORAGE_ERROR;
    case WAIT_TOO_FEW_REPLICAS:
        return KAFKA_NOT_ENOUGH_REPLICAS_AFTER_APPEND;
    default:
        ASSERT(false);
    }
}

int16_t api_error_of_epoch(enum partition_epoch_check check)
{
    switch (check) {
    case EPOCH_CURRENT:
        return KAFKA_NONE;
    case EPOCH_FENCED:
        return KAFKA_FENCED_LEADER_EPOCH;
    case EPOCH_UNKNOWN:
        return KAFKA_UNKNOWN_LEADER_EPOCH;
    default:
        ASSERT(false);
    }
}

int16_t api_error_of_read(enum status status)
{
    if (status == STATUS_OUT_OF_RANGE) {
        return KAFKA_OFFSET_OUT_OF_RANGE;
    }
    return status == STATUS_OK ? KAFKA_NONE : KAFKA_KAFKA_STORAGE_ERROR;
}
