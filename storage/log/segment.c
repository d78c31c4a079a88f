#include "storage/log/segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/log/log_file_name.h"

struct segment *segment_create(struct log_context *context, int64_t base_offset, uint64_t size)
{
    ASSERT(base_offset >= 0);
    struct segment *segment = calloc(1, sizeof *segment);
    if (segment == NULL) {
        return NULL;
    }
    segment->context = context;
    segment->base_offset = base_offset;
    segment->size = size;
    segment->written_from = size;
    segment->max_timestamp_ms = size == 0 ? -1 : SEGMENT_TIMESTAMP_UNKNOWN;
    segment->max_timestamp_offset = base_offset;
    segment->first_timestamp_ms = size == 0 ? -1 : SEGMENT_TIMESTAMP_UNKNOWN;
    segment->references = 1;
    return segment;
}

bool segment_is_verified(const struct segment *segment, uint64_t position, uint64_t size)
{
    uint64_t end = position + size;
    end = end < segment->written_from ? end : segment->written_from;
    if (position >= end) {
        return true;
    }
    for (unsigned i = 0; i < SEGMENT_VERIFIED_MAX; i++) {
        const struct verified_range *range = &segment->verified[i];
        if (range->position <= position && end <= range->end) {
            return true;
        }
    }
    return false;
}

void segment_set_verified(struct segment *segment, uint64_t position, uint64_t size)
{
    uint64_t end = position + size;
    for (unsigned i = 0; i < SEGMENT_VERIFIED_MAX; i++) {
        struct verified_range *range = &segment->verified[i];
        if (range->position < range->end && position <= range->end && range->position <= end) {
            range->position = position < range->position ? position : range->position;
            range->end = end > range->end ? end : range->end;
            return;
        }
    }
    segment->verified[segment->verified_next] = (struct verified_range){position, end};
    segment->verified_next = (segment->verified_next + 1) % SEGMENT_VERIFIED_MAX;
}

/* What is cut off is written anew, by this process. */
void segment_cut_verified(struct segment *segment, uint64_t position)
{
    segment->written_from = position < segment->written_from ? position : segment->written_from;
}

void segment_release(struct segment *segment)
{
    if (segment == NULL) {
        return;
    }
    ASSERT(segment->references > 0);
    if (--segment->references > 0) {
        return;
    }
    ASSERT(!segment->is_flushing);
    segment_file_close(segment->file);
    segment_indexes_destroy(segment->indexes);
    if (segment->checksums != NULL) {
        block_checksums_clear(segment->checksums);
        free(segment->checksums);
    }
    free(segment);
}

enum status segment_open_file(struct segment *segment, const char *directory,
                              enum write_engine engine, struct error *error)
{
    if (segment->file != NULL) {
        return STATUS_OK;
    }
    struct log_path path;
    log_path_of_offset(&path, directory, segment->base_offset, LOG_SUFFIX_SEGMENT);
    return segment_file_open(&segment->context->segment_files, path.text, segment->size,
                             segment->is_writable, engine, &segment->file, error);
}

struct segment_indexes *segment_indexes_create(int64_t base_offset)
{
    struct segment_indexes *indexes = calloc(1, sizeof *indexes);
    if (indexes != NULL) {
        offset_index_init(&indexes->offsets, base_offset);
        time_index_init(&indexes->times, base_offset);
        aborted_index_init(&indexes->aborted);
    }
    return indexes;
}

void segment_indexes_destroy(struct segment_indexes *indexes)
{
    if (indexes != NULL) {
        offset_index_clear(&indexes->offsets);
        time_index_clear(&indexes->times);
        aborted_index_clear(&indexes->aborted);
        free(indexes);
    }
}

enum status segment_indexes_load(struct file_system *files, const char *directory,
                                 int64_t base_offset, uint64_t size, int64_t end_offset,
                                 struct segment_indexes **indexes_out, struct error *error)
{
    struct segment_indexes *indexes = segment_indexes_create(base_offset);
    if (indexes == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the indexes of a segment");
    }
    const struct {
        const char *suffix;
        struct index_entries *entries;
    } parts[] = {
        {LOG_SUFFIX_OFFSET_INDEX, &indexes->offsets.entries},
        {LOG_SUFFIX_TIME_INDEX, &indexes->times.entries},
        {LOG_SUFFIX_ABORTED_INDEX, &indexes->aborted.entries},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_OK; i++) {
        struct log_path path;
        log_path_of_offset(&path, directory, base_offset, parts[i].suffix);
        status = index_entries_load(parts[i].entries, files, path.text, error);
    }
    if (status != STATUS_OK) {
        segment_indexes_destroy(indexes);
        return status;
    }
    offset_index_trim(&indexes->offsets, size);
    time_index_trim(&indexes->times, end_offset);
    aborted_index_trim(&indexes->aborted, base_offset, end_offset);
    *indexes_out = indexes;
    return STATUS_OK;
}

void segment_take_indexes(struct segment *segment, struct segment_indexes *indexes)
{
    segment_indexes_destroy(segment->indexes);
    segment->indexes = indexes;
    if (segment->max_timestamp_ms == SEGMENT_TIMESTAMP_UNKNOWN && !segment->is_writable &&
        time_index_count(&indexes->times) > 0) {
        struct time_index_entry last = time_index_last(&indexes->times);
        segment->max_timestamp_ms = last.timestamp_ms;
        segment->max_timestamp_offset = last.offset;
    }
}

enum status segment_index_batch(struct segment *segment, const struct record_batch_header *header,
                                uint64_t position, int32_t index_interval_bytes,
                                struct error *error)
{
    int64_t last_offset = record_batch_last_offset(header);
    if (last_offset - segment->base_offset > INT32_MAX) {
        return error_set(error, STATUS_CORRUPT,
                         "offset %" PRId64 " is too far from the segment's first, %" PRId64,
                         last_offset, segment->base_offset);
    }
    int64_t max_ms = segment->max_timestamp_ms;
    int64_t max_offset = segment->max_timestamp_offset;
    if (max_ms == SEGMENT_TIMESTAMP_UNKNOWN || header->max_timestamp > max_ms) {
        max_ms = header->max_timestamp;
        max_offset = last_offset;
    }
    if (segment->bytes_since_index > (uint32_t)index_interval_bytes) {
        struct segment_indexes *indexes = segment->indexes;
        enum status status = index_entries_reserve(&indexes->times.entries, error);
        if (status == STATUS_OK) {
            status = offset_index_add(&indexes->offsets, last_offset, (uint32_t)position, error);
        }
        if (status == STATUS_OK) {
            status = time_index_add(&indexes->times, max_ms, max_offset, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        segment->bytes_since_index = 0;
    }
    segment->bytes_since_index += (uint32_t)record_batch_size(header);
    segment->max_timestamp_ms = max_ms;
    segment->max_timestamp_offset = max_offset;
    if (position == 0) {
        segment->first_timestamp_ms = header->max_timestamp;
    }
    return STATUS_OK;
}

enum status segment_append(struct segment *segment, const uint8_t header[RECORD_BATCH_HEADER_SIZE],
                           struct bytes rest, struct error *error)
{
    ASSERT(segment->file != NULL && segment->checksums != NULL);
    struct bytes front = {header, RECORD_BATCH_HEADER_SIZE};
    enum status status = segment_file_append_pair(segment->file, front, rest, error);
    if (status != STATUS_OK) {
        return status;
    }
    block_checksums_extend(segment->checksums, front);
    block_checksums_extend(segment->checksums, rest);
    segment->size += front.size + rest.size;
    return STATUS_OK;
}

bool segment_must_roll(const struct segment *segment, const struct record_batch_header *header,
                       int64_t last_offset, const struct log_config *config, int64_t jitter_ms,
                       int64_t now_ms)
{
    uint64_t size = record_batch_size(header);
    if (last_offset - segment->base_offset > INT32_MAX) {
        return true;
    }
    if (segment->size == 0) {
        return false;
    }
    if (segment->size + size > (uint64_t)config->segment_bytes ||
        segment->size + size > SEGMENT_SIZE_MAX) {
        return true;
    }

    /* Kafka's rule: record time when there is any, so that a replayed topic rolls as the first. */
    int64_t first_ms = segment->first_timestamp_ms;
    int64_t waited_ms = first_ms >= 0 && header->max_timestamp >= 0
                            ? header->max_timestamp - first_ms
                            : now_ms - segment->modified_ms;
    if (config->segment_ms < INT64_MAX && waited_ms > config->segment_ms - jitter_ms) {
        return true;
    }

    const struct segment_indexes *indexes = segment->indexes;
    uint32_t bytes_max = (uint32_t)config->segment_index_bytes;
    return offset_index_count(&indexes->offsets) >= bytes_max / OFFSET_INDEX_ENTRY_SIZE ||
           time_index_count(&indexes->times) + 1 >= bytes_max / TIME_INDEX_ENTRY_SIZE;
}

enum status segment_finish_indexes(struct segment *segment, struct error *error)
{
    if (segment->max_timestamp_ms < 0) {
        return STATUS_OK;
    }
    return time_index_add(&segment->indexes->times, segment->max_timestamp_ms,
                          segment->max_timestamp_offset, error);
}

void batch_cursor_init(struct batch_cursor *cursor, struct segment *segment, uint64_t position,
                       bool may_block)
{
    ASSERT(segment->file != NULL);
    cursor->segment = segment;
    cursor->position = position;
    cursor->may_block = may_block;
    cursor->window_position = 0;
    cursor->window_size = 0;
}

static enum status no_batch(const struct batch_cursor *cursor, struct error *error)
{
    return error_set(error, STATUS_CORRUPT,
                     "segment %" PRId64 ": there is no record batch at position %" PRIu64,
                     cursor->segment->base_offset, cursor->position);
}

static enum status fill_window(struct batch_cursor *cursor, struct error *error)
{
    uint64_t rest = cursor->segment->size - cursor->position;
    size_t size = rest < sizeof cursor->window ? (size_t)rest : sizeof cursor->window;
    enum status status = segment_file_read(cursor->segment->file, cursor->position, cursor->window,
                                           size, cursor->may_block, error);
    if (status == STATUS_OK) {
        cursor->window_position = cursor->position;
        cursor->window_size = size;
    }
    return status;
}

enum status batch_cursor_read(struct batch_cursor *cursor, struct record_batch_header *header,
                              struct error *error)
{
    const struct segment *segment = cursor->segment;
    if (cursor->position >= segment->size) {
        return error_set(error, STATUS_NOT_FOUND, "segment %" PRId64 " ends at %" PRIu64,
                         segment->base_offset, segment->size);
    }
    if (segment->size - cursor->position < RECORD_BATCH_HEADER_SIZE) {
        return no_batch(cursor, error);
    }
    if (cursor->position < cursor->window_position ||
        cursor->position + RECORD_BATCH_HEADER_SIZE >
            cursor->window_position + cursor->window_size) {
        enum status status = fill_window(cursor, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    size_t skipped = (size_t)(cursor->position - cursor->window_position);
    struct bytes bytes = {cursor->window + skipped, cursor->window_size - skipped};
    struct record_batch_header found;
    enum record_batch_decision decision = record_batch_header_read(bytes, &found);
    if ((decision != RECORD_BATCH_OK && decision != RECORD_BATCH_INCOMPLETE) ||
        record_batch_size(&found) > segment->size - cursor->position ||
        found.base_offset < segment->base_offset || found.last_offset_delta < 0) {
        return no_batch(cursor, error);
    }
    *header = found;
    return STATUS_OK;
}

/* The batch where the index says that the search for `offset` begins. The index is a hint: where it
 * points to no batch, or behind the one that is looked for, the entry before it is tried. */
static enum status begin_at_index(struct batch_cursor *cursor, int64_t offset,
                                  struct record_batch_header *header, struct error *error)
{
    const struct offset_index *index = &cursor->segment->indexes->offsets;
    uint64_t position = offset_index_floor(index, offset).position;
    for (;;) {
        cursor->position = position;
        enum status status = batch_cursor_read(cursor, header, error);
        bool is_before = status == STATUS_OK && header->base_offset <= offset;
        if (position == 0 || is_before || (status != STATUS_OK && status != STATUS_CORRUPT)) {
            return status;
        }
        position = offset_index_floor_position(index, position - 1).position;
    }
}

/* From there to the first batch that ends at or above `offset`. */
enum status segment_locate(struct segment *segment, int64_t offset, bool may_block,
                           uint64_t *position, struct record_batch_header *header,
                           struct error *error)
{
    struct batch_cursor cursor;
    struct record_batch_header found;
    batch_cursor_init(&cursor, segment, 0, may_block);
    enum status status = begin_at_index(&cursor, offset, &found, error);
    while (status == STATUS_OK && record_batch_last_offset(&found) < offset) {
        cursor.position += record_batch_size(&found);
        status = batch_cursor_read(&cursor, &found, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *position = cursor.position;
    *header = found;
    return STATUS_OK;
}

/* Moves the end of the range forward over whole batches, from a batch that the index names near
 * the limit, so that a large read costs as few headers as a small one. */
static enum status extend_range(struct segment *segment, int64_t upper_offset, uint64_t limit,
                                bool may_block, struct segment_range *range, struct error *error)
{
    const struct offset_index *index = &segment->indexes->offsets;
    struct offset_index_entry by_offset = offset_index_floor(index, upper_offset - 1);
    struct offset_index_entry by_position = offset_index_floor_position(index, limit);
    uint64_t near =
        by_offset.position < by_position.position ? by_offset.position : by_position.position;
    uint64_t end = range->position + range->size;
    struct batch_cursor cursor;
    batch_cursor_init(&cursor, segment, near > end ? near : end, may_block);
    for (;;) {
        struct record_batch_header header;
        enum status status = batch_cursor_read(&cursor, &header, error);
        if (status == STATUS_NOT_FOUND) {
            break;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (near > end && cursor.position == near) {
            range->next_offset = header.base_offset;
        }
        if (cursor.position + record_batch_size(&header) > limit ||
            record_batch_last_offset(&header) >= upper_offset) {
            break;
        }
        range->next_offset = record_batch_next_offset(&header);
        cursor.position += record_batch_size(&header);
    }
    range->size = cursor.position - range->position;
    return STATUS_OK;
}

enum status segment_find_range(struct segment *segment, const struct log_read_request *request,
                               int64_t end_offset, bool may_block, struct segment_range *range,
                               struct error *error)
{
    struct record_batch_header header;
    uint64_t position = 0;
    enum status status =
        segment_locate(segment, request->offset, may_block, &position, &header, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct segment_range found = {
        .position = position,
        .first_offset = header.base_offset,
        .next_offset = header.base_offset,
    };
    size_t first_size = record_batch_size(&header);
    bool fits = first_size <= request->bytes_max;
    if (record_batch_last_offset(&header) < request->upper_offset &&
        (fits || request->at_least_one)) {
        found.size = first_size;
        found.next_offset = record_batch_next_offset(&header);
        if (fits) {
            uint64_t limit = position + request->bytes_max;
            if (request->upper_offset >= end_offset && segment->size <= limit) {
                found.size = segment->size - position;
                found.next_offset = end_offset;
            } else {
                status =
                    extend_range(segment, request->upper_offset, limit, may_block, &found, error);
            }
        }
    }
    if (status == STATUS_OK) {
        found.to_end = found.position + found.size == segment->size;
        *range = found;
    }
    return status;
}
