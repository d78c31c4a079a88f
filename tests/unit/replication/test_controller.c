#include "replication/controller/controller.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "proto/generated/allocate_producer_ids.h"
#include "proto/generated/broker_registration.h"
#include "proto/generated/create_topics.h"
#include "proto/generated/delete_topics.h"
#include "proto/wire/kafka_error.h"
#include "tests/support/storage/simulated_disk.h"
#include "tests/support/storage/temporary_directory.h"

#define DIRECTORY  "/data/__cluster_metadata-0"
#define CLUSTER_ID "4L6g3nShT-eMCtK--X86sw"

/* One node on a disk: opened, closed, crashed and opened again. */
struct node {
    struct file_system *files;
    struct disk_queue *queue;
    const char *directory;
    struct random_seeded random;
    struct controller *controller;
    struct error error;
    unsigned published_count;
    unsigned failed_count;
};

/* A command with its memory. */
struct call {
    struct controller_command command;
    struct arena arena;
    unsigned done_count;
    unsigned published_before; /* Images published when done() was called. */
    struct node *node;
    union {
        struct create_topics_response create;
        struct delete_topics_response delete;
        struct broker_registration_response registration;
        struct allocate_producer_ids_response ids;
    } response;
};

static void on_published(void *context, struct metadata_image *image)
{
    struct node *node = context;

    cr_assert(image == controller_image(node->controller));
    node->published_count++;
}

static void on_failed(void *context, const struct error *error)
{
    struct node *node = context;

    cr_assert_neq(error->status, STATUS_OK);
    node->failed_count++;
}

static enum status check_config(void *context, enum config_resource_type type, struct text key,
                                struct text value, struct error *error)
{
    (void)context;
    (void)type;
    if (text_equal(key, TEXT_LITERAL("unknown"))) {
        return error_set(error, STATUS_NOT_FOUND, "unknown config");
    }
    return text_equal(value, TEXT_LITERAL("bad")) ? error_set(error, STATUS_INVALID, "bad value")
                                                  : STATUS_OK;
}

static int64_t clock_zero(struct clock *clock)
{
    (void)clock;
    return 0;
}

static struct clock still_clock = {.wall_ms = clock_zero, .monotonic_us = clock_zero};

static enum status node_open(struct node *node)
{
    const struct controller_options options = {
        .directory = node->directory,
        .node_id = 0,
        .cluster_id = CLUSTER_ID,
        .files = node->files,
        .queue = node->queue,
        .clock = &still_clock,
        .random = &node->random.random,
        .config_check = check_config,
        .default_partitions_count = 3,
        .default_replication_factor = 1,
    };
    const struct controller_events events = {
        .published = on_published, .failed = on_failed, .context = node};

    return controller_open(&options, events, &node->controller, &node->error);
}

static void node_init(struct node *node, struct simulated_disk *disk)
{
    memset(node, 0, sizeof(*node));
    node->files = simulated_disk_files(disk);
    node->queue = simulated_disk_queue(disk);
    node->directory = DIRECTORY;
    random_seeded_init(&node->random, 7);
}

static void node_close(struct node *node)
{
    controller_close(node->controller);
    node->controller = NULL;
    while (node->queue->pending(node->queue) > 0) {
        node->queue->wait(node->queue);
    }
    node->queue->close(node->queue);
}

static void on_done(struct controller_command *command)
{
    struct call *call = command->context;

    call->done_count++;
    call->published_before = call->node->published_count;
}

static void call_submit(struct call *call, struct node *node, enum controller_command_kind kind,
                        const void *request)
{
    call->node = node;
    arena_init(&call->arena, 1 << 24);
    call->command.kind = kind;
    call->command.request = request;
    call->command.response = &call->response;
    call->command.arena = &call->arena;
    call->command.done = on_done;
    call->command.context = call;
    controller_submit(node->controller, &call->command);
    cr_assert_eq(call->done_count, 0, "done() must not be called before submit returns");
}

static void call_wait(struct call *call)
{
    while (call->done_count == 0) {
        cr_assert_gt(call->node->queue->pending(call->node->queue), 0u, "nothing is under way");
        call->node->queue->wait(call->node->queue);
    }
    cr_assert_eq(call->done_count, 1);
}

static void call_clear(struct call *call)
{
    arena_clear(&call->arena);
}

static int64_t register_broker(struct node *node, uint8_t incarnation)
{
    struct broker_registration_request_listener listener = {
        .name = TEXT_LITERAL("PLAINTEXT"), .host = TEXT_LITERAL(""), .port = 9092};
    struct uuid directory = {{9, 9, 9}};
    struct broker_registration_request request;
    struct call call = {.done_count = 0};

    broker_registration_request_init(&request);
    request.cluster_id = TEXT_LITERAL(CLUSTER_ID);
    request.incarnation_id.bytes[0] = incarnation;
    request.listeners.items = &listener;
    request.listeners.count = 1;
    request.log_dirs.items = &directory;
    request.log_dirs.count = 1;
    broker_registration_response_init(&call.response.registration);
    call_submit(&call, node, CONTROLLER_REGISTER_BROKER, &request);
    call_wait(&call);
    int64_t epoch = call.response.registration.broker_epoch;
    bool is_good =
        call.command.status == STATUS_OK && call.response.registration.error_code == KAFKA_NONE;
    call_clear(&call);
    return is_good ? epoch : -1;
}

static void create_topic_start(struct call *call, struct node *node,
                               struct create_topics_request *request,
                               struct create_topics_request_topic *topic, const char *name)
{
    create_topics_request_init(request);
    create_topics_request_topic_init(topic);
    topic->name = text_of(name);
    topic->num_partitions = -1;
    topic->replication_factor = -1;
    request->topics.items = topic;
    request->topics.count = 1;
    create_topics_response_init(&call->response.create);
    call_submit(call, node, CONTROLLER_CREATE_TOPICS, request);
}

/* The error code, -2 when the command could not be decided. */
static int create_topic(struct node *node, const char *name)
{
    struct create_topics_request request;
    struct create_topics_request_topic topic;
    struct call call = {.done_count = 0};

    create_topic_start(&call, node, &request, &topic, name);
    call_wait(&call);
    int code =
        call.command.status == STATUS_OK ? call.response.create.topics.items[0].error_code : -2;
    call_clear(&call);
    return code;
}

static int delete_topic(struct node *node, const char *name)
{
    struct delete_topics_request request;
    struct text names = text_of(name);
    struct call call = {.done_count = 0};

    delete_topics_request_init(&request);
    request.topic_names.items = &names;
    request.topic_names.count = 1;
    delete_topics_response_init(&call.response.delete);
    call_submit(&call, node, CONTROLLER_DELETE_TOPICS, &request);
    call_wait(&call);
    int code =
        call.command.status == STATUS_OK ? call.response.delete.responses.items[0].error_code : -2;
    call_clear(&call);
    return code;
}

static bool has_topic(const struct node *node, const char *name)
{
    return metadata_image_topic(controller_image(node->controller), text_of(name)) != NULL;
}

Test(controller, a_new_cluster_is_active_at_once)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct node node;

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK, "%s", node.error.text);
    cr_assert(controller_is_active(node.controller));
    cr_assert_eq(controller_tick(node.controller, 1000000), INT64_MAX);
    cr_assert_eq(metadata_image_topics_count(controller_image(node.controller)), 0u);
    node_close(&node);
    simulated_disk_destroy(disk);
}

Test(controller, a_command_is_done_after_its_image_was_published)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct create_topics_request request;
    struct create_topics_request_topic topic;
    struct call call = {.done_count = 0};
    struct node node;

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK);
    cr_assert_geq(register_broker(&node, 1), 0);
    cr_assert_eq(node.published_count, 1u);
    create_topic_start(&call, &node, &request, &topic, "orders");
    cr_assert_eq(node.published_count, 1u);
    cr_assert_not(has_topic(&node, "orders"));
    call_wait(&call);
    cr_assert_eq(call.published_before, 2u);
    const struct create_topics_response_topic *result = &call.response.create.topics.items[0];
    cr_assert_eq(result->error_code, KAFKA_NONE);
    cr_assert_eq(result->num_partitions, 3);
    cr_assert_eq(result->replication_factor, 1);
    const struct topic_image *image =
        metadata_image_topic(controller_image(node.controller), TEXT_LITERAL("orders"));
    cr_assert_eq(image->partitions_count, 3u);
    cr_assert_eq(image->partitions[2].leader, 0);
    cr_assert(uuid_equal(image->id, result->topic_id));
    call_clear(&call);
    node_close(&node);
    simulated_disk_destroy(disk);
}

Test(controller, commands_are_decided_on_what_is_on_its_way)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct create_topics_request requests[3];
    struct create_topics_request_topic topics[3];
    struct call calls[3] = {{.done_count = 0}};
    struct node node;

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK);
    cr_assert_geq(register_broker(&node, 1), 0);
    create_topic_start(&calls[0], &node, &requests[0], &topics[0], "a");
    create_topic_start(&calls[1], &node, &requests[1], &topics[1], "a");
    create_topic_start(&calls[2], &node, &requests[2], &topics[2], "b");
    call_wait(&calls[2]);
    call_wait(&calls[0]);
    call_wait(&calls[1]);
    cr_assert_eq(calls[0].response.create.topics.items[0].error_code, KAFKA_NONE);
    cr_assert_eq(calls[1].response.create.topics.items[0].error_code, KAFKA_TOPIC_ALREADY_EXISTS);
    cr_assert_eq(calls[2].response.create.topics.items[0].error_code, KAFKA_NONE);
    cr_assert(has_topic(&node, "a") && has_topic(&node, "b"));
    for (int i = 0; i < 3; i++) {
        call_clear(&calls[i]);
    }
    node_close(&node);
    simulated_disk_destroy(disk);
}

Test(controller, everything_is_there_after_a_restart_under_new_epochs)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct node node;

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK);
    int64_t first_epoch = register_broker(&node, 1);
    cr_assert_eq(create_topic(&node, "orders"), KAFKA_NONE);
    cr_assert_eq(create_topic(&node, "gone"), KAFKA_NONE);
    cr_assert_eq(delete_topic(&node, "gone"), KAFKA_NONE);
    cr_assert_eq(delete_topic(&node, "gone"), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    node_close(&node);

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK, "%s", node.error.text);
    cr_assert(controller_is_active(node.controller));
    cr_assert(has_topic(&node, "orders"));
    cr_assert_not(has_topic(&node, "gone"));
    int64_t second_epoch = register_broker(&node, 2);
    cr_assert_gt(second_epoch, first_epoch);
    const struct topic_image *topic =
        metadata_image_topic(controller_image(node.controller), TEXT_LITERAL("orders"));
    cr_assert_eq(topic->partitions[0].leader, 0);
    cr_assert_eq(topic->partitions[0].leader_epoch, 1);
    cr_assert_eq(register_broker(&node, 2), second_epoch, "the same incarnation");
    node_close(&node);
    simulated_disk_destroy(disk);
}

Test(controller, closing_completes_what_is_under_way)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct create_topics_request request;
    struct create_topics_request_topic topic;
    struct call call = {.done_count = 0};
    struct node node;

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK);
    cr_assert_geq(register_broker(&node, 1), 0);
    create_topic_start(&call, &node, &request, &topic, "a");
    node_close(&node);
    cr_assert_eq(call.done_count, 1u);
    cr_assert_eq(call.command.status, STATUS_STOPPING);
    call_clear(&call);
    simulated_disk_destroy(disk);
}

Test(controller, a_failed_write_stops_the_controller_once)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct create_topics_request requests[2];
    struct create_topics_request_topic topics[2];
    struct call calls[2] = {{.done_count = 0}};
    struct node node;

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK);
    cr_assert_geq(register_broker(&node, 1), 0);
    simulated_disk_fail_call(disk, 1, STATUS_IO);
    create_topic_start(&calls[0], &node, &requests[0], &topics[0], "a");
    create_topic_start(&calls[1], &node, &requests[1], &topics[1], "b");
    call_wait(&calls[0]);
    call_wait(&calls[1]);
    cr_assert_eq(calls[0].command.status, STATUS_IO);
    cr_assert_eq(calls[1].command.status, STATUS_IO);
    cr_assert_eq(node.failed_count, 1u);
    cr_assert_not(controller_is_active(node.controller));
    cr_assert_eq(create_topic(&node, "c"), -2);
    cr_assert_not(has_topic(&node, "a"));
    call_clear(&calls[0]);
    call_clear(&calls[1]);
    node_close(&node);
    simulated_disk_destroy(disk);
}

/* What the crash test knows of topics: created or deleted, and acknowledged or not. */
#define HISTORY_STEPS 24

struct history {
    struct node *node;
    char acknowledged[HISTORY_STEPS]; /* 'y' created, 'n' deleted, '?' under way, 0 never. */
    unsigned checked_count;
};

static void topic_name(int number, char name[16])
{
    (void)snprintf(name, 16, "topic-%d", number);
}

/* Opens a node on what would survive a power cut, and checks that nothing acknowledged is lost. */
static void check_survivor(void *context, struct simulated_disk *disk)
{
    struct history *history = context;
    struct simulated_disk *survivor =
        simulated_disk_survivor(disk, simulated_disk_calls(disk) * 31 + 5);
    struct node node;
    char name[16];

    node_init(&node, survivor);
    cr_assert_eq(node_open(&node), STATUS_OK, "%s", node.error.text);
    for (int i = 0; i < HISTORY_STEPS; i++) {
        topic_name(i, name);
        if (history->acknowledged[i] == 'y') {
            cr_assert(has_topic(&node, name), "%s was acknowledged and is lost", name);
        } else if (history->acknowledged[i] == 'n') {
            cr_assert_not(has_topic(&node, name), "%s was deleted and is back", name);
        }
    }
    cr_assert_geq(register_broker(&node, 200), 0);
    cr_assert_eq(create_topic(&node, "after-the-crash"), KAFKA_NONE);
    node_close(&node);
    simulated_disk_destroy(survivor);
    history->checked_count++;
}

Test(controller, a_power_cut_at_any_moment_loses_nothing_acknowledged)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct simulated_disk *disk = simulated_disk_create(seed);
        struct history history = {.checked_count = 0};
        struct node node;
        char name[16];

        node_init(&node, disk);
        simulated_disk_observe(disk, check_survivor, &history);
        cr_assert_eq(node_open(&node), STATUS_OK);
        cr_assert_geq(register_broker(&node, 1), 0);
        for (int i = 0; i < HISTORY_STEPS; i++) {
            topic_name(i, name);
            cr_assert_eq(create_topic(&node, name), KAFKA_NONE);
            history.acknowledged[i] = 'y';
            if (i % 3 == 2) {
                topic_name(i - 1, name);
                history.acknowledged[i - 1] = '?';
                cr_assert_eq(delete_topic(&node, name), KAFKA_NONE);
                history.acknowledged[i - 1] = 'n';
            }
        }
        node_close(&node);
        cr_assert_gt(history.checked_count, 30u);
        simulated_disk_observe(disk, NULL, NULL);
        simulated_disk_destroy(disk);
    }
}

Test(controller, every_call_to_the_disk_may_fail_once)
{
    unsigned failures_count = 0;

    for (uint64_t call = 1;; call++) {
        struct simulated_disk *disk = simulated_disk_create(call);
        uint64_t calls_before = simulated_disk_calls(disk);
        bool acknowledged = false;
        struct node node;

        node_init(&node, disk);
        simulated_disk_fail_call(disk, call, STATUS_IO);
        if (node_open(&node) == STATUS_OK) {
            acknowledged = register_broker(&node, 1) >= 0 && create_topic(&node, "a") == KAFKA_NONE;
        } else {
            cr_assert_neq(node.error.text[0], '\0');
        }
        node_close(&node);
        failures_count += acknowledged ? 0 : 1;
        if (simulated_disk_calls(disk) - calls_before < call) {
            simulated_disk_destroy(disk);
            break; /* All calls have failed once. */
        }
        node_init(&node, disk);
        cr_assert_eq(node_open(&node), STATUS_OK, "after call %d failed: %s", (int)call,
                     node.error.text);
        cr_assert(!acknowledged || has_topic(&node, "a"));
        node_close(&node);
        simulated_disk_destroy(disk);
    }
    cr_assert_gt(failures_count, 5u);
}

Test(controller, a_long_history_becomes_a_snapshot)
{
    struct simulated_disk *disk = simulated_disk_create(1);
    struct node node;
    char name[64];

    node_init(&node, disk);
    cr_assert_eq(node_open(&node), STATUS_OK);
    cr_assert_geq(register_broker(&node, 1), 0);
    for (int round = 0; round < 4000; round++) {
        (void)snprintf(name, sizeof(name), "topic-%d", round % 10);
        cr_assert_eq(create_topic(&node, name), KAFKA_NONE);
        if (round < 3995) {
            cr_assert_eq(delete_topic(&node, name), KAFKA_NONE);
        }
    }
    int64_t offset = metadata_image_offset(controller_image(node.controller));
    node_close(&node);
    node_init(&node, disk);
    uint64_t calls = simulated_disk_calls(disk);
    cr_assert_eq(node_open(&node), STATUS_OK, "%s", node.error.text);
    cr_assert_lt(simulated_disk_calls(disk) - calls, 40u);
    cr_assert_eq(metadata_image_offset(controller_image(node.controller)), offset);
    cr_assert_eq(metadata_image_topics_count(controller_image(node.controller)), 5u);
    cr_assert(has_topic(&node, "topic-9") && has_topic(&node, "topic-5"));
    const struct bytes first_entries =
        simulated_disk_content(disk, DIRECTORY "/entries-00000000000000000001.log");
    cr_assert_null(first_entries.data, "what the snapshot covers is deleted");
    node_close(&node);
    simulated_disk_destroy(disk);
}

Test(controller, works_on_real_files)
{
    struct temporary_directory directory;
    char path[TEMPORARY_DIRECTORY_SIZE + 32];
    struct node node;

    temporary_directory_make(&directory);
    for (int start = 0; start < 2; start++) {
        memset(&node, 0, sizeof(node));
        random_seeded_init(&node.random, 3);
        node.files = file_system_posix();
        node.directory = temporary_path(&directory, "__cluster_metadata-0", path, sizeof(path));
        cr_assert_eq(disk_queue_open(DISK_QUEUE_AUTOMATIC, 16, 1, &node.queue, &node.error),
                     STATUS_OK);
        int64_t begin_us = clock_system()->monotonic_us(clock_system());
        cr_assert_eq(node_open(&node), STATUS_OK, "%s", node.error.text);
        cr_assert_geq(register_broker(&node, (uint8_t)(start + 1)), 0);
        int64_t took_us = clock_system()->monotonic_us(clock_system()) - begin_us;
        cr_log_info("open and register: %lld us", (long long)took_us);
        cr_assert_eq(create_topic(&node, start == 0 ? "a" : "b"), KAFKA_NONE);
        node_close(&node);
    }
    temporary_directory_remove(&directory);
}
