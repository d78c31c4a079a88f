#include "tools/rollway/manual_page.h"

#include "base/version.h"
#include "tools/rollway/commands.h"

/* Text as troff prints it: dashes stay dashes, and no line is a request. */
static void print_text(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", out);
    }
    for (; *text != '\0'; text++) {
        if (*text == '-') {
            fputs("\\-", out);
        } else if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == '\'') {
            fputs("\\(aq", out);
        } else {
            fputc(*text, out);
        }
    }
}

static void print_option(FILE *out, const struct option_spec *option)
{
    fputs(".TP\n", out);
    if (option->short_name != 0) {
        fprintf(out, "\\fB\\-%c\\fR, ", option->short_name);
    }
    fputs("\\fB\\-\\-", out);
    print_text(out, option->name);
    fputs("\\fR", out);
    if (option->value[0] != '\0') {
        fputs(" \\fI", out);
        print_text(out, option->value);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    print_text(out, option->sentence);
    if (option->is_repeatable) {
        fputs("; may be repeated", out);
    }
    if (option->default_text != NULL && option->default_text[0] != '\0') {
        fputs(" (default: ", out);
        print_text(out, option->default_text);
        fputc(')', out);
    }
    fputc('\n', out);
}

static void print_options(FILE *out, enum command_id owner)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (OPTIONS[i].command == owner) {
            print_option(out, &OPTIONS[i]);
        }
    }
}

static void print_command(FILE *out, enum command_id id)
{
    const struct command_spec *command = &COMMANDS[id];
    fputs(".SS rollway ", out);
    print_text(out, command->words);
    fputc(' ', out);
    print_text(out, command->arguments);
    fputc('\n', out);
    print_text(out, command->summary);
    fputs(".\n", out);
    if (command->description[0] != '\0') {
        print_text(out, command->description);
        fputc('\n', out);
    }
    print_options(out, id);
    for (size_t i = 0; i < EXAMPLES_COUNT; i++) {
        if (EXAMPLES[i].command == id) {
            fputs(".PP\nExample, ", out);
            print_text(out, EXAMPLES[i].sentence);
            fputs(":\n.PP\n.RS\n.nf\n", out);
            print_text(out, EXAMPLES[i].line);
            fputs("\n.fi\n.RE\n", out);
        }
    }
}

void manual_page_print(FILE *out)
{
    fputs(".TH ROLLWAY 1 \"\" \"rollway " ROLLWAY_VERSION "\" \"Rollway\"\n"
          ".SH NAME\n"
          "rollway \\- ",
          out);
    print_text(out, ROLLWAY_SUMMARY);
    fputs("\n.SH SYNOPSIS\n"
          ".B rollway\n"
          "\\fICOMMAND\\fR [\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n"
          ".SH COMMANDS\n",
          out);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        print_command(out, id);
    }
    fputs(".SH OPTIONS OF EVERY COMMAND\n", out);
    print_options(out, COMMAND_GLOBAL);
    fputs(".SH ENVIRONMENT\n", out);
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        fprintf(out, ".TP\n.B %s\n", ENVIRONMENT[i].name);
        print_text(out, ENVIRONMENT[i].sentence);
        fputc('\n', out);
    }
    fputs(".SH EXIT STATUS\n"
          ".TP\n.B 0\ndone\n"
          ".TP\n.B 1\nsomething failed; standard error says what\n"
          ".TP\n.B 2\nthe command line makes no sense; nothing was done\n",
          out);
}
