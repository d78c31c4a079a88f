/* Who leads a partition: preferred order, in sync, alive (kafka.md 7.3). */
#ifndef REPLICATION_CONTROLLER_LEADER_CHOICE_H
#define REPLICATION_CONTROLLER_LEADER_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "replication/metadata/metadata_image.h"

#define LEADER_NONE (-1)

/* Whether the broker may lead: registered, not fenced, not on its way out. */
bool broker_is_active(const struct metadata_image *image, int32_t broker_id);

struct leader_choice {
    const struct metadata_image *image;
    int32_t broker_up;   /* Counts as active whatever the image says; LEADER_NONE for nobody. */
    int32_t broker_down; /* Counts as not active; LEADER_NONE for nobody. */
    bool allows_unclean; /* A replica that is not known to have everything may lead at last. */
};

/* The leader that the partition should have: the present one while it can, else the first replica
 * in sync, else one that is eligible, else the last one known to have been, else with
 * `allows_unclean` any. LEADER_NONE when there is none. */
int32_t leader_choose(const struct leader_choice *choice, const struct partition_image *partition);

/* Whether the list has the id. */
bool broker_ids_contain(struct broker_id_list list, int32_t broker_id);

/* unclean.leader.election.enable of a topic, of the cluster when the topic says nothing. */
bool topic_allows_unclean_election(const struct metadata_image *image, struct text topic_name);

#endif /* REPLICATION_CONTROLLER_LEADER_CHOICE_H */
