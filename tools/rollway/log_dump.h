/* Prints what is in one file of a log: an item for each batch, record, entry or line, and for each
 * thing that is wrong; then a summary. In JSON each is an object on a line of its own, with its
 * file, kind and members; in text a line with the same. */
#ifndef TOOLS_ROLLWAY_LOG_DUMP_H
#define TOOLS_ROLLWAY_LOG_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/io/file_system.h"
#include "tools/rollway/console.h"

/* Decompressed records of one batch. More is taken for damage. */
#define LOG_DUMP_RECORDS_SIZE_MAX ((size_t)1024 * 1024 * 1024)

struct log_dump {
    /* Given: */
    struct file_system *files;
    const struct console *console;
    bool with_records;
    bool verify;
    bool quiet;

    /* Found in all files so far: */
    int64_t findings_count;

    /* Of the file at hand: */
    const char *path;
    int64_t file_findings_count;
};

/* Whether a file of this name can be dumped. */
bool log_dump_knows(const char *path);

/* Dumps one file. Damage is a finding and no error. STATUS_UNSUPPORTED for a name that is not
 * known, with those that are; STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY, STATUS_LIMIT. */
MUST_USE enum status log_dump_file(struct log_dump *dump, const char *path, struct error *error);

/* For the files of this module: prints an item, and releases it. */
void log_dump_item(const struct log_dump *dump, const char *kind, json_t *item);

/* As log_dump_item(), for something that is wrong with `path`. */
void log_dump_finding(struct log_dump *dump, const char *path, const char *sentence);

/* As log_dump_item(), at the end of a file; it gets the count of findings. */
void log_dump_summary(struct log_dump *dump, json_t *item);

/* Dumps a segment; as log_dump_file(). */
MUST_USE enum status log_dump_segment(struct log_dump *dump, const char *path, struct error *error);

#endif /* TOOLS_ROLLWAY_LOG_DUMP_H */
