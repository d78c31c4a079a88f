#include "tests/unit/tools/printed.h"

#include <criterion/criterion.h>
#include <stdlib.h>

void printed_open(struct printed *printed)
{
    printed->file = open_memstream(&printed->text, &printed->size);
    cr_assert_not_null(printed->file);
}

const char *printed_text(struct printed *printed)
{
    fflush(printed->file);
    return printed->text;
}

void printed_close(struct printed *printed)
{
    fclose(printed->file);
    free(printed->text);
}
