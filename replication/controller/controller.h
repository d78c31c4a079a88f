/* The active controller: commands in, records out, answered when committed.
 *
 *   controller_submit(command) -> controller_core: image + request -> response + records
 *        -> quorum appends the records -> committed -> applied: next image
 *        -> events.published(image), then command->done(command)
 *
 * Runs on one thread (the shard that drives the quorum). A single broker is a quorum of one: the
 * same code. Commands are Kafka's own admin requests, decoded, and are answered by Kafka's own
 * responses: that is what a broker forwards. The error codes in them are proto/wire/kafka_error.h.
 *
 * Everything here is asynchronous: disk through the disk queue it is given, time by
 * controller_tick(). */
#ifndef REPLICATION_CONTROLLER_CONTROLLER_H
#define REPLICATION_CONTROLLER_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/error.h"
#include "base/random.h"
#include "replication/metadata/metadata_image.h"
#include "storage/io/disk_queue.h"
#include "storage/io/file_system.h"

struct controller;

/* Checks the value of a configuration key; words the error for the client. The broker gives it,
 * because it owns the list of keys (broker/config). Returns STATUS_OK, STATUS_NOT_FOUND for an
 * unknown key, STATUS_OUT_OF_RANGE or STATUS_INVALID for a bad value. `value` may be null: a
 * delete. */
typedef enum status config_check_fn(void *context, enum config_resource_type type, struct text key,
                                    struct text value, struct error *error);

/* Whether the value of a key is a list, so that APPEND and SUBTRACT may change it; *default_value
 * is then what the list is without a configuration of the resource. */
typedef bool config_list_default_fn(void *context, enum config_resource_type type, struct text key,
                                    struct text *default_value);

struct controller_options {
    const char *directory; /* "<metadata log dir>/__cluster_metadata-0". */
    int32_t node_id;
    const char *cluster_id;
    struct file_system *files;
    struct disk_queue *queue;
    struct clock *clock;
    struct random *random;
    struct diagnostic_sink *diagnostics;
    config_check_fn *config_check;
    config_list_default_fn *config_list_default; /* NULL: only the lists of topics are known. */
    void *config_context;
    int32_t default_partitions_count;   /* num.partitions */
    int16_t default_replication_factor; /* default.replication.factor */
};

struct controller_events {
    /* A new image; borrowed, retain to keep. Called before the commands that made it are done. */
    void (*published)(void *context, struct metadata_image *image);
    /* The metadata log failed for good: the broker stops. */
    void (*failed)(void *context, const struct error *error);
    void *context;
};

enum controller_command_kind {
    CONTROLLER_REGISTER_BROKER, /* broker_registration_request/response */
    CONTROLLER_CREATE_TOPICS,   /* create_topics_request/response; the configs of its response are
                                   null: the broker, which knows the defaults, fills them in */
    CONTROLLER_DELETE_TOPICS,
    CONTROLLER_CREATE_PARTITIONS,
    CONTROLLER_ALTER_CONFIGS, /* Replaces all (33). */
    CONTROLLER_INCREMENTAL_ALTER_CONFIGS,
    CONTROLLER_ALLOCATE_PRODUCER_IDS,
};

struct controller_command;
typedef void controller_done_fn(struct controller_command *command);

struct controller_command {
    enum controller_command_kind kind;
    const void *request; /* The generated struct that belongs to `kind`. Borrowed until done. */
    void *response;      /* The generated struct, initialised; filled in when done, from `arena`. */
    struct arena *arena; /* The caller's; used on the controller's thread until done. */
    controller_done_fn *done;
    void *context;
    enum status status; /* Valid in done(): not STATUS_OK when nothing could be decided (stopping,
                           failed, not the controller): then there is no response. */
    struct error error;
    struct controller_command *next; /* The controller's. */
};

/* Opens the metadata log and replays it; the image is then available. May block. Without a log yet
 * a new cluster of one voter is started. On STATUS_OK the caller owns *controller. */
MUST_USE enum status controller_open(const struct controller_options *options,
                                     struct controller_events events,
                                     struct controller **controller, struct error *error);

/* Completes what is under way with STATUS_STOPPING and closes. May block. NULL is allowed. */
void controller_close(struct controller *controller);

/* Takes a command; done() is called later, never before this returns. */
void controller_submit(struct controller *controller, struct controller_command *command);

/* Time passes: elections, snapshots. Returns when it wants to be called next, monotonic us. */
int64_t controller_tick(struct controller *controller, int64_t now_us);

/* The image now. Borrowed. */
struct metadata_image *controller_image(const struct controller *controller);

/* This node is the active controller. */
bool controller_is_active(const struct controller *controller);

#endif /* REPLICATION_CONTROLLER_CONTROLLER_H */
