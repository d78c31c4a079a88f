#include "base/number_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"

/* Longer texts are no sensible fraction. */
#define FRACTION_TEXT_SIZE_MAX 64

/* 2^63: the first double that is too large for an int64_t. */
#define TOO_LARGE 9223372036854775808.0

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit SIZE_UNITS[] = {
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
    {"PiB", INT64_C(1) << 50},
    {"EiB", INT64_C(1) << 60},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {"PB", 1000000000000000},
};
#define SIZE_UNITS_COUNT        (sizeof SIZE_UNITS / sizeof SIZE_UNITS[0])
#define SIZE_UNITS_BINARY_COUNT 7

/* From the longest, as they are written. */
static const struct unit DURATION_UNITS[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
#define DURATION_UNITS_COUNT (sizeof DURATION_UNITS / sizeof DURATION_UNITS[0])

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

bool parse_i64(struct text text, int64_t *value)
{
    size_t index = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    bool negative = index > 0 && text.data[0] == '-';
    if (index == text.size) {
        return false;
    }
    int64_t parsed = 0;
    for (; index < text.size; index++) {
        if (!is_digit(text.data[index])) {
            return false;
        }
        int digit = text.data[index] - '0';
        if (__builtin_mul_overflow(parsed, 10, &parsed) ||
            __builtin_add_overflow(parsed, negative ? -digit : digit, &parsed)) {
            return false;
        }
    }
    *value = parsed;
    return true;
}

bool parse_f64(struct text text, double *value)
{
    char copy[FRACTION_TEXT_SIZE_MAX + 1];
    if (text.size == 0 || text.size > FRACTION_TEXT_SIZE_MAX) {
        return false;
    }
    bool digit_seen = false;
    for (size_t i = 0; i < text.size; i++) {
        /* strtod() would also take blanks, "inf", "nan" and hexadecimal. */
        if (memchr("0123456789+-.eE", text.data[i], 15) == NULL) {
            return false;
        }
        digit_seen = digit_seen || is_digit(text.data[i]);
        copy[i] = text.data[i];
    }
    copy[text.size] = '\0';
    char *end;
    double parsed = strtod(copy, &end);
    if (!digit_seen || *end != '\0' || parsed >= __DBL_MAX__ || parsed <= -__DBL_MAX__) {
        return false;
    }
    *value = parsed;
    return true;
}

static bool text_equal_any_case(struct text text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

bool parse_bool(struct text text, bool *value)
{
    if (text.data == NULL) {
        return false;
    }
    bool is_true = text_equal_any_case(text, "true");
    if (!is_true && !text_equal_any_case(text, "false")) {
        return false;
    }
    *value = is_true;
    return true;
}

/* Takes a number without sign off the front of `text`: whole and exact, or a fraction. */
static bool take_scaled(struct text *text, const struct unit *units, size_t units_count,
                        int64_t *scaled)
{
    size_t number_size = 0;
    while (number_size < text->size &&
           (is_digit(text->data[number_size]) || text->data[number_size] == '.')) {
        number_size++;
    }
    struct text number = {text->data, number_size};
    size_t unit_start = number_size;
    while (unit_start < text->size && text->data[unit_start] == ' ') {
        unit_start++;
    }
    size_t unit_end = unit_start;
    while (unit_end < text->size && is_letter(text->data[unit_end])) {
        unit_end++;
    }
    struct text name = {text->data + unit_start, unit_end - unit_start};
    *text = (struct text){text->data + unit_end, text->size - unit_end};

    for (size_t i = 0; i < units_count; i++) {
        if (!text_equal_any_case(name, units[i].name)) {
            continue;
        }
        int64_t whole;
        if (parse_i64(number, &whole)) {
            return !__builtin_mul_overflow(whole, units[i].factor, scaled);
        }
        double fraction;
        if (!parse_f64(number, &fraction) || fraction * (double)units[i].factor >= TOO_LARGE) {
            return false;
        }
        *scaled = (int64_t)(fraction * (double)units[i].factor + 0.5);
        return true;
    }
    return false;
}

bool parse_size_bytes(struct text text, int64_t *bytes)
{
    if (parse_i64(text, bytes)) {
        return true;
    }
    int64_t parsed;
    if (text.size == 0 || !take_scaled(&text, SIZE_UNITS, SIZE_UNITS_COUNT, &parsed) ||
        text.size > 0) {
        return false;
    }
    *bytes = parsed;
    return true;
}

bool parse_duration_ms(struct text text, int64_t *ms)
{
    if (parse_i64(text, ms)) {
        return true;
    }
    if (text.size == 0) {
        return false;
    }
    int64_t sum = 0;
    while (text.size > 0) {
        int64_t part;
        if (!take_scaled(&text, DURATION_UNITS, DURATION_UNITS_COUNT, &part) ||
            __builtin_add_overflow(sum, part, &sum)) {
            return false;
        }
    }
    *ms = sum;
    return true;
}

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? UINT64_C(0) - (uint64_t)number : (uint64_t)number;
}

const char *format_size_bytes(int64_t bytes, char *memory, size_t memory_size)
{
    const char *sign = bytes < 0 ? "-" : "";
    uint64_t size = magnitude(bytes);
    size_t unit = 0;
    uint64_t tenths = size * 10;
    if (size >= 1024) {
        /* 1023.95 KiB and more are rounded up into the next unit. */
        double scaled = (double)size;
        while (unit + 1 < SIZE_UNITS_BINARY_COUNT && scaled >= (unit == 0 ? 1024 : 1023.95)) {
            scaled /= 1024;
            unit++;
        }
        tenths = (uint64_t)(scaled * 10 + 0.5);
    }
    if (tenths % 10 == 0) {
        snprintf(memory, memory_size, "%s%" PRIu64 " %s", sign, tenths / 10, SIZE_UNITS[unit].name);
    } else {
        snprintf(memory, memory_size, "%s%" PRIu64 ".%" PRIu64 " %s", sign, tenths / 10,
                 tenths % 10, SIZE_UNITS[unit].name);
    }
    return memory;
}

const char *format_duration_ms(int64_t ms, char *memory, size_t memory_size)
{
    uint64_t rest = magnitude(ms);
    size_t length = 0;
    int written = snprintf(memory, memory_size, "%s", ms < 0 ? "-" : "");
    for (size_t i = 0; i < DURATION_UNITS_COUNT; i++) {
        uint64_t factor = (uint64_t)DURATION_UNITS[i].factor;
        uint64_t count = rest / factor;
        rest %= factor;
        ASSERT(written >= 0);
        length += (size_t)written;
        written = 0;
        if (count > 0 && length < memory_size) {
            written = snprintf(memory + length, memory_size - length, "%" PRIu64 "%s", count,
                               DURATION_UNITS[i].name);
        }
    }
    if (ms == 0) {
        snprintf(memory, memory_size, "0ms");
    }
    return memory;
}
