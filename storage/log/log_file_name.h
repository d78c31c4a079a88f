/* Names of the files of a partition's directory: twenty decimal digits, which are an offset, and a
 * suffix that says what it is. */
#ifndef STORAGE_LOG_LOG_FILE_NAME_H
#define STORAGE_LOG_LOG_FILE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Directory, slash, name and zero. Longer paths are refused when a log is opened. */
#define LOG_PATH_SIZE_MAX 1024

/* Room that a path needs behind its directory. */
#define LOG_FILE_NAME_SIZE_MAX 128

#define LOG_OFFSET_DIGITS 20

#define LOG_SUFFIX_SEGMENT       ".log"
#define LOG_SUFFIX_OFFSET_INDEX  ".index"
#define LOG_SUFFIX_TIME_INDEX    ".timeindex"
#define LOG_SUFFIX_ABORTED_INDEX ".txnindex"
#define LOG_SUFFIX_SNAPSHOT      ".snapshot"
#define LOG_SUFFIX_CHECKSUMS     ".checksums"
#define LOG_SUFFIX_DELETED       ".deleted"
#define LOG_SUFFIX_CLEANED       ".cleaned"
#define LOG_SUFFIX_SWAP          ".swap"
#define LOG_SUFFIX_TEMPORARY     ".tmp"

#define LOG_FILE_LEADER_EPOCHS      "leader-epoch-checkpoint"
#define LOG_FILE_PARTITION_METADATA "partition.metadata"
#define LOG_FILE_QUARANTINE         "quarantine" /* Ours: where the log is damaged. */
#define LOG_FILE_TRUNCATION         "truncation" /* Ours: the end was moved back to this offset. */

struct log_path {
    char text[LOG_PATH_SIZE_MAX];
};

/* "<directory>/<20 digits><suffix>". `directory` leaves room for LOG_FILE_NAME_SIZE_MAX. */
void log_path_of_offset(struct log_path *path, const char *directory, int64_t offset,
                        const char *suffix);

/* "<directory>/<name>". `directory` leaves room for LOG_FILE_NAME_SIZE_MAX, and so does `name`. */
void log_path_of_name(struct log_path *path, const char *directory, const char *name);

/* The offset that a name starts with, and what stands behind it (borrowed from `name`). False when
 * the name does not begin with twenty digits that are an offset. */
bool log_file_name_parse(const char *name, int64_t *offset, const char **suffix);

/* `name` ends in `suffix`. */
bool log_file_name_has_suffix(const char *name, const char *suffix);

#endif /* STORAGE_LOG_LOG_FILE_NAME_H */
