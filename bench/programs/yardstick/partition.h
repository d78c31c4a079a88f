/* One partition: a file of record batches and the place of each of them. */
#ifndef BENCH_PROGRAMS_YARDSTICK_PARTITION_H
#define BENCH_PROGRAMS_YARDSTICK_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/programs/yardstick/append_engine.h"

struct partition_entry {
    int64_t offset;    /* Of the first record of the batch. */
    uint64_t position; /* Of the batch in the file. */
};

struct partition {
    struct append_file file;
    struct partition_entry *entries; /* Owned; ascending. */
    size_t entries_count;
    size_t entries_capacity;
    int64_t next_offset;
    bool dirty; /* Appended to since the last round. */
    /* What the last round ended: readers see no further. */
    size_t readable_entries_count;
    uint64_t readable_size;
    int64_t readable_offset;
};

/* Creates an empty partition in DIRECTORY/<index>.log. Released by partition_close(). */
MUST_USE enum status partition_open(struct partition *partition, struct append_engine *engine,
                                    const char *directory, unsigned index, struct error *error);

/* Closes the file and frees the entries. */
void partition_close(struct partition *partition);

/* Checks the batches in `records`, gives them their offsets in place and appends them.
 * STATUS_CORRUPT when a batch is not whole or its checksum is wrong: nothing is appended. */
MUST_USE enum status partition_append(struct partition *partition, struct append_engine *engine,
                                      uint8_t *records, size_t size, int64_t *base_offset,
                                      struct error *error);

/* Lets readers see what was appended; called when the round has ended. */
void partition_publish(struct partition *partition);

/* The range of the file with the batch that holds `offset` and those behind it, at most
 * `size_max` bytes of whole batches and at least one batch. False when there is nothing yet. */
bool partition_find(const struct partition *partition, int64_t offset, size_t size_max,
                    uint64_t *position, size_t *size);

#endif /* BENCH_PROGRAMS_YARDSTICK_PARTITION_H */
