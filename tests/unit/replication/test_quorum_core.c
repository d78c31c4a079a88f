/* Servers in memory that exchange messages: what the core needs of a disk and a network is here,
 * and nothing else. */
#include "replication/quorum/quorum_core.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS_MAX 4
#define LOG_MAX     4096
#define MAIL_MAX    256

#define ELECTION_MS  100
#define HEARTBEAT_MS 20

struct disk_entry {
    uint64_t term;
    enum quorum_entry_type type;
    uint8_t data[256];
    size_t size;
};

struct mail {
    uint64_t to;
    struct quorum_message message;
    struct disk_entry entries[QUORUM_MESSAGE_ENTRIES_MAX];
    struct quorum_entry views[QUORUM_MESSAGE_ENTRIES_MAX];
    uint8_t configuration[512];
    uint8_t snapshot[64];
};

struct server {
    uint64_t id;
    struct quorum_core *core;
    bool is_up;
    bool is_cut_off; /* Nothing reaches it and nothing comes from it. */

    uint64_t term; /* What is durable. */
    uint64_t voted_for;
    struct disk_entry log[LOG_MAX]; /* log[0] is entry first_index. */
    uint64_t first_index;
    size_t log_count;
    bool has_snapshot;
    struct quorum_snapshot snapshot;
    uint8_t configuration[512];
    uint64_t snapshot_sum;

    uint64_t applied_index;
    uint64_t applied_sum; /* Of all commands so far: the state machine. */
};

struct cluster {
    struct server servers[SERVERS_MAX];
    struct mail mail[MAIL_MAX];
    size_t mail_count;
    int64_t now_ms;
    struct arena arena;
};

static struct server *server_of(struct cluster *cluster, uint64_t id)
{
    return &cluster->servers[id - 1];
}

static void copy_entry(struct disk_entry *to, const struct quorum_entry *from)
{
    cr_assert_leq(from->data.size, sizeof(to->data));
    to->term = from->term;
    to->type = from->type;
    to->size = from->data.size;
    if (from->data.size > 0) {
        memcpy(to->data, from->data.data, from->data.size);
    }
}

static struct quorum_entry view_of(const struct disk_entry *entry)
{
    return (struct quorum_entry){.term = entry->term,
                                 .type = entry->type,
                                 .data = {.data = entry->data, .size = entry->size}};
}

/* Posts a message as it would go over a network: a copy, with what the driver loads. */
static void post(struct cluster *cluster, struct server *from, const struct quorum_message *message)
{
    if (cluster->mail_count == MAIL_MAX || from->is_cut_off) {
        return;
    }
    struct mail *mail = &cluster->mail[cluster->mail_count++];
    mail->to = message->peer;
    mail->message = *message;
    mail->message.peer = from->id;
    for (size_t i = 0; i < message->entries_count; i++) {
        uint64_t index = message->index + 1 + i;
        if (message->entries != NULL) {
            copy_entry(&mail->entries[i], &message->entries[i]);
        } else {
            mail->entries[i] = from->log[index - from->first_index];
        }
        mail->views[i] = view_of(&mail->entries[i]);
    }
    mail->message.entries = mail->views;
    if (message->type == QUORUM_INSTALL) {
        cr_assert(from->has_snapshot);
        memcpy(mail->configuration, from->configuration, sizeof(mail->configuration));
        memcpy(mail->snapshot, &from->snapshot_sum, sizeof(from->snapshot_sum));
        mail->message.configuration =
            (struct bytes){.data = mail->configuration, .size = from->snapshot.configuration.size};
        mail->message.snapshot_data =
            (struct bytes){.data = mail->snapshot, .size = sizeof(from->snapshot_sum)};
    }
}

static enum status step(struct cluster *cluster, struct server *server, struct quorum_event event);

static void apply(struct server *server)
{
    struct quorum_entry entry;
    uint64_t index;

    while (quorum_core_next_committed(server->core, &index, &entry)) {
        cr_assert_eq(index, server->applied_index + 1);
        server->applied_index = index;
        for (size_t i = 0; entry.type == QUORUM_COMMAND && i < entry.data.size; i++) {
            server->applied_sum = server->applied_sum * 31 + entry.data.data[i];
        }
    }
}

static void persist(struct cluster *cluster, struct server *server,
                    const struct quorum_effects *effects)
{
    size_t place = (size_t)(effects->entries_first - server->first_index);

    server->log_count = place;
    for (size_t i = 0; i < effects->entries_count; i++) {
        cr_assert_lt(server->log_count, (size_t)LOG_MAX);
        copy_entry(&server->log[server->log_count++], &effects->entries[i]);
    }
    const struct quorum_event event = {.type = QUORUM_EVENT_PERSISTED,
                                       .index = effects->entries_first + effects->entries_count - 1,
                                       .term = effects->entries[effects->entries_count - 1].term};
    cr_assert_eq(step(cluster, server, event), STATUS_OK);
}

static void install(struct cluster *cluster, struct server *server,
                    const struct quorum_effects *effects)
{
    server->has_snapshot = true;
    server->snapshot = effects->snapshot;
    memcpy(server->configuration, effects->snapshot.configuration.data,
           effects->snapshot.configuration.size);
    memcpy(&server->snapshot_sum, effects->snapshot_data.data, sizeof(server->snapshot_sum));
    server->snapshot.configuration.data = server->configuration;
    server->first_index = effects->snapshot.index + 1;
    server->log_count = 0;
    server->applied_index = effects->snapshot.index;
    server->applied_sum = server->snapshot_sum;
    const struct quorum_event event = {.type = QUORUM_EVENT_SNAPSHOT_INSTALLED};
    cr_assert_eq(step(cluster, server, event), STATUS_OK);
}

static enum status step(struct cluster *cluster, struct server *server, struct quorum_event event)
{
    struct quorum_effects effects;
    struct error error;

    event.now_ms = cluster->now_ms;
    enum status status = quorum_core_step(server->core, &event, &effects, &error);
    if (status != STATUS_OK) {
        return status;
    }
    if (effects.saves_state) {
        cr_assert_geq(effects.term, server->term, "terms never go back");
        server->term = effects.term;
        server->voted_for = effects.voted_for;
    }
    for (size_t i = 0; i < effects.messages_count; i++) {
        post(cluster, server, &effects.messages[i]);
    }
    if (effects.entries_count > 0) {
        persist(cluster, server, &effects);
    } else if (effects.installs_snapshot) {
        install(cluster, server, &effects);
    }
    apply(server);
    return STATUS_OK;
}

static void server_start(struct cluster *cluster, struct server *server)
{
    static const char *const addresses[SERVERS_MAX] = {"a:1", "b:2", "c:3", "d:4"};
    struct quorum_entry entries[LOG_MAX];
    struct quorum_persisted persisted = {
        .term = server->term,
        .voted_for = server->voted_for,
        .has_snapshot = server->has_snapshot,
        .snapshot = server->snapshot,
        .first_index = server->first_index,
        .entries = entries,
        .entries_count = server->log_count,
    };

    for (size_t i = 0; i < server->log_count; i++) {
        entries[i] = view_of(&server->log[i]);
    }
    server->core = quorum_core_create(server->id, addresses[server->id - 1],
                                      (unsigned)server->id * 7919u + (unsigned)cluster->now_ms);
    quorum_core_set_timeouts(server->core, ELECTION_MS, HEARTBEAT_MS);
    server->is_up = true;
    server->applied_index = server->has_snapshot ? server->snapshot.index : 0;
    server->applied_sum = server->has_snapshot ? server->snapshot_sum : 0;
    cr_assert_eq(step(cluster, server,
                      (struct quorum_event){.type = QUORUM_EVENT_START, .persisted = &persisted}),
                 STATUS_OK);
}

static void server_crash(struct server *server)
{
    quorum_core_destroy(server->core);
    server->core = NULL;
    server->is_up = false;
}

static struct cluster *cluster_create(size_t voters_count)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    struct quorum_server members[SERVERS_MAX];
    struct bytes configuration;
    struct error error;

    memset(members, 0, sizeof(members));
    arena_init(&cluster->arena, 1 << 20);
    for (size_t i = 0; i < SERVERS_MAX; i++) {
        cluster->servers[i].id = i + 1;
        cluster->servers[i].first_index = 1;
        members[i].id = i + 1;
        members[i].role = QUORUM_VOTER;
        members[i].address[0] = (char)('a' + i);
        members[i].address[1] = ':';
        members[i].address[2] = (char)('1' + i);
    }
    cr_assert_eq(
        quorum_configuration_encode(members, voters_count, &cluster->arena, &configuration, &error),
        STATUS_OK);
    for (size_t i = 0; i < voters_count; i++) {
        struct server *server = &cluster->servers[i];
        server->term = 1;
        server->log_count = 1;
        copy_entry(&server->log[0],
                   &(struct quorum_entry){.term = 1, .type = QUORUM_CHANGE, .data = configuration});
        server_start(cluster, server);
    }
    return cluster;
}

static void cluster_destroy(struct cluster *cluster)
{
    for (size_t i = 0; i < SERVERS_MAX; i++) {
        quorum_core_destroy(cluster->servers[i].core);
    }
    arena_clear(&cluster->arena);
    free(cluster);
}

/* Delivers all mail, and fires the timeouts of `ms` milliseconds one after the other. */
static void run(struct cluster *cluster, int64_t ms)
{
    for (int64_t end = cluster->now_ms + ms; cluster->now_ms < end; cluster->now_ms++) {
        for (size_t i = 0; i < cluster->mail_count; i++) {
            struct mail mail = cluster->mail[i];
            struct server *to = server_of(cluster, mail.to);
            for (size_t j = 0; j < mail.message.entries_count; j++) {
                mail.views[j] = view_of(&mail.entries[j]);
            }
            mail.message.entries = mail.views;
            if (mail.message.type == QUORUM_INSTALL) {
                mail.message.configuration.data = mail.configuration;
                mail.message.snapshot_data.data = mail.snapshot;
            }
            if (to->is_up && !to->is_cut_off) {
                cr_assert_eq(step(cluster, to,
                                  (struct quorum_event){.type = QUORUM_EVENT_RECEIVE,
                                                        .message = &mail.message}),
                             STATUS_OK);
            }
        }
        cluster->mail_count = 0;
        for (size_t i = 0; i < SERVERS_MAX; i++) {
            struct server *server = &cluster->servers[i];
            if (server->is_up && quorum_core_timeout_ms(server->core) <= cluster->now_ms) {
                cr_assert_eq(
                    step(cluster, server, (struct quorum_event){.type = QUORUM_EVENT_TIMEOUT}),
                    STATUS_OK);
            }
        }
    }
}

/* The only leader of the highest term among those that are up; NULL when there is none. */
static struct server *leader_of(struct cluster *cluster)
{
    struct server *leader = NULL;

    for (size_t i = 0; i < SERVERS_MAX; i++) {
        struct server *server = &cluster->servers[i];
        if (!server->is_up || !quorum_core_is_leader(server->core)) {
            continue;
        }
        cr_assert(leader == NULL ||
                      quorum_core_term(leader->core) != quorum_core_term(server->core),
                  "two leaders in one term");
        if (leader == NULL || quorum_core_term(server->core) > quorum_core_term(leader->core)) {
            leader = server;
        }
    }
    return leader;
}

static struct server *elect(struct cluster *cluster)
{
    for (int i = 0; i < 100; i++) {
        run(cluster, 20);
        if (leader_of(cluster) != NULL) {
            return leader_of(cluster);
        }
    }
    cr_assert_fail("no leader after two seconds");
    return NULL;
}

static enum status submit(struct cluster *cluster, struct server *server, const char *command)
{
    const struct bytes bytes = {.data = (const uint8_t *)command, .size = strlen(command)};

    return step(cluster, server,
                (struct quorum_event){
                    .type = QUORUM_EVENT_SUBMIT, .commands = &bytes, .commands_count = 1});
}

static void assert_same_state(struct cluster *cluster, size_t servers_count)
{
    for (size_t i = 1; i < servers_count; i++) {
        cr_assert_eq(cluster->servers[i].applied_index, cluster->servers[0].applied_index,
                     "server %zu", i + 1);
        cr_assert_eq(cluster->servers[i].applied_sum, cluster->servers[0].applied_sum);
    }
}

Test(quorum_core, a_single_voter_leads_at_once_and_needs_no_timer)
{
    struct cluster *cluster = cluster_create(1);
    struct server *server = &cluster->servers[0];

    cr_assert(quorum_core_is_leader(server->core));
    cr_assert_eq(quorum_core_leader(server->core), 1u);
    cr_assert_eq(quorum_core_timeout_ms(server->core), QUORUM_NEVER_MS);
    cr_assert_eq(server->term, 2u);
    cr_assert_eq(submit(cluster, server, "x"), STATUS_OK);
    cr_assert_eq(server->applied_index, 2u);
    cluster_destroy(cluster);
}

Test(quorum_core, a_single_voter_begins_a_new_term_with_every_start)
{
    struct cluster *cluster = cluster_create(1);
    struct server *server = &cluster->servers[0];

    cr_assert_eq(submit(cluster, server, "x"), STATUS_OK);
    uint64_t sum = server->applied_sum;
    server_crash(server);
    server_start(cluster, server);
    cr_assert_eq(server->term, 3u);
    cr_assert_eq(server->applied_sum, sum);
    cr_assert_eq(submit(cluster, server, "y"), STATUS_OK);
    cr_assert_eq(server->log[2].term, 3u);
    cluster_destroy(cluster);
}

Test(quorum_core, three_servers_elect_one_leader_and_agree)
{
    struct cluster *cluster = cluster_create(3);
    struct server *leader = elect(cluster);

    for (int i = 0; i < 100; i++) {
        cr_assert_eq(submit(cluster, leader, "command"), STATUS_OK);
        if (i % 7 == 0) {
            run(cluster, 1);
        }
    }
    run(cluster, 200);
    cr_assert_geq(leader->applied_index, 101u);
    assert_same_state(cluster, 3);
    struct server *follower = &cluster->servers[leader->id % 3];
    cr_assert_eq(quorum_core_leader(follower->core), leader->id);
    cr_assert_eq(submit(cluster, follower, "no"), STATUS_DENIED);
    cluster_destroy(cluster);
}

Test(quorum_core, two_servers_cannot_go_on_without_each_other)
{
    struct cluster *cluster = cluster_create(2);
    struct server *leader = elect(cluster);

    cr_assert_eq(submit(cluster, leader, "both"), STATUS_OK);
    run(cluster, 50);
    uint64_t committed = quorum_core_commit_index(leader->core);
    struct server *other = &cluster->servers[leader->id % 2];
    other->is_cut_off = true;
    cr_assert_eq(submit(cluster, leader, "alone"), STATUS_OK);
    run(cluster, 1000);
    cr_assert_eq(quorum_core_commit_index(leader->core), committed);
    cr_assert_not(quorum_core_is_leader(leader->core), "steps down without a majority");
    other->is_cut_off = false;
    elect(cluster);
    run(cluster, 300);
    cr_assert_gt(quorum_core_commit_index(leader->core), committed);
    assert_same_state(cluster, 2);
    cluster_destroy(cluster);
}

Test(quorum_core, what_an_old_leader_alone_appended_is_replaced)
{
    struct cluster *cluster = cluster_create(3);
    struct server *old = elect(cluster);

    cr_assert_eq(submit(cluster, old, "kept"), STATUS_OK);
    run(cluster, 50);
    uint64_t committed = old->applied_index;
    old->is_cut_off = true;
    cr_assert_eq(submit(cluster, old, "lost-1"), STATUS_OK);
    cr_assert_eq(submit(cluster, old, "lost-2"), STATUS_OK);
    run(cluster, 600);
    struct server *new = leader_of(cluster);
    cr_assert(new != NULL &&new != old);
    cr_assert_eq(submit(cluster, new, "new"), STATUS_OK);
    run(cluster, 50);
    cr_assert_eq(old->applied_index, committed);
    old->is_cut_off = false;
    run(cluster, 500);
    assert_same_state(cluster, 3);
    cr_assert_gt(old->applied_index, committed);
    cluster_destroy(cluster);
}

Test(quorum_core, a_crashed_server_catches_up)
{
    struct cluster *cluster = cluster_create(3);
    struct server *leader = elect(cluster);
    struct server *follower = &cluster->servers[leader->id % 3];

    server_crash(follower);
    for (int i = 0; i < 60; i++) {
        cr_assert_eq(submit(cluster, leader, "while away"), STATUS_OK);
        run(cluster, 1);
    }
    server_start(cluster, follower);
    run(cluster, 500);
    assert_same_state(cluster, 3);
    cluster_destroy(cluster);
}

static void take_snapshot(struct cluster *cluster, struct server *server, unsigned trailing_count)
{
    struct quorum_snapshot snapshot;
    struct error error;

    cr_assert_eq(quorum_core_snapshot(server->core, &cluster->arena, &snapshot, &error), STATUS_OK);
    cr_assert_eq(snapshot.index, server->applied_index);
    server->has_snapshot = true;
    server->snapshot = snapshot;
    server->snapshot_sum = server->applied_sum;
    memcpy(server->configuration, snapshot.configuration.data, snapshot.configuration.size);
    server->snapshot.configuration.data = server->configuration;
    size_t dropped = (size_t)(snapshot.index - trailing_count + 1 - server->first_index);
    memmove(server->log, server->log + dropped,
            (server->log_count - dropped) * sizeof(server->log[0]));
    server->first_index += dropped;
    server->log_count -= dropped;
    cr_assert_eq(step(cluster, server,
                      (struct quorum_event){.type = QUORUM_EVENT_SNAPSHOT_TAKEN,
                                            .index = snapshot.index,
                                            .term = snapshot.term,
                                            .trailing_count = trailing_count}),
                 STATUS_OK);
}

Test(quorum_core, a_server_that_is_far_behind_gets_a_snapshot)
{
    struct cluster *cluster = cluster_create(3);
    struct server *leader = elect(cluster);
    struct server *follower = &cluster->servers[leader->id % 3];

    follower->is_cut_off = true;
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(submit(cluster, leader, "far ahead"), STATUS_OK);
        run(cluster, 1);
    }
    run(cluster, 20);
    leader = leader_of(cluster);
    take_snapshot(cluster, leader, 3);
    follower->is_cut_off = false;
    run(cluster, 2000);
    cr_assert(follower->has_snapshot);
    leader = elect(cluster);
    cr_assert_eq(submit(cluster, leader, "more"), STATUS_OK);
    run(cluster, 300);
    assert_same_state(cluster, 3);
    server_crash(follower);
    server_start(cluster, follower);
    run(cluster, 500);
    assert_same_state(cluster, 3);
    cluster_destroy(cluster);
}

Test(quorum_core, a_single_voter_restarts_from_its_snapshot)
{
    struct cluster *cluster = cluster_create(1);
    struct server *server = &cluster->servers[0];

    for (int i = 0; i < 50; i++) {
        cr_assert_eq(submit(cluster, server, "command"), STATUS_OK);
    }
    take_snapshot(cluster, server, 0);
    cr_assert_eq(submit(cluster, server, "behind it"), STATUS_OK);
    uint64_t sum = server->applied_sum;
    server_crash(server);
    server_start(cluster, server);
    cr_assert(quorum_core_is_leader(server->core));
    cr_assert_eq(server->applied_sum, sum);
    cr_assert_eq(server->log_count, 1u);
    cluster_destroy(cluster);
}

Test(quorum_core, a_server_joins_catches_up_and_votes)
{
    struct cluster *cluster = cluster_create(1);
    struct server *first = &cluster->servers[0];
    struct server *second = &cluster->servers[1];
    struct quorum_server member = {.id = 2, .address = "b:2", .role = QUORUM_SPARE};
    struct quorum_event event = {.type = QUORUM_EVENT_CHANGE, .server = &member};
    struct quorum_server servers[SERVERS_MAX];

    cr_assert_eq(submit(cluster, first, "before"), STATUS_OK);
    server_start(cluster, second);
    cr_assert_eq(quorum_core_timeout_ms(second->core), QUORUM_NEVER_MS, "waits to be added");
    cr_assert_eq(step(cluster, first, event), STATUS_OK);
    event.type = QUORUM_EVENT_CATCH_UP;
    cr_assert_eq(step(cluster, first, event), STATUS_OK);
    cr_assert_eq(step(cluster, first, event), STATUS_BUSY);
    run(cluster, 300);
    cr_assert(quorum_core_has_caught_up(first->core, 2));
    member.role = QUORUM_VOTER;
    event.type = QUORUM_EVENT_CHANGE;
    cr_assert_eq(step(cluster, first, event), STATUS_OK);
    cr_assert_eq(step(cluster, first, event), STATUS_BUSY, "one change at a time");
    run(cluster, 300);
    cr_assert_eq(quorum_core_servers(second->core, servers, SERVERS_MAX), 2u);
    cr_assert_eq(servers[1].role, QUORUM_VOTER);
    cr_assert_str_eq(servers[1].address, "b:2");
    assert_same_state(cluster, 2);

    event.type = QUORUM_EVENT_TRANSFER;
    cr_assert_eq(step(cluster, first, event), STATUS_OK);
    run(cluster, 300);
    cr_assert(quorum_core_is_leader(second->core), "leadership was handed over");
    event.type = QUORUM_EVENT_REMOVE;
    member.id = 1;
    cr_assert_eq(step(cluster, second, event), STATUS_OK);
    run(cluster, 300);
    cr_assert_eq(quorum_core_servers(second->core, servers, SERVERS_MAX), 1u);
    cr_assert_eq(submit(cluster, second, "alone"), STATUS_OK);
    cr_assert_eq(second->applied_index, quorum_core_last_index(second->core));
    cluster_destroy(cluster);
}

Test(quorum_core, changes_are_for_leaders_and_known_servers)
{
    struct cluster *cluster = cluster_create(3);
    struct server *leader = elect(cluster);
    struct server *follower = &cluster->servers[leader->id % 3];
    struct quorum_server member = {.id = 9, .address = "x:9", .role = QUORUM_VOTER};
    struct quorum_event event = {.type = QUORUM_EVENT_CHANGE, .server = &member};

    cr_assert_eq(step(cluster, follower, event), STATUS_DENIED);
    event.type = QUORUM_EVENT_REMOVE;
    cr_assert_eq(step(cluster, leader, event), STATUS_NOT_FOUND);
    event.type = QUORUM_EVENT_CATCH_UP;
    cr_assert_eq(step(cluster, leader, event), STATUS_NOT_FOUND);
    event.type = QUORUM_EVENT_TRANSFER;
    cr_assert_eq(step(cluster, leader, event), STATUS_NOT_FOUND);
    cr_assert_eq(step(cluster, follower, event), STATUS_DENIED);
    cluster_destroy(cluster);
}

Test(quorum_core, impossible_messages_are_refused)
{
    struct cluster *cluster = cluster_create(3);
    struct server *leader = elect(cluster);
    uint64_t term = quorum_core_term(leader->core);
    uint64_t peer = leader->id % 3 + 1;
    const struct quorum_entry no_term = {.term = 0, .type = QUORUM_COMMAND};
    const struct quorum_entry no_servers = {
        .term = 1, .type = QUORUM_CHANGE, .data = {(const uint8_t *)"\1\377", 2}};
    const struct quorum_message messages[] = {
        {.type = QUORUM_APPEND, .peer = peer, .term = term},
        {.type = QUORUM_APPEND, .peer = leader->id, .term = term + 1},
        {.type = QUORUM_APPEND, .peer = 0, .term = term + 1},
        {.type = QUORUM_APPEND, .peer = peer, .term = 0},
        {.type = QUORUM_APPEND, .peer = peer, .term = term + 1, .index = 5},
        {.type = QUORUM_APPEND, .peer = peer, .term = term + 1, .index_term = 5},
        {.type = QUORUM_APPEND, .peer = peer, .term = term + 1, .entries_count = 1},
        {.type = QUORUM_APPEND,
         .peer = peer,
         .term = term + 1,
         .entries = &no_term,
         .entries_count = 1},
        {.type = QUORUM_APPEND,
         .peer = peer,
         .term = term + 1,
         .entries = &no_servers,
         .entries_count = 1},
        {.type = QUORUM_INSTALL, .peer = peer, .term = term},
        {.type = QUORUM_INSTALL, .peer = peer, .term = term + 1},
        {.type = QUORUM_INSTALL, .peer = peer, .term = term + 1, .index = 9, .index_term = 1},
        {.type = (enum quorum_message_type)99, .peer = peer, .term = term},
        {.type = (enum quorum_message_type)0, .peer = peer, .term = term},
    };

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        cr_assert_eq(
            step(cluster, leader,
                 (struct quorum_event){.type = QUORUM_EVENT_RECEIVE, .message = &messages[i]}),
            STATUS_MALFORMED, "message %zu", i);
    }
    cr_assert(quorum_core_is_leader(leader->core));
    cr_assert_eq(quorum_core_term(leader->core), term);
    cluster_destroy(cluster);
}

Test(quorum_core, no_damaged_configuration_is_taken_for_one)
{
    struct quorum_server servers[2] = {{.id = 1, .address = "host:9093", .role = QUORUM_VOTER},
                                       {.id = 2, .address = "other:9093", .role = QUORUM_STANDBY}};
    struct bytes configuration;
    struct arena arena;
    struct error error;

    arena_init(&arena, 1 << 16);
    cr_assert_eq(quorum_configuration_encode(servers, 2, &arena, &configuration, &error),
                 STATUS_OK);
    cr_assert(quorum_configuration_is_valid(configuration));
    for (size_t size = 0; size + 8 <= configuration.size; size++) {
        struct bytes cut = {.data = configuration.data, .size = size};
        cr_assert_not(quorum_configuration_is_valid(cut), "%zu of %zu bytes", size,
                      configuration.size);
    }
    servers[1].id = 1;
    cr_assert_eq(quorum_configuration_encode(servers, 2, &arena, &configuration, &error),
                 STATUS_INVALID);
    arena_clear(&arena);
}

/* Servers crash, are cut off and come back by chance; in the end all agree on all that was ever
 * committed. */
Test(quorum_core, agrees_after_any_history_of_crashes_and_partitions)
{
    for (unsigned seed = 1; seed <= 8; seed++) {
        struct cluster *cluster = cluster_create(3);
        unsigned random = seed * 2654435761u;
        uint64_t committed = 0;

        for (int round = 0; round < 250; round++) {
            random = random * 1664525u + 1013904223u;
            struct server *server = &cluster->servers[(random >> 8) % 3];
            unsigned action = (random >> 16) % 12;
            struct server *leader = leader_of(cluster);
            if (action == 0 && server->is_up) {
                server_crash(server);
            } else if (action <= 2 && !server->is_up) {
                server_start(cluster, server);
            } else if (action == 3) {
                server->is_cut_off = true;
            } else if (action == 4) {
                server->is_cut_off = false;
            } else if (leader != NULL) {
                status_ignore(submit(cluster, leader, "x")); /* It may be deposed just now. */
            }
            run(cluster, (int64_t)((random >> 20) % 60));
            for (size_t i = 0; i < 3; i++) {
                if (cluster->servers[i].applied_index > committed) {
                    committed = cluster->servers[i].applied_index;
                }
            }
        }
        for (size_t i = 0; i < 3; i++) {
            cluster->servers[i].is_cut_off = false;
            if (!cluster->servers[i].is_up) {
                server_start(cluster, &cluster->servers[i]);
            }
        }
        struct server *leader = elect(cluster);
        cr_assert_eq(submit(cluster, leader, "healed"), STATUS_OK);
        run(cluster, 1000);
        cr_assert_gt(cluster->servers[0].applied_index, committed);
        assert_same_state(cluster, 3);
        cluster_destroy(cluster);
    }
}
