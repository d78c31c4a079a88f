#include "bench/programs/yardstick/handlers.h"

#include <string.h>

#define KEY_PRODUCE      0
#define KEY_FETCH        1
#define KEY_LIST_OFFSETS 2
#define KEY_METADATA     3
#define KEY_API_VERSIONS 18

#define CODE_CORRUPT_MESSAGE     2
#define CODE_UNKNOWN_TOPIC       3
#define CODE_UNSUPPORTED_VERSION 35
#define TIMESTAMP_EARLIEST       (-2)
#define FETCH_PARTITION_SIZE     28 /* Bytes of one partition in a Fetch request. */
#define FETCH_ANSWER_SIZE        42 /* Bytes of one partition in its answer, without records. */
#define HOST                     "127.0.0.1"
#define CLUSTER                  "yardstick"

static const int16_t apis[][3] = {
    {KEY_PRODUCE, 3, 7},  {KEY_FETCH, 11, 11},      {KEY_LIST_OFFSETS, 2, 2},
    {KEY_METADATA, 0, 4}, {KEY_API_VERSIONS, 0, 2},
};
#define APIS_COUNT ((int32_t)(sizeof apis / sizeof apis[0]))

/* One request while it is handled. */
struct call {
    struct broker *broker;
    struct connection *connection;
    int16_t version;
    int32_t correlation_id;
    int64_t now_ms;
    struct byte_reader body;
    struct byte_writer answer;
};

static struct text read_string(struct byte_reader *reader)
{
    int16_t size = read_i16(reader);
    if (size < 0) {
        return TEXT_NULL;
    }
    struct bytes bytes = read_bytes(reader, (size_t)size);
    return (struct text){(const char *)bytes.data, bytes.size};
}

static void write_string(struct byte_writer *writer, struct text text)
{
    write_i16(writer, (int16_t)text.size);
    write_bytes(writer, text.data, text.size);
}

/* An answer of at most `size_max` bytes behind length and correlation id. */
static bool answer_begin(struct call *call, size_t size_max)
{
    uint8_t *room = connection_reserve(call->connection, 8 + size_max);
    if (room == NULL) {
        return false;
    }
    call->answer = byte_writer_over(room, 8 + size_max);
    write_i32(&call->answer, 0);
    write_i32(&call->answer, call->correlation_id);
    return true;
}

static enum handled answer_end(struct call *call, size_t file_size, struct error *error)
{
    if (call->body.failed || call->answer.failed) {
        status_ignore(error_set(error, STATUS_MALFORMED, "request is not what it should be"));
        return HANDLED_REFUSED;
    }
    size_t size = byte_writer_size(&call->answer);
    store_i32(call->answer.start, (int32_t)(size - 4 + file_size));
    connection_written(call->connection, size);
    return HANDLED;
}

static enum handled no_memory(struct error *error)
{
    status_ignore(error_set(error, STATUS_NO_MEMORY, "answer"));
    return HANDLED_REFUSED;
}

static enum handled handle_api_versions(struct call *call, struct error *error)
{
    if (!answer_begin(call, 64)) {
        return no_memory(error);
    }
    write_i16(&call->answer, call->version > 2 ? CODE_UNSUPPORTED_VERSION : 0);
    write_i32(&call->answer, APIS_COUNT);
    for (int32_t i = 0; i < APIS_COUNT; i++) {
        for (int field = 0; field < 3; field++) {
            write_i16(&call->answer, apis[i][field]);
        }
    }
    if (call->version == 1 || call->version == 2) {
        write_i32(&call->answer, 0);
    }
    return answer_end(call, 0, error);
}

static void write_topic_metadata(struct call *call)
{
    const struct broker *broker = call->broker;
    write_i32(&call->answer, 1);
    write_i16(&call->answer, 0);
    write_string(&call->answer, (struct text){broker->topic, broker->topic_size});
    if (call->version >= 1) {
        write_i8(&call->answer, 0);
    }
    write_i32(&call->answer, broker->partitions_count);
    for (int32_t i = 0; i < broker->partitions_count; i++) {
        write_i16(&call->answer, 0);
        write_i32(&call->answer, i);
        write_i32(&call->answer, 0); /* Leader. */
        write_i32(&call->answer, 1); /* Replicas, then those in sync. */
        write_i32(&call->answer, 0);
        write_i32(&call->answer, 1);
        write_i32(&call->answer, 0);
    }
}

static enum handled handle_metadata(struct call *call, struct error *error)
{
    struct broker *broker = call->broker;
    int32_t topics_count = read_i32(&call->body);
    if (topics_count > 0) {
        struct text name = read_string(&call->body);
        broker->topic_size = name.size < TOPIC_NAME_SIZE_MAX ? name.size : 0;
        memcpy(broker->topic, name.data != NULL ? name.data : "", broker->topic_size);
    }
    if (!answer_begin(call, 512 + (size_t)broker->partitions_count * 26)) {
        return no_memory(error);
    }
    if (call->version >= 3) {
        write_i32(&call->answer, 0);
    }
    write_i32(&call->answer, 1);
    write_i32(&call->answer, 0);
    write_string(&call->answer, TEXT_LITERAL(HOST));
    write_i32(&call->answer, broker->port);
    if (call->version >= 1) {
        write_i16(&call->answer, -1);
    }
    if (call->version >= 2) {
        write_string(&call->answer, TEXT_LITERAL(CLUSTER));
    }
    if (call->version >= 1) {
        write_i32(&call->answer, 0);
    }
    if (broker->topic_size == 0 || (topics_count == 0 && call->version > 0)) {
        write_i32(&call->answer, 0);
    } else {
        write_topic_metadata(call);
    }
    return answer_end(call, 0, error);
}

static struct partition *partition_of(struct broker *broker, int32_t index)
{
    return index >= 0 && index < broker->partitions_count ? &broker->partitions[index] : NULL;
}

static enum handled handle_list_offsets(struct call *call, struct error *error)
{
    read_skip(&call->body, 4 + 1); /* Replica id, isolation level. */
    int32_t topics_count = read_i32(&call->body);
    struct text topic = read_string(&call->body);
    int32_t count = read_i32(&call->body);
    if (topics_count != 1 || count < 0 || (size_t)count * 12 > byte_reader_remaining(&call->body)) {
        byte_reader_fail(&call->body);
        count = 0;
    }
    if (!answer_begin(call, 64 + topic.size + (size_t)count * 22)) {
        return no_memory(error);
    }
    write_i32(&call->answer, 0);
    write_i32(&call->answer, 1);
    write_string(&call->answer, topic);
    write_i32(&call->answer, count);
    for (int32_t i = 0; i < count; i++) {
        int32_t index = read_i32(&call->body);
        int64_t timestamp = read_i64(&call->body);
        const struct partition *partition = partition_of(call->broker, index);
        write_i32(&call->answer, index);
        write_i16(&call->answer, partition != NULL ? 0 : CODE_UNKNOWN_TOPIC);
        write_i64(&call->answer, -1);
        write_i64(&call->answer, partition == NULL || timestamp == TIMESTAMP_EARLIEST
                                     ? 0
                                     : partition->readable_offset);
    }
    return answer_end(call, 0, error);
}

/* Appends one partition's records; returns the Kafka error code. */
static int16_t append(struct call *call, int32_t index, struct bytes records, int64_t *base_offset)
{
    struct error error = {0};
    struct partition *partition = partition_of(call->broker, index);
    *base_offset = -1;
    if (partition == NULL) {
        return CODE_UNKNOWN_TOPIC;
    }
    /* The frame is the connection's own memory: offsets are assigned in place. */
    uint8_t *data = call->connection->input + (records.data - call->connection->input);
    enum status status =
        partition_append(partition, &call->broker->engine, data, records.size, base_offset, &error);
    return status == STATUS_OK ? 0 : CODE_CORRUPT_MESSAGE;
}

static void produce_topic(struct call *call)
{
    write_string(&call->answer, read_string(&call->body));
    int32_t count = read_i32(&call->body);
    write_i32(&call->answer, count);
    for (int32_t i = 0; i < count && !call->body.failed; i++) {
        int32_t index = read_i32(&call->body);
        int32_t size = read_i32(&call->body);
        struct bytes records = read_bytes(&call->body, size > 0 ? (size_t)size : 0);
        int64_t base_offset = -1;
        int16_t code = append(call, index, records, &base_offset);
        write_i32(&call->answer, index);
        write_i16(&call->answer, code);
        write_i64(&call->answer, base_offset);
        write_i64(&call->answer, -1);
        if (call->version >= 5) {
            write_i64(&call->answer, 0);
        }
    }
}

static enum handled handle_produce(struct call *call, struct error *error)
{
    read_string(&call->body); /* Transactional id. */
    int16_t acks = read_i16(&call->body);
    read_i32(&call->body);
    int32_t topics_count = read_i32(&call->body);
    /* A partition asks with at least 8 bytes and is answered with 30. */
    if (!answer_begin(call, 64 + byte_reader_remaining(&call->body) * 4)) {
        return no_memory(error);
    }
    write_i32(&call->answer, topics_count);
    for (int32_t i = 0; i < topics_count && !call->body.failed; i++) {
        produce_topic(call);
    }
    write_i32(&call->answer, 0);
    if (acks == 0 && !call->body.failed) {
        return HANDLED; /* What was written into the room is not sent. */
    }
    return answer_end(call, 0, error);
}

/* What a fetch found: at most one partition's records, which is enough for a consumer to go on. */
struct found {
    int32_t at; /* Place in the request, -1 when there is nothing. */
    const struct partition *partition;
    uint64_t position;
    size_t size;
};

static struct found fetch_find(struct broker *broker, const uint8_t *partitions, int32_t count)
{
    struct found found = {.at = -1};
    unsigned turn = broker->fetch_turn++;
    for (int32_t i = 0; i < count; i++) {
        int32_t at = (int32_t)(((unsigned)i + turn) % (unsigned)count);
        const uint8_t *wanted = partitions + (size_t)at * FETCH_PARTITION_SIZE;
        const struct partition *partition = partition_of(broker, load_i32(wanted));
        int32_t size_max = load_i32(wanted + 24);
        if (partition != NULL &&
            partition_find(partition, load_i64(wanted + 8), size_max > 0 ? (size_t)size_max : 0,
                           &found.position, &found.size)) {
            found.at = at;
            found.partition = partition;
            break;
        }
    }
    return found;
}

static void fetch_answer_partition(struct call *call, const uint8_t *wanted, size_t size)
{
    int32_t index = load_i32(wanted);
    const struct partition *partition = partition_of(call->broker, index);
    int64_t end = partition != NULL ? partition->readable_offset : -1;
    write_i32(&call->answer, index);
    write_i16(&call->answer, partition != NULL ? 0 : CODE_UNKNOWN_TOPIC);
    write_i64(&call->answer, end); /* High watermark. */
    write_i64(&call->answer, end); /* Last stable offset. */
    write_i64(&call->answer, 0);   /* Log start offset. */
    write_i32(&call->answer, -1);  /* Aborted transactions. */
    write_i32(&call->answer, -1);  /* Preferred read replica. */
    write_i32(&call->answer, (int32_t)size);
}

/* The partition with records comes last, so that its range of the file follows the answer. */
static enum handled fetch_answer(struct call *call, struct text topic, const uint8_t *partitions,
                                 int32_t count, struct found found, struct error *error)
{
    if (!answer_begin(call, 64 + topic.size + (size_t)count * FETCH_ANSWER_SIZE)) {
        return no_memory(error);
    }
    write_i32(&call->answer, 0);
    write_i16(&call->answer, 0);
    write_i32(&call->answer, 0);
    write_i32(&call->answer, 1);
    write_string(&call->answer, topic);
    write_i32(&call->answer, count);
    for (int32_t i = 0; i < count; i++) {
        if (i != found.at) {
            fetch_answer_partition(call, partitions + (size_t)i * FETCH_PARTITION_SIZE, 0);
        }
    }
    if (found.at >= 0) {
        fetch_answer_partition(call, partitions + (size_t)found.at * FETCH_PARTITION_SIZE,
                               found.size);
        call->connection->file = found.partition->file.descriptor;
        call->connection->file_position = (off_t)found.position;
        call->connection->file_remaining = found.size;
    }
    return answer_end(call, found.size, error);
}

static enum handled handle_fetch(struct call *call, struct error *error)
{
    read_skip(&call->body, 4); /* Replica id. */
    int32_t wait_ms_max = read_i32(&call->body);
    read_skip(&call->body, 4 + 4 + 1 + 4 + 4); /* Bytes, isolation, session. */
    int32_t topics_count = read_i32(&call->body);
    struct text topic = read_string(&call->body);
    int32_t count = read_i32(&call->body);
    if (topics_count != 1 || count < 1 || (size_t)count > byte_reader_remaining(&call->body)) {
        byte_reader_fail(&call->body);
        count = 0;
    }
    struct bytes partitions = read_bytes(&call->body, (size_t)count * FETCH_PARTITION_SIZE);
    if (call->body.failed) {
        status_ignore(error_set(error, STATUS_MALFORMED, "fetch of other than one topic"));
        return HANDLED_REFUSED;
    }
    struct found found = fetch_find(call->broker, partitions.data, count);
    struct connection *connection = call->connection;
    if (found.at < 0 && connection->fetch_deadline_ms == 0) {
        connection->fetch_deadline_ms = call->now_ms + wait_ms_max;
    }
    if (found.at < 0 && call->now_ms < connection->fetch_deadline_ms) {
        return HANDLED_LATER;
    }
    connection->fetch_deadline_ms = 0;
    return fetch_answer(call, topic, partitions.data, count, found, error);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): Produce writes offsets into the frame. */
enum handled broker_handle(struct broker *broker, struct connection *connection, uint8_t *frame,
                           size_t size, int64_t now_ms, struct error *error)
{
    struct call call = {.broker = broker, .connection = connection, .now_ms = now_ms};
    call.body = byte_reader_over((struct bytes){frame, size});
    int16_t key = read_i16(&call.body);
    call.version = read_i16(&call.body);
    call.correlation_id = read_i32(&call.body);
    read_string(&call.body); /* Client id. */
    switch (key) {
    case KEY_PRODUCE:
        return handle_produce(&call, error);
    case KEY_FETCH:
        return handle_fetch(&call, error);
    case KEY_LIST_OFFSETS:
        return handle_list_offsets(&call, error);
    case KEY_METADATA:
        return handle_metadata(&call, error);
    case KEY_API_VERSIONS:
        return handle_api_versions(&call, error);
    default:
        status_ignore(error_set(error, STATUS_UNSUPPORTED, "api %d version %d", key, call.version));
        return HANDLED_REFUSED;
    }
}
