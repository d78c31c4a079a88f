/* The data directories of a broker: which partition lies where, and their checkpoints.
 *
 * What the directories held when the broker started is read once and never changes after: any shard
 * may ask log_keeper_locate(). Everything else happens on shard 0: shards send what is to be
 * checkpointed and which partitions were deleted; a worker writes the files, one writing at a
 * time. */
#ifndef BROKER_LOG_KEEPER_H
#define BROKER_LOG_KEEPER_H

#include <stdbool.h>

#include "base/diagnostic.h"
#include "base/error.h"
#include "base/random.h"
#include "broker/server/shard.h"
#include "replication/partition/partition_table.h"
#include "storage/log/log_directory.h"

#define LOG_DIRECTORIES_MAX 64

struct log_keeper;

struct log_keeper_options {
    struct file_system *files;
    struct random *random;
    struct diagnostic_sink *diagnostics;
    struct text directories; /* log.dirs: comma-separated paths. */
    int32_t node_id;
    struct text cluster_id; /* TEXT_NULL: what the directories say, or a new one. */
};

/* Opens, locks and reads the directories; formats those that are new. May block.
 * STATUS_BUSY names the holder; STATUS_INVALID when directories belong to different clusters or to
 * another node. On STATUS_OK the caller owns *keeper. */
MUST_USE enum status log_keeper_open(const struct log_keeper_options *options,
                                     struct log_keeper **keeper, struct error *error);

/* Writes the checkpoints and, with `clean`, the markers of an orderly stop. May block. NULL is
 * allowed. */
void log_keeper_close(struct log_keeper *keeper, bool clean);

/* The cluster that the directories belong to. Borrowed. */
struct text log_keeper_cluster_id(const struct log_keeper *keeper);

/* The directories, in the order of log.dirs. */
size_t log_keeper_directories_count(const struct log_keeper *keeper);
/* As above. */
struct log_directory *log_keeper_directory(const struct log_keeper *keeper, size_t index);

/* Where a partition lies or shall lie. Any thread. STATUS_LIMIT when the path is too long. */
MUST_USE enum status log_keeper_locate(const struct log_keeper *keeper, struct text topic,
                                       struct uuid topic_id, int32_t partition,
                                       struct log_location *location, struct error *error);

/* Visits the partitions that were found at the start. */
typedef void log_keeper_visit_fn(void *context, struct text topic, int32_t partition,
                                 struct uuid topic_id);
/* As above. */
void log_keeper_visit_found(const struct log_keeper *keeper, log_keeper_visit_fn *visit,
                            void *context);

/* Before partitions are opened: a directory that was found with another topic id than the cluster's
 * is taken over (its partition.metadata is rewritten) when `adopt`, else moved aside as a remainder
 * of a deleted topic. May block. */
MUST_USE enum status log_keeper_reconcile(struct log_keeper *keeper, struct text topic,
                                          int32_t partition, struct uuid topic_id, bool adopt,
                                          struct error *error);

/* A partition that no topic of the cluster wants: its directory is renamed to "….-stray" and left
 * for the operator. At start, before partitions are opened. May block. */
void log_keeper_discard(struct log_keeper *keeper, struct text topic, int32_t partition);

/* On shard 0, once it runs: where the worker's calls are queued. */
void log_keeper_start(struct log_keeper *keeper, struct shard *shard);

/* Any shard: what the checkpoint files shall say of a partition of that shard; remembers in the
 * partition what was sent. Sends nothing when nothing has changed. */
void log_keeper_checkpoint(struct log_keeper *keeper, struct partition *partition);

/* Any shard: the log is closed and its topic deleted: the directory goes. */
void log_keeper_delete(struct log_keeper *keeper, struct text topic, int32_t partition);

#endif /* BROKER_LOG_KEEPER_H */
