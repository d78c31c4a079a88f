#include "tests/support/storage/simulated_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buffer.h"
#include "tests/support/storage/simulated_disk_internal.h"

static struct simulated_disk *disk_of(struct file_system *files)
{
    return CONTAINER_OF(files, struct simulated_disk, files);
}

struct simulated_file *simulated_file_of(struct file *file)
{
    return CONTAINER_OF(file, struct simulated_file, file);
}

enum status simulated_file_check(const struct simulated_file *file, struct error *error)
{
    if (file->generation != file->disk->generation) {
        return error_set(error, STATUS_IO, "%s: the power was cut", file->path);
    }
    return STATUS_OK;
}

static bool touches_broken(const struct simulated_node *node, uint64_t position, uint64_t size)
{
    return node->broken_size > 0 && position < node->broken_position + node->broken_size &&
           position + size > node->broken_position;
}

enum status simulated_disk_call(struct simulated_disk *disk, const char *what, const char *path,
                                struct error *error)
{
    disk->calls++;
    if (disk->fail_at == 0 || disk->calls != disk->fail_at) {
        return STATUS_OK;
    }
    disk->fail_at = 0;
    return error_set(error, disk->fail_status, "%s %s: fault ordered for call %llu", what, path,
                     (unsigned long long)disk->calls);
}

static void observe(struct simulated_disk *disk)
{
    if (disk->observe != NULL) {
        disk->observe(disk->observe_context, disk);
    }
}

/* ---- open and close ---- */

static bool parent_exists(const struct simulated_disk *disk, const char *path)
{
    char parent[SIMULATED_PATH_SIZE];
    simulated_parent(path, parent);
    const struct simulated_name *name = simulated_name_find(&disk->names, parent);
    return parent[0] == '\0' || (name != NULL && name->target->is_directory);
}

static void change_names(struct simulated_disk *disk, const char *removed, const char *added,
                         struct simulated_node *target)
{
    struct simulated_rename *change = simulated_allocate(sizeof *change);
    int removed_size = snprintf(change->removed, sizeof change->removed, "%s", removed);
    int added_size = snprintf(change->added, sizeof change->added, "%s", added);
    ASSERT(removed_size < SIMULATED_PATH_SIZE && added_size < SIMULATED_PATH_SIZE);
    change->target = target;
    simulated_rename_apply(&disk->names, change);
    list_add_last(&disk->renames, &change->node);
}

static enum status find_or_create(struct simulated_disk *disk, const char *path, unsigned flags,
                                  struct simulated_node **node, struct error *error)
{
    const struct simulated_name *name = simulated_name_find(&disk->names, path);
    bool creates = (flags & FILE_CREATE) != 0;
    if (name != NULL && creates && (flags & FILE_EXCLUSIVE) != 0) {
        return error_set(error, STATUS_EXISTS, "open %s: exists already", path);
    }
    if (name == NULL && (!creates || !parent_exists(disk, path))) {
        return error_set(error, STATUS_NOT_FOUND, "open %s: not found", path);
    }
    if (name != NULL && name->target->is_directory) {
        return error_set(error, STATUS_IO, "open %s: is a directory", path);
    }
    if ((flags & FILE_DIRECT) != 0 && !disk->direct_supported) {
        return error_set(error, STATUS_UNSUPPORTED, "open %s: no direct access here", path);
    }
    if (name != NULL) {
        *node = name->target;
        return STATUS_OK;
    }
    struct simulated_node *created = simulated_allocate(sizeof *created);
    created->modified_ms = disk->now_ms;
    list_add_last(&disk->nodes, &created->node);
    change_names(disk, "", path, created);
    *node = created;
    return STATUS_OK;
}

static enum status open_file(struct file_system *files, const char *path, unsigned flags,
                             struct file **file, struct error *error)
{
    struct simulated_disk *disk = disk_of(files);
    ASSERT(strlen(path) < SIMULATED_PATH_SIZE);
    if ((flags & FILE_CREATE) != 0) {
        observe(disk);
    }
    enum status status = simulated_disk_call(disk, "open", path, error);
    struct simulated_node *node = NULL;
    if (status == STATUS_OK) {
        status = find_or_create(disk, path, flags, &node, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct simulated_file *opened = simulated_allocate(sizeof *opened);
    file_init(&opened->file, files, -1, flags);
    opened->disk = disk;
    opened->node = node;
    opened->generation = disk->generation;
    memcpy(opened->path, path, strlen(path) + 1);
    node->open_count++;
    disk->open_files++;
    *file = &opened->file;
    return STATUS_OK;
}

static bool names_have(const struct list *names, const struct simulated_node *node)
{
    LIST_FOREACH (item, names) {
        if (CONTAINER_OF(item, struct simulated_name, node)->target == node) {
            return true;
        }
    }
    return false;
}

static bool is_used(const struct simulated_disk *disk, const struct simulated_node *node)
{
    LIST_FOREACH (item, &disk->renames) {
        if (CONTAINER_OF(item, struct simulated_rename, node)->target == node) {
            return true;
        }
    }
    return node->open_count > 0 || names_have(&disk->names, node) ||
           names_have(&disk->durable_names, node);
}

static void release_when_unused(struct simulated_disk *disk, struct simulated_node *node)
{
    if (!is_used(disk, node)) {
        simulated_node_free(node);
    }
}

static void close_file(struct file *file)
{
    struct simulated_file *opened = simulated_file_of(file);
    struct simulated_disk *disk = opened->disk;
    struct simulated_node *node = opened->node;
    if (node->locked_by == file) {
        node->locked_by = NULL;
    }
    ASSERT(node->open_count > 0 && disk->open_files > 0);
    node->open_count--;
    disk->open_files--;
    release_when_unused(disk, node);
    free(opened);
    if (disk->destroyed && disk->open_files == 0) {
        disk->destroyed = false;
        simulated_disk_destroy(disk);
    }
}

/* ---- content ---- */

static enum status begin(struct file *file, const char *what, struct error *error)
{
    struct simulated_file *opened = simulated_file_of(file);
    enum status status = simulated_file_check(opened, error);
    return status == STATUS_OK ? simulated_disk_call(opened->disk, what, opened->path, error)
                               : status;
}

static enum status read_content(struct simulated_file *opened, uint64_t position, void *memory,
                                size_t size, size_t *count, struct error *error)
{
    const struct simulated_bytes *content = &opened->node->current;
    if (touches_broken(opened->node, position, size)) {
        return error_set(error, STATUS_IO, "read %s: broken at %llu", opened->path,
                         (unsigned long long)opened->node->broken_position);
    }
    uint64_t left = position < content->size ? content->size - position : 0;
    *count = left < size ? (size_t)left : size;
    if (*count > 0) {
        memcpy(memory, content->data + position, *count);
    }
    return STATUS_OK;
}

static enum status read_file(struct file *file, uint64_t position, void *memory, size_t size,
                             size_t *count, struct error *error)
{
    enum status status = begin(file, "read", error);
    if (status != STATUS_OK) {
        return status;
    }
    simulated_file_of(file)->node->is_cold = false;
    return read_content(simulated_file_of(file), position, memory, size, count, error);
}

static enum status read_resident(struct file *file, uint64_t position, void *memory, size_t size,
                                 size_t *count, struct error *error)
{
    enum status status = begin(file, "read resident", error);
    if (status != STATUS_OK) {
        return status;
    }
    if (simulated_file_of(file)->node->is_cold) {
        return error_set(error, STATUS_AGAIN, "read %s: not in memory",
                         simulated_file_of(file)->path);
    }
    return read_content(simulated_file_of(file), position, memory, size, count, error);
}

static enum status write_file(struct file *file, uint64_t position, const void *memory, size_t size,
                              struct error *error)
{
    struct simulated_file *opened = simulated_file_of(file);
    ASSERT((file->flags & FILE_WRITE) != 0);
    ASSERT(IMPLIES((file->flags & FILE_DIRECT) != 0,
                   (position | size | (uintptr_t)memory) % BUFFER_ALIGNMENT == 0));
    observe(opened->disk);
    enum status status = begin(file, "write", error);
    struct error unused;
    if (status != STATUS_OK) {
        if (opened->generation == opened->disk->generation) {
            status_ignore(simulated_node_write(opened->disk, opened->node, position, memory,
                                               size / 2, false, opened->path, &unused));
        }
        return status;
    }
    return simulated_node_write(opened->disk, opened->node, position, memory, size, false,
                                opened->path, error);
}

static enum status sync_file(struct file *file, struct error *error)
{
    struct simulated_file *opened = simulated_file_of(file);
    observe(opened->disk);
    enum status status = begin(file, "sync", error);
    if (status == STATUS_OK && opened->disk->fail_sync) {
        opened->disk->fail_sync = false;
        status = error_set(error, STATUS_IO, "sync %s: fault ordered", opened->path);
    }
    if (status == STATUS_OK) {
        simulated_node_sync(opened->node);
    } else {
        simulated_node_lose(opened->node);
    }
    return status;
}

static enum status truncate_file(struct file *file, uint64_t size, struct error *error)
{
    struct simulated_file *opened = simulated_file_of(file);
    observe(opened->disk);
    enum status status = begin(file, "truncate", error);
    if (status != STATUS_OK) {
        return status;
    }
    simulated_node_truncate(opened->node, size);
    return STATUS_OK;
}

static enum status reserve_file(struct file *file, uint64_t position, uint64_t size,
                                struct error *error)
{
    struct simulated_file *opened = simulated_file_of(file);
    enum status status = begin(file, "reserve", error);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t before = opened->node->reserved_end;
    uint64_t end = position + size;
    opened->node->reserved_end = end > before ? end : before;
    if (simulated_used_bytes(opened->disk) > opened->disk->capacity) {
        opened->node->reserved_end = before;
        return error_set(error, STATUS_NO_SPACE, "reserve %s: no space for %llu bytes",
                         opened->path, (unsigned long long)size);
    }
    return STATUS_OK;
}

static enum status size_of(struct file *file, uint64_t *size, struct error *error)
{
    enum status status = begin(file, "size", error);
    if (status == STATUS_OK) {
        *size = simulated_file_of(file)->node->current.size;
    }
    return status;
}

static enum status lock_file(struct file *file, struct error *error)
{
    struct simulated_file *opened = simulated_file_of(file);
    enum status status = begin(file, "lock", error);
    if (status == STATUS_OK && opened->node->locked_by != NULL && opened->node->locked_by != file) {
        status = error_set(error, STATUS_BUSY, "lock %s: somebody holds it", opened->path);
    }
    if (status == STATUS_OK) {
        opened->node->locked_by = file;
    }
    return status;
}

/* ---- names ---- */

static enum status stat_path(struct file_system *files, const char *path,
                             struct file_status *file_status, struct error *error)
{
    struct simulated_disk *disk = disk_of(files);
    enum status status = simulated_disk_call(disk, "look up", path, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct simulated_name *name = simulated_name_find(&disk->names, path);
    if (name == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "look up %s: not found", path);
    }
    *file_status = (struct file_status){
        .size = name->target->current.size,
        .modified_ms = name->target->modified_ms,
        .is_directory = name->target->is_directory,
    };
    return STATUS_OK;
}

static enum status rename_path(struct file_system *files, const char *from, const char *to,
                               struct error *error)
{
    struct simulated_disk *disk = disk_of(files);
    observe(disk);
    enum status status = simulated_disk_call(disk, "rename", from, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct simulated_name *name = simulated_name_find(&disk->names, from);
    if (name == NULL || !parent_exists(disk, to)) {
        return error_set(error, STATUS_NOT_FOUND, "rename %s: not found", from);
    }
    change_names(disk, from, to, name->target);
    return STATUS_OK;
}

static bool has_children(const struct simulated_disk *disk, const char *path)
{
    size_t size = strlen(path);
    LIST_FOREACH (item, &disk->names) {
        const struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        if (strncmp(name->path, path, size) == 0 && name->path[size] == '/') {
            return true;
        }
    }
    return false;
}

static enum status remove_name(struct simulated_disk *disk, const char *path, bool is_directory,
                               struct error *error)
{
    observe(disk);
    enum status status = simulated_disk_call(disk, "remove", path, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct simulated_name *name = simulated_name_find(&disk->names, path);
    if (name == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "remove %s: not found", path);
    }
    if (name->target->is_directory != is_directory) {
        return error_set(error, STATUS_IO, "remove %s: %s a directory", path,
                         is_directory ? "is not" : "is");
    }
    if (is_directory && has_children(disk, path)) {
        return error_set(error, STATUS_EXISTS, "remove %s: not empty", path);
    }
    change_names(disk, path, "", NULL);
    return STATUS_OK;
}

static enum status remove_path(struct file_system *files, const char *path, struct error *error)
{
    return remove_name(disk_of(files), path, false, error);
}

static enum status remove_directory(struct file_system *files, const char *path,
                                    struct error *error)
{
    return remove_name(disk_of(files), path, true, error);
}

static enum status make_directory(struct file_system *files, const char *path, struct error *error)
{
    struct simulated_disk *disk = disk_of(files);
    observe(disk);
    enum status status = simulated_disk_call(disk, "make directory", path, error);
    char level[SIMULATED_PATH_SIZE];
    size_t path_size = strlen(path);
    ASSERT(path_size < sizeof level);
    for (size_t size = 1; size <= path_size && status == STATUS_OK; size++) {
        if (path[size] != '/' && path[size] != '\0') {
            continue;
        }
        memcpy(level, path, size);
        level[size] = '\0';
        const struct simulated_name *name = simulated_name_find(&disk->names, level);
        if (name == NULL) {
            struct simulated_node *made = simulated_allocate(sizeof *made);
            made->is_directory = true;
            list_add_last(&disk->nodes, &made->node);
            change_names(disk, "", level, made);
        } else if (!name->target->is_directory) {
            status =
                error_set(error, STATUS_EXISTS, "make directory %s: %s is a file", path, level);
        }
    }
    return status;
}

static enum status list_names(struct file_system *files, const char *path, file_visit_fn *visit,
                              void *context, struct error *error)
{
    struct simulated_disk *disk = disk_of(files);
    enum status status = simulated_disk_call(disk, "list directory", path, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (simulated_name_find(&disk->names, path) == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "list directory %s: not found", path);
    }
    /* The visitor may change names: visit a copy. */
    struct list found;
    list_init(&found);
    LIST_FOREACH (item, &disk->names) {
        const struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        char parent[SIMULATED_PATH_SIZE];
        simulated_parent(name->path, parent);
        if (strcmp(parent, path) == 0) {
            simulated_name_set(&found, name->path, name->target);
        }
    }
    while (!list_is_empty(&found)) {
        struct simulated_name *name = CONTAINER_OF(list_first(&found), struct simulated_name, node);
        visit(context,
              strrchr(name->path, '/') != NULL ? strrchr(name->path, '/') + 1 : name->path);
        list_remove(&name->node);
        free(name);
    }
    return STATUS_OK;
}

static bool is_in(const char *path, const char *directory)
{
    char parent[SIMULATED_PATH_SIZE];
    simulated_parent(path, parent);
    return path[0] != '\0' && strcmp(parent, directory) == 0;
}

static enum status sync_directory(struct file_system *files, const char *path, struct error *error)
{
    struct simulated_disk *disk = disk_of(files);
    const char *directory = strcmp(path, ".") == 0 || strcmp(path, "/") == 0 ? "" : path;
    observe(disk);
    enum status status = simulated_disk_call(disk, "sync directory", path, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct list_node *next;
    for (struct list_node *item = list_first(&disk->renames); item != NULL; item = next) {
        next = list_next(&disk->renames, item);
        struct simulated_rename *change = CONTAINER_OF(item, struct simulated_rename, node);
        if (is_in(change->added, directory) || is_in(change->removed, directory)) {
            simulated_rename_apply(&disk->durable_names, change);
            list_remove(item);
            free(change);
        }
    }
    struct list_node *following;
    for (struct list_node *item = list_first(&disk->nodes); item != NULL; item = following) {
        following = list_next(&disk->nodes, item);
        release_when_unused(disk, CONTAINER_OF(item, struct simulated_node, node));
    }
    return STATUS_OK;
}

static enum status usage(struct file_system *files, const char *path, struct disk_usage *disk_usage,
                         struct error *error)
{
    const struct simulated_disk *disk = disk_of(files);
    enum status status = simulated_disk_call(disk_of(files), "disk usage", path, error);
    if (status == STATUS_OK) {
        uint64_t used = simulated_used_bytes(disk);
        *disk_usage = (struct disk_usage){
            .total_bytes = disk->capacity,
            .usable_bytes = used < disk->capacity ? disk->capacity - used : 0,
        };
    }
    return status;
}

/* ---- the disk ---- */

struct simulated_disk *simulated_disk_create(uint64_t seed)
{
    struct simulated_disk *disk = simulated_allocate(sizeof *disk);
    disk->files = (struct file_system){
        .open = open_file,
        .read = read_file,
        .read_resident = read_resident,
        .write = write_file,
        .sync = sync_file,
        .truncate = truncate_file,
        .reserve = reserve_file,
        .size = size_of,
        .lock = lock_file,
        .stat = stat_path,
        .rename = rename_path,
        .remove = remove_path,
        .make_directory = make_directory,
        .remove_directory = remove_directory,
        .list_directory = list_names,
        .sync_directory = sync_directory,
        .usage = usage,
        .close = close_file,
    };
    random_seeded_init(&disk->random, seed);
    list_init(&disk->nodes);
    list_init(&disk->names);
    list_init(&disk->durable_names);
    list_init(&disk->renames);
    list_init(&disk->queues);
    disk->direct_supported = true;
    disk->capacity = (uint64_t)1 << 50;
    return disk;
}

static void free_names(struct list *names)
{
    while (!list_is_empty(names)) {
        struct list_node *first = list_first(names);
        list_remove(first);
        free(CONTAINER_OF(first, struct simulated_name, node));
    }
}

void simulated_disk_destroy(struct simulated_disk *disk)
{
    ASSERT(list_is_empty(&disk->queues));
    if (disk->open_files > 0) {
        disk->destroyed = true;
        return;
    }
    free_names(&disk->names);
    free_names(&disk->durable_names);
    while (!list_is_empty(&disk->renames)) {
        struct list_node *first = list_first(&disk->renames);
        list_remove(first);
        free(CONTAINER_OF(first, struct simulated_rename, node));
    }
    while (!list_is_empty(&disk->nodes)) {
        simulated_node_free(CONTAINER_OF(list_first(&disk->nodes), struct simulated_node, node));
    }
    free(disk);
}

struct file_system *simulated_disk_files(struct simulated_disk *disk)
{
    return &disk->files;
}

void simulated_disk_observe(struct simulated_disk *disk, simulated_disk_observer_fn *observer,
                            void *context)
{
    disk->observe = observer;
    disk->observe_context = context;
}

uint64_t simulated_disk_calls(const struct simulated_disk *disk)
{
    return disk->calls;
}

void simulated_disk_fail_call(struct simulated_disk *disk, uint64_t n, enum status status)
{
    disk->fail_at = n > 0 ? disk->calls + n : 0;
    disk->fail_status = status;
}

void simulated_disk_fail_sync(struct simulated_disk *disk)
{
    disk->fail_sync = true;
}

void simulated_disk_set_capacity(struct simulated_disk *disk, uint64_t bytes_max)
{
    disk->capacity = bytes_max;
}

void simulated_disk_set_direct(struct simulated_disk *disk, bool supported)
{
    disk->direct_supported = supported;
}

static struct simulated_node *node_at(const struct simulated_disk *disk, const char *path)
{
    const struct simulated_name *name = simulated_name_find(&disk->names, path);
    ASSERT(name != NULL);
    return name->target;
}

void simulated_disk_break_range(struct simulated_disk *disk, const char *path, uint64_t position,
                                uint64_t size)
{
    node_at(disk, path)->broken_position = position;
    node_at(disk, path)->broken_size = size;
}

void simulated_disk_flip_bit(struct simulated_disk *disk, const char *path, uint64_t position,
                             unsigned bit)
{
    struct simulated_node *node = node_at(disk, path);
    ASSERT(position < node->current.size && bit < 8);
    node->current.data[position] ^= (uint8_t)(1u << bit);
    if (position < node->durable.size) {
        node->durable.data[position] ^= (uint8_t)(1u << bit);
    }
}

void simulated_disk_make_cold(struct simulated_disk *disk, const char *path)
{
    node_at(disk, path)->is_cold = true;
}

void simulated_disk_set_time(struct simulated_disk *disk, int64_t now_ms)
{
    disk->now_ms = now_ms;
}

struct bytes simulated_disk_content(const struct simulated_disk *disk, const char *path)
{
    const struct simulated_name *name = simulated_name_find(&disk->names, path);
    if (name == NULL) {
        return BYTES_NULL;
    }
    const struct simulated_bytes *content = &name->target->current;
    static const uint8_t empty[1];
    return (struct bytes){content->size > 0 ? content->data : empty, (size_t)content->size};
}

/* FNV-1a: only equality counts. */
static uint64_t hash_more(uint64_t hash, const void *data, uint64_t size)
{
    const uint8_t *bytes = data;
    for (uint64_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 1099511628211u;
    }
    return hash;
}

uint64_t simulated_disk_hash(const struct simulated_disk *disk)
{
    uint64_t hash = 14695981039346656037u;
    LIST_FOREACH (item, &disk->names) {
        const struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        hash = hash_more(hash, name->path, strlen(name->path));
        hash = hash_more(hash, name->target->current.data, name->target->current.size);
        hash = hash_more(hash, name->target->durable.data, name->target->durable.size);
    }
    return hash;
}
