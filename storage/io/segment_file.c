/* A flush in progress (segment_file.h):
 *
 *     direct    [block of durable_end, end) in chunks of DISK_PIECES_MAX pieces, one after the
 *               other; the last, partial block is a copy, padded with zeros. A chunk that reaches
 *               into zeros being written ahead waits for them (segment_ahead.h).
 *     buffered  everything was handed to the page cache when the flush began; what is under way is
 *               DISK_SYNC, or DISK_NOTHING when durability was not asked for.
 *
 * durable_end only moves when the disk has said so, chunk by chunk. */
#include "storage/io/segment_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "storage/io/open_files.h"
#include "storage/io/segment_ahead.h"
#include "storage/io/segment_cache.h"
#include "storage/io/segment_tail.h"

/* Plain writes into the page cache are fastest in pieces of this size. */
#define BUFFERED_WRITE_SIZE_MAX (64u * 1024)
/* How far apart is_resident() looks. The kernel reads ahead and evicts in larger runs. */
#define RESIDENT_PROBE_DISTANCE (32u * 1024)

/* What a file needs only while it has bytes that have not left memory. */
struct segment_flush {
    uint8_t last_block[BUFFER_ALIGNMENT]; /* First: aligned. */
    struct disk_operation operation;
    struct segment_file *file;
    uint64_t end;       /* Everything before it is to be brought to the disk. */
    uint64_t chunk_end; /* What the operation under way covers of that. */
    bool under_way;
    bool waits_for_ahead;
    segment_flushed_fn *flushed;
    void *context;
};

struct segment_file {
    struct segment_file_context *context;
    char *path;
    struct segment_tail tail;
    struct segment_ahead ahead;
    struct open_file writer; /* Direct, or both for the buffered engine. */
    struct open_file reader;
    struct segment_flush *flush; /* NULL while there is nothing to write. */
    uint64_t durable_end;
    uint64_t written_end;
    enum write_engine engine;
    bool writable;
    bool sealed;
    bool failed;
};

static uint64_t round_down(uint64_t position)
{
    return position / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
}

static uint64_t round_up(uint64_t position)
{
    return round_down(position + BUFFER_ALIGNMENT - 1);
}

/* ---- descriptors ---- */

static enum status use_writer(struct segment_file *file, struct file **opened, struct error *error)
{
    unsigned flags = FILE_WRITE | (file->engine == WRITE_ENGINE_DIRECT ? FILE_DIRECT : 0);
    return open_files_use(file->context->open_files, file->context->files, &file->writer,
                          file->path, flags, opened, error);
}

static enum status use_reader(struct segment_file *file, struct file **opened, struct error *error)
{
    if (file->writable && file->engine == WRITE_ENGINE_BUFFERED) {
        return use_writer(file, opened, error);
    }
    return open_files_use(file->context->open_files, file->context->files, &file->reader,
                          file->path, 0, opened, error);
}

/* ---- opening and closing ---- */

static void resume_flush(void *context);

/* What lies behind the end is from before a crash: it must never be taken for data again, and the
 * next bytes may make it look like some. */
static enum status cut(struct segment_file *file, uint64_t end, struct error *error)
{
    struct file_system *files = file->context->files;
    struct file *writer;
    enum status status = use_writer(file, &writer, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t size = 0;
    status = files->size(writer, &size, error);
    if (status != STATUS_OK || size == end) {
        return status;
    }
    if (size < end) {
        return error_set(error, STATUS_CORRUPT, "%s: %llu bytes, expected are %llu", file->path,
                         (unsigned long long)size, (unsigned long long)end);
    }
    file_retain(writer);
    status = files->truncate(writer, end, error);
    if (status == STATUS_OK) {
        status = files->sync(writer, error);
    }
    file_release(writer);
    return status;
}

/* Opens for writing, and finds out which engine it will be. */
static enum status open_writer(struct segment_file *file, enum write_engine engine,
                               struct error *error)
{
    struct segment_file_context *context = file->context;
    struct file *writer;
    enum status status = STATUS_UNSUPPORTED;
    file->engine = engine;
    if (engine == WRITE_ENGINE_DIRECT) {
        status = open_files_use(context->open_files, context->files, &file->writer, file->path,
                                FILE_WRITE | FILE_CREATE | FILE_DIRECT, &writer, error);
    }
    if (status == STATUS_UNSUPPORTED) {
        file->engine = WRITE_ENGINE_BUFFERED;
        status = open_files_use(context->open_files, context->files, &file->writer, file->path,
                                FILE_WRITE | FILE_CREATE, &writer, error);
    }
    return status;
}

enum status segment_file_open(struct segment_file_context *context, const char *path, uint64_t end,
                              bool writable, enum write_engine engine, struct segment_file **file,
                              struct error *error)
{
    struct segment_file *opened = calloc(1, sizeof *opened);
    char *own_path = strdup(path);
    if (opened == NULL || own_path == NULL) {
        free(opened);
        free(own_path);
        return error_set(error, STATUS_NO_MEMORY, "open %s: out of memory", path);
    }
    opened->context = context;
    opened->path = own_path;
    opened->engine = engine;
    opened->writable = writable;
    opened->durable_end = end;
    opened->written_end = end;
    segment_tail_init(&opened->tail, context->cache, context->buffers, end);

    enum status status = writable ? open_writer(opened, engine, error) : STATUS_OK;
    if (status == STATUS_OK && writable) {
        status = cut(opened, end, error);
    }
    segment_ahead_init(&opened->ahead, opened->engine == WRITE_ENGINE_DIRECT, end, resume_flush,
                       opened);
    if (status != STATUS_OK) {
        segment_file_close(opened);
        return status;
    }
    *file = opened;
    return STATUS_OK;
}

void segment_file_close(struct segment_file *file)
{
    if (file == NULL) {
        return;
    }
    ASSERT(file->flush == NULL || !file->flush->under_way);
    segment_ahead_wait(&file->ahead, file->context->queue);
    segment_tail_clear(&file->tail);
    open_files_forget(file->context->open_files, &file->writer);
    open_files_forget(file->context->open_files, &file->reader);
    free(file->flush);
    free(file->path);
    free(file);
}

enum write_engine segment_file_engine(const struct segment_file *file)
{
    return file->engine;
}

uint64_t segment_file_end(const struct segment_file *file)
{
    return file->tail.end;
}

uint64_t segment_file_durable_end(const struct segment_file *file)
{
    return file->durable_end;
}

uint64_t segment_file_written_end(const struct segment_file *file)
{
    return file->written_end;
}

bool segment_file_failed(const struct segment_file *file)
{
    return file->failed;
}

/* ---- appending ---- */

static bool make_flush(struct segment_file *file)
{
    if (file->flush == NULL) {
        file->flush = aligned_alloc(BUFFER_ALIGNMENT, round_up(sizeof *file->flush));
        if (file->flush == NULL) {
            return false;
        }
        memset(file->flush, 0, sizeof *file->flush);
        file->flush->file = file;
    }
    return true;
}

/* The last, partial block has left memory: it will be written again, so it is read again. */
static enum status bring_block_back(struct segment_file *file, struct error *error)
{
    if (!segment_tail_needs_block(&file->tail)) {
        return STATUS_OK;
    }
    uint64_t start = round_down(file->tail.end);
    size_t size = (size_t)(file->tail.end - start);
    uint8_t *block = segment_tail_add_block(&file->tail);
    if (block == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "append to %s: no buffer is free", file->path);
    }
    struct file *reader;
    size_t count = 0;
    enum status status = use_reader(file, &reader, error);
    if (status == STATUS_OK) {
        status = file->context->files->read(reader, start, block, size, &count, error);
    }
    if (status == STATUS_OK && count != size) {
        status = error_set(error, STATUS_IO, "%s: only %zu of %zu bytes at %llu", file->path, count,
                           size, (unsigned long long)start);
    }
    if (status != STATUS_OK) {
        segment_tail_drop_block(&file->tail);
    }
    return status;
}

enum status segment_file_append(struct segment_file *file, struct bytes bytes, struct error *error)
{
    return segment_file_append_pair(file, bytes, BYTES_NULL, error);
}

enum status segment_file_append_pair(struct segment_file *file, struct bytes first,
                                     struct bytes second, struct error *error)
{
    ASSERT(file->writable && !file->sealed);
    if (file->failed) {
        return error_set(error, STATUS_IO, "append to %s: an earlier write failed", file->path);
    }
    if (!make_flush(file)) {
        return error_set(error, STATUS_NO_MEMORY, "append to %s: out of memory", file->path);
    }
    enum status status = bring_block_back(file, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!segment_tail_append(&file->tail, first, second, file->tail.end - file->written_end)) {
        return error_set(error, STATUS_NO_MEMORY, "append to %s: no buffer is free", file->path);
    }
    return STATUS_OK;
}

/* ---- flushing ---- */

static void operation_done(struct disk_operation *operation);

static void submit(struct segment_flush *flush, enum disk_operation_kind kind, struct file *writer)
{
    flush->operation.kind = kind;
    flush->operation.file = writer;
    flush->operation.done = operation_done;
    flush->file->context->queue->submit(flush->file->context->queue, &flush->operation);
}

/* Ends the flush by way of the queue, because `flushed` is only called from reap(). */
static void submit_result(struct segment_flush *flush, enum status status,
                          const struct error *error)
{
    flush->chunk_end = flush->file->durable_end;
    flush->end = flush->chunk_end;
    flush->operation.status = status;
    if (status != STATUS_OK) {
        flush->operation.error = *error;
    }
    submit(flush, DISK_NOTHING, NULL);
}

/* What a later flush may try again is told apart from what is final. */
static enum status flush_status(enum status status)
{
    bool again = status == STATUS_NO_SPACE || status == STATUS_LIMIT || status == STATUS_NO_MEMORY;
    return status == STATUS_OK ? STATUS_OK : again ? STATUS_NO_SPACE : STATUS_IO;
}

/* Fills in the pieces of the next chunk and returns where it ends in the file, padded. */
static uint64_t next_chunk(struct segment_flush *flush)
{
    const struct segment_file *file = flush->file;
    struct disk_operation *operation = &flush->operation;
    uint64_t from = round_down(file->durable_end);
    uint64_t whole_end = round_down(flush->end);
    uint64_t end = from;
    operation->position = from;
    operation->pieces_count = 0;
    if (whole_end > from) {
        end = segment_tail_pieces(&file->tail, from, whole_end, operation->pieces,
                                  DISK_PIECES_MAX - 1, &operation->pieces_count);
    }
    flush->chunk_end = end;
    if (end == whole_end && flush->end > whole_end) {
        size_t size = (size_t)(flush->end - whole_end);
        segment_tail_copy(&file->tail, whole_end, flush->last_block, size);
        memset(flush->last_block + size, 0, BUFFER_ALIGNMENT - size);
        operation->pieces[operation->pieces_count++] =
            (struct disk_piece){flush->last_block, BUFFER_ALIGNMENT};
        flush->chunk_end = flush->end;
        end += BUFFER_ALIGNMENT;
    }
    return end;
}

static void write_chunk(struct segment_flush *flush)
{
    struct segment_file *file = flush->file;
    struct error error;
    struct file *writer;
    enum status status = use_writer(file, &writer, &error);
    if (status != STATUS_OK) {
        submit_result(flush, flush_status(status), &error);
        return;
    }
    uint64_t chunk_end = next_chunk(flush);
    if (segment_ahead_blocks(&file->ahead, chunk_end)) {
        flush->waits_for_ahead = true;
        return;
    }
    submit(flush, DISK_WRITE_DURABLE, writer);
}

/* A step of zeros has ended. */
static void resume_flush(void *context)
{
    struct segment_file *file = context;
    if (file->flush != NULL && file->flush->waits_for_ahead) {
        file->flush->waits_for_ahead = false;
        write_chunk(file->flush);
    }
}

/* Hands everything before `end` to the page cache. written_end says how far it came. */
static enum status write_buffered(struct segment_file *file, struct file *writer, uint64_t end,
                                  struct error *error)
{
    while (file->written_end < end) {
        struct disk_piece piece;
        unsigned count;
        uint64_t to = end - file->written_end > BUFFERED_WRITE_SIZE_MAX
                          ? file->written_end + BUFFERED_WRITE_SIZE_MAX
                          : end;
        to = segment_tail_pieces(&file->tail, file->written_end, to, &piece, 1, &count);
        enum status status =
            file->context->files->write(writer, file->written_end, piece.memory, piece.size, error);
        if (status != STATUS_OK) {
            return status;
        }
        file->written_end = to;
        file->tail.evictable_end = to;
    }
    return STATUS_OK;
}

static void flush_buffered(struct segment_flush *flush, bool durable)
{
    struct segment_file *file = flush->file;
    struct error error;
    struct file *writer;
    enum status status = use_writer(file, &writer, &error);
    if (status == STATUS_OK) {
        status = write_buffered(file, writer, flush->end, &error);
    }
    segment_cache_trim(file->context->cache);
    if (status != STATUS_OK || !durable) {
        submit_result(flush, flush_status(status), &error);
    } else {
        flush->chunk_end = flush->end;
        submit(flush, DISK_SYNC, writer);
    }
}

void segment_file_flush(struct segment_file *file, bool durable, segment_flushed_fn *flushed,
                        void *context)
{
    ASSERT(file->writable && flushed != NULL);
    /* Appending has made one; a flush that only syncs may need one and has no way to refuse. */
    bool made = make_flush(file);
    ASSERT(made && !file->flush->under_way);
    struct segment_flush *flush = file->flush;
    flush->under_way = true;
    flush->end = file->tail.end;
    flush->flushed = flushed;
    flush->context = context;

    uint64_t size = flush->end - file->written_end;
    if (file->failed) {
        struct error error;
        enum status status =
            error_set(&error, STATUS_IO, "flush %s: an earlier write failed", file->path);
        submit_result(flush, status, &error);
        return;
    }
    if (flush->end == file->durable_end) {
        submit_result(flush, STATUS_OK, NULL);
        return;
    }
    if (file->engine == WRITE_ENGINE_DIRECT) {
        write_chunk(flush);
    } else {
        flush_buffered(flush, durable);
    }
    if (file->writer.file != NULL && size > 0) {
        segment_ahead_flushing(&file->ahead, file->writer.file, file->context->queue,
                               file->context->cache, flush->end, size);
    }
}

/* Tells the caller, who may flush again or close the file: nothing is touched after. */
static void finish(struct segment_flush *flush, enum status status, struct error *error)
{
    struct segment_file *file = flush->file;
    struct error told;
    if (status != STATUS_OK) {
        told = *error;
        told.status = status;
        status = error_wrap(&told, "flush %s", file->path);
        file->failed = file->failed || status == STATUS_IO;
    }
    segment_flushed_fn *flushed = flush->flushed;
    void *context = flush->context;
    flush->under_way = false;
    if (file->written_end == file->tail.end) {
        file->flush = NULL;
        free(flush);
    }
    segment_cache_trim(file->context->cache);
    flushed(context, status, status != STATUS_OK ? &told : NULL);
}

static void operation_done(struct disk_operation *operation)
{
    struct segment_flush *flush = CONTAINER_OF(operation, struct segment_flush, operation);
    struct segment_file *file = flush->file;
    if (operation->status != STATUS_OK) {
        /* After a failed sync the pages count as clean and are lost: no reason makes it good. */
        bool again = operation->kind != DISK_SYNC && operation->status == STATUS_NO_SPACE;
        finish(flush, again ? STATUS_NO_SPACE : STATUS_IO, &operation->error);
        return;
    }
    if (operation->kind != DISK_NOTHING) {
        ASSERT(flush->chunk_end > file->durable_end);
        file->durable_end = flush->chunk_end;
        if (file->written_end < file->durable_end) {
            file->written_end = file->durable_end;
        }
        file->tail.evictable_end = file->written_end;
        segment_ahead_flushed(&file->ahead, file->durable_end);
    }
    if (file->durable_end < flush->end) {
        write_chunk(flush);
    } else {
        finish(flush, STATUS_OK, NULL);
    }
}

/* ---- reading ---- */

/* How much of [position, position + size) is only in the file. */
static size_t size_in_file(const struct segment_file *file, uint64_t position, size_t size)
{
    ASSERT(position + size <= file->tail.end);
    uint64_t start = segment_tail_start(&file->tail);
    return position >= start ? 0 : position + size <= start ? size : (size_t)(start - position);
}

enum status segment_file_slices(struct segment_file *file, uint64_t position, size_t size,
                                struct slices *slices, struct error *error)
{
    size_t in_file = size_in_file(file, position, size);
    if (in_file > 0) {
        struct file *reader;
        enum status status = use_reader(file, &reader, error);
        if (status != STATUS_OK) {
            return status;
        }
        struct slice slice = {
            .file_descriptor = reader->file_descriptor,
            .file_position = position,
            .size = in_file,
            .owner = counted_retain(&reader->counted),
        };
        slices_add(slices, slice);
    }
    segment_tail_slices(&file->tail, position + in_file, size - in_file, slices);
    return STATUS_OK;
}

enum status segment_file_read(struct segment_file *file, uint64_t position, void *memory,
                              size_t size, bool may_block, struct error *error)
{
    size_t in_file = size_in_file(file, position, size);
    if (in_file > 0) {
        struct file_system *files = file->context->files;
        struct file *reader;
        enum status status = use_reader(file, &reader, error);
        if (status != STATUS_OK) {
            return status;
        }
        size_t count = 0;
        status = may_block ? files->read(reader, position, memory, in_file, &count, error)
                           : files->read_resident(reader, position, memory, in_file, &count, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (count != in_file) {
            return error_set(error, STATUS_IO, "%s: only %zu of %zu bytes at %llu", file->path,
                             count, in_file, (unsigned long long)position);
        }
    }
    segment_tail_copy(&file->tail, position + in_file, (uint8_t *)memory + in_file, size - in_file);
    return STATUS_OK;
}

static bool is_resident_at(struct segment_file *file, struct file *reader, uint64_t position)
{
    uint8_t byte;
    size_t count;
    struct error error;
    return file->context->files->read_resident(reader, position, &byte, 1, &count, &error) ==
               STATUS_OK &&
           count == 1;
}

bool segment_file_is_resident(struct segment_file *file, uint64_t position, size_t size)
{
    size_t in_file = size_in_file(file, position, size);
    if (in_file == 0) {
        return true;
    }
    struct file *reader;
    struct error error;
    if (use_reader(file, &reader, &error) != STATUS_OK) {
        return false; /* Whoever fetches it in is told why. */
    }
    for (size_t at = 0; at < in_file; at += RESIDENT_PROBE_DISTANCE) {
        if (!is_resident_at(file, reader, position + at)) {
            return false;
        }
    }
    return is_resident_at(file, reader, position + in_file - 1);
}

void segment_file_prefetch(struct segment_file *file, uint64_t position, size_t size,
                           struct disk_operation *operation)
{
    struct disk_queue *queue = file->context->queue;
    size_t in_file = size_in_file(file, position, size);
    struct file *reader = NULL;
    operation->kind = DISK_NOTHING;
    operation->status = STATUS_OK;
    if (in_file > 0) {
        operation->status = use_reader(file, &reader, &operation->error);
    }
    if (in_file > 0 && operation->status == STATUS_OK) {
        operation->kind = DISK_PREFETCH;
    }
    operation->file = reader;
    operation->position = position;
    operation->size = in_file;
    operation->pieces_count = 0;
    queue->submit(queue, operation);
}

/* ---- cutting ---- */

enum status segment_file_truncate(struct segment_file *file, uint64_t position, struct error *error)
{
    ASSERT(file->writable && position <= file->tail.end);
    ASSERT(file->flush == NULL || !file->flush->under_way);
    if (file->failed) {
        return error_set(error, STATUS_IO, "truncate %s: an earlier write failed", file->path);
    }
    segment_ahead_wait(&file->ahead, file->context->queue);
    if (!segment_tail_truncate(&file->tail, position)) {
        return error_set(error, STATUS_NO_MEMORY, "truncate %s: no buffer is free", file->path);
    }
    uint64_t on_disk = position < file->written_end ? position : file->written_end;
    enum status status = cut(file, on_disk, error);
    if (status != STATUS_OK) {
        file->failed = true; /* What was cut may be there again after a crash. */
        return status;
    }
    file->written_end = on_disk;
    file->durable_end = on_disk < file->durable_end ? on_disk : file->durable_end;
    segment_ahead_cut(&file->ahead, on_disk);
    if (file->durable_end == file->tail.end) {
        free(file->flush);
        file->flush = NULL;
    }
    return STATUS_OK;
}

enum status segment_file_seal(struct segment_file *file, struct error *error)
{
    ASSERT(file->writable && file->written_end == file->tail.end);
    ASSERT(file->flush == NULL || !file->flush->under_way);
    if (file->failed) {
        return error_set(error, STATUS_IO, "seal %s: an earlier write failed", file->path);
    }
    struct file_system *files = file->context->files;
    struct file *writer;
    segment_ahead_wait(&file->ahead, file->context->queue);
    enum status status = use_writer(file, &writer, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* Always, even to the size it has: that gives back what was reserved behind it. */
    status = files->truncate(writer, file->tail.end, error);
    if (status == STATUS_OK) {
        status = files->sync(writer, error);
    }
    if (status != STATUS_OK) {
        file->failed = true;
        return status;
    }
    file->durable_end = file->tail.end;
    file->sealed = true;
    free(file->flush);
    file->flush = NULL;
    open_files_forget(file->context->open_files, &file->writer);
    file->writable = false;
    return STATUS_OK;
}

enum status segment_file_rename(struct segment_file *file, const char *path, struct error *error)
{
    char *own_path = strdup(path);
    if (own_path == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "rename %s: out of memory", file->path);
    }
    free(file->path);
    file->path = own_path;
    return STATUS_OK;
}
