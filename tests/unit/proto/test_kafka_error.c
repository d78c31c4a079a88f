#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "proto/wire/kafka_error.h"

Test(kafka_error, numbers_are_those_of_the_protocol)
{
    static const struct {
        int16_t number;
        const char *name;
        bool is_retriable;
    } CASES[] = {
        {-1, "UNKNOWN_SERVER_ERROR", false},
        {0, "NONE", false},
        {3, "UNKNOWN_TOPIC_OR_PARTITION", true},
        {6, "NOT_LEADER_OR_FOLLOWER", true},
        {45, "OUT_OF_ORDER_SEQUENCE_NUMBER", false},
        {56, "KAFKA_STORAGE_ERROR", true},
        {70, "FETCH_SESSION_ID_NOT_FOUND", true},
        {87, "INVALID_RECORD", false},
        {100, "UNKNOWN_TOPIC_ID", true},
        {136, "CONTROLLER_ID_NOT_REGISTERED", false},
    };

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        cr_assert_str_eq(kafka_error_name(CASES[i].number), CASES[i].name);
        cr_assert_eq(kafka_error_is_retriable(CASES[i].number), CASES[i].is_retriable, "%s",
                     CASES[i].name);
    }
}

Test(kafka_error, every_code_has_a_name_of_its_own_and_a_phrase)
{
    for (int16_t number = KAFKA_ERROR_MIN; number <= KAFKA_ERROR_MAX; number++) {
        const char *text = kafka_error_text(number);
        int16_t found = INT16_MAX;

        cr_assert(kafka_error_is_known(number));
        cr_assert(kafka_error_from_name(text_of(kafka_error_name(number)), &found));
        cr_assert_eq(found, number);
        cr_assert_gt(strlen(text), 5);
        cr_assert(islower((unsigned char)text[0]) || isupper((unsigned char)text[1]), "%s", text);
        cr_assert_neq(text[strlen(text) - 1], '.', "%s", text);
    }
}

Test(kafka_error, a_number_outside_the_list_is_an_unknown_error)
{
    const int16_t outside[] = {-2, INT16_MIN, KAFKA_ERROR_MAX + 1, INT16_MAX};

    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        cr_assert(!kafka_error_is_known(outside[i]));
        cr_assert_str_eq(kafka_error_name(outside[i]), "UNKNOWN_SERVER_ERROR");
        cr_assert(!kafka_error_is_retriable(outside[i]));
    }
}

Test(kafka_error, a_name_that_is_none_is_not_found)
{
    int16_t number = 7;

    cr_assert(!kafka_error_from_name(TEXT_LITERAL("none"), &number));
    cr_assert(!kafka_error_from_name(TEXT_NULL, &number));
    cr_assert_eq(number, 7);
}
