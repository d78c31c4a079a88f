/* What an operator sees by HTTP: `admin.listener`.
 *
 *     /health/live      200 while the process turns its loop
 *     /health/ready     200 when clients are served, else 503 (also /v1/status/ready)
 *     /metrics          Prometheus text
 *
 * A scrape asks every shard for its partitions by message and answers when all have answered. */
#ifndef BROKER_ADMIN_ADMIN_H
#define BROKER_ADMIN_ADMIN_H

#include "base/error.h"
#include "broker/broker_shard.h"

struct admin;
struct controller;

/* Serves on shard 0. `shards` outlive it. Errors as http_server_open(), and STATUS_INVALID for an
 * address that is not HOST:PORT. Close with admin_close(). */
MUST_USE enum status admin_open(struct text address, struct broker_shard *const *shards,
                                unsigned shards_count, const struct controller *controller,
                                struct admin **admin, struct error *error);

/* While no shard runs, after admin_stop() and a turn of every shard. NULL is allowed. */
void admin_close(struct admin *admin);

/* What /health/ready answers from now on. On shard 0. */
void admin_set_ready(struct admin *admin, bool is_ready);

/* From now on nothing is asked of the shards any more. On shard 0. */
void admin_stop(struct admin *admin);

/* The port that was really bound. */
uint16_t admin_port(const struct admin *admin);

#endif /* BROKER_ADMIN_ADMIN_H */
