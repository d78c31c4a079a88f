#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/tools/printed.h"
#include "tools/rollway/help_text.h"

static struct printed printed;

static void setup(void)
{
    printed_open(&printed);
}

static void teardown(void)
{
    printed_close(&printed);
}

TestSuite(help_text, .init = setup, .fini = teardown);

static void expect_line_lengths(const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        cr_assert_leq(size, HELP_COLUMNS_MAX, "%.*s", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

Test(help_text, every_command_has_its_options_and_examples)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        struct printed help;
        char usage[128];
        printed_open(&help);
        help_print_command(help.file, id);
        const char *text = printed_text(&help);
        snprintf(usage, sizeof usage, "usage: rollway %s", COMMANDS[id].words);
        cr_assert_eq(strncmp(text, usage, strlen(usage)), 0);
        for (size_t i = 0; i < OPTIONS_COUNT; i++) {
            char title[128];
            help_option_title(&OPTIONS[i], title, sizeof title);
            cr_assert(OPTIONS[i].command != id || strstr(text, title) != NULL, "%s", title);
        }
        cr_assert_not_null(strstr(text, "\nexamples:\n"));
        cr_assert_not_null(strstr(text, "ROLLWAY_BOOTSTRAP"));
        expect_line_lengths(text);
        printed_close(&help);
    }
}

Test(help_text, the_overview_has_every_command)
{
    help_print_overview(printed.file, NULL);
    const char *text = printed_text(&printed);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        cr_assert_not_null(strstr(text, COMMANDS[id].summary));
    }
    expect_line_lengths(text);
}

Test(help_text, the_overview_of_a_group_has_only_its_commands)
{
    help_print_overview(printed.file, "config");
    const char *text = printed_text(&printed);
    cr_assert_not_null(strstr(text, "  config set TYPE NAME KEY=VALUE..."));
    cr_assert_null(strstr(text, "topic create"));
}

Test(help_text, long_text_is_wrapped_between_words)
{
    char text[400] = "";
    for (int i = 0; i < 30; i++) {
        strncat(text, "0123456789 ", sizeof text - strlen(text) - 1);
    }
    fputs("1234", printed.file);
    help_print_wrapped(printed.file, text, 4, 4);
    const char *wrapped = printed_text(&printed);
    expect_line_lengths(wrapped);
    cr_assert_eq(strncmp(strchr(wrapped, '\n'), "\n    0123456789", 15), 0);
    cr_assert_eq(wrapped[strlen(wrapped) - 1], '\n');
}

Test(help_text, a_word_that_fits_nowhere_stands_alone)
{
    char text[200];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    help_print_wrapped(printed.file, text, 2, 0);
    cr_assert_eq(strlen(printed_text(&printed)), sizeof text);
}

Test(help_text, titles_line_up_with_and_without_a_short_name)
{
    char title[128];
    help_option_title(option_find(COMMAND_TOPIC_CREATE, "partitions"), title, sizeof title);
    cr_assert_str_eq(title, "-p, --partitions COUNT");
    help_option_title(option_find(COMMAND_TOPIC_CREATE, "if-not-exists"), title, sizeof title);
    cr_assert_str_eq(title, "    --if-not-exists");
}
