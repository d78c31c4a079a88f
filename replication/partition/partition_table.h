/* The partitions that one shard owns: opened, closed and told of their role as the metadata says.
 *
 *   partition_table_apply(image)
 *        new here      -> located by the owner, its log opened
 *        changed       -> partition_apply(), new log configuration
 *        gone          -> waits for its flush, closes, tells the owner (removed)
 *   events.applied(image) once all of that is done: who waits for a topic to exist waits for this
 *
 * Owned by one shard's thread. */
#ifndef REPLICATION_PARTITION_PARTITION_TABLE_H
#define REPLICATION_PARTITION_PARTITION_TABLE_H

#include "base/diagnostic.h"
#include "replication/metadata/metadata_image.h"
#include "replication/partition/partition.h"
#include "storage/log/log_flusher.h"

struct partition_table;

/* Where a partition's log lies and what its directory's checkpoints say. */
struct log_location {
    char directory[4096];
    bool was_clean;
    int64_t recovery_point;
    int64_t log_start_offset;
    int64_t high_watermark; /* -1: unknown. */
};

struct partition_table_owner {
    /* This shard owns the partition. */
    bool (*owns)(void *context, struct uuid topic_id, int32_t partition);
    /* Where the partition lies, or shall lie. Must be quick: called on the shard. */
    enum status (*locate)(void *context, struct text topic, struct uuid topic_id, int32_t partition,
                          struct log_location *location, struct error *error);
    /* The log configuration and min.insync.replicas of a topic by this image. */
    void (*configure)(void *context, const struct metadata_image *image, struct text topic,
                      struct log_config *config, unsigned *min_insync_replicas);
    /* A log was opened: what recovery found. `error` is NULL unless it could not be opened. */
    void (*opened)(void *context, const struct partition *partition,
                   const struct log_recovery_report *report, const struct error *error);
    /* The log of a deleted partition is closed: its directory may go. */
    void (*removed)(void *context, struct text topic, int32_t partition);
    /* Everything that `image` asks for is done. Called once per apply, in order. */
    void (*applied)(void *context, struct metadata_image *image);
    /* A log failed for good: the broker stops. */
    void (*failed)(void *context, const struct partition *partition, const struct error *error);
    void *context;
};

struct partition_table_options {
    int32_t node_id;
    struct log_context *log_context;
    struct disk_queue *queue;
    struct diagnostic_sink *diagnostics;
    struct partition_table_owner owner;
};

/* NULL when out of memory. Release with partition_table_destroy(). */
struct partition_table *partition_table_create(const struct partition_table_options *options);

/* The logs must be closed: partition_table_close_all(). NULL is allowed. */
void partition_table_destroy(struct partition_table *table);

/* Takes over an image; keeps a reference until the next. Opening logs
 * may block. */
void partition_table_apply(struct partition_table *table, struct metadata_image *image);

/* NULL when this shard does not have it. */
struct partition *partition_table_find(const struct partition_table *table, struct uuid topic_id,
                                       int32_t index);

/* Keeps the partition and its log from leaving while a read of its files is under way. */
void partition_table_pin(struct partition_table *table, struct partition *partition);

/* The counterpart; the partition may be gone after. */
void partition_table_unpin(struct partition_table *table, struct partition *partition);

/* All partitions in no promised order: start with *cursor = 0; NULL at the end. */
struct partition *partition_table_next(const struct partition_table *table, size_t *cursor);

/* How many there are. */
size_t partition_table_count(const struct partition_table *table);

/* The flush rounds of this shard's logs. */
struct log_flusher *partition_table_flusher(struct partition_table *table);

/* Orderly stop: nobody appends any more. Waits for rounds under way, closes every log. May block.
 * The status says whether everything is durable. */
MUST_USE enum status partition_table_close_all(struct partition_table *table, struct error *error);

#endif /* REPLICATION_PARTITION_PARTITION_TABLE_H */
