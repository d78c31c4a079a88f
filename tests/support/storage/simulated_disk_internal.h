/* What the files of the simulated disk share. */
#ifndef TESTS_SUPPORT_STORAGE_SIMULATED_DISK_INTERNAL_H
#define TESTS_SUPPORT_STORAGE_SIMULATED_DISK_INTERNAL_H

#include "base/list.h"
#include "base/random.h"
#include "tests/support/storage/simulated_disk.h"

#define SIMULATED_PATH_SIZE 512

/* Bytes that grow; what was never written is zero. */
struct simulated_bytes {
    uint8_t *data;
    uint64_t size;
    uint64_t capacity;
};

/* A change of a file's content that no sync has covered. */
struct simulated_change {
    struct simulated_change *next;
    bool is_truncate;
    bool is_durable; /* A durable write that came after other changes: always kept. */
    uint64_t position;
    uint64_t size;
    uint8_t data[];
};

/* A file or directory, without its name. */
struct simulated_node {
    struct list_node node; /* In simulated_disk.nodes. */
    bool is_directory;
    bool is_cold;
    struct simulated_bytes current;
    struct simulated_bytes durable;
    struct simulated_change *changes; /* Oldest first. */
    struct simulated_change *changes_last;
    uint64_t reserved_end;
    uint64_t broken_position;
    uint64_t broken_size;
    int64_t modified_ms;
    unsigned open_count;
    const struct file *locked_by;
};

struct simulated_name {
    struct list_node node;
    struct simulated_node *target;
    char path[SIMULATED_PATH_SIZE];
};

/* A change of names that no sync_directory() has covered: `removed` goes, `added` comes. */
struct simulated_rename {
    struct list_node node;
    char removed[SIMULATED_PATH_SIZE]; /* "" for none. */
    char added[SIMULATED_PATH_SIZE];   /* "" for none. */
    struct simulated_node *target;     /* Of `added`. */
};

struct simulated_disk {
    struct file_system files; /* First. */
    struct random_seeded random;
    struct list nodes;
    struct list names;         /* Current. */
    struct list durable_names; /* What a power cut keeps. */
    struct list renames;       /* Oldest first. */
    struct list queues;
    uint64_t generation; /* Of power: files opened in an earlier one are dead. */
    uint64_t calls;
    uint64_t fail_at; /* 0: never. */
    enum status fail_status;
    bool fail_sync;
    bool direct_supported;
    uint64_t capacity;
    int64_t now_ms;
    simulated_disk_observer_fn *observe;
    void *observe_context;
    unsigned open_files;
    bool destroyed; /* Only open files keep it. */
};

struct simulated_file {
    struct file file; /* First. */
    struct simulated_disk *disk;
    struct simulated_node *node;
    uint64_t generation;
    char path[SIMULATED_PATH_SIZE];
};

struct simulated_queue {
    struct disk_queue queue; /* First. */
    struct list_node node;   /* In simulated_disk.queues. */
    struct simulated_disk *disk;
    struct disk_operation *submitted; /* Since the last kick, oldest first. */
    struct disk_operation *under_way;
    struct disk_operation *finished; /* By a power cut. */
    unsigned pending;
};

/* calloc() that ends the test when it fails. */
void *simulated_allocate(size_t size);

/* Content. */
void simulated_bytes_resize(struct simulated_bytes *bytes, uint64_t size);
/* As above; grows as needed. */
void simulated_bytes_write(struct simulated_bytes *bytes, uint64_t position, const void *data,
                           uint64_t size);

/* The file behind a seam's file, and whether it is dead since a power cut. */
struct simulated_file *simulated_file_of(struct file *file);
/* As above. */
enum status simulated_file_check(const struct simulated_file *file, struct error *error);

/* Counts a call. A status other than STATUS_OK is the fault that was ordered for it. */
enum status simulated_disk_call(struct simulated_disk *disk, const char *what, const char *path,
                                struct error *error);

/* Writes into the current content and remembers the change; durable at once when asked. */
enum status simulated_node_write(struct simulated_disk *disk, struct simulated_node *node,
                                 uint64_t position, const void *data, uint64_t size, bool durable,
                                 const char *path, struct error *error);

/* Cuts or extends the current content and remembers the change. */
void simulated_node_truncate(struct simulated_node *node, uint64_t size);

/* What all files together take. */
uint64_t simulated_used_bytes(const struct simulated_disk *disk);

/* Everything of the file is durable. */
void simulated_node_sync(struct simulated_node *node);

/* The changes are lost, although the current content keeps them: what a failed sync does. */
void simulated_node_lose(struct simulated_node *node);

/* Releases the node and what it holds. */
void simulated_node_free(struct simulated_node *node);

/* The name's entry in a list of names, NULL when there is none. */
struct simulated_name *simulated_name_find(const struct list *names, const char *path);

/* Adds or replaces a name. */
void simulated_name_set(struct list *names, const char *path, struct simulated_node *target);

/* Removes a name when it is there. */
void simulated_name_remove(struct list *names, const char *path);

/* The directory part of a path; "" for the top. */
void simulated_parent(const char *path, char *parent);

/* Carries out a change of names on a list of names. */
void simulated_rename_apply(struct list *names, const struct simulated_rename *change);

/* One operation of a queue under way, applied by a power cut: some of its sectors. */
void simulated_queue_tear(const struct simulated_disk *disk, struct random *random,
                          const struct simulated_node *node, struct simulated_bytes *content);

/* Every operation under way ends with STATUS_IO. */
void simulated_queue_cut(struct simulated_queue *queue);

/* Applies some sectors of a write to the content, as chance wants it. */
void simulated_tear(struct random *random, struct simulated_bytes *content, uint64_t position,
                    const uint8_t *data, uint64_t size);

#endif /* TESTS_SUPPORT_STORAGE_SIMULATED_DISK_INTERNAL_H */
