/* --help, from the tables of commands.h. */
#ifndef TOOLS_ROLLWAY_HELP_TEXT_H
#define TOOLS_ROLLWAY_HELP_TEXT_H

#include <stdio.h>

#include "tools/rollway/commands.h"

/* Columns that help is wrapped to. */
#define HELP_COLUMNS_MAX 96

/* The help of one command. */
void help_print_command(FILE *out, enum command_id command);

/* All commands that begin with `group`, or all there are when it is NULL. */
void help_print_overview(FILE *out, const char *group);

/* Prints a text with line feeds so that nothing is longer than HELP_COLUMNS_MAX, its lines indented
 * by `indent`; the first continues at `column`. Ends with a line feed. */
void help_print_wrapped(FILE *out, const char *text, size_t indent, size_t column);

/* "-p, --partitions COUNT" into `memory`, which it fits. */
void help_option_title(const struct option_spec *option, char *memory, size_t memory_size);

#endif /* TOOLS_ROLLWAY_HELP_TEXT_H */
