#include "storage/log/segment_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log/aborted_index.h"
#include "storage/log/block_checksums.h"
#include "storage/log/log_file_name.h"
#include "storage/log/offset_index.h"
#include "storage/log/segment_scan.h"
#include "storage/log/time_index.h"

#define SENTENCE_SIZE_MAX 512

/* Blocks that are read at once. */
#define BLOCKS_PER_READ 256u

struct verifier {
    struct segment_verification *verification;
    char directory[LOG_PATH_SIZE_MAX];
    int64_t base_offset;
    uint64_t file_size;
    struct offset_index offsets;
    struct time_index times;
    uint32_t offset_number; /* Next entry to compare. */
    uint32_t time_number;
    int64_t max_timestamp_ms; /* Up to the batch at hand. */
};

__attribute__((format(printf, 3, 4))) static void find(struct verifier *verifier,
                                                       const char *suffix, const char *format, ...)
{
    struct segment_verification *verification = verifier->verification;
    char sentence[SENTENCE_SIZE_MAX];
    struct log_path path;
    va_list arguments;
    log_path_of_offset(&path, verifier->directory, verifier->base_offset, suffix);
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    verification->findings_count++;
    verification->find(verification->context, path.text, sentence);
}

/* -- indexes ------------------------------------------------------------------------------------*/

/* Entries up to the last that is not only zeros: Kafka's preallocated files end in such. */
static uint32_t count_written(const struct index_entries *entries)
{
    for (uint32_t count = entries->count; count > 0; count--) {
        const uint8_t *entry = index_entries_at(entries, count - 1);
        for (uint32_t i = 0; i < entries->entry_size; i++) {
            if (entry[i] != 0) {
                return count;
            }
        }
    }
    return 0;
}

static enum status load(struct verifier *verifier, struct index_entries *entries,
                        const char *suffix, struct error *error)
{
    struct log_path path;
    log_path_of_offset(&path, verifier->directory, verifier->base_offset, suffix);
    return index_entries_load(entries, verifier->verification->files, path.text, error);
}

static void judge_trim(struct verifier *verifier, const char *suffix, uint32_t written,
                       uint32_t kept)
{
    verifier->verification->index_entries_count += kept;
    if (kept < written) {
        find(verifier, suffix,
             "entry %" PRIu32 " does not ascend, or points behind the segment; %" PRIu32
             " entries are of no use",
             kept, written - kept);
    }
}

static enum status load_indexes(struct verifier *verifier, struct error *error)
{
    enum status status = load(verifier, &verifier->offsets.entries, LOG_SUFFIX_OFFSET_INDEX, error);
    if (status == STATUS_OK) {
        status = load(verifier, &verifier->times.entries, LOG_SUFFIX_TIME_INDEX, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t written = count_written(&verifier->offsets.entries);
    (void)offset_index_trim(&verifier->offsets, verifier->file_size);
    judge_trim(verifier, LOG_SUFFIX_OFFSET_INDEX, written, offset_index_count(&verifier->offsets));
    written = count_written(&verifier->times.entries);
    (void)time_index_trim(&verifier->times, INT64_MAX);
    judge_trim(verifier, LOG_SUFFIX_TIME_INDEX, written, time_index_count(&verifier->times));
    return STATUS_OK;
}

static void compare_offset_entries(struct verifier *verifier,
                                   const struct record_batch_header *header, uint64_t position)
{
    while (verifier->offset_number < offset_index_count(&verifier->offsets)) {
        struct offset_index_entry entry =
            offset_index_at(&verifier->offsets, verifier->offset_number);
        if (entry.position > position) {
            return;
        }
        if (entry.position < position) {
            find(verifier, LOG_SUFFIX_OFFSET_INDEX,
                 "entry %" PRIu32 ": no batch begins at position %" PRIu32, verifier->offset_number,
                 entry.position);
        } else if (entry.offset < header->base_offset ||
                   entry.offset > record_batch_last_offset(header)) {
            find(verifier, LOG_SUFFIX_OFFSET_INDEX,
                 "entry %" PRIu32 " says offset %" PRId64 ", the batch at position %" PRIu32
                 " has %" PRId64 " to %" PRId64,
                 verifier->offset_number, entry.offset, entry.position, header->base_offset,
                 record_batch_last_offset(header));
        }
        verifier->offset_number++;
    }
}

static void compare_time_entries(struct verifier *verifier,
                                 const struct record_batch_header *header)
{
    int64_t before_ms = verifier->max_timestamp_ms;
    int64_t now_ms = header->max_timestamp > before_ms ? header->max_timestamp : before_ms;
    verifier->max_timestamp_ms = now_ms;
    while (verifier->time_number < time_index_count(&verifier->times)) {
        struct time_index_entry entry = time_index_at(&verifier->times, verifier->time_number);
        if (entry.offset > record_batch_last_offset(header)) {
            return;
        }
        if (entry.timestamp_ms != now_ms || header->max_timestamp != now_ms) {
            find(verifier, LOG_SUFFIX_TIME_INDEX,
                 "entry %" PRIu32 " says timestamp %" PRId64 " at offset %" PRId64
                 ", the batch there has %" PRId64 " and the largest so far is %" PRId64,
                 verifier->time_number, entry.timestamp_ms, entry.offset, header->max_timestamp,
                 now_ms);
        }
        verifier->time_number++;
    }
}

/* What is left of the indexes when the batches are over. */
static void judge_rest(struct verifier *verifier)
{
    uint32_t offsets = offset_index_count(&verifier->offsets);
    uint32_t times = time_index_count(&verifier->times);
    if (verifier->offset_number < offsets) {
        find(verifier, LOG_SUFFIX_OFFSET_INDEX, "%" PRIu32 " entries point behind the last batch",
             offsets - verifier->offset_number);
    }
    if (verifier->time_number < times) {
        find(verifier, LOG_SUFFIX_TIME_INDEX, "%" PRIu32 " entries point behind the last batch",
             times - verifier->time_number);
    }
}

static enum status verify_aborted(struct verifier *verifier, struct error *error)
{
    struct aborted_index aborted;
    aborted_index_init(&aborted);
    enum status status = load(verifier, &aborted.entries, LOG_SUFFIX_ABORTED_INDEX, error);
    if (status == STATUS_OK) {
        uint32_t written = aborted_index_count(&aborted);
        (void)aborted_index_trim(&aborted, verifier->base_offset,
                                 verifier->verification->next_offset);
        judge_trim(verifier, LOG_SUFFIX_ABORTED_INDEX, written, aborted_index_count(&aborted));
    }
    aborted_index_clear(&aborted);
    return status;
}

/* -- batches ------------------------------------------------------------------------------------*/

static enum status verify_batch(void *context, const struct record_batch_header *header,
                                struct bytes batch, uint64_t position, struct error *error)
{
    struct verifier *verifier = context;
    struct segment_verification *verification = verifier->verification;
    struct record_iterator iterator;
    struct record_summary summary;
    verification->batches_count++;
    verification->records_count += header->record_count;
    compare_offset_entries(verifier, header, position);
    compare_time_entries(verifier, header);
    enum status status =
        record_iterator_open(&iterator, batch, header, verification->decompression, error);
    if (status == STATUS_OK) {
        status = record_iterator_check(&iterator, &summary, error);
    }
    if (status == STATUS_NO_MEMORY) {
        return status;
    }
    if (status != STATUS_OK) {
        find(verifier, LOG_SUFFIX_SEGMENT,
             "records of the batch at position %" PRIu64 ", offset %" PRId64 ": %s", position,
             header->base_offset, error->text);
    }
    return STATUS_OK;
}

static enum status verify_batches(struct verifier *verifier, struct error *error)
{
    struct segment_verification *verification = verifier->verification;
    struct segment_scan scan = {
        .files = verification->files,
        .path = verification->path,
        .size = verifier->file_size,
        .next_offset = verifier->base_offset,
        .verify_from = 0,
        .contiguous_from = INT64_MAX,
        .visit = verify_batch,
        .context = verifier,
    };
    enum status status = segment_scan(&scan, error);
    verification->size = scan.position;
    verification->next_offset = scan.next_offset;
    if (status == STATUS_CORRUPT) {
        find(verifier, LOG_SUFFIX_SEGMENT, "%s", error->text);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        judge_rest(verifier);
    }
    return status;
}

/* -- block checksums ----------------------------------------------------------------------------*/

static void judge_blocks(struct verifier *verifier, const struct index_entries *entries,
                         uint32_t first, uint32_t count, const uint8_t *blocks)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = first + i;
        enum checksum_verdict verdict =
            block_checksum_judge(verifier->base_offset, number, index_entries_at(entries, number),
                                 blocks + (size_t)i * CHECKSUM_BLOCK_SIZE);
        verifier->verification->blocks_known_count += verdict != CHECKSUM_UNKNOWN;
        if (verdict == CHECKSUM_DIFFERS) {
            find(verifier, LOG_SUFFIX_SEGMENT,
                 "block %" PRIu32 " (positions %" PRIu64 " to %" PRIu64
                 ") is not what its checksum was made of",
                 number, (uint64_t)number * CHECKSUM_BLOCK_SIZE,
                 ((uint64_t)number + 1) * CHECKSUM_BLOCK_SIZE - 1);
        }
    }
}

static enum status read_blocks(struct verifier *verifier, const struct index_entries *entries,
                               struct file *file, uint8_t *memory, struct error *error)
{
    uint64_t complete = verifier->verification->size / CHECKSUM_BLOCK_SIZE;
    uint32_t blocks = complete < entries->count ? (uint32_t)complete : entries->count;
    for (uint32_t first = 0; first < blocks; first += BLOCKS_PER_READ) {
        uint32_t count = blocks - first < BLOCKS_PER_READ ? blocks - first : BLOCKS_PER_READ;
        size_t wanted = (size_t)count * CHECKSUM_BLOCK_SIZE;
        size_t transferred = 0;
        enum status status = file->files->read(file, (uint64_t)first * CHECKSUM_BLOCK_SIZE, memory,
                                               wanted, &transferred, error);
        if (status != STATUS_OK) {
            return status;
        }
        judge_blocks(verifier, entries, first, (uint32_t)(transferred / CHECKSUM_BLOCK_SIZE),
                     memory);
    }
    return STATUS_OK;
}

static enum status verify_blocks(struct verifier *verifier, struct error *error)
{
    struct segment_verification *verification = verifier->verification;
    struct file *file = NULL;
    struct index_entries entries;
    index_entries_init(&entries, CHECKSUM_ENTRY_SIZE);
    uint8_t *memory = malloc((size_t)BLOCKS_PER_READ * CHECKSUM_BLOCK_SIZE);
    enum status status = memory != NULL ? load(verifier, &entries, LOG_SUFFIX_CHECKSUMS, error)
                                        : error_set(error, STATUS_NO_MEMORY,
                                                    "no memory for %u blocks", BLOCKS_PER_READ);
    if (status == STATUS_OK) {
        status =
            verification->files->open(verification->files, verification->path, 0, &file, error);
    }
    if (status == STATUS_OK) {
        status = read_blocks(verifier, &entries, file, memory, error);
    }
    file_release(file);
    index_entries_clear(&entries);
    free(memory);
    return status;
}

/* -- all of it ----------------------------------------------------------------------------------*/

static enum status take_path(struct verifier *verifier, struct error *error)
{
    const char *path = verifier->verification->path;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *suffix = NULL;
    size_t size = slash != NULL ? (size_t)(slash - path) : 1;
    if (!log_file_name_parse(name, &verifier->base_offset, &suffix) ||
        strcmp(suffix, LOG_SUFFIX_SEGMENT) != 0) {
        return error_set(error, STATUS_INVALID, "%s is no segment: <20 digits>" LOG_SUFFIX_SEGMENT,
                         path);
    }
    if (size + LOG_FILE_NAME_SIZE_MAX > sizeof verifier->directory) {
        return error_set(error, STATUS_INVALID, "path of %zu bytes is too long", strlen(path));
    }
    memcpy(verifier->directory, slash != NULL ? path : ".", size);
    verifier->directory[size] = '\0';
    return STATUS_OK;
}

enum status segment_verify(struct segment_verification *verification, struct error *error)
{
    struct verifier verifier = {.verification = verification, .max_timestamp_ms = -1};
    struct file_status file_status;
    enum status status = take_path(&verifier, error);
    if (status == STATUS_OK) {
        status =
            verification->files->stat(verification->files, verification->path, &file_status, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    verifier.file_size = file_status.size;
    offset_index_init(&verifier.offsets, verifier.base_offset);
    time_index_init(&verifier.times, verifier.base_offset);
    status = load_indexes(&verifier, error);
    if (status == STATUS_OK) {
        status = verify_batches(&verifier, error);
    }
    if (status == STATUS_OK) {
        status = verify_aborted(&verifier, error);
    }
    if (status == STATUS_OK) {
        status = verify_blocks(&verifier, error);
    }
    offset_index_clear(&verifier.offsets);
    time_index_clear(&verifier.times);
    return status;
}
