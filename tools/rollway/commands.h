/* The tables of command_list.h as data. Constant; everything here is borrowed for ever. */
#ifndef TOOLS_ROLLWAY_COMMANDS_H
#define TOOLS_ROLLWAY_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/rollway/command_list.h"

/* Positional arguments of one command. */
#define ARGUMENTS_MAX 10000

/* Occurrences of one option that may be repeated. */
#define OPTION_VALUES_MAX 1000

#define ROLLWAY_SUMMARY "command line of Rollway, a commit log server that speaks Kafka's protocol"

enum command_id {
#define COMMAND_MEMBER(symbol, run, words, arguments, min, max, kind, summary, description)        \
    COMMAND_##symbol,
    COMMAND_LIST(COMMAND_MEMBER)
#undef COMMAND_MEMBER
        COMMAND_COUNT,
    COMMAND_GLOBAL = COMMAND_COUNT, /* Owner of the options that every command has. */
};

enum argument_kind {
    ARGUMENT_NONE,
    ARGUMENT_NEW,      /* A name that does not exist yet. */
    ARGUMENT_TOPIC,    /* Topics of the cluster. */
    ARGUMENT_RESOURCE, /* "topic" or "broker", and a name. */
    ARGUMENT_FILE,
    ARGUMENT_SHELL,
    ARGUMENT_COMMAND,
};

enum option_type {
    OPTION_FLAG,     /* No value. */
    OPTION_TEXT,     /* Any. */
    OPTION_COUNT,    /* 0 to INT32_MAX. */
    OPTION_DURATION, /* As base/number_text.h reads it, at least 1 ms. */
    OPTION_CHOICE,   /* One of what `value` lists. */
    OPTION_PAIR,     /* KEY=VALUE with a key that is not empty. */
    OPTION_FILE,     /* A path. */
};

struct command_spec {
    const char *words;     /* "topic create" */
    const char *arguments; /* "TOPIC..." */
    size_t arguments_min;
    size_t arguments_max;
    enum argument_kind argument_kind;
    const char *summary;
    const char *description;
};

struct option_spec {
    enum command_id command; /* COMMAND_GLOBAL: of all. */
    const char *name;        /* Without dashes. */
    char short_name;         /* 0 when there is none. */
    enum option_type type;
    const char *value;        /* As shown; OPTION_CHOICE: the values, with bars between. */
    const char *default_text; /* NULL when there is none. */
    bool is_repeatable;
    const char *sentence;
};

struct example_spec {
    enum command_id command;
    const char *line;
    const char *sentence;
};

struct environment_spec {
    const char *name;
    const char *option; /* NULL when it stands for none. */
    const char *sentence;
};

struct command_group {
    const char *word;
    const char *sentence;
};

extern const struct command_spec COMMANDS[COMMAND_COUNT];

/* Global ones first, then by command in the order of the list. */
extern const struct option_spec OPTIONS[];
extern const size_t OPTIONS_COUNT;

extern const struct example_spec EXAMPLES[];
extern const size_t EXAMPLES_COUNT;

extern const struct environment_spec ENVIRONMENT[];
extern const size_t ENVIRONMENT_COUNT;

extern const struct command_group COMMAND_GROUPS[];
extern const size_t COMMAND_GROUPS_COUNT;

/* The command of one or two words (`second` may be NULL); COMMAND_COUNT when there is none. */
enum command_id command_find(const char *first, const char *second);

/* Whether `word` is the first of two-word commands. */
bool command_group_exists(const char *word);

/* The option of a command, or a global one, by its long name; NULL when there is none. With
 * COMMAND_GLOBAL only global ones are found. */
const struct option_spec *option_find(enum command_id command, const char *name);

/* As option_find(), by the short name. */
const struct option_spec *option_find_short(enum command_id command, char short_name);

/* Whether `value` is one of an OPTION_CHOICE's. */
bool option_has_choice(const struct option_spec *option, const char *value);

/* The command whose words, or the option of a command whose name, looks most like `typed`; NULL
 * when nothing looks like it. */
const char *command_nearest(const char *typed);
/* As command_nearest(). */
const char *option_nearest(enum command_id command, const char *typed);

#endif /* TOOLS_ROLLWAY_COMMANDS_H */
