#include "storage/log/segment_scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/assert.h"

#define WINDOW_SIZE ((size_t)1024 * 1024)

struct window {
    uint8_t *data;
    size_t capacity;
    uint64_t position; /* In the file. */
    size_t size;
};

/* Makes [position, position + size) of the file lie in the window; less at the end of the file. */
static enum status fill(struct segment_scan *scan, struct file *file, struct window *window,
                        size_t size, struct error *error)
{
    if (scan->position >= window->position &&
        scan->position + size <= window->position + window->size) {
        return STATUS_OK;
    }
    if (size > window->capacity) {
        uint8_t *data = realloc(window->data, size);
        if (data == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a batch of %zu bytes",
                             scan->path, size);
        }
        window->data = data;
        window->capacity = size;
    }
    uint64_t rest = scan->size - scan->position;
    size_t wanted = rest < window->capacity ? (size_t)rest : window->capacity;
    window->position = scan->position;
    window->size = 0;
    return scan->files->read(file, scan->position, window->data, wanted, &window->size, error);
}

static struct bytes rest_of(const struct segment_scan *scan, const struct window *window)
{
    size_t skipped = (size_t)(scan->position - window->position);
    return (struct bytes){window->data + skipped, window->size - skipped};
}

static bool is_zero(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

static enum status bad_batch(const struct segment_scan *scan, const char *text, struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "%s: at position %" PRIu64 ", offset %" PRId64 ": %s",
                     scan->path, scan->position, scan->next_offset, text);
}

/* The first batch of a scan has another before it that was not seen, unless it is the file's. */
static bool is_contiguous(const struct segment_scan *scan, const struct record_batch_header *header)
{
    return (scan->position == 0 || scan->has_begun) &&
           record_batch_last_offset(header) >= scan->contiguous_from;
}

/* The batch at the scan's position, whole in the window. */
static enum status next_batch(struct segment_scan *scan, struct file *file, struct window *window,
                              struct record_batch_header *header, struct error *error)
{
    enum status status = fill(scan, file, window, RECORD_BATCH_HEADER_SIZE, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes bytes = rest_of(scan, window);
    size_t front = bytes.size < RECORD_BATCH_HEADER_SIZE ? bytes.size : RECORD_BATCH_HEADER_SIZE;
    if (is_zero((struct bytes){bytes.data, front})) {
        scan->ends_in_zeros = true;
        return STATUS_OK;
    }
    enum record_batch_decision found = record_batch_header_read(bytes, header);
    if (found == RECORD_BATCH_INCOMPLETE &&
        record_batch_size(header) <= scan->size - scan->position) {
        status = fill(scan, file, window, record_batch_size(header), error);
        if (status != STATUS_OK) {
            return status;
        }
        bytes = rest_of(scan, window);
        found = record_batch_header_read(bytes, header);
    }
    if (found == RECORD_BATCH_OK && record_batch_last_offset(header) >= scan->verify_from) {
        found = record_batch_verify(bytes, header);
    }
    if (found != RECORD_BATCH_OK) {
        return bad_batch(scan, record_batch_decision_text(found), error);
    }
    if (header->base_offset < scan->next_offset || header->last_offset_delta < 0) {
        return bad_batch(scan, "offsets go back", error);
    }
    if (header->base_offset > scan->next_offset && is_contiguous(scan, header)) {
        return bad_batch(scan, "offsets are missing", error);
    }
    if (record_batch_last_offset(header) - scan->next_offset > INT32_MAX) {
        return bad_batch(scan, "offsets jump further than a segment reaches", error);
    }
    return STATUS_OK;
}

static enum status walk(struct segment_scan *scan, struct file *file, struct window *window,
                        struct error *error)
{
    while (scan->position < scan->size) {
        struct record_batch_header header;
        enum status status = next_batch(scan, file, window, &header, error);
        if (status != STATUS_OK || scan->ends_in_zeros) {
            return status;
        }
        struct bytes batch = {rest_of(scan, window).data, record_batch_size(&header)};
        status = scan->visit == NULL
                     ? STATUS_OK
                     : scan->visit(scan->context, &header, batch, scan->position, error);
        if (status != STATUS_OK) {
            return status;
        }
        scan->position += batch.size;
        scan->next_offset = record_batch_next_offset(&header);
        scan->has_begun = true;
    }
    return STATUS_OK;
}

enum status segment_scan(struct segment_scan *scan, struct error *error)
{
    ASSERT(scan->position <= scan->size);
    scan->ends_in_zeros = false;
    scan->has_begun = false;
    if (scan->position == scan->size) {
        return STATUS_OK;
    }
    struct file *file = NULL;
    enum status status = scan->files->open(scan->files, scan->path, 0, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t rest = scan->size - scan->position;
    struct window window = {
        .capacity = rest < WINDOW_SIZE ? (size_t)rest : WINDOW_SIZE,
    };
    window.data = malloc(window.capacity);
    status = window.data == NULL
                 ? error_set(error, STATUS_NO_MEMORY, "%s: no memory to read it", scan->path)
                 : walk(scan, file, &window, error);
    free(window.data);
    file_release(file);
    return status;
}
