/* Metadata of a broker: the controller on shard 0, and this broker's place in the cluster.
 *
 *   open -> shards run -> registered (retried until there is an active controller)
 *        -> every shard has taken over the image with this broker in it -> ready */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "broker/broker_adoption.h"
#include "broker/broker_parts.h"
#include "broker/config/topic_config.h"
#include "proto/generated/broker_registration.h"
#include "proto/wire/kafka_error.h"

#define METADATA_PARTITION "__cluster_metadata-0"
#define PATH_SIZE_MAX      4096

#define REGISTRATION_ARENA_SIZE_MAX ((size_t)256 * 1024)

/* Without an active controller the registration is tried again so often, and so long. */
#define REGISTRATION_RETRY_US ((int64_t)5 * 1000)
#define REGISTRATION_US_MAX   ((int64_t)60 * 1000 * 1000)

#define SECURITY_PROTOCOL_PLAINTEXT 0

struct broker_registration {
    struct broker *broker;
    struct arena arena;
    struct controller_errand errand;
    struct broker_registration_request request;
    struct broker_registration_response response;
    struct shard_timer retry_timer;
    int64_t started_us;
    void (*registered)(struct broker *broker);
};

/* ---- the controller ---- */

static void published(void *context, struct metadata_image *image)
{
    struct broker *broker = context;
    broker_adoption_reconcile(broker->adoption);
    controller_client_publish(broker->controller_client, image);
}

static void controller_failed(void *context, const struct error *error)
{
    struct error wrapped = *error;
    status_ignore(error_wrap(&wrapped, "metadata log")); /* It is handed on. */
    broker_fail(context, &wrapped);
}

enum status broker_open_controller(struct broker *broker, struct error *error)
{
    const struct broker_config *config = broker->options.config;
    struct text directory = broker_config_text(config, CONFIG_METADATA_LOG_DIR);
    if (directory.size == 0) {
        directory = text_of(log_directory_path(log_keeper_directory(broker->log_keeper, 0)));
    }
    char path[PATH_SIZE_MAX];
    int length = snprintf(path, sizeof path, "%.*s/" METADATA_PARTITION, TEXT_ARGUMENTS(directory));
    if (length < 0 || length >= PATH_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "metadata.log.dir is longer than %d bytes",
                         PATH_SIZE_MAX);
    }
    struct controller_options options = {
        .directory = path,
        .node_id = broker->units[0].part.node_id,
        .cluster_id = log_keeper_cluster_id(broker->log_keeper).data,
        .files = broker->options.files,
        .queue = broker->units[0].disk_queue,
        .clock = broker->options.clock,
        .random = broker->options.random,
        .diagnostics = broker->options.diagnostics,
        .config_check = topic_config_check,
        .config_list_default = topic_config_list_default,
        .default_partitions_count = (int32_t)broker_config_integer(config, CONFIG_NUM_PARTITIONS),
        .default_replication_factor =
            (int16_t)broker_config_integer(config, CONFIG_DEFAULT_REPLICATION_FACTOR),
    };
    struct controller_events events = {
        .published = published, .failed = controller_failed, .context = broker};
    if (controller_open(&options, events, &broker->controller, error) != STATUS_OK) {
        return error_wrap(error, "metadata log");
    }
    controller_client_set_controller(broker->controller_client, broker->controller);
    return STATUS_OK;
}

void broker_close_controller(struct broker *broker)
{
    controller_close(broker->controller);
    broker->controller = NULL;
    if (broker->controller_client != NULL) {
        controller_client_set_controller(broker->controller_client, NULL);
    }
    broker_adoption_destroy(broker->adoption);
    broker->adoption = NULL;
    if (broker->registration != NULL) {
        arena_clear(&broker->registration->arena);
        free(broker->registration);
        broker->registration = NULL;
    }
}

static void tick(struct shard *shard, struct shard_timer *timer)
{
    struct broker *broker = CONTAINER_OF(timer, struct broker, controller_timer);
    int64_t next_us = controller_tick(broker->controller, shard_now_us(shard));
    if (shard_timer_start(shard, timer, next_us, tick) != STATUS_OK) {
        struct error error;
        status_ignore(error_set(&error, STATUS_NO_MEMORY, "no memory for the controller's timer"));
        broker_fail(broker, &error);
    }
}

/* ---- registration ---- */

static enum status fill_listeners(struct broker_registration *registration)
{
    struct broker *broker = registration->broker;
    struct broker_registration_request *request = &registration->request;
    struct broker_registration_request_listener *items =
        arena_allocate_array(&registration->arena, broker->endpoints.count, sizeof *items);
    if (items == NULL) {
        return STATUS_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < broker->endpoints.count; i++) {
        const struct endpoint *endpoint = &broker->endpoints.items[i];
        const struct endpoint *advertised =
            endpoints_find(&broker->advertised_endpoints, endpoint->name);
        /* Nothing advertised: "" stands for the address that a client dialled. */
        items[count++] = (struct broker_registration_request_listener){
            .name = endpoint->name,
            .host = advertised != NULL ? advertised->host : TEXT_LITERAL(""),
            .port = advertised != NULL && advertised->port != 0
                        ? advertised->port
                        : listeners_port(broker->listeners, i),
            .security_protocol = SECURITY_PROTOCOL_PLAINTEXT,
        };
    }
    request->listeners.items = items;
    request->listeners.count = count;
    return STATUS_OK;
}

static enum status fill_directories(struct broker_registration *registration)
{
    struct broker *broker = registration->broker;
    struct broker_registration_request *request = &registration->request;
    size_t count = log_keeper_directories_count(broker->log_keeper);
    struct uuid *items = arena_allocate_array(&registration->arena, count, sizeof *items);
    if (items == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = log_directory_identity(log_keeper_directory(broker->log_keeper, i)).directory_id;
    }
    request->log_dirs.items = items;
    request->log_dirs.count = count;
    return STATUS_OK;
}

static void submit(struct broker_registration *registration);

static void try_again(struct shard *shard, struct shard_timer *timer)
{
    (void)shard;
    submit(CONTAINER_OF(timer, struct broker_registration, retry_timer));
}

static void answered(struct controller_errand *errand)
{
    struct broker_registration *registration =
        CONTAINER_OF(errand, struct broker_registration, errand);
    struct broker *broker = registration->broker;
    struct shard *shard = broker->units[0].shard;
    struct error error;
    int16_t code = registration->response.error_code;
    if (errand->command.status == STATUS_OK && code == KAFKA_NONE) {
        if (broker->adoption != NULL) {
            broker_adoption_run(broker->adoption, registration->registered);
        } else {
            registration->registered(broker);
        }
        return;
    }
    if (errand->command.status == STATUS_OK) {
        status_ignore(error_set(&error, STATUS_DENIED, "this broker was not registered: %s",
                                kafka_error_text(code)));
    } else {
        error = errand->command.error;
        int64_t retry_us = shard_now_us(shard) + REGISTRATION_RETRY_US;
        if (retry_us - registration->started_us < REGISTRATION_US_MAX &&
            errand->command.status != STATUS_STOPPING &&
            shard_timer_start(shard, &registration->retry_timer, retry_us, try_again) ==
                STATUS_OK) {
            return;
        }
        status_ignore(error_wrap(&error, "register this broker")); /* It is handed on. */
    }
    if (broker->stop_requests == 0) {
        broker_fail(broker, &error);
    }
}

static void submit(struct broker_registration *registration)
{
    struct broker *broker = registration->broker;
    struct controller_errand *errand = &registration->errand;
    *errand = (struct controller_errand){
        .command =
            {
                .kind = CONTROLLER_REGISTER_BROKER,
                .request = &registration->request,
                .response = &registration->response,
                .arena = &registration->arena,
            },
        .done = answered,
    };
    broker_registration_response_init(&registration->response);
    controller_client_submit(broker->controller_client, &broker->units[0].part, errand);
}

static enum status prepare(struct broker *broker, struct broker_registration *registration)
{
    const struct broker_config *config = broker->options.config;
    struct broker_registration_request *request = &registration->request;
    registration->broker = broker;
    arena_init(&registration->arena, REGISTRATION_ARENA_SIZE_MAX);
    broker_registration_request_init(request);
    request->broker_id = broker->units[0].part.node_id;
    request->cluster_id = log_keeper_cluster_id(broker->log_keeper);
    request->incarnation_id = uuid_random(broker->options.random);
    request->rack = broker_config_text(config, CONFIG_BROKER_RACK);
    request->previous_broker_epoch = -1;
    return fill_listeners(registration) == STATUS_OK ? fill_directories(registration)
                                                     : STATUS_NO_MEMORY;
}

void broker_start_metadata(struct broker *broker, void (*registered)(struct broker *broker))
{
    struct shard *shard = broker->units[0].shard;
    struct broker_registration *registration = calloc(1, sizeof *registration);
    broker->registration = registration;
    if (registration == NULL || prepare(broker, registration) != STATUS_OK) {
        struct error error;
        status_ignore(error_set(&error, STATUS_NO_MEMORY, "no memory to register this broker"));
        broker_fail(broker, &error);
        return;
    }
    struct error error;
    if (broker_adoption_plan(broker, &broker->adoption, &error) != STATUS_OK) {
        broker_fail(broker, &error);
        return;
    }
    registration->registered = registered;
    registration->started_us = shard_now_us(shard);
    controller_client_publish(broker->controller_client, controller_image(broker->controller));
    tick(shard, &broker->controller_timer);
    submit(registration);
}

void broker_stop_metadata(struct broker *broker)
{
    struct shard *shard = broker->units[0].shard;
    shard_timer_stop(shard, &broker->controller_timer);
    if (broker->registration != NULL) {
        shard_timer_stop(shard, &broker->registration->retry_timer);
    }
}
