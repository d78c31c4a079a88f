#include "storage/log/log_directory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/hash_map.h"
#include "base/number_text.h"
#include "base/properties.h"
#include "storage/io/checkpoint_file.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_files.h"

#define LOCK_FILE         ".lock"
#define PROPERTIES_FILE   "meta.properties"
#define CLEAN_MARKER_FILE ".kafka_cleanshutdown"
#define DELETE_SUFFIX     "-delete"

/* Kafka's limits: a topic's name, and with partition, unique part and suffix a file's name. */
#define TOPIC_SIZE_MAX     249
#define PARTITION_NAME_MAX 255

/* Checkpoint files and what is parsed of them. */
#define ARENA_SIZE_MAX ((size_t)256 * 1024 * 1024)

/* What the checkpoint files say of one partition. */
struct checkpoint {
    int64_t offsets[CHECKPOINT_KIND_COUNT]; /* -1: none. */
    struct text topic;                      /* In `key`. */
    int32_t partition;
    size_t key_size;
    char key[]; /* The topic, a zero, and the partition in four bytes. */
};

struct log_directory {
    struct file_system *files;
    struct file *lock;
    struct log_directory_identity identity;
    struct hash_map checkpoints; /* Of struct checkpoint. */
    bool dirty[CHECKPOINT_KIND_COUNT];
    char path[];
};

static const char *const checkpoint_files[CHECKPOINT_KIND_COUNT] = {
    [CHECKPOINT_RECOVERY_POINT] = "recovery-point-offset-checkpoint",
    [CHECKPOINT_LOG_START] = "log-start-offset-checkpoint",
    [CHECKPOINT_HIGH_WATERMARK] = "replication-offset-checkpoint",
};

/* ---- checkpoints ---- */

#define KEY_SIZE_MAX (TOPIC_SIZE_MAX + 1 + sizeof(int32_t))

static size_t make_key(struct text topic, int32_t partition, char *key)
{
    memcpy(key, topic.data, topic.size);
    key[topic.size] = '\0';
    memcpy(key + topic.size + 1, &partition, sizeof partition);
    return topic.size + 1 + sizeof partition;
}

static struct bytes key_bytes(const char *key, size_t size)
{
    return (struct bytes){(const uint8_t *)key, size};
}

static struct checkpoint *find_checkpoint(const struct log_directory *directory, struct text topic,
                                          int32_t partition)
{
    char key[KEY_SIZE_MAX];
    if (topic.size == 0 || topic.size > TOPIC_SIZE_MAX) {
        return NULL;
    }
    size_t size = make_key(topic, partition, key);
    return hash_map_get(&directory->checkpoints, key_bytes(key, size));
}

int64_t log_directory_checkpoint(const struct log_directory *directory, enum checkpoint_kind kind,
                                 struct text topic, int32_t partition)
{
    ASSERT(kind < CHECKPOINT_KIND_COUNT);
    const struct checkpoint *checkpoint = find_checkpoint(directory, topic, partition);
    return checkpoint != NULL ? checkpoint->offsets[kind] : -1;
}

static bool is_empty(const struct checkpoint *checkpoint)
{
    for (int kind = 0; kind < CHECKPOINT_KIND_COUNT; kind++) {
        if (checkpoint->offsets[kind] >= 0) {
            return false;
        }
    }
    return true;
}

static enum status add_checkpoint(struct log_directory *directory, struct text topic,
                                  int32_t partition, struct checkpoint **checkpoint_out,
                                  struct error *error)
{
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint + KEY_SIZE_MAX);
    if (checkpoint == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a checkpoint",
                         directory->path);
    }
    for (int kind = 0; kind < CHECKPOINT_KIND_COUNT; kind++) {
        checkpoint->offsets[kind] = -1;
    }
    checkpoint->key_size = make_key(topic, partition, checkpoint->key);
    checkpoint->topic = (struct text){checkpoint->key, topic.size};
    checkpoint->partition = partition;
    enum status status =
        hash_map_put(&directory->checkpoints, key_bytes(checkpoint->key, checkpoint->key_size),
                     checkpoint, NULL);
    if (status != STATUS_OK) {
        free(checkpoint);
        return error_set(error, status, "%s: no memory for a checkpoint", directory->path);
    }
    *checkpoint_out = checkpoint;
    return STATUS_OK;
}

enum status log_directory_set_checkpoint(struct log_directory *directory, enum checkpoint_kind kind,
                                         struct text topic, int32_t partition, int64_t offset,
                                         struct error *error)
{
    ASSERT(kind < CHECKPOINT_KIND_COUNT);
    if (topic.size == 0 || topic.size > TOPIC_SIZE_MAX || partition < 0) {
        return error_set(error, STATUS_INVALID,
                         "%s: no checkpoint for topic %.*s partition %" PRId32, directory->path,
                         TEXT_ARGUMENTS(topic), partition);
    }
    struct checkpoint *checkpoint = find_checkpoint(directory, topic, partition);
    if (checkpoint == NULL) {
        if (offset < 0) {
            return STATUS_OK;
        }
        enum status status = add_checkpoint(directory, topic, partition, &checkpoint, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    offset = offset < 0 ? -1 : offset;
    if (checkpoint->offsets[kind] != offset) {
        checkpoint->offsets[kind] = offset;
        directory->dirty[kind] = true;
    }
    if (is_empty(checkpoint)) {
        hash_map_remove(&directory->checkpoints, key_bytes(checkpoint->key, checkpoint->key_size));
        free(checkpoint);
    }
    return STATUS_OK;
}

static enum status write_checkpoint(struct log_directory *directory, enum checkpoint_kind kind,
                                    struct error *error)
{
    struct checkpoint_offset *entries = calloc(directory->checkpoints.count + 1, sizeof *entries);
    if (entries == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory to write checkpoints",
                         directory->path);
    }
    size_t count = 0;
    size_t cursor = 0;
    const struct checkpoint *checkpoint;
    while ((checkpoint = hash_map_next(&directory->checkpoints, &cursor)) != NULL) {
        if (checkpoint->offsets[kind] >= 0) {
            entries[count++] = (struct checkpoint_offset){
                .topic = checkpoint->topic,
                .partition = checkpoint->partition,
                .offset = checkpoint->offsets[kind],
            };
        }
    }
    struct log_path path;
    log_path_of_name(&path, directory->path, checkpoint_files[kind]);
    enum status status =
        checkpoint_write_offsets(directory->files, path.text, entries, count, error);
    free(entries);
    return status;
}

enum status log_directory_write_checkpoints(struct log_directory *directory, struct error *error)
{
    for (int kind = 0; kind < CHECKPOINT_KIND_COUNT; kind++) {
        if (!directory->dirty[kind]) {
            continue;
        }
        enum status status = write_checkpoint(directory, (enum checkpoint_kind)kind, error);
        if (status != STATUS_OK) {
            return status;
        }
        directory->dirty[kind] = false;
    }
    return STATUS_OK;
}

static enum status read_checkpoint(struct log_directory *directory, enum checkpoint_kind kind,
                                   struct error *error)
{
    struct log_path path;
    struct arena arena;
    struct checkpoint_offset *entries = NULL;
    size_t count = 0;
    log_path_of_name(&path, directory->path, checkpoint_files[kind]);
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status =
        checkpoint_read_offsets(directory->files, path.text, &arena, &entries, &count, error);
    if (status == STATUS_NOT_FOUND || status == STATUS_CORRUPT) {
        /* Without it recovery reads more; nothing is lost. */
        count = 0;
        status = STATUS_OK;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = log_directory_set_checkpoint(directory, kind, entries[i].topic,
                                              entries[i].partition, entries[i].offset, error);
    }
    arena_clear(&arena);
    directory->dirty[kind] = false;
    return status;
}

/* ---- opening ---- */

static enum status take_lock(struct log_directory *directory, struct error *error)
{
    struct file_system *files = directory->files;
    struct log_path path;
    char text[32] = "";
    size_t size = 0;
    log_path_of_name(&path, directory->path, LOCK_FILE);
    enum status status =
        files->open(files, path.text, FILE_WRITE | FILE_CREATE, &directory->lock, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = files->lock(directory->lock, error);
    if (status == STATUS_BUSY) {
        struct error ignored;
        if (files->read(directory->lock, 0, text, sizeof text - 1, &size, &ignored) != STATUS_OK) {
            size = 0;
        }
        text[size] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return error_set(error, STATUS_BUSY, "data directory %s is in use by process %s",
                         directory->path, text[0] != '\0' ? text : "?");
    }
    if (status == STATUS_OK) {
        int written = snprintf(text, sizeof text, "%" PRId64 "\n", file_system_process_id());
        status = files->truncate(directory->lock, 0, error);
        if (status == STATUS_OK) {
            status = files->write(directory->lock, 0, text, (size_t)written, error);
        }
    }
    return status;
}

static enum status take_property(struct log_directory *directory, const struct property *property,
                                 struct error *error)
{
    struct log_directory_identity *identity = &directory->identity;
    int64_t number = 0;
    if (text_equal(property->key, TEXT_LITERAL("cluster.id"))) {
        if (property->value.size >= sizeof identity->cluster_id) {
            return error_set(error, STATUS_INVALID, "cluster.id of %zu characters is too long",
                             property->value.size);
        }
        memcpy(identity->cluster_id, property->value.data, property->value.size);
        identity->cluster_id[property->value.size] = '\0';
    } else if (text_equal(property->key, TEXT_LITERAL("node.id")) ||
               text_equal(property->key, TEXT_LITERAL("broker.id"))) {
        if (!parse_i64(property->value, &number) || number < 0 || number > INT32_MAX) {
            return error_set(error, STATUS_INVALID, "node.id is \"%.*s\", not 0 to %d",
                             TEXT_ARGUMENTS(property->value), INT32_MAX);
        }
        identity->node_id = (int32_t)number;
    } else if (text_equal(property->key, TEXT_LITERAL("directory.id"))) {
        if (!uuid_from_text(property->value, &identity->directory_id)) {
            return error_set(error, STATUS_INVALID, "directory.id \"%.*s\" is no id",
                             TEXT_ARGUMENTS(property->value));
        }
    } else if (text_equal(property->key, TEXT_LITERAL("version"))) {
        if (!parse_i64(property->value, &number) || number < 0 || number > 1) {
            return error_set(error, STATUS_UNSUPPORTED, "version \"%.*s\", known are 0 and 1",
                             TEXT_ARGUMENTS(property->value));
        }
    }
    return STATUS_OK;
}

static enum status read_identity(struct log_directory *directory, struct error *error)
{
    struct log_path path;
    struct arena arena;
    struct bytes content;
    struct properties properties;
    log_path_of_name(&path, directory->path, PROPERTIES_FILE);
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status =
        file_read_whole(directory->files, path.text, PROPERTIES_SIZE_MAX, &arena, &content, error);
    if (status == STATUS_NOT_FOUND) {
        arena_clear(&arena);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = properties_parse(content, &arena, &properties, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < properties.count; i++) {
        status = take_property(directory, &properties.items[i], error);
    }
    arena_clear(&arena);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "read %s", path.text);
}

static enum status read_all(struct log_directory *directory, struct error *error)
{
    enum status status = directory->files->make_directory(directory->files, directory->path, error);
    if (status == STATUS_OK) {
        status = take_lock(directory, error);
    }
    if (status == STATUS_OK) {
        status = read_identity(directory, error);
    }
    for (int kind = 0; kind < CHECKPOINT_KIND_COUNT && status == STATUS_OK; kind++) {
        status = read_checkpoint(directory, (enum checkpoint_kind)kind, error);
    }
    return status;
}

enum status log_directory_open(struct file_system *files, const char *path,
                               struct log_directory **directory_out, struct error *error)
{
    size_t size = strlen(path);
    if (size == 0 || size + PARTITION_NAME_MAX + LOG_FILE_NAME_SIZE_MAX > LOG_PATH_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT,
                         "data directory: its path has %zu bytes, 1 to %d are "
                         "allowed",
                         size, LOG_PATH_SIZE_MAX - PARTITION_NAME_MAX - LOG_FILE_NAME_SIZE_MAX);
    }
    struct log_directory *directory = calloc(1, sizeof *directory + size + 1);
    if (directory == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "open data directory %s: out of memory", path);
    }
    directory->files = files;
    directory->identity.node_id = -1;
    hash_map_init(&directory->checkpoints);
    memcpy(directory->path, path, size + 1);
    enum status status = read_all(directory, error);
    if (status != STATUS_OK) {
        log_directory_close(directory);
        return status;
    }
    *directory_out = directory;
    return STATUS_OK;
}

void log_directory_close(struct log_directory *directory)
{
    if (directory == NULL) {
        return;
    }
    size_t cursor = 0;
    struct checkpoint *checkpoint;
    while ((checkpoint = hash_map_next(&directory->checkpoints, &cursor)) != NULL) {
        hash_map_remove(&directory->checkpoints, key_bytes(checkpoint->key, checkpoint->key_size));
        free(checkpoint);
    }
    hash_map_clear(&directory->checkpoints);
    file_release(directory->lock);
    free(directory);
}

const char *log_directory_path(const struct log_directory *directory)
{
    return directory->path;
}

struct log_directory_identity log_directory_identity(const struct log_directory *directory)
{
    return directory->identity;
}

enum status log_directory_format(struct log_directory *directory, const char *cluster_id,
                                 int32_t node_id, struct random *random, struct error *error)
{
    struct log_directory_identity *identity = &directory->identity;
    ASSERT(strlen(cluster_id) > 0 && strlen(cluster_id) < sizeof identity->cluster_id);
    if (identity->cluster_id[0] != '\0' || identity->node_id >= 0) {
        if (strcmp(identity->cluster_id, cluster_id) == 0 && identity->node_id == node_id) {
            return STATUS_OK;
        }
        return error_set(error, STATUS_INVALID,
                         "%s belongs to cluster %s, node %" PRId32 ", not to %s, node %" PRId32,
                         directory->path, identity->cluster_id, identity->node_id, cluster_id,
                         node_id);
    }
    struct uuid directory_id = uuid_random(random);
    char id[UUID_TEXT_SIZE];
    char text[256];
    struct log_path path;
    uuid_to_text(directory_id, id);
    int size = snprintf(text, sizeof text,
                        "version=1\ncluster.id=%s\nnode.id=%" PRId32 "\ndirectory.id=%s\n",
                        cluster_id, node_id, id);
    log_path_of_name(&path, directory->path, PROPERTIES_FILE);
    enum status status = file_replace_whole(
        directory->files, path.text, (struct bytes){(const uint8_t *)text, (size_t)size}, error);
    if (status == STATUS_OK) {
        memcpy(identity->cluster_id, cluster_id, strlen(cluster_id) + 1);
        identity->node_id = node_id;
        identity->directory_id = directory_id;
    }
    return status;
}

/* ---- the clean marker ---- */

enum status log_directory_take_clean_marker(struct log_directory *directory, bool *was_clean,
                                            struct error *error)
{
    struct log_path path;
    log_path_of_name(&path, directory->path, CLEAN_MARKER_FILE);
    enum status status = directory->files->remove(directory->files, path.text, error);
    if (status == STATUS_NOT_FOUND) {
        *was_clean = false;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = directory->files->sync_directory(directory->files, directory->path, error);
    }
    if (status == STATUS_OK) {
        *was_clean = true;
    }
    return status;
}

enum status log_directory_put_clean_marker(struct log_directory *directory, struct error *error)
{
    /* Kafka's reader wants the epoch; ours is not written down here. */
    static const char content[] = "{\"version\":0,\"brokerEpoch\":-1}";
    struct log_path path;
    log_path_of_name(&path, directory->path, CLEAN_MARKER_FILE);
    return file_replace_whole(directory->files, path.text,
                              (struct bytes){(const uint8_t *)content, sizeof content - 1}, error);
}

/* ---- partitions ---- */

enum status log_directory_partition_path(const struct log_directory *directory, struct text topic,
                                         int32_t partition, char *path, size_t path_size,
                                         struct error *error)
{
    int size = snprintf(path, path_size, "%s/%.*s-%" PRId32, directory->path, TEXT_ARGUMENTS(topic),
                        partition);
    if (size < 0 || (size_t)size >= path_size) {
        return error_set(error, STATUS_LIMIT,
                         "path of topic %.*s partition %" PRId32 " has %d bytes",
                         TEXT_ARGUMENTS(topic), partition, size);
    }
    return STATUS_OK;
}

/* "<topic>-<partition>", where the topic may have dashes itself. */
static bool parse_partition_name(const char *name, struct text *topic, int32_t *partition)
{
    const char *dash = strrchr(name, '-');
    int64_t number = 0;
    if (dash == NULL || dash == name || dash[1] < '0' || dash[1] > '9' ||
        (size_t)(dash - name) > TOPIC_SIZE_MAX || !parse_i64(text_of(dash + 1), &number) ||
        number > INT32_MAX) {
        return false;
    }
    *topic = (struct text){name, (size_t)(dash - name)};
    *partition = (int32_t)number;
    return true;
}

static bool is_directory(struct file_system *files, const char *path)
{
    struct file_status status;
    struct error error;
    return files->stat(files, path, &status, &error) == STATUS_OK && status.is_directory;
}

struct listing {
    struct log_directory *directory;
    log_directory_visit_fn *visit;
    void *context;
    enum status status;
    struct error *error;
};

static void visit_name(void *context, const char *name)
{
    struct listing *listing = context;
    struct text topic;
    int32_t partition = 0;
    if (listing->status != STATUS_OK || strlen(name) > PARTITION_NAME_MAX ||
        !parse_partition_name(name, &topic, &partition)) {
        return;
    }
    struct file_system *files = listing->directory->files;
    char path[LOG_PATH_SIZE_MAX];
    snprintf(path, sizeof path, "%s/%s", listing->directory->path, name);
    if (!is_directory(files, path)) {
        return;
    }
    struct uuid topic_id;
    listing->status = partition_metadata_read(files, path, &topic_id, listing->error);
    if (listing->status == STATUS_OK) {
        listing->visit(listing->context, topic, partition, topic_id, path);
    }
}

enum status log_directory_list(struct log_directory *directory, log_directory_visit_fn *visit,
                               void *context, struct error *error)
{
    struct listing listing = {directory, visit, context, STATUS_OK, error};
    enum status status = directory->files->list_directory(directory->files, directory->path,
                                                          visit_name, &listing, error);
    return status == STATUS_OK ? listing.status : status;
}

enum status log_directory_delete_partition(struct log_directory *directory, struct text topic,
                                           int32_t partition, struct random *random,
                                           struct error *error)
{
    char from[LOG_PATH_SIZE_MAX];
    char to[LOG_PATH_SIZE_MAX];
    enum status status =
        log_directory_partition_path(directory, topic, partition, from, sizeof from, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* As Kafka names it: 32 hexadecimal digits, and the topic cut where the name gets too long. */
    uint8_t unique[16];
    char digits[2 * sizeof unique + 1];
    random->fill(random, unique, sizeof unique);
    for (size_t i = 0; i < sizeof unique; i++) {
        snprintf(digits + 2 * i, 3, "%02x", unique[i]);
    }
    char number[16];
    int number_size = snprintf(number, sizeof number, "%" PRId32, partition);
    size_t room = PARTITION_NAME_MAX - (size_t)number_size - sizeof digits - sizeof DELETE_SUFFIX;
    if (topic.size > room) {
        topic.size = room;
    }
    int size = snprintf(to, sizeof to, "%s/%.*s-%s.%s%s", directory->path, TEXT_ARGUMENTS(topic),
                        number, digits, DELETE_SUFFIX);
    ASSERT(size > 0 && (size_t)size < sizeof to);
    status = directory->files->rename(directory->files, from, to, error);
    return status == STATUS_OK
               ? directory->files->sync_directory(directory->files, directory->path, error)
               : status;
}

/* ---- removal ---- */

struct removal {
    struct log_directory *directory;
    const char *path; /* Of the directory that is emptied. */
    enum status status;
    struct error *error;
};

static void remove_one_file(void *context, const char *name)
{
    struct removal *removal = context;
    struct file_system *files = removal->directory->files;
    char path[LOG_PATH_SIZE_MAX];
    int size = snprintf(path, sizeof path, "%s/%s", removal->path, name);
    if (removal->status == STATUS_OK && size > 0 && (size_t)size < sizeof path) {
        removal->status = files->remove(files, path, removal->error);
    }
}

static void remove_one_directory(void *context, const char *name)
{
    struct removal *removal = context;
    struct file_system *files = removal->directory->files;
    char path[LOG_PATH_SIZE_MAX];
    if (removal->status != STATUS_OK || strlen(name) > PARTITION_NAME_MAX ||
        !log_file_name_has_suffix(name, DELETE_SUFFIX)) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s", removal->directory->path, name);
    if (!is_directory(files, path)) {
        return;
    }
    struct removal inner = {removal->directory, path, STATUS_OK, removal->error};
    removal->status = files->list_directory(files, path, remove_one_file, &inner, removal->error);
    if (removal->status == STATUS_OK) {
        removal->status = inner.status;
    }
    if (removal->status == STATUS_OK) {
        removal->status = files->remove_directory(files, path, removal->error);
    }
}

enum status log_directory_remove_deleted(struct log_directory *directory, struct error *error)
{
    struct removal removal = {directory, directory->path, STATUS_OK, error};
    enum status status = directory->files->list_directory(directory->files, directory->path,
                                                          remove_one_directory, &removal, error);
    return status == STATUS_OK ? removal.status : status;
}
