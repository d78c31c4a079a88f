#include "broker/server/shard.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "broker/server/mailbox.h"
#include "broker/server/shard_loop.h"

/* The times of a turn, read when somebody first asks; 0 is not yet read. They are apart from the
 * shard so that reading the time leaves the shard itself const. */
struct turn_times {
    int64_t now_us;
    int64_t wall_ms;
};

struct shard {
    struct mailbox mailbox;
    struct event_base *base;
    struct event *mailbox_event;
    struct event *disk_event;
    struct event *timer_event;
    struct turn_times *times;
    struct heap timers;
    int64_t timer_event_us; /* When timer_event fires; INT64_MAX when it is not pending. */
    struct list hooks;
    struct disk_queue *disk_queue;
    struct shard_hook *disk_hook; /* NULL: none. */
    struct clock *clock;
    struct diagnostic_sink *diagnostics;
    void *attachment;
    unsigned index;
    _Atomic bool stopping;
    struct shard_message stop_message;
    pthread_t thread;
};

/* ---- life ---- */

static void receive_mail(struct shard *shard)
{
    struct shard_message *message = mailbox_take(&shard->mailbox);
    while (message != NULL) {
        struct shard_message *next = message->next; /* The message is its receiver's from here. */
        message->receive(shard, message);
        message = next;
    }
}

static void on_mail(evutil_socket_t descriptor, short what, void *context)
{
    (void)descriptor;
    (void)what;
    receive_mail(context);
}

static void on_disk(evutil_socket_t descriptor, short what, void *context)
{
    (void)descriptor;
    (void)what;
    struct shard *shard = context;
    if (shard->disk_hook != NULL) {
        shard_run_at_turn_end(shard, shard->disk_hook);
    }
    shard->disk_queue->reap(shard->disk_queue);
}

/* Expired timers run at the end of the turn; waking up is all that is needed here. */
static void on_timer(evutil_socket_t descriptor, short what, void *context)
{
    (void)descriptor;
    (void)what;
    struct shard *shard = context;
    shard->timer_event_us = INT64_MAX;
}

static struct event_base *create_event_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL) {
        return NULL;
    }
    /* Nobody but this shard's thread touches its base, so that libevent needs no locks. */
    struct event_base *base = NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_require_features(config, EV_FEATURE_ET) == 0) {
        base = event_base_new_with_config(config);
    }
    event_config_free(config);
    return base;
}

static bool add_events(struct shard *shard)
{
    shard->timer_event = evtimer_new(shard->base, on_timer, shard);
    shard->mailbox_event = event_new(shard->base, shard->mailbox.event_descriptor,
                                     EV_READ | EV_ET | EV_PERSIST, on_mail, shard);
    if (shard->timer_event == NULL || shard->mailbox_event == NULL ||
        event_add(shard->mailbox_event, NULL) != 0) {
        return false;
    }
    if (shard->disk_queue == NULL || shard->disk_queue->event_descriptor < 0) {
        return true;
    }
    shard->disk_event = event_new(shard->base, shard->disk_queue->event_descriptor,
                                  EV_READ | EV_PERSIST, on_disk, shard);
    return shard->disk_event != NULL && event_add(shard->disk_event, NULL) == 0;
}

static void stop_received(struct shard *shard, struct shard_message *message)
{
    (void)message;
    atomic_store_explicit(&shard->stopping, true, memory_order_release);
}

static void free_shard(struct shard *shard)
{
    struct event *events[] = {shard->mailbox_event, shard->disk_event, shard->timer_event};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (shard->base != NULL) {
        event_base_free(shard->base);
    }
    heap_clear(&shard->timers);
    free(shard->times);
    free(shard);
}

enum status shard_open(const struct shard_options *options, struct shard **shard_out,
                       struct error *error)
{
    struct shard *shard = calloc(1, sizeof *shard);
    if (shard == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for shard %u", options->index);
    }
    shard->index = options->index;
    shard->clock = options->clock;
    shard->diagnostics = options->diagnostics;
    shard->disk_queue = options->disk_queue;
    shard->timer_event_us = INT64_MAX;
    shard->stop_message.receive = stop_received;
    heap_init(&shard->timers);
    list_init(&shard->hooks);
    if (mailbox_open(&shard->mailbox, error) != STATUS_OK) {
        free_shard(shard);
        return error_wrap(error, "shard %u", options->index);
    }
    shard->times = calloc(1, sizeof *shard->times);
    shard->base = create_event_base();
    if (shard->times == NULL || shard->base == NULL || !add_events(shard)) {
        mailbox_close(&shard->mailbox);
        free_shard(shard);
        return error_set(error, STATUS_LIMIT, "shard %u: the event loop cannot be made",
                         options->index);
    }
    *shard_out = shard;
    return STATUS_OK;
}

void shard_close(struct shard *shard)
{
    if (shard == NULL) {
        return;
    }
    receive_mail(shard);
    mailbox_close(&shard->mailbox);
    free_shard(shard);
}

void shard_attach(struct shard *shard, void *attachment)
{
    shard->attachment = attachment;
}

void shard_set_disk_hook(struct shard *shard, struct shard_hook *hook)
{
    shard->disk_hook = hook;
}

/* ---- the loop ---- */

static void run_timers(struct shard *shard)
{
    struct heap_entry *first = heap_first(&shard->timers);
    while (first != NULL && first->key <= shard_now_us(shard)) {
        struct shard_timer *timer = CONTAINER_OF(first, struct shard_timer, entry);
        heap_remove(&shard->timers, first);
        timer->expired(shard, timer);
        first = heap_first(&shard->timers);
    }
}

static void run_hooks(struct shard *shard)
{
    /* A hook that asks again, or asks for another, is served in the same turn. */
    while (!list_is_empty(&shard->hooks)) {
        struct list_node *node = list_first(&shard->hooks);
        struct shard_hook *hook = CONTAINER_OF(node, struct shard_hook, node);
        list_remove(node);
        hook->run(shard, hook);
    }
}

/* Lets the timer event fire when the first timer is due. A later deadline than the pending one is
 * left to wake the loop once for nothing: cheaper than moving it with every request. */
static void arm_timer(struct shard *shard)
{
    struct heap_entry *first = heap_first(&shard->timers);
    if (first == NULL || first->key >= shard->timer_event_us) {
        return;
    }
    int64_t now_us = shard->clock->monotonic_us(shard->clock);
    int64_t wait_us = first->key > now_us ? first->key - now_us : 0;
    struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};
    int failed = evtimer_add(shard->timer_event, &wait);
    ASSERT(failed == 0);
    shard->timer_event_us = first->key;
}

void shard_turn(struct shard *shard, bool wait)
{
    *shard->times = (struct turn_times){0, 0};
    event_base_loop(shard->base, wait ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
    run_timers(shard);
    run_hooks(shard);
    if (shard->disk_queue != NULL) {
        shard->disk_queue->kick(shard->disk_queue);
    }
    arm_timer(shard);
}

void shard_run(struct shard *shard)
{
    /* What was asked for before the start: hooks to run, timers to arm. */
    shard_turn(shard, false);
    while (!atomic_load_explicit(&shard->stopping, memory_order_acquire)) {
        shard_turn(shard, true);
    }
}

static void *run_thread(void *context)
{
    shard_run(context);
    return NULL;
}

enum status shard_start(struct shard *shard, struct error *error)
{
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed == 0) {
        failed = pthread_attr_setstacksize(&attributes, SHARD_STACK_SIZE);
        if (failed == 0) {
            failed = pthread_create(&shard->thread, &attributes, run_thread, shard);
        }
        pthread_attr_destroy(&attributes);
    }
    if (failed != 0) {
        return error_set(error, STATUS_LIMIT, "start the thread of shard %u: %s", shard->index,
                         strerror(failed));
    }
    return STATUS_OK;
}

void shard_stop(struct shard *shard)
{
    /* The flag ends the loop, the message wakes it. It is posted at most once. */
    if (!atomic_exchange_explicit(&shard->stopping, true, memory_order_acq_rel)) {
        shard_post(shard, &shard->stop_message);
    }
}

void shard_join(struct shard *shard)
{
    int failed = pthread_join(shard->thread, NULL);
    ASSERT(failed == 0);
}

/* ---- what others ask ---- */

void shard_post(struct shard *shard, struct shard_message *message)
{
    mailbox_post(&shard->mailbox, message);
}

enum status shard_timer_start(struct shard *shard, struct shard_timer *timer, int64_t deadline_us,
                              shard_timer_fn *expired)
{
    heap_remove(&shard->timers, &timer->entry);
    timer->expired = expired;
    return heap_add(&shard->timers, &timer->entry, deadline_us);
}

void shard_timer_stop(struct shard *shard, struct shard_timer *timer)
{
    heap_remove(&shard->timers, &timer->entry);
}

void shard_run_at_turn_end(struct shard *shard, struct shard_hook *hook)
{
    if (!list_contains_node(&hook->node)) {
        list_add_last(&shard->hooks, &hook->node);
    }
}

unsigned shard_index(const struct shard *shard)
{
    return shard->index;
}

int64_t shard_now_us(const struct shard *shard)
{
    if (shard->times->now_us == 0) {
        shard->times->now_us = shard->clock->monotonic_us(shard->clock);
    }
    return shard->times->now_us;
}

int64_t shard_wall_ms(const struct shard *shard)
{
    if (shard->times->wall_ms == 0) {
        shard->times->wall_ms = shard->clock->wall_ms(shard->clock);
    }
    return shard->times->wall_ms;
}

struct disk_queue *shard_disk_queue(struct shard *shard)
{
    return shard->disk_queue;
}

struct diagnostic_sink *shard_diagnostics(struct shard *shard)
{
    return shard->diagnostics;
}

void *shard_attachment(const struct shard *shard)
{
    return shard->attachment;
}

struct event_base *shard_event_base(struct shard *shard)
{
    return shard->base;
}
