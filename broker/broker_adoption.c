#include "broker/broker_adoption.h"

#include <stdlib.h>
#include <string.h>

#include "broker/broker_parts.h"
#include "proto/generated/create_topics.h"
#include "proto/wire/kafka_error.h"

#define ADOPTION_ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct broker_adoption {
    struct broker *broker;
    struct arena arena;
    struct controller_errand errand;
    struct create_topics_request creation;
    struct create_topics_response created;
    size_t capacity;
    bool is_done;
    void (*done)(struct broker *broker);
};

static void move_stray_aside(void *context, struct text topic, int32_t partition,
                             struct uuid topic_id)
{
    struct broker *broker = context;
    const struct topic_image *image =
        metadata_image_topic(controller_image(broker->controller), topic);
    struct error error;
    (void)topic_id;
    if (image == NULL || (size_t)partition >= image->partitions_count) {
        log_keeper_discard(broker->log_keeper, topic, partition);
    } else if (log_keeper_reconcile(broker->log_keeper, topic, partition, image->id, false,
                                    &error) != STATUS_OK) {
        diagnose(broker->options.diagnostics, DIAGNOSTIC_ERROR, "storage", "%.*s-%d: %s",
                 TEXT_ARGUMENTS(topic), partition, error.text);
    }
}

static bool make_room(struct broker_adoption *adoption)
{
    struct create_topics_request *creation = &adoption->creation;
    if (creation->topics.count < adoption->capacity) {
        return true;
    }
    size_t capacity = adoption->capacity == 0 ? 64 : adoption->capacity * 2;
    struct create_topics_request_topic *items =
        arena_allocate_array(&adoption->arena, capacity, sizeof *items);
    if (items == NULL) {
        return false;
    }
    if (creation->topics.count > 0) {
        memcpy(items, creation->topics.items, creation->topics.count * sizeof *items);
    }
    creation->topics.items = items;
    adoption->capacity = capacity;
    return true;
}

static void add_found(void *context, struct text topic, int32_t partition, struct uuid topic_id)
{
    struct broker_adoption *adoption = context;
    struct create_topics_request *creation = &adoption->creation;
    (void)topic_id;
    for (size_t i = 0; i < creation->topics.count; i++) {
        struct create_topics_request_topic *known = &creation->topics.items[i];
        if (text_equal(known->name, topic)) {
            known->num_partitions =
                partition >= known->num_partitions ? partition + 1 : known->num_partitions;
            return;
        }
    }
    if (!make_room(adoption)) {
        return; /* The arena says so. */
    }
    struct create_topics_request_topic *added = &creation->topics.items[creation->topics.count++];
    create_topics_request_topic_init(added);
    added->name = topic;
    added->num_partitions = partition + 1;
    added->replication_factor = 1;
}

enum status broker_adoption_plan(struct broker *broker, struct broker_adoption **adoption_out,
                                 struct error *error)
{
    *adoption_out = NULL;
    if (metadata_image_topics_count(controller_image(broker->controller)) > 0) {
        log_keeper_visit_found(broker->log_keeper, move_stray_aside, broker);
        return STATUS_OK;
    }
    struct broker_adoption *adoption = calloc(1, sizeof *adoption);
    if (adoption == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory to take over data directories");
    }
    adoption->broker = broker;
    arena_init(&adoption->arena, ADOPTION_ARENA_SIZE_MAX);
    create_topics_request_init(&adoption->creation);
    log_keeper_visit_found(broker->log_keeper, add_found, adoption);
    if (adoption->arena.exhausted) {
        broker_adoption_destroy(adoption);
        return error_set(error, STATUS_LIMIT, "too many topics to take over at once");
    }
    if (adoption->creation.topics.count == 0) {
        broker_adoption_destroy(adoption);
        return STATUS_OK;
    }
    *adoption_out = adoption;
    return STATUS_OK;
}

void broker_adoption_destroy(struct broker_adoption *adoption)
{
    if (adoption == NULL) {
        return;
    }
    arena_clear(&adoption->arena);
    free(adoption);
}

static void report(const struct broker_adoption *adoption)
{
    struct diagnostic_sink *sink = adoption->broker->options.diagnostics;
    for (size_t i = 0; i < adoption->created.topics.count; i++) {
        const struct create_topics_response_topic *topic = &adoption->created.topics.items[i];
        if (topic->error_code == KAFKA_NONE) {
            diagnose(sink, DIAGNOSTIC_INFO, "storage", "took over topic %.*s with %d partitions",
                     TEXT_ARGUMENTS(topic->name), topic->num_partitions);
        } else {
            diagnose(sink, DIAGNOSTIC_ERROR, "storage", "topic %.*s is not taken over: %.*s",
                     TEXT_ARGUMENTS(topic->name), TEXT_ARGUMENTS(topic->error_message));
        }
    }
}

static void created(struct controller_errand *errand)
{
    struct broker_adoption *adoption = CONTAINER_OF(errand, struct broker_adoption, errand);
    adoption->is_done = true;
    if (errand->command.status == STATUS_OK) {
        report(adoption);
        adoption->done(adoption->broker);
        return;
    }
    struct error error = errand->command.error;
    status_ignore(error_wrap(&error, "take over data directories")); /* It is handed on. */
    broker_fail(adoption->broker, &error);
}

void broker_adoption_run(struct broker_adoption *adoption, void (*done)(struct broker *broker))
{
    struct broker *broker = adoption->broker;
    adoption->done = done;
    create_topics_response_init(&adoption->created);
    adoption->errand = (struct controller_errand){
        .command =
            {
                .kind = CONTROLLER_CREATE_TOPICS,
                .request = &adoption->creation,
                .response = &adoption->created,
                .arena = &adoption->arena,
            },
        .done = created,
    };
    controller_client_submit(broker->controller_client, &broker->units[0].part, &adoption->errand);
}

static void reconcile_one(void *context, struct text topic, int32_t partition, struct uuid topic_id)
{
    struct broker *broker = context;
    const struct topic_image *image =
        metadata_image_topic(controller_image(broker->controller), topic);
    struct error error;
    (void)topic_id;
    if (image != NULL && log_keeper_reconcile(broker->log_keeper, topic, partition, image->id, true,
                                              &error) != STATUS_OK) {
        diagnose(broker->options.diagnostics, DIAGNOSTIC_ERROR, "storage",
                 "%.*s-%d is not taken over: %s", TEXT_ARGUMENTS(topic), partition, error.text);
    }
}

void broker_adoption_reconcile(struct broker_adoption *adoption)
{
    if (adoption != NULL && !adoption->is_done) {
        log_keeper_visit_found(adoption->broker->log_keeper, reconcile_one, adoption->broker);
    }
}
