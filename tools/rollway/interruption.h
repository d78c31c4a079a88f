/* SIGINT and SIGTERM as something to look at between two steps, so that what was begun is finished:
 * records in flight are delivered, output is written. Needs no global. */
#ifndef TOOLS_ROLLWAY_INTERRUPTION_H
#define TOOLS_ROLLWAY_INTERRUPTION_H

#include <stdbool.h>

#include "base/error.h"

struct interruption {
    int descriptor; /* Readable when a signal has come. */
};

/* Blocks the signals in this thread and all that it starts from now on. */
MUST_USE enum status interruption_open(struct interruption *interruption, struct error *error);

/* Lets the signals through again. */
void interruption_close(struct interruption *interruption);

/* Whether a signal has come since the last call that said so. */
bool interruption_take(struct interruption *interruption);

/* Waits until `input` is readable or at its end, a signal comes, or the time is over. True for the
 * first. */
bool interruption_wait_input(struct interruption *interruption, int input, int timeout_ms);

#endif /* TOOLS_ROLLWAY_INTERRUPTION_H */
