#include "tools/rollway/interruption.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

enum status interruption_open(struct interruption *interruption, struct error *error)
{
    sigset_t signals = stop_signals();
    int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0 || pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) {
        return error_set(error, STATUS_IO, "watch signals: %s", strerror(errno));
    }
    interruption->descriptor = descriptor;
    return STATUS_OK;
}

void interruption_close(struct interruption *interruption)
{
    sigset_t signals = stop_signals();
    close(interruption->descriptor);
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

bool interruption_take(struct interruption *interruption)
{
    struct signalfd_siginfo information;
    return read(interruption->descriptor, &information, sizeof information) > 0;
}

bool interruption_wait_input(struct interruption *interruption, int input, int timeout_ms)
{
    struct pollfd polled[2] = {
        {.fd = input, .events = POLLIN},
        {.fd = interruption->descriptor, .events = POLLIN},
    };
    return poll(polled, 2, timeout_ms) > 0 && polled[0].revents != 0;
}
