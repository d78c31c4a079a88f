/* A diagnostic sink that keeps what it was told as one text, a line per event:
 *
 *     warning storage: cut 13 bytes behind the last batch (partition=orders-3)
 */
#ifndef TESTS_SUPPORT_BASE_RECORDED_DIAGNOSTICS_H
#define TESTS_SUPPORT_BASE_RECORDED_DIAGNOSTICS_H

#include <stddef.h>

#include "base/diagnostic.h"

#define RECORDED_DIAGNOSTICS_SIZE_MAX 16384

struct recorded_diagnostics {
    struct diagnostic_sink sink; /* First. */
    size_t size;
    unsigned count;                           /* Events, also those for which there was no room. */
    char text[RECORDED_DIAGNOSTICS_SIZE_MAX]; /* Zero-terminated; what does not fit is left out. */
};

/* Nothing recorded yet. One thread at a time. */
void recorded_diagnostics_init(struct recorded_diagnostics *recorded,
                               enum diagnostic_level level_min);

#endif /* TESTS_SUPPORT_BASE_RECORDED_DIAGNOSTICS_H */
