/* One data directory (an entry of log.dirs): what is in it, who owns it, its checkpoints.
 *
 *   .lock                              flock, with the holder's pid inside
 *   meta.properties                    version, cluster.id, node.id, directory.id
 *   .kafka_cleanshutdown               only after an orderly stop
 *   recovery-point-offset-checkpoint   log-start-offset-checkpoint   replication-offset-checkpoint
 *   <topic>-<partition>/ …             <…>.<uuid>-delete/  being removed
 *
 * Used by one thread at a time. */
#ifndef STORAGE_LOG_LOG_DIRECTORY_H
#define STORAGE_LOG_LOG_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "base/error.h"
#include "base/random.h"
#include "base/uuid.h"
#include "storage/io/file_system.h"

struct log_directory;

struct log_directory_identity {
    char cluster_id[64]; /* "" when the directory was not yet formatted. */
    int32_t node_id;     /* -1 when not yet formatted. */
    struct uuid directory_id;
};

/* Locks and reads a directory, which is made when missing. STATUS_BUSY names the holder's pid.
 * On STATUS_OK the caller owns *directory: log_directory_close(). */
MUST_USE enum status log_directory_open(struct file_system *files, const char *path,
                                        struct log_directory **directory, struct error *error);

/* Gives the lock back. NULL is allowed. */
void log_directory_close(struct log_directory *directory);

/* Its path, as opened. */
const char *log_directory_path(const struct log_directory *directory);

/* What meta.properties says. */
struct log_directory_identity log_directory_identity(const struct log_directory *directory);

/* Writes meta.properties; only for a directory that has none, else STATUS_INVALID unless equal. */
MUST_USE enum status log_directory_format(struct log_directory *directory, const char *cluster_id,
                                          int32_t node_id, struct random *random,
                                          struct error *error);

/* The last stop was orderly. Reading it removes the marker durably, so that it counts once. */
MUST_USE enum status log_directory_take_clean_marker(struct log_directory *directory,
                                                     bool *was_clean, struct error *error);

/* Writes the marker, after every log is closed. */
MUST_USE enum status log_directory_put_clean_marker(struct log_directory *directory,
                                                    struct error *error);

enum checkpoint_kind {
    CHECKPOINT_RECOVERY_POINT,
    CHECKPOINT_LOG_START,
    CHECKPOINT_HIGH_WATERMARK,
    CHECKPOINT_KIND_COUNT,
};

/* The value that the checkpoint file had for a partition when the directory was opened, or was set
 * since; -1 when none. */
int64_t log_directory_checkpoint(const struct log_directory *directory, enum checkpoint_kind kind,
                                 struct text topic, int32_t partition);

/* Remembers a value, to be written with the next log_directory_write_checkpoints(); -1 forgets. */
MUST_USE enum status log_directory_set_checkpoint(struct log_directory *directory,
                                                  enum checkpoint_kind kind, struct text topic,
                                                  int32_t partition, int64_t offset,
                                                  struct error *error);

/* Replaces the checkpoint files that have changed. May block. */
MUST_USE enum status log_directory_write_checkpoints(struct log_directory *directory,
                                                     struct error *error);

/* Visits each "<topic>-<partition>" directory in it, and what partition.metadata says of the topic
 * id (none when missing). */
typedef void log_directory_visit_fn(void *context, struct text topic, int32_t partition,
                                    struct uuid topic_id, const char *path);
/* As above. May block. */
MUST_USE enum status log_directory_list(struct log_directory *directory,
                                        log_directory_visit_fn *visit, void *context,
                                        struct error *error);

/* Renames "<topic>-<partition>" to "<…>.<unique>-delete", durably; its files are removed by
 * log_directory_remove_deleted(). */
MUST_USE enum status log_directory_delete_partition(struct log_directory *directory,
                                                    struct text topic, int32_t partition,
                                                    struct random *random, struct error *error);

/* Removes every "-delete" directory. May block; for a worker. */
MUST_USE enum status log_directory_remove_deleted(struct log_directory *directory,
                                                  struct error *error);

/* Writes "<directory>/<topic>-<partition>" into `path`. */
MUST_USE enum status log_directory_partition_path(const struct log_directory *directory,
                                                  struct text topic, int32_t partition, char *path,
                                                  size_t path_size, struct error *error);

#endif /* STORAGE_LOG_LOG_DIRECTORY_H */
