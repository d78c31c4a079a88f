/* Consensus on the metadata log: Raft, by libraft's raft_step(), as a pure core.
 *
 *     event  --quorum_core_step-->  effects, to be carried out in this order:
 *
 *       1. term and vote          durable before anything else happens
 *       2. entries                replace everything from their index on; report when durable
 *       3. snapshot to install    report when durable
 *       4. messages               to other servers; may overtake 2 and 3
 *     then quorum_core_next_committed() until it has no more
 *
 * No I/O, no clock, no thread: the driver (quorum_driver.c) has the disk, the network and the time;
 * a test has what it likes. Several cores in one process do not know of each other.
 *
 * Servers are numbered from 1. Times are monotonic milliseconds.
 *
 * A server that is the only voter leads from its start, and begins a new term with every start:
 * what it may have sent to standbys before a crash, and lost itself, is then told apart from what
 * it appends anew (libraft alone would go on in the same term). */
#ifndef REPLICATION_QUORUM_QUORUM_CORE_H
#define REPLICATION_QUORUM_QUORUM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* Servers in one quorum, with standbys. */
#define QUORUM_SERVERS_MAX 64

/* An address, with its zero. */
#define QUORUM_ADDRESS_SIZE_MAX 256

/* Applied entries that are kept at hand for other servers, in bytes; older ones are loaded. */
#define QUORUM_CACHE_SIZE_MAX (1u << 20)

/* Entries of one message. */
#define QUORUM_MESSAGE_ENTRIES_MAX 32

/* No server. */
#define QUORUM_SERVER_NONE 0

/* The time of an event that need not come. */
#define QUORUM_NEVER_MS INT64_MAX

enum quorum_entry_type {
    QUORUM_COMMAND = 1, /* What was submitted. */
    QUORUM_BARRIER = 2, /* A new leader's first, without content. */
    QUORUM_CHANGE = 3,  /* A configuration of servers. */
};

struct quorum_entry {
    uint64_t term;
    enum quorum_entry_type type;
    struct bytes data;
};

enum quorum_server_role {
    QUORUM_STANDBY = 0, /* Has the log, does not vote. */
    QUORUM_VOTER = 1,
    QUORUM_SPARE = 2, /* Known, has no log. */
};

struct quorum_server {
    uint64_t id;
    char address[QUORUM_ADDRESS_SIZE_MAX];
    enum quorum_server_role role;
};

/* What a snapshot stands for. */
struct quorum_snapshot {
    uint64_t index; /* Of the last entry in it. */
    uint64_t term;  /* Of that entry. */
    uint64_t configuration_index;
    struct bytes configuration; /* Encoded. */
};

/* What storage found at start. */
struct quorum_persisted {
    uint64_t term; /* 0 on a new server that waits to be added to a cluster. */
    uint64_t voted_for;
    bool has_snapshot;
    struct quorum_snapshot snapshot;
    uint64_t first_index; /* Of entries[0]; without entries, of the one that comes next. */
    const struct quorum_entry *entries;
    size_t entries_count;
};

enum quorum_message_type {
    QUORUM_APPEND = 1,
    QUORUM_APPEND_RESULT = 2,
    QUORUM_VOTE = 3,
    QUORUM_VOTE_RESULT = 4,
    QUORUM_INSTALL = 5,
    QUORUM_TIMEOUT_NOW = 6,
};

/* One message, flat; behind each field the types that have it. */
struct quorum_message {
    enum quorum_message_type type;
    uint64_t peer;   /* To whom when sent, from whom when received. */
    uint8_t version; /* Of the message; carried as it is. */
    uint64_t term;   /* Of the sender. */
    uint64_t index;  /* APPEND: of the entry before the entries. VOTE, TIMEOUT_NOW: of the sender's
                        last entry. APPEND_RESULT: of the receiver's last one. INSTALL: of the
                        snapshot. */
    uint64_t index_term;                /* Term of that entry. */
    uint64_t commit_index;              /* APPEND */
    uint64_t rejected;                  /* APPEND_RESULT */
    bool disrupts_leader;               /* VOTE */
    bool is_pre_vote;                   /* VOTE, VOTE_RESULT */
    bool is_granted;                    /* VOTE_RESULT */
    uint16_t features;                  /* Results. */
    uint16_t capacity;                  /* Results. */
    const struct quorum_entry *entries; /* APPEND. NULL with a count: the driver loads them. */
    size_t entries_count;
    uint64_t configuration_index; /* INSTALL */
    struct bytes configuration;   /* INSTALL: when sent, the driver loads these two. */
    struct bytes snapshot_data;
};

enum quorum_event_type {
    QUORUM_EVENT_START,     /* First and once: persisted. */
    QUORUM_EVENT_RECEIVE,   /* message */
    QUORUM_EVENT_PERSISTED, /* Entries up to `index`, the last one of `term`, are durable. */
    QUORUM_EVENT_SNAPSHOT_INSTALLED, /* The snapshot of an effect is durable. */
    QUORUM_EVENT_SNAPSHOT_TAKEN,     /* Of all that was applied (quorum_core_snapshot()): index, and
                                        the number of entries before it that storage keeps. */
    QUORUM_EVENT_TIMEOUT,            /* quorum_core_timeout_ms() has come. */
    QUORUM_EVENT_SUBMIT,             /* commands */
    QUORUM_EVENT_CHANGE,             /* server joins or has another role. */
    QUORUM_EVENT_REMOVE,             /* server.id leaves. */
    QUORUM_EVENT_CATCH_UP,           /* Bring server.id up to date before it becomes a voter. */
    QUORUM_EVENT_TRANSFER,           /* server.id is to lead; QUORUM_SERVER_NONE: anybody. */
};

struct quorum_event {
    enum quorum_event_type type;
    int64_t now_ms;
    const struct quorum_persisted *persisted;
    const struct quorum_message *message;
    uint64_t index;
    uint64_t term;
    unsigned trailing_count;
    const struct bytes *commands;
    size_t commands_count;
    const struct quorum_server *server;
};

struct quorum_effects {
    bool saves_state;
    uint64_t term;
    uint64_t voted_for;

    uint64_t entries_first;
    const struct quorum_entry *entries;
    size_t entries_count; /* 0: none. */

    bool installs_snapshot;
    struct quorum_snapshot snapshot;
    struct bytes snapshot_data;

    const struct quorum_message *messages;
    size_t messages_count;

    bool changes_leader; /* This server leads, or does not any more, or knows another leader. */
};

struct quorum_core;

/* A server that has not started. `seed` spreads its timeouts. NULL when out of memory. */
struct quorum_core *quorum_core_create(uint64_t id, const char *address, unsigned seed);

/* Releases everything. NULL is allowed. */
void quorum_core_destroy(struct quorum_core *core);

/* Election timeout (a leader that hears nothing for so long steps down; others wait once to twice
 * as long) and heartbeat interval; before the start. */
void quorum_core_set_timeouts(struct quorum_core *core, unsigned election_ms,
                              unsigned heartbeat_ms);

/* Takes one event. *effects is borrowed until the next step, with all that it points to.
 *
 * STATUS_DENIED       this server does not lead (SUBMIT, CHANGE, REMOVE, CATCH_UP, TRANSFER)
 * STATUS_BUSY         a change of servers is under way
 * STATUS_NOT_FOUND    no such server
 * STATUS_EXISTS       the address is another server's
 * STATUS_MALFORMED    a message that no server of ours sends
 * STATUS_CORRUPT      a leader contradicts what is committed here: take no part any more
 * STATUS_NO_MEMORY    nothing has changed for SUBMIT; otherwise as STATUS_CORRUPT */
MUST_USE enum status quorum_core_step(struct quorum_core *core, const struct quorum_event *event,
                                      struct quorum_effects *effects, struct error *error);

/* The next committed entry that was not given out yet, in order; borrowed until the next step or
 * call. False when there is none. */
bool quorum_core_next_committed(struct quorum_core *core, uint64_t *index,
                                struct quorum_entry *entry);

/* When QUORUM_EVENT_TIMEOUT is due; QUORUM_NEVER_MS while there is nobody to hear from or to speak
 * to. */
int64_t quorum_core_timeout_ms(const struct quorum_core *core);

/* Index and configuration of what was given out by quorum_core_next_committed(), for a snapshot of
 * it. Everything committed must have been given out. The configuration lies in the arena.
 * STATUS_NO_MEMORY. */
MUST_USE enum status quorum_core_snapshot(struct quorum_core *core, struct arena *arena,
                                          struct quorum_snapshot *snapshot, struct error *error);

/* This server leads. */
bool quorum_core_is_leader(const struct quorum_core *core);

/* Who leads, as far as is known; QUORUM_SERVER_NONE. */
uint64_t quorum_core_leader(const struct quorum_core *core);

/* The present term. */
uint64_t quorum_core_term(const struct quorum_core *core);

/* Index of the last entry, durable or not. */
uint64_t quorum_core_last_index(const struct quorum_core *core);

/* Index of the last committed entry. */
uint64_t quorum_core_commit_index(const struct quorum_core *core);

/* Servers of the present configuration, at most `servers_max` of them; returns how many. */
size_t quorum_core_servers(const struct quorum_core *core, struct quorum_server *servers,
                           size_t servers_max);

/* A server that was asked to catch up (QUORUM_EVENT_CATCH_UP) has done so. */
bool quorum_core_has_caught_up(const struct quorum_core *core, uint64_t id);

/* Encodes a configuration: the content of the first entry of every log. The result lies in the
 * arena. STATUS_INVALID for ids of 0 or used twice; STATUS_NO_MEMORY. */
MUST_USE enum status quorum_configuration_encode(const struct quorum_server *servers,
                                                 size_t servers_count, struct arena *arena,
                                                 struct bytes *configuration, struct error *error);

/* Whether the bytes are a configuration: libraft itself trusts them. */
bool quorum_configuration_is_valid(struct bytes configuration);

#endif /* REPLICATION_QUORUM_QUORUM_CORE_H */
