/* Kafka's small checkpoint files: text, one fact per line.
 *
 *     0                     version
 *     2                     number of lines that follow
 *     orders 0 1234         <topic> <partition> <offset>     …-offset-checkpoint
 *     orders 1 88
 *
 *     0
 *     1
 *     5 1234                <epoch> <start offset>           leader-epoch-checkpoint
 *
 * They are replaced as a whole (file_replace_whole), so half a file is damage, not a crash. Parsing
 * trusts nothing; whoever finds STATUS_CORRUPT goes on as if the file were missing. */
#ifndef STORAGE_IO_CHECKPOINT_FILE_H
#define STORAGE_IO_CHECKPOINT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "storage/io/file_system.h"

#define CHECKPOINT_FILE_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct checkpoint_offset {
    struct text topic; /* 1 to 249 characters, no blanks. */
    int32_t partition; /* >= 0 */
    int64_t offset;    /* >= 0 */
};

struct checkpoint_epoch {
    int32_t epoch;        /* >= 0 */
    int64_t start_offset; /* >= 0 */
};

/* Parses a file's content. The entries are the arena's; topics borrow from `content`.
 * STATUS_CORRUPT  not the format, or a number out of range;  STATUS_NO_MEMORY */
MUST_USE enum status checkpoint_parse_offsets(struct bytes content, struct arena *arena,
                                              struct checkpoint_offset **entries, size_t *count,
                                              struct error *error);

/* As above; epochs ascend and offsets do not go back. */
MUST_USE enum status checkpoint_parse_epochs(struct bytes content, struct arena *arena,
                                             struct checkpoint_epoch **entries, size_t *count,
                                             struct error *error);

/* Reads and parses a file. Everything is the arena's. STATUS_NOT_FOUND, STATUS_LIMIT (larger than
 * CHECKPOINT_FILE_SIZE_MAX), STATUS_IO, and as for parsing. */
MUST_USE enum status checkpoint_read_offsets(struct file_system *files, const char *path,
                                             struct arena *arena,
                                             struct checkpoint_offset **entries, size_t *count,
                                             struct error *error);
/* As above. */
MUST_USE enum status checkpoint_read_epochs(struct file_system *files, const char *path,
                                            struct arena *arena, struct checkpoint_epoch **entries,
                                            size_t *count, struct error *error);

/* Replaces a file, durably; after a crash either the old or the new one is there. May block. */
MUST_USE enum status checkpoint_write_offsets(struct file_system *files, const char *path,
                                              const struct checkpoint_offset *entries, size_t count,
                                              struct error *error);
/* As above. */
MUST_USE enum status checkpoint_write_epochs(struct file_system *files, const char *path,
                                             const struct checkpoint_epoch *entries, size_t count,
                                             struct error *error);

#endif /* STORAGE_IO_CHECKPOINT_FILE_H */
