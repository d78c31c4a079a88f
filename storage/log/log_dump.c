#include "storage/log/log_dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "storage/log/block_checksums.h"
#include "storage/log/log_file_name.h"
#include "storage/log/segment_scan.h"

#define ARENA_SIZE_MAX (PRODUCER_SNAPSHOT_SIZE_MAX + (size_t)256 * 1024 * 1024)

struct dump {
    struct file_system *files;
    const char *path;
    bool verify;
    log_dump_fn *visit;
    void *context;
    struct log_dump_summary *summary;
    bool is_ended; /* By the visitor. */

    /* Of a segment: */
    struct index_entries known_checksums;
    struct block_checksums checksums;
    uint32_t blocks_checked;

    /* The segment beside an index: */
    struct file *segment;
    uint64_t segment_size;
    struct offset_index offsets;
    int64_t previous[2];
};

const char *log_dump_kind_text(enum log_dump_kind kind)
{
#define LOG_DUMP_KIND_TEXT(name, text) text,
    static const char *const texts[] = {LOG_DUMP_KIND_LIST(LOG_DUMP_KIND_TEXT)};
#undef LOG_DUMP_KIND_TEXT
    ASSERT(kind < LOG_DUMP_KIND_COUNT);
    return texts[kind];
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

enum log_dump_kind log_dump_kind_of(const char *path, int64_t *base_offset)
{
    static const struct {
        const char *suffix;
        enum log_dump_kind kind;
    } kinds[] = {
        {LOG_SUFFIX_SEGMENT, LOG_DUMP_SEGMENT},
        {LOG_SUFFIX_OFFSET_INDEX, LOG_DUMP_OFFSET_INDEX},
        {LOG_SUFFIX_TIME_INDEX, LOG_DUMP_TIME_INDEX},
        {LOG_SUFFIX_ABORTED_INDEX, LOG_DUMP_ABORTED_INDEX},
        {LOG_SUFFIX_CHECKSUMS, LOG_DUMP_CHECKSUMS},
        {LOG_SUFFIX_SNAPSHOT, LOG_DUMP_SNAPSHOT},
    };
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *suffix = NULL;
    *base_offset = -1;
    if (has_prefix(name, LOG_FILE_LEADER_EPOCHS)) {
        return LOG_DUMP_EPOCHS;
    }
    if (strstr(name, "-offset-checkpoint") != NULL) {
        return LOG_DUMP_OFFSETS;
    }
    if (!log_file_name_parse(name, base_offset, &suffix)) {
        *base_offset = -1;
        return LOG_DUMP_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t size = strlen(kinds[i].suffix);
        if (has_prefix(suffix, kinds[i].suffix) && (suffix[size] == '\0' || suffix[size] == '.')) {
            return kinds[i].kind;
        }
    }
    *base_offset = -1;
    return LOG_DUMP_UNKNOWN;
}

/* Hands out one piece. */
static void give(struct dump *dump, struct log_dump_piece *piece)
{
    dump->summary->pieces_count++;
    dump->summary->problems_count += piece->problem != NULL;
    piece->kind = dump->summary->kind;
    if (dump->visit != NULL && !dump->visit(dump->context, piece)) {
        dump->is_ended = true;
    }
}

static void bad_end(struct dump *dump, const char *text)
{
    struct log_dump_summary *summary = dump->summary;
    summary->problems_count++;
    snprintf(summary->problem, sizeof summary->problem, "%s", text);
}

/* The path of a file beside this one, with the same base offset. */
static bool path_beside(const struct dump *dump, const char *suffix, struct log_path *path)
{
    const char *slash = strrchr(dump->path, '/');
    size_t size = slash != NULL ? (size_t)(slash - dump->path) : 1;
    char directory[LOG_PATH_SIZE_MAX];
    if (size + LOG_FILE_NAME_SIZE_MAX > sizeof directory) {
        return false;
    }
    memcpy(directory, slash != NULL ? dump->path : ".", size);
    directory[size] = '\0';
    log_path_of_offset(path, directory, dump->summary->base_offset, suffix);
    return true;
}

static enum status file_size_of(struct file_system *files, const char *path, uint64_t *size,
                                struct error *error)
{
    struct file_status file;
    enum status status = files->stat(files, path, &file, error);
    if (status == STATUS_OK) {
        *size = file.size;
    }
    return status;
}

/* ---- segments ---- */

static const char *check_blocks(struct dump *dump)
{
    const struct block_checksums *checksums = &dump->checksums;
    const char *problem = NULL;
    for (; dump->blocks_checked < checksums->entries.count; dump->blocks_checked++) {
        uint32_t number = dump->blocks_checked;
        if (number >= dump->known_checksums.count) {
            continue;
        }
        const uint8_t *known = index_entries_at(&dump->known_checksums, number);
        const uint8_t *found = index_entries_at(&checksums->entries, number);
        if (block_checksum_is_known(checksums->base_offset, number, known) &&
            load_u32(known) != load_u32(found)) {
            problem = "a block that ends in this batch does not match its checksum";
        }
    }
    return problem;
}

static enum status dump_batch(void *context, const struct record_batch_header *header,
                              struct bytes batch, uint64_t position, struct error *error)
{
    struct dump *dump = context;
    struct record_batch_header verified;
    enum record_batch_decision found = record_batch_verify(batch, &verified);
    block_checksums_extend(&dump->checksums, batch);
    const char *problem = check_blocks(dump);
    struct log_dump_piece piece = {
        .position = position,
        .header = *header,
        .batch = batch,
        .problem = found != RECORD_BATCH_OK ? record_batch_decision_text(found) : problem,
    };
    give(dump, &piece);
    return dump->is_ended ? error_set(error, STATUS_STOPPING, "the walk was ended") : STATUS_OK;
}

static enum status dump_segment(struct dump *dump, struct error *error)
{
    struct log_dump_summary *summary = dump->summary;
    struct log_path path;
    enum status status = STATUS_OK;
    index_entries_init(&dump->known_checksums, CHECKSUM_ENTRY_SIZE);
    block_checksums_init(&dump->checksums, summary->base_offset);
    if (dump->verify && path_beside(dump, LOG_SUFFIX_CHECKSUMS, &path)) {
        status = index_entries_load(&dump->known_checksums, dump->files, path.text, error);
    }
    struct segment_scan scan = {
        .files = dump->files,
        .path = dump->path,
        .size = summary->size,
        .next_offset = summary->base_offset,
        .verify_from =
            INT64_MAX, /* The visitor looks at checksums, and goes on behind a bad one. */
        .visit = dump_batch,
        .context = dump,
    };
    if (status == STATUS_OK) {
        status = segment_scan(&scan, error);
        summary->end_position = scan.position;
    }
    if (status == STATUS_OK && scan.ends_in_zeros) {
        summary->zeros_size = summary->size - scan.position;
    } else if (status == STATUS_CORRUPT) {
        bad_end(dump, error->text);
        status = STATUS_OK;
    }
    block_checksums_clear(&dump->checksums);
    index_entries_clear(&dump->known_checksums);
    return status == STATUS_STOPPING ? STATUS_OK : status;
}

/* ---- indexes ---- */

static enum status open_segment(struct dump *dump, struct error *error)
{
    struct log_path path;
    if (!dump->verify || !path_beside(dump, LOG_SUFFIX_SEGMENT, &path)) {
        return STATUS_OK;
    }
    enum status status = dump->files->open(dump->files, path.text, 0, &dump->segment, error);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = dump->files->size(dump->segment, &dump->segment_size, error);
    }
    if (status == STATUS_OK && path_beside(dump, LOG_SUFFIX_OFFSET_INDEX, &path)) {
        status = index_entries_load(&dump->offsets.entries, dump->files, path.text, error);
        offset_index_trim(&dump->offsets, dump->segment_size);
    }
    return status;
}

/* The header at a position of the segment; false when there is none. */
static bool header_at(struct dump *dump, uint64_t position, struct record_batch_header *header)
{
    uint8_t bytes[RECORD_BATCH_HEADER_SIZE];
    size_t count = 0;
    struct error error;
    if (dump->files->read(dump->segment, position, bytes, sizeof bytes, &count, &error) !=
        STATUS_OK) {
        return false;
    }
    enum record_batch_decision found =
        record_batch_header_read((struct bytes){bytes, count}, header);
    return found == RECORD_BATCH_OK || found == RECORD_BATCH_INCOMPLETE;
}

static const char *check_offset_entry(struct dump *dump, const struct offset_index_entry *entry)
{
    struct record_batch_header header;
    if (entry->offset <= dump->previous[0] || entry->position <= dump->previous[1]) {
        return "entry does not ascend";
    }
    dump->previous[0] = entry->offset;
    dump->previous[1] = entry->position;
    if (dump->segment == NULL) {
        return NULL;
    }
    if (!header_at(dump, entry->position, &header)) {
        return "there is no batch at the position";
    }
    return record_batch_last_offset(&header) == entry->offset
               ? NULL
               : "the batch at the position ends with another offset";
}

static const char *check_time_entry(struct dump *dump, const struct time_index_entry *entry)
{
    struct record_batch_header header;
    if (entry->offset <= dump->previous[0] || entry->timestamp_ms <= dump->previous[1]) {
        return "entry does not ascend";
    }
    dump->previous[0] = entry->offset;
    dump->previous[1] = entry->timestamp_ms;
    if (dump->segment == NULL) {
        return NULL;
    }
    uint64_t position = offset_index_floor(&dump->offsets, entry->offset).position;
    for (;;) {
        if (position >= dump->segment_size || !header_at(dump, position, &header)) {
            return "there is no batch with the offset";
        }
        if (record_batch_last_offset(&header) >= entry->offset) {
            break;
        }
        position += record_batch_size(&header);
    }
    return header.max_timestamp == entry->timestamp_ms
               ? NULL
               : "the batch of the offset has another largest timestamp";
}

static const char *check_aborted_entry(struct dump *dump, const uint8_t *bytes,
                                       const struct aborted_index_entry *entry)
{
    if (load_i16(bytes) != ABORTED_INDEX_VERSION) {
        return "entry is not of version 0";
    }
    if (entry->last_offset <= dump->previous[0] || entry->first_offset >= entry->last_offset) {
        return "entry does not ascend";
    }
    dump->previous[0] = entry->last_offset;
    return NULL;
}

static void dump_entry(struct dump *dump, const struct index_entries *entries, uint32_t number)
{
    const uint8_t *bytes = index_entries_at(entries, number);
    int64_t base_offset = dump->summary->base_offset;
    struct log_dump_piece piece = {.position = (uint64_t)number * entries->entry_size};
    switch (dump->summary->kind) {
    case LOG_DUMP_OFFSET_INDEX: {
        struct offset_index index = {.entries = *entries, .base_offset = base_offset};
        piece.offset_entry = offset_index_at(&index, number);
        piece.problem = check_offset_entry(dump, &piece.offset_entry);
        break;
    }
    case LOG_DUMP_TIME_INDEX: {
        struct time_index index = {.entries = *entries, .base_offset = base_offset};
        piece.time_entry = time_index_at(&index, number);
        piece.problem = check_time_entry(dump, &piece.time_entry);
        break;
    }
    case LOG_DUMP_ABORTED_INDEX: {
        struct aborted_index index = {.entries = *entries};
        piece.aborted_entry = aborted_index_at(&index, number);
        piece.problem = check_aborted_entry(dump, bytes, &piece.aborted_entry);
        break;
    }
    case LOG_DUMP_CHECKSUMS:
        piece.checksum = (struct log_dump_checksum){
            .block = number,
            .checksum = load_u32(bytes),
            .is_known = block_checksum_is_known(base_offset, number, bytes),
        };
        break;
    case LOG_DUMP_SEGMENT:
    case LOG_DUMP_SNAPSHOT:
    case LOG_DUMP_EPOCHS:
    case LOG_DUMP_OFFSETS:
    case LOG_DUMP_UNKNOWN:
    case LOG_DUMP_KIND_COUNT:
    default:
        ASSERT(false);
    }
    give(dump, &piece);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static enum status dump_index(struct dump *dump, uint32_t entry_size, struct error *error)
{
    struct log_dump_summary *summary = dump->summary;
    struct index_entries entries;
    index_entries_init(&entries, entry_size);
    offset_index_init(&dump->offsets, summary->base_offset);
    dump->previous[0] = summary->base_offset - 1;
    dump->previous[1] = summary->kind == LOG_DUMP_TIME_INDEX ? -1 : 0;
    enum status status = index_entries_load(&entries, dump->files, dump->path, error);
    if (status == STATUS_OK) {
        status = open_segment(dump, error);
    }
    uint32_t count = entries.count;
    /* What is preallocated and not yet used is zero. An entry of zeros never counts. */
    while (status == STATUS_OK && count > 0 &&
           is_zero(index_entries_at(&entries, count - 1), entry_size)) {
        count--;
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK && !dump->is_ended; i++) {
        dump_entry(dump, &entries, i);
    }
    summary->end_position = (uint64_t)count * entry_size;
    summary->zeros_size = (uint64_t)(entries.count - count) * entry_size;
    if (status == STATUS_OK && summary->size % entry_size != 0) {
        bad_end(dump, "the file does not end with an entry");
    }
    file_release(dump->segment);
    offset_index_clear(&dump->offsets);
    index_entries_clear(&entries);
    return status;
}

/* ---- small files ---- */

static enum status dump_snapshot(struct dump *dump, struct arena *arena, struct error *error)
{
    struct bytes content;
    enum status status = file_read_whole(dump->files, dump->path, PRODUCER_SNAPSHOT_SIZE_MAX, arena,
                                         &content, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t count = 0;
    status = producer_snapshot_check(content, &count, error);
    for (uint32_t i = 0; i < count && status == STATUS_OK && !dump->is_ended; i++) {
        struct log_dump_piece piece = {
            .position = PRODUCER_SNAPSHOT_HEADER_SIZE + (uint64_t)i * PRODUCER_SNAPSHOT_ENTRY_SIZE,
            .producer = producer_snapshot_at(content, i),
        };
        give(dump, &piece);
    }
    dump->summary->end_position = status == STATUS_OK ? content.size : 0;
    return status;
}

static enum status dump_epochs(struct dump *dump, struct arena *arena, struct error *error)
{
    struct checkpoint_epoch *entries = NULL;
    size_t count = 0;
    enum status status =
        checkpoint_read_epochs(dump->files, dump->path, arena, &entries, &count, error);
    for (size_t i = 0; status == STATUS_OK && i < count && !dump->is_ended; i++) {
        struct log_dump_piece piece = {.position = i + 3, .epoch = entries[i]};
        give(dump, &piece);
    }
    dump->summary->end_position = status == STATUS_OK ? dump->summary->size : 0;
    return status;
}

static enum status dump_offsets(struct dump *dump, struct arena *arena, struct error *error)
{
    struct checkpoint_offset *entries = NULL;
    size_t count = 0;
    enum status status =
        checkpoint_read_offsets(dump->files, dump->path, arena, &entries, &count, error);
    for (size_t i = 0; status == STATUS_OK && i < count && !dump->is_ended; i++) {
        struct log_dump_piece piece = {.position = i + 3, .offset = entries[i]};
        give(dump, &piece);
    }
    dump->summary->end_position = status == STATUS_OK ? dump->summary->size : 0;
    return status;
}

static enum status dump_small(struct dump *dump, struct error *error)
{
    struct arena arena;
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status;
    if (dump->summary->kind == LOG_DUMP_SNAPSHOT) {
        status = dump_snapshot(dump, &arena, error);
    } else if (dump->summary->kind == LOG_DUMP_EPOCHS) {
        status = dump_epochs(dump, &arena, error);
    } else {
        status = dump_offsets(dump, &arena, error);
    }
    arena_clear(&arena);
    if (status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED) {
        bad_end(dump, error->text);
        return STATUS_OK;
    }
    return status;
}

enum status log_dump(struct file_system *files, const char *path, bool verify, log_dump_fn *visit,
                     void *context, struct log_dump_summary *summary, struct error *error)
{
    memset(summary, 0, sizeof *summary);
    summary->kind = log_dump_kind_of(path, &summary->base_offset);
    struct dump dump = {
        .files = files,
        .path = path,
        .verify = verify,
        .visit = visit,
        .context = context,
        .summary = summary,
    };
    enum status status = file_size_of(files, path, &summary->size, error);
    if (status != STATUS_OK) {
        return status;
    }
    switch (summary->kind) {
    case LOG_DUMP_SEGMENT:
        return dump_segment(&dump, error);
    case LOG_DUMP_OFFSET_INDEX:
        return dump_index(&dump, OFFSET_INDEX_ENTRY_SIZE, error);
    case LOG_DUMP_TIME_INDEX:
        return dump_index(&dump, TIME_INDEX_ENTRY_SIZE, error);
    case LOG_DUMP_ABORTED_INDEX:
        return dump_index(&dump, ABORTED_INDEX_ENTRY_SIZE, error);
    case LOG_DUMP_CHECKSUMS:
        return dump_index(&dump, CHECKSUM_ENTRY_SIZE, error);
    case LOG_DUMP_SNAPSHOT:
    case LOG_DUMP_EPOCHS:
    case LOG_DUMP_OFFSETS:
        return dump_small(&dump, error);
    case LOG_DUMP_UNKNOWN:
        return error_set(error, STATUS_UNSUPPORTED, "%s: its name is not one of a log's files",
                         path);
    case LOG_DUMP_KIND_COUNT:
    default:
        ASSERT(false);
        return STATUS_UNSUPPORTED;
    }
}
