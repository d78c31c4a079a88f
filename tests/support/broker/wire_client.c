#include "tests/support/broker/wire_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "proto/generated/delete_topics.h"
#include "proto/generated/describe_configs.h"
#include "proto/generated/incremental_alter_configs.h"
#include "proto/generated/init_producer_id.h"
#include "proto/wire/message_table.h"
#include "proto/wire/request_header.h"
#include "proto/wire/response_header.h"
#include "proto/wire/wire_writer.h"

#define ARENA_SIZE_MAX ((size_t)1024 * 1024 * 1024)
#define BYTES_A_LOT    (64 * 1024 * 1024)

#define RESOURCE_TOPIC   2
#define RESOURCE_BROKER  4
#define OPERATION_SET    0
#define OPERATION_DELETE 1

static bool connect_to(struct wire_client *client, const struct sockaddr *address, socklen_t size)
{
    *client = (struct wire_client){.socket = -1};
    arena_init(&client->arena, ARENA_SIZE_MAX);
    client->socket = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(client->socket >= 0);
    if (connect(client->socket, address, size) == 0) {
        return true;
    }
    wire_client_close(client);
    return false;
}

bool wire_client_connect(struct wire_client *client, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect_to(client, (struct sockaddr *)&address, sizeof address);
}

bool wire_client_connect_ipv6(struct wire_client *client, uint16_t port)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return connect_to(client, (struct sockaddr *)&address, sizeof address);
}

void wire_client_close(struct wire_client *client)
{
    if (client->socket >= 0) {
        close(client->socket);
    }
    client->socket = -1;
    arena_clear(&client->arena);
}

void wire_client_forget(struct wire_client *client)
{
    arena_reset(&client->arena);
}

bool wire_client_send_bytes(struct wire_client *client, const void *data, size_t size)
{
    const uint8_t *position = data;
    while (size > 0) {
        ssize_t sent = send(client->socket, position, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        position += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool wire_client_has_answer(struct wire_client *client, int wait_ms)
{
    struct pollfd poll_entry = {.fd = client->socket, .events = POLLIN};
    return poll(&poll_entry, 1, wait_ms) == 1;
}

static bool receive_bytes(struct wire_client *client, uint8_t *data, size_t size)
{
    while (size > 0) {
        ASSERT(wire_client_has_answer(client, WIRE_CLIENT_PATIENCE_MS));
        ssize_t received = recv(client->socket, data, size, 0);
        if (received <= 0) {
            return false;
        }
        data += received;
        size -= (size_t)received;
    }
    return true;
}

bool wire_client_is_closed(struct wire_client *client)
{
    uint8_t byte;
    return !receive_bytes(client, &byte, 1);
}

bool wire_client_send(struct wire_client *client, const struct message_descriptor *request_type,
                      const void *request, int16_t version)
{
    struct wire_writer writer;
    struct bytes frame;
    struct error error;
    struct request_header header;
    request_header_init(&header);
    header.request_api_key = request_type->key;
    header.request_api_version = version;
    header.correlation_id = ++client->correlation_id;
    header.client_id = TEXT_LITERAL("wire-client");
    wire_writer_init_contiguous(&writer, &client->arena);
    wire_writer_begin_frame(&writer);
    ASSERT(request_header_write(&header, &writer, &error) == STATUS_OK);
    ASSERT(request_type->encode(request, version, &writer, &error) == STATUS_OK);
    wire_writer_end_frame(&writer);
    ASSERT(wire_writer_finish_bytes(&writer, &frame, &error) == STATUS_OK);
    return wire_client_send_bytes(client, frame.data, frame.size);
}

void *wire_client_receive(struct wire_client *client,
                          const struct message_descriptor *response_type, int16_t version)
{
    uint8_t size_field[4];
    if (!receive_bytes(client, size_field, sizeof size_field)) {
        return NULL;
    }
    size_t size = load_u32(size_field);
    uint8_t *frame = arena_allocate(&client->arena, size);
    ASSERT(frame != NULL);
    if (!receive_bytes(client, frame, size)) {
        return NULL;
    }
    struct byte_reader reader = byte_reader_over((struct bytes){frame, size});
    const struct api_messages *messages = api_messages_find(response_type->key);
    int32_t correlation_id;
    struct error error;
    ASSERT(response_header_read(messages, version, &reader, &correlation_id, &error) == STATUS_OK);
    void *response = arena_allocate(&client->arena, response_type->structure->size);
    ASSERT(response != NULL);
    ASSERT(response_type->decode(response, version, &reader, &client->arena, &error) == STATUS_OK);
    ASSERT(byte_reader_remaining(&reader) == 0);
    return response;
}

void *wire_client_call(struct wire_client *client, const struct message_descriptor *request_type,
                       const void *request, int16_t version)
{
    const struct api_messages *messages = api_messages_find(request_type->key);
    if (client->socket < 0 || !wire_client_send(client, request_type, request, version)) {
        return NULL;
    }
    return wire_client_receive(client, messages->response, version);
}

const struct produce_response_partition *wire_produce(struct wire_client *client, const char *topic,
                                                      int32_t partition, struct bytes batch,
                                                      int16_t acks)
{
    struct produce_request_partition data = {.index = partition, .records = batch};
    struct produce_request_topic in_topic = {.name = text_of(topic),
                                             .partition_data = {&data, 1, false}};
    struct produce_request request = {.transactional_id = TEXT_NULL,
                                      .acks = acks,
                                      .timeout_ms = WIRE_CLIENT_PATIENCE_MS,
                                      .topic_data = {&in_topic, 1, false}};
    if (acks == 0) {
        ASSERT(wire_client_send(client, &produce_request_descriptor, &request, 12));
        return NULL;
    }
    struct produce_response *response =
        wire_client_call(client, &produce_request_descriptor, &request, 12);
    if (response == NULL) {
        return NULL;
    }
    ASSERT(response->responses.count == 1);
    ASSERT(response->responses.items[0].partition_responses.count == 1);
    return &response->responses.items[0].partition_responses.items[0];
}

bool wire_fetch_send(struct wire_client *client, const struct wire_fetch *fetch)
{
    struct fetch_request_partition partition;
    fetch_request_partition_init(&partition);
    partition.partition = fetch->partition;
    partition.current_leader_epoch = -1;
    partition.fetch_offset = fetch->offset;
    partition.partition_max_bytes =
        fetch->partition_bytes_max != 0 ? fetch->partition_bytes_max : BYTES_A_LOT;
    struct fetch_request_topic topic = {.topic = text_of(fetch->topic),
                                        .partitions = {&partition, 1, false}};
    struct fetch_request request;
    fetch_request_init(&request);
    request.replica_id = -1;
    request.max_wait_ms = fetch->wait_ms_max;
    request.min_bytes = fetch->bytes_min;
    request.max_bytes = fetch->bytes_max != 0 ? fetch->bytes_max : BYTES_A_LOT;
    request.session_epoch = -1;
    request.topics = (struct fetch_request_topic_array){&topic, 1, false};
    return wire_client_send(client, &fetch_request_descriptor, &request, WIRE_FETCH_VERSION);
}

const struct fetch_response_partition *wire_fetch(struct wire_client *client,
                                                  const struct wire_fetch *fetch)
{
    if (!wire_fetch_send(client, fetch)) {
        return NULL;
    }
    struct fetch_response *response =
        wire_client_receive(client, &fetch_response_descriptor, WIRE_FETCH_VERSION);
    if (response == NULL) {
        return NULL;
    }
    ASSERT(response->error_code == 0 && response->responses.count == 1);
    ASSERT(response->responses.items[0].partitions.count == 1);
    return &response->responses.items[0].partitions.items[0];
}

struct bytes wire_records(const struct fetch_response_partition *partition)
{
    if (partition->records.count == 0) {
        return BYTES_EMPTY;
    }
    ASSERT(partition->records.count == 1);
    return (struct bytes){partition->records.items[0].data, partition->records.items[0].size};
}

const struct list_offsets_response_partition *wire_list_offset(struct wire_client *client,
                                                               const char *topic, int32_t partition,
                                                               int64_t timestamp)
{
    struct list_offsets_request_partition asked = {
        .partition_index = partition, .current_leader_epoch = -1, .timestamp = timestamp};
    struct list_offsets_request_topic in_topic = {.name = text_of(topic),
                                                  .partitions = {&asked, 1, false}};
    struct list_offsets_request request = {
        .replica_id = -1, .topics = {&in_topic, 1, false}, .timeout_ms = WIRE_CLIENT_PATIENCE_MS};
    struct list_offsets_response *response =
        wire_client_call(client, &list_offsets_request_descriptor, &request, 11);
    if (response == NULL) {
        return NULL;
    }
    ASSERT(response->topics.count == 1 && response->topics.items[0].partitions.count == 1);
    return &response->topics.items[0].partitions.items[0];
}

#define CONFIGS_MAX 16

const struct create_topics_response_topic *wire_create_topic(struct wire_client *client,
                                                             const char *topic,
                                                             int32_t partitions_count,
                                                             const char *const *configs)
{
    struct create_topics_request_topic_config items[CONFIGS_MAX];
    size_t count = 0;
    for (; configs != NULL && configs[2 * count] != NULL; count++) {
        ASSERT(count < CONFIGS_MAX);
        items[count] = (struct create_topics_request_topic_config){text_of(configs[2 * count]),
                                                                   text_of(configs[2 * count + 1])};
    }
    struct create_topics_request_topic wanted = {.name = text_of(topic),
                                                 .num_partitions = partitions_count,
                                                 .replication_factor = -1,
                                                 .configs = {items, count, false}};
    struct create_topics_request request = {.topics = {&wanted, 1, false},
                                            .timeout_ms = WIRE_CLIENT_PATIENCE_MS};
    struct create_topics_response *response =
        wire_client_call(client, &create_topics_request_descriptor, &request, 7);
    if (response == NULL) {
        return NULL;
    }
    ASSERT(response->topics.count == 1);
    return &response->topics.items[0];
}

int16_t wire_delete_topic(struct wire_client *client, const char *topic)
{
    struct delete_topics_request_state state;
    delete_topics_request_state_init(&state);
    state.name = text_of(topic);
    struct delete_topics_request request = {.topics = {&state, 1, false},
                                            .timeout_ms = WIRE_CLIENT_PATIENCE_MS};
    struct delete_topics_response *response =
        wire_client_call(client, &delete_topics_request_descriptor, &request, 6);
    return response != NULL ? response->responses.items[0].error_code : INT16_MIN;
}

int16_t wire_set_config(struct wire_client *client, const char *topic, const char *name,
                        const char *value)
{
    struct incremental_alter_configs_request_config config = {
        .name = text_of(name),
        .config_operation = value != NULL ? OPERATION_SET : OPERATION_DELETE,
        .value = value != NULL ? text_of(value) : TEXT_NULL};
    struct incremental_alter_configs_request_alter_configs_resource resource = {
        .resource_type = topic != NULL ? RESOURCE_TOPIC : RESOURCE_BROKER,
        .resource_name = text_of(topic != NULL ? topic : ""),
        .configs = {&config, 1, false}};
    struct incremental_alter_configs_request request = {.resources = {&resource, 1, false}};
    struct incremental_alter_configs_response *response =
        wire_client_call(client, &incremental_alter_configs_request_descriptor, &request, 1);
    return response != NULL ? response->responses.items[0].error_code : INT16_MIN;
}

struct text wire_config(struct wire_client *client, const char *topic, const char *name)
{
    struct text key = text_of(name);
    struct describe_configs_request_resource resource = {.resource_type = RESOURCE_TOPIC,
                                                         .resource_name = text_of(topic),
                                                         .configuration_keys = {&key, 1, false}};
    struct describe_configs_request request = {.resources = {&resource, 1, false}};
    struct describe_configs_response *response =
        wire_client_call(client, &describe_configs_request_descriptor, &request, 4);
    if (response == NULL || response->results.count != 1 ||
        response->results.items[0].configs.count != 1) {
        return TEXT_NULL;
    }
    return response->results.items[0].configs.items[0].value;
}

const struct metadata_response *wire_metadata(struct wire_client *client)
{
    struct metadata_request request = {.topics = {NULL, 0, true}};
    return wire_client_call(client, &metadata_request_descriptor, &request, 12);
}

const struct metadata_response_topic *wire_topic(struct wire_client *client, const char *topic,
                                                 bool may_create)
{
    struct metadata_request_topic wanted;
    metadata_request_topic_init(&wanted);
    wanted.name = text_of(topic);
    struct metadata_request request = {.topics = {&wanted, 1, false},
                                       .allow_auto_topic_creation = may_create};
    struct metadata_response *response =
        wire_client_call(client, &metadata_request_descriptor, &request, 12);
    if (response == NULL) {
        return NULL;
    }
    ASSERT(response->topics.count == 1);
    return &response->topics.items[0];
}

int64_t wire_producer_id(struct wire_client *client)
{
    struct init_producer_id_request request = {.transactional_id = TEXT_NULL,
                                               .transaction_timeout_ms = 60000,
                                               .producer_id = -1,
                                               .producer_epoch = -1};
    struct init_producer_id_response *response =
        wire_client_call(client, &init_producer_id_request_descriptor, &request, 4);
    if (response == NULL) {
        return -1;
    }
    ASSERT(response->error_code == 0 && response->producer_epoch == 0);
    return response->producer_id;
}
