#include "base/diagnostic.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/assert.h"

static void hand_on(struct diagnostic_sink *sink, enum diagnostic_level level,
                    const char *component, const char *fields, const char *format,
                    va_list arguments) __attribute__((format(printf, 5, 0)));

static void hand_on(struct diagnostic_sink *sink, enum diagnostic_level level,
                    const char *component, const char *fields, const char *format,
                    va_list arguments)
{
    if (sink == NULL || level < sink->level_min) {
        return;
    }
    char sentence[DIAGNOSTIC_SENTENCE_SIZE_MAX];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    sink->write(sink, level, component, sentence, fields);
}

void diagnose(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    hand_on(sink, level, component, "", format, arguments);
    va_end(arguments);
}

void diagnose_with(struct diagnostic_sink *sink, enum diagnostic_level level, const char *component,
                   const char *fields, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    hand_on(sink, level, component, fields, format, arguments);
    va_end(arguments);
}

const char *diagnostic_level_text(enum diagnostic_level level)
{
    switch (level) {
    case DIAGNOSTIC_DEBUG:
        return "debug";
    case DIAGNOSTIC_INFO:
        return "info";
    case DIAGNOSTIC_WARNING:
        return "warning";
    case DIAGNOSTIC_ERROR:
        return "error";
    default:
        ASSERT(false);
    }
    return NULL;
}
