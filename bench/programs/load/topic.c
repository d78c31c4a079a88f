#include "bench/programs/load/topic.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CODE_TOPIC_EXISTS     36
#define REQUEST_SIZE          1024
#define LEADER_ATTEMPTS_MAX   500
#define LEADER_PAUSE_NS       20000000
#define CREATE_TIMEOUT_MS     30000
#define OFFSET_PARTITION_SIZE 12

/* The highest version of the API that the server has, -1 when it has none. */
static enum status highest_version(struct client *client, int16_t wanted_key, int16_t *version,
                                   struct error *error)
{
    uint8_t memory[REQUEST_SIZE];
    struct byte_writer writer = client_request_begin(memory, sizeof memory, KEY_API_VERSIONS, 0);
    struct byte_reader body;
    enum status status = client_call(client, client_request_end(&writer), &body, error);
    if (status != STATUS_OK) {
        return status;
    }
    int16_t code = read_i16(&body);
    int32_t count = read_i32(&body);
    *version = -1;
    for (int32_t i = 0; i < count && !body.failed; i++) {
        int16_t key = read_i16(&body);
        read_i16(&body);
        int16_t highest = read_i16(&body);
        if (key == wanted_key) {
            *version = highest;
        }
    }
    return code == 0 && !body.failed
               ? STATUS_OK
               : error_set(error, STATUS_MALFORMED, "answer to ApiVersions, code %d", code);
}

static enum status create_topic(struct client *client, const char *topic, int32_t partitions,
                                struct error *error)
{
    uint8_t memory[REQUEST_SIZE];
    struct byte_writer writer = client_request_begin(memory, sizeof memory, KEY_CREATE_TOPICS, 2);
    struct byte_reader body;
    write_i32(&writer, 1);
    write_string(&writer, text_of(topic));
    write_i32(&writer, partitions);
    write_i16(&writer, 1); /* Replicas. */
    write_i32(&writer, 0); /* Assignments. */
    write_i32(&writer, 0); /* Configs. */
    write_i32(&writer, CREATE_TIMEOUT_MS);
    write_i8(&writer, 0); /* Not only a validation. */
    enum status status = client_call(client, client_request_end(&writer), &body, error);
    if (status != STATUS_OK) {
        return status;
    }
    read_skip(&body, 4 + 4); /* Throttle time, count of topics. */
    read_string(&body);
    int16_t code = read_i16(&body);
    if (body.failed || (code != 0 && code != CODE_TOPIC_EXISTS)) {
        struct text sentence = read_string(&body);
        return error_set(error, STATUS_INVALID, "create topic %s: code %d: %.*s", topic, code,
                         TEXT_ARGUMENTS(sentence));
    }
    return STATUS_OK;
}

static void skip_brokers(struct byte_reader *body)
{
    read_skip(body, 4); /* Throttle time. */
    int32_t brokers_count = read_i32(body);
    for (int32_t i = 0; i < brokers_count && !body->failed; i++) {
        read_i32(body);
        read_string(body);
        read_i32(body);
        read_string(body);
    }
    read_string(body); /* Cluster id. */
    read_i32(body);    /* Controller. */
}

/* How many partitions have a leader, by Metadata version 4. */
static enum status count_leaders(struct client *client, const char *topic, int32_t *leaders_count,
                                 struct error *error)
{
    uint8_t memory[REQUEST_SIZE];
    struct byte_writer writer = client_request_begin(memory, sizeof memory, KEY_METADATA, 4);
    struct byte_reader body;
    write_i32(&writer, 1);
    write_string(&writer, text_of(topic));
    write_i8(&writer, 1); /* May be created. */
    enum status status = client_call(client, client_request_end(&writer), &body, error);
    if (status != STATUS_OK) {
        return status;
    }
    skip_brokers(&body);
    read_skip(&body, 4 + 2); /* Count of topics; the topic's code shows in its partitions. */
    read_string(&body);
    read_skip(&body, 1); /* Internal. */
    int32_t count = read_i32(&body);
    *leaders_count = 0;
    for (int32_t i = 0; i < count && !body.failed; i++) {
        int16_t code = read_i16(&body);
        read_i32(&body);
        int32_t leader = read_i32(&body);
        for (int list = 0; list < 2; list++) {
            int32_t members = read_i32(&body);
            read_skip(&body, members > 0 ? (size_t)members * 4 : 0);
        }
        *leaders_count += code == 0 && leader >= 0;
    }
    return body.failed ? error_set(error, STATUS_MALFORMED, "answer to Metadata") : STATUS_OK;
}

enum status topic_prepare(struct client *client, const char *topic, int32_t partitions,
                          struct error *error)
{
    if (strlen(topic) > TOPIC_NAME_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "topic name is longer than %d",
                         TOPIC_NAME_SIZE_MAX);
    }
    int16_t version = -1;
    enum status status = highest_version(client, KEY_CREATE_TOPICS, &version, error);
    if (status == STATUS_OK && version >= 2) {
        status = create_topic(client, topic, partitions, error);
    }
    int32_t leaders_count = 0;
    for (int attempt = 0; status == STATUS_OK && attempt < LEADER_ATTEMPTS_MAX; attempt++) {
        status = count_leaders(client, topic, &leaders_count, error);
        if (status == STATUS_OK && leaders_count >= partitions) {
            return STATUS_OK;
        }
        nanosleep(&(struct timespec){.tv_nsec = LEADER_PAUSE_NS}, NULL);
    }
    return status != STATUS_OK ? status
                               : error_set(error, STATUS_TIMED_OUT,
                                           "topic %s has %d partitions with a leader, "
                                           "wanted are %d",
                                           topic, leaders_count, partitions);
}

static enum status read_offsets(struct byte_reader *body, int32_t partitions, int64_t *offsets,
                                struct error *error)
{
    read_skip(body, 4 + 4); /* Throttle time, count of topics. */
    read_string(body);
    int32_t count = read_i32(body);
    for (int32_t i = 0; i < count && !body->failed; i++) {
        int32_t index = read_i32(body);
        int16_t code = read_i16(body);
        read_i64(body);
        int64_t offset = read_i64(body);
        if (code != 0 || index < 0 || index >= partitions) {
            return error_set(error, STATUS_INVALID, "offsets of partition %d: code %d", index,
                             code);
        }
        offsets[index] = offset;
    }
    return body->failed || count != partitions
               ? error_set(error, STATUS_MALFORMED, "answer to ListOffsets")
               : STATUS_OK;
}

enum status topic_offsets(struct client *client, const char *topic, int32_t partitions,
                          int64_t timestamp, int64_t *offsets, struct error *error)
{
    size_t size = REQUEST_SIZE + (size_t)partitions * OFFSET_PARTITION_SIZE;
    uint8_t *memory = malloc(size);
    if (memory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "request of %zu bytes", size);
    }
    struct byte_writer writer = client_request_begin(memory, size, KEY_LIST_OFFSETS, 2);
    struct byte_reader body;
    write_i32(&writer, -1); /* Not a replica. */
    write_i8(&writer, 0);   /* Read uncommitted. */
    write_i32(&writer, 1);
    write_string(&writer, text_of(topic));
    write_i32(&writer, partitions);
    for (int32_t i = 0; i < partitions; i++) {
        write_i32(&writer, i);
        write_i64(&writer, timestamp);
    }
    enum status status = client_call(client, client_request_end(&writer), &body, error);
    if (status == STATUS_OK) {
        status = read_offsets(&body, partitions, offsets, error);
    }
    free(memory);
    return status;
}
