/* One thread, one epoll loop.
 *
 * A turn: receive from every socket that has something, handle the whole requests there, make what
 * they appended durable in one round (append_engine.h), then send the answers. What arrives during
 * the round is the next turn's: that is the group commit. */
#ifndef BENCH_PROGRAMS_YARDSTICK_SERVER_H
#define BENCH_PROGRAMS_YARDSTICK_SERVER_H

#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "bench/programs/yardstick/handlers.h"

#define PARTITIONS_MAX 100000

struct server_options {
    const char *directory; /* Exists; its files 0.log, 1.log ... are emptied. */
    int32_t partitions_count;
    enum append_mode mode;
    uint16_t port; /* On 127.0.0.1; 0 for any. */
};

struct server {
    struct broker broker;
    struct list connections;
    struct list ready; /* Connections with input to handle or output to send in this turn. */
    int listener;
    int epoll;
};

/* Opens partitions and listener; broker.port is then the real one. Released by server_close(). */
MUST_USE enum status server_open(struct server *server, const struct server_options *options,
                                 struct error *error);

/* Serves until the process is ended by a signal, or until the disk fails. */
MUST_USE enum status server_run(struct server *server, struct error *error);

/* Closes everything. */
void server_close(struct server *server);

#endif /* BENCH_PROGRAMS_YARDSTICK_SERVER_H */
