#include "broker/server/response_queue.h"

#include "base/assert.h"

static struct api_call *call_of(struct list_node *node)
{
    return CONTAINER_OF(node, struct api_call, connection_node);
}

static struct api_call *first_call(const struct response_queue *queue)
{
    struct list_node *node = list_first(&queue->calls);
    return node != NULL ? call_of(node) : NULL;
}

void response_queue_init(struct response_queue *queue)
{
    list_init(&queue->calls);
    queue->calls_count = 0;
    queue->ready_bytes = 0;
}

void response_queue_add(struct response_queue *queue, struct api_call *call)
{
    call->state = RESPONSE_AWAITED;
    call->outgoing_index = 0;
    list_add_last(&queue->calls, &call->connection_node);
    queue->calls_count++;
}

void response_queue_settle(struct response_queue *queue, struct api_call *call,
                           enum response_state state)
{
    ASSERT(call->state == RESPONSE_AWAITED);
    call->state = state;
    if (state == RESPONSE_READY) {
        queue->ready_bytes += call->outgoing.size;
    }
}

/* Adds what one response still has to send. False when the chunk must end here. */
static bool gather_call(struct api_call *call, struct iovec *vectors, unsigned vectors_max,
                        struct response_chunk *chunk)
{
    for (size_t i = call->outgoing_index; i < call->outgoing.count; i++) {
        struct slice *slice = &call->outgoing.items[i];
        if (slice->size == 0) {
            continue;
        }
        if (slice->data == NULL) {
            chunk->file = slice;
            return false;
        }
        if (chunk->vectors_count == vectors_max) {
            return false;
        }
        /* writev() reads only; its vectors are not const. */
        vectors[chunk->vectors_count++] =
            (struct iovec){(void *)(uintptr_t)slice->data, slice->size};
        chunk->vectors_size += slice->size;
    }
    return true;
}

struct response_chunk response_queue_gather(struct response_queue *queue, struct iovec *vectors,
                                            unsigned vectors_max)
{
    struct response_chunk chunk = {0};
    LIST_FOREACH (node, &queue->calls) {
        struct api_call *call = call_of(node);
        if (call->state != RESPONSE_READY && call->state != RESPONSE_SILENT) {
            break;
        }
        if (call->state == RESPONSE_READY && !gather_call(call, vectors, vectors_max, &chunk)) {
            break;
        }
    }
    return chunk;
}

/* Takes up to `size` bytes off the front of one response; returns how many. */
static size_t shorten_call(struct api_call *call, size_t size)
{
    struct slices *outgoing = &call->outgoing;
    size_t taken = 0;
    while (call->outgoing_index < outgoing->count) {
        struct slice *slice = &outgoing->items[call->outgoing_index];
        size_t part = slice->size < size - taken ? slice->size : size - taken;
        slice->size -= part;
        taken += part;
        if (slice->size > 0) {
            if (slice->data != NULL) {
                slice->data += part;
            } else {
                slice->file_position += part;
            }
            break;
        }
        slice_release(slice);
        call->outgoing_index++;
    }
    outgoing->size -= taken;
    return taken;
}

void response_queue_sent(struct response_queue *queue, size_t size)
{
    ASSERT(size <= queue->ready_bytes);
    queue->ready_bytes -= size;
    LIST_FOREACH (node, &queue->calls) {
        if (size == 0) {
            return;
        }
        struct api_call *call = call_of(node);
        if (call->state == RESPONSE_READY) {
            size -= shorten_call(call, size);
        }
    }
    ASSERT(size == 0);
}

struct api_call *response_queue_take_done(struct response_queue *queue)
{
    struct api_call *call = first_call(queue);
    if (call == NULL || !(call->state == RESPONSE_SILENT ||
                          (call->state == RESPONSE_READY && call->outgoing.size == 0))) {
        return NULL;
    }
    response_queue_remove(queue, call);
    return call;
}

bool response_queue_is_rejected(const struct response_queue *queue)
{
    const struct api_call *call = first_call(queue);
    return call != NULL && call->state == RESPONSE_REJECTED;
}

void response_queue_remove(struct response_queue *queue, struct api_call *call)
{
    if (call->state == RESPONSE_READY) {
        queue->ready_bytes -= call->outgoing.size;
        while (call->outgoing_index < call->outgoing.count) {
            slice_release(&call->outgoing.items[call->outgoing_index++]);
        }
    }
    list_remove(&call->connection_node);
    queue->calls_count--;
}
