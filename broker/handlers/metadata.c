/* Metadata (3): brokers, topics, partitions and their leaders; creates topics on first use.
 *
 * Topics that are asked for by name, do not exist, and may be created, are created first, in one
 * command; the answer is then built from the image that has them, and the client can go on. Asking
 * for all topics creates nothing. Version 0 asks for all by an empty list, later ones by null. */
#include "proto/generated/metadata.h"
#include "broker/api/cluster_view.h"
#include "broker/broker_shard.h"
#include "broker/controller_client.h"
#include "broker/handlers/authorized_operations.h"
#include "broker/handlers/handlers.h"
#include "proto/generated/create_topics.h"
#include "proto/wire/kafka_error.h"
#include "replication/metadata/topic_name.h"

#define METADATA_VERSION_LISTENER_NOT_FOUND_MIN 6
#define METADATA_VERSION_TOPIC_ID_MIN           12

struct metadata_call {
    struct api_call *call;
    struct metadata_request request;
    struct metadata_response response;
    struct create_topics_request creation;
    struct create_topics_response created;
    struct controller_errand errand;
    const struct cluster_node *nodes;
    size_t nodes_count;
};

static bool asks_for_all(const struct metadata_call *metadata)
{
    const struct metadata_request *request = &metadata->request;
    return request->topics.is_null ||
           (metadata->call->header.request_api_version == 0 && request->topics.count == 0);
}

static bool is_alive(const struct metadata_call *metadata, int32_t broker_id)
{
    for (size_t i = 0; i < metadata->nodes_count; i++) {
        if (metadata->nodes[i].id == broker_id) {
            return true;
        }
    }
    return false;
}

static void fill_in_partition(struct metadata_call *metadata, const struct partition_image *image,
                              int32_t index, struct metadata_response_partition *partition)
{
    struct arena *arena = &metadata->call->arena;
    metadata_response_partition_init(partition);
    partition->partition_index = index;
    partition->leader_id = image->leader;
    partition->leader_epoch = image->leader_epoch;
    partition->replica_nodes = cluster_view_ids(arena, image->replicas);
    partition->isr_nodes = cluster_view_ids(arena, image->isr);
    struct int32_array offline = {
        .items = arena_allocate_array(arena, image->replicas.count, sizeof(int32_t)), .count = 0};
    for (size_t i = 0; offline.items != NULL && i < image->replicas.count; i++) {
        if (!is_alive(metadata, image->replicas.items[i])) {
            offline.items[offline.count++] = image->replicas.items[i];
        }
    }
    partition->offline_replicas = offline;
    if (image->leader < 0) {
        partition->error_code = KAFKA_LEADER_NOT_AVAILABLE;
    } else if (!is_alive(metadata, image->leader)) {
        bool knows =
            metadata->call->header.request_api_version >= METADATA_VERSION_LISTENER_NOT_FOUND_MIN;
        const struct broker_image *leader =
            metadata_image_broker(metadata->call->broker->image, image->leader);
        bool is_up = leader != NULL && !leader->is_fenced;
        partition->error_code =
            is_up && knows ? KAFKA_LISTENER_NOT_FOUND : KAFKA_LEADER_NOT_AVAILABLE;
        partition->leader_id = -1;
    }
}

static bool fill_in_topic(struct metadata_call *metadata, const struct topic_image *image,
                          struct metadata_response_topic *topic)
{
    metadata_response_topic_init(topic);
    topic->name = image->name;
    topic->topic_id = image->id;
    topic->is_internal = image->is_internal;
    if (metadata->request.include_topic_authorized_operations) {
        topic->topic_authorized_operations = TOPIC_OPERATIONS_ALL;
    }
    topic->partitions.items = arena_allocate_array(&metadata->call->arena, image->partitions_count,
                                                   sizeof *topic->partitions.items);
    if (topic->partitions.items == NULL) {
        return false;
    }
    topic->partitions.count = image->partitions_count;
    for (size_t i = 0; i < image->partitions_count; i++) {
        fill_in_partition(metadata, &image->partitions[i], (int32_t)i, &topic->partitions.items[i]);
    }
    return !metadata->call->arena.exhausted;
}

/* What the controller said about a topic that was to be created; 0 when it was not asked. */
static int16_t creation_error(const struct metadata_call *metadata, struct text name)
{
    for (size_t i = 0; i < metadata->created.topics.count; i++) {
        if (text_equal(metadata->created.topics.items[i].name, name)) {
            return metadata->created.topics.items[i].error_code;
        }
    }
    return KAFKA_NONE;
}

static bool is_valid_name(struct text name)
{
    struct error ignored; /* Clients get the code only. */
    return topic_name_check(name, &ignored) == STATUS_OK;
}

static bool answer_one(struct metadata_call *metadata, const struct metadata_request_topic *asked,
                       struct metadata_response_topic *topic)
{
    const struct metadata_image *image = metadata->call->broker->image;
    bool by_id = asked->name.data == NULL;
    const struct topic_image *found = by_id ? metadata_image_topic_by_id(image, asked->topic_id)
                                            : metadata_image_topic(image, asked->name);
    if (found != NULL) {
        return fill_in_topic(metadata, found, topic);
    }
    metadata_response_topic_init(topic);
    topic->name = asked->name;
    topic->topic_id = asked->topic_id;
    int16_t error_code = by_id ? KAFKA_UNKNOWN_TOPIC_ID : KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (!by_id && !is_valid_name(asked->name)) {
        error_code = KAFKA_INVALID_TOPIC_EXCEPTION;
    } else if (!by_id && creation_error(metadata, asked->name) != KAFKA_NONE &&
               creation_error(metadata, asked->name) != KAFKA_TOPIC_ALREADY_EXISTS) {
        error_code = creation_error(metadata, asked->name);
    }
    topic->error_code = error_code;
    return true;
}

static bool answer_topics(struct metadata_call *metadata)
{
    const struct metadata_image *image = metadata->call->broker->image;
    bool all = asks_for_all(metadata);
    size_t count = all ? metadata_image_topics_count(image) : metadata->request.topics.count;
    struct metadata_response_topic *topics =
        arena_allocate_array(&metadata->call->arena, count, sizeof *topics);
    if (topics == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool done = all ? fill_in_topic(metadata, metadata_image_topic_at(image, i), &topics[i])
                        : answer_one(metadata, &metadata->request.topics.items[i], &topics[i]);
        if (!done) {
            return false;
        }
    }
    metadata->response.topics.items = topics;
    metadata->response.topics.count = count;
    return true;
}

static bool answer_brokers(struct metadata_call *metadata)
{
    struct metadata_response_broker *brokers =
        arena_allocate_array(&metadata->call->arena, metadata->nodes_count, sizeof *brokers);
    if (brokers == NULL) {
        return false;
    }
    for (size_t i = 0; i < metadata->nodes_count; i++) {
        const struct cluster_node *node = &metadata->nodes[i];
        metadata_response_broker_init(&brokers[i]);
        brokers[i].node_id = node->id;
        brokers[i].host = node->host;
        brokers[i].port = node->port;
        brokers[i].rack = node->rack;
    }
    metadata->response.brokers.items = brokers;
    metadata->response.brokers.count = metadata->nodes_count;
    /* Clients send admin requests there; every broker forwards them to the controller. */
    metadata->response.controller_id =
        is_alive(metadata, metadata->call->broker->node_id) || metadata->nodes_count == 0
            ? metadata->call->broker->node_id
            : metadata->nodes[0].id;
    return true;
}

static void respond(struct metadata_call *metadata)
{
    struct api_call *call = metadata->call;
    metadata_response_init(&metadata->response);
    metadata->response.cluster_id = call->broker->cluster_id;
    if (metadata->request.include_cluster_authorized_operations) {
        metadata->response.cluster_authorized_operations = CLUSTER_OPERATIONS_ALL;
    }
    metadata->nodes = cluster_view_nodes(call, &metadata->nodes_count);
    if (metadata->nodes == NULL || !answer_brokers(metadata) || !answer_topics(metadata)) {
        api_call_reject_no_memory(call);
        return;
    }
    api_call_respond(call, &metadata->response);
}

/* ---- creation on first use ---- */

static bool may_create(const struct metadata_call *metadata, struct text name)
{
    /* Internal topics are made by who needs them, with their own configuration. */
    bool is_reserved = name.size >= 2 && name.data[0] == '_' && name.data[1] == '_';
    return name.data != NULL && !is_reserved && is_valid_name(name) &&
           metadata_image_topic(metadata->call->broker->image, name) == NULL;
}

static void created(struct controller_errand *errand)
{
    struct metadata_call *metadata = CONTAINER_OF(errand, struct metadata_call, errand);
    if (errand->command.status != STATUS_OK) {
        metadata->created.topics.count = 0;
    }
    respond(metadata);
}

/* Fills in the creation of what is missing. False without memory. */
static bool plan_creation(struct metadata_call *metadata)
{
    const struct metadata_request *request = &metadata->request;
    struct create_topics_request *creation = &metadata->creation;
    create_topics_request_init(creation);
    create_topics_response_init(&metadata->created);
    if (asks_for_all(metadata) || !request->allow_auto_topic_creation ||
        !broker_config_boolean(metadata->call->broker->config, CONFIG_AUTO_CREATE_TOPICS_ENABLE)) {
        return true;
    }
    creation->topics.items = arena_allocate_array(&metadata->call->arena, request->topics.count,
                                                  sizeof *creation->topics.items);
    if (creation->topics.items == NULL) {
        return false;
    }
    for (size_t i = 0; i < request->topics.count; i++) {
        struct text name = request->topics.items[i].name;
        bool repeated = false;
        for (size_t k = 0; k < creation->topics.count; k++) {
            repeated |= text_equal(creation->topics.items[k].name, name);
        }
        if (repeated || !may_create(metadata, name)) {
            continue;
        }
        struct create_topics_request_topic *topic =
            &creation->topics.items[creation->topics.count++];
        create_topics_request_topic_init(topic);
        topic->name = name;
        topic->num_partitions = -1;
        topic->replication_factor = -1;
    }
    return true;
}

static bool is_malformed(const struct metadata_call *metadata)
{
    if (metadata->call->header.request_api_version >= METADATA_VERSION_TOPIC_ID_MIN) {
        return false;
    }
    for (size_t i = 0; i < metadata->request.topics.count; i++) {
        const struct metadata_request_topic *topic = &metadata->request.topics.items[i];
        if (topic->name.data == NULL || !uuid_is_none(topic->topic_id)) {
            return true;
        }
    }
    return false;
}

void handle_metadata(struct api_call *call)
{
    struct metadata_call *metadata = arena_allocate(&call->arena, sizeof *metadata);
    if (metadata == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    metadata->call = call;
    if (!api_call_decode(call, &metadata->request)) {
        return;
    }
    if (is_malformed(metadata)) {
        struct error error;
        status_ignore(error_set(&error, STATUS_MALFORMED,
                                "metadata version %d asks for topics by id, which version %d can",
                                call->header.request_api_version, METADATA_VERSION_TOPIC_ID_MIN));
        api_call_reject(call, &error);
        return;
    }
    if (!plan_creation(metadata)) {
        api_call_reject_no_memory(call);
        return;
    }
    if (metadata->creation.topics.count == 0) {
        respond(metadata);
        return;
    }
    metadata->errand.command = (struct controller_command){
        .kind = CONTROLLER_CREATE_TOPICS,
        .request = &metadata->creation,
        .response = &metadata->created,
        .arena = &call->arena,
    };
    metadata->errand.done = created;
    controller_client_submit(call->broker->controller, call->broker, &metadata->errand);
}
