/* Incremental fetch sessions (KIP-227, KIP-516): the server remembers which partitions a consumer
 * reads, so that a request names only what changed and a response only what has news.
 *
 *     id 0, epoch 0    a new session, answered in full        id 0, epoch -1   no session
 *     id n, epoch -1   closes n, answered in full             id n, epoch 0    closes n, a new one
 *     id n, epoch e    the next of n; epochs go 1 … 2147483647, 1 …
 *
 * This file is a core: no I/O; time and random numbers are handed in. Owned by one shard; a session
 * belongs to the shard of the connection that made it and is unknown to the others (then the client
 * makes a new one). */
#ifndef BROKER_HANDLERS_FETCH_SESSION_H
#define BROKER_HANDLERS_FETCH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash_map.h"
#include "base/list.h"
#include "base/random.h"
#include "base/uuid.h"
#include "proto/generated/fetch.h"

/* Partitions that one session may hold, and all sessions of a shard together. */
#define FETCH_SESSION_PARTITIONS_MAX       100000u
#define FETCH_SESSION_CACHE_PARTITIONS_MAX 1000000u

/* A session may be evicted for a new one only when it was idle for as long. */
#define FETCH_SESSION_IDLE_MS_MIN 120000

struct fetch_session_cache;
struct fetch_session;

/* One partition of a session: what is asked for, and what was answered last. */
struct fetch_session_partition {
    struct list_node node; /* In the session's order. */
    struct text topic;     /* Own memory; "" when the session uses topic ids. */
    struct uuid topic_id;
    int32_t partition;
    int32_t current_leader_epoch;
    int32_t last_fetched_epoch;
    int64_t fetch_offset;
    int64_t log_start_offset;
    int32_t partition_max_bytes;
    int64_t answered_high_watermark;   /* -1: nothing was answered, or an error was. */
    int64_t answered_log_start_offset; /* As above. */
};

/* What a request means for sessions. */
enum fetch_session_kind {
    FETCH_SESSIONLESS,  /* Answer in full what the request names; session id 0. */
    FETCH_SESSION_FULL, /* A new session was made of the request: answer in full. */
    FETCH_SESSION_NEXT, /* Answer what has news of the session's partitions. */
    FETCH_SESSION_REFUSED,
};

struct fetch_session_start {
    enum fetch_session_kind kind;
    struct fetch_session *session; /* NULL unless FULL or NEXT. */
    int16_t error_code;            /* When refused. */
};

/* NULL when out of memory. `slots_max` is max.incremental.fetch.session.cache.slots. */
struct fetch_session_cache *fetch_session_cache_create(unsigned slots_max);

/* Forgets all sessions. NULL is allowed. */
void fetch_session_cache_destroy(struct fetch_session_cache *cache);

/* Takes a request in. A full cache, or no memory, makes it sessionless: never an error. */
struct fetch_session_start fetch_session_begin(struct fetch_session_cache *cache,
                                               const struct fetch_request *request,
                                               bool uses_topic_ids, struct random *random,
                                               int64_t now_ms);

/* The session with that id, or NULL when it has gone meanwhile. */
struct fetch_session *fetch_session_find(struct fetch_session_cache *cache, int32_t id);

/* Its id; never 0. */
int32_t fetch_session_id(const struct fetch_session *session);

/* Its partitions in the order in which they are to be served. */
struct list *fetch_session_partitions(struct fetch_session *session);

/* The partition of a session, or NULL. `topic` counts without ids, `topic_id` with. */
struct fetch_session_partition *fetch_session_partition(struct fetch_session *session,
                                                        struct text topic, struct uuid topic_id,
                                                        int32_t partition);

/* Notes what is about to be answered, and says whether it is news. With data the partition goes to
 * the end of the order, so that none starves. */
bool fetch_session_answer(struct fetch_session *session, struct fetch_session_partition *partition,
                          const struct fetch_response_partition *answer);

/* Sessions in the cache, for metrics. */
unsigned fetch_session_cache_count(const struct fetch_session_cache *cache);

#endif /* BROKER_HANDLERS_FETCH_SESSION_H */
