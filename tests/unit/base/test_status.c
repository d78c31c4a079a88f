#include <criterion/criterion.h>
#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "base/status.h"

Test(status, every_status_has_a_lower_case_phrase_without_a_full_stop)
{
    for (enum status status = STATUS_OK; status < STATUS_COUNT; status++) {
        const char *text = status_text(status);
        cr_assert_not_null(text);
        cr_expect(islower((unsigned char)text[0]), "%s", text);
        cr_expect_neq(text[strlen(text) - 1], '.', "%s", text);
    }
}

Test(status, no_two_read_the_same)
{
    for (enum status a = STATUS_OK; a < STATUS_COUNT; a++) {
        for (enum status b = STATUS_OK; b < a; b++) {
            cr_expect_str_neq(status_text(a), status_text(b));
        }
    }
}

Test(status, a_number_beyond_the_list_is_a_programming_error, .signal = SIGABRT)
{
    (void)status_text(STATUS_COUNT);
}
