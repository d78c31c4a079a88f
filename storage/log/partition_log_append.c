#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "proto/record/control_record.h"
#include "proto/record/record_builder.h"
#include "proto/record/record_iterator.h"
#include "storage/log/append_check.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"

/* What one append works on. */
struct append {
    struct partition_log *log;
    const struct append_request *request;
    struct append_result *result;
    struct record_batch_header header;
    struct bytes batch; /* As it will lie in the log, but for the header. */
    int32_t coordinator_epoch;
    enum control_record_type marker; /* CONTROL_RECORD_UNKNOWN: the batch is no marker. */
};

/* Memory of the rare batch that has to be opened or written anew. */
struct recoding {
    struct record_builder builder;
    struct compression_buffer buffer;
    struct compression_context *own_context;
    struct record_decompression decompression;
    bool has_builder;
};

static enum append_decision decision_of(enum status status)
{
    switch (status) {
    case STATUS_NO_MEMORY:
    case STATUS_LIMIT:
        return APPEND_BUSY;
    case STATUS_NO_SPACE:
        return APPEND_NO_SPACE;
    case STATUS_OK:
    case STATUS_IO:
    case STATUS_CORRUPT:
    case STATUS_MALFORMED:
    case STATUS_INVALID:
    case STATUS_NOT_FOUND:
    case STATUS_EXISTS:
    case STATUS_OUT_OF_RANGE:
    case STATUS_UNSUPPORTED:
    case STATUS_DENIED:
    case STATUS_STALE_EPOCH:
    case STATUS_BUSY:
    case STATUS_AGAIN:
    case STATUS_TIMED_OUT:
    case STATUS_STOPPING:
    case STATUS_COUNT:
    default:
        return APPEND_FAILED;
    }
}

/* The one record of a marker's batch. */
static enum status read_marker(const struct record_batch_header *header, struct bytes batch,
                               enum control_record_type *type, int32_t *coordinator_epoch,
                               struct error *error)
{
    struct record_iterator iterator;
    struct record record;
    *type = CONTROL_RECORD_UNKNOWN;
    *coordinator_epoch = -1;
    if (header->record_count == 0) {
        return STATUS_OK; /* Compaction took it: the whole transaction is gone. */
    }
    enum status status = record_iterator_open(&iterator, batch, header, NULL, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (record_iterator_next(&iterator, &record, error) != RECORD_STEP_RECORD) {
        return STATUS_MALFORMED;
    }
    status = control_record_read_key(record.key, type, error);
    if (status != STATUS_OK || (*type != CONTROL_RECORD_ABORT && *type != CONTROL_RECORD_COMMIT)) {
        *type = CONTROL_RECORD_UNKNOWN;
        return status;
    }
    return control_record_read_marker(record.value, coordinator_epoch, error);
}

static enum status apply_marker(struct partition_log *log, struct segment *segment,
                                const struct record_batch_header *header,
                                enum control_record_type type, int32_t coordinator_epoch,
                                struct error *error)
{
    struct completed_transaction transaction;
    bool completed = false;
    enum status status =
        producer_state_end(&log->producers, header, coordinator_epoch, type == CONTROL_RECORD_ABORT,
                           &completed, &transaction, error);
    if (status != STATUS_OK || !completed || type != CONTROL_RECORD_ABORT) {
        return status;
    }
    /* What will be stable as soon as the marker is: everything before the next open one. */
    int64_t open = producer_state_first_open(&log->producers, header->producer_id);
    int64_t next = record_batch_next_offset(header);
    struct aborted_index_entry entry = {
        .producer_id = transaction.producer_id,
        .first_offset = transaction.first_offset,
        .last_offset = transaction.marker_offset,
        .last_stable_offset = open < next ? open : next,
    };
    return aborted_index_add(&segment->indexes->aborted, &entry, error);
}

enum status log_apply_batch(struct partition_log *log, struct segment *segment,
                            const struct record_batch_header *header, struct bytes batch,
                            struct error *error)
{
    enum status status =
        leader_epochs_add(&log->epochs, header->partition_leader_epoch, header->base_offset, error);
    if (status != STATUS_OK || !record_batch_has_producer_id(header)) {
        return status;
    }
    if (!record_batch_is_control(header)) {
        return producer_state_append(&log->producers, header, error);
    }
    enum control_record_type type = CONTROL_RECORD_UNKNOWN;
    int32_t coordinator_epoch = -1;
    status = read_marker(header, batch, &type, &coordinator_epoch, error);
    if (status != STATUS_OK || type == CONTROL_RECORD_UNKNOWN) {
        return status;
    }
    return apply_marker(log, segment, header, type, coordinator_epoch, error);
}

/* Does the producer's state allow it? Also makes the room that the state will need. */
static enum append_decision check_producer(struct append *append)
{
    struct partition_log *log = append->log;
    struct append_result *result = append->result;
    const struct record_batch_header *header = &append->header;
    append->marker = CONTROL_RECORD_UNKNOWN;
    if (!record_batch_has_producer_id(header)) {
        return APPEND_ACCEPTED;
    }
    enum producer_decision decision;
    struct producer_batch duplicate = {0};
    if (record_batch_is_control(header)) {
        enum status status = read_marker(header, append->batch, &append->marker,
                                         &append->coordinator_epoch, &result->error);
        if (status != STATUS_OK) {
            return append_refuse(result, APPEND_INVALID_RECORD, status);
        }
        decision = producer_state_check_marker(&log->producers, header, append->coordinator_epoch,
                                               &result->error);
    } else {
        decision = producer_state_check(
            &log->producers, header, append->request->origin == APPEND_FROM_CLIENT,
            append->request->requires_sequence_zero, &duplicate, &result->error);
    }
    switch (decision) {
    case PRODUCER_ACCEPTED: {
        struct producer_entry *entry = NULL;
        enum status status =
            producer_state_obtain(&log->producers, header->producer_id, &entry, &result->error);
        return status == STATUS_OK ? APPEND_ACCEPTED
                                   : append_refuse(result, decision_of(status), status);
    }
    case PRODUCER_DUPLICATE:
        result->decision = APPEND_DUPLICATE;
        result->base_offset = duplicate.last_offset - duplicate.offset_delta;
        result->last_offset = duplicate.last_offset;
        if (log->config.timestamp_type == TIMESTAMP_LOG_APPEND_TIME) {
            result->log_append_time_ms = duplicate.timestamp_ms;
        }
        return APPEND_DUPLICATE;
    case PRODUCER_OUT_OF_ORDER:
        return append_refuse(result, APPEND_OUT_OF_ORDER_SEQUENCE, result->error.status);
    case PRODUCER_EPOCH_TOO_OLD:
    case PRODUCER_COORDINATOR_FENCED:
        return append_refuse(result, APPEND_INVALID_PRODUCER_EPOCH, result->error.status);
    case PRODUCER_TRANSACTION_STATE:
        return append_refuse(result, APPEND_INVALID_TRANSACTION_STATE, result->error.status);
    default:
        ASSERT(false);
        return APPEND_FAILED;
    }
}

/* Assigns what the log assigns in a copy of the header, and its checksum where that changes. */
static void assign_header(struct append *append, uint8_t front[RECORD_BATCH_HEADER_SIZE])
{
    const struct partition_log *log = append->log;
    struct record_batch_header *header = &append->header;
    int32_t delta = header->last_offset_delta;
    int64_t sent_max = load_i64(append->batch.data + RECORD_BATCH_MAX_TIMESTAMP_AT);
    header->base_offset = log->end_offset;
    header->partition_leader_epoch = append->request->leader_epoch;
    if (log->config.timestamp_type == TIMESTAMP_LOG_APPEND_TIME &&
        !record_batch_is_control(header)) {
        header->attributes = (int16_t)(header->attributes | RECORD_BATCH_APPEND_TIME_BIT);
        header->max_timestamp = append->request->now_ms;
        append->result->log_append_time_ms = append->request->now_ms;
    }
    memcpy(front, append->batch.data, RECORD_BATCH_HEADER_SIZE);
    record_batch_assign(front, header->base_offset, header->partition_leader_epoch);
    if (header->max_timestamp != sent_max || record_batch_is_append_time(header)) {
        store_i16(front + RECORD_BATCH_ATTRIBUTES_AT, header->attributes);
        store_i64(front + RECORD_BATCH_MAX_TIMESTAMP_AT, header->max_timestamp);
        uint32_t crc = crc32c(front + RECORD_BATCH_ATTRIBUTES_AT,
                              RECORD_BATCH_HEADER_SIZE - RECORD_BATCH_ATTRIBUTES_AT);
        header->crc = crc32c_extend(crc, append->batch.data + RECORD_BATCH_HEADER_SIZE,
                                    append->batch.size - RECORD_BATCH_HEADER_SIZE);
        store_u32(front + RECORD_BATCH_CRC_AT, header->crc);
    }
    ASSERT(delta == header->last_offset_delta);
}

/* Puts the batch, whose offsets are assigned, behind the end of the log. */
static enum append_decision store_batch(struct append *append,
                                        const uint8_t front[RECORD_BATCH_HEADER_SIZE])
{
    struct partition_log *log = append->log;
    const struct record_batch_header *header = &append->header;
    struct error *error = &append->result->error;
    struct segment *segment = log_active(log);
    enum status status = STATUS_OK;
    if (segment_must_roll(segment, header, record_batch_last_offset(header), &log->config,
                          log->roll_jitter_ms, append->request->now_ms)) {
        status = log_roll(log, error);
        segment = log_active(log);
    }
    if (status == STATUS_OK &&
        header->partition_leader_epoch > leader_epochs_latest(&log->epochs)) {
        status = leader_epochs_add(&log->epochs, header->partition_leader_epoch,
                                   header->base_offset, error);
        if (status == STATUS_OK) {
            status = log_write_epochs(log, error);
        }
    }
    uint64_t position = segment->size;
    struct bytes rest = {append->batch.data + RECORD_BATCH_HEADER_SIZE,
                         append->batch.size - RECORD_BATCH_HEADER_SIZE};
    if (status == STATUS_OK) {
        status = segment_append(segment, front, rest, error);
    }
    if (status != STATUS_OK) {
        log->has_failed = log->has_failed || status == STATUS_IO;
        return append_refuse(append->result, decision_of(status), status);
    }

    /* From here on the batch is in the log. An index entry that finds no memory is left out, and
     * the producer has its room already. */
    log->end_offset = record_batch_next_offset(header);
    log->size += append->batch.size;
    log->appended_bytes += append->batch.size;
    log->undurable_records += header->last_offset_delta + 1;
    struct error ignored;
    status_ignore(
        segment_index_batch(segment, header, position, log->config.index_interval_bytes, &ignored));
    if (append->marker != CONTROL_RECORD_UNKNOWN) {
        status_ignore(apply_marker(log, segment, header, append->marker, append->coordinator_epoch,
                                   &ignored));
    } else if (record_batch_has_producer_id(header) && !record_batch_is_control(header)) {
        status_ignore(producer_state_append(&log->producers, header, &ignored));
    }
    return APPEND_ACCEPTED;
}

/* Adds a record with its headers to the batch that is written anew. */
static enum status copy_record(struct recoding *recoding, const struct record *record,
                               struct error *error)
{
    struct record_header *headers = NULL;
    if (record->header_count > 0) {
        headers = calloc((size_t)record->header_count, sizeof *headers);
        if (headers == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for %" PRId32 " record headers",
                             record->header_count);
        }
    }
    size_t position = 0;
    int32_t count = 0;
    while (count < record->header_count &&
           record_headers_next(record, &position, &headers[count])) {
        count++;
    }
    struct record_content content = {
        .timestamp = record->timestamp,
        .key = record->key,
        .value = record->value,
        .headers = headers,
        .header_count = count,
    };
    enum status status = record_builder_add(&recoding->builder, &content, error);
    free(headers);
    return status;
}

static enum status copy_records(struct recoding *recoding, struct append *append,
                                struct error *error)
{
    struct record_iterator iterator;
    struct record record;
    enum status status = record_iterator_open(&iterator, append->batch, &append->header,
                                              &recoding->decompression, error);
    enum record_step step = RECORD_STEP_END;
    while (status == STATUS_OK &&
           (step = record_iterator_next(&iterator, &record, error)) == RECORD_STEP_RECORD) {
        status = copy_record(recoding, &record, error);
    }
    return status == STATUS_OK && step == RECORD_STEP_DAMAGED ? STATUS_MALFORMED : status;
}

/* The topic asks for another codec: the batch is written anew, with the same records. */
static enum append_decision recode(struct append *append, struct recoding *recoding)
{
    const struct partition_log *log = append->log;
    const struct record_batch_header *header = &append->header;
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    options.codec = (enum compression_codec)log->config.compression_codec;
    options.level = log->config.compression_level;
    options.producer_id = header->producer_id;
    options.producer_epoch = header->producer_epoch;
    options.base_sequence = header->base_sequence;
    options.is_transactional = record_batch_is_transactional(header);
    record_builder_init(&recoding->builder, &options, COMPRESSION_SIZE_MAX);
    recoding->has_builder = true;

    struct append_result *result = append->result;
    struct bytes batch;
    enum status status = copy_records(recoding, append, &result->error);
    if (status == STATUS_OK) {
        status = record_builder_finish(&recoding->builder, recoding->decompression.context, &batch,
                                       &result->error);
    }
    if (status != STATUS_OK) {
        return append_refuse(result, status == STATUS_NO_MEMORY ? APPEND_BUSY : APPEND_CORRUPT,
                             status);
    }
    enum record_batch_decision found = record_batch_header_read(batch, &append->header);
    ASSERT(found == RECORD_BATCH_OK);
    append->batch = batch;
    return APPEND_ACCEPTED;
}

static bool must_recode(const struct partition_log *log, const struct record_batch_header *header)
{
    return log->config.compression_codec != COMPRESSION_PRODUCER &&
           log->config.compression_codec != record_batch_codec(header) &&
           !record_batch_is_control(header);
}

static enum append_decision prepare_recoding(struct partition_log *log, struct recoding *recoding,
                                             struct append_result *result)
{
    struct compression_context *context = log->context->compression;
    compression_buffer_init(&recoding->buffer);
    if (context == NULL) {
        context = recoding->own_context = compression_context_create();
    }
    if (context == NULL) {
        return append_refuse(
            result, APPEND_BUSY,
            error_set(&result->error, STATUS_NO_MEMORY, "no memory to open a compressed batch"));
    }
    recoding->decompression = (struct record_decompression){
        .context = context,
        .buffer = &recoding->buffer,
        .output_size_max = COMPRESSION_SIZE_MAX,
    };
    return APPEND_ACCEPTED;
}

static void clear_recoding(struct recoding *recoding)
{
    if (recoding->has_builder) {
        record_builder_clear(&recoding->builder);
    }
    compression_buffer_clear(&recoding->buffer);
    compression_context_destroy(recoding->own_context);
}

static enum append_decision append_checked(struct append *append)
{
    enum append_decision decision = check_producer(append);
    if (decision != APPEND_ACCEPTED) {
        return decision;
    }
    uint8_t front[RECORD_BATCH_HEADER_SIZE];
    assign_header(append, front);
    decision = store_batch(append, front);
    if (decision == APPEND_ACCEPTED) {
        append->result->decision = APPEND_ACCEPTED;
        append->result->base_offset = append->header.base_offset;
        append->result->last_offset = record_batch_last_offset(&append->header);
    }
    return decision;
}

/* A batch that must be opened, before it is checked or after. */
static enum append_decision append_recoded(struct append *append)
{
    struct partition_log *log = append->log;
    struct recoding recoding = {0};
    enum append_decision decision = prepare_recoding(log, &recoding, append->result);
    if (decision == APPEND_ACCEPTED) {
        decision = append_check(append->request, &log->config, &recoding.decompression,
                                &append->header, append->result);
    }
    if (decision == APPEND_ACCEPTED && must_recode(log, &append->header)) {
        decision = recode(append, &recoding);
    }
    if (decision == APPEND_ACCEPTED) {
        decision = append_checked(append);
    }
    clear_recoding(&recoding);
    return decision;
}

static void append_produced(struct partition_log *log, const struct append_request *request,
                            struct append_result *result)
{
    struct append append = {
        .log = log, .request = request, .result = result, .batch = request->batches};
    if (log->config.compression_codec != COMPRESSION_PRODUCER ||
        (log->config.cleanup_policy & CLEANUP_COMPACT) != 0) {
        append_recoded(&append);
        return;
    }
    if (append_check(request, &log->config, NULL, &append.header, result) == APPEND_ACCEPTED) {
        append_checked(&append);
    }
}

/* A follower: whole batches, one behind the other, as the leader has them. */
static void append_replicated(struct partition_log *log, const struct append_request *request,
                              struct append_result *result)
{
    struct bytes rest = request->batches;
    result->decision = APPEND_ACCEPTED;
    while (rest.size > 0) {
        struct append append = {.log = log, .request = request, .result = result};
        append.marker = CONTROL_RECORD_UNKNOWN;
        if (append_check_replicated(rest, log->end_offset, &append.header, result) !=
            APPEND_ACCEPTED) {
            return;
        }
        size_t size = record_batch_size(&append.header);
        append.batch = (struct bytes){rest.data, size};
        rest = (struct bytes){rest.data + size, rest.size - size};
        if (record_batch_has_producer_id(&append.header)) {
            enum status status = STATUS_OK;
            struct producer_entry *entry = NULL;
            if (record_batch_is_control(&append.header)) {
                status = read_marker(&append.header, append.batch, &append.marker,
                                     &append.coordinator_epoch, &result->error);
            }
            if (status == STATUS_OK) {
                status = producer_state_obtain(&log->producers, append.header.producer_id, &entry,
                                               &result->error);
            }
            if (status != STATUS_OK) {
                append_refuse(result, decision_of(status), status);
                return;
            }
        }
        uint8_t front[RECORD_BATCH_HEADER_SIZE];
        memcpy(front, append.batch.data, sizeof front);
        if (store_batch(&append, front) != APPEND_ACCEPTED) {
            return;
        }
        if (result->base_offset < 0) {
            result->base_offset = append.header.base_offset;
        }
        result->last_offset = record_batch_last_offset(&append.header);
    }
}

static bool refuses_appends(struct partition_log *log, struct append_result *result)
{
    if (log->is_quarantined) {
        append_refuse(result, APPEND_FAILED,
                      error_set(&result->error, STATUS_CORRUPT,
                                "%s is damaged at offset %" PRId64 " and takes no more",
                                log->directory, log->corrupt_offset));
        return true;
    }
    if (log->has_failed) {
        append_refuse(result, APPEND_FAILED,
                      error_set(&result->error, STATUS_IO, "%s takes no more since a write failed",
                                log->directory));
        return true;
    }
    if (log->is_full) {
        append_refuse(
            result, APPEND_NO_SPACE,
            error_set(&result->error, STATUS_NO_SPACE, "%s: the disk is full", log->directory));
        return true;
    }
    return false;
}

void partition_log_append(struct partition_log *log, const struct append_request *request,
                          struct append_result *result)
{
    result->decision = APPEND_FAILED;
    result->base_offset = -1;
    result->last_offset = -1;
    result->log_append_time_ms = -1;
    result->record_errors_count = 0;
    result->error.status = STATUS_OK;
    result->error.text[0] = '\0';
    if (refuses_appends(log, result)) {
        return;
    }
    const struct segment *active = log_active(log);
    if (active->file == NULL || active->checksums == NULL || active->indexes == NULL) {
        enum status status = log_prepare_active(log, &result->error);
        if (status != STATUS_OK) {
            append_refuse(result, decision_of(status), status);
            return;
        }
    }
    int64_t end_before = log->end_offset;
    if (request->origin == APPEND_FROM_LEADER) {
        append_replicated(log, request, result);
    } else {
        append_produced(log, request, result);
    }
    if (log->end_offset != end_before) {
        log_flusher_mark_dirty(log);
    }
    if (result->decision != APPEND_ACCEPTED && result->decision != APPEND_DUPLICATE &&
        request->origin != APPEND_FROM_LEADER) {
        result->base_offset = -1;
        result->log_append_time_ms = -1;
    }
}
