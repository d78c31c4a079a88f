#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"

static struct error error;

Test(error, setting_returns_the_status_and_words_the_trouble)
{
    cr_assert_eq(error_set(&error, STATUS_LIMIT, "%d partitions, allowed are %d", 9, 8),
                 STATUS_LIMIT);
    cr_expect_eq(error.status, STATUS_LIMIT);
    cr_expect_str_eq(error.text, "9 partitions, allowed are 8");
}

Test(error, the_callers_view_stands_in_front)
{
    cr_assert_eq(error_set(&error, STATUS_CORRUPT, "entry %d goes back", 7), STATUS_CORRUPT);
    cr_assert_eq(error_wrap(&error, "open partition %s", "orders-3"), STATUS_CORRUPT);
    cr_expect_str_eq(error.text, "open partition orders-3: entry 7 goes back");
}

Test(error, a_long_text_loses_its_end)
{
    char prefix[ERROR_TEXT_SIZE_MAX * 2];
    memset(prefix, 'x', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    cr_assert_eq(error_set(&error, STATUS_IO, "inner"), STATUS_IO);
    cr_assert_eq(error_wrap(&error, "%s", prefix), STATUS_IO);
    cr_expect_eq(strlen(error.text), ERROR_TEXT_SIZE_MAX - 1);
}

Test(error, wrapping_keeps_the_status_and_as_much_of_the_text_as_fits)
{
    char inner[ERROR_TEXT_SIZE_MAX];
    memset(inner, 'i', sizeof inner - 1);
    inner[sizeof inner - 1] = '\0';
    cr_assert_eq(error_set(&error, STATUS_CORRUPT, "%s", inner), STATUS_CORRUPT);
    cr_assert_eq(error_wrap(&error, "outer"), STATUS_CORRUPT);
    cr_expect_eq(strlen(error.text), ERROR_TEXT_SIZE_MAX - 1);
    cr_expect_eq(strncmp(error.text, "outer: iii", 10), 0);
}

Test(error, an_error_with_status_ok_is_a_programming_error, .signal = SIGABRT)
{
    status_ignore(error_set(&error, STATUS_OK, "fine"));
}
