/* Any text as a number, size, duration, truth or fraction; any number as text and back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number_text.h"
#include "tests/fuzz/fuzz.h"

static void parse(struct text text)
{
    int64_t number;
    int64_t other;
    bool truth;
    double fraction;
    if (parse_i64(text, &number)) {
        char again[32];
        snprintf(again, sizeof again, "%" PRId64, number);
        ASSERT(parse_i64(text_of(again), &other) && other == number);
        ASSERT(parse_size_bytes(text, &other) && other == number);
        ASSERT(parse_duration_ms(text, &other) && other == number);
    }
    if (parse_bool(text, &truth)) {
        ASSERT(text.size == (truth ? 4u : 5u));
        ASSERT(!parse_i64(text, &number));
    }
    if (parse_f64(text, &fraction)) {
        ASSERT(fraction - fraction == 0); /* Finite. */
    }
    if (parse_duration_ms(text, &number) && number >= 0) {
        char again[64];
        format_duration_ms(number, again, sizeof again);
        ASSERT(parse_duration_ms(text_of(again), &other));
        ASSERT(other == number);
    }
    parse_size_bytes(text, &number);
}

static void format(int64_t number)
{
    char text[64];
    int64_t again;
    ASSERT(format_duration_ms(number, text, sizeof text) == text);
    ASSERT(strlen(text) < 32);
    ASSERT(IMPLIES(number >= 0, parse_duration_ms(text_of(text), &again) && again == number));
    ASSERT(format_size_bytes(number, text, sizeof text) == text);
    ASSERT(strlen(text) < 16);
    /* One digit behind the point: within a twentieth of the unit, which is at most the number. */
    if (number >= 0 && parse_size_bytes(text_of(text), &again)) {
        ASSERT(imaxabs(again - number) <= number / 20 + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    uint8_t *copy = fuzz_copy(input);
    parse((struct text){(const char *)copy, size});
    free(copy);
    format(fuzz_take_i64(&input));
    return 0;
}
