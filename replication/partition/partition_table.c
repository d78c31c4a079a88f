#include "replication/partition/partition_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash_map.h"

/* A partition with what the table needs to find and file it. The key of the hash map. */
struct table_entry {
    struct partition partition; /* First. */
    uint8_t key[UUID_SIZE + sizeof(int32_t)];
    bool is_gone; /* Deleted while it was flushed or read from. */
    char topic[];
};

struct partition_table {
    struct partition_table_options options;
    struct log_flusher *flusher;
    struct hash_map entries;
    struct metadata_image *image;      /* The newest, one reference; NULL before the first. */
    unsigned pending_count;            /* Closings that `applied` waits for. */
    struct metadata_image **announced; /* Images whose `applied` is due, oldest first. */
    size_t announced_count;
    size_t announced_capacity;
    bool is_announcing;
};

static void make_key(uint8_t key[UUID_SIZE + sizeof(int32_t)], struct uuid topic_id, int32_t index)
{
    memcpy(key, topic_id.bytes, UUID_SIZE);
    store_i32(key + UUID_SIZE, index);
}

static struct bytes entry_key(const struct table_entry *entry)
{
    return (struct bytes){entry->key, sizeof entry->key};
}

/* ---- news from the flusher ---- */

static void try_remove(struct partition_table *table, struct table_entry *entry);

static void on_flushed(void *context, struct partition_log *log, void *attachment)
{
    (void)log;
    struct table_entry *entry = attachment;
    if (entry->is_gone) {
        try_remove(context, entry);
        return;
    }
    partition_flushed(&entry->partition);
}

static void on_no_space(void *context, struct partition_log *log, void *attachment,
                        const struct error *error)
{
    (void)log;
    struct partition_table *table = context;
    struct table_entry *entry = attachment;
    diagnose(table->options.diagnostics, DIAGNOSTIC_ERROR, "storage", "%s is held back: %s",
             entry->partition.directory, error->text);
    if (entry->is_gone) {
        try_remove(table, entry);
        return;
    }
    /* What was appended stays in memory and is tried again, but nobody is told that it is kept:
     * who waits gets a retriable error, and an idempotent retry is answered as a duplicate. */
    partition_release_waiters(&entry->partition, WAIT_STORAGE_FAILED);
}

static void on_failed(void *context, struct partition_log *log, void *attachment,
                      const struct error *error)
{
    (void)log;
    struct partition_table *table = context;
    struct table_entry *entry = attachment;
    partition_fail(&entry->partition);
    table->options.owner.failed(table->options.owner.context, &entry->partition, error);
}

/* ---- life ---- */

struct partition_table *partition_table_create(const struct partition_table_options *options)
{
    struct partition_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    table->options = *options;
    hash_map_init(&table->entries);
    struct log_flusher_events events = {
        .flushed = on_flushed,
        .no_space = on_no_space,
        .failed = on_failed,
        .context = table,
    };
    table->flusher = log_flusher_create(options->queue, events);
    if (table->flusher == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

static void entry_destroy(struct table_entry *entry)
{
    free(entry->partition.directory);
    free(entry);
}

void partition_table_destroy(struct partition_table *table)
{
    if (table == NULL) {
        return;
    }
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = hash_map_next(&table->entries, &cursor)) != NULL;) {
        ASSERT(entry->partition.log == NULL);
        entry_destroy(entry);
    }
    hash_map_clear(&table->entries);
    log_flusher_destroy(table->flusher);
    for (size_t i = 0; i < table->announced_count; i++) {
        metadata_image_release(table->announced[i]);
    }
    free(table->announced);
    metadata_image_release(table->image);
    free(table);
}

static struct table_entry *entry_create(struct text topic, struct uuid topic_id, int32_t index)
{
    struct table_entry *entry = calloc(1, sizeof *entry + topic.size + 1);
    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->topic, topic.data, topic.size);
    make_key(entry->key, topic_id, index);
    struct partition *partition = &entry->partition;
    partition->topic = (struct text){entry->topic, topic.size};
    partition->topic_id = topic_id;
    partition->index = index;
    partition->state = PARTITION_OPENING;
    partition->leader_id = -1;
    partition->leader_epoch = -1;
    partition->partition_epoch = -1;
    partition->checkpointed_recovery_point = -1;
    partition->checkpointed_start_offset = -1;
    partition->checkpointed_high_watermark = -1;
    list_init(&partition->waiting_for_flush);
    list_init(&partition->waiting_for_commit);
    list_init(&partition->fetch_watchers);
    return entry;
}

/* ---- announcing ---- */

static void announce(struct partition_table *table)
{
    if (table->pending_count > 0 || table->is_announcing) {
        return;
    }
    table->is_announcing = true;
    for (size_t i = 0; i < table->announced_count; i++) {
        table->options.owner.applied(table->options.owner.context, table->announced[i]);
        metadata_image_release(table->announced[i]);
    }
    table->announced_count = 0;
    table->is_announcing = false;
}

static void will_announce(struct partition_table *table, struct metadata_image *image)
{
    if (table->announced_count == table->announced_capacity) {
        size_t capacity = table->announced_capacity == 0 ? 8 : table->announced_capacity * 2;
        struct metadata_image **grown = realloc(table->announced, capacity * sizeof(*grown));
        ASSERT(grown != NULL);
        table->announced = grown;
        table->announced_capacity = capacity;
    }
    table->announced[table->announced_count++] = metadata_image_retain(image);
}

/* ---- role ---- */

static void apply_image(struct partition_table *table, struct table_entry *entry)
{
    struct partition *partition = &entry->partition;
    const struct topic_image *topic = metadata_image_topic_by_id(table->image, partition->topic_id);
    if (topic == NULL || partition->state != PARTITION_READY) {
        return;
    }
    struct partition_table_owner *owner = &table->options.owner;
    struct log_config config = log_config_default();
    unsigned min_insync_replicas = 1;
    owner->configure(owner->context, table->image, partition->topic, &config, &min_insync_replicas);
    partition_log_set_config(partition->log, &config);
    partition_apply(partition, &topic->partitions[partition->index], table->options.node_id,
                    min_insync_replicas);
}

/* ---- opening ---- */

/* Opens on the shard's own thread: a log uses what the shard's logs share. */
static enum status open_log(struct partition_table *table, struct partition *partition,
                            struct log_recovery_report *report, struct error *error)
{
    struct partition_table_owner *owner = &table->options.owner;
    struct log_location location = {.high_watermark = -1};
    enum status status = owner->locate(owner->context, partition->topic, partition->topic_id,
                                       partition->index, &location, error);
    if (status != STATUS_OK) {
        return status;
    }
    partition->directory = strdup(location.directory);
    if (partition->directory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "open %s", location.directory);
    }
    struct partition_log_options options = {
        .directory = partition->directory,
        .topic_id = partition->topic_id,
        .was_clean = location.was_clean,
        .recovery_point = location.recovery_point,
        .log_start_offset = location.log_start_offset,
    };
    unsigned min_insync_replicas = 1;
    owner->configure(owner->context, table->image, partition->topic, &options.config,
                     &min_insync_replicas);
    return partition_log_open(table->options.log_context, &options, &partition->log, report, error);
}

static void add(struct partition_table *table, struct text topic, struct uuid topic_id,
                int32_t index)
{
    struct partition_table_owner *owner = &table->options.owner;
    struct table_entry *entry = entry_create(topic, topic_id, index);
    /* Without memory for it the partition answers as unknown, and is tried again with the next
     * image. */
    if (entry == NULL ||
        hash_map_put(&table->entries, entry_key(entry), entry, NULL) != STATUS_OK) {
        diagnose(table->options.diagnostics, DIAGNOSTIC_ERROR, "partitions",
                 "no memory for %.*s-%d", TEXT_ARGUMENTS(topic), index);
        free(entry);
        return;
    }
    struct partition *partition = &entry->partition;
    struct log_recovery_report report = {.scanned = false};
    struct error error;
    if (open_log(table, partition, &report, &error) != STATUS_OK) {
        partition->state = PARTITION_OFFLINE;
        owner->opened(owner->context, partition, &report, &error);
        return;
    }
    partition->state = PARTITION_READY;
    log_flusher_attach(table->flusher, partition->log, entry);
    owner->opened(owner->context, partition, &report, NULL);
    apply_image(table, entry);
}

/* ---- leaving ---- */

static void try_remove(struct partition_table *table, struct table_entry *entry)
{
    struct partition *partition = &entry->partition;
    if (partition->pins > 0) {
        return; /* partition_table_unpin() comes back here. */
    }
    if (partition->log != NULL) {
        if (log_flusher_is_flushing(table->flusher, partition->log)) {
            return; /* on_flushed() comes back here. */
        }
        log_flusher_detach(table->flusher, partition->log);
        /* Its files are deleted in a moment: nothing of it needs to be durable. */
        partition_log_abandon(partition->log);
        partition->log = NULL;
    }
    table->options.owner.removed(table->options.owner.context, partition->topic, partition->index);
    entry_destroy(entry);
    table->pending_count--;
    announce(table);
}

static void start_removal(struct partition_table *table, struct table_entry *entry)
{
    hash_map_remove(&table->entries, entry_key(entry));
    entry->is_gone = true;
    table->pending_count++;
    if (entry->partition.state == PARTITION_READY) {
        entry->partition.state = PARTITION_CLOSING;
    }
    entry->partition.is_leader = false;
    partition_release_waiters(&entry->partition, WAIT_NOT_LEADER);
    try_remove(table, entry);
}

/* ---- images ---- */

static bool is_replica(const struct partition_image *partition, int32_t node_id)
{
    for (size_t i = 0; i < partition->replicas.count; i++) {
        if (partition->replicas.items[i] == node_id) {
            return true;
        }
    }
    return false;
}

static void apply_topic(struct partition_table *table, const struct topic_image *topic)
{
    struct partition_table_owner *owner = &table->options.owner;
    for (size_t i = 0; i < topic->partitions_count; i++) {
        int32_t index = (int32_t)i;
        if (!owner->owns(owner->context, topic->id, index)) {
            continue;
        }
        bool wanted = is_replica(&topic->partitions[i], table->options.node_id);
        struct partition *partition = partition_table_find(table, topic->id, index);
        if (partition == NULL && wanted) {
            add(table, topic->name, topic->id, index);
        } else if (partition != NULL && wanted) {
            apply_image(table, (struct table_entry *)partition);
        } else if (partition != NULL) {
            start_removal(table, (struct table_entry *)partition);
        }
    }
}

static void remove_topic(struct partition_table *table, const struct topic_image *topic)
{
    for (size_t i = 0; i < topic->partitions_count; i++) {
        struct partition *partition = partition_table_find(table, topic->id, (int32_t)i);
        if (partition != NULL) {
            start_removal(table, (struct table_entry *)partition);
        }
    }
}

/* Configuration lies beside the topics, so a change of it cannot be seen by comparing topics. */
static bool config_changed(const struct metadata_image *before, const struct metadata_image *after,
                           struct text topic)
{
    return metadata_image_config(before, CONFIG_RESOURCE_TOPIC, topic) !=
           metadata_image_config(after, CONFIG_RESOURCE_TOPIC, topic);
}

static bool broker_config_changed(const struct metadata_image *before,
                                  const struct metadata_image *after, int32_t node_id)
{
    char id[16];
    int length = snprintf(id, sizeof id, "%d", node_id);
    struct text names[] = {TEXT_LITERAL(""), {id, (size_t)length}};
    for (size_t i = 0; i < 2; i++) {
        if (metadata_image_config(before, CONFIG_RESOURCE_BROKER, names[i]) !=
            metadata_image_config(after, CONFIG_RESOURCE_BROKER, names[i])) {
            return true;
        }
    }
    return false;
}

void partition_table_apply(struct partition_table *table, struct metadata_image *image)
{
    struct metadata_image *before = table->image;
    table->image = metadata_image_retain(image);
    bool all = before == NULL || broker_config_changed(before, image, table->options.node_id);

    for (size_t i = 0; before != NULL && i < metadata_image_topics_count(before); i++) {
        const struct topic_image *topic = metadata_image_topic_at(before, i);
        if (metadata_image_topic_by_id(image, topic->id) == NULL) {
            remove_topic(table, topic);
        }
    }
    for (size_t i = 0; i < metadata_image_topics_count(image); i++) {
        const struct topic_image *topic = metadata_image_topic_at(image, i);
        /* Images share the topics that did not change. */
        if (all || metadata_image_topic_by_id(before, topic->id) != topic ||
            config_changed(before, image, topic->name)) {
            apply_topic(table, topic);
        }
    }
    metadata_image_release(before);
    will_announce(table, image);
    announce(table);
}

struct partition *partition_table_find(const struct partition_table *table, struct uuid topic_id,
                                       int32_t index)
{
    uint8_t key[UUID_SIZE + sizeof(int32_t)];
    make_key(key, topic_id, index);
    struct table_entry *entry = hash_map_get(&table->entries, (struct bytes){key, sizeof key});
    return entry == NULL ? NULL : &entry->partition;
}

void partition_table_pin(struct partition_table *table, struct partition *partition)
{
    (void)table;
    partition->pins++;
}

void partition_table_unpin(struct partition_table *table, struct partition *partition)
{
    struct table_entry *entry = (struct table_entry *)partition;
    ASSERT(partition->pins > 0);
    partition->pins--;
    if (entry->is_gone) {
        try_remove(table, entry);
    }
}

struct partition *partition_table_next(const struct partition_table *table, size_t *cursor)
{
    struct table_entry *entry = hash_map_next(&table->entries, cursor);
    return entry == NULL ? NULL : &entry->partition;
}

size_t partition_table_count(const struct partition_table *table)
{
    return table->entries.count;
}

struct log_flusher *partition_table_flusher(struct partition_table *table)
{
    return table->flusher;
}

enum status partition_table_close_all(struct partition_table *table, struct error *error)
{
    struct disk_queue *queue = table->options.queue;
    while (queue->pending(queue) > 0) {
        queue->kick(queue);
        queue->wait(queue);
    }
    enum status status = STATUS_OK;
    size_t cursor = 0;
    for (struct partition *partition; (partition = partition_table_next(table, &cursor)) != NULL;) {
        partition_release_waiters(partition, WAIT_NOT_LEADER);
        if (partition->log == NULL) {
            continue;
        }
        struct error own;
        log_flusher_detach(table->flusher, partition->log);
        if (partition_log_close(partition->log, &own) != STATUS_OK && status == STATUS_OK) {
            *error = own;
            status = own.status;
        }
        partition->log = NULL;
        partition->state = PARTITION_OFFLINE;
    }
    return status;
}
