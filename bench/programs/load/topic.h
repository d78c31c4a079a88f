/* Makes sure that the topic is there, on any server that speaks Kafka's protocol. */
#ifndef BENCH_PROGRAMS_LOAD_TOPIC_H
#define BENCH_PROGRAMS_LOAD_TOPIC_H

#include "bench/programs/load/client.h"

#define TOPIC_NAME_SIZE_MAX 249

/* Creates the topic with that many partitions where the server has CreateTopics, otherwise leaves
 * that to Metadata and auto-creation; then waits until every partition has a leader.
 *
 * STATUS_TIMED_OUT   no leaders within 10 seconds, or fewer partitions than wanted */
MUST_USE enum status topic_prepare(struct client *client, const char *topic, int32_t partitions,
                                   struct error *error);

/* Asks for the offset at `timestamp` (-1 latest, -2 earliest) of every partition, 0 to
 * `partitions` - 1, into `offsets`. */
MUST_USE enum status topic_offsets(struct client *client, const char *topic, int32_t partitions,
                                   int64_t timestamp, int64_t *offsets, struct error *error);

#endif /* BENCH_PROGRAMS_LOAD_TOPIC_H */
