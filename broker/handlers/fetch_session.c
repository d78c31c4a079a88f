#include "broker/handlers/fetch_session.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "proto/wire/kafka_error.h"

#define SESSION_EPOCH_FINAL   (-1)
#define SESSION_EPOCH_INITIAL 0

struct fetch_session {
    struct list_node used; /* In the cache, least recently used first. */
    int32_t id;
    int32_t next_epoch;
    int64_t last_used_ms;
    bool uses_topic_ids;
    struct hash_map by_key;
    struct list partitions;
};

/* A session partition with its key behind it: topic id or name, then the partition. */
struct session_entry {
    struct fetch_session_partition partition; /* First. */
    size_t key_size;
    uint8_t key[];
};

struct fetch_session_cache {
    struct hash_map by_id;
    struct list used;
    unsigned slots_max;
    unsigned count;
    size_t partitions_count;
};

struct fetch_session_cache *fetch_session_cache_create(unsigned slots_max)
{
    struct fetch_session_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    hash_map_init(&cache->by_id);
    list_init(&cache->used);
    cache->slots_max = slots_max;
    return cache;
}

static void entry_remove(struct fetch_session_cache *cache, struct fetch_session *session,
                         struct session_entry *entry)
{
    hash_map_remove(&session->by_key, (struct bytes){entry->key, entry->key_size});
    list_remove(&entry->partition.node);
    cache->partitions_count--;
    free(entry);
}

static void session_close(struct fetch_session_cache *cache, struct fetch_session *session)
{
    for (struct list_node *node; (node = list_first(&session->partitions)) != NULL;) {
        entry_remove(
            cache, session,
            (struct session_entry *)CONTAINER_OF(node, struct fetch_session_partition, node));
    }
    hash_map_clear(&session->by_key);
    hash_map_remove(&cache->by_id,
                    (struct bytes){(const uint8_t *)&session->id, sizeof session->id});
    list_remove(&session->used);
    cache->count--;
    free(session);
}

void fetch_session_cache_destroy(struct fetch_session_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (struct list_node *node; (node = list_first(&cache->used)) != NULL;) {
        session_close(cache, CONTAINER_OF(node, struct fetch_session, used));
    }
    hash_map_clear(&cache->by_id);
    free(cache);
}

/* Room for a session: frees the least recently used one when it was idle for long enough. */
static bool make_room(struct fetch_session_cache *cache, int64_t now_ms)
{
    if (cache->count < cache->slots_max &&
        cache->partitions_count < FETCH_SESSION_CACHE_PARTITIONS_MAX) {
        return true;
    }
    struct list_node *node = list_first(&cache->used);
    if (node == NULL) {
        return false;
    }
    struct fetch_session *oldest = CONTAINER_OF(node, struct fetch_session, used);
    if (now_ms - oldest->last_used_ms < FETCH_SESSION_IDLE_MS_MIN) {
        return false;
    }
    session_close(cache, oldest);
    return true;
}

static struct fetch_session *session_create(struct fetch_session_cache *cache, bool uses_topic_ids,
                                            struct random *random, int64_t now_ms)
{
    if (!make_room(cache, now_ms)) {
        return NULL;
    }
    struct fetch_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    do {
        session->id = (int32_t)random_below(random, INT32_MAX) + 1;
        session->id = session->id < 0 ? 1 : session->id;
    } while (fetch_session_find(cache, session->id) != NULL);
    session->next_epoch = 1;
    session->last_used_ms = now_ms;
    session->uses_topic_ids = uses_topic_ids;
    hash_map_init(&session->by_key);
    list_init(&session->partitions);
    struct bytes key = {(const uint8_t *)&session->id, sizeof session->id};
    if (hash_map_put(&cache->by_id, key, session, NULL) != STATUS_OK) {
        free(session);
        return NULL;
    }
    list_add_last(&cache->used, &session->used);
    cache->count++;
    return session;
}

struct fetch_session *fetch_session_find(struct fetch_session_cache *cache, int32_t id)
{
    return hash_map_get(&cache->by_id, (struct bytes){(const uint8_t *)&id, sizeof id});
}

int32_t fetch_session_id(const struct fetch_session *session)
{
    return session->id;
}

struct list *fetch_session_partitions(struct fetch_session *session)
{
    return &session->partitions;
}

/* Writes a key and returns its size. `memory` has room for the longest name and the rest. */
#define SESSION_KEY_SIZE_MAX (MESSAGE_STRING_SIZE_MAX + UUID_SIZE + sizeof(int32_t))

static size_t make_key(const struct fetch_session *session, struct text topic, struct uuid topic_id,
                       int32_t partition, uint8_t *memory)
{
    size_t size = 0;
    if (session->uses_topic_ids) {
        memcpy(memory, topic_id.bytes, UUID_SIZE);
        size = UUID_SIZE;
    } else if (topic.size > 0) {
        memcpy(memory, topic.data, topic.size);
        size = topic.size;
    }
    store_i32(memory + size, partition);
    return size + sizeof(int32_t);
}

struct fetch_session_partition *fetch_session_partition(struct fetch_session *session,
                                                        struct text topic, struct uuid topic_id,
                                                        int32_t partition)
{
    uint8_t key[SESSION_KEY_SIZE_MAX];
    size_t size = make_key(session, topic, topic_id, partition, key);
    return hash_map_get(&session->by_key, (struct bytes){key, size});
}

static struct fetch_session_partition *partition_add(struct fetch_session_cache *cache,
                                                     struct fetch_session *session,
                                                     const struct fetch_request_topic *topic,
                                                     int32_t partition)
{
    uint8_t key[SESSION_KEY_SIZE_MAX];
    size_t key_size = make_key(session, topic->topic, topic->topic_id, partition, key);
    if (session->by_key.count >= FETCH_SESSION_PARTITIONS_MAX) {
        return NULL;
    }
    struct session_entry *entry = calloc(1, sizeof *entry + key_size);
    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->key, key, key_size);
    entry->key_size = key_size;
    if (hash_map_put(&session->by_key, (struct bytes){entry->key, key_size}, entry, NULL) !=
        STATUS_OK) {
        free(entry);
        return NULL;
    }
    struct fetch_session_partition *added = &entry->partition;
    if (!session->uses_topic_ids) {
        /* The name is the first part of the key. */
        added->topic = (struct text){(const char *)entry->key, topic->topic.size};
    }
    added->topic_id = topic->topic_id;
    added->partition = partition;
    added->answered_high_watermark = -1;
    added->answered_log_start_offset = -1;
    list_add_last(&session->partitions, &added->node);
    cache->partitions_count++;
    return added;
}

static void take_in(struct fetch_session_partition *partition,
                    const struct fetch_request_partition *asked)
{
    partition->current_leader_epoch = asked->current_leader_epoch;
    partition->last_fetched_epoch = asked->last_fetched_epoch;
    partition->fetch_offset = asked->fetch_offset;
    partition->log_start_offset = asked->log_start_offset;
    partition->partition_max_bytes = asked->partition_max_bytes;
}

/* Adds and updates what the request names, and drops what it forgets. False without memory. */
static bool session_update(struct fetch_session_cache *cache, struct fetch_session *session,
                           const struct fetch_request *request)
{
    for (size_t t = 0; t < request->topics.count; t++) {
        const struct fetch_request_topic *topic = &request->topics.items[t];
        for (size_t p = 0; p < topic->partitions.count; p++) {
            const struct fetch_request_partition *asked = &topic->partitions.items[p];
            struct fetch_session_partition *partition =
                fetch_session_partition(session, topic->topic, topic->topic_id, asked->partition);
            if (partition == NULL) {
                partition = partition_add(cache, session, topic, asked->partition);
            }
            if (partition == NULL) {
                return false;
            }
            take_in(partition, asked);
        }
    }
    for (size_t t = 0; t < request->forgotten_topics_data.count; t++) {
        const struct fetch_request_forgotten_topic *topic =
            &request->forgotten_topics_data.items[t];
        for (size_t p = 0; p < topic->partitions.count; p++) {
            struct fetch_session_partition *partition = fetch_session_partition(
                session, topic->topic, topic->topic_id, topic->partitions.items[p]);
            if (partition != NULL) {
                entry_remove(cache, session, (struct session_entry *)partition);
            }
        }
    }
    return true;
}

static struct fetch_session_start begin_full(struct fetch_session_cache *cache,
                                             const struct fetch_request *request,
                                             bool uses_topic_ids, struct random *random,
                                             int64_t now_ms)
{
    struct fetch_session_start sessionless = {.kind = FETCH_SESSIONLESS};
    struct fetch_session *session = session_create(cache, uses_topic_ids, random, now_ms);
    if (session == NULL) {
        return sessionless;
    }
    if (!session_update(cache, session, request)) {
        session_close(cache, session);
        return sessionless;
    }
    return (struct fetch_session_start){.kind = FETCH_SESSION_FULL, .session = session};
}

static struct fetch_session_start refused(int16_t error_code)
{
    return (struct fetch_session_start){.kind = FETCH_SESSION_REFUSED, .error_code = error_code};
}

struct fetch_session_start fetch_session_begin(struct fetch_session_cache *cache,
                                               const struct fetch_request *request,
                                               bool uses_topic_ids, struct random *random,
                                               int64_t now_ms)
{
    struct fetch_session *session =
        request->session_id == 0 ? NULL : fetch_session_find(cache, request->session_id);
    if (request->session_epoch == SESSION_EPOCH_FINAL ||
        request->session_epoch == SESSION_EPOCH_INITIAL) {
        if (session != NULL) {
            session_close(cache, session);
        }
        if (request->session_epoch == SESSION_EPOCH_FINAL) {
            return (struct fetch_session_start){.kind = FETCH_SESSIONLESS};
        }
        return begin_full(cache, request, uses_topic_ids, random, now_ms);
    }
    if (session == NULL) {
        return refused(KAFKA_FETCH_SESSION_ID_NOT_FOUND);
    }
    if (session->next_epoch != request->session_epoch) {
        return refused(KAFKA_INVALID_FETCH_SESSION_EPOCH);
    }
    if (session->uses_topic_ids != uses_topic_ids) {
        return refused(KAFKA_FETCH_SESSION_TOPIC_ID_ERROR);
    }
    if (!session_update(cache, session, request)) {
        session_close(cache, session);
        return refused(KAFKA_FETCH_SESSION_ID_NOT_FOUND);
    }
    session->next_epoch = session->next_epoch == INT32_MAX ? 1 : session->next_epoch + 1;
    session->last_used_ms = now_ms;
    list_remove(&session->used);
    list_add_last(&cache->used, &session->used);
    return (struct fetch_session_start){.kind = FETCH_SESSION_NEXT, .session = session};
}

bool fetch_session_answer(struct fetch_session *session, struct fetch_session_partition *partition,
                          const struct fetch_response_partition *answer)
{
    bool has_data = answer->records.size > 0;
    bool is_news = has_data || answer->error_code != KAFKA_NONE ||
                   answer->high_watermark != partition->answered_high_watermark ||
                   answer->log_start_offset != partition->answered_log_start_offset ||
                   answer->preferred_read_replica != -1 || answer->diverging_epoch.epoch >= 0;
    /* After an error the partition is sent again even if nothing else changes. */
    bool failed = answer->error_code != KAFKA_NONE;
    partition->answered_high_watermark = failed ? -1 : answer->high_watermark;
    partition->answered_log_start_offset = failed ? -1 : answer->log_start_offset;
    if (has_data) {
        list_remove(&partition->node);
        list_add_last(&session->partitions, &partition->node);
    }
    return is_news;
}

unsigned fetch_session_cache_count(const struct fetch_session_cache *cache)
{
    return cache->count;
}
