#include "broker/producer_ids.h"

#include <stdlib.h>

#include "broker/broker_shard.h"
#include "broker/controller_client.h"
#include "proto/generated/allocate_producer_ids.h"
#include "proto/wire/kafka_error.h"

#define BLOCK_ARENA_SIZE_MAX (16u * 1024)

struct producer_ids {
    struct broker_shard *broker;
    int64_t next;
    int64_t end; /* Exclusive. */
    struct list waiting;
    bool is_fetching;
    struct controller_errand errand;
    struct allocate_producer_ids_request request;
    struct allocate_producer_ids_response response;
    struct arena arena;
};

struct producer_ids *producer_ids_create(struct broker_shard *broker)
{
    struct producer_ids *ids = calloc(1, sizeof *ids);
    if (ids == NULL) {
        return NULL;
    }
    ids->broker = broker;
    list_init(&ids->waiting);
    arena_init(&ids->arena, BLOCK_ARENA_SIZE_MAX);
    return ids;
}

static void tell_all(struct producer_ids *ids, enum status status)
{
    for (struct list_node *node; (node = list_first(&ids->waiting)) != NULL;) {
        if (status == STATUS_OK && ids->next == ids->end) {
            return;
        }
        struct producer_id_request *request = CONTAINER_OF(node, struct producer_id_request, node);
        list_remove(node);
        request->done(request, status, status == STATUS_OK ? ids->next++ : -1);
    }
}

void producer_ids_destroy(struct producer_ids *ids)
{
    if (ids == NULL) {
        return;
    }
    tell_all(ids, STATUS_STOPPING);
    arena_clear(&ids->arena);
    free(ids);
}

static void fetch_block(struct producer_ids *ids);

static void block_arrived(struct controller_errand *errand)
{
    struct producer_ids *ids = CONTAINER_OF(errand, struct producer_ids, errand);
    ids->is_fetching = false;
    enum status status = errand->command.status;
    if (status == STATUS_OK && ids->response.error_code != KAFKA_NONE) {
        status = STATUS_DENIED;
    }
    if (status == STATUS_OK) {
        ids->next = ids->response.producer_id_start;
        ids->end = ids->next + ids->response.producer_id_len;
    }
    arena_clear(&ids->arena);
    tell_all(ids, status);
    if (!list_is_empty(&ids->waiting)) {
        fetch_block(ids);
    }
}

static void fetch_block(struct producer_ids *ids)
{
    struct broker_shard *broker = ids->broker;
    const struct broker_image *own = metadata_image_broker(broker->image, broker->node_id);
    allocate_producer_ids_request_init(&ids->request);
    allocate_producer_ids_response_init(&ids->response);
    ids->request.broker_id = broker->node_id;
    ids->request.broker_epoch = own == NULL ? -1 : own->epoch;
    ids->errand.command = (struct controller_command){
        .kind = CONTROLLER_ALLOCATE_PRODUCER_IDS,
        .request = &ids->request,
        .response = &ids->response,
        .arena = &ids->arena,
    };
    ids->errand.done = block_arrived;
    ids->is_fetching = true;
    controller_client_submit(broker->controller, broker, &ids->errand);
}

void producer_ids_next(struct producer_ids *ids, struct producer_id_request *request)
{
    list_add_last(&ids->waiting, &request->node);
    if (ids->is_fetching) {
        return;
    }
    if (ids->next < ids->end) {
        tell_all(ids, STATUS_OK);
    } else {
        fetch_block(ids);
    }
}
