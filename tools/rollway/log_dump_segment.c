/* The segment's part of log_dump.h. */
#include <inttypes.h>
#include <string.h>

#include "proto/record/control_record.h"
#include "storage/log/log_file_name.h"
#include "storage/log/segment_scan.h"
#include "storage/log/segment_verify.h"
#include "tools/rollway/client_record.h"
#include "tools/rollway/log_dump.h"
#include "tools/rollway/time_text.h"

#define RECORD_ARENA_SIZE_MAX ((size_t)2 * 1024 * 1024 * 1024)

struct segment_dump {
    struct log_dump *dump;
    struct record_decompression decompression;
    struct arena arena; /* Of one record. */
    int64_t batches_count;
    int64_t records_count;
};

static json_t *batch_item(const struct record_batch_header *header, uint64_t position)
{
    json_t *item = json_made(json_object());
    char time[TIME_TEXT_SIZE];
    bool has_producer = record_batch_has_producer_id(header);
    int codec = record_batch_codec(header);
    json_put(item, "base_offset", json_integer(header->base_offset));
    json_put(item, "last_offset", json_integer(record_batch_last_offset(header)));
    json_put(item, "position", json_integer((json_int_t)position));
    json_put(item, "size", json_integer((json_int_t)record_batch_size(header)));
    json_put(item, "records", json_integer(header->record_count));
    json_put(item, "codec",
             json_string(codec <= RECORD_BATCH_CODEC_MAX
                             ? compression_codec_name((enum compression_codec)codec)
                             : "unknown"));
    json_put(item, "leader_epoch", json_integer(header->partition_leader_epoch));
    if (has_producer) {
        json_put(item, "producer_id", json_integer(header->producer_id));
        json_put(item, "producer_epoch", json_integer(header->producer_epoch));
        json_put(item, "base_sequence", json_integer(header->base_sequence));
    }
    json_put(item, "timestamp_type",
             json_string(record_batch_is_append_time(header) ? "append" : "create"));
    json_put(item, "max_timestamp", json_integer(header->max_timestamp));
    json_put(item, "max_time", json_string(format_time_ms(header->max_timestamp, time)));
    if (record_batch_is_transactional(header)) {
        json_put(item, "transactional", json_true());
    }
    if (record_batch_is_control(header)) {
        json_put(item, "control", json_true());
    }
    json_put(item, "crc", json_integer(header->crc));
    return item;
}

static enum status collect_headers(const struct record *record, struct arena *arena,
                                   struct record_header **headers, size_t *count,
                                   struct error *error)
{
    struct record_header header;
    size_t place = 0;
    *count = 0;
    *headers =
        arena_allocate_array(arena, (size_t)record->header_count, sizeof(struct record_header));
    if (*headers == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %d headers", record->header_count);
    }
    while (record_headers_next(record, &place, &header)) {
        (*headers)[(*count)++] = header;
    }
    return STATUS_OK;
}

static enum status dump_record(struct segment_dump *segment, bool is_control,
                               const struct record *record, struct error *error)
{
    struct record_header *headers;
    size_t headers_count;
    enum control_record_type type;
    struct error ignored;
    arena_reset(&segment->arena);
    enum status status = collect_headers(record, &segment->arena, &headers, &headers_count, error);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *item = json_made(json_object());
    json_put(item, "offset", json_integer(record->offset));
    json_put(item, "timestamp", json_integer(record->timestamp));
    if (is_control && control_record_read_key(record->key, &type, &ignored) == STATUS_OK) {
        json_put(item, "marker", json_string(control_record_type_text(type)));
    }
    if (!client_record_put_content(item, record->key, record->value, headers, headers_count,
                                   &segment->arena)) {
        json_decref(item);
        return error_set(error, STATUS_NO_MEMORY, "no memory for a record of %d bytes",
                         record->size);
    }
    log_dump_item(segment->dump, "record", item);
    return STATUS_OK;
}

/* Prints the records up to the first that is damaged, which is a finding only when nobody verifies
 * the segment afterwards. */
static enum status dump_records(struct segment_dump *segment,
                                const struct record_batch_header *header, struct bytes batch,
                                struct error *error)
{
    struct record_iterator iterator;
    struct record record;
    enum record_step step = RECORD_STEP_DAMAGED;
    enum status status =
        record_iterator_open(&iterator, batch, header, &segment->decompression, error);
    if (status == STATUS_NO_MEMORY) {
        return status;
    }
    while (status == STATUS_OK) {
        step = record_iterator_next(&iterator, &record, error);
        if (step != RECORD_STEP_RECORD) {
            break;
        }
        status = dump_record(segment, record_batch_is_control(header), &record, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (step == RECORD_STEP_DAMAGED && !segment->dump->verify) {
        log_dump_finding(segment->dump, segment->dump->path, error->text);
    }
    return STATUS_OK;
}

static enum status dump_batch(void *context, const struct record_batch_header *header,
                              struct bytes batch, uint64_t position, struct error *error)
{
    struct segment_dump *segment = context;
    segment->batches_count++;
    segment->records_count += header->record_count;
    if (segment->dump->quiet) {
        return STATUS_OK;
    }
    log_dump_item(segment->dump, "batch", batch_item(header, position));
    return segment->dump->with_records ? dump_records(segment, header, batch, error) : STATUS_OK;
}

static void take_finding(void *context, const char *path, const char *sentence)
{
    struct segment_dump *segment = context;
    log_dump_finding(segment->dump, path, sentence);
}

static enum status verify(struct segment_dump *segment, const char *path, json_t *summary,
                          struct error *error)
{
    struct segment_verification verification = {
        .files = segment->dump->files,
        .path = path,
        .decompression = &segment->decompression,
        .find = take_finding,
        .context = segment,
    };
    enum status status = segment_verify(&verification, error);
    json_put(summary, "index_entries", json_integer(verification.index_entries_count));
    json_put(summary, "blocks_checked", json_integer(verification.blocks_known_count));
    return status;
}

/* Framing is always checked; checksums are when verifying. */
static enum status scan(struct segment_dump *segment, const char *path, int64_t base_offset,
                        json_t *summary, struct error *error)
{
    struct log_dump *dump = segment->dump;
    struct file_status file_status;
    enum status status = dump->files->stat(dump->files, path, &file_status, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct segment_scan scanned = {
        .files = dump->files,
        .path = path,
        .size = file_status.size,
        .next_offset = base_offset,
        .verify_from = INT64_MAX,
        .contiguous_from = INT64_MAX,
        .visit = dump_batch,
        .context = segment,
    };
    status = segment_scan(&scanned, error);
    json_put(summary, "batches", json_integer(segment->batches_count));
    json_put(summary, "records", json_integer(segment->records_count));
    json_put(summary, "size", json_integer((json_int_t)scanned.position));
    json_put(summary, "next_offset", json_integer(scanned.next_offset));
    if (status == STATUS_CORRUPT) {
        if (!dump->verify) {
            log_dump_finding(dump, path, error->text);
        }
        return STATUS_OK;
    }
    return status;
}

enum status log_dump_segment(struct log_dump *dump, const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    const char *suffix;
    int64_t base_offset = 0;
    struct compression_buffer buffer;
    struct segment_dump segment = {.dump = dump};
    if (!log_file_name_parse(slash != NULL ? slash + 1 : path, &base_offset, &suffix) ||
        strcmp(suffix, LOG_SUFFIX_SEGMENT) != 0) {
        return error_set(error, STATUS_UNSUPPORTED, "%s: a segment's name is an offset and .log",
                         path);
    }
    compression_buffer_init(&buffer);
    arena_init(&segment.arena, RECORD_ARENA_SIZE_MAX);
    segment.decompression = (struct record_decompression){compression_context_create(), &buffer,
                                                          LOG_DUMP_RECORDS_SIZE_MAX};
    json_t *summary = json_made(json_object());
    enum status status = segment.decompression.context != NULL
                             ? scan(&segment, path, base_offset, summary, error)
                             : error_set(error, STATUS_NO_MEMORY, "no memory for codecs");
    if (status == STATUS_OK && dump->verify) {
        status = verify(&segment, path, summary, error);
    }
    if (status == STATUS_OK) {
        log_dump_summary(dump, summary);
    } else {
        json_decref(summary);
    }
    compression_context_destroy(segment.decompression.context);
    compression_buffer_clear(&buffer);
    arena_clear(&segment.arena);
    return status;
}
