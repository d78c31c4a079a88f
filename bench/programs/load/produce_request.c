#include "bench/programs/load/produce_request.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "proto/record/record_batch.h"

#define HEAD_SIZE_MAX       1024 /* Everything of the request that is before its batch. */
#define RECORD_OVERHEAD_MAX 32   /* Lengths and deltas of a record. */
#define FILL_OVERHEAD       20   /* What a record takes beside its value, when a batch is filled. */
#define PRODUCE_TIMEOUT_MS  30000

/* A record: length, attributes, timestamp delta, offset delta, no key, value, no headers. */
static uint8_t *write_record(struct byte_writer *writer, int32_t offset_delta, size_t message_size)
{
    int32_t value_size = (int32_t)message_size;
    size_t size =
        1 + 1 + varint_size(offset_delta) + 1 + varint_size(value_size) + message_size + 1;
    write_varint(writer, (int32_t)size);
    write_i8(writer, 0);
    write_varint(writer, 0);
    write_varint(writer, offset_delta);
    write_varint(writer, -1);
    write_varint(writer, value_size);
    uint8_t *value = writer->position;
    for (int32_t i = 0; i < value_size; i++) {
        write_i8(writer, (int8_t)('a' + (i * 7 + offset_delta) % 26));
    }
    write_varint(writer, 0);
    return value;
}

static void write_batch(struct produce_request *request, struct byte_writer *writer,
                        size_t message_size, size_t batch_size)
{
    request->batch = writer->position;
    uint8_t header_space[RECORD_BATCH_HEADER_SIZE] = {0};
    write_bytes(writer, header_space, sizeof header_space);
    while (request->records_count == 0 ||
           (size_t)(writer->position - request->batch) + message_size + FILL_OVERHEAD <
               batch_size) {
        uint8_t *value = write_record(writer, request->records_count, message_size);
        request->first_value = request->records_count == 0 ? value : request->first_value;
        request->records_count++;
    }
    request->batch_size = (size_t)(writer->position - request->batch);

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t timestamp_ms = (int64_t)now.tv_sec * 1000;
    struct record_batch_header header = {
        .batch_length = (int32_t)(request->batch_size - RECORD_BATCH_LENGTH_OVERHEAD),
        .partition_leader_epoch = RECORD_BATCH_NO_LEADER_EPOCH,
        .magic = RECORD_BATCH_MAGIC,
        .last_offset_delta = request->records_count - 1,
        .base_timestamp = timestamp_ms,
        .max_timestamp = timestamp_ms,
        .producer_id = RECORD_BATCH_NO_PRODUCER_ID,
        .producer_epoch = RECORD_BATCH_NO_PRODUCER_EPOCH,
        .base_sequence = RECORD_BATCH_NO_SEQUENCE,
        .record_count = request->records_count,
    };
    record_batch_header_write(&header, request->batch);
    produce_request_seal(request);
}

void produce_request_seal(struct produce_request *request)
{
    store_u32(request->batch + RECORD_BATCH_CRC_AT,
              crc32c(request->batch + RECORD_BATCH_ATTRIBUTES_AT,
                     request->batch_size - RECORD_BATCH_ATTRIBUTES_AT));
}

enum status produce_request_build(struct produce_request *request, const char *topic,
                                  int32_t partition, int16_t acks, size_t message_size,
                                  size_t batch_size, struct error *error)
{
    size_t size = HEAD_SIZE_MAX + batch_size + message_size + RECORD_OVERHEAD_MAX;
    uint8_t *memory = malloc(size);
    *request = (struct produce_request){0};
    if (memory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "request of %zu bytes", size);
    }
    struct byte_writer writer = client_request_begin(memory, size, KEY_PRODUCE, 7);
    write_i16(&writer, -1); /* No transaction. */
    write_i16(&writer, acks);
    write_i32(&writer, PRODUCE_TIMEOUT_MS);
    write_i32(&writer, 1);
    write_string(&writer, text_of(topic));
    write_i32(&writer, 1);
    write_i32(&writer, partition);
    uint8_t *size_place = writer.position;
    write_i32(&writer, 0);
    write_batch(request, &writer, message_size, batch_size);
    ASSERT(!writer.failed);
    store_i32(size_place, (int32_t)request->batch_size);
    request->bytes = client_request_end(&writer);
    return STATUS_OK;
}

void produce_request_free(struct produce_request *request)
{
    free((void *)(uintptr_t)request->bytes.data);
    *request = (struct produce_request){0};
}

enum status produce_answer_read(struct byte_reader *body, struct error *error)
{
    read_i32(body); /* Count of topics. */
    read_string(body);
    read_i32(body); /* Count of partitions. */
    int32_t partition = read_i32(body);
    int16_t code = read_i16(body);
    if (body->failed) {
        return error_set(error, STATUS_MALFORMED, "answer to Produce");
    }
    return code == 0 ? STATUS_OK
                     : error_set(error, STATUS_INVALID, "produce to partition %d: code %d",
                                 partition, code);
}
