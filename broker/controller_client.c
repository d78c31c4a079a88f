#include "broker/controller_client.h"

#include <stdlib.h>

#include "base/assert.h"
#include "broker/broker_shard.h"

struct controller_client {
    struct broker_shard *const *shards;
    unsigned shards_count;
    struct controller *controller;
    int64_t *applied; /* By shard: the offset of the image that it has taken over. */
    struct controller_errand *waiting; /* Committed, until all shards have taken the image over. */
    controller_client_ready_fn *ready;
    void *ready_context;
    int64_t ready_offset;
};

/* An image on its way to a shard, or the news that it was taken over. */
struct image_message {
    struct shard_message message;
    struct controller_client *client;
    struct broker_shard *broker;
    struct metadata_image *image; /* One reference on the way out. */
    int64_t offset;               /* On the way back. */
};

struct controller_client *controller_client_create(struct broker_shard *const *shards,
                                                   unsigned shards_count)
{
    struct controller_client *client = calloc(1, sizeof *client);
    int64_t *applied = calloc(shards_count, sizeof *applied);
    if (client == NULL || applied == NULL) {
        free(client);
        free(applied);
        return NULL;
    }
    for (unsigned i = 0; i < shards_count; i++) {
        applied[i] = -1;
    }
    client->shards = shards;
    client->shards_count = shards_count;
    client->applied = applied;
    return client;
}

void controller_client_destroy(struct controller_client *client)
{
    if (client == NULL) {
        return;
    }
    ASSERT(client->waiting == NULL);
    free(client->applied);
    free(client);
}

void controller_client_set_controller(struct controller_client *client,
                                      struct controller *controller)
{
    client->controller = controller;
}

/* ---- commands ---- */

static void come_home(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct controller_errand *errand = CONTAINER_OF(message, struct controller_errand, message);
    errand->done(errand);
}

static void send_home(struct controller_errand *errand)
{
    errand->message.receive = come_home;
    shard_post(errand->home->shard, &errand->message);
}

static void committed(struct controller_command *command)
{
    struct controller_errand *errand = command->context;
    struct controller_client *client = errand->client;
    errand->image_offset = metadata_image_offset(controller_image(client->controller));
    if (command->status != STATUS_OK ||
        errand->image_offset <= controller_client_applied_offset(client)) {
        send_home(errand);
        return;
    }
    errand->next = client->waiting;
    client->waiting = errand;
}

static void arrive(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct controller_errand *errand = CONTAINER_OF(message, struct controller_errand, message);
    struct controller_client *client = errand->client;
    if (client->controller == NULL) {
        errand->command.status =
            error_set(&errand->command.error, STATUS_STOPPING, "the controller is not there");
        send_home(errand);
        return;
    }
    controller_submit(client->controller, &errand->command);
}

void controller_client_submit(struct controller_client *client, struct broker_shard *home,
                              struct controller_errand *errand)
{
    errand->client = client;
    errand->home = home;
    errand->command.done = committed;
    errand->command.context = errand;
    errand->message.receive = arrive;
    shard_post(client->shards[0]->shard, &errand->message);
}

/* ---- images ---- */

static void take_over(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct image_message *news = CONTAINER_OF(message, struct image_message, message);
    struct broker_shard *broker = news->broker;
    struct metadata_image *before = broker->image;
    broker->image = news->image; /* The reference goes over. */
    metadata_image_release(before);
    free(news);
    partition_table_apply(broker->partitions, broker->image);
}

void controller_client_publish(struct controller_client *client, struct metadata_image *image)
{
    for (unsigned i = 0; i < client->shards_count; i++) {
        struct image_message *news = calloc(1, sizeof *news);
        /* A shard that misses an image would serve a cluster that is not there any more. */
        ASSERT(news != NULL);
        news->client = client;
        news->broker = client->shards[i];
        news->image = metadata_image_retain(image);
        news->message.receive = take_over;
        shard_post(news->broker->shard, &news->message);
    }
}

int64_t controller_client_applied_offset(const struct controller_client *client)
{
    int64_t smallest = INT64_MAX;
    for (unsigned i = 0; i < client->shards_count; i++) {
        smallest = client->applied[i] < smallest ? client->applied[i] : smallest;
    }
    return smallest;
}

static void release_waiting(struct controller_client *client)
{
    int64_t offset = controller_client_applied_offset(client);
    struct controller_errand **place = &client->waiting;
    while (*place != NULL) {
        struct controller_errand *errand = *place;
        if (errand->image_offset <= offset) {
            *place = errand->next;
            send_home(errand);
        } else {
            place = &errand->next;
        }
    }
    if (client->ready != NULL && client->ready_offset <= offset) {
        controller_client_ready_fn *ready = client->ready;
        client->ready = NULL;
        ready(client->ready_context);
    }
}

static void note_applied(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct image_message *news = CONTAINER_OF(message, struct image_message, message);
    struct controller_client *client = news->client;
    unsigned index = shard_index(news->broker->shard);
    ASSERT(news->offset >= client->applied[index]);
    client->applied[index] = news->offset;
    free(news);
    release_waiting(client);
}

void controller_client_applied(struct controller_client *client, struct broker_shard *broker,
                               struct metadata_image *image)
{
    struct image_message *news = calloc(1, sizeof *news);
    ASSERT(news != NULL);
    news->client = client;
    news->broker = broker;
    news->offset = metadata_image_offset(image);
    news->message.receive = note_applied;
    shard_post(client->shards[0]->shard, &news->message);
}

void controller_client_when_applied(struct controller_client *client, int64_t offset,
                                    controller_client_ready_fn *ready, void *context)
{
    ASSERT(client->ready == NULL);
    client->ready = ready;
    client->ready_context = context;
    client->ready_offset = offset;
    release_waiting(client);
}
