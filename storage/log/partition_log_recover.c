/* Opening: which segments there are, where the log ends, what is damaged.
 *
 *     segments:   |----------|----------|-------+--------|..........|
 *                                               ^ recovery point
 *                  trusted: not read             ^^^^^^^^ scanned, checksums verified
 *
 * The scan begins at the recovery point or, when that is older, at the newest producer snapshot
 * below it. Where it finds no whole batch:
 *
 *     behind the recovery point    a torn tail: it is cut, and segments behind it are removed
 *     before the recovery point    damage: nothing is cut; the log is quarantined there
 *
 * After an orderly stop the last segment's end is found from its index, and only its size has to
 * agree. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"
#include "storage/log/partition_files.h"
#include "storage/log/partition_log.h"
#include "storage/log/partition_log_internal.h"
#include "storage/log/segment_scan.h"
#include "storage/producer/producer_snapshot.h"

/* Content and entries of leader-epoch-checkpoint. */
#define EPOCHS_ARENA_SIZE_MAX ((size_t)8 * 1024 * 1024)

struct recovery {
    struct partition_log *log;
    struct log_recovery_report *report;
    struct error *error;
    enum status status; /* Of listing. */
    int64_t *snapshots; /* Offsets of the snapshot files, ascending. */
    uint32_t snapshots_count;
    uint32_t snapshots_capacity;
    bool was_clean;
    bool is_own;             /* There are block checksums: this server wrote the log. */
    int32_t epoch_max;       /* The latest of the checkpoint. */
    int64_t recovery_point;  /* INT64_MAX after an orderly stop. */
    int64_t snapshot_offset; /* Producer state is known up to here. */

    /* The segment that is scanned. */
    struct segment *segment;
    bool is_reindexed; /* Its indexes and checksums are built anew from where the scan begins. */
    bool is_indexed;   /* Batches go into the indexes in memory. */
    struct index_entries old_checksums;
    uint32_t blocks_checked;
    int64_t block_offset;    /* First offset of the batch in which the unfinished block began. */
    uint64_t block_position; /* And its position. */
    bool is_block_damaged;
    uint32_t block_bytes;
};

static struct file_system *files_of(const struct recovery *recovery)
{
    return recovery->log->context->segment_files.files;
}

/* ---- what is in the directory ---- */

static enum status note_snapshot_file(struct recovery *recovery, int64_t offset,
                                      struct error *error)
{
    if (recovery->snapshots_count == recovery->snapshots_capacity) {
        uint32_t capacity =
            recovery->snapshots_capacity == 0 ? 8 : recovery->snapshots_capacity * 2;
        int64_t *snapshots = realloc(recovery->snapshots, sizeof *snapshots * (size_t)capacity);
        if (snapshots == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for a list of snapshots");
        }
        recovery->snapshots = snapshots;
        recovery->snapshots_capacity = capacity;
    }
    recovery->snapshots[recovery->snapshots_count++] = offset;
    return STATUS_OK;
}

static enum status note_segment_file(struct recovery *recovery, int64_t base_offset,
                                     struct error *error)
{
    struct partition_log *log = recovery->log;
    struct log_path path;
    struct file_status file;
    log_path_of_offset(&path, log->directory, base_offset, LOG_SUFFIX_SEGMENT);
    enum status status = files_of(recovery)->stat(files_of(recovery), path.text, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct segment *segment = segment_create(log->context, base_offset, file.size);
    if (segment == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a segment");
    }
    segment->modified_ms = file.modified_ms;

    /* The list is sorted when it is whole; until then the order is the directory's. */
    uint32_t count = log->segments_count;
    if (count == log->segments_capacity) {
        uint32_t capacity = count == 0 ? 1 : count * 2;
        struct segment **segments =
            realloc(log->segments, sizeof(struct segment *) * (size_t)capacity);
        if (segments == NULL) {
            segment_release(segment);
            return error_set(error, STATUS_NO_MEMORY, "no memory for %" PRIu32 " segments",
                             capacity);
        }
        log->segments = segments;
        log->segments_capacity = capacity;
    }
    log->segments[log->segments_count++] = segment;
    log->size += segment->size;
    return STATUS_OK;
}

static enum status remove_file(struct recovery *recovery, const char *name, struct error *error)
{
    struct log_path path;
    log_path_of_name(&path, recovery->log->directory, name);
    enum status status = files_of(recovery)->remove(files_of(recovery), path.text, error);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void visit_file(void *context, const char *name)
{
    struct recovery *recovery = context;
    int64_t offset = 0;
    const char *suffix = NULL;
    if (recovery->status != STATUS_OK || strlen(name) >= LOG_FILE_NAME_SIZE_MAX) {
        return;
    }
    if (log_file_name_has_suffix(name, LOG_SUFFIX_DELETED) ||
        log_file_name_has_suffix(name, LOG_SUFFIX_CLEANED) ||
        log_file_name_has_suffix(name, LOG_SUFFIX_TEMPORARY)) {
        recovery->status = remove_file(recovery, name, recovery->error);
    } else if (!log_file_name_parse(name, &offset, &suffix)) {
        return;
    } else if (strcmp(suffix, LOG_SUFFIX_SEGMENT) == 0) {
        recovery->status = note_segment_file(recovery, offset, recovery->error);
    } else if (strcmp(suffix, LOG_SUFFIX_CHECKSUMS) == 0) {
        recovery->is_own = true;
    } else if (strcmp(suffix, LOG_SUFFIX_SNAPSHOT) == 0) {
        recovery->status = note_snapshot_file(recovery, offset, recovery->error);
    } else if (log_file_name_has_suffix(name, LOG_SUFFIX_SWAP)) {
        recovery->status =
            error_set(recovery->error, STATUS_UNSUPPORTED,
                      "%s/%s: a compaction was interrupted; start the broker that did it once more",
                      recovery->log->directory, name);
    }
}

static int compare_segments(const void *left, const void *right)
{
    const struct segment *a = *(struct segment *const *)left;
    const struct segment *b = *(struct segment *const *)right;
    return a->base_offset < b->base_offset ? -1 : a->base_offset > b->base_offset;
}

static int compare_offsets(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

static enum status list_files(struct recovery *recovery, struct error *error)
{
    struct partition_log *log = recovery->log;
    recovery->status = STATUS_OK;
    recovery->error = error;
    enum status status = files_of(recovery)->list_directory(files_of(recovery), log->directory,
                                                            visit_file, recovery, error);
    if (status == STATUS_OK) {
        status = recovery->status;
    }
    if (status == STATUS_OK && log->segments_count > 1) {
        qsort(log->segments, log->segments_count, sizeof(struct segment *), compare_segments);
    }
    if (status == STATUS_OK && recovery->snapshots_count > 1) {
        qsort(recovery->snapshots, recovery->snapshots_count, sizeof *recovery->snapshots,
              compare_offsets);
    }
    return status;
}

/* ---- producer snapshots ---- */

static enum status read_snapshot(struct recovery *recovery, int64_t offset, struct error *error)
{
    struct partition_log *log = recovery->log;
    struct log_path path;
    struct arena arena;
    struct bytes content;
    log_path_of_offset(&path, log->directory, offset, LOG_SUFFIX_SNAPSHOT);
    arena_init(&arena, PRODUCER_SNAPSHOT_SIZE_MAX + (size_t)64 * 1024);
    enum status status = file_read_whole(files_of(recovery), path.text, PRODUCER_SNAPSHOT_SIZE_MAX,
                                         &arena, &content, error);
    if (status == STATUS_OK) {
        status = producer_snapshot_decode(content, &log->producers, error);
    }
    arena_clear(&arena);
    return status;
}

/* The newest snapshot at or below `offset_max` that can be read; else the state is empty, and
 * known only at the log's beginning. One from before that is of no use: what a producer wrote
 * between it and the beginning would be missing, and its next batch refused. */
static enum status load_producers(struct recovery *recovery, int64_t offset_max,
                                  struct error *error)
{
    struct partition_log *log = recovery->log;
    recovery->snapshot_offset = log->segments[0]->base_offset;
    for (uint32_t i = recovery->snapshots_count; i > 0; i--) {
        int64_t offset = recovery->snapshots[i - 1];
        if (offset > offset_max || offset < log->segments[0]->base_offset) {
            continue;
        }
        producer_state_clear(&log->producers);
        enum status status = read_snapshot(recovery, offset, error);
        if (status == STATUS_OK) {
            recovery->snapshot_offset = offset;
            return STATUS_OK;
        }
        producer_state_clear(&log->producers);
        if (status == STATUS_NO_MEMORY || status == STATUS_IO) {
            return status;
        }
        diagnose(log->context->diagnostics, DIAGNOSTIC_WARNING, "log",
                 "%s: producer snapshot %" PRId64 " is not used: %s", log->directory, offset,
                 error->text);
    }
    return STATUS_OK;
}

/* ---- scanning ---- */

/* Compares finished blocks with what the checksum file says of them. */
static enum status check_blocks(struct recovery *recovery, struct error *error)
{
    const struct block_checksums *checksums = recovery->segment->checksums;
    for (; recovery->blocks_checked < checksums->entries.count; recovery->blocks_checked++) {
        uint32_t number = recovery->blocks_checked;
        if (number >= recovery->old_checksums.count) {
            continue;
        }
        const uint8_t *old = index_entries_at(&recovery->old_checksums, number);
        const uint8_t *now = index_entries_at(&checksums->entries, number);
        if (block_checksum_is_known(checksums->base_offset, number, old) &&
            load_u32(old) != load_u32(now)) {
            recovery->is_block_damaged = true;
            return error_set(error, STATUS_CORRUPT,
                             "block %" PRIu32 " of segment %" PRId64 " does not match its checksum",
                             number, checksums->base_offset);
        }
    }
    return STATUS_OK;
}

static enum status visit_batch(void *context, const struct record_batch_header *header,
                               struct bytes batch, uint64_t position, struct error *error)
{
    struct recovery *recovery = context;
    struct partition_log *log = recovery->log;
    struct segment *segment = recovery->segment;
    enum status status = STATUS_OK;
    /* The checkpoint is durable before the first batch of an epoch is written; of a log that
     * another server wrote, that is only known of what it has flushed. */
    if (header->partition_leader_epoch > recovery->epoch_max &&
        (recovery->is_own || header->base_offset < recovery->recovery_point)) {
        return error_set(error, STATUS_CORRUPT,
                         "batch at offset %" PRId64 " has epoch %" PRId32
                         ", the latest is %" PRId32,
                         header->base_offset, header->partition_leader_epoch, recovery->epoch_max);
    }
    if (recovery->is_reindexed) {
        if (segment->checksums->running_size == 0) {
            recovery->block_offset = header->base_offset;
            recovery->block_position = position;
        }
        block_checksums_extend(segment->checksums, batch);
        uint32_t left = segment->checksums->running_size;
        status = check_blocks(recovery, error);
        if (status == STATUS_OK && left > 0 && left < batch.size) {
            recovery->block_offset = header->base_offset;
            recovery->block_position = position;
        }
    }
    if (status == STATUS_OK && recovery->is_indexed) {
        status =
            segment_index_batch(segment, header, position, log->config.index_interval_bytes, error);
    }
    if (status == STATUS_OK && header->base_offset >= recovery->snapshot_offset) {
        status = log_apply_batch(log, segment, header, batch, error);
        if (status == STATUS_MALFORMED) {
            status = STATUS_CORRUPT;
        }
    }
    return status;
}

/* The index is a hint: an entry must lead to the batch that it speaks of. */
static enum status entry_is_right(struct recovery *recovery, const struct segment *segment,
                                  struct offset_index_entry entry, bool *is_right,
                                  struct error *error)
{
    struct partition_log *log = recovery->log;
    uint8_t memory[RECORD_BATCH_HEADER_SIZE];
    struct record_batch_header header;
    struct log_path path;
    struct file *file = NULL;
    size_t count = 0;
    log_path_of_offset(&path, log->directory, segment->base_offset, LOG_SUFFIX_SEGMENT);
    enum status status = files_of(recovery)->open(files_of(recovery), path.text, 0, &file, error);
    if (status == STATUS_OK) {
        status =
            files_of(recovery)->read(file, entry.position, memory, sizeof memory, &count, error);
        file_release(file);
    }
    if (status != STATUS_OK) {
        return status;
    }
    enum record_batch_decision decision =
        record_batch_header_read((struct bytes){memory, count}, &header);
    *is_right = (decision == RECORD_BATCH_OK || decision == RECORD_BATCH_INCOMPLETE) &&
                header.base_offset <= entry.offset &&
                entry.offset <= record_batch_last_offset(&header);
    return STATUS_OK;
}

/* Loads what the index files say up to `from_offset` and forgets the rest of it. *position is
 * where a batch begins at or before that offset. */
static enum status begin_reindex(struct recovery *recovery, struct segment *segment,
                                 int64_t from_offset, uint64_t *position, int64_t *next_offset,
                                 struct error *error)
{
    struct partition_log *log = recovery->log;
    struct segment_indexes *indexes = NULL;
    enum status status =
        segment_indexes_load(files_of(recovery), log->directory, segment->base_offset,
                             segment->size, INT64_MAX, &indexes, error);
    if (status != STATUS_OK) {
        return status;
    }
    segment_indexes_destroy(segment->indexes);
    segment->indexes = indexes;
    struct offset_index_entry entry = offset_index_floor(&indexes->offsets, from_offset);
    bool is_right = true;
    if (entry.position > 0) {
        status = entry_is_right(recovery, segment, entry, &is_right, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_right) {
        entry = (struct offset_index_entry){.offset = segment->base_offset - 1};
        offset_index_cut(&indexes->offsets, 0);
    }
    offset_index_cut(&indexes->offsets, (uint64_t)entry.position + 1);
    time_index_cut(&indexes->times, entry.offset + 1);
    struct time_index_entry last = time_index_last(&indexes->times);
    segment->max_timestamp_ms = last.timestamp_ms;
    segment->max_timestamp_offset = last.offset;
    segment->bytes_since_index = 0;
    *position = entry.position;
    *next_offset = segment->base_offset;
    return STATUS_OK;
}

/* Starts the checksums in the middle of the block that holds `position`. */
static enum status begin_checksums(struct recovery *recovery, struct segment *segment,
                                   const char *path, uint64_t position, struct error *error)
{
    struct log_path checksums_path;
    log_path_of_offset(&checksums_path, recovery->log->directory, segment->base_offset,
                       LOG_SUFFIX_CHECKSUMS);
    enum status status = index_entries_load(&recovery->old_checksums, files_of(recovery),
                                            checksums_path.text, error);
    if (status != STATUS_OK) {
        return status;
    }
    segment->checksums = calloc(1, sizeof *segment->checksums);
    if (segment->checksums == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for checksums");
    }
    block_checksums_init(segment->checksums, segment->base_offset);

    uint8_t head[CHECKSUM_BLOCK_SIZE];
    size_t head_size = (size_t)(position % CHECKSUM_BLOCK_SIZE);
    if (head_size > 0) {
        struct file *file = NULL;
        size_t count = 0;
        status = files_of(recovery)->open(files_of(recovery), path, 0, &file, error);
        if (status == STATUS_OK) {
            status = files_of(recovery)->read(file, position - head_size, head, head_size, &count,
                                              error);
            file_release(file);
        }
    }
    if (status == STATUS_OK) {
        block_checksums_resume(segment->checksums, (uint32_t)(position / CHECKSUM_BLOCK_SIZE),
                               (struct bytes){head, head_size});
        recovery->blocks_checked = segment->checksums->entries.count;
        recovery->block_position = position;
        recovery->block_offset = -1;
    }
    return status;
}

/* Where a scan of one segment ended. */
struct scanned {
    uint64_t position;
    int64_t next_offset;
    bool is_whole; /* Up to the end of the file. */
    bool is_zeros; /* Up to zeros. */
    struct error reason;
};

static enum status scan_segment(struct recovery *recovery, struct segment *segment,
                                int64_t from_offset, bool reindex, struct scanned *scanned,
                                struct error *error)
{
    struct partition_log *log = recovery->log;
    struct log_path path;
    log_path_of_offset(&path, log->directory, segment->base_offset, LOG_SUFFIX_SEGMENT);
    recovery->segment = segment;
    recovery->is_reindexed = reindex;
    recovery->is_indexed = reindex || segment == log_active(log);
    recovery->is_block_damaged = false;
    index_entries_init(&recovery->old_checksums, CHECKSUM_ENTRY_SIZE);
    struct segment_scan scan = {
        .files = files_of(recovery),
        .path = path.text,
        .size = segment->size,
        .next_offset = segment->base_offset,
        /* What goes into the producers' state must be what was written, too. */
        .verify_from = recovery->snapshot_offset < recovery->recovery_point
                           ? recovery->snapshot_offset
                           : recovery->recovery_point,
        /* Only compaction makes gaps, and never of what was appended last. */
        .contiguous_from = (log->config.cleanup_policy & CLEANUP_COMPACT) != 0
                               ? INT64_MAX
                               : recovery->recovery_point,
        .visit = visit_batch,
        .context = recovery,
    };
    enum status status =
        begin_reindex(recovery, segment, from_offset, &scan.position, &scan.next_offset, error);
    if (status == STATUS_OK && reindex) {
        status = begin_checksums(recovery, segment, path.text, scan.position, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t begin = scan.position;
    status = segment_scan(&scan, error);
    recovery->report->scanned_bytes += scan.position - begin;
    index_entries_clear(&recovery->old_checksums);
    *scanned = (struct scanned){
        .position = scan.position,
        .next_offset = scan.next_offset,
        .is_whole = status == STATUS_OK && !scan.ends_in_zeros,
        .is_zeros = status == STATUS_OK && scan.ends_in_zeros,
    };
    if (status != STATUS_CORRUPT) {
        return status;
    }
    scanned->reason = *error;
    if (recovery->is_block_damaged && recovery->block_offset >= 0) {
        scanned->position = recovery->block_position;
        scanned->next_offset = recovery->block_offset;
    }
    return STATUS_OK;
}

/* ---- acting on what was found ---- */

/* Cuts a scanned segment and its derived files to what was found whole, and makes it durable: it
 * may only have been in the page cache of a process that was killed. */
static enum status settle_segment(struct recovery *recovery, struct segment *segment,
                                  const struct scanned *scanned, struct error *error)
{
    struct partition_log *log = recovery->log;
    struct segment_indexes *indexes = segment->indexes;
    offset_index_cut(&indexes->offsets, scanned->position);
    time_index_cut(&indexes->times, scanned->next_offset);
    aborted_index_cut(&indexes->aborted, scanned->next_offset);
    enum status status = log_cut_files(log, segment, scanned->position, error);
    recovery->report->torn_bytes += scanned->is_zeros ? 0 : segment->size - scanned->position;
    log->size -= segment->size - scanned->position;
    segment->size = scanned->position;
    segment_cut_verified(segment, scanned->position);
    if (segment->size == 0) {
        segment->first_timestamp_ms = -1;
    }
    if (status == STATUS_OK && segment != log_active(log)) {
        status = segment_finish_indexes(segment, error);
    }
    if (status == STATUS_OK) {
        status = log_save_now(log, segment, -1, error);
    }
    recovery->report->indexes_rebuilt++;
    return status;
}

static enum status remove_segments_from(struct recovery *recovery, uint32_t first,
                                        struct error *error)
{
    static const char *const suffixes[] = {LOG_SUFFIX_CHECKSUMS,  LOG_SUFFIX_OFFSET_INDEX,
                                           LOG_SUFFIX_TIME_INDEX, LOG_SUFFIX_ABORTED_INDEX,
                                           LOG_SUFFIX_SNAPSHOT,   LOG_SUFFIX_SEGMENT};
    struct partition_log *log = recovery->log;
    enum status status = STATUS_OK;
    for (uint32_t i = log->segments_count; i > first && status == STATUS_OK; i--) {
        struct segment *segment = log->segments[i - 1];
        recovery->report->torn_bytes += segment->size;
        for (size_t j = 0; j < sizeof suffixes / sizeof suffixes[0] && status == STATUS_OK; j++) {
            struct log_path path;
            log_path_of_offset(&path, log->directory, segment->base_offset, suffixes[j]);
            status = files_of(recovery)->remove(files_of(recovery), path.text, error);
            status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
        }
        if (status == STATUS_OK) {
            log_drop_segments(log, i - 1, 1);
        }
    }
    return status == STATUS_OK
               ? files_of(recovery)->sync_directory(files_of(recovery), log->directory, error)
               : status;
}

/* Nothing is cut: somebody may want to look at it. What lies before is served. */
static enum status quarantine(struct recovery *recovery, uint32_t index,
                              const struct scanned *scanned, struct error *error)
{
    struct partition_log *log = recovery->log;
    struct segment *segment = log->segments[index];
    log_drop_segments(log, index + 1, log->segments_count - index - 1);
    log->size -= segment->size - scanned->position;
    segment->size = scanned->position;
    offset_index_cut(&segment->indexes->offsets, scanned->position);
    time_index_cut(&segment->indexes->times, scanned->next_offset);
    log->is_quarantined = true;
    log->corrupt_offset = scanned->next_offset;
    log->end_offset = scanned->next_offset;
    recovery->report->corrupt = true;
    recovery->report->corrupt_offset = scanned->next_offset;
    diagnose(log->context->diagnostics, DIAGNOSTIC_ERROR, "log",
             "%s is damaged below its recovery point %" PRId64 ": %s", log->directory,
             recovery->recovery_point,
             scanned->reason.text[0] != '\0' ? scanned->reason.text : "records are missing");
    return partition_offset_write(files_of(recovery), log->directory, LOG_FILE_QUARANTINE,
                                  scanned->next_offset, error);
}

/* Of a segment that was only passed through. */
static void forget_indexes(struct segment *segment)
{
    segment_indexes_destroy(segment->indexes);
    segment->indexes = NULL;
    segment->max_timestamp_ms = segment->size == 0 ? -1 : SEGMENT_TIMESTAMP_UNKNOWN;
}

/* Does the segment end where the next one begins? Compaction leaves gaps. */
static bool reaches_next(const struct partition_log *log, uint32_t index,
                         const struct scanned *scanned)
{
    if (index + 1 == log->segments_count) {
        return scanned->is_whole || scanned->is_zeros;
    }
    int64_t next = log->segments[index + 1]->base_offset;
    bool may_gap = (log->config.cleanup_policy & CLEANUP_COMPACT) != 0 && scanned->is_whole;
    return scanned->next_offset == next || (may_gap && scanned->next_offset <= next);
}

/* Scans from the older of recovery point and snapshot to the end. */
static enum status scan_unclean(struct recovery *recovery, struct error *error)
{
    struct partition_log *log = recovery->log;
    int64_t point = recovery->recovery_point;
    /* A segment that ends right at the recovery point was perhaps rolled after that was written,
     * and not sealed: it is looked at too. */
    int64_t last = point > log->segments[0]->base_offset ? point - 1 : point;
    int64_t from = recovery->snapshot_offset < last ? recovery->snapshot_offset : last;
    recovery->report->scanned = true;
    uint32_t first_scanned = log_segment_index(log, from);
    uint32_t first_reindexed = log_segment_index(log, last);
    log->end_offset = log->segments[first_scanned]->base_offset;
    for (uint32_t i = first_scanned; i < log->segments_count; i++) {
        struct segment *segment = log->segments[i];
        struct scanned scanned;
        memset(&scanned, 0, sizeof scanned);
        bool reindex = i >= first_reindexed;
        enum status status = scan_segment(recovery, segment, from, reindex, &scanned, error);
        if (status != STATUS_OK) {
            return status;
        }
        log->end_offset = scanned.next_offset;
        bool good = reaches_next(log, i, &scanned);
        bool is_last = i + 1 == log->segments_count;
        if (scanned.next_offset < point && (!good || is_last)) {
            return quarantine(recovery, i, &scanned, error);
        }
        if (!reindex) {
            forget_indexes(segment);
        }
        if (reindex) {
            status = settle_segment(recovery, segment, &scanned, error);
        }
        if (status == STATUS_OK && !good && !is_last) {
            status = remove_segments_from(recovery, i + 1, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* After an orderly stop: the end is behind the last batch, and there the file ends. False in
 * *agrees when it does not: then it was not so orderly. */
static enum status scan_clean(struct recovery *recovery, bool *agrees, struct error *error)
{
    struct partition_log *log = recovery->log;
    int64_t newest =
        recovery->snapshots_count > 0 ? recovery->snapshots[recovery->snapshots_count - 1] : 0;
    recovery->recovery_point = INT64_MAX;
    enum status status = load_producers(recovery, INT64_MAX, error);
    uint32_t first = log_segment_index(log, recovery->snapshot_offset);
    *agrees = true;
    for (uint32_t i = first; i < log->segments_count && status == STATUS_OK && *agrees; i++) {
        struct segment *segment = log->segments[i];
        struct scanned scanned;
        memset(&scanned, 0, sizeof scanned);
        bool is_last = i + 1 == log->segments_count;
        int64_t from = recovery->snapshot_offset;
        status = scan_segment(recovery, segment, from, false, &scanned, error);
        if (status != STATUS_OK) {
            return status;
        }
        *agrees = scanned.is_whole;
        log->end_offset = scanned.next_offset;
        if (!is_last) {
            forget_indexes(segment);
        }
    }
    if (*agrees && newest > log->end_offset) {
        *agrees = false;
    }
    return status;
}

static void forget_scan(struct recovery *recovery)
{
    struct partition_log *log = recovery->log;
    producer_state_clear(&log->producers);
    for (uint32_t i = 0; i < log->segments_count; i++) {
        forget_indexes(log->segments[i]);
    }
}

static enum status recover_unclean(struct recovery *recovery, int64_t recovery_point,
                                   struct error *error)
{
    struct partition_log *log = recovery->log;
    int64_t truncation = -1;
    enum status status = partition_offset_read(files_of(recovery), log->directory,
                                               LOG_FILE_TRUNCATION, &truncation, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (truncation >= 0 && truncation < recovery_point) {
        recovery_point = truncation;
    }
    recovery->recovery_point = recovery_point > log->segments[0]->base_offset
                                   ? recovery_point
                                   : log->segments[0]->base_offset;
    status = load_producers(recovery, recovery->recovery_point, error);
    return status == STATUS_OK ? scan_unclean(recovery, error) : status;
}

static enum status load_epochs(struct recovery *recovery, struct error *error)
{
    struct partition_log *log = recovery->log;
    struct log_path path;
    struct arena arena;
    struct checkpoint_epoch *entries = NULL;
    size_t count = 0;
    log_path_of_name(&path, log->directory, LOG_FILE_LEADER_EPOCHS);
    arena_init(&arena, EPOCHS_ARENA_SIZE_MAX);
    enum status status =
        checkpoint_read_epochs(files_of(recovery), path.text, &arena, &entries, &count, error);
    if (status == STATUS_OK) {
        status = leader_epochs_take(&log->epochs, entries, count, error);
    }
    if (status == STATUS_OK && count > 0) {
        recovery->epoch_max = leader_epochs_latest(&log->epochs);
    }
    arena_clear(&arena);
    if (status == STATUS_CORRUPT || status == STATUS_LIMIT) {
        /* The batches that recovery sees have their epochs too. */
        diagnose(log->context->diagnostics, DIAGNOSTIC_WARNING, "log", "%s: %s", log->directory,
                 error->text);
        leader_epochs_clear(&log->epochs);
        return STATUS_OK;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* A log that was quarantined stays so until somebody cuts it. */
static enum status take_quarantine(struct recovery *recovery, struct error *error)
{
    struct partition_log *log = recovery->log;
    int64_t offset = -1;
    enum status status = partition_offset_read(files_of(recovery), log->directory,
                                               LOG_FILE_QUARANTINE, &offset, error);
    if (status == STATUS_OK && offset >= 0 && !log->is_quarantined) {
        log->is_quarantined = true;
        log->corrupt_offset = offset < log->end_offset ? offset : log->end_offset;
        log->end_offset = log->corrupt_offset;
        recovery->report->corrupt = true;
        recovery->report->corrupt_offset = log->corrupt_offset;
    }
    return status;
}

static enum status find_end(struct recovery *recovery, const struct partition_log_options *options,
                            struct error *error)
{
    struct partition_log *log = recovery->log;
    if (log->segments_count == 0) {
        int64_t base = options->log_start_offset > 0 ? options->log_start_offset : 0;
        log->end_offset = base;
        return log_begin_segment(log, base, error);
    }
    bool agrees = false;
    if (options->was_clean) {
        enum status status = scan_clean(recovery, &agrees, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (!agrees) {
        forget_scan(recovery);
        int64_t point = options->recovery_point > 0 ? options->recovery_point : 0;
        enum status status = recover_unclean(recovery, point, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return take_quarantine(recovery, error);
}

/* Of the snapshots between the segments' beginnings the two newest are kept, as while the log is
 * open; those behind the end describe what is no more. */
static enum status tidy_snapshots(struct recovery *recovery, struct error *error)
{
    struct partition_log *log = recovery->log;
    unsigned kept = 0;
    enum status status = STATUS_OK;
    for (uint32_t i = recovery->snapshots_count; i > 0 && status == STATUS_OK; i--) {
        int64_t offset = recovery->snapshots[i - 1];
        bool is_inside = offset >= log->segments[0]->base_offset && offset <= log->end_offset;
        if (is_inside && log->segments[log_segment_index(log, offset)]->base_offset == offset) {
            continue;
        }
        if (is_inside && kept < 2) {
            log->snapshots[kept++] = offset;
            continue;
        }
        struct log_path path;
        log_path_of_offset(&path, log->directory, offset, LOG_SUFFIX_SNAPSHOT);
        status = files_of(recovery)->remove(files_of(recovery), path.text, error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return status;
}

enum status log_recover(struct partition_log *log, const struct partition_log_options *options,
                        struct log_recovery_report *report, struct error *error)
{
    struct recovery recovery = {
        .log = log,
        .report = report,
        .was_clean = options->was_clean,
        .epoch_max = INT32_MAX,
    };
    enum status status = list_files(&recovery, error);
    if (status == STATUS_OK) {
        status = load_epochs(&recovery, error);
    }
    if (status == STATUS_OK) {
        status = find_end(&recovery, options, error);
    }
    if (status == STATUS_OK && !log->is_quarantined) {
        status = tidy_snapshots(&recovery, error);
    }
    free(recovery.snapshots);
    if (status != STATUS_OK) {
        return status;
    }
    struct segment *active = log_active(log);
    active->is_writable = !log->is_quarantined;
    log->first_unsealed = log->segments_count - 1;
    leader_epochs_cut_end(&log->epochs, log->end_offset);
    return log_write_epochs(log, error);
}

enum status log_rebuild_producers(struct partition_log *log, int64_t end_offset,
                                  struct error *error)
{
    struct log_recovery_report report = {0};
    struct recovery recovery = {
        .log = log, .report = &report, .recovery_point = INT64_MAX, .epoch_max = INT32_MAX};
    struct segment **segments = log->segments;
    uint32_t count = log->segments_count;
    uint32_t capacity = log->segments_capacity;
    uint64_t size = log->size;

    /* Only the snapshots of the directory are wanted; its segments are known. */
    log->segments = NULL;
    log->segments_count = 0;
    log->segments_capacity = 0;
    enum status status = list_files(&recovery, error);
    for (uint32_t i = 0; i < log->segments_count; i++) {
        segment_release(log->segments[i]);
    }
    free(log->segments);
    log->segments = segments;
    log->segments_count = count;
    log->segments_capacity = capacity;
    log->size = size;
    producer_state_clear(&log->producers);
    if (status == STATUS_OK) {
        status = load_producers(&recovery, end_offset, error);
    }
    uint32_t first = status == STATUS_OK ? log_segment_index(log, recovery.snapshot_offset) : count;
    for (uint32_t i = first; i < count && status == STATUS_OK; i++) {
        struct segment *segment = log->segments[i];
        struct log_path path;
        log_path_of_offset(&path, log->directory, segment->base_offset, LOG_SUFFIX_SEGMENT);
        recovery.segment = segment;
        struct segment_scan scan = {
            .files = files_of(&recovery),
            .path = path.text,
            .size = segment->size,
            .next_offset = segment->base_offset,
            .verify_from = INT64_MAX,
            .contiguous_from = INT64_MAX,
            .visit = visit_batch,
            .context = &recovery,
        };
        status = log_use_segment(log, segment, true, error);
        if (status == STATUS_OK) {
            scan.position =
                offset_index_floor(&segment->indexes->offsets, recovery.snapshot_offset).position;
            status = segment_scan(&scan, error);
        }
    }
    free(recovery.snapshots);
    return status;
}
