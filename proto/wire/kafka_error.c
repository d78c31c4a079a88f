#include "proto/wire/kafka_error.h"

#include <stddef.h>

struct kafka_error_row {
    int16_t number;
    bool is_retriable;
    const char *name;
    const char *text;
};

#define KAFKA_ERROR_ROW(name, number, retriable, text) {number, retriable, #name, text},
static const struct kafka_error_row ROWS[] = {KAFKA_ERROR_LIST(KAFKA_ERROR_ROW)};
#undef KAFKA_ERROR_ROW

#define ROWS_COUNT (sizeof(ROWS) / sizeof(ROWS[0]))

/* Without gaps a number is its row's index. */
_Static_assert(ROWS_COUNT == KAFKA_ERROR_MAX - KAFKA_ERROR_MIN + 1, "the list has a gap");

bool kafka_error_is_known(int16_t number)
{
    return number >= KAFKA_ERROR_MIN && number <= KAFKA_ERROR_MAX;
}

static const struct kafka_error_row *row_of(int16_t number)
{
    return &ROWS[kafka_error_is_known(number) ? number - KAFKA_ERROR_MIN : 0];
}

const char *kafka_error_name(int16_t number)
{
    return row_of(number)->name;
}

const char *kafka_error_text(int16_t number)
{
    return row_of(number)->text;
}

bool kafka_error_is_retriable(int16_t number)
{
    return row_of(number)->is_retriable;
}

bool kafka_error_from_name(struct text name, int16_t *number)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        if (text_equal(name, text_of(ROWS[i].name))) {
            *number = ROWS[i].number;
            return true;
        }
    }
    return false;
}
