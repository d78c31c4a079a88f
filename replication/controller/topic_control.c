#include "replication/controller/topic_control.h"

#include <string.h>

#include "replication/controller/config_control.h"
#include "replication/controller/leader_choice.h"
#include "replication/controller/replica_placement.h"

#define METADATA_TOPIC_NAME "__cluster_metadata"

/* The request's own view of names, so that it cannot collide with itself either. */
struct create_context {
    struct controller_decision *decision;
    const struct create_topics_request *request;
    struct key_counts names;
    struct key_counts unified_names;
};

static struct int32_array ids_array(struct broker_id_list list)
{
    /* Records are only read. The generated struct has no const of its own. */
    union {
        const int32_t *read_only;
        int32_t *writable;
    } items = {.read_only = list.items};

    return (struct int32_array){.items = items.writable, .count = list.count};
}

static struct broker_id_list ids_list(const struct int32_array *array)
{
    return (struct broker_id_list){.items = array->items, .count = array->count};
}

/* Those of the replicas that are active, in their order. */
static struct broker_id_list active_of(struct controller_decision *decision,
                                       struct broker_id_list replicas)
{
    int32_t *items = arena_allocate_array(decision->records->arena, replicas.count, sizeof(*items));
    struct broker_id_list active = {.items = items, .count = 0};

    for (size_t i = 0; items != NULL && i < replicas.count; i++) {
        if (broker_is_active(decision->image, replicas.items[i])) {
            items[active.count++] = replicas.items[i];
        }
    }
    return active;
}

/* Adds a new partition; false when none of its replicas is active. */
static bool add_partition(struct controller_decision *decision, struct uuid topic_id, int32_t index,
                          struct broker_id_list replicas)
{
    struct broker_id_list isr = active_of(decision, replicas);

    if (isr.count == 0) {
        return false;
    }
    struct partition_record *record =
        &metadata_records_add(decision->records, METADATA_PARTITION)->partition;
    record->topic_id = topic_id;
    record->partition_index = index;
    record->leader = isr.items[0];
    record->replicas = ids_array(replicas);
    record->isr = ids_array(isr);
    return true;
}

/* What an operator wrote for one partition; `replicas_count` is 0 for the first one. */
static struct controller_refusal check_assignment(struct controller_decision *decision,
                                                  struct broker_id_list replicas,
                                                  size_t replicas_count)
{
    if (replicas.count == 0) {
        return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                 "a manual assignment has a partition without replicas");
    }
    for (size_t i = 0; i < replicas.count; i++) {
        if (metadata_image_broker(decision->image, replicas.items[i]) == NULL) {
            return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                     "a manual assignment has broker %d, which is not registered",
                                     replicas.items[i]);
        }
        for (size_t j = 0; j < i; j++) {
            if (replicas.items[j] == replicas.items[i]) {
                return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                         "a manual assignment has broker %d twice in a partition",
                                         replicas.items[i]);
            }
        }
    }
    if (replicas_count != 0 && replicas.count != replicas_count) {
        return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                 "a manual assignment has a partition of %zu replicas beside one "
                                 "of %zu",
                                 replicas.count, replicas_count);
    }
    return controller_accept();
}

static struct controller_refusal refuse_inactive(struct controller_decision *decision,
                                                 size_t partition)
{
    return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                             "no broker of the manual assignment of partition %zu is active",
                             partition);
}

/* Partitions as the request lists them, whose indexes must be 0, 1, 2 … in any order. */
static struct controller_refusal add_assigned(struct controller_decision *decision,
                                              const struct create_topics_request_topic *topic,
                                              struct uuid topic_id, size_t *replicas_count)
{
    size_t count = topic->assignments.count;
    const struct create_topics_request_replica_assignment **by_index =
        arena_allocate_array(decision->arena, count, sizeof(const void *));

    *replicas_count = 0;
    if (by_index == NULL) {
        return controller_accept(); /* The arena remembers. */
    }
    for (size_t i = 0; i < count; i++) {
        const struct create_topics_request_replica_assignment *assignment =
            &topic->assignments.items[i];
        int32_t index = assignment->partition_index;
        if (index >= 0 && (size_t)index < count && by_index[index] != NULL) {
            return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                     "partition %d has several manual assignments", index);
        }
        struct controller_refusal refusal =
            check_assignment(decision, ids_list(&assignment->broker_ids), *replicas_count);
        if (refusal.code != KAFKA_NONE) {
            return refusal;
        }
        if (index < 0 || (size_t)index >= count) {
            return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                     "manual assignment of partition %d, but partitions are "
                                     "numbered from 0 without gaps",
                                     index);
        }
        by_index[index] = assignment;
        *replicas_count = assignment->broker_ids.count;
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_partition(decision, topic_id, (int32_t)i, ids_list(&by_index[i]->broker_ids))) {
            return refuse_inactive(decision, i);
        }
    }
    return controller_accept();
}

/* New partitions from `first` on, where the controller places them. */
static struct controller_refusal add_placed(struct controller_decision *decision,
                                            struct uuid topic_id, size_t first, size_t count,
                                            size_t replicas_count)
{
    struct replica_placement placement;
    struct error error;
    enum status status =
        replica_placement_choose(decision->image, decision->random, count, replicas_count,
                                 decision->records->arena, &placement, &error);

    if (status == STATUS_NO_MEMORY) {
        return controller_accept(); /* The arena remembers. */
    }
    if (status != STATUS_OK) {
        return controller_refuse(decision, KAFKA_INVALID_REPLICATION_FACTOR,
                                 "partitions cannot be placed: %s", error.text);
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_partition(decision, topic_id, (int32_t)(first + i), placement.partitions[i])) {
            return controller_refuse(decision, KAFKA_INVALID_REPLICATION_FACTOR,
                                     "no broker chosen for partition %zu is active", first + i);
        }
    }
    return controller_accept();
}

static struct controller_refusal check_new_name(struct create_context *context, struct text name)
{
    struct controller_decision *decision = context->decision;

    if (key_counts_of(&context->names, text_key(name)) > 1) {
        return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                 "topic \"%.*s\" is in the request more than once",
                                 TEXT_ARGUMENTS(name));
    }
    if (text_equal(name, TEXT_LITERAL(METADATA_TOPIC_NAME))) {
        return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                 "topic " METADATA_TOPIC_NAME " is the cluster's own");
    }
    if (metadata_image_topic(decision->image, name) != NULL) {
        return controller_refuse(decision, KAFKA_TOPIC_ALREADY_EXISTS,
                                 "topic \"%.*s\" exists already", TEXT_ARGUMENTS(name));
    }
    struct controller_refusal refusal = controller_check_topic_name(decision, name);
    if (refusal.code != KAFKA_NONE) {
        return refusal;
    }
    const struct topic_image *colliding = metadata_image_colliding_topic(decision->image, name);
    if (colliding != NULL) {
        return controller_refuse(decision, KAFKA_INVALID_TOPIC_EXCEPTION,
                                 "topic \"%.*s\" collides with topic \"%.*s\": names that differ "
                                 "only in '.' and '_' are one metric",
                                 TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(colliding->name));
    }
    return controller_accept();
}

/* Two topics of one request that differ only in '.' and '_': the first one wins. */
static struct controller_refusal check_collision_in_request(struct create_context *context,
                                                            struct text name)
{
    struct text unified = arena_copy_text(context->decision->arena, name);

    if (unified.data == NULL) {
        return controller_accept(); /* The arena remembers. */
    }
    union {
        const char *read_only;
        char *writable;
    } characters = {.read_only = unified.data}; /* The copy is ours. */
    for (size_t i = 0; i < unified.size; i++) {
        if (characters.writable[i] == '.') {
            characters.writable[i] = '_';
        }
    }
    if (key_counts_add(&context->unified_names, text_key(unified)) > 1) {
        return controller_refuse(context->decision, KAFKA_INVALID_TOPIC_EXCEPTION,
                                 "topic \"%.*s\" collides with another one of the request: names "
                                 "that differ only in '.' and '_' are one metric",
                                 TEXT_ARGUMENTS(name));
    }
    return controller_accept();
}

static struct controller_refusal add_configs(struct controller_decision *decision,
                                             const struct create_topics_request_topic *topic)
{
    for (size_t i = 0; i < topic->configs.count; i++) {
        const struct create_topics_request_topic_config *config = &topic->configs.items[i];
        if (config->value.data == NULL) {
            return controller_refuse(decision, KAFKA_INVALID_CONFIG,
                                     "topic config \"%.*s\" has no value",
                                     TEXT_ARGUMENTS(config->name));
        }
        struct controller_refusal refusal =
            config_control_check(decision, CONFIG_RESOURCE_TOPIC, config->name, config->value);
        if (refusal.code != KAFKA_NONE) {
            return refusal;
        }
        struct config_record *record =
            &metadata_records_add(decision->records, METADATA_CONFIG)->config;
        record->resource_type = CONFIG_RESOURCE_TOPIC;
        record->resource_name = topic->name;
        record->name = config->name;
        record->value = config->value;
    }
    return controller_accept();
}

static struct controller_refusal add_partitions(struct controller_decision *decision,
                                                const struct create_topics_request_topic *topic,
                                                struct create_topics_response_topic *result)
{
    const struct controller_settings *settings = decision->settings;
    size_t replicas_count;

    if (topic->assignments.count > 0) {
        if (topic->replication_factor != -1 || topic->num_partitions != -1) {
            return controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                     "a manual assignment goes with partitions -1 and "
                                     "replication factor -1, not with %d and %d",
                                     topic->num_partitions, topic->replication_factor);
        }
        struct controller_refusal refusal =
            add_assigned(decision, topic, result->topic_id, &replicas_count);
        result->num_partitions = (int32_t)topic->assignments.count;
        result->replication_factor = (int16_t)replicas_count;
        return refusal;
    }
    if (topic->replication_factor < -1 || topic->replication_factor == 0) {
        return controller_refuse(decision, KAFKA_INVALID_REPLICATION_FACTOR,
                                 "replication factor %d, allowed are 1 and more, or -1 for the "
                                 "default",
                                 topic->replication_factor);
    }
    if (topic->num_partitions < -1 || topic->num_partitions == 0) {
        return controller_refuse(decision, KAFKA_INVALID_PARTITIONS,
                                 "%d partitions, allowed are 1 and more, or -1 for the default",
                                 topic->num_partitions);
    }
    result->num_partitions =
        topic->num_partitions == -1 ? settings->default_partitions_count : topic->num_partitions;
    result->replication_factor = topic->replication_factor == -1
                                     ? settings->default_replication_factor
                                     : topic->replication_factor;
    return add_placed(decision, result->topic_id, 0, (size_t)result->num_partitions,
                      (size_t)result->replication_factor);
}

/* Adds the records of one topic, or none of them. */
static struct controller_refusal create_topic(struct create_context *context,
                                              const struct create_topics_request_topic *topic,
                                              struct create_topics_response_topic *result)
{
    struct controller_decision *decision = context->decision;
    size_t records_before = decision->records->count;
    struct controller_refusal refusal = check_new_name(context, topic->name);

    if (refusal.code != KAFKA_NONE) {
        return refusal;
    }
    do {
        result->topic_id = uuid_random(decision->random);
    } while (metadata_image_topic_by_id(decision->image, result->topic_id) != NULL);
    struct topic_record *record = &metadata_records_add(decision->records, METADATA_TOPIC)->topic;
    record->name = topic->name;
    record->topic_id = result->topic_id;
    refusal = add_configs(decision, topic);
    if (refusal.code == KAFKA_NONE) {
        refusal = add_partitions(decision, topic, result);
    }
    if (refusal.code == KAFKA_NONE) {
        refusal = check_collision_in_request(context, topic->name);
    }
    if (refusal.code != KAFKA_NONE) {
        decision->records->count = records_before;
    }
    return refusal;
}

/* Partitions that the request asks for, at most one more than allowed. */
static int64_t count_partitions(const struct create_topics_request *request,
                                int32_t default_partitions_count)
{
    int64_t total = 0;

    for (size_t i = 0; i < request->topics.count; i++) {
        const struct create_topics_request_topic *topic = &request->topics.items[i];
        if (topic->assignments.count > 0) {
            total += (int64_t)topic->assignments.count;
        } else if (topic->num_partitions == -1) {
            total += default_partitions_count;
        } else if (topic->num_partitions > 0) {
            total += topic->num_partitions;
        }
    }
    return total;
}

static void refuse_topic(struct create_topics_response_topic *result, struct text name,
                         struct controller_refusal refusal)
{
    create_topics_response_topic_init(result);
    result->name = name;
    result->error_code = refusal.code;
    result->error_message = refusal.message;
}

/* One result per name, in the order of the request. */
static void create_all(struct create_context *context, bool is_too_large,
                       struct create_topics_response *response)
{
    struct controller_decision *decision = context->decision;
    struct key_counts answered;

    key_counts_init(&answered, decision->arena);
    for (size_t i = 0; i < context->request->topics.count; i++) {
        const struct create_topics_request_topic *topic = &context->request->topics.items[i];
        struct controller_refusal refusal;
        if (key_counts_add(&answered, text_key(topic->name)) != 1) {
            continue;
        }
        struct create_topics_response_topic *result =
            &response->topics.items[response->topics.count++];
        create_topics_response_topic_init(result);
        if (is_too_large) {
            refusal = controller_refuse(decision, KAFKA_POLICY_VIOLATION,
                                        "one request may create %d partitions",
                                        CONTROLLER_PARTITIONS_PER_REQUEST_MAX);
        } else {
            refusal = create_topic(context, topic, result);
        }
        if (refusal.code != KAFKA_NONE) {
            refuse_topic(result, topic->name, refusal);
            continue;
        }
        result->name = topic->name;
        result->error_message = TEXT_NULL;
        result->configs.is_null = true; /* The broker's to fill in. */
    }
    key_counts_clear(&answered);
}

void topic_control_create(struct controller_decision *decision,
                          const struct create_topics_request *request,
                          struct create_topics_response *response)
{
    struct create_context context = {.decision = decision, .request = request};
    size_t records_before = decision->records->count;
    bool is_too_large = count_partitions(request, decision->settings->default_partitions_count) >
                        CONTROLLER_PARTITIONS_PER_REQUEST_MAX;

    response->topics.items = arena_allocate_array(decision->arena, request->topics.count,
                                                  sizeof(*response->topics.items));
    response->topics.count = 0;
    if (response->topics.items == NULL) {
        return; /* The arena remembers. */
    }
    key_counts_init(&context.names, decision->arena);
    key_counts_init(&context.unified_names, decision->arena);
    for (size_t i = 0; i < request->topics.count; i++) {
        (void)key_counts_add(&context.names, text_key(request->topics.items[i].name));
    }
    create_all(&context, is_too_large, response);
    key_counts_clear(&context.names);
    key_counts_clear(&context.unified_names);
    if (request->validate_only) {
        decision->records->count = records_before;
    }
}

static struct bytes uuid_key(const struct uuid *id)
{
    return (struct bytes){.data = id->bytes, .size = UUID_SIZE};
}

/* The request's topics in one form: by name (a null name: by id). */
struct delete_context {
    struct controller_decision *decision;
    struct delete_topics_response *response;
    struct key_counts names;
    struct key_counts ids;
    struct key_counts resolved; /* Ids of topics that names and ids mean. */
    struct key_counts answered;
};

static void answer_delete(struct delete_context *context, struct text name, struct uuid id,
                          struct controller_refusal refusal)
{
    struct delete_topics_response_topic *result =
        &context->response->responses.items[context->response->responses.count++];

    delete_topics_response_topic_init(result);
    result->name = name;
    result->topic_id = id;
    result->error_code = refusal.code;
    result->error_message = refusal.message;
}

static void delete_topic(struct delete_context *context, const struct topic_image *topic)
{
    struct remove_topic_record *record =
        &metadata_records_add(context->decision->records, METADATA_REMOVE_TOPIC)->remove_topic;

    record->topic_id = topic->id;
    answer_delete(context, arena_copy_text(context->decision->arena, topic->name), topic->id,
                  controller_accept());
}

static void delete_by_name(struct delete_context *context, struct text name)
{
    struct controller_decision *decision = context->decision;
    const struct topic_image *topic = metadata_image_topic(decision->image, name);
    const struct uuid none = {{0}};

    if (key_counts_of(&context->names, text_key(name)) > 1) {
        if (key_counts_add(&context->answered, text_key(name)) == 1) {
            answer_delete(context, name, none,
                          controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                            "topic \"%.*s\" is in the request more than once",
                                            TEXT_ARGUMENTS(name)));
        }
        return;
    }
    if (topic == NULL) {
        answer_delete(context, name, none,
                      controller_refuse(decision, KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
                                        "there is no topic \"%.*s\"", TEXT_ARGUMENTS(name)));
        return;
    }
    if (key_counts_of(&context->resolved, uuid_key(&topic->id)) > 1) {
        answer_delete(context, name, topic->id,
                      controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                        "topic \"%.*s\" is in the request by name and by id",
                                        TEXT_ARGUMENTS(name)));
        return;
    }
    delete_topic(context, topic);
}

static void delete_by_id(struct delete_context *context, const struct uuid *id)
{
    struct controller_decision *decision = context->decision;
    const struct topic_image *topic = metadata_image_topic_by_id(decision->image, *id);

    if (key_counts_of(&context->ids, uuid_key(id)) > 1) {
        if (key_counts_add(&context->answered, uuid_key(id)) == 1) {
            answer_delete(context, TEXT_NULL, *id,
                          controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                            "topic id is in the request more than once"));
        }
        return;
    }
    if (topic == NULL) {
        answer_delete(
            context, TEXT_NULL, *id,
            controller_refuse(decision, KAFKA_UNKNOWN_TOPIC_ID, "there is no topic with this id"));
        return;
    }
    /* A topic that is also named is answered for where it is named. */
    if (key_counts_of(&context->resolved, uuid_key(id)) == 1) {
        delete_topic(context, topic);
    }
}

static void delete_state(struct delete_context *context,
                         const struct delete_topics_request_state *state)
{
    if (state->name.data != NULL && !uuid_is_none(state->topic_id)) {
        answer_delete(context, state->name, state->topic_id,
                      controller_refuse(context->decision, KAFKA_INVALID_REQUEST,
                                        "a topic is named by its name or by its id, not by both"));
    } else if (state->name.data != NULL) {
        delete_by_name(context, state->name);
    } else if (uuid_is_none(state->topic_id)) {
        answer_delete(context, TEXT_NULL, state->topic_id,
                      controller_refuse(context->decision, KAFKA_INVALID_REQUEST,
                                        "neither name nor id of a topic"));
    } else {
        delete_by_id(context, &state->topic_id);
    }
}

static void count_deleted_name(struct delete_context *context, struct text name)
{
    if (key_counts_add(&context->names, text_key(name)) == 1) {
        const struct topic_image *topic = metadata_image_topic(context->decision->image, name);
        if (topic != NULL) {
            (void)key_counts_add(&context->resolved, uuid_key(&topic->id));
        }
    }
}

static void count_deleted(struct delete_context *context,
                          const struct delete_topics_request *request)
{
    for (size_t i = 0; i < request->topic_names.count; i++) {
        count_deleted_name(context, request->topic_names.items[i]);
    }
    for (size_t i = 0; i < request->topics.count; i++) {
        const struct delete_topics_request_state *state = &request->topics.items[i];
        if (state->name.data != NULL && uuid_is_none(state->topic_id)) {
            count_deleted_name(context, state->name);
        } else if (state->name.data == NULL && !uuid_is_none(state->topic_id) &&
                   key_counts_add(&context->ids, uuid_key(&state->topic_id)) == 1) {
            (void)key_counts_add(&context->resolved, uuid_key(&state->topic_id));
        }
    }
}

void topic_control_delete(struct controller_decision *decision,
                          const struct delete_topics_request *request,
                          struct delete_topics_response *response)
{
    struct delete_context context = {.decision = decision, .response = response};

    response->responses.count = 0;
    response->responses.items =
        arena_allocate_array(decision->arena, request->topics.count + request->topic_names.count,
                             sizeof(*response->responses.items));
    if (response->responses.items == NULL) {
        return; /* The arena remembers. */
    }
    key_counts_init(&context.names, decision->arena);
    key_counts_init(&context.ids, decision->arena);
    key_counts_init(&context.resolved, decision->arena);
    key_counts_init(&context.answered, decision->arena);
    count_deleted(&context, request);
    for (size_t i = 0; i < request->topic_names.count; i++) {
        delete_by_name(&context, request->topic_names.items[i]);
    }
    for (size_t i = 0; i < request->topics.count; i++) {
        delete_state(&context, &request->topics.items[i]);
    }
    key_counts_clear(&context.names);
    key_counts_clear(&context.ids);
    key_counts_clear(&context.resolved);
    key_counts_clear(&context.answered);
}

static struct controller_refusal
add_assigned_to(struct controller_decision *decision,
                const struct create_partitions_request_topic *request,
                const struct topic_image *topic, size_t additional)
{
    if (request->assignments.count != additional) {
        return controller_refuse(decision, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                                 "%zu manual assignments for %zu new partitions",
                                 request->assignments.count, additional);
    }
    for (size_t i = 0; i < additional; i++) {
        struct broker_id_list replicas = ids_list(&request->assignments.items[i].broker_ids);
        size_t index = topic->partitions_count + i;
        struct controller_refusal refusal =
            check_assignment(decision, replicas, topic->partitions[0].replicas.count);
        if (refusal.code != KAFKA_NONE) {
            return refusal;
        }
        if (!add_partition(decision, topic->id, (int32_t)index, replicas)) {
            return refuse_inactive(decision, index);
        }
    }
    return controller_accept();
}

static struct controller_refusal add_to_topic(struct controller_decision *decision,
                                              const struct create_partitions_request_topic *request,
                                              size_t *budget)
{
    const struct topic_image *topic = metadata_image_topic(decision->image, request->name);

    if (topic == NULL || topic->partitions_count == 0) {
        return controller_refuse(decision, KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
                                 "there is no topic \"%.*s\"", TEXT_ARGUMENTS(request->name));
    }
    if (request->count < 0 || (size_t)request->count <= topic->partitions_count) {
        return controller_refuse(decision, KAFKA_INVALID_PARTITIONS,
                                 "topic \"%.*s\" has %zu partitions, %d would not be more",
                                 TEXT_ARGUMENTS(request->name), topic->partitions_count,
                                 request->count);
    }
    size_t additional = (size_t)request->count - topic->partitions_count;
    if (additional > *budget) {
        return controller_refuse(decision, KAFKA_POLICY_VIOLATION,
                                 "one request may create %d partitions",
                                 CONTROLLER_PARTITIONS_PER_REQUEST_MAX);
    }
    *budget -= additional;
    if (!request->assignments.is_null) {
        return add_assigned_to(decision, request, topic, additional);
    }
    return add_placed(decision, topic->id, topic->partitions_count, additional,
                      topic->partitions[0].replicas.count);
}

static void add_partitions_all(struct controller_decision *decision,
                               const struct create_partitions_request *request,
                               const struct key_counts *names,
                               struct create_partitions_response *response)
{
    size_t budget = CONTROLLER_PARTITIONS_PER_REQUEST_MAX;
    struct key_counts answered;

    key_counts_init(&answered, decision->arena);
    for (size_t i = 0; i < request->topics.count; i++) {
        const struct create_partitions_request_topic *topic = &request->topics.items[i];
        struct controller_refusal refusal;
        size_t records_before = decision->records->count;
        if (key_counts_add(&answered, text_key(topic->name)) != 1) {
            continue;
        }
        if (key_counts_of(names, text_key(topic->name)) > 1) {
            refusal = controller_refuse(decision, KAFKA_INVALID_REQUEST,
                                        "topic \"%.*s\" is in the request more than once",
                                        TEXT_ARGUMENTS(topic->name));
        } else {
            refusal = add_to_topic(decision, topic, &budget);
        }
        if (refusal.code != KAFKA_NONE) {
            decision->records->count = records_before;
        }
        struct create_partitions_response_topic *result =
            &response->results.items[response->results.count++];
        create_partitions_response_topic_init(result);
        result->name = topic->name;
        result->error_code = refusal.code;
        result->error_message = refusal.message;
    }
    key_counts_clear(&answered);
}

void topic_control_add_partitions(struct controller_decision *decision,
                                  const struct create_partitions_request *request,
                                  struct create_partitions_response *response)
{
    struct key_counts names;
    size_t records_before = decision->records->count;

    response->results.count = 0;
    response->results.items = arena_allocate_array(decision->arena, request->topics.count,
                                                   sizeof(*response->results.items));
    if (response->results.items == NULL) {
        return; /* The arena remembers. */
    }
    key_counts_init(&names, decision->arena);
    for (size_t i = 0; i < request->topics.count; i++) {
        (void)key_counts_add(&names, text_key(request->topics.items[i].name));
    }
    add_partitions_all(decision, request, &names, response);
    key_counts_clear(&names);
    if (request->validate_only) {
        decision->records->count = records_before;
    }
}
