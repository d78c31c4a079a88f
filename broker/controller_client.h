/* The way of a command to the active controller and back, and of new images to the shards.
 *
 *     shard --controller_client_submit--> controller's shard: controller_submit()
 *          committed -> controller publishes the image -> every shard takes it over, opens and
 *          closes partitions -> all have reported -> the command goes home: done()
 *
 * So whoever is answered «created» can produce at once. The controller's shard is shard 0. */
#ifndef BROKER_CONTROLLER_CLIENT_H
#define BROKER_CONTROLLER_CLIENT_H

#include "broker/server/shard.h"
#include "replication/controller/controller.h"

struct broker_shard;
struct controller_client;

/* A command on its way. Embedded in what waits for it. */
struct controller_errand {
    struct controller_command command; /* kind, request, response and arena are the caller's. */
    struct broker_shard *home;
    void (*done)(struct controller_errand *errand); /* At home; see command.status. */
    /* The client's. */
    struct shard_message message;
    struct controller_client *client;
    struct controller_errand *next;
    int64_t image_offset;
};

/* `shards` are all of the broker, which outlive the client; the first is the controller's. NULL
 * when out of memory. */
struct controller_client *controller_client_create(struct broker_shard *const *shards,
                                                   unsigned shards_count);

/* Nothing may be under way. NULL is allowed. */
void controller_client_destroy(struct controller_client *client);

/* On shard 0: the controller is there. */
void controller_client_set_controller(struct controller_client *client,
                                      struct controller *controller);

/* Any shard: sends a command; done() is called there later. command.done and context are set
 * here. The command's arena must not be used meanwhile. */
void controller_client_submit(struct controller_client *client, struct broker_shard *home,
                              struct controller_errand *errand);

/* On shard 0, by controller_events.published: hands the image to every shard. */
void controller_client_publish(struct controller_client *client, struct metadata_image *image);

/* On any shard, by partition_table_owner.applied: this shard has done what the image asks for. */
void controller_client_applied(struct controller_client *client, struct broker_shard *broker,
                               struct metadata_image *image);

/* On shard 0: the offset up to which all shards have reported. */
int64_t controller_client_applied_offset(const struct controller_client *client);

/* On shard 0: called once when all shards have reported `offset`. */
typedef void controller_client_ready_fn(void *context);
/* As above. */
void controller_client_when_applied(struct controller_client *client, int64_t offset,
                                    controller_client_ready_fn *ready, void *context);

#endif /* BROKER_CONTROLLER_CLIENT_H */
