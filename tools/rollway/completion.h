/* What shells need to complete the command line, from the tables of commands.h. Names of topics are
 * asked of the server that the line names, for a short time. */
#ifndef TOOLS_ROLLWAY_COMPLETION_H
#define TOOLS_ROLLWAY_COMPLETION_H

#include <stdio.h>

/* A script for bash to source. */
void completion_print_bash(FILE *out);

/* A function for zsh, to be sourced or to lie in its fpath as _rollway. */
void completion_print_zsh(FILE *out);

#endif /* TOOLS_ROLLWAY_COMPLETION_H */
