#include "tools/rollway/commands.h"

#include <string.h>

#include "base/assert.h"

/* Longer words are not compared. */
#define WORD_SIZE_MAX 64

/* Words that differ in more letters do not look alike. */
#define DISTANCE_MAX 2

const struct command_spec COMMANDS[COMMAND_COUNT] = {
#define COMMAND_ROW(symbol, run, words, arguments, min, max, kind, summary, description)           \
    [COMMAND_##symbol] = {words, arguments, min, max, kind, summary, description},
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};

const struct option_spec OPTIONS[] = {
#define OPTION_ROW(symbol, name, short_name, type, value, default_text, is_repeatable, sentence)   \
    {COMMAND_##symbol, name, short_name, type, value, default_text, is_repeatable, sentence},
    GLOBAL_OPTION_LIST(OPTION_ROW) OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};
const size_t OPTIONS_COUNT = sizeof OPTIONS / sizeof OPTIONS[0];

const struct example_spec EXAMPLES[] = {
#define EXAMPLE_ROW(symbol, line, sentence) {COMMAND_##symbol, line, sentence},
    EXAMPLE_LIST(EXAMPLE_ROW)
#undef EXAMPLE_ROW
};
const size_t EXAMPLES_COUNT = sizeof EXAMPLES / sizeof EXAMPLES[0];

const struct environment_spec ENVIRONMENT[] = {
#define ENVIRONMENT_ROW(name, option, sentence) {name, option, sentence},
    ENVIRONMENT_LIST(ENVIRONMENT_ROW)
#undef ENVIRONMENT_ROW
};
const size_t ENVIRONMENT_COUNT = sizeof ENVIRONMENT / sizeof ENVIRONMENT[0];

const struct command_group COMMAND_GROUPS[] = {
#define GROUP_ROW(word, sentence) {word, sentence},
    COMMAND_GROUP_LIST(GROUP_ROW)
#undef GROUP_ROW
};
const size_t COMMAND_GROUPS_COUNT = sizeof COMMAND_GROUPS / sizeof COMMAND_GROUPS[0];

static bool words_are(const char *words, const char *first, const char *second)
{
    size_t size = strlen(first);
    if (strncmp(words, first, size) != 0) {
        return false;
    }
    if (second == NULL) {
        return words[size] == '\0';
    }
    return words[size] == ' ' && strcmp(words + size + 1, second) == 0;
}

enum command_id command_find(const char *first, const char *second)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (words_are(COMMANDS[id].words, first, second)) {
            return id;
        }
    }
    return COMMAND_COUNT;
}

bool command_group_exists(const char *word)
{
    for (size_t i = 0; i < COMMAND_GROUPS_COUNT; i++) {
        if (strcmp(COMMAND_GROUPS[i].word, word) == 0) {
            return true;
        }
    }
    return false;
}

const struct option_spec *option_find(enum command_id command, const char *name)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if ((OPTIONS[i].command == command || OPTIONS[i].command == COMMAND_GLOBAL) &&
            strcmp(OPTIONS[i].name, name) == 0) {
            return &OPTIONS[i];
        }
    }
    return NULL;
}

const struct option_spec *option_find_short(enum command_id command, char short_name)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if ((OPTIONS[i].command == command || OPTIONS[i].command == COMMAND_GLOBAL) &&
            OPTIONS[i].short_name != 0 && OPTIONS[i].short_name == short_name) {
            return &OPTIONS[i];
        }
    }
    return NULL;
}

bool option_has_choice(const struct option_spec *option, const char *value)
{
    ASSERT(option->type == OPTION_CHOICE);
    size_t size = strlen(value);
    for (const char *choice = option->value; *choice != '\0';) {
        size_t choice_size = strcspn(choice, "|");
        if (choice_size == size && memcmp(choice, value, size) == 0) {
            return true;
        }
        choice += choice_size + (choice[choice_size] == '|');
    }
    return false;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters have to be added, taken away or changed (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_SIZE_MAX + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > WORD_SIZE_MAX || b_size > WORD_SIZE_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_size];
}

/* Takes `candidate` when it is nearer than what is nearest so far. */
static void consider(const char *candidate, const char *typed, size_t *nearest_distance,
                     const char **nearest)
{
    size_t found = distance(candidate, typed);
    if (found < *nearest_distance && found < strlen(candidate)) {
        *nearest_distance = found;
        *nearest = candidate;
    }
}

const char *command_nearest(const char *typed)
{
    size_t nearest_distance = DISTANCE_MAX + 1;
    const char *nearest = NULL;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        consider(COMMANDS[id].words, typed, &nearest_distance, &nearest);
    }
    for (size_t i = 0; i < COMMAND_GROUPS_COUNT; i++) {
        consider(COMMAND_GROUPS[i].word, typed, &nearest_distance, &nearest);
    }
    return nearest;
}

const char *option_nearest(enum command_id command, const char *typed)
{
    size_t nearest_distance = DISTANCE_MAX + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (OPTIONS[i].command == command || OPTIONS[i].command == COMMAND_GLOBAL) {
            consider(OPTIONS[i].name, typed, &nearest_distance, &nearest);
        }
    }
    return nearest;
}
