/* Templates of `rollway consume -f`: text with %-directives, which stand in the help of consume. */
#ifndef TOOLS_ROLLWAY_RECORD_FORMAT_H
#define TOOLS_ROLLWAY_RECORD_FORMAT_H

#include <stdio.h>

#include "base/error.h"
#include "tools/rollway/client_record.h"

/* Checks every directive of a template whose escapes are replaced. STATUS_INVALID names the first
 * that is not known. */
MUST_USE enum status record_format_check(struct text format, struct error *error);

/* Prints a record by a template that was checked; `null_text` stands for null. */
void record_format_print(FILE *out, struct text format, const struct client_record *record,
                         struct text null_text);

/* The template of plain text: headers and a tabulator, key and separator, value and line feed. The
 * separator may be null. TEXT_NULL when the arena is exhausted. */
struct text record_format_plain(bool with_headers, struct text key_separator, struct arena *arena);

#endif /* TOOLS_ROLLWAY_RECORD_FORMAT_H */
