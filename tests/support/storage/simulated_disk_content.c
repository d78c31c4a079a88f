/* Bytes, changes and names of the simulated disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/support/storage/simulated_disk_internal.h"

void *simulated_allocate(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    ASSERT(memory != NULL);
    return memory;
}

/* ---- content ---- */

void simulated_bytes_resize(struct simulated_bytes *bytes, uint64_t size)
{
    if (size > bytes->capacity) {
        uint64_t capacity = bytes->capacity * 2 > size ? bytes->capacity * 2 : size;
        uint8_t *data = realloc(bytes->data, (size_t)capacity);
        ASSERT(data != NULL);
        bytes->data = data;
        bytes->capacity = capacity;
    }
    if (size > bytes->size) {
        memset(bytes->data + bytes->size, 0, (size_t)(size - bytes->size));
    }
    bytes->size = size;
}

void simulated_bytes_write(struct simulated_bytes *bytes, uint64_t position, const void *data,
                           uint64_t size)
{
    if (size == 0) {
        return;
    }
    if (position + size > bytes->size) {
        simulated_bytes_resize(bytes, position + size);
    }
    memcpy(bytes->data + position, data, (size_t)size);
}

static void bytes_copy(struct simulated_bytes *to, const struct simulated_bytes *from)
{
    simulated_bytes_resize(to, 0);
    simulated_bytes_write(to, 0, from->data, from->size);
}

/* ---- changes ---- */

static void remember(struct simulated_node *node, bool is_truncate, bool is_durable,
                     uint64_t position, const void *data, uint64_t size)
{
    size_t data_size = is_truncate ? 0 : (size_t)size;
    struct simulated_change *change = simulated_allocate(sizeof *change + data_size);
    change->is_truncate = is_truncate;
    change->is_durable = is_durable;
    change->position = position;
    change->size = size;
    if (data_size > 0) {
        memcpy(change->data, data, data_size);
    }
    if (node->changes_last != NULL) {
        node->changes_last->next = change;
    } else {
        node->changes = change;
    }
    node->changes_last = change;
}

static uint64_t used_of(const struct simulated_node *node)
{
    return node->current.size > node->reserved_end ? node->current.size : node->reserved_end;
}

uint64_t simulated_used_bytes(const struct simulated_disk *disk)
{
    uint64_t used = 0;
    LIST_FOREACH (item, &disk->nodes) {
        used += used_of(CONTAINER_OF(item, struct simulated_node, node));
    }
    return used;
}

enum status simulated_node_write(struct simulated_disk *disk, struct simulated_node *node,
                                 uint64_t position, const void *data, uint64_t size, bool durable,
                                 const char *path, struct error *error)
{
    uint64_t used = used_of(node);
    uint64_t grown = position + size > used ? position + size - used : 0;
    if (grown > 0 && simulated_used_bytes(disk) + grown > disk->capacity) {
        return error_set(error, STATUS_NO_SPACE, "write %s: no space for %llu more bytes", path,
                         (unsigned long long)grown);
    }
    simulated_bytes_write(&node->current, position, data, size);
    node->modified_ms = disk->now_ms;
    if (position < node->broken_position + node->broken_size && node->broken_size > 0 &&
        position + size > node->broken_position) {
        node->broken_size = 0;
    }
    if (durable && node->changes == NULL) {
        simulated_bytes_write(&node->durable, position, data, size);
    } else {
        remember(node, false, durable, position, data, size);
    }
    return STATUS_OK;
}

void simulated_node_truncate(struct simulated_node *node, uint64_t size)
{
    simulated_bytes_resize(&node->current, size);
    node->reserved_end = 0;
    remember(node, true, false, 0, NULL, size);
}

void simulated_node_lose(struct simulated_node *node)
{
    while (node->changes != NULL) {
        struct simulated_change *change = node->changes;
        node->changes = change->next;
        if (change->is_durable) {
            simulated_bytes_write(&node->durable, change->position, change->data, change->size);
        }
        free(change);
    }
    node->changes_last = NULL;
}

void simulated_node_sync(struct simulated_node *node)
{
    /* What an earlier failed sync has lost stays lost: only the changes since then are saved. */
    for (const struct simulated_change *change = node->changes; change != NULL;
         change = change->next) {
        if (change->is_truncate) {
            simulated_bytes_resize(&node->durable, change->size);
        } else {
            simulated_bytes_write(&node->durable, change->position, change->data, change->size);
        }
    }
    while (node->changes != NULL) {
        struct simulated_change *change = node->changes;
        node->changes = change->next;
        free(change);
    }
    node->changes_last = NULL;
}

void simulated_node_free(struct simulated_node *node)
{
    simulated_node_lose(node);
    list_remove(&node->node);
    free(node->current.data);
    free(node->durable.data);
    free(node);
}

/* ---- names ---- */

struct simulated_name *simulated_name_find(const struct list *names, const char *path)
{
    LIST_FOREACH (item, names) {
        struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        if (strcmp(name->path, path) == 0) {
            return name;
        }
    }
    return NULL;
}

void simulated_name_set(struct list *names, const char *path, struct simulated_node *target)
{
    struct simulated_name *name = simulated_name_find(names, path);
    if (name == NULL) {
        name = simulated_allocate(sizeof *name);
        int size = snprintf(name->path, sizeof name->path, "%s", path);
        ASSERT(size >= 0 && (size_t)size < sizeof name->path);
        list_add_last(names, &name->node);
    }
    name->target = target;
}

void simulated_name_remove(struct list *names, const char *path)
{
    struct simulated_name *name = simulated_name_find(names, path);
    if (name != NULL) {
        list_remove(&name->node);
        free(name);
    }
}

void simulated_parent(const char *path, char *parent)
{
    const char *slash = strrchr(path, '/');
    snprintf(parent, SIMULATED_PATH_SIZE, "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
}

/* A directory takes what is in it along. */
static void move_children(struct list *names, const char *from, const char *to)
{
    size_t size = strlen(from);
    LIST_FOREACH (item, names) {
        struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        if (strncmp(name->path, from, size) == 0 && name->path[size] == '/') {
            char moved[2 * SIMULATED_PATH_SIZE];
            int moved_size = snprintf(moved, sizeof moved, "%s%s", to, name->path + size);
            ASSERT(moved_size >= 0 && moved_size < SIMULATED_PATH_SIZE);
            memcpy(name->path, moved, (size_t)moved_size + 1);
        }
    }
}

void simulated_rename_apply(struct list *names, const struct simulated_rename *change)
{
    if (change->removed[0] != '\0') {
        simulated_name_remove(names, change->removed);
    }
    if (change->added[0] != '\0') {
        simulated_name_set(names, change->added, change->target);
    }
    if (change->removed[0] != '\0' && change->added[0] != '\0') {
        move_children(names, change->removed, change->added);
    }
}

/* ---- a power cut ---- */

void simulated_tear(struct random *random, struct simulated_bytes *content, uint64_t position,
                    const uint8_t *data, uint64_t size)
{
    /* How much of the extension is there before any data. */
    if (random_below(random, 4) == 0 && position + size > content->size) {
        simulated_bytes_resize(content, position + size);
    }
    uint64_t done = 0;
    while (done < size) {
        uint64_t in_sector = SIMULATED_SECTOR_SIZE - (position + done) % SIMULATED_SECTOR_SIZE;
        uint64_t step = size - done < in_sector ? size - done : in_sector;
        if (random_below(random, 2) == 0) {
            simulated_bytes_write(content, position + done, data + done, step);
        }
        done += step;
    }
}

static void keep_some(const struct simulated_change *change, struct random *random, unsigned mode,
                      struct simulated_bytes *content)
{
    unsigned choice = change->is_durable ? 1 : mode < 2 ? mode : (unsigned)random_below(random, 4);
    if (choice == 0) {
        return;
    }
    if (change->is_truncate) {
        simulated_bytes_resize(content, change->size);
    } else if (choice == 1) {
        simulated_bytes_write(content, change->position, change->data, change->size);
    } else {
        simulated_tear(random, content, change->position, change->data, change->size);
    }
}

static struct simulated_node *survive(const struct simulated_disk *disk, struct list *nodes,
                                      struct random *random, unsigned mode,
                                      const struct simulated_node *node)
{
    struct simulated_node *survivor = simulated_allocate(sizeof *survivor);
    survivor->is_directory = node->is_directory;
    survivor->modified_ms = node->modified_ms;
    survivor->broken_position = node->broken_position;
    survivor->broken_size = node->broken_size;
    bytes_copy(&survivor->durable, &node->durable);
    for (const struct simulated_change *change = node->changes; change != NULL;
         change = change->next) {
        keep_some(change, random, mode, &survivor->durable);
    }
    if (mode != 0) {
        simulated_queue_tear(disk, random, node, &survivor->durable);
    }
    bytes_copy(&survivor->current, &survivor->durable);
    list_add_last(nodes, &survivor->node);
    return survivor;
}

/* Puts the names that survive into `names`, still with the old targets. */
static void surviving_names(const struct simulated_disk *disk, struct random *random, unsigned mode,
                            struct list *names)
{
    struct list ended; /* Directories whose later changes are lost. */
    list_init(&ended);
    LIST_FOREACH (item, &disk->durable_names) {
        const struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        simulated_name_set(names, name->path, name->target);
    }
    LIST_FOREACH (item, &disk->renames) {
        const struct simulated_rename *change = CONTAINER_OF(item, struct simulated_rename, node);
        char parent[SIMULATED_PATH_SIZE];
        simulated_parent(change->added[0] != '\0' ? change->added : change->removed, parent);
        bool kept = mode == 1 || (mode == 2 && random_below(random, 2) == 0);
        if (simulated_name_find(&ended, parent) != NULL) {
            continue;
        }
        if (kept) {
            simulated_rename_apply(names, change);
        } else {
            simulated_name_set(&ended, parent, NULL);
        }
    }
    while (!list_is_empty(&ended)) {
        simulated_name_remove(&ended,
                              CONTAINER_OF(list_first(&ended), struct simulated_name, node)->path);
    }
}

static bool is_reachable(const struct list *names, const char *path)
{
    char parent[SIMULATED_PATH_SIZE];
    simulated_parent(path, parent);
    return parent[0] == '\0' ||
           (simulated_name_find(names, parent) != NULL && is_reachable(names, parent));
}

static void drop_unreachable(struct list *names)
{
    bool dropped = true;
    while (dropped) {
        dropped = false;
        LIST_FOREACH (item, names) {
            const struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
            if (!is_reachable(names, name->path)) {
                simulated_name_remove(names, name->path);
                dropped = true;
                break;
            }
        }
    }
}

/* Fills in empty lists with what a power cut leaves of the disk. */
static void survivors(const struct simulated_disk *disk, uint64_t seed, struct list *nodes,
                      struct list *names)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, seed);
    struct random *random = &seeded.random;
    /* 0: nothing that was not durable, 1: everything, 2: some of it. */
    unsigned mode = (unsigned)random_below(random, 4);
    mode = mode < 2 ? mode : 2;
    surviving_names(disk, random, mode, names);
    drop_unreachable(names);
    LIST_FOREACH (item, names) {
        struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        name->target = survive(disk, nodes, random, mode, name->target);
    }
}

static void clear_names(struct list *names)
{
    while (!list_is_empty(names)) {
        struct simulated_name *name = CONTAINER_OF(list_first(names), struct simulated_name, node);
        list_remove(&name->node);
        free(name);
    }
}

static void move_list(struct list *to, struct list *from)
{
    while (!list_is_empty(from)) {
        struct list_node *node = list_first(from);
        list_remove(node);
        list_add_last(to, node);
    }
}

static void forget_renames(struct simulated_disk *disk)
{
    while (!list_is_empty(&disk->renames)) {
        struct simulated_rename *change =
            CONTAINER_OF(list_first(&disk->renames), struct simulated_rename, node);
        list_remove(&change->node);
        free(change);
    }
}

/* Replaces everything that the disk holds. Nodes that open files still use are kept beside. */
static void replace(struct simulated_disk *disk, struct list *nodes, struct list *names)
{
    struct list kept;
    list_init(&kept);
    clear_names(&disk->names);
    clear_names(&disk->durable_names);
    forget_renames(disk);
    while (!list_is_empty(&disk->nodes)) {
        struct simulated_node *node =
            CONTAINER_OF(list_first(&disk->nodes), struct simulated_node, node);
        if (node->open_count > 0) {
            list_remove(&node->node);
            simulated_bytes_resize(&node->current, 0);
            node->reserved_end = 0;
            list_add_last(&kept, &node->node);
        } else {
            simulated_node_free(node);
        }
    }
    move_list(&disk->nodes, &kept);
    move_list(&disk->nodes, nodes);
    LIST_FOREACH (item, names) {
        const struct simulated_name *name = CONTAINER_OF(item, struct simulated_name, node);
        simulated_name_set(&disk->names, name->path, name->target);
        simulated_name_set(&disk->durable_names, name->path, name->target);
    }
    clear_names(names);
}

void simulated_disk_crash(struct simulated_disk *disk, uint64_t seed)
{
    struct list nodes;
    struct list names;
    list_init(&nodes);
    list_init(&names);
    survivors(disk, seed, &nodes, &names);
    LIST_FOREACH (item, &disk->queues) {
        simulated_queue_cut(CONTAINER_OF(item, struct simulated_queue, node));
    }
    disk->generation++;
    disk->fail_at = 0;
    disk->fail_sync = false;
    replace(disk, &nodes, &names);
}

struct simulated_disk *simulated_disk_survivor(const struct simulated_disk *disk, uint64_t seed)
{
    struct simulated_disk *survivor = simulated_disk_create(seed);
    struct list nodes;
    struct list names;
    list_init(&nodes);
    list_init(&names);
    survivors(disk, seed, &nodes, &names);
    survivor->capacity = disk->capacity;
    survivor->direct_supported = disk->direct_supported;
    survivor->now_ms = disk->now_ms;
    replace(survivor, &nodes, &names);
    return survivor;
}
