/* The operating system's wish that the process ends, as a callback on a shard.
 *
 * SIGTERM and SIGINT are blocked in every thread that is started after signal_watch_block(), and
 * arrive by a descriptor in the shard's loop. */
#ifndef BROKER_SERVER_SIGNAL_WATCH_H
#define BROKER_SERVER_SIGNAL_WATCH_H

#include "broker/server/shard.h"

struct signal_watch;

/* Called on the shard for each signal that arrives. */
typedef void signal_watch_fn(void *context, int signal_number);

/* Blocks the signals, and ignores SIGPIPE. Called first of all in main(). */
void signal_watch_block(void);

/* STATUS_LIMIT, STATUS_NO_MEMORY. Close with signal_watch_close() while the shard does not run. */
MUST_USE enum status signal_watch_open(struct shard *shard, signal_watch_fn *arrived, void *context,
                                       struct signal_watch **watch, struct error *error);

/* NULL is allowed. */
void signal_watch_close(struct signal_watch *watch);

#endif /* BROKER_SERVER_SIGNAL_WATCH_H */
