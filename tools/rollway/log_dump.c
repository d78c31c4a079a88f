#include "tools/rollway/log_dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "storage/io/checkpoint_file.h"
#include "storage/log/aborted_index.h"
#include "storage/log/block_checksums.h"
#include "storage/log/leader_epochs.h"
#include "storage/log/log_file_name.h"
#include "storage/log/offset_index.h"
#include "storage/log/partition_files.h"
#include "storage/log/time_index.h"
#include "storage/producer/producer_snapshot.h"
#include "tools/rollway/time_text.h"

#define ARENA_SIZE_MAX ((size_t)1024 * 1024 * 1024)

typedef enum status dump_fn(struct log_dump *dump, const char *path, struct error *error);

/* -- items --------------------------------------------------------------------------------------*/

static void print_member(FILE *out, const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    bool is_content = strcmp(name, "key") == 0 || strcmp(name, "value") == 0;
    if (text != NULL && !is_content) {
        fprintf(out, "  %s %s", name, text);
        return;
    }
    char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    fprintf(out, "  %s %s", name, dumped != NULL ? dumped : "?");
    free(dumped);
}

static void print_item(const struct log_dump *dump, const char *kind, json_t *item)
{
    FILE *out = dump->console->out;
    const char *name;
    json_t *value;
    fprintf(out, "%s%s", strcmp(kind, "record") == 0 ? "    " : "  ", kind);
    json_object_foreach(item, name, value)
    {
        print_member(out, name, value);
    }
    fputc('\n', out);
}

/* Prints even when quiet; releases. */
static void put_item(const struct log_dump *dump, const char *kind, json_t *item)
{
    if (dump->console->is_json) {
        json_t *line = json_made(json_object());
        json_put(line, "file", json_of_text(text_of(dump->path)));
        json_put(line, "kind", json_string(kind));
        (void)json_object_update(line, item);
        console_json_line(dump->console, line);
        json_decref(line);
    } else {
        print_item(dump, kind, item);
    }
    json_decref(item);
}

void log_dump_item(const struct log_dump *dump, const char *kind, json_t *item)
{
    if (dump->quiet) {
        json_decref(item);
        return;
    }
    put_item(dump, kind, item);
}

void log_dump_finding(struct log_dump *dump, const char *path, const char *sentence)
{
    dump->findings_count++;
    dump->file_findings_count++;
    if (!dump->console->is_json) {
        fprintf(dump->console->out, "  DAMAGED: %s: %s\n", path, sentence);
        return;
    }
    json_t *item = json_made(json_object());
    json_put(item, "in", json_of_text(text_of(path)));
    json_put(item, "text", json_of_text(text_of(sentence)));
    put_item(dump, "finding", item);
}

void log_dump_summary(struct log_dump *dump, json_t *item)
{
    json_put(item, "findings", json_integer(dump->file_findings_count));
    put_item(dump, "summary", item);
}

static void summary_of_entries(struct log_dump *dump, size_t count)
{
    json_t *item = json_made(json_object());
    json_put(item, "entries", json_integer((json_int_t)count));
    log_dump_summary(dump, item);
}

/* -- indexes ------------------------------------------------------------------------------------*/

static enum status base_offset_of(const char *path, int64_t *base_offset, struct error *error)
{
    const char *slash = strrchr(path, '/');
    const char *suffix;
    if (!log_file_name_parse(slash != NULL ? slash + 1 : path, base_offset, &suffix)) {
        return error_set(error, STATUS_UNSUPPORTED, "%s: the name does not begin with an offset",
                         path);
    }
    return STATUS_OK;
}

/* What cannot be an entry, and is not only the zeros that Kafka's preallocated files end in. */
static void judge_dropped(struct log_dump *dump, const struct index_entries *whole, uint32_t kept)
{
    char sentence[160];
    for (uint32_t number = kept; number < whole->count; number++) {
        const uint8_t *entry = index_entries_at(whole, number);
        for (uint32_t i = 0; i < whole->entry_size; i++) {
            if (entry[i] != 0) {
                snprintf(sentence, sizeof sentence,
                         "entry %" PRIu32 " of %" PRIu32 " does not ascend, or is none", number,
                         whole->count);
                log_dump_finding(dump, dump->path, sentence);
                return;
            }
        }
    }
}

static enum status load_entries(struct log_dump *dump, const char *path, int64_t *base_offset,
                                struct index_entries *entries, struct error *error)
{
    enum status status = base_offset_of(path, base_offset, error);
    return status == STATUS_OK ? index_entries_load(entries, dump->files, path, error) : status;
}

static enum status dump_offset_index(struct log_dump *dump, const char *path, struct error *error)
{
    struct offset_index index;
    offset_index_init(&index, 0);
    enum status status = load_entries(dump, path, &index.base_offset, &index.entries, error);
    if (status == STATUS_OK) {
        struct index_entries whole = index.entries;
        (void)offset_index_trim(&index, UINT64_MAX);
        judge_dropped(dump, &whole, offset_index_count(&index));
        for (uint32_t i = 0; i < offset_index_count(&index); i++) {
            struct offset_index_entry entry = offset_index_at(&index, i);
            json_t *item = json_made(json_object());
            json_put(item, "offset", json_integer(entry.offset));
            json_put(item, "position", json_integer(entry.position));
            log_dump_item(dump, "entry", item);
        }
        summary_of_entries(dump, offset_index_count(&index));
    }
    offset_index_clear(&index);
    return status;
}

static enum status dump_time_index(struct log_dump *dump, const char *path, struct error *error)
{
    struct time_index index;
    time_index_init(&index, 0);
    enum status status = load_entries(dump, path, &index.base_offset, &index.entries, error);
    if (status == STATUS_OK) {
        struct index_entries whole = index.entries;
        (void)time_index_trim(&index, INT64_MAX);
        judge_dropped(dump, &whole, time_index_count(&index));
        for (uint32_t i = 0; i < time_index_count(&index); i++) {
            struct time_index_entry entry = time_index_at(&index, i);
            char time[TIME_TEXT_SIZE];
            json_t *item = json_made(json_object());
            json_put(item, "timestamp", json_integer(entry.timestamp_ms));
            json_put(item, "time", json_string(format_time_ms(entry.timestamp_ms, time)));
            json_put(item, "offset", json_integer(entry.offset));
            log_dump_item(dump, "entry", item);
        }
        summary_of_entries(dump, time_index_count(&index));
    }
    time_index_clear(&index);
    return status;
}

static enum status dump_aborted_index(struct log_dump *dump, const char *path, struct error *error)
{
    struct aborted_index index;
    int64_t base_offset = 0;
    aborted_index_init(&index);
    enum status status = load_entries(dump, path, &base_offset, &index.entries, error);
    if (status == STATUS_OK) {
        struct index_entries whole = index.entries;
        (void)aborted_index_trim(&index, base_offset, INT64_MAX);
        judge_dropped(dump, &whole, aborted_index_count(&index));
        for (uint32_t i = 0; i < aborted_index_count(&index); i++) {
            struct aborted_index_entry entry = aborted_index_at(&index, i);
            json_t *item = json_made(json_object());
            json_put(item, "producer_id", json_integer(entry.producer_id));
            json_put(item, "first_offset", json_integer(entry.first_offset));
            json_put(item, "last_offset", json_integer(entry.last_offset));
            json_put(item, "last_stable_offset", json_integer(entry.last_stable_offset));
            log_dump_item(dump, "entry", item);
        }
        summary_of_entries(dump, aborted_index_count(&index));
    }
    aborted_index_clear(&index);
    return status;
}

static enum status dump_checksums(struct log_dump *dump, const char *path, struct error *error)
{
    struct index_entries entries;
    int64_t base_offset = 0;
    index_entries_init(&entries, CHECKSUM_ENTRY_SIZE);
    enum status status = load_entries(dump, path, &base_offset, &entries, error);
    if (status == STATUS_OK) {
        for (uint32_t i = 0; i < entries.count; i++) {
            const uint8_t *entry = index_entries_at(&entries, i);
            json_t *item = json_made(json_object());
            json_put(item, "block", json_integer(i));
            json_put(item, "crc", json_integer(load_u32(entry)));
            json_put(item, "known", json_boolean(block_checksum_is_known(base_offset, i, entry)));
            log_dump_item(dump, "entry", item);
        }
        summary_of_entries(dump, entries.count);
    }
    index_entries_clear(&entries);
    return status;
}

/* -- small files --------------------------------------------------------------------------------*/

static void dump_snapshot_entries(struct log_dump *dump, struct bytes content, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct producer_snapshot_entry entry = producer_snapshot_at(content, i);
        json_t *item = json_made(json_object());
        json_put(item, "producer_id", json_integer(entry.producer_id));
        json_put(item, "epoch", json_integer(entry.epoch));
        json_put(item, "last_sequence", json_integer(entry.last_sequence));
        json_put(item, "last_offset", json_integer(entry.last_offset));
        json_put(item, "offset_delta", json_integer(entry.offset_delta));
        json_put(item, "timestamp", json_integer(entry.timestamp_ms));
        json_put(item, "coordinator_epoch", json_integer(entry.coordinator_epoch));
        json_put(item, "transaction_first_offset", json_integer(entry.transaction_first_offset));
        log_dump_item(dump, "producer", item);
    }
    summary_of_entries(dump, count);
}

static enum status dump_snapshot(struct log_dump *dump, const char *path, struct error *error)
{
    struct arena arena;
    struct bytes content;
    uint32_t count = 0;
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status =
        file_read_whole(dump->files, path, PRODUCER_SNAPSHOT_SIZE_MAX, &arena, &content, error);
    if (status == STATUS_OK) {
        if (producer_snapshot_check(content, &count, error) != STATUS_OK) {
            log_dump_finding(dump, path, error->text);
            count = 0;
        }
        dump_snapshot_entries(dump, content, count);
    }
    arena_clear(&arena);
    return status;
}

static enum status dump_epochs(struct log_dump *dump, const char *path, struct error *error)
{
    struct arena arena;
    struct checkpoint_epoch *entries = NULL;
    size_t count = 0;
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status = checkpoint_read_epochs(dump->files, path, &arena, &entries, &count, error);
    if (status == STATUS_CORRUPT) {
        log_dump_finding(dump, path, error->text);
        status = STATUS_OK;
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        json_t *item = json_made(json_object());
        json_put(item, "epoch", json_integer(entries[i].epoch));
        json_put(item, "start_offset", json_integer(entries[i].start_offset));
        log_dump_item(dump, "epoch", item);
    }
    if (status == STATUS_OK) {
        summary_of_entries(dump, count);
    }
    arena_clear(&arena);
    return status;
}

static enum status dump_offsets(struct log_dump *dump, const char *path, struct error *error)
{
    struct arena arena;
    struct checkpoint_offset *entries = NULL;
    size_t count = 0;
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status =
        checkpoint_read_offsets(dump->files, path, &arena, &entries, &count, error);
    if (status == STATUS_CORRUPT) {
        log_dump_finding(dump, path, error->text);
        status = STATUS_OK;
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        json_t *item = json_made(json_object());
        json_put(item, "topic", json_of_text(entries[i].topic));
        json_put(item, "partition", json_integer(entries[i].partition));
        json_put(item, "offset", json_integer(entries[i].offset));
        log_dump_item(dump, "checkpoint", item);
    }
    if (status == STATUS_OK) {
        summary_of_entries(dump, count);
    }
    arena_clear(&arena);
    return status;
}

static enum status dump_metadata(struct log_dump *dump, const char *path, struct error *error)
{
    char directory[LOG_PATH_SIZE_MAX] = ".";
    char id[UUID_TEXT_SIZE];
    struct uuid topic_id;
    struct file_status file_status;
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
    }
    enum status status = dump->files->stat(dump->files, path, &file_status, error);
    if (status == STATUS_OK) {
        status = partition_metadata_read(dump->files, directory, &topic_id, error);
    }
    if (status == STATUS_CORRUPT) {
        log_dump_finding(dump, path, error->text);
        summary_of_entries(dump, 0);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        json_t *item = json_made(json_object());
        uuid_to_text(topic_id, id);
        json_put(item, "topic_id", json_string(id));
        log_dump_item(dump, "metadata", item);
        summary_of_entries(dump, 1);
    }
    return status;
}

/* -- which is which -----------------------------------------------------------------------------*/

static const struct {
    const char *name_end;
    const char *what;
    dump_fn *dump;
} KINDS[] = {
    {LOG_SUFFIX_SEGMENT, "segment", log_dump_segment},
    {LOG_SUFFIX_OFFSET_INDEX, "offset index", dump_offset_index},
    {LOG_SUFFIX_TIME_INDEX, "time index", dump_time_index},
    {LOG_SUFFIX_ABORTED_INDEX, "aborted transactions", dump_aborted_index},
    {LOG_SUFFIX_SNAPSHOT, "producer snapshot", dump_snapshot},
    {LOG_SUFFIX_CHECKSUMS, "block checksums", dump_checksums},
    {LOG_FILE_LEADER_EPOCHS, "leader epochs", dump_epochs},
    {LOG_FILE_PARTITION_METADATA, "partition metadata", dump_metadata},
    {"-offset-checkpoint", "offset checkpoint", dump_offsets},
};
#define KINDS_COUNT (sizeof KINDS / sizeof KINDS[0])

static size_t kind_of(const char *path)
{
    for (size_t i = 0; i < KINDS_COUNT; i++) {
        if (log_file_name_has_suffix(path, KINDS[i].name_end)) {
            return i;
        }
    }
    return KINDS_COUNT;
}

bool log_dump_knows(const char *path)
{
    return kind_of(path) < KINDS_COUNT;
}

enum status log_dump_file(struct log_dump *dump, const char *path, struct error *error)
{
    size_t kind = kind_of(path);
    struct file_status file_status;
    if (kind == KINDS_COUNT) {
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: not a file of a log by its name (.log, .index, .timeindex, "
                         ".txnindex, .snapshot, .checksums, " LOG_FILE_LEADER_EPOCHS
                         ", " LOG_FILE_PARTITION_METADATA ", …-offset-checkpoint)",
                         path);
    }
    enum status status = dump->files->stat(dump->files, path, &file_status, error);
    if (status != STATUS_OK) {
        return status;
    }
    dump->path = path;
    dump->file_findings_count = 0;
    if (!dump->console->is_json) {
        fprintf(dump->console->out, "%s: %s, %" PRIu64 " bytes\n", path, KINDS[kind].what,
                file_status.size);
    }
    return KINDS[kind].dump(dump, path, error);
}
