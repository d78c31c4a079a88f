#include "tools/rollway/command_line.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"

/* Options on one line. */
#define VALUES_MAX 4096

struct parser {
    struct command_line *command_line;
    char *const *words;
    size_t count;
    size_t index; /* Of the next word. */
    bool options_ended;
    struct error *error;
};

static enum command_id owner_of_options(const struct command_line *command_line)
{
    return command_line->command == COMMAND_COUNT ? COMMAND_GLOBAL : command_line->command;
}

static enum status check_pair(const struct option_spec *option, const char *text,
                              struct error *error)
{
    struct option_pair pair;
    return option_pair_split(text, &pair) ? STATUS_OK
                                          : error_set(error, STATUS_INVALID, "--%s: '%s' is not %s",
                                                      option->name, text, option->value);
}

static enum status check_value(const struct option_spec *option, const char *text,
                               struct error *error)
{
    int64_t number = 0;
    switch (option->type) {
    case OPTION_COUNT:
        if (!parse_i64(text_of(text), &number) || number < 0 || number > INT32_MAX) {
            return error_set(error, STATUS_INVALID, "--%s: '%s' is not a number from 0 to %d",
                             option->name, text, INT32_MAX);
        }
        return STATUS_OK;
    case OPTION_DURATION:
        if (!parse_duration_ms(text_of(text), &number) || number < 1 || number > INT32_MAX) {
            return error_set(error, STATUS_INVALID,
                             "--%s: '%s' is not a duration such as 500ms, 10s or 1m", option->name,
                             text);
        }
        return STATUS_OK;
    case OPTION_CHOICE:
        if (!option_has_choice(option, text)) {
            return error_set(error, STATUS_INVALID, "--%s: '%s' is none of %s", option->name, text,
                             option->value);
        }
        return STATUS_OK;
    case OPTION_PAIR:
        return check_pair(option, text, error);
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_FILE:
        return STATUS_OK;
    default:
        ASSERT(false);
        return STATUS_INVALID;
    }
}

static enum status add_value(struct parser *parser, const struct option_spec *option,
                             const char *text)
{
    struct command_line *command_line = parser->command_line;
    size_t given = option_occurrences(command_line, option->name);
    if (given > 0 && option->type != OPTION_FLAG && !option->is_repeatable) {
        return error_set(parser->error, STATUS_INVALID, "--%s is given more than once",
                         option->name);
    }
    if (given >= OPTION_VALUES_MAX || command_line->values_count >= VALUES_MAX) {
        return error_set(parser->error, STATUS_INVALID, "--%s is given more than %d times",
                         option->name, OPTION_VALUES_MAX);
    }
    enum status status = check_value(option, text, parser->error);
    if (status == STATUS_OK) {
        command_line->values[command_line->values_count++] = (struct option_value){option, text};
    }
    return status;
}

/* The value of an option: what stands behind it in its own word, or the next word. */
static enum status take_value(struct parser *parser, const struct option_spec *option,
                              const char *attached)
{
    if (option->type == OPTION_FLAG) {
        if (attached != NULL) {
            return error_set(parser->error, STATUS_INVALID, "--%s takes no value", option->name);
        }
        return add_value(parser, option, "");
    }
    if (attached == NULL && parser->index == parser->count) {
        return error_set(parser->error, STATUS_INVALID, "--%s needs a value: %s", option->name,
                         option->value);
    }
    return add_value(parser, option, attached != NULL ? attached : parser->words[parser->index++]);
}

static enum status unknown_option(const struct parser *parser, const char *word, const char *name)
{
    const struct command_line *command_line = parser->command_line;
    const char *nearest = option_nearest(owner_of_options(command_line), name);
    const char *of = command_line->command == COMMAND_COUNT ? "before a command"
                                                            : COMMANDS[command_line->command].words;
    return nearest != NULL
               ? error_set(parser->error, STATUS_INVALID, "unknown option %s (%s); nearest is --%s",
                           word, of, nearest)
               : error_set(parser->error, STATUS_INVALID, "unknown option %s (%s)", word, of);
}

static enum status take_long_option(struct parser *parser, const char *word)
{
    char name[64];
    const char *body = word + 2;
    size_t size = strcspn(body, "=");
    if (size >= sizeof name) {
        return error_set(parser->error, STATUS_INVALID, "unknown option %.80s", word);
    }
    memcpy(name, body, size);
    name[size] = '\0';
    const struct option_spec *option = option_find(owner_of_options(parser->command_line), name);
    if (option == NULL) {
        return unknown_option(parser, word, name);
    }
    return take_value(parser, option, body[size] == '=' ? body + size + 1 : NULL);
}

static enum status take_short_options(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct option_spec *option =
            option_find_short(owner_of_options(parser->command_line), *letter);
        if (option == NULL) {
            return error_set(parser->error, STATUS_INVALID, "unknown option -%c in %s", *letter,
                             word);
        }
        if (option->type != OPTION_FLAG) {
            return take_value(parser, option, letter[1] != '\0' ? letter + 1 : NULL);
        }
        enum status status = take_value(parser, option, NULL);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status unknown_command(const struct parser *parser, const char *first,
                                   const char *second)
{
    char typed[128];
    const char *blank = second[0] != '\0' ? " " : "";
    int size = snprintf(typed, sizeof typed, "%s%s%s", first, blank, second);
    const char *nearest = size < (int)sizeof typed ? command_nearest(typed) : NULL;
    return nearest != NULL
               ? error_set(parser->error, STATUS_INVALID, "unknown command '%s'; nearest is '%s'",
                           typed, nearest)
               : error_set(parser->error, STATUS_INVALID, "unknown command '%s'", typed);
}

/* The first and the second word of the command, then arguments. */
static enum status take_word(struct parser *parser, const char *word)
{
    struct command_line *command_line = parser->command_line;
    if (command_line->command != COMMAND_COUNT) {
        command_line->arguments[command_line->arguments_count++] = word;
        return STATUS_OK;
    }
    if (command_line->group != NULL) {
        command_line->command = command_find(command_line->group, word);
        if (command_line->command == COMMAND_COUNT) {
            return unknown_command(parser, command_line->group, word);
        }
        command_line->group = NULL;
        return STATUS_OK;
    }
    if (command_group_exists(word)) {
        command_line->group = word;
        return STATUS_OK;
    }
    command_line->command = command_find(word, NULL);
    return command_line->command == COMMAND_COUNT ? unknown_command(parser, word, "") : STATUS_OK;
}

static enum status take_next(struct parser *parser)
{
    const char *word = parser->words[parser->index++];
    if (parser->options_ended || word[0] != '-' || word[1] == '\0') {
        return take_word(parser, word);
    }
    if (strcmp(word, "--") == 0) {
        parser->options_ended = true;
        return STATUS_OK;
    }
    return word[1] == '-' ? take_long_option(parser, word) : take_short_options(parser, word);
}

static enum status check_arguments(const struct command_line *command_line, struct error *error)
{
    if (option_is_given(command_line, "help") || option_is_given(command_line, "version")) {
        return STATUS_OK;
    }
    if (command_line->command == COMMAND_COUNT) {
        return command_line->group == NULL
                   ? error_set(error, STATUS_INVALID, "no command given")
                   : error_set(error, STATUS_INVALID, "'%s' needs a second word",
                               command_line->group);
    }
    const struct command_spec *command = &COMMANDS[command_line->command];
    size_t count = command_line->arguments_count;
    if (count < command->arguments_min) {
        return error_set(error, STATUS_INVALID, "%s needs %s", command->words, command->arguments);
    }
    if (count > command->arguments_max) {
        return command->arguments_max == 0
                   ? error_set(error, STATUS_INVALID, "%s takes no arguments: '%s'", command->words,
                               command_line->arguments[0])
                   : error_set(error, STATUS_INVALID, "%s takes only %s: '%s' is too much",
                               command->words, command->arguments,
                               command_line->arguments[command->arguments_max]);
    }
    return STATUS_OK;
}

/* What comes from the environment is checked as if it were typed. */
static enum status check_environment(const struct command_line *command_line, struct error *error)
{
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        const char *name = ENVIRONMENT[i].option;
        const char *text = name != NULL ? command_line->environment(ENVIRONMENT[i].name) : NULL;
        enum status status =
            text == NULL ? STATUS_OK : check_value(option_find(COMMAND_GLOBAL, name), text, error);
        if (status != STATUS_OK) {
            return error_wrap(error, "%s", ENVIRONMENT[i].name);
        }
    }
    return STATUS_OK;
}

enum status command_line_parse(struct command_line *command_line, size_t count, char *const *words,
                               environment_fn *environment, struct arena *arena,
                               struct error *error)
{
    struct parser parser = {
        .command_line = command_line, .words = words, .count = count, .error = error};
    *command_line = (struct command_line){.command = COMMAND_COUNT, .environment = environment};
    command_line->arguments =
        arena_allocate_array(arena, count + 1, sizeof *command_line->arguments);
    command_line->values = arena_allocate_array(arena, VALUES_MAX, sizeof *command_line->values);
    if (command_line->arguments == NULL || command_line->values == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu words", count);
    }
    while (parser.index < parser.count) {
        enum status status = take_next(&parser);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = check_arguments(command_line, error);
    return status == STATUS_OK ? check_environment(command_line, error) : status;
}

static const struct option_spec *known_option(const struct command_line *command_line,
                                              const char *name)
{
    const struct option_spec *option = option_find(owner_of_options(command_line), name);
    ASSERT(option != NULL);
    return option;
}

const char *option_text_at(const struct command_line *command_line, const char *name, size_t index)
{
    const struct option_spec *option = known_option(command_line, name);
    for (size_t i = 0; i < command_line->values_count; i++) {
        if (command_line->values[i].option == option && index-- == 0) {
            return command_line->values[i].text;
        }
    }
    return NULL;
}

size_t option_occurrences(const struct command_line *command_line, const char *name)
{
    size_t count = 0;
    while (option_text_at(command_line, name, count) != NULL) {
        count++;
    }
    return count;
}

bool option_is_given(const struct command_line *command_line, const char *name)
{
    return option_text_at(command_line, name, 0) != NULL;
}

static const char *environment_text(const struct command_line *command_line,
                                    const struct option_spec *option)
{
    if (option->command != COMMAND_GLOBAL) {
        return NULL;
    }
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        if (ENVIRONMENT[i].option != NULL && strcmp(ENVIRONMENT[i].option, option->name) == 0) {
            return command_line->environment(ENVIRONMENT[i].name);
        }
    }
    return NULL;
}

const char *option_text(const struct command_line *command_line, const char *name)
{
    const struct option_spec *option = known_option(command_line, name);
    size_t given = option_occurrences(command_line, name);
    if (given > 0) {
        return option_text_at(command_line, name, given - 1);
    }
    const char *text = environment_text(command_line, option);
    return text != NULL ? text : option->default_text;
}

int32_t option_count(const struct command_line *command_line, const char *name, int32_t absent)
{
    int64_t number = 0;
    const char *text = option_text(command_line, name);
    ASSERT(known_option(command_line, name)->type == OPTION_COUNT);
    if (text == NULL) {
        return absent;
    }
    ASSERT(parse_i64(text_of(text), &number));
    return (int32_t)number;
}

int64_t option_duration_ms(const struct command_line *command_line, const char *name)
{
    int64_t ms = 0;
    ASSERT(known_option(command_line, name)->type == OPTION_DURATION);
    ASSERT(parse_duration_ms(text_of(option_text(command_line, name)), &ms));
    return ms;
}

bool option_is(const struct command_line *command_line, const char *name, const char *choice)
{
    const char *text = option_text(command_line, name);
    return text != NULL && strcmp(text, choice) == 0;
}

bool option_pair_split(const char *text, struct option_pair *pair)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return false;
    }
    *pair = (struct option_pair){{text, (size_t)(equals - text)}, text_of(equals + 1)};
    return true;
}
