/* Topics that are created, configured and deleted while the server is killed: what it has answered
 * must hold after the restart. What it had not answered may have happened or not. */
#ifndef TESTS_CRASH_TOPIC_CHECK_H
#define TESTS_CRASH_TOPIC_CHECK_H

#include <stdint.h>

#define TOPIC_CHECK_MAX 4096

struct wire_client;

enum topic_state { TOPIC_ABSENT, TOPIC_PRESENT, TOPIC_IN_DOUBT };

struct checked_topic {
    enum topic_state state;
    int32_t partitions_count;
    int64_t records_count; /* Acknowledged, in partition 0. */
    int size_max;          /* Its max.message.bytes as acknowledged. */
    int size_max_doubt;    /* What was asked last; may have been set. */
};

struct topic_check {
    struct checked_topic topics[TOPIC_CHECK_MAX];
    unsigned count;
    uint64_t answered_count; /* Changes that the server acknowledged. */
    uint64_t lost_count;     /* Of them, those that were undone. */
    char finding[256];
};

/* Creates a topic, writes a record to it, changes its configuration, deletes an older one: as far
 * as the server lives. */
void topic_check_change(struct topic_check *check, struct wire_client *client);

/* Compares what is there with what was answered, and settles what was in doubt. */
void topic_check_run(struct topic_check *check, struct wire_client *client);

#endif /* TESTS_CRASH_TOPIC_CHECK_H */
