/* The disk queue of the simulated disk: operations complete when the test asks, in an order that
 * the seed chooses. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buffer.h"
#include "tests/support/storage/simulated_disk_internal.h"

static struct simulated_queue *queue_of(struct disk_queue *queue)
{
    return CONTAINER_OF(queue, struct simulated_queue, queue);
}

static bool is_write(const struct disk_operation *operation)
{
    return operation->kind == DISK_WRITE || operation->kind == DISK_WRITE_DURABLE;
}

static uint64_t size_of(const struct disk_operation *operation)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < operation->pieces_count; i++) {
        size += operation->pieces[i].size;
    }
    return size;
}

/* ---- submitting ---- */

static void add_last(struct disk_operation **list, struct disk_operation *operation)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }
    operation->next = NULL;
    *list = operation;
}

static bool remove_from(struct disk_operation **list, struct disk_operation *operation)
{
    for (; *list != NULL; list = &(*list)->next) {
        if (*list == operation) {
            *list = operation->next;
            return true;
        }
    }
    return false;
}

/* Two writes of one range under way at once have no order: whoever does that is wrong. */
static void check_overlap(const struct disk_operation *list, const struct disk_operation *operation)
{
    for (; list != NULL; list = list->next) {
        bool same_file = is_write(list) && simulated_file_of(list->file)->node ==
                                               simulated_file_of(operation->file)->node;
        ASSERT(!same_file || list->position >= operation->position + size_of(operation) ||
               operation->position >= list->position + size_of(list));
    }
}

static void check_alignment(const struct disk_operation *operation)
{
    if ((operation->file->flags & FILE_DIRECT) == 0) {
        return;
    }
    ASSERT(operation->position % BUFFER_ALIGNMENT == 0);
    for (unsigned i = 0; i < operation->pieces_count; i++) {
        ASSERT(operation->pieces[i].size % BUFFER_ALIGNMENT == 0);
        ASSERT((uintptr_t)operation->pieces[i].memory % BUFFER_ALIGNMENT == 0);
    }
}

static void submit(struct disk_queue *queue, struct disk_operation *operation)
{
    struct simulated_queue *simulated = queue_of(queue);
    ASSERT(operation->done != NULL && operation->pieces_count <= DISK_PIECES_MAX);
    if (is_write(operation)) {
        ASSERT((operation->file->flags & FILE_WRITE) != 0 && operation->pieces_count > 0);
        check_alignment(operation);
        check_overlap(simulated->submitted, operation);
        check_overlap(simulated->under_way, operation);
    }
    file_retain(operation->file);
    operation->transferred = 0;
    if (operation->kind != DISK_NOTHING) {
        operation->status = STATUS_OK;
    }
    simulated->pending++;
    add_last(&simulated->submitted, operation);
}

static void kick(struct disk_queue *queue)
{
    struct simulated_queue *simulated = queue_of(queue);
    while (simulated->submitted != NULL) {
        struct disk_operation *operation = simulated->submitted;
        simulated->submitted = operation->next;
        add_last(&simulated->under_way, operation);
    }
}

/* ---- completing ---- */

static enum status write_pieces(struct simulated_file *file, struct disk_operation *operation,
                                bool fails)
{
    uint64_t position = operation->position;
    uint64_t left = fails ? size_of(operation) / 2 : size_of(operation);
    bool durable = operation->kind == DISK_WRITE_DURABLE && !fails;
    struct error error;
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < operation->pieces_count && status == STATUS_OK && left > 0; i++) {
        uint64_t size = operation->pieces[i].size < left ? operation->pieces[i].size : left;
        status = simulated_node_write(file->disk, file->node, position, operation->pieces[i].memory,
                                      size, durable, file->path, &error);
        position += size;
        left -= size;
    }
    if (status != STATUS_OK && !fails) {
        operation->error = error;
    }
    operation->transferred = fails ? 0 : (size_t)(position - operation->position);
    return status;
}

static enum status read_pieces(struct simulated_file *file, struct disk_operation *operation)
{
    enum status status = STATUS_OK;
    uint64_t position = operation->position;
    for (unsigned i = 0; i < operation->pieces_count && status == STATUS_OK; i++) {
        size_t count = 0;
        status = file->file.files->read(&file->file, position, operation->pieces[i].memory,
                                        operation->pieces[i].size, &count, &operation->error);
        position += count;
        if (count < operation->pieces[i].size) {
            break;
        }
    }
    operation->transferred = (size_t)(position - operation->position);
    return status;
}

static enum status execute_on_file(struct simulated_file *file, struct disk_operation *operation)
{
    struct file_system *files = file->file.files;
    struct error *error = &operation->error;
    enum status status = simulated_file_check(file, error);
    if (status != STATUS_OK) {
        return status;
    }
    switch (operation->kind) {
    case DISK_WRITE:
    case DISK_WRITE_DURABLE:
        status = simulated_disk_call(file->disk, "write", file->path, error);
        if (status != STATUS_OK) {
            status_ignore(write_pieces(file, operation, true));
            return status;
        }
        return write_pieces(file, operation, false);
    case DISK_READ:
        return read_pieces(file, operation);
    case DISK_SYNC:
        return files->sync(&file->file, error);
    case DISK_RESERVE:
        return files->reserve(&file->file, operation->position, operation->size, error);
    case DISK_PREFETCH:
        status = simulated_disk_call(file->disk, "prefetch", file->path, error);
        file->node->is_cold = file->node->is_cold && status != STATUS_OK;
        return status;
    case DISK_CALL:
    case DISK_NOTHING:
    default:
        ASSERT(false);
    }
    return STATUS_INVALID;
}

static void call_done(struct simulated_queue *queue, struct disk_operation *operation)
{
    ASSERT(queue->pending > 0);
    queue->pending--;
    file_release(operation->file);
    operation->done(operation);
}

static void complete(struct simulated_queue *queue, struct disk_operation *operation)
{
    struct simulated_disk *disk = queue->disk;
    if (disk->observe != NULL && operation->kind != DISK_CALL) {
        disk->observe(disk->observe_context, disk);
    }
    bool removed = remove_from(&queue->under_way, operation);
    ASSERT(removed);
    if (operation->kind == DISK_CALL) {
        operation->status = operation->call(operation->context, &operation->error);
    } else if (operation->kind != DISK_NOTHING) {
        operation->status = execute_on_file(simulated_file_of(operation->file), operation);
    }
    call_done(queue, operation);
}

static unsigned under_way_count(const struct simulated_queue *queue)
{
    unsigned count = 0;
    for (const struct disk_operation *at = queue->under_way; at != NULL; at = at->next) {
        count++;
    }
    return count;
}

static void complete_any(struct simulated_queue *queue)
{
    uint64_t chosen = random_below(&queue->disk->random.random, under_way_count(queue));
    struct disk_operation *operation = queue->under_way;
    while (chosen > 0) {
        operation = operation->next;
        chosen--;
    }
    complete(queue, operation);
}

static unsigned finish_cut(struct simulated_queue *queue)
{
    unsigned count = 0;
    while (queue->finished != NULL) {
        struct disk_operation *operation = queue->finished;
        queue->finished = operation->next;
        call_done(queue, operation);
        count++;
    }
    return count;
}

static unsigned reap_at_least(struct simulated_queue *queue, unsigned least)
{
    unsigned count = finish_cut(queue);
    unsigned there = under_way_count(queue);
    uint64_t wanted = random_below(&queue->disk->random.random, (uint64_t)there + 1);
    wanted = wanted < least && count == 0 ? least : wanted;
    for (uint64_t i = 0; i < wanted && queue->under_way != NULL; i++, count++) {
        complete_any(queue);
    }
    kick(&queue->queue);
    return count;
}

static unsigned reap(struct disk_queue *queue)
{
    return reap_at_least(queue_of(queue), 0);
}

static unsigned wait_any(struct disk_queue *queue)
{
    struct simulated_queue *simulated = queue_of(queue);
    kick(queue);
    return simulated->pending > 0 ? reap_at_least(simulated, 1) : 0;
}

static void wait_for(struct disk_queue *queue, struct disk_operation *operation)
{
    struct simulated_queue *simulated = queue_of(queue);
    kick(queue);
    if (remove_from(&simulated->finished, operation)) {
        call_done(simulated, operation);
    } else {
        complete(simulated, operation);
    }
}

static unsigned pending(const struct disk_queue *queue)
{
    return ((const struct simulated_queue *)(const void *)queue)->pending;
}

static void close_queue(struct disk_queue *queue)
{
    struct simulated_queue *simulated = queue_of(queue);
    ASSERT(simulated->pending == 0);
    list_remove(&simulated->node);
    free(simulated);
}

struct disk_queue *simulated_disk_queue(struct simulated_disk *disk)
{
    struct simulated_queue *queue = simulated_allocate(sizeof *queue);
    queue->queue = (struct disk_queue){
        .submit = submit,
        .kick = kick,
        .reap = reap,
        .wait = wait_any,
        .wait_for = wait_for,
        .pending = pending,
        .close = close_queue,
        .event_descriptor = -1,
        .name = "simulated",
    };
    queue->disk = disk;
    list_add_last(&disk->queues, &queue->node);
    return &queue->queue;
}

/* ---- a power cut ---- */

static void cut_list(struct simulated_queue *queue, struct disk_operation **list)
{
    while (*list != NULL) {
        struct disk_operation *operation = *list;
        *list = operation->next;
        if (operation->kind != DISK_NOTHING) {
            operation->status = error_set(&operation->error, STATUS_IO, "the power was cut");
        }
        add_last(&queue->finished, operation);
    }
}

void simulated_queue_cut(struct simulated_queue *queue)
{
    cut_list(queue, &queue->under_way);
    cut_list(queue, &queue->submitted);
}

void simulated_queue_tear(const struct simulated_disk *disk, struct random *random,
                          const struct simulated_node *node, struct simulated_bytes *content)
{
    LIST_FOREACH (item, &disk->queues) {
        const struct simulated_queue *queue = CONTAINER_OF(item, struct simulated_queue, node);
        for (const struct disk_operation *at = queue->under_way; at != NULL; at = at->next) {
            if (!is_write(at) || simulated_file_of(at->file)->node != node) {
                continue;
            }
            uint64_t position = at->position;
            for (unsigned i = 0; i < at->pieces_count; i++) {
                simulated_tear(random, content, position, at->pieces[i].memory, at->pieces[i].size);
                position += at->pieces[i].size;
            }
        }
    }
}
