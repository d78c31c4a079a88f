#include "replication/controller/controller.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "replication/controller/controller_core.h"
#include "replication/metadata/metadata_apply.h"
#include "replication/metadata/metadata_snapshot.h"
#include "replication/quorum/quorum_driver.h"

/* For the records of one decision. */
#define DECISION_ARENA_SIZE_MAX ((size_t)256 << 20)

/* A command that was decided and waits until what it depends on is committed: its own entry, or,
 * without records of its own, the last one that the decision could see. */
struct decided_command {
    struct decided_command *next;
    struct controller_command *command; /* NULL when it was answered already (lost leadership). */
    uint64_t index;                     /* Of the entry to wait for. */
    uint64_t term;
    struct metadata_image *image; /* One reference; NULL without records. */
};

struct controller {
    struct controller_settings settings;
    char *cluster_id;
    struct random *random;
    struct diagnostic_sink *diagnostics;
    struct disk_queue *queue;
    struct controller_events events;
    struct quorum_driver *driver;

    struct metadata_image *image;    /* Committed. */
    struct metadata_image *decided;  /* The newest, with what is on its way. */
    struct metadata_builder *replay; /* Collects committed entries of others; NULL: none. */
    uint64_t applied_index;
    uint64_t active_from; /* As leader: decisions need all entries up to here. */
    bool was_leader;
    bool has_news; /* The committed image has changed and was not published. */
    bool is_open;

    struct decided_command *waiting; /* In the order of their entries. */
    struct decided_command **waiting_last;
    struct controller_command *completed; /* To be told. */
    struct controller_command **completed_last;
    bool is_completing;
    struct disk_operation wake; /* Tells what is completed when nothing else would. */
    bool is_waking;

    struct arena arena; /* Of the decision at hand. */
    bool is_submitting; /* done() has to wait until controller_submit() has returned. */
    bool is_closing;
    bool has_failed;
    struct error failure; /* With has_failed. */
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the controller");
}

/* -- completing ---------------------------------------------------------------------------------
 */

static void complete(struct controller *controller, struct controller_command *command)
{
    command->next = NULL;
    *controller->completed_last = command;
    controller->completed_last = &command->next;
}

static void complete_with(struct controller *controller, struct controller_command *command,
                          const struct error *error)
{
    command->status = error->status;
    command->error = *error;
    complete(controller, command);
}

/* Tells everybody, outside of every step: done() may submit the next command. */
static void tell_completed(struct controller *controller)
{
    if (controller->is_completing) {
        return;
    }
    controller->is_completing = true;
    while (controller->completed != NULL) {
        struct controller_command *command = controller->completed;
        controller->completed = command->next;
        if (controller->completed == NULL) {
            controller->completed_last = &controller->completed;
        }
        command->next = NULL;
        command->done(command);
    }
    controller->is_completing = false;
}

static void release_decided(struct decided_command *decided)
{
    metadata_image_release(decided->image);
    free(decided);
}

static struct decided_command *take_first_waiting(struct controller *controller)
{
    struct decided_command *decided = controller->waiting;

    controller->waiting = decided->next;
    if (controller->waiting == NULL) {
        controller->waiting_last = &controller->waiting;
    }
    return decided;
}

static void complete_waiting(struct controller *controller)
{
    while (controller->waiting != NULL && controller->waiting->index <= controller->applied_index) {
        struct decided_command *decided = take_first_waiting(controller);
        complete(controller, decided->command);
        release_decided(decided);
    }
}

/* Nothing that waits can be told whether it happened. */
static void abandon_waiting(struct controller *controller, const struct error *error)
{
    while (controller->waiting != NULL) {
        struct decided_command *decided = take_first_waiting(controller);
        complete_with(controller, decided->command, error);
        release_decided(decided);
    }
    metadata_image_release(controller->decided);
    controller->decided = metadata_image_retain(controller->image);
}

static enum status wake_call(void *context, struct error *error)
{
    (void)context;
    (void)error;
    return STATUS_OK;
}

static void wake_done(struct disk_operation *operation)
{
    struct controller *controller = operation->context;

    controller->is_waking = false;
    if (!controller->is_closing) {
        tell_completed(controller);
    }
}

/* done() may not be called from within controller_submit(): the disk queue calls back. */
static void wake_later(struct controller *controller)
{
    if (controller->is_waking || controller->is_completing || controller->completed == NULL) {
        return;
    }
    memset(&controller->wake, 0, sizeof(controller->wake));
    controller->wake.kind = DISK_CALL;
    controller->wake.call = wake_call;
    controller->wake.done = wake_done;
    controller->wake.context = controller;
    controller->is_waking = true;
    controller->queue->submit(controller->queue, &controller->wake);
    controller->queue->kick(controller->queue);
}

/* -- what the quorum says -----------------------------------------------------------------------
 */

static void set_image(struct controller *controller, struct metadata_image *image)
{
    metadata_image_release(controller->image);
    controller->image = image;
    controller->has_news = true;
}

/* Makes an image of the entries that were collected. */
static enum status finish_replay(struct controller *controller, struct error *error)
{
    struct metadata_image *image;

    if (controller->replay == NULL) {
        return STATUS_OK;
    }
    enum status status = metadata_builder_finish(controller->replay,
                                                 (int64_t)controller->applied_index, &image, error);
    metadata_builder_destroy(controller->replay);
    controller->replay = NULL;
    if (status == STATUS_OK) {
        set_image(controller, image);
    }
    return status;
}

static enum status on_applied(void *context, uint64_t index, uint64_t term, struct bytes command,
                              struct error *error)
{
    struct controller *controller = context;
    struct decided_command *decided = controller->waiting;

    /* Commands without records wait for entries before this one. */
    while (decided != NULL && decided->image == NULL) {
        decided = decided->next;
    }
    if (decided != NULL && decided->index == index && decided->term == term) {
        enum status status = finish_replay(controller, error);
        if (status != STATUS_OK) {
            return status;
        }
        set_image(controller, metadata_image_retain(decided->image));
        controller->applied_index = index;
        complete_waiting(controller);
        return STATUS_OK;
    }
    if (controller->replay == NULL) {
        controller->replay = metadata_builder_create(controller->image);
        if (controller->replay == NULL) {
            return no_memory(error);
        }
    }
    controller->applied_index = index;
    return metadata_builder_apply_batch(controller->replay, command, error);
}

static enum status on_restored(void *context, uint64_t index, struct bytes data,
                               struct error *error)
{
    struct controller *controller = context;
    struct metadata_image *image;

    metadata_builder_destroy(controller->replay);
    controller->replay = NULL;
    enum status status = metadata_snapshot_read(data, (int64_t)index, &image, error);
    if (status != STATUS_OK) {
        return error_wrap(error, "snapshot of the metadata");
    }
    controller->applied_index = index;
    set_image(controller, image);
    return STATUS_OK;
}

static enum status on_snapshot(void *context, struct arena *arena, struct bytes *data,
                               struct error *error)
{
    const struct controller *controller = context;

    return metadata_snapshot_write(controller->image, arena, data, error);
}

static void on_failed(void *context, const struct error *error)
{
    struct controller *controller = context;

    controller->has_failed = true;
    controller->failure = *error;
    diagnose(controller->diagnostics, DIAGNOSTIC_ERROR, "controller", "%s", error->text);
    abandon_waiting(controller, error);
    wake_later(controller);
    if (controller->is_open) {
        controller->events.failed(controller->events.context, error);
    }
}

static void leader_changed(struct controller *controller)
{
    bool is_leader = quorum_driver_is_leader(controller->driver);
    struct error error;

    if (controller->was_leader && !is_leader) {
        status_ignore(/* Set for those who wait. */
                      error_set(&error, STATUS_DENIED, "this node is no longer the controller"));
        abandon_waiting(controller, &error);
    }
    if (!controller->was_leader && is_leader) {
        controller->active_from = quorum_driver_last_index(controller->driver);
    }
    controller->was_leader = is_leader;
}

static void on_settled(void *context, bool has_leader_changed)
{
    struct controller *controller = context;
    struct error error;

    if (finish_replay(controller, &error) != STATUS_OK) {
        on_failed(controller, &error);
        return;
    }
    if (controller->waiting == NULL && controller->decided != controller->image) {
        metadata_image_release(controller->decided);
        controller->decided = metadata_image_retain(controller->image);
    }
    if (controller->driver == NULL) {
        return; /* Still opening. */
    }
    if (has_leader_changed) {
        leader_changed(controller);
    }
    if (controller->has_news) {
        controller->has_news = false;
        controller->events.published(controller->events.context, controller->image);
    }
    if (!controller->is_submitting && !controller->is_closing) {
        tell_completed(controller);
    }
}

/* -- opening and closing ------------------------------------------------------------------------
 */

static enum status open_quorum(struct controller *controller,
                               const struct controller_options *options, struct error *error)
{
    const struct quorum_driver_options driver = {
        .storage = {.directory = options->directory,
                    .files = options->files,
                    .queue = options->queue,
                    .diagnostics = options->diagnostics},
        .clock = options->clock,
        .random = options->random,
        .network = NULL,
        .id = (uint64_t)options->node_id + 1,
        .address = "",
        .bootstraps = true,
    };
    const struct quorum_driver_events events = {
        .applied = on_applied,
        .restored = on_restored,
        .snapshot = on_snapshot,
        .settled = on_settled,
        .failed = on_failed,
        .context = controller,
    };
    struct quorum_driver *opened;

    enum status status = quorum_driver_open(&driver, events, &opened, error);
    if (status != STATUS_OK) {
        return status;
    }
    controller->driver = opened;
    if (controller->has_failed) {
        *error = controller->failure;
        return error->status;
    }
    leader_changed(controller);
    controller->has_news = false;
    controller->is_open = true;
    return STATUS_OK;
}

enum status controller_open(const struct controller_options *options,
                            struct controller_events events, struct controller **controller_out,
                            struct error *error)
{
    struct controller *controller = calloc(1, sizeof(*controller));

    ASSERT(options->node_id >= 0);
    ASSERT(options->default_partitions_count > 0 && options->default_replication_factor > 0);
    if (controller == NULL) {
        return no_memory(error);
    }
    controller->completed_last = &controller->completed;
    controller->waiting_last = &controller->waiting;
    controller->random = options->random;
    controller->diagnostics = options->diagnostics;
    controller->queue = options->queue;
    controller->events = events;
    arena_init(&controller->arena, DECISION_ARENA_SIZE_MAX);
    controller->cluster_id = strdup(options->cluster_id);
    controller->image = metadata_image_create_empty();
    controller->decided = metadata_image_retain(controller->image);
    if (controller->cluster_id == NULL || controller->image == NULL) {
        controller_close(controller);
        return no_memory(error);
    }
    controller->settings = (struct controller_settings){
        .cluster_id = text_of(controller->cluster_id),
        .node_id = options->node_id,
        .default_partitions_count = options->default_partitions_count,
        .default_replication_factor = options->default_replication_factor,
        .config_check = options->config_check,
        .config_list_default = options->config_list_default,
        .config_context = options->config_context,
    };
    enum status status = open_quorum(controller, options, error);
    if (status != STATUS_OK) {
        controller_close(controller);
        return status;
    }
    *controller_out = controller;
    return STATUS_OK;
}

void controller_close(struct controller *controller)
{
    struct error error;

    if (controller == NULL) {
        return;
    }
    controller->is_closing = true;
    status_ignore(error_set(&error, STATUS_STOPPING, "the controller is stopping")); /* For those
                                                                                       who wait. */
    abandon_waiting(controller, &error);
    quorum_driver_close(controller->driver);
    while (controller->is_waking) {
        (void)controller->queue->wait(controller->queue);
    }
    tell_completed(controller);
    metadata_builder_destroy(controller->replay);
    metadata_image_release(controller->decided);
    metadata_image_release(controller->image);
    arena_clear(&controller->arena);
    free(controller->cluster_id);
    free(controller);
}

/* -- commands -----------------------------------------------------------------------------------
 */

/* Remembers a decided command behind the entry it waits for. */
static enum status add_waiting(struct controller *controller, struct controller_command *command,
                               uint64_t index, struct metadata_image *image,
                               struct decided_command **added, struct error *error)
{
    struct decided_command *decided = calloc(1, sizeof(*decided));

    if (decided == NULL) {
        return no_memory(error);
    }
    decided->command = command;
    decided->index = index;
    decided->term = quorum_core_term(quorum_driver_core(controller->driver));
    decided->image = image;
    *controller->waiting_last = decided;
    controller->waiting_last = &decided->next;
    *added = decided;
    return STATUS_OK;
}

static void drop_last_waiting(struct controller *controller, struct decided_command *last)
{
    struct decided_command **place = &controller->waiting;

    while (*place != last) {
        place = &(*place)->next;
    }
    *place = NULL;
    controller->waiting_last = place;
    free(last);
}

/* Appends the records of a decision; the command then waits for them. */
static enum status append(struct controller *controller, struct controller_command *command,
                          const struct metadata_records *records, uint64_t index,
                          struct error *error)
{
    struct decided_command *decided;
    struct metadata_image *image;
    struct bytes batch;
    uint64_t submitted_index;
    uint64_t submitted_term;

    enum status status =
        metadata_apply(controller->decided, records, (int64_t)index, &image, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = metadata_records_encode(records, &controller->arena, &batch, error);
    if (status == STATUS_OK) {
        status = add_waiting(controller, command, index, image, &decided, error);
    }
    if (status != STATUS_OK) {
        metadata_image_release(image);
        return status;
    }
    struct metadata_image *before = controller->decided;
    controller->decided = metadata_image_retain(image);
    status =
        quorum_driver_submit(controller->driver, batch, &submitted_index, &submitted_term, error);
    if (controller->has_failed) {
        metadata_image_release(before);
        return STATUS_OK; /* The command was answered with all others that waited. */
    }
    if (status != STATUS_OK) {
        metadata_image_release(controller->decided);
        controller->decided = before;
        drop_last_waiting(controller, decided);
        metadata_image_release(image);
        return status;
    }
    ASSERT(submitted_index == index);
    metadata_image_release(before);
    return STATUS_OK;
}

static enum status decide(struct controller *controller, struct controller_command *command,
                          struct error *error)
{
    struct metadata_records records;
    uint64_t index = quorum_driver_last_index(controller->driver) + 1;

    arena_reset(&controller->arena);
    metadata_records_init(&records, &controller->arena);
    struct controller_decision decision = {
        .image = controller->decided,
        .settings = &controller->settings,
        .random = controller->random,
        .offset = (int64_t)index,
        .arena = command->arena,
        .records = &records,
    };
    enum status status = controller_core_decide(&decision, command->kind, command->request,
                                                command->response, error);
    if (status != STATUS_OK) {
        return status;
    }
    command->status = STATUS_OK;
    if (records.count > 0) {
        return append(controller, command, &records, index, error);
    }
    if (controller->waiting == NULL) {
        complete(controller, command);
        return STATUS_OK;
    }
    struct decided_command *decided;
    return add_waiting(controller, command, index - 1, NULL, &decided, error);
}

void controller_submit(struct controller *controller, struct controller_command *command)
{
    struct error error;
    enum status status;

    if (controller->is_closing) {
        status = error_set(&error, STATUS_STOPPING, "the controller is stopping");
    } else if (controller->has_failed) {
        error = controller->failure;
        status = error.status;
    } else if (!controller_is_active(controller)) {
        status = error_set(&error, STATUS_DENIED, "this node is not the controller");
    } else {
        controller->is_submitting = true;
        status = decide(controller, command, &error);
        controller->is_submitting = false;
    }
    if (status != STATUS_OK) {
        complete_with(controller, command, &error);
    }
    wake_later(controller);
}

int64_t controller_tick(struct controller *controller, int64_t now_us)
{
    int64_t next_us = quorum_driver_tick(controller->driver, now_us);

    tell_completed(controller);
    return next_us;
}

struct metadata_image *controller_image(const struct controller *controller)
{
    return controller->image;
}

bool controller_is_active(const struct controller *controller)
{
    return quorum_driver_is_leader(controller->driver) &&
           quorum_core_commit_index(quorum_driver_core(controller->driver)) >=
               controller->active_from;
}
