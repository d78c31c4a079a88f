/* The other servers of the quorum, as a seam.
 *
 * The cluster's implementation will be connections on the inter-broker listener; a test delivers
 * messages as it likes (tests/unit/replication/test_quorum_core.c). A message may be lost, late,
 * doubled or out of order: the quorum is made for that. */
#ifndef REPLICATION_PEER_H
#define REPLICATION_PEER_H

#include "replication/quorum/quorum_core.h"

struct peer_network {
    /* Sends a message to server message->peer; borrows it during the call, with all that it points
     * to. Nobody is told when it is lost. What arrives there goes into quorum_driver_receive(),
     * with the sender's number as its peer. */
    void (*send)(struct peer_network *network, const struct quorum_message *message);
};

#endif /* REPLICATION_PEER_H */
