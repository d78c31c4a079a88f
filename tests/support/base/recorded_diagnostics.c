#include "tests/support/base/recorded_diagnostics.h"

#include <stdio.h>

#include "base/counted.h" /* CONTAINER_OF */

static void record(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
                   const char *sentence, const char *fields)
{
    struct recorded_diagnostics *recorded = CONTAINER_OF(sink, struct recorded_diagnostics, sink);
    size_t room = sizeof recorded->text - recorded->size;
    int written = snprintf(recorded->text + recorded->size, room, "%s %s: %s%s%s%s\n",
                           diagnostic_level_text(level), component, sentence,
                           fields[0] != '\0' ? " (" : "", fields, fields[0] != '\0' ? ")" : "");
    recorded->count++;
    if ((size_t)written < room) {
        recorded->size += (size_t)written;
    } else {
        recorded->text[recorded->size] = '\0';
    }
}

void recorded_diagnostics_init(struct recorded_diagnostics *recorded,
                               enum diagnostic_level level_min)
{
    recorded->sink = (struct diagnostic_sink){.level_min = level_min, .write = record};
    recorded->size = 0;
    recorded->count = 0;
    recorded->text[0] = '\0';
}
