/* The diagnostic sink of the programs: one line per event on standard error.
 *
 *     logfmt  time=2026-01-31T12:00:00.000Z level=info component=server peer=10.0.0.1 message="…"
 *     json    {"time":"…","level":"info","component":"server","message":"…","peer":"10.0.0.1"}
 *
 * Under systemd (JOURNAL_STREAM) a line starts with its priority, such as <6>. */
#ifndef BROKER_SERVER_DIAGNOSTIC_PRINTER_H
#define BROKER_SERVER_DIAGNOSTIC_PRINTER_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/diagnostic.h"

#define DIAGNOSTIC_LINE_SIZE_MAX 4096

enum diagnostic_format { DIAGNOSTIC_LOGFMT, DIAGNOSTIC_JSON };

struct diagnostic_printer {
    struct diagnostic_sink sink; /* First. */
    struct clock *clock;
    enum diagnostic_format format;
    int file_descriptor;
    bool with_priority;
};

/* Prints to `file_descriptor`. Keeps the clock. */
void diagnostic_printer_init(struct diagnostic_printer *printer, struct clock *clock,
                             int file_descriptor);

/* "logfmt" or "json"; false for anything else. */
bool diagnostic_format_parse(struct text text, enum diagnostic_format *format);

#endif /* BROKER_SERVER_DIAGNOSTIC_PRINTER_H */
