#include "storage/log/append_check.h"

#include <inttypes.h>

#include "base/assert.h"

enum append_decision append_refuse(struct append_result *result, enum append_decision decision,
                                   enum status status)
{
    /* The sentence is in the error; the decision says more than the status. */
    status_ignore(status);
    ASSERT(decision != APPEND_ACCEPTED);
    result->decision = decision;
    return decision;
}

static enum append_decision decision_for(enum record_batch_decision found)
{
    switch (found) {
    case RECORD_BATCH_TOO_SHORT:
    case RECORD_BATCH_LENGTH_TOO_SMALL:
    case RECORD_BATCH_INCOMPLETE:
    case RECORD_BATCH_CRC_MISMATCH:
        return APPEND_CORRUPT;
    case RECORD_BATCH_LEGACY_MAGIC:
        return APPEND_UNSUPPORTED_FORMAT;
    case RECORD_BATCH_APPEND_TIME_FROM_CLIENT:
        return APPEND_INVALID_TIMESTAMP;
    case RECORD_BATCH_UNKNOWN_MAGIC:
    case RECORD_BATCH_UNKNOWN_CODEC:
    case RECORD_BATCH_COUNT_INVALID:
    case RECORD_BATCH_OFFSET_INVALID:
    case RECORD_BATCH_RESERVED_ATTRIBUTES:
    case RECORD_BATCH_BASE_OFFSET_NOT_ZERO:
    case RECORD_BATCH_NO_RECORDS:
    case RECORD_BATCH_COUNT_MISMATCH:
    case RECORD_BATCH_CONTROL_FROM_CLIENT:
    case RECORD_BATCH_DELETE_HORIZON_FROM_CLIENT:
    case RECORD_BATCH_PRODUCER_INVALID:
        return APPEND_INVALID_RECORD;
    case RECORD_BATCH_OK:
    case RECORD_BATCH_DECISION_COUNT:
    default:
        ASSERT(false);
        return APPEND_INVALID_RECORD;
    }
}

static enum append_decision refuse_batch(struct append_result *result,
                                         enum record_batch_decision found)
{
    return append_refuse(
        result, decision_for(found),
        error_set(&result->error, STATUS_INVALID, "%s", record_batch_decision_text(found)));
}

static void add_record_error(struct append_result *result, int32_t index, const char *message)
{
    if (result->record_errors_count < APPEND_RECORD_ERRORS_MAX) {
        result->record_errors[result->record_errors_count++] =
            (struct append_record_error){.batch_index = index, .message = message};
    }
}

/* Not a timestamp of this time, as the topic sees it. No timestamp at all is allowed. */
static bool is_outside(int64_t timestamp_ms, int64_t now_ms, const struct log_config *config)
{
    if (timestamp_ms == RECORD_BATCH_NO_TIMESTAMP) {
        return false;
    }
    if (timestamp_ms < 0) {
        return true;
    }
    return timestamp_ms < now_ms ? now_ms - timestamp_ms > config->timestamp_before_ms_max
                                 : timestamp_ms - now_ms > config->timestamp_after_ms_max;
}

/* Names the records that made the batch be refused. */
static void name_records(struct bytes batch, const struct record_batch_header *header,
                         const struct record_decompression *decompression, int64_t now_ms,
                         const struct log_config *config, struct append_result *result)
{
    struct record_iterator iterator;
    struct record record;
    struct error error;
    if (record_iterator_open(&iterator, batch, header, decompression, &error) != STATUS_OK) {
        return; /* The refusal stands without the names. */
    }
    bool is_time = result->decision == APPEND_INVALID_TIMESTAMP;
    for (int32_t index = 0; record_iterator_next(&iterator, &record, &error) == RECORD_STEP_RECORD;
         index++) {
        if (is_time && is_outside(record.timestamp, now_ms, config)) {
            add_record_error(result, index, "timestamp is outside the range that the topic allows");
        } else if (!is_time && record.key.data == NULL) {
            add_record_error(result, index, "compacted topic does not accept a record without key");
        }
    }
}

static enum append_decision check_times(const struct append_request *request, struct bytes batch,
                                        const struct log_config *config,
                                        const struct record_decompression *decompression,
                                        const struct record_batch_header *header,
                                        int64_t earliest_ms, struct append_result *result)
{
    if (config->timestamp_type == TIMESTAMP_LOG_APPEND_TIME || record_batch_is_control(header)) {
        return APPEND_ACCEPTED;
    }
    bool late = is_outside(header->max_timestamp, request->now_ms, config);
    if (!late && !is_outside(earliest_ms, request->now_ms, config)) {
        return APPEND_ACCEPTED;
    }
    append_refuse(result, APPEND_INVALID_TIMESTAMP,
                  error_set(&result->error, STATUS_INVALID,
                            "timestamp %" PRId64 " is outside %" PRId64 " - %" PRId64 " to %" PRId64
                            " + %" PRId64,
                            late ? header->max_timestamp : earliest_ms, request->now_ms,
                            config->timestamp_before_ms_max, request->now_ms,
                            config->timestamp_after_ms_max));
    if (record_batch_codec(header) == COMPRESSION_NONE || decompression != NULL) {
        name_records(batch, header, decompression, request->now_ms, config, result);
    }
    return result->decision;
}

/* Goes through the records, where the topic or their form asks for it. */
static enum append_decision check_records(const struct append_request *request, struct bytes batch,
                                          const struct log_config *config,
                                          const struct record_decompression *decompression,
                                          struct record_batch_header *header,
                                          struct append_result *result)
{
    int64_t earliest_ms = header->base_timestamp;
    bool is_compacted = (config->cleanup_policy & CLEANUP_COMPACT) != 0;
    if (record_batch_codec(header) == COMPRESSION_NONE || is_compacted) {
        struct record_iterator iterator;
        struct record_summary summary;
        enum status status =
            record_iterator_open(&iterator, batch, header, decompression, &result->error);
        if (status == STATUS_OK) {
            status = record_iterator_check(&iterator, &summary, &result->error);
        }
        if (status != STATUS_OK) {
            return append_refuse(result, status == STATUS_NO_MEMORY ? APPEND_BUSY : APPEND_CORRUPT,
                                 status);
        }
        if (!summary.are_offsets_contiguous) {
            return append_refuse(result, APPEND_INVALID_RECORD,
                                 error_set(&result->error, STATUS_INVALID,
                                           "offsets of the records are not contiguous"));
        }
        if (is_compacted && summary.index_of_null_key >= 0 && !record_batch_is_control(header)) {
            append_refuse(result, APPEND_INVALID_RECORD,
                          error_set(&result->error, STATUS_INVALID,
                                    "record %" PRId32 " has no key, which a compacted topic needs",
                                    summary.index_of_null_key));
            name_records(batch, header, decompression, request->now_ms, config, result);
            return result->decision;
        }
        earliest_ms = summary.timestamp_min;
        header->max_timestamp = summary.timestamp_max; /* Some clients get it wrong. */
    }
    return check_times(request, batch, config, decompression, header, earliest_ms, result);
}

static enum append_decision check_sizes(const struct append_request *request,
                                        const struct log_config *config,
                                        const struct record_batch_header *header,
                                        struct append_result *result)
{
    size_t size = record_batch_size(header);
    if (request->batches.size > size) {
        return append_refuse(result, APPEND_INVALID_RECORD,
                             error_set(&result->error, STATUS_INVALID,
                                       "%zu bytes behind the batch: only one is allowed",
                                       request->batches.size - size));
    }
    if (size > (size_t)config->message_bytes_max && request->origin == APPEND_FROM_CLIENT) {
        return append_refuse(result, APPEND_BATCH_TOO_LARGE,
                             error_set(&result->error, STATUS_LIMIT,
                                       "batch of %zu bytes, max.message.bytes is %" PRId32, size,
                                       config->message_bytes_max));
    }
    if ((int64_t)size > config->segment_bytes || size > (size_t)INT32_MAX) {
        return append_refuse(result, APPEND_SEGMENT_TOO_SMALL,
                             error_set(&result->error, STATUS_LIMIT,
                                       "batch of %zu bytes, segment.bytes is %" PRId64, size,
                                       config->segment_bytes));
    }
    return APPEND_ACCEPTED;
}

enum append_decision append_check(const struct append_request *request,
                                  const struct log_config *config,
                                  const struct record_decompression *decompression,
                                  struct record_batch_header *header_out,
                                  struct append_result *result)
{
    if (request->batches.size == 0) {
        return append_refuse(result, APPEND_INVALID_RECORD,
                             error_set(&result->error, STATUS_INVALID, "there is no record batch"));
    }

    /* Sizes come before the checksum: a batch that is too large is to be split, not sent again. */
    struct record_batch_header header;
    enum record_batch_decision found = record_batch_header_read(request->batches, &header);
    if (found != RECORD_BATCH_OK) {
        return refuse_batch(result, found);
    }
    enum append_decision decision = check_sizes(request, config, &header, result);
    if (decision != APPEND_ACCEPTED) {
        return decision;
    }
    found = request->origin == APPEND_FROM_CLIENT
                ? record_batch_verify_produced(request->batches, &header)
                : record_batch_verify(request->batches, &header);
    if (found == RECORD_BATCH_OK && header.base_offset != 0) {
        found = RECORD_BATCH_BASE_OFFSET_NOT_ZERO;
    }
    if (found != RECORD_BATCH_OK) {
        return refuse_batch(result, found);
    }
    if (record_batch_codec(&header) == COMPRESSION_ZSTD && !request->zstd_allowed &&
        request->origin == APPEND_FROM_CLIENT) {
        return append_refuse(
            result, APPEND_UNSUPPORTED_COMPRESSION,
            error_set(&result->error, STATUS_UNSUPPORTED, "zstd needs produce version 7"));
    }
    struct bytes batch = {request->batches.data, record_batch_size(&header)};
    decision = check_records(request, batch, config, decompression, &header, result);
    if (decision == APPEND_ACCEPTED) {
        *header_out = header;
    }
    return decision;
}

enum append_decision append_check_replicated(struct bytes batches, int64_t end_offset,
                                             struct record_batch_header *header,
                                             struct append_result *result)
{
    struct record_batch_header found;
    enum record_batch_decision decision = record_batch_verify(batches, &found);
    if (decision != RECORD_BATCH_OK) {
        return refuse_batch(result, decision);
    }
    if (found.base_offset < end_offset) {
        return append_refuse(result, APPEND_UNEXPECTED_OFFSET,
                             error_set(&result->error, STATUS_INVALID,
                                       "batch begins at offset %" PRId64
                                       ", the log ends at %" PRId64,
                                       found.base_offset, end_offset));
    }
    *header = found;
    return APPEND_ACCEPTED;
}
