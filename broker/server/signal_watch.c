#include "broker/server/signal_watch.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "broker/server/shard_loop.h"

struct signal_watch {
    int descriptor;
    struct event *event;
    signal_watch_fn *arrived;
    void *context;
};

static sigset_t watched_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

void signal_watch_block(void)
{
    sigset_t signals = watched_signals();
    int failed = sigprocmask(SIG_BLOCK, &signals, NULL);
    ASSERT(failed == 0);
    signal(SIGPIPE, SIG_IGN);
}

static void on_signal(evutil_socket_t descriptor, short what, void *context)
{
    (void)what;
    struct signal_watch *watch = context;
    struct signalfd_siginfo info;
    while (read(descriptor, &info, sizeof info) == (ssize_t)sizeof info) {
        watch->arrived(watch->context, (int)info.ssi_signo);
    }
}

enum status signal_watch_open(struct shard *shard, signal_watch_fn *arrived, void *context,
                              struct signal_watch **watch_out, struct error *error)
{
    struct signal_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for signals");
    }
    sigset_t signals = watched_signals();
    watch->arrived = arrived;
    watch->context = context;
    watch->descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (watch->descriptor < 0) {
        enum status status = error_set(error, STATUS_LIMIT, "watch signals: %s", strerror(errno));
        free(watch);
        return status;
    }
    watch->event = event_new(shard_event_base(shard), watch->descriptor, EV_READ | EV_PERSIST,
                             on_signal, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        signal_watch_close(watch);
        return error_set(error, STATUS_NO_MEMORY, "no memory for signals");
    }
    *watch_out = watch;
    return STATUS_OK;
}

void signal_watch_close(struct signal_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    if (watch->event != NULL) {
        event_free(watch->event);
    }
    close(watch->descriptor);
    free(watch);
}
