#include "bench/programs/load/fetch_request.h"

#include <stdlib.h>

#include "base/crc32c.h"
#include "proto/record/record_batch.h"

#define HEAD_SIZE_MAX   1024
#define PARTITION_SIZE  28
#define WAIT_MS_MAX     500
#define ANSWER_SIZE_MAX (64 << 20)
#define ABORTED_SIZE    16

enum status fetch_request_init(struct fetch_request *request, const char *topic, int32_t partitions,
                               size_t partition_size_max, bool verify, struct error *error)
{
    *request = (struct fetch_request){
        .topic = topic,
        .partitions = partitions,
        .partition_size_max = partition_size_max,
        .verify = verify,
        .memory_size = HEAD_SIZE_MAX + (size_t)partitions * PARTITION_SIZE,
    };
    request->positions = calloc((size_t)partitions, sizeof *request->positions);
    request->memory = malloc(request->memory_size);
    if (request->positions == NULL || request->memory == NULL) {
        fetch_request_free(request);
        return error_set(error, STATUS_NO_MEMORY, "fetch of %d partitions", partitions);
    }
    return STATUS_OK;
}

void fetch_request_free(struct fetch_request *request)
{
    free(request->positions);
    free(request->memory);
    *request = (struct fetch_request){0};
}

enum status fetch_request_send(struct fetch_request *request, struct client *client,
                               struct error *error)
{
    struct byte_writer writer =
        client_request_begin(request->memory, request->memory_size, KEY_FETCH, 11);
    write_i32(&writer, -1); /* Not a replica. */
    write_i32(&writer, WAIT_MS_MAX);
    write_i32(&writer, 1); /* Least bytes. */
    write_i32(&writer, ANSWER_SIZE_MAX);
    write_i8(&writer, 0);  /* Read uncommitted. */
    write_i32(&writer, 0); /* No session: id and epoch. */
    write_i32(&writer, -1);
    write_i32(&writer, 1);
    write_string(&writer, text_of(request->topic));
    write_i32(&writer, request->partitions);
    for (int32_t i = 0; i < request->partitions; i++) {
        write_i32(&writer, i);
        write_i32(&writer, -1); /* Any leader epoch. */
        write_i64(&writer, request->positions[i]);
        write_i64(&writer, -1); /* Log start offset, of followers only. */
        write_i32(&writer, (int32_t)request->partition_size_max);
    }
    write_i32(&writer, 0); /* Forgotten topics. */
    write_string(&writer, TEXT_LITERAL(""));
    return client_send(client, client_request_end(&writer), error);
}

static enum status verify_batch(struct bytes batch, int64_t base_offset, int64_t position,
                                struct error *error)
{
    uint32_t crc =
        crc32c(batch.data + RECORD_BATCH_ATTRIBUTES_AT, batch.size - RECORD_BATCH_ATTRIBUTES_AT);
    if (crc != load_u32(batch.data + RECORD_BATCH_CRC_AT)) {
        return error_set(error, STATUS_CORRUPT, "checksum of the batch at offset %lld",
                         (long long)base_offset);
    }
    if (base_offset > position) {
        return error_set(error, STATUS_CORRUPT, "offset %lld follows %lld", (long long)base_offset,
                         (long long)position - 1);
    }
    return STATUS_OK;
}

/* Walks the whole batches; the last one may be cut off. */
static enum status read_batches(struct fetch_request *request, int32_t index, struct bytes records,
                                struct fetch_totals *totals, struct error *error)
{
    size_t at = 0;
    while (records.size - at >= RECORD_BATCH_HEADER_SIZE) {
        const uint8_t *batch = records.data + at;
        size_t size =
            (size_t)load_u32(batch + RECORD_BATCH_LENGTH_AT) + RECORD_BATCH_LENGTH_OVERHEAD;
        if (size < RECORD_BATCH_HEADER_SIZE || size > records.size - at) {
            break;
        }
        int64_t base_offset = load_i64(batch + RECORD_BATCH_BASE_OFFSET_AT);
        if (request->verify) {
            enum status status = verify_batch((struct bytes){batch, size}, base_offset,
                                              request->positions[index], error);
            if (status != STATUS_OK) {
                return error_wrap(error, "partition %d", index);
            }
        }
        request->positions[index] =
            base_offset + load_i32(batch + RECORD_BATCH_LAST_OFFSET_DELTA_AT) + 1;
        totals->records_count += load_i32(batch + RECORD_BATCH_RECORD_COUNT_AT);
        totals->batches_count++;
        totals->batch_bytes += (int64_t)size;
        totals->last_batch = batch;
        totals->last_batch_size = size;
        at += size;
    }
    return STATUS_OK;
}

static enum status read_partition(struct fetch_request *request, struct byte_reader *body,
                                  struct fetch_totals *totals, struct error *error)
{
    int32_t index = read_i32(body);
    int16_t code = read_i16(body);
    read_skip(body, 8 + 8 + 8); /* High watermark, last stable offset, log start offset. */
    int32_t aborted_count = read_i32(body);
    read_skip(body, aborted_count > 0 ? (size_t)aborted_count * ABORTED_SIZE : 0);
    read_i32(body); /* Preferred read replica. */
    int32_t size = read_i32(body);
    struct bytes records = read_bytes(body, size > 0 ? (size_t)size : 0);
    if (body->failed || index < 0 || index >= request->partitions) {
        return error_set(error, STATUS_MALFORMED, "answer to Fetch");
    }
    if (code != 0) {
        return error_set(error, STATUS_INVALID, "fetch of partition %d: code %d", index, code);
    }
    return read_batches(request, index, records, totals, error);
}

enum status fetch_answer_read(struct fetch_request *request, struct byte_reader *body,
                              struct fetch_totals *totals, struct error *error)
{
    totals->last_batch = NULL;
    read_i32(body); /* Throttle time. */
    int16_t code = read_i16(body);
    read_i32(body); /* Session. */
    int32_t topics_count = read_i32(body);
    if (code != 0) {
        return error_set(error, STATUS_INVALID, "fetch: code %d", code);
    }
    for (int32_t topic = 0; topic < topics_count && !body->failed; topic++) {
        read_string(body);
        int32_t partitions_count = read_i32(body);
        for (int32_t i = 0; i < partitions_count; i++) {
            enum status status = read_partition(request, body, totals, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return body->failed ? error_set(error, STATUS_MALFORMED, "answer to Fetch") : STATUS_OK;
}
