/* What the active controller decides: an image and a request in, a response and records out.
 *
 *     image + request  --controller_core_decide-->  response + records
 *
 * Pure: no disk, no clock, no thread; chance comes from the generator that is handed in. The
 * records have not happened yet: the driver (controller.c) appends them, and gives the response
 * only when they are committed. Decided by subject in
 *
 *     topic_control        topics and partitions     replica_placement   where replicas go
 *     config_control       configurations            leader_choice       who leads
 *     broker_control       registrations             producer_id_control blocks of producer ids */
#ifndef REPLICATION_CONTROLLER_CONTROLLER_CORE_H
#define REPLICATION_CONTROLLER_CONTROLLER_CORE_H

#include "base/arena.h"
#include "base/hash_map.h"
#include "base/random.h"
#include "proto/wire/kafka_error.h"
#include "replication/controller/controller.h"
#include "replication/metadata/metadata_image.h"
#include "replication/metadata/metadata_record.h"

/* What one request may create (kafka.md 7.4). */
#define CONTROLLER_PARTITIONS_PER_REQUEST_MAX 10000

/* Producer ids given out at once. */
#define CONTROLLER_PRODUCER_IDS_COUNT 1000

/* A configuration's value; longer ones cannot be sent to clients. */
#define CONTROLLER_CONFIG_VALUE_SIZE_MAX 32767

struct controller_settings {
    struct text cluster_id;
    int32_t node_id; /* The broker that the controller itself is part of. */
    int32_t default_partitions_count;
    int16_t default_replication_factor;
    config_check_fn *config_check;
    config_list_default_fn *config_list_default; /* May be NULL: see there. */
    void *config_context;
};

struct controller_decision {
    const struct metadata_image *image; /* The newest, committed or not. */
    const struct controller_settings *settings;
    struct random *random;
    int64_t offset;                   /* Where the records will be in the metadata log. */
    struct arena *arena;              /* Of the response. */
    struct metadata_records *records; /* Filled in; what they borrow lies in the request, the image,
                                         or the list's own arena. */
};

/* Why something was refused; code is KAFKA_NONE while it was not. */
struct controller_refusal {
    int16_t code;
    struct text message; /* In the response's arena. TEXT_NULL with KAFKA_NONE. */
};

/* Decides one command and fills in its response. Without records there is nothing to append.
 * STATUS_NO_MEMORY when an arena was exhausted: the records must not be appended. */
MUST_USE enum status controller_core_decide(struct controller_decision *decision,
                                            enum controller_command_kind kind, const void *request,
                                            void *response, struct error *error);

/* Refuses with a code and a sentence, which lies in the response's arena. */
struct controller_refusal controller_refuse(struct controller_decision *decision, int16_t code,
                                            const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Nothing is refused. */
struct controller_refusal controller_accept(void);

/* Whether the name may be a topic's: INVALID_TOPIC_EXCEPTION says why not. */
struct controller_refusal controller_check_topic_name(struct controller_decision *decision,
                                                      struct text name);

/* Counts how often keys occur. The keys are borrowed and must outlive it. */
struct key_counts {
    struct hash_map map;
    struct arena *arena;
};

/* No keys. What is counted lies in `arena`; release with key_counts_clear(). */
void key_counts_init(struct key_counts *counts, struct arena *arena);
/* As key_counts_init(). */
void key_counts_clear(struct key_counts *counts);
/* Counts the key once more and returns how often it has been added now; 0 when out of memory, which
 * marks the arena as exhausted. */
size_t key_counts_add(struct key_counts *counts, struct bytes key);
/* How often the key was added. */
size_t key_counts_of(const struct key_counts *counts, struct bytes key);

/* A text as key. */
struct bytes text_key(struct text text);

#endif /* REPLICATION_CONTROLLER_CONTROLLER_CORE_H */
