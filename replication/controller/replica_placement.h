/* Where the replicas of new partitions go: spread over racks first, over brokers second.
 *
 * Racks are taken in turn, and within a rack its brokers in turn; both turns start at a place that
 * chance picks and move on by one with every partition, which gives stripes:
 *
 *     racks A{1,2} B{3,4} C{5,6}     partition 0: 1 3 5    partition 1: 4 6 2    partition 2: ...
 *
 * Active brokers come before those that are fenced, and only an active one is first. */
#ifndef REPLICATION_CONTROLLER_REPLICA_PLACEMENT_H
#define REPLICATION_CONTROLLER_REPLICA_PLACEMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "replication/metadata/metadata_image.h"

struct replica_placement {
    const struct broker_id_list *partitions; /* Replicas of each, the preferred leader first. */
    size_t partitions_count;
};

/* Places `partitions_count` partitions with `replicas_count` (at least 1) replicas each on the
 * image's brokers; the result lies in the arena. STATUS_INVALID words why it cannot be done: fewer
 * brokers than replicas, or none that is active. STATUS_NO_MEMORY. */
MUST_USE enum status replica_placement_choose(const struct metadata_image *image,
                                              struct random *random, size_t partitions_count,
                                              size_t replicas_count, struct arena *arena,
                                              struct replica_placement *placement,
                                              struct error *error);

#endif /* REPLICATION_CONTROLLER_REPLICA_PLACEMENT_H */
