#include "tools/rollway/help_text.h"

#include <string.h>

#include "base/assert.h"

#define TITLE_SIZE_MAX 128

/* Where sentences begin. */
#define SENTENCE_COLUMN 34

void help_print_wrapped(FILE *out, const char *text, size_t indent, size_t column)
{
    bool is_line_start = true;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (!is_line_start && column + 1 + size > HELP_COLUMNS_MAX) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            is_line_start = true;
        }
        fprintf(out, "%s%.*s", is_line_start ? "" : " ", (int)size, text);
        column += size + (is_line_start ? 0 : 1);
        is_line_start = false;
        text += size;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

void help_option_title(const struct option_spec *option, char *memory, size_t memory_size)
{
    char short_form[8] = "    ";
    if (option->short_name != 0) {
        snprintf(short_form, sizeof short_form, "-%c, ", option->short_name);
    }
    int size = snprintf(memory, memory_size, "%s--%s%s%s", short_form, option->name,
                        option->value[0] != '\0' ? " " : "", option->value);
    ASSERT(size > 0 && (size_t)size < memory_size);
}

static void print_title(FILE *out, const char *title)
{
    size_t size = strlen(title);
    fprintf(out, "  %s", title);
    if (size + 4 > SENTENCE_COLUMN) {
        fprintf(out, "\n%*s", SENTENCE_COLUMN, "");
    } else {
        fprintf(out, "%*s", (int)(SENTENCE_COLUMN - 2 - size), "");
    }
}

static void print_option(FILE *out, const struct option_spec *option)
{
    char title[TITLE_SIZE_MAX];
    char sentence[1024];
    help_option_title(option, title, sizeof title);
    print_title(out, title);
    const char *text = option->default_text;
    bool has_default = text != NULL && text[0] != '\0';
    snprintf(sentence, sizeof sentence, "%s%s%s%s%s", option->sentence,
             option->is_repeatable ? "; may be repeated" : "", has_default ? " (default: " : "",
             has_default ? text : "", has_default ? ")" : "");
    help_print_wrapped(out, sentence, SENTENCE_COLUMN, SENTENCE_COLUMN);
}

static void print_options(FILE *out, enum command_id owner, const char *heading)
{
    bool is_first = true;
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (OPTIONS[i].command != owner) {
            continue;
        }
        if (is_first) {
            fprintf(out, "\n%s:\n", heading);
            is_first = false;
        }
        print_option(out, &OPTIONS[i]);
    }
}

static void print_examples(FILE *out, enum command_id command)
{
    bool is_first = true;
    for (size_t i = 0; i < EXAMPLES_COUNT; i++) {
        if (EXAMPLES[i].command != command) {
            continue;
        }
        fprintf(out, "%s  # %s\n  %s\n", is_first ? "\nexamples:\n" : "", EXAMPLES[i].sentence,
                EXAMPLES[i].line);
        is_first = false;
    }
}

static void print_environment(FILE *out)
{
    fputs("\nenvironment:\n", out);
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        print_title(out, ENVIRONMENT[i].name);
        help_print_wrapped(out, ENVIRONMENT[i].sentence, SENTENCE_COLUMN, SENTENCE_COLUMN);
    }
}

void help_print_command(FILE *out, enum command_id command)
{
    ASSERT(command < COMMAND_COUNT);
    const struct command_spec *spec = &COMMANDS[command];
    fprintf(out, "usage: rollway %s%s%s [OPTION...]\n\n", spec->words,
            spec->arguments[0] != '\0' ? " " : "", spec->arguments);
    help_print_wrapped(out, spec->summary, 0, 0);
    if (spec->description[0] != '\0') {
        fputc('\n', out);
        help_print_wrapped(out, spec->description, 0, 0);
    }
    print_options(out, command, "options");
    print_options(out, COMMAND_GLOBAL, "options of every command");
    print_environment(out);
    print_examples(out, command);
}

static bool is_in_group(const char *words, const char *group)
{
    size_t size = group != NULL ? strlen(group) : 0;
    return group == NULL || (strncmp(words, group, size) == 0 && words[size] == ' ');
}

void help_print_overview(FILE *out, const char *group)
{
    fprintf(out, "usage: rollway %s%sCOMMAND [ARGUMENT...] [OPTION...]\n\n",
            group != NULL ? group : "", group != NULL ? " " : "");
    if (group == NULL) {
        help_print_wrapped(out, ROLLWAY_SUMMARY, 0, 0);
    } else {
        for (size_t i = 0; i < COMMAND_GROUPS_COUNT; i++) {
            if (strcmp(COMMAND_GROUPS[i].word, group) == 0) {
                help_print_wrapped(out, COMMAND_GROUPS[i].sentence, 0, 0);
            }
        }
    }
    fputs("\ncommands:\n", out);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (is_in_group(COMMANDS[id].words, group)) {
            char title[TITLE_SIZE_MAX];
            snprintf(title, sizeof title, "%s %s", COMMANDS[id].words, COMMANDS[id].arguments);
            print_title(out, title);
            help_print_wrapped(out, COMMANDS[id].summary, SENTENCE_COLUMN, SENTENCE_COLUMN);
        }
    }
    print_options(out, COMMAND_GLOBAL, "options of every command");
    print_environment(out);
    fputs("\nrollway COMMAND --help says more.\n", out);
}
