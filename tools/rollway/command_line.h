/* What was typed, checked against the tables of commands.h.
 *
 * Options may stand anywhere, the global ones also before the command: --name VALUE, --name=VALUE,
 * -n VALUE, -nVALUE, and flags together as -ab. "--" ends them. A value may begin with a dash. */
#ifndef TOOLS_ROLLWAY_COMMAND_LINE_H
#define TOOLS_ROLLWAY_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "tools/rollway/commands.h"

/* As getenv(). */
typedef char *environment_fn(const char *name);

struct option_value {
    const struct option_spec *option;
    const char *text; /* "" for a flag. */
};

struct command_line {
    enum command_id command; /* COMMAND_COUNT: only a group's word, or nothing, was given. */
    const char *group;       /* The group's word when it was only that; else NULL. */
    const char **arguments;
    size_t arguments_count;
    struct option_value *values;
    size_t values_count;
    environment_fn *environment;
};

/* KEY=VALUE, split at the first '='. */
struct option_pair {
    struct text key;
    struct text value;
};

/* Reads `count` words behind the program's name; borrows them. What is allocated is the arena's.
 * With --help or --version nothing is asked of the arguments.
 *
 * STATUS_INVALID  a usage error: the sentence says what was typed and what is known
 * STATUS_NO_MEMORY
 *
 * On an error `command_line` is as far as it was understood, for a hint. */
MUST_USE enum status command_line_parse(struct command_line *command_line, size_t count,
                                        char *const *words, environment_fn *environment,
                                        struct arena *arena, struct error *error);

/* Whether an option of the command was given. Every `name` below must be one of the command. */
bool option_is_given(const struct command_line *command_line, const char *name);

/* The value: the last one given, the environment's, the default, or NULL. */
const char *option_text(const struct command_line *command_line, const char *name);

/* Occurrence `index` of a repeated option in the order given; NULL behind the last. */
const char *option_text_at(const struct command_line *command_line, const char *name, size_t index);

/* How often an option was given. */
size_t option_occurrences(const struct command_line *command_line, const char *name);

/* Of an OPTION_COUNT; `absent` when it was not given and has no default. */
int32_t option_count(const struct command_line *command_line, const char *name, int32_t absent);

/* Of an OPTION_DURATION with a default. */
int64_t option_duration_ms(const struct command_line *command_line, const char *name);

/* Whether the value of an OPTION_CHOICE is this one. */
bool option_is(const struct command_line *command_line, const char *name, const char *choice);

/* Splits KEY=VALUE. False when there is no '=' or nothing before it. */
bool option_pair_split(const char *text, struct option_pair *pair);

#endif /* TOOLS_ROLLWAY_COMMAND_LINE_H */
