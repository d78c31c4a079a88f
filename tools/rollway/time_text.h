/* Points in time and positions in a log, as people write them. Dates are those of the proleptic
 * Gregorian calendar, in UTC unless a zone is given. */
#ifndef TOOLS_ROLLWAY_TIME_TEXT_H
#define TOOLS_ROLLWAY_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* "2026-01-31T08:30:00.125Z" and a zero; years have four digits up to 9999. */
#define TIME_TEXT_SIZE 64

enum log_position_kind {
    LOG_POSITION_EARLIEST,
    LOG_POSITION_LATEST,
    LOG_POSITION_OFFSET, /* value: the offset. */
    LOG_POSITION_TAIL,   /* value: records before the end. */
    LOG_POSITION_TIME,   /* value: milliseconds since 1970. */
};

struct log_position {
    enum log_position_kind kind;
    int64_t value;
};

/* "2026-01-31T08:30:00.125Z" of a time that has a year from 0 to 9999, else the number. Returns
 * `memory`. */
const char *format_time_ms(int64_t ms, char memory[TIME_TEXT_SIZE]);

/* "2026-01-31", "2026-01-31T08:30", "2026-01-31T08:30:15", "2026-01-31 08:30:15.125Z",
 * "2026-01-31T08:30:15+02:00". False when it is none. */
bool parse_date_ms(struct text text, int64_t *ms);

/* A date, or "@" and milliseconds, or only milliseconds. */
bool parse_time_ms(struct text text, int64_t *ms);

/* "earliest", "latest", an offset, "-10" (a tail), "@1769848200000", a date, or "-15m" (a duration
 * before `now_ms`). STATUS_INVALID says what is allowed. */
MUST_USE enum status parse_log_position(struct text text, int64_t now_ms,
                                        struct log_position *position, struct error *error);

#endif /* TOOLS_ROLLWAY_TIME_TEXT_H */
