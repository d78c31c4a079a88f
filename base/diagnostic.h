/* Where a program tells its operator what happens, as a seam. A «log» is always the commit log;
 * what a program prints is a diagnostic.
 *
 * A diagnostic is one event: level, component, a sentence, and fields. The sink decides on the
 * form (logfmt, JSON) and the place. Sinks may be called from any thread. */
#ifndef BASE_DIAGNOSTIC_H
#define BASE_DIAGNOSTIC_H

#include <stdbool.h>

/* With the terminating zero; a longer sentence loses its end. */
#define DIAGNOSTIC_SENTENCE_SIZE_MAX 1024

enum diagnostic_level {
    DIAGNOSTIC_DEBUG,
    DIAGNOSTIC_INFO,
    DIAGNOSTIC_WARNING,
    DIAGNOSTIC_ERROR,
};

struct diagnostic_sink {
    enum diagnostic_level level_min; /* Lower levels are not formatted at all. */
    /* Takes one finished event; borrows its texts during the call. `fields` is a list of
     * "key=value" parts already in logfmt, or "". */
    void (*write)(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
                  const char *sentence, const char *fields);
};

/* Formats and hands on one event. `sink` may be NULL: nothing happens. */
void diagnose(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* As diagnose(), with fields: "key=value" parts in logfmt, separated by blanks. */
void diagnose_with(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
                   const char *fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* "debug", "info", "warning", "error". */
const char *diagnostic_level_text(enum diagnostic_level level);

#endif /* BASE_DIAGNOSTIC_H */
