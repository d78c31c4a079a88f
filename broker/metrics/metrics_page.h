/* Metrics as Prometheus reads them (text format 0.0.4): families, each with a line of help and of
 * type, then its samples. */
#ifndef BROKER_METRICS_METRICS_PAGE_H
#define BROKER_METRICS_METRICS_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "broker/metrics/metrics.h"

#define METRICS_PAGE_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Starts a family; its samples follow directly. `type` is "counter", "gauge" or "histogram". */
void metrics_page_family(FILE *page, const char *name, const char *type, const char *help);

/* A label's value, with what would end it escaped. */
void metrics_page_label_value(FILE *page, struct text value);

/* Everything of metrics_list.h, and every API's requests: the sums over all shards. `api_name` says
 * what the row of the API table is called on the page; borrowed during the call. */
void metrics_page_write_shards(FILE *page, const struct metrics_shard *const *shards,
                               size_t shards_count, const char *const *api_names);

#endif /* BROKER_METRICS_METRICS_PAGE_H */
