/* A broker: all parts in their order, as one value. Several may live in one process.
 *
 *   open    configuration -> shards -> log directories -> controller -> partitions -> listeners
 *   run     shard 0 on the caller's thread, the others on their own, until broker_stop()
 *   stop    listeners close, requests under way are answered, then the shards end
 *   close   partitions are flushed and closed, directories marked clean */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/error.h"
#include "base/random.h"
#include "broker/config/broker_config.h"
#include "storage/io/file_system.h"

struct broker;

/* How long requests under way may take once the broker is told to stop. */
#define BROKER_STOP_US_MAX ((int64_t)10 * 1000 * 1000)

/* How long what is left may take once all connections were closed. */
#define BROKER_ABORT_US_MAX ((int64_t)5 * 1000 * 1000)

#define BROKER_READY_SIZE_MAX 1024

struct broker_options {
    const struct broker_config *config;  /* Kept. */
    struct diagnostic_sink *diagnostics; /* Kept; may be NULL. */
    struct clock *clock;
    struct random *random;
    struct file_system *files;
    bool stops_on_signals; /* SIGTERM and SIGINT are broker_stop(); see signal_watch.h. */
};

/* Opens everything up to the bound listeners. STATUS_INVALID, STATUS_OUT_OF_RANGE and
 * STATUS_UNSUPPORTED are the configuration's fault; others the machine's. On STATUS_OK the caller
 * owns *broker: broker_close(). */
MUST_USE enum status broker_open(const struct broker_options *options, struct broker **broker,
                                 struct error *error);

/* Serves until broker_stop(). `ready` is called once clients can connect, with "HOST:PORT" of each
 * listener, separated by blanks. */
MUST_USE enum status broker_run(struct broker *broker,
                                void (*ready)(void *context, const char *addresses), void *context,
                                struct error *error);

/* Asks it to stop. Any thread; not in a signal handler. Again: without waiting for requests. */
void broker_stop(struct broker *broker);

/* Closes what is open. The status says whether everything that was acknowledged is durable and the
 * next start needs no recovery; the broker is gone in any case. NULL is allowed. */
MUST_USE enum status broker_close(struct broker *broker, struct error *error);

#endif /* BROKER_BROKER_H */
