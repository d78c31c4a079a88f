#include "replication/controller/broker_control.h"

#include <string.h>

#include "replication/controller/leader_choice.h"

/* Ids below this are reserved: none, the metadata topic's, and Kafka's marks for directories. */
#define DIRECTORY_ID_RESERVED_MAX 100

#define SECURITY_PROTOCOL_COUNT 4

static struct text security_protocol_name(int16_t number)
{
    static const struct text names[SECURITY_PROTOCOL_COUNT] = {
        {"PLAINTEXT", sizeof("PLAINTEXT") - 1},
        {"SSL", sizeof("SSL") - 1},
        {"SASL_PLAINTEXT", sizeof("SASL_PLAINTEXT") - 1},
        {"SASL_SSL", sizeof("SASL_SSL") - 1},
    };

    return number >= 0 && number < SECURITY_PROTOCOL_COUNT ? names[number] : TEXT_NULL;
}

static bool is_reserved_directory(struct uuid id)
{
    for (size_t i = 0; i < UUID_SIZE - 1; i++) {
        if (id.bytes[i] != 0) {
            return false;
        }
    }
    return id.bytes[UUID_SIZE - 1] < DIRECTORY_ID_RESERVED_MAX;
}

/* Another broker has one of the directories: two brokers would write to one disk. */
static bool has_directory(const struct broker_image *broker, struct uuid id)
{
    for (size_t i = 0; i < broker->log_directories_count; i++) {
        if (uuid_equal(broker->log_directories[i], id)) {
            return true;
        }
    }
    return false;
}

static bool is_taken_directory(const struct metadata_image *image, int32_t broker_id,
                               struct uuid id)
{
    for (size_t i = 0; i < metadata_image_brokers_count(image); i++) {
        const struct broker_image *broker = metadata_image_broker_at(image, i);
        if (broker->id != broker_id && has_directory(broker, id)) {
            return true;
        }
    }
    return false;
}

static bool are_valid_directories(const struct controller_decision *decision,
                                  const struct broker_registration_request *request)
{
    if (request->log_dirs.count == 0) {
        return false;
    }
    for (size_t i = 0; i < request->log_dirs.count; i++) {
        struct uuid id = request->log_dirs.items[i];
        if (is_reserved_directory(id) ||
            is_taken_directory(decision->image, request->broker_id, id)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (uuid_equal(request->log_dirs.items[j], id)) {
                return false;
            }
        }
    }
    return true;
}

static int16_t check_registration(const struct controller_decision *decision,
                                  const struct broker_registration_request *request)
{
    if (!text_equal(request->cluster_id, decision->settings->cluster_id)) {
        return KAFKA_INCONSISTENT_CLUSTER_ID;
    }
    if (request->is_migrating_zk_broker) {
        return KAFKA_BROKER_ID_NOT_REGISTERED;
    }
    if (request->broker_id < 0 || uuid_is_none(request->incarnation_id) ||
        request->listeners.count == 0 || !are_valid_directories(decision, request)) {
        return KAFKA_INVALID_REGISTRATION;
    }
    for (size_t i = 0; i < request->listeners.count; i++) {
        if (security_protocol_name(request->listeners.items[i].security_protocol).data == NULL) {
            return KAFKA_INVALID_REGISTRATION;
        }
    }
    return KAFKA_NONE;
}

static struct int32_array list_without(struct metadata_records *records, struct broker_id_list list,
                                       int32_t broker_id)
{
    struct int32_array result = {
        .items = arena_allocate_array(records->arena, list.count, sizeof(int32_t)),
    };

    for (size_t i = 0; result.items != NULL && i < list.count; i++) {
        if (list.items[i] != broker_id) {
            result.items[result.count++] = list.items[i];
        }
    }
    return result;
}

/* What the new incarnation of a broker, or its absence until it is unfenced, means for one
 * partition. A leader that goes on begins a new epoch: what an earlier incarnation did not flush is
 * told apart from what the new one writes at the same offsets. */
static void restart_partition(struct controller_decision *decision, int32_t broker_id,
                              bool is_active, const struct topic_image *topic, size_t index)
{
    const struct partition_image *partition = &topic->partitions[index];
    const struct leader_choice choice = {
        .image = decision->image,
        .broker_up = is_active ? broker_id : LEADER_NONE,
        .broker_down = is_active ? LEADER_NONE : broker_id,
        .allows_unclean = topic_allows_unclean_election(decision->image, topic->name),
    };

    if (!broker_ids_contain(partition->replicas, broker_id)) {
        return;
    }
    int32_t leader = leader_choose(&choice, partition);
    bool leaves_isr =
        !is_active && partition->isr.count > 1 && broker_ids_contain(partition->isr, broker_id);
    bool changes_leader = leader != partition->leader || partition->leader == broker_id;
    if (!changes_leader && !leaves_isr) {
        return;
    }
    struct partition_change_record *record =
        &metadata_records_add(decision->records, METADATA_PARTITION_CHANGE)->partition_change;
    record->topic_id = topic->id;
    record->partition_index = (int32_t)index;
    if (changes_leader) {
        record->leader = leader;
    }
    if (leaves_isr) {
        record->isr = list_without(decision->records, partition->isr, broker_id);
    }
    if (leader != LEADER_NONE && !broker_ids_contain(partition->isr, leader)) {
        /* An election from outside the ISR: the new leader is all that is in sync. */
        record->isr.items = arena_allocate_array(decision->records->arena, 1, sizeof(int32_t));
        record->isr.count = record->isr.items == NULL ? 0 : 1;
        record->isr.is_null = false;
        if (record->isr.items != NULL) {
            record->isr.items[0] = leader;
        }
    }
}

static void restart_partitions(struct controller_decision *decision, int32_t broker_id,
                               bool is_active)
{
    size_t count = metadata_image_topics_count(decision->image);

    for (size_t i = 0; i < count; i++) {
        const struct topic_image *topic = metadata_image_topic_at(decision->image, i);
        for (size_t index = 0; index < topic->partitions_count; index++) {
            restart_partition(decision, broker_id, is_active, topic, index);
        }
    }
}

static void add_registration(struct controller_decision *decision,
                             const struct broker_registration_request *request, int64_t epoch,
                             bool is_fenced, bool in_controlled_shutdown)
{
    struct register_broker_record *record =
        &metadata_records_add(decision->records, METADATA_REGISTER_BROKER)->register_broker;

    record->broker_id = request->broker_id;
    record->incarnation_id = request->incarnation_id;
    record->broker_epoch = epoch;
    record->rack = request->rack;
    record->is_fenced = is_fenced;
    record->in_controlled_shutdown = in_controlled_shutdown;
    record->log_directories = request->log_dirs;
    record->endpoints.items = arena_allocate_array(
        decision->records->arena, request->listeners.count, sizeof(*record->endpoints.items));
    if (record->endpoints.items == NULL) {
        return; /* The arena remembers. */
    }
    record->endpoints.count = request->listeners.count;
    for (size_t i = 0; i < request->listeners.count; i++) {
        const struct broker_registration_request_listener *listener = &request->listeners.items[i];
        struct register_broker_record_endpoint *endpoint = &record->endpoints.items[i];
        endpoint->listener_name = listener->name;
        endpoint->security_protocol = security_protocol_name(listener->security_protocol);
        endpoint->host = listener->host;
        endpoint->port = listener->port;
    }
}

void broker_control_register(struct controller_decision *decision,
                             const struct broker_registration_request *request,
                             struct broker_registration_response *response)
{
    const struct broker_image *known = metadata_image_broker(decision->image, request->broker_id);

    response->error_code = check_registration(decision, request);
    if (response->error_code != KAFKA_NONE) {
        return;
    }
    if (known != NULL && uuid_equal(known->incarnation_id, request->incarnation_id)) {
        add_registration(decision, request, known->epoch, known->is_fenced,
                         known->in_controlled_shutdown);
        response->broker_epoch = known->epoch;
        return;
    }
    bool is_active = request->broker_id == decision->settings->node_id;
    restart_partitions(decision, request->broker_id, is_active);
    add_registration(decision, request, decision->offset, !is_active, false);
    response->broker_epoch = decision->offset;
}
