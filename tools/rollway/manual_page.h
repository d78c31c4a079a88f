/* The manual page rollway(1), from the tables of commands.h. */
#ifndef TOOLS_ROLLWAY_MANUAL_PAGE_H
#define TOOLS_ROLLWAY_MANUAL_PAGE_H

#include <stdio.h>

/* Prints it in the man macros of troff. */
void manual_page_print(FILE *out);

#endif /* TOOLS_ROLLWAY_MANUAL_PAGE_H */
