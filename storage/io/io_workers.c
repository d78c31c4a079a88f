#include "storage/io/io_workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/assert.h"

#define STACK_SIZE (512u * 1024)

struct io_workers {
    pthread_mutex_t mutex;
    pthread_cond_t work_or_stop;
    struct disk_operation_list queued;
    struct disk_operation_list done;
    unsigned queued_count;
    unsigned idle_count; /* Threads that wait for work. */
    bool stopping;

    /* The owner's alone. */
    pthread_t threads[IO_WORKERS_COUNT_MAX];
    unsigned threads_count;
    unsigned threads_max;
    int event_descriptor;
};

static void add_done(struct io_workers *workers, struct disk_operation *operation)
{
    bool is_first = workers->done.first == NULL;
    disk_operation_list_add(&workers->done, operation);
    if (is_first) {
        /* Fails only when the counter is full, and then it is readable anyway. */
        (void)!eventfd_write(workers->event_descriptor, 1);
    }
}

static void *work(void *context)
{
    struct io_workers *workers = context;
    pthread_mutex_lock(&workers->mutex);
    for (;;) {
        struct disk_operation *operation = disk_operation_list_take(&workers->queued);
        if (operation == NULL) {
            if (workers->stopping) {
                break;
            }
            workers->idle_count++;
            pthread_cond_wait(&workers->work_or_stop, &workers->mutex);
            workers->idle_count--;
            continue;
        }
        workers->queued_count--;
        pthread_mutex_unlock(&workers->mutex);
        disk_operation_execute(operation);
        pthread_mutex_lock(&workers->mutex);
        add_done(workers, operation);
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

struct io_workers *io_workers_create(unsigned threads_max, int event_descriptor)
{
    ASSERT(threads_max > 0 && threads_max <= IO_WORKERS_COUNT_MAX);
    struct io_workers *workers = calloc(1, sizeof *workers);
    if (workers == NULL) {
        return NULL;
    }
    workers->threads_max = threads_max;
    workers->event_descriptor = event_descriptor;
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->work_or_stop, NULL);
    return workers;
}

void io_workers_destroy(struct io_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    pthread_mutex_lock(&workers->mutex);
    ASSERT(workers->queued.first == NULL && workers->done.first == NULL);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work_or_stop);
    pthread_mutex_unlock(&workers->mutex);
    for (unsigned i = 0; i < workers->threads_count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    pthread_cond_destroy(&workers->work_or_stop);
    pthread_mutex_destroy(&workers->mutex);
    free(workers);
}

/* Signals are for the main thread: a worker starts with all of them blocked. */
static bool start_thread(struct io_workers *workers)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed =
        pthread_create(&workers->threads[workers->threads_count], &attributes, work, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed == 0) {
        workers->threads_count++;
    }
    return failed == 0;
}

static void execute_here(struct io_workers *workers)
{
    struct disk_operation_list all = workers->queued;
    workers->queued = (struct disk_operation_list){NULL, NULL};
    workers->queued_count = 0;
    for (struct disk_operation *operation = disk_operation_list_take(&all); operation != NULL;
         operation = disk_operation_list_take(&all)) {
        disk_operation_execute(operation);
        add_done(workers, operation);
    }
}

void io_workers_submit(struct io_workers *workers, struct disk_operation_list *operations)
{
    pthread_mutex_lock(&workers->mutex);
    for (const struct disk_operation *at = operations->first; at != NULL; at = at->next) {
        workers->queued_count++;
    }
    disk_operation_list_move(&workers->queued, operations);
    unsigned wanted = workers->queued_count > workers->idle_count
                          ? workers->queued_count - workers->idle_count
                          : 0;
    while (wanted > 0 && workers->threads_count < workers->threads_max && start_thread(workers)) {
        wanted--;
    }
    if (workers->threads_count == 0) {
        execute_here(workers); /* No thread: nobody else waits for the mutex. */
    }
    if (workers->idle_count == 1 || workers->queued_count == 1) {
        pthread_cond_signal(&workers->work_or_stop);
    } else {
        pthread_cond_broadcast(&workers->work_or_stop);
    }
    pthread_mutex_unlock(&workers->mutex);
}

void io_workers_collect(struct io_workers *workers, struct disk_operation_list *done)
{
    pthread_mutex_lock(&workers->mutex);
    disk_operation_list_move(done, &workers->done);
    pthread_mutex_unlock(&workers->mutex);
}
