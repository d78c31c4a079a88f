#include "replication/quorum/quorum_core.h"

#include <raft.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "replication/quorum/entry_cache.h"

#define ELECTION_TIMEOUT_MS 1000
#define HEARTBEAT_MS        100

struct quorum_core {
    struct raft raft;
    bool is_started;

    struct entry_cache cache;
    uint64_t applied_index; /* Given out by quorum_core_next_committed(). */
    uint64_t applied_term;

    /* Of the step at hand. */
    struct arena arena;
    struct quorum_message *messages;
    size_t messages_count;
    size_t messages_capacity;

    /* A snapshot that is being installed; raft gets the configuration back. */
    bool is_installing;
    struct raft_snapshot_metadata installing;
    struct raft_buffer installing_data;
};

_Static_assert((int)QUORUM_COMMAND == (int)RAFT_COMMAND &&
                   (int)QUORUM_BARRIER == (int)RAFT_BARRIER &&
                   (int)QUORUM_CHANGE == (int)RAFT_CHANGE,
               "entry types are libraft's");
_Static_assert((int)QUORUM_STANDBY == (int)RAFT_STANDBY && (int)QUORUM_VOTER == (int)RAFT_VOTER &&
                   (int)QUORUM_SPARE == (int)RAFT_SPARE,
               "roles are libraft's");

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the quorum");
}

static enum status raft_failure(struct quorum_core *core, int result, struct error *error)
{
    switch (result) {
    case RAFT_NOMEM:
        return no_memory(error);
    case RAFT_NOTLEADER:
        return error_set(error, STATUS_DENIED, "server %llu does not lead the quorum",
                         core->raft.id);
    case RAFT_CANTCHANGE:
        return error_set(error, STATUS_BUSY, "the quorum is changing its servers already");
    case RAFT_BADID:
    case RAFT_NOTFOUND:
        return error_set(error, STATUS_NOT_FOUND, "the quorum has no such server");
    case RAFT_DUPLICATEADDRESS:
    case RAFT_DUPLICATEID:
        return error_set(error, STATUS_EXISTS, "another server of the quorum has this address");
    case RAFT_MALFORMED:
        return error_set(error, STATUS_MALFORMED, "malformed configuration of the quorum");
    case RAFT_SHUTDOWN:
        return error_set(error, STATUS_CORRUPT,
                         "the quorum's leader contradicts an entry that is committed here");
    default:
        return error_set(error, STATUS_INVALID, "quorum: %s", raft_strerror(result));
    }
}

struct quorum_core *quorum_core_create(uint64_t id, const char *address, unsigned seed)
{
    struct quorum_core *core = calloc(1, sizeof(*core));

    ASSERT(id != QUORUM_SERVER_NONE);
    if (core == NULL) {
        return NULL;
    }
    if (raft_init(&core->raft, NULL, NULL, id, address) != 0) {
        free(core);
        return NULL;
    }
    /* libraft's tracer formats into a static buffer: several servers in a process would race. */
    core->raft.tracer = NULL;
    raft_seed(&core->raft, seed);
    raft_set_pre_vote(&core->raft, true);
    raft_set_max_inflight_entries(&core->raft, QUORUM_MESSAGE_ENTRIES_MAX);
    arena_init(&core->arena, SIZE_MAX);
    quorum_core_set_timeouts(core, ELECTION_TIMEOUT_MS, HEARTBEAT_MS);
    return core;
}

void quorum_core_destroy(struct quorum_core *core)
{
    if (core == NULL) {
        return;
    }
    if (core->is_installing) {
        raft_configuration_close(&core->installing.configuration);
        raft_free(core->installing_data.base);
    }
    raft_close(&core->raft, NULL);
    entry_cache_clear(&core->cache);
    free(core->messages);
    arena_clear(&core->arena);
    free(core);
}

void quorum_core_set_timeouts(struct quorum_core *core, unsigned election_ms, unsigned heartbeat_ms)
{
    ASSERT(!core->is_started);
    raft_set_election_timeout(&core->raft, election_ms);
    raft_set_heartbeat_timeout(&core->raft, heartbeat_ms);
}

/* -- entries ------------------------------------------------------------------------------------
 */

/* Entries that are applied and durable are at hand only for others, and only so much of them. */
static void trim_cache(struct quorum_core *core)
{
    uint64_t done =
        core->applied_index < core->raft.last_stored ? core->applied_index : core->raft.last_stored;

    entry_cache_drop(&core->cache, done,
                     core->raft.configuration.n > 1 ? QUORUM_CACHE_SIZE_MAX : 0);
}

/* Cached entries as a list in the step's arena; NULL when they are not all cached, or without
 * memory. */
static const struct quorum_entry *list_entries(struct quorum_core *core, uint64_t first,
                                               size_t count)
{
    struct quorum_entry *list =
        count == 0 ? NULL : arena_allocate_array(&core->arena, count, sizeof(*list));

    for (size_t i = 0; list != NULL && i < count; i++) {
        if (!entry_cache_get(&core->cache, first + i, &list[i])) {
            return NULL;
        }
    }
    return list;
}

/* -- from libraft's update to effects -----------------------------------------------------------
 */

static struct quorum_message message_out(struct quorum_core *core, const struct raft_message *raft)
{
    struct quorum_message message = {.type = (enum quorum_message_type)raft->type,
                                     .peer = raft->server_id};

    switch (raft->type) {
    case RAFT_APPEND_ENTRIES:
        message.version = raft->append_entries.version;
        message.term = raft->append_entries.term;
        message.index = raft->append_entries.prev_log_index;
        message.index_term = raft->append_entries.prev_log_term;
        message.commit_index = raft->append_entries.leader_commit;
        message.entries_count = raft->append_entries.n_entries;
        message.entries = list_entries(core, message.index + 1, message.entries_count);
        break;
    case RAFT_APPEND_ENTRIES_RESULT:
        message.version = raft->append_entries_result.version;
        message.term = raft->append_entries_result.term;
        message.rejected = raft->append_entries_result.rejected;
        message.index = raft->append_entries_result.last_log_index;
        message.features = raft->append_entries_result.features;
        message.capacity = raft->append_entries_result.capacity;
        break;
    case RAFT_REQUEST_VOTE:
        message.version = raft->request_vote.version;
        message.term = raft->request_vote.term;
        message.index = raft->request_vote.last_log_index;
        message.index_term = raft->request_vote.last_log_term;
        message.disrupts_leader = raft->request_vote.disrupt_leader;
        message.is_pre_vote = raft->request_vote.pre_vote;
        break;
    case RAFT_REQUEST_VOTE_RESULT:
        message.version = raft->request_vote_result.version;
        message.term = raft->request_vote_result.term;
        message.is_granted = raft->request_vote_result.vote_granted;
        message.is_pre_vote = raft->request_vote_result.pre_vote;
        message.features = raft->request_vote_result.features;
        message.capacity = raft->request_vote_result.capacity;
        break;
    case RAFT_INSTALL_SNAPSHOT:
        message.version = raft->install_snapshot.version;
        message.term = raft->install_snapshot.term;
        message.index = raft->install_snapshot.last_index;
        message.index_term = raft->install_snapshot.last_term;
        message.configuration_index = raft->install_snapshot.conf_index;
        break;
    case RAFT_TIMEOUT_NOW:
        message.version = raft->timeout_now.version;
        message.term = raft->timeout_now.term;
        message.index = raft->timeout_now.last_log_index;
        message.index_term = raft->timeout_now.last_log_term;
        break;
    default:
        ASSERT(false);
    }
    return message;
}

static bool add_message(struct quorum_core *core, const struct raft_message *raft)
{
    if (core->messages_count == core->messages_capacity) {
        size_t capacity = core->messages_capacity == 0 ? 8 : core->messages_capacity * 2;
        struct quorum_message *messages =
            realloc(core->messages, capacity * sizeof(*core->messages));
        if (messages == NULL) {
            return false;
        }
        core->messages = messages;
        core->messages_capacity = capacity;
    }
    core->messages[core->messages_count++] = message_out(core, raft);
    return true;
}

static bool take_entries(struct quorum_core *core, const struct raft_update *update,
                         struct quorum_effects *effects)
{
    uint64_t first = update->entries.index;
    size_t count = update->entries.n;
    bool is_cached = true;

    entry_cache_cut(&core->cache, first);
    ASSERT(entry_cache_end(&core->cache) == first);
    for (size_t i = 0; i < count && is_cached; i++) {
        const struct raft_entry *raft = &update->entries.batch[i];
        const struct quorum_entry entry = {
            .term = raft->term,
            .type = (enum quorum_entry_type)raft->type,
            .data = {.data = raft->buf.base, .size = raft->buf.len},
        };
        is_cached = entry_cache_add(&core->cache, &entry);
    }
    raft_free(update->entries.batch[0].batch);
    if (!is_cached) {
        return false;
    }
    effects->entries_first = first;
    effects->entries_count = count;
    effects->entries = list_entries(core, first, count);
    return effects->entries != NULL;
}

static bool take_snapshot(struct quorum_core *core, const struct raft_update *update,
                          struct quorum_effects *effects)
{
    struct raft_buffer configuration;

    core->is_installing = true;
    core->installing = update->snapshot.metadata;
    core->installing_data = update->snapshot.chunk;
    if (raft_configuration_encode(&core->installing.configuration, &configuration) != 0) {
        return false;
    }
    uint8_t *copy = arena_allocate(&core->arena, configuration.len);
    if (copy != NULL) {
        memcpy(copy, configuration.base, configuration.len);
    }
    raft_free(configuration.base);
    effects->installs_snapshot = true;
    effects->snapshot = (struct quorum_snapshot){
        .index = core->installing.index,
        .term = core->installing.term,
        .configuration_index = core->installing.configuration_index,
        .configuration = {.data = copy, .size = configuration.len},
    };
    effects->snapshot_data =
        (struct bytes){.data = core->installing_data.base, .size = core->installing_data.len};
    return copy != NULL;
}

/* One step of libraft; its update goes into the effects. */
static enum status step_raft(struct quorum_core *core, struct raft_event *event,
                             struct quorum_effects *effects, struct error *error)
{
    uint64_t leader_before = quorum_core_leader(core);
    struct raft_update update;
    bool has_memory = true;

    int result = raft_step(&core->raft, event, &update);
    if (result != 0) {
        return raft_failure(core, result, error);
    }
    if ((update.flags & (RAFT_UPDATE_CURRENT_TERM | RAFT_UPDATE_VOTED_FOR)) != 0) {
        effects->saves_state = true;
    }
    if ((update.flags & (RAFT_UPDATE_ENTRIES)) != 0) {
        has_memory = take_entries(core, &update, effects);
    }
    if ((update.flags & (RAFT_UPDATE_SNAPSHOT)) != 0) {
        has_memory = take_snapshot(core, &update, effects) && has_memory;
    }
    if ((update.flags & (RAFT_UPDATE_MESSAGES)) != 0) {
        for (unsigned i = 0; i < update.messages.n && has_memory; i++) {
            has_memory = add_message(core, &update.messages.batch[i]);
        }
    }
    if ((update.flags & (RAFT_UPDATE_STATE)) != 0 || quorum_core_leader(core) != leader_before) {
        effects->changes_leader = true;
    }
    return has_memory ? STATUS_OK : no_memory(error);
}

/* -- events -------------------------------------------------------------------------------------
 */

/* Whether the newest configuration that is stored has this server as its only voter. */
static bool is_only_voter(const struct quorum_core *core, const struct quorum_persisted *persisted)
{
    struct bytes configuration =
        persisted->has_snapshot ? persisted->snapshot.configuration : BYTES_NULL;
    struct raft_configuration servers;
    unsigned voters = 0;
    bool is_voter = false;

    for (size_t i = 0; i < persisted->entries_count; i++) {
        if (persisted->entries[i].type == QUORUM_CHANGE) {
            configuration = persisted->entries[i].data;
        }
    }
    if (configuration.data == NULL) {
        return false;
    }
    union {
        const void *read_only;
        void *base;
    } bytes = {.read_only = configuration.data}; /* Decoding only reads. */
    const struct raft_buffer buffer = {.base = bytes.base, .len = configuration.size};
    if (raft_configuration_decode(&buffer, &servers) != 0) {
        return false;
    }
    for (unsigned i = 0; i < servers.n; i++) {
        voters += servers.servers[i].role == RAFT_VOTER ? 1 : 0;
        is_voter = is_voter || (servers.servers[i].role == RAFT_VOTER &&
                                servers.servers[i].id == core->raft.id);
    }
    raft_configuration_close(&servers);
    return is_voter && voters == 1;
}

/* Copies entries into one block as libraft wants to have them: it frees entries[0].batch. */
static struct raft_entry *raft_entries(struct quorum_core *core, const struct quorum_entry *entries,
                                       size_t count)
{
    struct raft_entry *list = arena_allocate_array(&core->arena, count, sizeof(*list));
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size += entries[i].data.size;
    }
    uint8_t *batch = list == NULL ? NULL : raft_malloc(size + 1);
    if (batch == NULL) {
        return NULL;
    }
    uint8_t *position = batch;
    for (size_t i = 0; i < count; i++) {
        list[i].term = entries[i].term;
        list[i].type = (enum raft_entry_type)entries[i].type;
        list[i].buf.base = position;
        list[i].buf.len = entries[i].data.size;
        list[i].batch = batch;
        if (entries[i].data.size > 0) {
            memcpy(position, entries[i].data.data, entries[i].data.size);
        }
        position += entries[i].data.size;
    }
    return list;
}

static enum status decode_configuration(struct bytes bytes, struct raft_configuration *servers,
                                        struct error *error)
{
    union {
        const void *read_only;
        void *base;
    } memory = {.read_only = bytes.data}; /* Decoding only reads. */
    const struct raft_buffer buffer = {.base = memory.base, .len = bytes.size};

    if (!quorum_configuration_is_valid(bytes) || raft_configuration_decode(&buffer, servers) != 0) {
        return error_set(error, STATUS_MALFORMED, "malformed configuration of the quorum");
    }
    return STATUS_OK;
}

static enum status start(struct quorum_core *core, const struct quorum_event *event,
                         struct quorum_effects *effects, struct error *error)
{
    const struct quorum_persisted *persisted = event->persisted;
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_START};
    struct raft_snapshot_metadata metadata;

    ASSERT(!core->is_started);
    core->is_started = true;
    entry_cache_init(&core->cache, persisted->first_index);
    for (size_t i = 0; i < persisted->entries_count; i++) {
        if (!entry_cache_add(&core->cache, &persisted->entries[i])) {
            return no_memory(error);
        }
    }
    raft.start.term = persisted->term;
    raft.start.voted_for = persisted->voted_for;
    raft.start.start_index = persisted->first_index;
    raft.start.n_entries = (unsigned)persisted->entries_count;
    if (is_only_voter(core, persisted)) {
        raft.start.term++;
        raft.start.voted_for = core->raft.id;
        effects->saves_state = true;
    }
    if (persisted->has_snapshot) {
        metadata.index = persisted->snapshot.index;
        metadata.term = persisted->snapshot.term;
        metadata.configuration_index = persisted->snapshot.configuration_index;
        enum status status =
            decode_configuration(persisted->snapshot.configuration, &metadata.configuration, error);
        if (status != STATUS_OK) {
            return status;
        }
        raft.start.metadata = &metadata;
        core->applied_index = metadata.index;
        core->applied_term = metadata.term;
    }
    if (persisted->entries_count > 0) {
        raft.start.entries = raft_entries(core, persisted->entries, persisted->entries_count);
        if (raft.start.entries == NULL) {
            return no_memory(error);
        }
    }
    enum status status = step_raft(core, &raft, effects, error);
    if (raft.start.entries != NULL && status == STATUS_OK) {
        raft_free(raft.start.entries[0].batch);
    }
    return status;
}

static enum status check_entries(const struct quorum_message *message, struct error *error)
{
    if (message->entries_count > 0 && message->entries == NULL) {
        return error_set(error, STATUS_MALFORMED, "quorum message without its entries");
    }
    for (size_t i = 0; i < message->entries_count; i++) {
        const struct quorum_entry *entry = &message->entries[i];
        if (entry->term == 0 || entry->term > message->term || entry->type < QUORUM_COMMAND ||
            entry->type > QUORUM_CHANGE ||
            (entry->type == QUORUM_CHANGE && !quorum_configuration_is_valid(entry->data))) {
            return error_set(error, STATUS_MALFORMED,
                             "quorum message with an impossible entry, type %d at term %llu",
                             (int)entry->type, (unsigned long long)entry->term);
        }
    }
    return STATUS_OK;
}

/* libraft asserts what its own servers would never send; what comes from a network is checked. */
static enum status check_message(const struct quorum_core *core,
                                 const struct quorum_message *message, struct error *error)
{
    bool is_from_leader = message->type == QUORUM_APPEND || message->type == QUORUM_INSTALL;
    bool is_rival = is_from_leader && core->raft.state == RAFT_LEADER &&
                    message->term == core->raft.current_term;

    if (message->peer == QUORUM_SERVER_NONE || message->peer == core->raft.id ||
        message->term == 0 || message->type < QUORUM_APPEND || message->type > QUORUM_TIMEOUT_NOW ||
        is_rival) {
        return error_set(error, STATUS_MALFORMED,
                         "impossible quorum message of type %d from server %llu at term %llu",
                         (int)message->type, (unsigned long long)message->peer,
                         (unsigned long long)message->term);
    }
    if (message->type == QUORUM_APPEND && (message->index == 0) != (message->index_term == 0)) {
        return error_set(error, STATUS_MALFORMED, "quorum message behind entry %llu of term %llu",
                         (unsigned long long)message->index,
                         (unsigned long long)message->index_term);
    }
    if (message->type == QUORUM_INSTALL && (message->index == 0 || message->index_term == 0)) {
        return error_set(error, STATUS_MALFORMED, "quorum message with a snapshot of nothing");
    }
    return message->type == QUORUM_APPEND ? check_entries(message, error) : STATUS_OK;
}

static enum status append_in(struct quorum_core *core, const struct quorum_message *message,
                             struct raft_append_entries *raft, struct error *error)
{
    raft->version = message->version;
    raft->term = message->term;
    raft->prev_log_index = message->index;
    raft->prev_log_term = message->index_term;
    raft->leader_commit = message->commit_index;
    raft->n_entries = (unsigned)message->entries_count;
    if (message->entries_count > 0) {
        raft->entries = raft_entries(core, message->entries, message->entries_count);
        if (raft->entries == NULL) {
            return no_memory(error);
        }
    }
    return STATUS_OK;
}

static enum status install_in(const struct quorum_message *message,
                              struct raft_install_snapshot *raft, struct error *error)
{
    enum status status = decode_configuration(message->configuration, &raft->conf, error);

    if (status != STATUS_OK) {
        return status;
    }
    raft->version = message->version;
    raft->term = message->term;
    raft->last_index = message->index;
    raft->last_term = message->index_term;
    raft->conf_index = message->configuration_index;
    raft->data.len = message->snapshot_data.size;
    raft->data.base = raft_malloc(raft->data.len + 1);
    if (raft->data.base == NULL) {
        raft_configuration_close(&raft->conf);
        return no_memory(error);
    }
    if (raft->data.len > 0) {
        memcpy(raft->data.base, message->snapshot_data.data, raft->data.len);
    }
    return STATUS_OK;
}

static enum status message_in(struct quorum_core *core, const struct quorum_message *message,
                              struct raft_message *raft, struct error *error)
{
    raft->type = (enum raft_message_type)message->type;
    raft->server_id = message->peer;
    raft->server_address = "";
    for (unsigned i = 0; i < core->raft.configuration.n; i++) {
        if (core->raft.configuration.servers[i].id == message->peer) {
            raft->server_address = core->raft.configuration.servers[i].address;
        }
    }
    switch (message->type) {
    case QUORUM_APPEND:
        return append_in(core, message, &raft->append_entries, error);
    case QUORUM_APPEND_RESULT:
        raft->append_entries_result =
            (struct raft_append_entries_result){.version = message->version,
                                                .term = message->term,
                                                .rejected = message->rejected,
                                                .last_log_index = message->index,
                                                .features = message->features,
                                                .capacity = message->capacity};
        return STATUS_OK;
    case QUORUM_VOTE:
        raft->request_vote = (struct raft_request_vote){.version = message->version,
                                                        .term = message->term,
                                                        .candidate_id = message->peer,
                                                        .last_log_index = message->index,
                                                        .last_log_term = message->index_term,
                                                        .disrupt_leader = message->disrupts_leader,
                                                        .pre_vote = message->is_pre_vote};
        return STATUS_OK;
    case QUORUM_VOTE_RESULT:
        raft->request_vote_result =
            (struct raft_request_vote_result){.version = message->version,
                                              .term = message->term,
                                              .vote_granted = message->is_granted,
                                              .pre_vote = message->is_pre_vote,
                                              .features = message->features,
                                              .capacity = message->capacity};
        return STATUS_OK;
    case QUORUM_INSTALL:
        return install_in(message, &raft->install_snapshot, error);
    case QUORUM_TIMEOUT_NOW:
        raft->timeout_now = (struct raft_timeout_now){.version = message->version,
                                                      .term = message->term,
                                                      .last_log_index = message->index,
                                                      .last_log_term = message->index_term};
        return STATUS_OK;
    default:
        ASSERT(false);
    }
    return STATUS_MALFORMED;
}

static enum status receive(struct quorum_core *core, const struct quorum_event *event,
                           struct quorum_effects *effects, struct error *error)
{
    struct raft_message message;
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_RECEIVE};
    enum status status = check_message(core, event->message, error);

    if (status != STATUS_OK) {
        return status;
    }
    if (core->is_installing && event->message->type == QUORUM_INSTALL) {
        return STATUS_OK; /* The leader sends it again when this one does not work out. */
    }
    memset(&message, 0, sizeof(message));
    status = message_in(core, event->message, &message, error);
    if (status != STATUS_OK) {
        return status;
    }
    raft.receive.message = &message;
    return step_raft(core, &raft, effects, error);
}

static enum status persisted(struct quorum_core *core, const struct quorum_event *event,
                             struct quorum_effects *effects, struct error *error)
{
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_PERSISTED_ENTRIES};
    struct quorum_entry last;

    /* Entries that were replaced while they were being written are not reported: the write of what
     * replaced them is. */
    if (core->is_installing || event->index <= core->raft.last_stored ||
        !entry_cache_get(&core->cache, event->index, &last) || last.term != event->term) {
        return STATUS_OK;
    }
    raft.persisted_entries.index = event->index;
    return step_raft(core, &raft, effects, error);
}

static enum status snapshot_installed(struct quorum_core *core, const struct quorum_event *event,
                                      struct quorum_effects *effects, struct error *error)
{
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_PERSISTED_SNAPSHOT};

    ASSERT(core->is_installing);
    raft.persisted_snapshot.metadata = core->installing;
    raft.persisted_snapshot.last = true;
    entry_cache_reset(&core->cache, core->installing.index + 1);
    core->applied_index = core->installing.index;
    core->applied_term = core->installing.term;
    core->is_installing = false;
    raft_free(core->installing_data.base);
    return step_raft(core, &raft, effects, error);
}

static enum status snapshot_taken(struct quorum_core *core, const struct quorum_event *event,
                                  struct quorum_effects *effects, struct error *error)
{
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_SNAPSHOT};
    struct raft_buffer buffer;

    /* The committed configuration can only be newer than the snapshot's by a change that came
     * since; libraft then keeps its own. */
    raft.snapshot.metadata.index = event->index;
    raft.snapshot.metadata.term = event->term;
    raft.snapshot.metadata.configuration_index = core->raft.configuration_committed_index;
    raft.snapshot.trailing = event->trailing_count;
    if (raft_configuration_encode(&core->raft.configuration_committed, &buffer) != 0) {
        return no_memory(error);
    }
    int result = raft_configuration_decode(&buffer, &raft.snapshot.metadata.configuration);
    raft_free(buffer.base);
    if (result != 0) {
        return no_memory(error);
    }
    return step_raft(core, &raft, effects, error);
}

/* Appends entries as the leader. */
static enum status submit_entries(struct quorum_core *core, int64_t now_ms,
                                  const struct quorum_entry *entries, size_t count,
                                  struct quorum_effects *effects, struct error *error)
{
    struct raft_event raft = {.time = (raft_time)now_ms, .type = RAFT_SUBMIT};

    raft.submit.entries = raft_entries(core, entries, count);
    raft.submit.n = (unsigned)count;
    if (raft.submit.entries == NULL) {
        return no_memory(error);
    }
    void *batch = raft.submit.entries[0].batch;
    enum status status = step_raft(core, &raft, effects, error);
    if (status != STATUS_OK && effects->entries_count == 0) {
        raft_free(batch);
    }
    return status;
}

static enum status submit(struct quorum_core *core, const struct quorum_event *event,
                          struct quorum_effects *effects, struct error *error)
{
    struct quorum_entry *entries =
        arena_allocate_array(&core->arena, event->commands_count, sizeof(*entries));

    ASSERT(event->commands_count > 0);
    if (entries == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < event->commands_count; i++) {
        entries[i] = (struct quorum_entry){
            .term = core->raft.current_term, .type = QUORUM_COMMAND, .data = event->commands[i]};
    }
    return submit_entries(core, event->now_ms, entries, event->commands_count, effects, error);
}

static enum status change_servers(struct quorum_core *core, const struct quorum_event *event,
                                  struct quorum_effects *effects, struct error *error)
{
    struct quorum_server *servers =
        arena_allocate_array(&core->arena, QUORUM_SERVERS_MAX, sizeof(*servers));
    struct quorum_entry entry = {.term = core->raft.current_term, .type = QUORUM_CHANGE};
    size_t place = 0;

    if (servers == NULL) {
        return no_memory(error);
    }
    if (!quorum_core_is_leader(core)) {
        return raft_failure(core, RAFT_NOTLEADER, error);
    }
    size_t count = quorum_core_servers(core, servers, QUORUM_SERVERS_MAX);
    while (place < count && servers[place].id != event->server->id) {
        place++;
    }
    if (event->type == QUORUM_EVENT_REMOVE) {
        if (place == count) {
            return raft_failure(core, RAFT_NOTFOUND, error);
        }
        servers[place] = servers[--count];
    } else {
        if (place == QUORUM_SERVERS_MAX) {
            return error_set(error, STATUS_LIMIT, "a quorum has at most %d servers",
                             QUORUM_SERVERS_MAX);
        }
        servers[place] = *event->server;
        count = place == count ? count + 1 : count;
    }
    enum status status =
        quorum_configuration_encode(servers, count, &core->arena, &entry.data, error);
    if (status != STATUS_OK) {
        return status;
    }
    return submit_entries(core, event->now_ms, &entry, 1, effects, error);
}

static enum status catch_up(struct quorum_core *core, const struct quorum_event *event,
                            struct quorum_effects *effects, struct error *error)
{
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_CATCH_UP};
    raft_index match = 0;

    if (!quorum_core_is_leader(core)) {
        return raft_failure(core, RAFT_NOTLEADER, error);
    }
    if (core->raft.leader_state.promotee_id != 0) {
        return raft_failure(core, RAFT_CANTCHANGE, error);
    }
    if (raft_match_index(&core->raft, event->server->id, &match) != 0) {
        return raft_failure(core, RAFT_NOTFOUND, error);
    }
    raft.catch_up.server_id = event->server->id;
    return step_raft(core, &raft, effects, error);
}

static enum status simple_event(struct quorum_core *core, const struct quorum_event *event,
                                struct quorum_effects *effects, struct error *error)
{
    struct raft_event raft = {.time = (raft_time)event->now_ms, .type = RAFT_TIMEOUT};

    if (event->type == QUORUM_EVENT_TRANSFER) {
        raft.type = RAFT_TRANSFER;
        raft.transfer.server_id = event->server->id;
    }
    return step_raft(core, &raft, effects, error);
}

static enum status step_event(struct quorum_core *core, const struct quorum_event *event,
                              struct quorum_effects *effects, struct error *error)
{
    switch (event->type) {
    case QUORUM_EVENT_START:
        return start(core, event, effects, error);
    case QUORUM_EVENT_RECEIVE:
        return receive(core, event, effects, error);
    case QUORUM_EVENT_PERSISTED:
        return persisted(core, event, effects, error);
    case QUORUM_EVENT_SNAPSHOT_INSTALLED:
        return snapshot_installed(core, event, effects, error);
    case QUORUM_EVENT_SNAPSHOT_TAKEN:
        return snapshot_taken(core, event, effects, error);
    case QUORUM_EVENT_TIMEOUT:
    case QUORUM_EVENT_TRANSFER:
        return simple_event(core, event, effects, error);
    case QUORUM_EVENT_SUBMIT:
        return submit(core, event, effects, error);
    case QUORUM_EVENT_CHANGE:
    case QUORUM_EVENT_REMOVE:
        return change_servers(core, event, effects, error);
    case QUORUM_EVENT_CATCH_UP:
        return catch_up(core, event, effects, error);
    default:
        ASSERT(false);
    }
    return STATUS_INVALID;
}

/* Tells libraft of every configuration that has become committed. */
static enum status commit_configurations(struct quorum_core *core, uint64_t committed_before,
                                         int64_t now_ms, struct quorum_effects *effects,
                                         struct error *error)
{
    uint64_t committed = raft_commit_index(&core->raft);

    for (uint64_t index = committed_before + 1; index <= committed; index++) {
        struct quorum_entry entry;
        struct raft_event raft = {.time = (raft_time)now_ms, .type = RAFT_CONFIGURATION};
        if (!entry_cache_get(&core->cache, index, &entry) || entry.type != QUORUM_CHANGE) {
            continue;
        }
        enum status status = decode_configuration(entry.data, &raft.configuration.conf, error);
        if (status != STATUS_OK) {
            return status;
        }
        raft.configuration.index = index;
        status = step_raft(core, &raft, effects, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status quorum_core_step(struct quorum_core *core, const struct quorum_event *event,
                             struct quorum_effects *effects, struct error *error)
{
    uint64_t committed_before = raft_commit_index(&core->raft);

    ASSERT(core->is_started || event->type == QUORUM_EVENT_START);
    memset(effects, 0, sizeof(*effects));
    arena_reset(&core->arena);
    core->messages_count = 0;
    trim_cache(core);
    enum status status = step_event(core, event, effects, error);
    if (status == STATUS_OK) {
        status = commit_configurations(core, committed_before, event->now_ms, effects, error);
    }
    effects->term = core->raft.current_term;
    effects->voted_for = core->raft.voted_for;
    effects->messages = core->messages;
    effects->messages_count = core->messages_count;
    return status;
}

/* -- questions ----------------------------------------------------------------------------------
 */

bool quorum_core_next_committed(struct quorum_core *core, uint64_t *index,
                                struct quorum_entry *entry)
{
    if (core->is_installing || core->applied_index >= raft_commit_index(&core->raft)) {
        return false;
    }
    bool is_cached = entry_cache_get(&core->cache, core->applied_index + 1, entry);
    ASSERT(is_cached);
    core->applied_index++;
    core->applied_term = entry->term;
    *index = core->applied_index;
    return true;
}

int64_t quorum_core_timeout_ms(const struct quorum_core *core)
{
    if (core->raft.configuration.n == 0 ||
        (core->raft.configuration.n == 1 && core->raft.state == RAFT_LEADER)) {
        return QUORUM_NEVER_MS;
    }
    return (int64_t)raft_timeout(&core->raft);
}

enum status quorum_core_snapshot(struct quorum_core *core, struct arena *arena,
                                 struct quorum_snapshot *snapshot, struct error *error)
{
    struct raft_buffer buffer;

    ASSERT(core->applied_index == raft_commit_index(&core->raft));
    if (raft_configuration_encode(&core->raft.configuration_committed, &buffer) != 0) {
        return no_memory(error);
    }
    uint8_t *copy = arena_allocate(arena, buffer.len);
    if (copy != NULL) {
        memcpy(copy, buffer.base, buffer.len);
    }
    raft_free(buffer.base);
    if (copy == NULL) {
        return no_memory(error);
    }
    *snapshot = (struct quorum_snapshot){
        .index = core->applied_index,
        .term = core->applied_term,
        .configuration_index = core->raft.configuration_committed_index,
        .configuration = {.data = copy, .size = buffer.len},
    };
    return STATUS_OK;
}

bool quorum_core_is_leader(const struct quorum_core *core)
{
    return core->raft.state == RAFT_LEADER;
}

uint64_t quorum_core_leader(const struct quorum_core *core)
{
    if (core->raft.state == RAFT_LEADER) {
        return core->raft.id;
    }
    return core->raft.state == RAFT_FOLLOWER ? core->raft.follower_state.current_leader.id
                                             : QUORUM_SERVER_NONE;
}

uint64_t quorum_core_term(const struct quorum_core *core)
{
    return core->raft.current_term;
}

uint64_t quorum_core_last_index(const struct quorum_core *core)
{
    return entry_cache_end(&core->cache) - 1;
}

uint64_t quorum_core_commit_index(const struct quorum_core *core)
{
    return raft_commit_index(&core->raft);
}

size_t quorum_core_servers(const struct quorum_core *core, struct quorum_server *servers,
                           size_t servers_max)
{
    size_t count = 0;

    for (unsigned i = 0; i < core->raft.configuration.n && count < servers_max; i++) {
        const struct raft_server *server = &core->raft.configuration.servers[i];
        size_t size = strlen(server->address);
        ASSERT(size < QUORUM_ADDRESS_SIZE_MAX);
        servers[count].id = server->id;
        servers[count].role = (enum quorum_server_role)server->role;
        memcpy(servers[count].address, server->address, size + 1);
        count++;
    }
    return count;
}

bool quorum_core_has_caught_up(const struct quorum_core *core, uint64_t id)
{
    int status = RAFT_CATCH_UP_NONE;

    return raft_catch_up(&core->raft, id, &status) == 0 && status == RAFT_CATCH_UP_FINISHED;
}
