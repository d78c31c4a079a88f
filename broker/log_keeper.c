#include "broker/log_keeper.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash_map.h"

#define FOUND_KEY_SIZE_MAX 300

/* A partition that was there when the broker started. */
struct found_partition {
    struct found_partition *next;
    size_t directory_index;
    struct uuid topic_id;
    int32_t partition;
    atomic_bool is_gone; /* Moved aside or deleted: this says nothing of a new one by that name. */
    int64_t checkpoints[CHECKPOINT_KIND_COUNT]; /* As they were at the start; -1: none. */
    struct text topic;
    struct text key;
    char memory[];
};

struct log_keeper {
    struct log_keeper_options options;
    struct log_directory *directories[LOG_DIRECTORIES_MAX];
    bool was_clean[LOG_DIRECTORIES_MAX];
    size_t directories_count;
    char cluster_id[64];
    struct found_partition *found;
    struct hash_map found_by_key; /* "<topic>-<partition>" */
    enum status found_status;
    size_t scanned_index;

    struct shard *shard; /* Shard 0; NULL until log_keeper_start(). */
    struct disk_operation operation;
    bool is_writing;
    bool needs_writing;
    bool needs_removal;
    struct keeper_message *waiting; /* Arrived while a worker writes; newest first. */
};

/* What a shard tells shard 0. */
struct keeper_message {
    struct shard_message message;
    struct log_keeper *keeper;
    struct keeper_message *next;
    bool is_deletion;
    int32_t partition;
    int64_t recovery_point;
    int64_t start_offset;
    int64_t high_watermark;
    size_t topic_size;
    char topic[];
};

/* ---- opening ---- */

static size_t make_key(char *memory, struct text topic, int32_t partition)
{
    int length = snprintf(memory, FOUND_KEY_SIZE_MAX, "%.*s-%d", TEXT_ARGUMENTS(topic), partition);
    return length < 0 || length >= FOUND_KEY_SIZE_MAX ? 0 : (size_t)length;
}

static struct found_partition *find(const struct log_keeper *keeper, struct text topic,
                                    int32_t partition)
{
    char key[FOUND_KEY_SIZE_MAX];
    size_t size = make_key(key, topic, partition);
    return hash_map_get(&keeper->found_by_key, (struct bytes){(const uint8_t *)key, size});
}

static void note_found(void *context, struct text topic, int32_t partition, struct uuid topic_id,
                       const char *path)
{
    struct log_keeper *keeper = context;
    if (topic.size > 2 && topic.data[0] == '_' &&
        text_equal(topic, TEXT_LITERAL("__cluster_metadata"))) {
        return;
    }
    if (find(keeper, topic, partition) != NULL) {
        diagnose(keeper->options.diagnostics, DIAGNOSTIC_WARNING, "storage",
                 "%s is there a second time and is left alone", path);
        return;
    }
    struct found_partition *found = calloc(1, sizeof *found + FOUND_KEY_SIZE_MAX);
    if (found == NULL) {
        keeper->found_status = STATUS_NO_MEMORY;
        return;
    }
    size_t size = make_key(found->memory, topic, partition);
    found->key = (struct text){found->memory, size};
    found->topic = (struct text){found->memory, topic.size};
    found->directory_index = keeper->scanned_index;
    found->topic_id = topic_id;
    found->partition = partition;
    for (int kind = 0; kind < CHECKPOINT_KIND_COUNT; kind++) {
        found->checkpoints[kind] =
            log_directory_checkpoint(keeper->directories[keeper->scanned_index],
                                     (enum checkpoint_kind)kind, topic, partition);
    }
    if (hash_map_put(&keeper->found_by_key, (struct bytes){(const uint8_t *)found->memory, size},
                     found, NULL) != STATUS_OK) {
        free(found);
        keeper->found_status = STATUS_NO_MEMORY;
        return;
    }
    found->next = keeper->found;
    keeper->found = found;
}

static enum status open_one(struct log_keeper *keeper, struct text path, struct error *error)
{
    char name[4096];
    if (keeper->directories_count == LOG_DIRECTORIES_MAX || path.size >= sizeof name) {
        return error_set(error, STATUS_LIMIT,
                         "log.dirs: more than %d directories, or a path of more than %zu bytes",
                         LOG_DIRECTORIES_MAX, sizeof name - 1);
    }
    memcpy(name, path.data, path.size);
    name[path.size] = '\0';
    struct log_directory *directory = NULL;
    enum status status = log_directory_open(keeper->options.files, name, &directory, error);
    if (status != STATUS_OK) {
        return status;
    }
    keeper->directories[keeper->directories_count++] = directory;
    return STATUS_OK;
}

static enum status open_all(struct log_keeper *keeper, struct error *error)
{
    struct text rest = keeper->options.directories;
    while (rest.size > 0) {
        const char *comma = memchr(rest.data, ',', rest.size);
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.data);
        struct text path = {rest.data, size};
        while (path.size > 0 && path.data[0] == ' ') {
            path.data++;
            path.size--;
        }
        while (path.size > 0 && path.data[path.size - 1] == ' ') {
            path.size--;
        }
        enum status status = path.size == 0 ? STATUS_OK : open_one(keeper, path, error);
        if (status != STATUS_OK) {
            return status;
        }
        size_t step = comma == NULL ? rest.size : size + 1;
        rest.data += step;
        rest.size -= step;
    }
    if (keeper->directories_count == 0) {
        return error_set(error, STATUS_INVALID, "log.dirs names no directory");
    }
    return STATUS_OK;
}

/* All directories belong to one cluster and to this node; new ones join them. */
static enum status identify(struct log_keeper *keeper, struct error *error)
{
    struct text asked = keeper->options.cluster_id;
    snprintf(keeper->cluster_id, sizeof keeper->cluster_id, "%.*s", TEXT_ARGUMENTS(asked));
    for (size_t i = 0; i < keeper->directories_count; i++) {
        struct log_directory_identity identity = log_directory_identity(keeper->directories[i]);
        const char *path = log_directory_path(keeper->directories[i]);
        if (identity.cluster_id[0] == '\0') {
            continue;
        }
        if (keeper->cluster_id[0] == '\0') {
            memcpy(keeper->cluster_id, identity.cluster_id, sizeof keeper->cluster_id);
        }
        if (strcmp(keeper->cluster_id, identity.cluster_id) != 0) {
            return error_set(error, STATUS_INVALID, "%s belongs to cluster %s, not to %s", path,
                             identity.cluster_id, keeper->cluster_id);
        }
        if (identity.node_id >= 0 && identity.node_id != keeper->options.node_id) {
            return error_set(error, STATUS_INVALID, "%s belongs to node %d, not to node.id %d",
                             path, identity.node_id, keeper->options.node_id);
        }
    }
    if (keeper->cluster_id[0] == '\0') {
        char text[UUID_TEXT_SIZE];
        uuid_to_text(uuid_random(keeper->options.random), text);
        memcpy(keeper->cluster_id, text, sizeof text);
    }
    for (size_t i = 0; i < keeper->directories_count; i++) {
        if (log_directory_identity(keeper->directories[i]).cluster_id[0] != '\0') {
            continue;
        }
        enum status status =
            log_directory_format(keeper->directories[i], keeper->cluster_id,
                                 keeper->options.node_id, keeper->options.random, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status scan(struct log_keeper *keeper, struct error *error)
{
    for (size_t i = 0; i < keeper->directories_count; i++) {
        keeper->scanned_index = i;
        enum status status =
            log_directory_take_clean_marker(keeper->directories[i], &keeper->was_clean[i], error);
        if (status == STATUS_OK) {
            status = log_directory_list(keeper->directories[i], note_found, keeper, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (keeper->found_status != STATUS_OK) {
        return error_set(error, keeper->found_status, "no memory for the list of partitions");
    }
    return STATUS_OK;
}

static void keeper_free(struct log_keeper *keeper)
{
    for (size_t i = 0; i < keeper->directories_count; i++) {
        log_directory_close(keeper->directories[i]);
    }
    while (keeper->found != NULL) {
        struct found_partition *next = keeper->found->next;
        free(keeper->found);
        keeper->found = next;
    }
    while (keeper->waiting != NULL) {
        struct keeper_message *next = keeper->waiting->next;
        free(keeper->waiting);
        keeper->waiting = next;
    }
    hash_map_clear(&keeper->found_by_key);
    free(keeper);
}

enum status log_keeper_open(const struct log_keeper_options *options,
                            struct log_keeper **keeper_out, struct error *error)
{
    struct log_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "open the data directories");
    }
    keeper->options = *options;
    hash_map_init(&keeper->found_by_key);
    enum status status = open_all(keeper, error);
    if (status == STATUS_OK) {
        status = identify(keeper, error);
    }
    if (status == STATUS_OK) {
        status = scan(keeper, error);
    }
    if (status != STATUS_OK) {
        keeper_free(keeper);
        return status;
    }
    *keeper_out = keeper;
    return STATUS_OK;
}

struct text log_keeper_cluster_id(const struct log_keeper *keeper)
{
    return text_of(keeper->cluster_id);
}

size_t log_keeper_directories_count(const struct log_keeper *keeper)
{
    return keeper->directories_count;
}

struct log_directory *log_keeper_directory(const struct log_keeper *keeper, size_t index)
{
    ASSERT(index < keeper->directories_count);
    return keeper->directories[index];
}

/* ---- where partitions lie ---- */

/* Spreads a topic's partitions over the directories, beginning at a place of its own. */
static size_t choose_directory(const struct log_keeper *keeper, struct text topic,
                               int32_t partition)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < topic.size; i++) {
        hash = (hash ^ (uint8_t)topic.data[i]) * 16777619u;
    }
    return (hash + (uint32_t)partition) % keeper->directories_count;
}

enum status log_keeper_locate(const struct log_keeper *keeper, struct text topic,
                              struct uuid topic_id, int32_t partition,
                              struct log_location *location, struct error *error)
{
    const struct found_partition *found = find(keeper, topic, partition);
    bool is_known = found != NULL && !found->is_gone && uuid_equal(found->topic_id, topic_id);
    size_t index = is_known ? found->directory_index : choose_directory(keeper, topic, partition);
    struct log_directory *directory = keeper->directories[index];
    location->was_clean = is_known && keeper->was_clean[index];
    location->recovery_point = 0;
    location->log_start_offset = 0;
    location->high_watermark = -1;
    if (is_known) {
        const int64_t *checkpoints = found->checkpoints;
        if (checkpoints[CHECKPOINT_RECOVERY_POINT] > 0) {
            location->recovery_point = checkpoints[CHECKPOINT_RECOVERY_POINT];
        }
        if (checkpoints[CHECKPOINT_LOG_START] > 0) {
            location->log_start_offset = checkpoints[CHECKPOINT_LOG_START];
        }
        location->high_watermark = checkpoints[CHECKPOINT_HIGH_WATERMARK];
    }
    return log_directory_partition_path(directory, topic, partition, location->directory,
                                        sizeof location->directory, error);
}

void log_keeper_visit_found(const struct log_keeper *keeper, log_keeper_visit_fn *visit,
                            void *context)
{
    for (const struct found_partition *found = keeper->found; found != NULL; found = found->next) {
        visit(context, found->topic, found->partition, found->topic_id);
    }
}

static enum status rewrite_metadata(struct log_keeper *keeper, struct found_partition *found,
                                    struct uuid topic_id, struct error *error)
{
    char path[4096 + 32];
    enum status status =
        log_directory_partition_path(keeper->directories[found->directory_index], found->topic,
                                     found->partition, path, 4096, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, "/partition.metadata");
    char id[UUID_TEXT_SIZE];
    char content[64];
    uuid_to_text(topic_id, id);
    int size = snprintf(content, sizeof content, "version: 0\ntopic_id: %s", id);
    struct bytes bytes = {(const uint8_t *)content, (size_t)size};
    status = file_replace_whole(keeper->options.files, path, bytes, error);
    if (status == STATUS_OK) {
        found->topic_id = topic_id;
    }
    return status;
}

enum status log_keeper_reconcile(struct log_keeper *keeper, struct text topic, int32_t partition,
                                 struct uuid topic_id, bool adopt, struct error *error)
{
    struct found_partition *found = find(keeper, topic, partition);
    if (found == NULL || found->is_gone || uuid_equal(found->topic_id, topic_id)) {
        return STATUS_OK;
    }
    if (adopt || uuid_is_none(found->topic_id)) {
        return rewrite_metadata(keeper, found, topic_id, error);
    }
    log_keeper_discard(keeper, topic, partition);
    return STATUS_OK;
}

static void delete_directory(struct log_keeper *keeper, struct text topic, int32_t partition)
{
    for (size_t i = 0; i < keeper->directories_count; i++) {
        struct log_directory *directory = keeper->directories[i];
        struct error error;
        enum status status = log_directory_delete_partition(directory, topic, partition,
                                                            keeper->options.random, &error);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            diagnose(keeper->options.diagnostics, DIAGNOSTIC_ERROR, "storage",
                     "%.*s-%d was not deleted: %s", TEXT_ARGUMENTS(topic), partition, error.text);
        }
        for (int kind = 0; kind < CHECKPOINT_KIND_COUNT; kind++) {
            /* Forgetting needs no memory. */
            status_ignore(log_directory_set_checkpoint(directory, (enum checkpoint_kind)kind, topic,
                                                       partition, -1, &error));
        }
    }
}

void log_keeper_discard(struct log_keeper *keeper, struct text topic, int32_t partition)
{
    struct found_partition *found = find(keeper, topic, partition);
    char path[4096];
    char aside[4096 + UUID_TEXT_SIZE + 16];
    char unique[UUID_TEXT_SIZE];
    struct error error;
    if (found == NULL) {
        return;
    }
    found->is_gone = true;
    struct log_directory *directory = keeper->directories[found->directory_index];
    struct file_system *files = keeper->options.files;
    enum status status =
        log_directory_partition_path(directory, topic, partition, path, sizeof path, &error);
    if (status == STATUS_OK) {
        uuid_to_text(uuid_random(keeper->options.random), unique);
        snprintf(aside, sizeof aside, "%s.%s-stray", path, unique);
        status = files->rename(files, path, aside, &error);
    }
    if (status == STATUS_OK) {
        status = files->sync_directory(files, log_directory_path(directory), &error);
    }
    if (status == STATUS_OK) {
        diagnose(keeper->options.diagnostics, DIAGNOSTIC_WARNING, "storage",
                 "no topic of this cluster has %.*s-%d: moved aside to %s", TEXT_ARGUMENTS(topic),
                 partition, aside);
    } else {
        diagnose(keeper->options.diagnostics, DIAGNOSTIC_ERROR, "storage",
                 "no topic of this cluster has %.*s-%d, but it cannot be moved aside: %s",
                 TEXT_ARGUMENTS(topic), partition, error.text);
    }
}

/* ---- checkpoints, on shard 0 ---- */

static void take_in(struct log_keeper *keeper, const struct keeper_message *news)
{
    struct text topic = {news->topic, news->topic_size};
    if (news->is_deletion) {
        struct found_partition *found = find(keeper, topic, news->partition);
        if (found != NULL) {
            found->is_gone = true;
        }
        delete_directory(keeper, topic, news->partition);
        keeper->needs_removal = true;
        keeper->needs_writing = true;
        return;
    }
    const struct found_partition *found = find(keeper, topic, news->partition);
    size_t index = found != NULL && !found->is_gone
                       ? found->directory_index
                       : choose_directory(keeper, topic, news->partition);
    struct log_directory *directory = keeper->directories[index];
    const int64_t offsets[CHECKPOINT_KIND_COUNT] = {
        [CHECKPOINT_RECOVERY_POINT] = news->recovery_point,
        [CHECKPOINT_LOG_START] = news->start_offset,
        [CHECKPOINT_HIGH_WATERMARK] = news->high_watermark,
    };
    for (int kind = 0; kind < CHECKPOINT_KIND_COUNT; kind++) {
        struct error error;
        if (log_directory_set_checkpoint(directory, (enum checkpoint_kind)kind, topic,
                                         news->partition, offsets[kind], &error) != STATUS_OK) {
            diagnose(keeper->options.diagnostics, DIAGNOSTIC_WARNING, "storage",
                     "checkpoint of %.*s-%d: %s", TEXT_ARGUMENTS(topic), news->partition,
                     error.text);
        }
    }
    keeper->needs_writing = true;
}

static enum status write_on_worker(void *context, struct error *error)
{
    struct log_keeper *keeper = context;
    for (size_t i = 0; i < keeper->directories_count; i++) {
        enum status status = log_directory_write_checkpoints(keeper->directories[i], error);
        if (status == STATUS_OK && keeper->needs_removal) {
            status = log_directory_remove_deleted(keeper->directories[i], error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    keeper->needs_removal = false;
    return STATUS_OK;
}

static void start_writing(struct log_keeper *keeper);

static void written(struct disk_operation *operation)
{
    struct log_keeper *keeper = operation->context;
    keeper->is_writing = false;
    if (operation->status != STATUS_OK) {
        /* Old checkpoints only make the next start scan more. */
        diagnose(keeper->options.diagnostics, DIAGNOSTIC_WARNING, "storage",
                 "checkpoints were not written: %s", operation->error.text);
    }
    struct keeper_message *oldest_first = NULL;
    while (keeper->waiting != NULL) {
        struct keeper_message *news = keeper->waiting;
        keeper->waiting = news->next;
        news->next = oldest_first;
        oldest_first = news;
    }
    while (oldest_first != NULL) {
        struct keeper_message *news = oldest_first;
        oldest_first = news->next;
        take_in(keeper, news);
        free(news);
    }
    start_writing(keeper);
}

static void start_writing(struct log_keeper *keeper)
{
    if (keeper->is_writing || !keeper->needs_writing) {
        return;
    }
    struct disk_queue *queue = shard_disk_queue(keeper->shard);
    keeper->needs_writing = false;
    keeper->is_writing = true;
    keeper->operation.kind = DISK_CALL;
    keeper->operation.file = NULL;
    keeper->operation.call = write_on_worker;
    keeper->operation.done = written;
    keeper->operation.context = keeper;
    queue->submit(queue, &keeper->operation);
    queue->kick(queue);
}

static void receive(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct keeper_message *news = CONTAINER_OF(message, struct keeper_message, message);
    struct log_keeper *keeper = news->keeper;
    if (keeper->is_writing) {
        news->next = keeper->waiting;
        keeper->waiting = news;
        return;
    }
    take_in(keeper, news);
    free(news);
    start_writing(keeper);
}

void log_keeper_start(struct log_keeper *keeper, struct shard *shard)
{
    keeper->shard = shard;
    keeper->needs_removal = true; /* What an earlier run has left. */
    start_writing(keeper);
}

static struct keeper_message *message_create(struct log_keeper *keeper, struct text topic,
                                             int32_t partition)
{
    struct keeper_message *news = calloc(1, sizeof *news + topic.size);
    if (news == NULL) {
        return NULL;
    }
    news->keeper = keeper;
    news->partition = partition;
    news->topic_size = topic.size;
    memcpy(news->topic, topic.data, topic.size);
    news->message.receive = receive;
    return news;
}

void log_keeper_checkpoint(struct log_keeper *keeper, struct partition *partition)
{
    int64_t recovery_point = partition_log_recovery_point(partition->log);
    int64_t start_offset = partition_log_start_offset(partition->log);
    int64_t high_watermark = partition_log_high_watermark(partition->log);
    if (recovery_point == partition->checkpointed_recovery_point &&
        start_offset == partition->checkpointed_start_offset &&
        high_watermark == partition->checkpointed_high_watermark) {
        return;
    }
    struct keeper_message *news = message_create(keeper, partition->topic, partition->index);
    if (news == NULL) {
        return; /* It is sent with the next round. */
    }
    news->recovery_point = recovery_point;
    news->start_offset = start_offset;
    news->high_watermark = high_watermark;
    partition->checkpointed_recovery_point = recovery_point;
    partition->checkpointed_start_offset = start_offset;
    partition->checkpointed_high_watermark = high_watermark;
    shard_post(keeper->shard, &news->message);
}

void log_keeper_delete(struct log_keeper *keeper, struct text topic, int32_t partition)
{
    struct keeper_message *news = message_create(keeper, topic, partition);
    /* The directory of a topic that is not in the metadata is removed at the next start. */
    if (news == NULL) {
        return;
    }
    news->is_deletion = true;
    shard_post(keeper->shard, &news->message);
}

void log_keeper_close(struct log_keeper *keeper, bool clean)
{
    if (keeper == NULL) {
        return;
    }
    for (size_t i = 0; i < keeper->directories_count; i++) {
        struct error error;
        enum status status = log_directory_write_checkpoints(keeper->directories[i], &error);
        if (status == STATUS_OK && clean) {
            status = log_directory_put_clean_marker(keeper->directories[i], &error);
        }
        if (status != STATUS_OK) {
            diagnose(keeper->options.diagnostics, DIAGNOSTIC_WARNING, "storage",
                     "%s: the next start will have to scan: %s",
                     log_directory_path(keeper->directories[i]), error.text);
        }
    }
    keeper_free(keeper);
}
