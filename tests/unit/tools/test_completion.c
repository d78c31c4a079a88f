#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/tools/printed.h"
#include "tools/rollway/commands.h"
#include "tools/rollway/completion.h"

static struct printed printed;

static void setup(void)
{
    printed_open(&printed);
}

static void teardown(void)
{
    printed_close(&printed);
}

TestSuite(completion, .init = setup, .fini = teardown);

/* Quotes come in pairs, or a shell would take the rest for one text. */
static void expect_even_quotes(const char *text)
{
    size_t quotes = 0;
    for (; *text != '\0'; text++) {
        if (text[0] == '\\' && text[1] == '\'') {
            text++;
        } else {
            quotes += *text == '\'';
        }
    }
    cr_assert_eq(quotes % 2, 0);
}

Test(completion, bash_knows_every_command_and_option)
{
    completion_print_bash(printed.file);
    const char *text = printed_text(&printed);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char pattern[128];
        snprintf(pattern, sizeof pattern, "'%s') command=$first", COMMANDS[id].words);
        cr_assert_not_null(strstr(text, pattern), "%s", pattern);
    }
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        char option[128];
        snprintf(option, sizeof option, "--%s ", OPTIONS[i].name);
        cr_assert_not_null(strstr(text, option), "%s", option);
    }
    cr_assert_not_null(strstr(text, "complete -o filenames -F _rollway rollway\n"));
}

Test(completion, bash_offers_choices_and_files_as_values)
{
    completion_print_bash(printed.file);
    const char *text = printed_text(&printed);
    cr_assert_not_null(strstr(
        text, "'produce:--compression' | 'produce:-z') choices='none gzip snappy lz4 zstd' ;;"));
    cr_assert_not_null(strstr(text, "*':--output' | *':-o') choices='text json' ;;"));
    cr_assert_not_null(strstr(text, "'produce:--file' | 'produce:-F') COMPREPLY=($(compgen -f"));
}

Test(completion, zsh_knows_every_command_and_option)
{
    completion_print_zsh(printed.file);
    const char *text = printed_text(&printed);
    cr_assert_eq(strncmp(text, "#compdef rollway\n", 17), 0);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char pattern[128];
        bool has_two = strchr(COMMANDS[id].words, ' ') != NULL;
        snprintf(pattern, sizeof pattern, "\n    '%s'%s)\n", COMMANDS[id].words,
                 has_two ? "" : "\\ *");
        cr_assert_not_null(strstr(text, pattern), "%s", pattern);
    }
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        char option[128];
        snprintf(option, sizeof option, "--%s[", OPTIONS[i].name);
        cr_assert_not_null(strstr(text, option), "%s", option);
    }
    expect_even_quotes(text);
}

Test(completion, zsh_keeps_what_has_a_meaning_in_specifications_apart)
{
    completion_print_zsh(printed.file);
    const char *text = printed_text(&printed);
    cr_assert_not_null(strstr(text, ":HOST\\:PORT:'"));
    cr_assert_not_null(strstr(text, ":text|json:(text json)'"));
    cr_assert_not_null(strstr(text, "'*--config["));
}
