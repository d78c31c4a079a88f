/* Reads the load's partitions back, as any consumer would, and counts what is wrong with them. */
#ifndef TESTS_CRASH_LOG_CHECK_H
#define TESTS_CRASH_LOG_CHECK_H

#include "proto/compression/compression.h"
#include "tests/crash/load.h"

struct wire_client;

struct log_check {
    struct compression_context *compression;
    struct compression_buffer buffer;
    int64_t checked_end[LOAD_PARTITIONS]; /* Everything before it was found right once. */
    uint64_t read_count;
    uint64_t lost_count;       /* Acknowledged, and not there. */
    uint64_t duplicated_count; /* There a second time. */
    uint64_t reordered_count;  /* There, with a later one before it or an earlier one missing. */
    uint64_t damaged_count;    /* Bytes that were never sent, wrong checksums, errors. */
    char finding[256];         /* The first of these. */
};

/* Nothing is checked yet. Release with log_check_clear(). */
void log_check_init(struct log_check *check);
/* Releases the memory. */
void log_check_clear(struct log_check *check);

/* Reads what is new since the last time and a little before it, or all from offset 0. */
void log_check_run(struct log_check *check, struct wire_client *client, const struct load *load,
                   bool reads_all);

/* What was counted, all together. */
uint64_t log_check_findings(const struct log_check *check);

#endif /* TESTS_CRASH_LOG_CHECK_H */
