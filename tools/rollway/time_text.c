#include "tools/rollway/time_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/number_text.h"

#define MS_PER_DAY    INT64_C(86400000)
#define MS_PER_HOUR   INT64_C(3600000)
#define MS_PER_MINUTE INT64_C(60000)

/* From 0000-03-01 to 1970-01-01. */
#define DAYS_BEFORE_1970 719468

/* Of 400 years, after which the calendar repeats. */
#define DAYS_PER_ERA 146097

#define TIME_MS_MIN INT64_C(-62167219200000) /* 0000-01-01 */
#define TIME_MS_MAX INT64_C(253402300799999) /* 9999-12-31 */

/* Days since 1970. Years are counted from March, so that a leap day is the last of its year. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted_year = month <= 2 ? year - 1 : year;
    int64_t era = (shifted_year >= 0 ? shifted_year : shifted_year - 399) / 400;
    int64_t year_of_era = shifted_year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + DAYS_BEFORE_1970;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

const char *format_time_ms(int64_t ms, char memory[TIME_TEXT_SIZE])
{
    if (ms < TIME_MS_MIN || ms > TIME_MS_MAX) {
        snprintf(memory, TIME_TEXT_SIZE, "%" PRId64, ms);
        return memory;
    }
    int64_t days = (ms >= 0 ? ms : ms - (MS_PER_DAY - 1)) / MS_PER_DAY;
    int64_t rest = ms - days * MS_PER_DAY;
    int year;
    int month;
    int day;
    date_of_days(days, &year, &month, &day);
    snprintf(memory, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
             (int)(rest / MS_PER_HOUR), (int)(rest / MS_PER_MINUTE % 60), (int)(rest / 1000 % 60),
             (int)(rest % 1000));
    return memory;
}

/* Takes exactly `digits` digits off the front. */
static bool take_number(struct text *text, size_t digits, int64_t *number)
{
    int64_t parsed = 0;
    if (text->size < digits) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            return false;
        }
        parsed = parsed * 10 + (text->data[i] - '0');
    }
    *text = (struct text){text->data + digits, text->size - digits};
    *number = parsed;
    return true;
}

static bool take_character(struct text *text, char character)
{
    if (text->size == 0 || text->data[0] != character) {
        return false;
    }
    *text = (struct text){text->data + 1, text->size - 1};
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    return days_of_date(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
           days_of_date(year, month, 1);
}

/* Up to nine digits behind a point; those behind the third count nothing. */
static bool take_fraction(struct text *text, int64_t *ms)
{
    int64_t weight = 100;
    int64_t digit = 0;
    size_t count = 0;
    for (*ms = 0; count < 9 && take_number(text, 1, &digit); count++) {
        *ms += digit * weight;
        weight /= 10;
    }
    return count > 0;
}

/* "Z", "+02:00", or nothing. */
static bool take_zone(struct text *text, int64_t *zone_ms)
{
    int64_t hours;
    int64_t minutes;
    *zone_ms = 0;
    if (text->size == 0 || take_character(text, 'Z')) {
        return true;
    }
    bool is_west = take_character(text, '-');
    if (!is_west && !take_character(text, '+')) {
        return false;
    }
    if (!take_number(text, 2, &hours) || !take_character(text, ':') ||
        !take_number(text, 2, &minutes) || hours > 14 || minutes > 59) {
        return false;
    }
    *zone_ms = (hours * MS_PER_HOUR + minutes * MS_PER_MINUTE) * (is_west ? -1 : 1);
    return true;
}

static bool take_time_of_day(struct text *text, int64_t *ms)
{
    int64_t hours;
    int64_t minutes;
    int64_t seconds = 0;
    int64_t fraction_ms = 0;
    if (!take_number(text, 2, &hours) || !take_character(text, ':') ||
        !take_number(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    if (take_character(text, ':')) {
        if (!take_number(text, 2, &seconds) || seconds > 59) {
            return false;
        }
        if (take_character(text, '.') && !take_fraction(text, &fraction_ms)) {
            return false;
        }
    }
    *ms = hours * MS_PER_HOUR + minutes * MS_PER_MINUTE + seconds * 1000 + fraction_ms;
    return true;
}

bool parse_date_ms(struct text text, int64_t *ms)
{
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t time_of_day_ms = 0;
    int64_t zone_ms = 0;
    if (!take_number(&text, 4, &year) || !take_character(&text, '-') ||
        !take_number(&text, 2, &month) || !take_character(&text, '-') ||
        !take_number(&text, 2, &day) || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month)) {
        return false;
    }
    if (take_character(&text, 'T') || take_character(&text, ' ')) {
        if (!take_time_of_day(&text, &time_of_day_ms) || !take_zone(&text, &zone_ms)) {
            return false;
        }
    }
    if (text.size > 0) {
        return false;
    }
    *ms = days_of_date(year, month, day) * MS_PER_DAY + time_of_day_ms - zone_ms;
    return true;
}

bool parse_time_ms(struct text text, int64_t *ms)
{
    struct text rest = text;
    if (take_character(&rest, '@')) {
        return parse_i64(rest, ms);
    }
    return parse_date_ms(text, ms) || parse_i64(text, ms);
}

static struct log_position position(enum log_position_kind kind, int64_t value)
{
    return (struct log_position){kind, value};
}

enum status parse_log_position(struct text text, int64_t now_ms, struct log_position *parsed,
                               struct error *error)
{
    int64_t value;
    struct text rest = text;
    if (text_equal(text, TEXT_LITERAL("earliest"))) {
        *parsed = position(LOG_POSITION_EARLIEST, 0);
    } else if (text_equal(text, TEXT_LITERAL("latest"))) {
        *parsed = position(LOG_POSITION_LATEST, 0);
    } else if (parse_date_ms(text, &value)) {
        *parsed = position(LOG_POSITION_TIME, value);
    } else if (take_character(&rest, '@') && parse_i64(rest, &value) && value >= 0) {
        *parsed = position(LOG_POSITION_TIME, value);
    } else if (parse_i64(text, &value) && value > INT64_MIN) {
        bool is_tail = text.data[0] == '-';
        *parsed =
            position(is_tail ? LOG_POSITION_TAIL : LOG_POSITION_OFFSET, is_tail ? -value : value);
    } else if (rest = text, take_character(&rest, '-') && parse_duration_ms(rest, &value)) {
        *parsed = position(LOG_POSITION_TIME, now_ms - value);
    } else {
        return error_set(error, STATUS_INVALID,
                         "'%.*s' is no position: earliest, latest, an offset, -N, a date, "
                         "@MILLISECONDS, or a duration ago such as -15m",
                         TEXT_ARGUMENTS(text));
    }
    return STATUS_OK;
}
