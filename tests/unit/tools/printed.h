/* What a function printed, as text. */
#ifndef TESTS_UNIT_TOOLS_PRINTED_H
#define TESTS_UNIT_TOOLS_PRINTED_H

#include <stdio.h>

struct printed {
    FILE *file; /* Print here. */
    char *text;
    size_t size;
};

/* Opens a file in memory. Ends the test when it cannot. */
void printed_open(struct printed *printed);

/* What was printed so far. */
const char *printed_text(struct printed *printed);

/* Closes and releases it. */
void printed_close(struct printed *printed);

#endif /* TESTS_UNIT_TOOLS_PRINTED_H */
