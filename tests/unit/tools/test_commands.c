#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tools/rollway/commands.h"

static void expect_sentence(const char *text, const char *of)
{
    cr_assert_gt(strlen(text), 3, "%s", of);
    cr_assert(!isupper((unsigned char)text[0]) || isupper((unsigned char)text[1]), "%s: %s", of,
              text);
    cr_assert_neq(text[strlen(text) - 1], '.', "%s: %s", of, text);
}

Test(commands, every_command_is_found_by_its_words)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char first[64];
        snprintf(first, sizeof first, "%s", COMMANDS[id].words);
        char *blank = strchr(first, ' ');
        if (blank != NULL) {
            *blank = '\0';
            cr_assert(command_group_exists(first), "%s", first);
        }
        cr_assert_eq(command_find(first, blank != NULL ? blank + 1 : NULL), id);
        expect_sentence(COMMANDS[id].summary, COMMANDS[id].words);
    }
    cr_assert_eq(command_find("topic", NULL), COMMAND_COUNT);
    cr_assert_eq(command_find("topic", "creat"), COMMAND_COUNT);
    cr_assert_eq(command_find("produce", "x"), COMMAND_COUNT);
    cr_assert(!command_group_exists("produce"));
}

Test(commands, arguments_are_shown_when_there_are_any)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command_spec *command = &COMMANDS[id];
        cr_assert_leq(command->arguments_min, command->arguments_max);
        cr_assert_eq(command->arguments_max > 0, command->arguments[0] != '\0', "%s",
                     command->words);
    }
}

Test(commands, no_command_has_two_options_of_one_name)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        for (size_t i = 0; i < OPTIONS_COUNT; i++) {
            const struct option_spec *option = &OPTIONS[i];
            if (option->command != id && option->command != COMMAND_GLOBAL) {
                continue;
            }
            cr_assert_eq(option_find(id, option->name), option, "%s --%s", COMMANDS[id].words,
                         option->name);
            if (option->short_name != 0) {
                cr_assert_eq(option_find_short(id, option->short_name), option, "%s -%c",
                             COMMANDS[id].words, option->short_name);
            }
        }
    }
}

Test(commands, options_say_what_they_take)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const struct option_spec *option = &OPTIONS[i];
        expect_sentence(option->sentence, option->name);
        cr_assert_eq(option->type == OPTION_FLAG, option->value[0] == '\0', "--%s", option->name);
        if (option->type == OPTION_CHOICE && option->default_text != NULL) {
            cr_assert(option_has_choice(option, option->default_text), "--%s", option->name);
        }
    }
}

Test(commands, every_command_has_an_example_that_names_it)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        bool has_example = false;
        for (size_t i = 0; i < EXAMPLES_COUNT; i++) {
            if (EXAMPLES[i].command == id) {
                cr_assert_not_null(strstr(EXAMPLES[i].line, COMMANDS[id].words), "%s",
                                   EXAMPLES[i].line);
                has_example = true;
            }
        }
        cr_assert(has_example, "%s", COMMANDS[id].words);
    }
}

Test(commands, the_environment_stands_for_options_that_exist)
{
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        expect_sentence(ENVIRONMENT[i].sentence, ENVIRONMENT[i].name);
        cr_assert(ENVIRONMENT[i].option == NULL ||
                  option_find(COMMAND_GLOBAL, ENVIRONMENT[i].option) != NULL);
    }
}

Test(commands, global_options_are_all_that_is_known_before_a_command)
{
    cr_assert_not_null(option_find(COMMAND_GLOBAL, "bootstrap"));
    cr_assert_null(option_find(COMMAND_GLOBAL, "partitions"));
    cr_assert_null(option_find(COMMAND_TOPIC_LIST, "partitions"));
    cr_assert_null(option_find_short(COMMAND_GLOBAL, 'p'));
}

Test(commands, a_choice_is_one_of_the_whole_words)
{
    const struct option_spec *acks = option_find(COMMAND_PRODUCE, "acks");
    cr_assert(option_has_choice(acks, "all"));
    cr_assert(option_has_choice(acks, "0"));
    cr_assert(!option_has_choice(acks, "al"));
    cr_assert(!option_has_choice(acks, "all|1"));
    cr_assert(!option_has_choice(acks, ""));
}

Test(commands, what_was_mistyped_has_a_nearest)
{
    cr_assert_str_eq(command_nearest("topic crate"), "topic create");
    cr_assert_str_eq(command_nearest("prodcue"), "produce");
    cr_assert_str_eq(command_nearest("tpoic"), "topic");
    cr_assert_null(command_nearest("elephant"));
    cr_assert_null(command_nearest(""));
    cr_assert_str_eq(option_nearest(COMMAND_TOPIC_CREATE, "partition"), "partitions");
    cr_assert_str_eq(option_nearest(COMMAND_GLOBAL, "verison"), "version");
    cr_assert_null(option_nearest(COMMAND_GLOBAL, "partitions"));
    char endless[200];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    cr_assert_null(command_nearest(endless));
}
