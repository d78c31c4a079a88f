#include "storage/log/range_check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/record/record_batch.h"
#include "storage/log/block_checksums.h"
#include "storage/log/log_file_name.h"

/* What the CRC of a batch does not cover: a bad block only says more than the CRC of a batch that
 * begins in it or behind it. */
#define UNCOVERED_SIZE RECORD_BATCH_ATTRIBUTES_AT

/* The range and the blocks it lies in. */
struct window {
    uint64_t position; /* A multiple of the block size. */
    uint8_t *data;
    size_t size;
    uint8_t *entries; /* Of the complete blocks; NULL when there are none. */
    size_t blocks_count;
};

static enum status read_all(struct file_system *files, const char *path, uint64_t position,
                            uint8_t *memory, size_t size, size_t *count, struct error *error)
{
    struct file *file = NULL;
    enum status status = files->open(files, path, 0, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = files->read(file, position, memory, size, count, error);
    file_release(file);
    return status;
}

/* Blocks without a readable entry are unknown, which is no damage. */
static void read_entries(const struct range_check *check, struct window *window)
{
    struct log_path path;
    struct error error;
    size_t count = 0;
    size_t size = window->size / CHECKSUM_BLOCK_SIZE * CHECKSUM_ENTRY_SIZE;
    window->entries = size == 0 ? NULL : malloc(size);
    if (window->entries == NULL) {
        return;
    }
    log_path_of_offset(&path, check->directory, check->base_offset, LOG_SUFFIX_CHECKSUMS);
    uint64_t first = window->position / CHECKSUM_BLOCK_SIZE;
    if (read_all(check->files, path.text, first * CHECKSUM_ENTRY_SIZE, window->entries, size,
                 &count, &error) == STATUS_OK) {
        window->blocks_count = count / CHECKSUM_ENTRY_SIZE;
    }
}

static enum status open_window(const struct range_check *check, struct window *window,
                               struct error *error)
{
    uint64_t end = check->position + check->size;
    uint64_t last = (end + CHECKSUM_BLOCK_SIZE - 1) / CHECKSUM_BLOCK_SIZE * CHECKSUM_BLOCK_SIZE;
    window->position = check->position / CHECKSUM_BLOCK_SIZE * CHECKSUM_BLOCK_SIZE;
    window->size =
        (size_t)((last < check->segment_size ? last : check->segment_size) - window->position);
    window->data = malloc(window->size);
    if (window->data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory to verify %zu bytes", window->size);
    }
    struct log_path path;
    size_t count = 0;
    log_path_of_offset(&path, check->directory, check->base_offset, LOG_SUFFIX_SEGMENT);
    enum status status = read_all(check->files, path.text, window->position, window->data,
                                  window->size, &count, error);
    if (status == STATUS_OK && count < end - window->position) {
        return error_set(error, STATUS_CORRUPT, "%s ends at %" PRIu64 ", not at %" PRIu64,
                         path.text, window->position + count, end);
    }
    window->size = count;
    return status;
}

/* The position of the first block that differs from its checksum; the window's end when none. */
static uint64_t first_bad_block(const struct range_check *check, const struct window *window)
{
    for (size_t i = 0; i < window->blocks_count; i++) {
        uint32_t number = (uint32_t)(window->position / CHECKSUM_BLOCK_SIZE + i);
        if (block_checksum_judge(check->base_offset, number,
                                 window->entries + i * CHECKSUM_ENTRY_SIZE,
                                 window->data + i * CHECKSUM_BLOCK_SIZE) == CHECKSUM_DIFFERS) {
            return window->position + i * CHECKSUM_BLOCK_SIZE;
        }
    }
    return window->position + window->size;
}

/* Epochs never go down. */
static bool follows(const struct range_check *check, const struct record_batch_header *header,
                    int64_t expected, int32_t epoch_before)
{
    bool is_next =
        header->base_offset == expected || (check->may_have_gaps && header->base_offset > expected);
    return is_next && header->partition_leader_epoch >= epoch_before &&
           header->partition_leader_epoch <= check->leader_epoch_max;
}

static enum status check_batches(struct range_check *check, const struct window *window,
                                 uint64_t bad_block, struct error *error)
{
    uint64_t position = check->position;
    uint64_t end = check->position + check->size;
    int64_t expected = check->first_offset;
    int32_t epoch = check->leader_epoch_min;
    while (position < end) {
        struct bytes rest = {window->data + (position - window->position),
                             (size_t)(end - position)};
        struct record_batch_header header;
        enum record_batch_decision decision = record_batch_verify(rest, &header);
        bool is_whole = decision == RECORD_BATCH_OK && follows(check, &header, expected, epoch) &&
                        position + UNCOVERED_SIZE <= bad_block;
        if (!is_whole) {
            check->corrupt_offset = expected;
            return error_set(error, STATUS_CORRUPT,
                             "segment %" PRId64 ": batch at position %" PRIu64 ", offset %" PRId64
                             " is damaged",
                             check->base_offset, position, expected);
        }
        expected = record_batch_next_offset(&header);
        epoch = header.partition_leader_epoch;
        position += record_batch_size(&header);
    }
    if (check->next_offset >= 0 && expected != check->next_offset && !check->may_have_gaps) {
        check->corrupt_offset = expected;
        return error_set(error, STATUS_CORRUPT,
                         "segment %" PRId64 ": offset %" PRId64 " follows %" PRId64,
                         check->base_offset, check->next_offset, expected);
    }
    return STATUS_OK;
}

enum status range_check(struct range_check *check, struct error *error)
{
    struct window window = {.data = NULL};
    check->corrupt_offset = check->first_offset;
    enum status status = open_window(check, &window, error);
    if (status == STATUS_OK) {
        read_entries(check, &window);
        status = check_batches(check, &window, first_bad_block(check, &window), error);
    }
    free(window.entries);
    free(window.data);
    return status;
}
