/* The small files of a partition's directory that hold one fact each.
 *
 *     partition.metadata   Kafka's: "version: 0", "topic_id: <uuid>"
 *     quarantine           ours: the offset from which the log is damaged; it stays until the
 *                          damage is cut off, so that an orderly stop does not hide it
 *     truncation           ours: the end was moved back to this offset, perhaps below what the
 *                          recovery point's checkpoint still says; that is no damage */
#ifndef STORAGE_LOG_PARTITION_FILES_H
#define STORAGE_LOG_PARTITION_FILES_H

#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"
#include "storage/io/file_system.h"

/* Reads partition.metadata; none (all zero) when the file is missing. STATUS_CORRUPT. */
MUST_USE enum status partition_metadata_read(struct file_system *files, const char *directory,
                                             struct uuid *topic_id, struct error *error);

/* Writes partition.metadata durably. */
MUST_USE enum status partition_metadata_write(struct file_system *files, const char *directory,
                                              struct uuid topic_id, struct error *error);

/* Reads a file that holds one offset; -1 when it is missing or not readable as one. */
MUST_USE enum status partition_offset_read(struct file_system *files, const char *directory,
                                           const char *name, int64_t *offset, struct error *error);

/* Writes a file that holds one offset durably; -1 removes it. */
MUST_USE enum status partition_offset_write(struct file_system *files, const char *directory,
                                            const char *name, int64_t offset, struct error *error);

#endif /* STORAGE_LOG_PARTITION_FILES_H */
