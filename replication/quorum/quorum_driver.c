#include "replication/quorum/quorum_driver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define COMPONENT "quorum"

/* Term of a new cluster's first entry. */
#define FIRST_TERM 1

struct quorum_driver {
    struct quorum_core *core;
    struct quorum_storage *storage;
    struct clock *clock;
    struct peer_network *network;
    struct disk_queue *queue;
    struct diagnostic_sink *diagnostics;
    struct quorum_driver_events events;
    struct arena arena; /* Of what is loaded for messages and snapshots. */
    bool is_stepping;
    bool has_failed;
    bool is_closing;
    bool is_taking_snapshot;
};

static int64_t now_ms(const struct quorum_driver *driver)
{
    return driver->clock->monotonic_us(driver->clock) / 1000;
}

static void fail(struct quorum_driver *driver, const struct error *error)
{
    if (!driver->has_failed) {
        driver->has_failed = true;
        driver->events.failed(driver->events.context, error);
    }
}

/* Fills in what the core left to be loaded. False when it is not there: the other server asks
 * again. */
static bool load_message(struct quorum_driver *driver, struct quorum_message *message,
                         struct error *error)
{
    struct quorum_snapshot snapshot;

    if (message->type == QUORUM_INSTALL) {
        if (quorum_storage_load_snapshot(driver->storage, &driver->arena, &snapshot,
                                         &message->snapshot_data, error) != STATUS_OK) {
            return false;
        }
        message->index = snapshot.index;
        message->index_term = snapshot.term;
        message->configuration = snapshot.configuration;
        message->configuration_index = snapshot.configuration_index;
        return true;
    }
    if (message->type != QUORUM_APPEND || message->entries_count == 0 || message->entries != NULL) {
        return true;
    }
    struct quorum_entry *entries =
        arena_allocate_array(&driver->arena, message->entries_count, sizeof(*entries));
    message->entries = entries;
    return entries != NULL &&
           quorum_storage_load_entries(driver->storage, message->index + 1, message->entries_count,
                                       &driver->arena, entries, &message->entries_count,
                                       error) == STATUS_OK;
}

static void send_messages(struct quorum_driver *driver, const struct quorum_effects *effects)
{
    struct error error = {.status = STATUS_OK};

    for (size_t i = 0; i < effects->messages_count && driver->network != NULL; i++) {
        struct quorum_message message = effects->messages[i];
        arena_reset(&driver->arena);
        if (load_message(driver, &message, &error)) {
            driver->network->send(driver->network, &message);
        } else {
            diagnose(driver->diagnostics, DIAGNOSTIC_WARNING, COMPONENT,
                     "no message to server %" PRIu64 ": %s", message.peer, error.text);
        }
    }
}

static enum status apply_committed(struct quorum_driver *driver, struct error *error)
{
    struct quorum_entry entry;
    uint64_t index;

    while (quorum_core_next_committed(driver->core, &index, &entry)) {
        if (entry.type != QUORUM_COMMAND) {
            continue;
        }
        enum status status =
            driver->events.applied(driver->events.context, index, entry.term, entry.data, error);
        if (status != STATUS_OK) {
            return error_wrap(error, "apply entry %" PRIu64, index);
        }
    }
    return STATUS_OK;
}

/* What the core decided, in the order that Raft demands. */
static enum status carry_out(struct quorum_driver *driver, const struct quorum_effects *effects,
                             struct error *error)
{
    enum status status = STATUS_OK;

    if (effects->saves_state) {
        status =
            quorum_storage_save_state(driver->storage, effects->term, effects->voted_for, error);
    }
    if (status == STATUS_OK && effects->entries_count > 0) {
        status = quorum_storage_append(driver->storage, effects->entries_first, effects->entries,
                                       effects->entries_count, error);
    }
    if (status == STATUS_OK && effects->installs_snapshot) {
        status = quorum_storage_install_snapshot(driver->storage, &effects->snapshot,
                                                 effects->snapshot_data, error);
        if (status == STATUS_OK) {
            status = driver->events.restored(driver->events.context, effects->snapshot.index,
                                             effects->snapshot_data, error);
        }
    }
    if (status == STATUS_OK) {
        send_messages(driver, effects);
        status = apply_committed(driver, error);
    }
    return status;
}

/* One event and all that follows from it. The status is the core's answer to the event; what goes
 * wrong afterwards is a failure for good. */
static enum status drive(struct quorum_driver *driver, const struct quorum_event *event,
                         struct error *error)
{
    struct quorum_effects effects;
    struct error failure;

    if (driver->has_failed) {
        return error_set(error, STATUS_IO, "this server has left the quorum after a failure");
    }
    ASSERT(!driver->is_stepping);
    driver->is_stepping = true;
    enum status answer = quorum_core_step(driver->core, event, &effects, error);
    enum status status = answer == STATUS_OK ? carry_out(driver, &effects, &failure) : STATUS_OK;
    bool leader_changed = effects.changes_leader;
    if (answer == STATUS_OK && status == STATUS_OK && effects.installs_snapshot) {
        const struct quorum_event installed = {.type = QUORUM_EVENT_SNAPSHOT_INSTALLED,
                                               .now_ms = now_ms(driver)};
        status = quorum_core_step(driver->core, &installed, &effects, &failure);
        status = status == STATUS_OK ? carry_out(driver, &effects, &failure) : status;
        leader_changed = leader_changed || effects.changes_leader;
    }
    driver->is_stepping = false;
    if (status != STATUS_OK) {
        fail(driver, &failure);
        return answer;
    }
    quorum_storage_kick(driver->storage);
    if (answer == STATUS_OK) {
        driver->events.settled(driver->events.context, leader_changed);
    }
    return answer;
}

/* An event whose refusal means that this server cannot go on. */
static void drive_or_fail(struct quorum_driver *driver, const struct quorum_event *event)
{
    struct error error;

    if (!driver->has_failed && drive(driver, event, &error) != STATUS_OK) {
        fail(driver, &error);
    }
}

static void take_snapshot(struct quorum_driver *driver)
{
    struct quorum_snapshot snapshot;
    struct bytes data;
    struct error error;
    struct arena arena; /* Messages that are sent while the disk is waited for have their own. */

    arena_init(&arena, SIZE_MAX);
    if (driver->events.snapshot(driver->events.context, &arena, &data, &error) != STATUS_OK ||
        quorum_core_snapshot(driver->core, &arena, &snapshot, &error) != STATUS_OK) {
        diagnose(driver->diagnostics, DIAGNOSTIC_WARNING, COMPONENT,
                 "no snapshot of the metadata: %s", error.text);
        arena_clear(&arena);
        return;
    }
    struct quorum_server servers[2];
    uint64_t trailing =
        quorum_core_servers(driver->core, servers, 2) > 1 ? QUORUM_TRAILING_COUNT : 0;
    enum status status =
        quorum_storage_take_snapshot(driver->storage, &snapshot, data, trailing, &error);
    arena_clear(&arena);
    if (status != STATUS_OK) {
        fail(driver, &error);
        return;
    }
    const struct quorum_event taken = {.type = QUORUM_EVENT_SNAPSHOT_TAKEN,
                                       .now_ms = now_ms(driver),
                                       .index = snapshot.index,
                                       .term = snapshot.term,
                                       .trailing_count = (unsigned)trailing};
    drive_or_fail(driver, &taken);
}

static void maybe_take_snapshot(struct quorum_driver *driver)
{
    uint64_t limit = 2 * quorum_storage_snapshot_size(driver->storage);

    limit = limit > QUORUM_SNAPSHOT_ENTRIES_SIZE_MIN ? limit : QUORUM_SNAPSHOT_ENTRIES_SIZE_MIN;
    /* Better when nothing waits for the disk; but a log that is never idle must not grow on. */
    limit *= quorum_storage_is_busy(driver->storage) ? 2 : 1;
    if (driver->has_failed || driver->is_taking_snapshot ||
        quorum_storage_entries_size(driver->storage) < limit) {
        return;
    }
    driver->is_taking_snapshot = true;
    take_snapshot(driver);
    driver->is_taking_snapshot = false;
}

static void on_persisted(void *context, uint64_t index, uint64_t term)
{
    struct quorum_driver *driver = context;
    const struct quorum_event event = {
        .type = QUORUM_EVENT_PERSISTED, .now_ms = now_ms(driver), .index = index, .term = term};

    if (driver->is_stepping || driver->is_closing) {
        return; /* Replacing entries, or closing, waited for the write: the next one reports it. */
    }
    drive_or_fail(driver, &event);
    maybe_take_snapshot(driver);
}

static void on_failed(void *context, const struct error *error)
{
    fail(context, error);
}

static enum status bootstrap(struct quorum_driver *driver,
                             const struct quorum_driver_options *options, struct arena *arena,
                             struct quorum_found *found, struct error *error)
{
    struct quorum_server server = {.id = options->id, .role = QUORUM_VOTER};
    struct quorum_entry *entry = arena_allocate(arena, sizeof(*entry));

    if (strlen(options->address) >= sizeof(server.address)) {
        return error_set(error, STATUS_LIMIT, "address of more than %zu characters",
                         sizeof(server.address) - 1);
    }
    memcpy(server.address, options->address, strlen(options->address) + 1);
    if (entry == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the quorum");
    }
    entry->term = FIRST_TERM;
    entry->type = QUORUM_CHANGE;
    enum status status = quorum_configuration_encode(&server, 1, arena, &entry->data, error);
    if (status == STATUS_OK) {
        status = quorum_storage_bootstrap(driver->storage, entry, error);
    }
    found->persisted.term = FIRST_TERM;
    found->persisted.first_index = 1;
    found->persisted.entries = entry;
    found->persisted.entries_count = 1;
    return status;
}

static enum status open_and_start(struct quorum_driver *driver,
                                  const struct quorum_driver_options *options, struct arena *arena,
                                  struct error *error)
{
    const struct quorum_storage_events events = {
        .persisted = on_persisted, .failed = on_failed, .context = driver};
    struct quorum_found found;
    uint32_t seed;

    enum status status =
        quorum_storage_open(&options->storage, events, arena, &driver->storage, &found, error);
    if (status == STATUS_OK && found.persisted.term == 0 && options->bootstraps) {
        status = bootstrap(driver, options, arena, &found, error);
    }
    if (status == STATUS_OK && found.persisted.has_snapshot) {
        status = driver->events.restored(driver->events.context, found.persisted.snapshot.index,
                                         found.snapshot_data, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    options->random->fill(options->random, &seed, sizeof(seed));
    driver->core = quorum_core_create(options->id, options->address, seed);
    if (driver->core == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the quorum");
    }
    const struct quorum_event start = {
        .type = QUORUM_EVENT_START, .now_ms = now_ms(driver), .persisted = &found.persisted};
    struct quorum_effects effects;
    driver->is_stepping = true;
    status = quorum_core_step(driver->core, &start, &effects, error);
    if (status == STATUS_OK) {
        status = carry_out(driver, &effects, error);
    }
    driver->is_stepping = false;
    if (status == STATUS_OK) {
        quorum_storage_kick(driver->storage);
        driver->events.settled(driver->events.context, effects.changes_leader);
    }
    return status;
}

enum status quorum_driver_open(const struct quorum_driver_options *options,
                               struct quorum_driver_events events,
                               struct quorum_driver **driver_out, struct error *error)
{
    struct quorum_driver *driver = calloc(1, sizeof(*driver));
    struct arena arena;

    if (driver == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the quorum");
    }
    driver->clock = options->clock;
    driver->network = options->network;
    driver->queue = options->storage.queue;
    driver->diagnostics = options->storage.diagnostics;
    driver->events = events;
    arena_init(&driver->arena, SIZE_MAX);
    arena_init(&arena, SIZE_MAX);
    enum status status = open_and_start(driver, options, &arena, error);
    arena_clear(&arena);
    if (status != STATUS_OK) {
        quorum_driver_close(driver);
        return status;
    }
    *driver_out = driver;
    return STATUS_OK;
}

void quorum_driver_close(struct quorum_driver *driver)
{
    if (driver == NULL) {
        return;
    }
    driver->is_closing = true;
    while (driver->storage != NULL && quorum_storage_is_busy(driver->storage)) {
        (void)driver->queue->wait(driver->queue);
    }
    quorum_storage_close(driver->storage, !driver->has_failed);
    quorum_core_destroy(driver->core);
    arena_clear(&driver->arena);
    free(driver);
}

enum status quorum_driver_submit(struct quorum_driver *driver, struct bytes command,
                                 uint64_t *index, uint64_t *term, struct error *error)
{
    const struct quorum_event event = {.type = QUORUM_EVENT_SUBMIT,
                                       .now_ms = now_ms(driver),
                                       .commands = &command,
                                       .commands_count = 1};

    *index = quorum_core_last_index(driver->core) + 1;
    *term = quorum_core_term(driver->core);
    return drive(driver, &event, error);
}

enum status quorum_driver_change(struct quorum_driver *driver, enum quorum_event_type type,
                                 const struct quorum_server *server, struct error *error)
{
    const struct quorum_event event = {.type = type, .now_ms = now_ms(driver), .server = server};

    ASSERT(type == QUORUM_EVENT_CHANGE || type == QUORUM_EVENT_REMOVE ||
           type == QUORUM_EVENT_CATCH_UP || type == QUORUM_EVENT_TRANSFER);
    return drive(driver, &event, error);
}

void quorum_driver_receive(struct quorum_driver *driver, const struct quorum_message *message)
{
    const struct quorum_event event = {
        .type = QUORUM_EVENT_RECEIVE, .now_ms = now_ms(driver), .message = message};
    struct error error;

    if (driver->has_failed) {
        return;
    }
    enum status status = drive(driver, &event, &error);
    if (status == STATUS_MALFORMED) {
        diagnose(driver->diagnostics, DIAGNOSTIC_WARNING, COMPONENT, "%s", error.text);
    } else if (status != STATUS_OK) {
        fail(driver, &error);
    }
}

int64_t quorum_driver_tick(struct quorum_driver *driver, int64_t now_us)
{
    const struct quorum_event event = {.type = QUORUM_EVENT_TIMEOUT, .now_ms = now_us / 1000};

    if (driver->has_failed) {
        return INT64_MAX;
    }
    int64_t timeout_ms = quorum_core_timeout_ms(driver->core);
    if (timeout_ms != QUORUM_NEVER_MS && timeout_ms <= now_us / 1000) {
        drive_or_fail(driver, &event);
        timeout_ms = quorum_core_timeout_ms(driver->core);
    }
    return timeout_ms == QUORUM_NEVER_MS ? INT64_MAX : timeout_ms * 1000;
}

bool quorum_driver_is_leader(const struct quorum_driver *driver)
{
    return driver->core != NULL && !driver->has_failed && quorum_core_is_leader(driver->core);
}

uint64_t quorum_driver_last_index(const struct quorum_driver *driver)
{
    return quorum_core_last_index(driver->core);
}

const struct quorum_core *quorum_driver_core(const struct quorum_driver *driver)
{
    return driver->core;
}
