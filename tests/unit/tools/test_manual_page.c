#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/tools/printed.h"
#include "tools/rollway/commands.h"
#include "tools/rollway/manual_page.h"

static struct printed printed;

static void setup(void)
{
    printed_open(&printed);
    manual_page_print(printed.file);
}

static void teardown(void)
{
    printed_close(&printed);
}

TestSuite(manual_page, .init = setup, .fini = teardown);

Test(manual_page, has_every_command_option_and_variable)
{
    const char *text = printed_text(&printed);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char heading[128];
        snprintf(heading, sizeof heading, "\n.SS rollway %s", COMMANDS[id].words);
        cr_assert_not_null(strstr(text, heading), "%s", heading);
    }
    size_t options = 0;
    for (const char *at = text; (at = strstr(at, "\\fB\\-\\-")) != NULL; at++) {
        options++;
    }
    cr_assert_eq(options, OPTIONS_COUNT);
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        cr_assert_not_null(strstr(text, ENVIRONMENT[i].name));
    }
}

Test(manual_page, begins_with_title_and_name_and_tells_the_exit_codes)
{
    const char *text = printed_text(&printed);
    cr_assert_eq(strncmp(text, ".TH ROLLWAY 1 ", 14), 0);
    cr_assert_not_null(strstr(text, "\n.SH NAME\nrollway \\- "));
    cr_assert_not_null(strstr(text, "\n.SH EXIT STATUS\n"));
}

Test(manual_page, no_text_is_taken_for_a_request)
{
    const char *text = printed_text(&printed);
    static const char *const REQUESTS[] = {".TH", ".SH", ".SS", ".TP", ".B ",
                                           ".PP", ".RS", ".RE", ".nf", ".fi"};
    for (const char *line = text; line != NULL && *line != '\0';
         line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
        bool is_known = line[0] != '.' && line[0] != '\'';
        for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
            is_known = is_known || strncmp(line, REQUESTS[i], 3) == 0;
        }
        cr_assert(is_known, "%.40s", line);
    }
}

Test(manual_page, backslashes_of_examples_are_printed)
{
    cr_assert_not_null(strstr(printed_text(&printed), "%k=%v\\en"));
}
