/* Runs quorum_core on a disk (quorum_storage), a network (peer.h) and a clock.
 *
 * Runs on one thread. Callbacks come from within every function here and from the disk queue's
 * reap(); in applied(), restored() and snapshot() the driver must not be called, in settled() it
 * may. */
#ifndef REPLICATION_QUORUM_QUORUM_DRIVER_H
#define REPLICATION_QUORUM_QUORUM_DRIVER_H

#include "base/clock.h"
#include "base/random.h"
#include "replication/peer.h"
#include "replication/quorum/quorum_core.h"
#include "replication/quorum/quorum_storage.h"

/* A snapshot is taken when the entries behind the last one take this much, or twice its size. */
#define QUORUM_SNAPSHOT_ENTRIES_SIZE_MIN (1u << 20)

/* Entries before a snapshot that are kept for servers which are a little behind. */
#define QUORUM_TRAILING_COUNT 1024

struct quorum_driver_options {
    struct quorum_storage_options storage;
    struct clock *clock;
    struct random *random;
    struct peer_network *network; /* NULL: there is nobody else. */
    uint64_t id;                  /* Of this server, from 1. */
    const char *address;          /* Of this server, for the others. */
    bool bootstraps; /* Start a new cluster of this one server when nothing is stored. */
};

struct quorum_driver_events {
    /* A committed command, in order; borrows it. An error stops this server for good. */
    enum status (*applied)(void *context, uint64_t index, uint64_t term, struct bytes command,
                           struct error *error);
    /* A snapshot takes the place of all that was applied. An error as in applied(). */
    enum status (*restored)(void *context, uint64_t index, struct bytes data, struct error *error);
    /* Asks for a snapshot of all that was applied; the result lies in the arena. Not called with an
     * empty state. An error only means that there is no snapshot now. */
    enum status (*snapshot)(void *context, struct arena *arena, struct bytes *data,
                            struct error *error);
    /* All callbacks of a step are done; `leader_changed`: quorum_driver_is_leader() may have. */
    void (*settled)(void *context, bool leader_changed);
    /* This server takes no part any more: its disk failed, or what it says contradicts the quorum.
     */
    void (*failed)(void *context, const struct error *error);
    void *context;
};

struct quorum_driver;

/* Opens the log, starts, and applies what is known to be committed. May block. On STATUS_OK the
 * caller owns *driver. */
MUST_USE enum status quorum_driver_open(const struct quorum_driver_options *options,
                                        struct quorum_driver_events events,
                                        struct quorum_driver **driver, struct error *error);

/* Waits for the write under way and closes; there are no callbacks but persisted work's. May block.
 * NULL is allowed. */
void quorum_driver_close(struct quorum_driver *driver);

/* Appends a command as the leader; copies it. *index and *term say which entry it will be, when it
 * is committed. STATUS_DENIED when this server does not lead; STATUS_NO_MEMORY; STATUS_IO after a
 * failure. */
MUST_USE enum status quorum_driver_submit(struct quorum_driver *driver, struct bytes command,
                                          uint64_t *index, uint64_t *term, struct error *error);

/* Changes servers, or leadership: QUORUM_EVENT_CHANGE, _REMOVE, _CATCH_UP, _TRANSFER. Errors as
 * quorum_core_step(). */
MUST_USE enum status quorum_driver_change(struct quorum_driver *driver, enum quorum_event_type type,
                                          const struct quorum_server *server, struct error *error);

/* A message from server message->peer. What makes no sense is dropped and diagnosed. */
void quorum_driver_receive(struct quorum_driver *driver, const struct quorum_message *message);

/* Time passes. Returns when it wants to be called next, monotonic microseconds; INT64_MAX: never.
 */
int64_t quorum_driver_tick(struct quorum_driver *driver, int64_t now_us);

/* This server leads. */
bool quorum_driver_is_leader(const struct quorum_driver *driver);

/* Index of the last entry, committed or not: the next one submitted is the one behind it. */
uint64_t quorum_driver_last_index(const struct quorum_driver *driver);

/* What is known of servers and terms. */
const struct quorum_core *quorum_driver_core(const struct quorum_driver *driver);

#endif /* REPLICATION_QUORUM_QUORUM_DRIVER_H */
