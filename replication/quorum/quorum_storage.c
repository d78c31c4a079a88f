#include "replication/quorum/quorum_storage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "replication/quorum/quorum_storage_parts.h"

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the quorum's log");
}

/* The directory's length was checked when it was opened. */
#define FILE_NAME_SIZE_MAX 64

void quorum_entries_path(const struct quorum_storage *storage, uint64_t first_index,
                         char path[QUORUM_PATH_SIZE_MAX])
{
    (void)snprintf(path, QUORUM_PATH_SIZE_MAX, "%.*s/entries-%0*" PRIu64 ".log",
                   QUORUM_PATH_SIZE_MAX - FILE_NAME_SIZE_MAX, storage->directory,
                   QUORUM_INDEX_DIGITS, first_index);
}

void quorum_snapshot_path(const struct quorum_storage *storage, uint64_t index,
                          char path[QUORUM_PATH_SIZE_MAX])
{
    (void)snprintf(path, QUORUM_PATH_SIZE_MAX, "%.*s/snapshot-%0*" PRIu64,
                   QUORUM_PATH_SIZE_MAX - FILE_NAME_SIZE_MAX, storage->directory,
                   QUORUM_INDEX_DIGITS, index);
}

void quorum_state_path(const struct quorum_storage *storage, char path[QUORUM_PATH_SIZE_MAX])
{
    (void)snprintf(path, QUORUM_PATH_SIZE_MAX, "%.*s/%s", QUORUM_PATH_SIZE_MAX - FILE_NAME_SIZE_MAX,
                   storage->directory, QUORUM_STATE_FILE_NAME);
}

static void fail(struct quorum_storage *storage, const struct error *error)
{
    if (!storage->has_failed) {
        storage->has_failed = true;
        storage->events.failed(storage->events.context, error);
    }
}

/* The directory that a path is in. */
static void parent_of(const char *path, char parent[QUORUM_PATH_SIZE_MAX])
{
    (void)snprintf(parent, QUORUM_PATH_SIZE_MAX, "%s", path);
    char *slash = strrchr(parent, '/');

    if (slash == NULL) {
        (void)snprintf(parent, QUORUM_PATH_SIZE_MAX, ".");
    } else {
        slash[slash == parent ? 1 : 0] = '\0';
    }
}

/* Makes what is missing of a path, and every new name durable: of a log below a directory that a
 * crash takes away nothing would be left. */
static enum status make_directory(struct quorum_storage *storage, const char *directory,
                                  struct error *error)
{
    char missing[QUORUM_PATH_SIZE_MAX];
    char parent[QUORUM_PATH_SIZE_MAX];
    struct file_status found;
    size_t missing_count = 0;
    enum status status;

    (void)snprintf(missing, sizeof(missing), "%s", directory);
    for (;;) {
        status = storage->files->stat(storage->files, missing, &found, error);
        if (status != STATUS_NOT_FOUND) {
            break;
        }
        missing_count++;
        parent_of(missing, parent);
        if (strcmp(parent, "/") == 0 || strcmp(parent, ".") == 0) {
            status = STATUS_OK;
            break;
        }
        memcpy(missing, parent, sizeof(missing));
    }
    if (status != STATUS_OK || missing_count == 0) {
        return status;
    }
    status = storage->files->make_directory(storage->files, directory, error);
    (void)snprintf(missing, sizeof(missing), "%s", directory);
    while (status == STATUS_OK && missing_count > 0) {
        parent_of(missing, parent);
        status = storage->files->sync_directory(storage->files, parent, error);
        memcpy(missing, parent, sizeof(missing));
        missing_count--;
    }
    return status;
}

enum status quorum_storage_open(const struct quorum_storage_options *options,
                                struct quorum_storage_events events, struct arena *arena,
                                struct quorum_storage **storage_out, struct quorum_found *found,
                                struct error *error)
{
    size_t directory_size = strlen(options->directory);

    if (directory_size > QUORUM_PATH_SIZE_MAX - FILE_NAME_SIZE_MAX) {
        return error_set(error, STATUS_LIMIT, "directory of %zu characters, allowed are %d",
                         directory_size, QUORUM_PATH_SIZE_MAX - FILE_NAME_SIZE_MAX);
    }
    struct quorum_storage *storage = calloc(1, sizeof(*storage));
    if (storage == NULL) {
        return no_memory(error);
    }
    memcpy(storage->directory, options->directory, directory_size + 1);
    storage->files = options->files;
    storage->queue = options->queue;
    storage->diagnostics = options->diagnostics;
    storage->events = events;
    enum status status = make_directory(storage, options->directory, error);
    if (status == STATUS_OK) {
        status = quorum_storage_recover(storage, arena, found, error);
    }
    if (status != STATUS_OK) {
        quorum_storage_close(storage, false);
        return error_wrap(error, "open the metadata log");
    }
    *storage_out = storage;
    return STATUS_OK;
}

void quorum_storage_close(struct quorum_storage *storage, bool is_clean)
{
    struct error error;

    if (storage == NULL) {
        return;
    }
    ASSERT(!storage->is_busy);
    if (is_clean && !storage->has_failed && storage->state_file != NULL &&
        storage->state.durable_index < storage->last_index) {
        /* Without the note the next start is only less strict about the last entries. */
        status_ignore(quorum_storage_save_state(storage, storage->state.term,
                                                storage->state.voted_for, &error));
    }
    file_release(storage->state_file);
    file_release(storage->file);
    free(storage->pending.bytes);
    free(storage->writing.bytes);
    free(storage);
}

/* -- term and vote ------------------------------------------------------------------------------
 */

static enum status create_state_file(struct quorum_storage *storage, struct error *error)
{
    char path[QUORUM_PATH_SIZE_MAX];
    uint8_t content[QUORUM_STATE_FILE_SIZE] = {0};

    quorum_state_path(storage, path);
    quorum_state_encode(&storage->state, content);
    enum status status = file_replace_whole(
        storage->files, path, (struct bytes){.data = content, .size = sizeof(content)}, error);
    if (status != STATUS_OK) {
        return status;
    }
    return storage->files->open(storage->files, path, FILE_WRITE, &storage->state_file, error);
}

static enum status save(struct quorum_storage *storage, uint64_t term, uint64_t voted_for,
                        uint64_t durable_index, struct error *error)
{
    uint8_t slot[QUORUM_STATE_SLOT_SIZE];

    storage->state = (struct quorum_state){.sequence = storage->state.sequence + 1,
                                           .term = term,
                                           .voted_for = voted_for,
                                           .durable_index = durable_index};
    if (storage->state_file == NULL) {
        return create_state_file(storage, error);
    }
    /* The first one went to slot 0, so odd sequences belong there. */
    uint64_t position = storage->state.sequence % 2 == 1 ? 0 : QUORUM_STATE_SLOT_DISTANCE;
    quorum_state_encode(&storage->state, slot);
    enum status status =
        storage->files->write(storage->state_file, position, slot, sizeof(slot), error);
    return status == STATUS_OK ? storage->files->sync(storage->state_file, error) : status;
}

enum status quorum_storage_save_state(struct quorum_storage *storage, uint64_t term,
                                      uint64_t voted_for, struct error *error)
{
    enum status status = save(storage, term, voted_for, storage->last_index, error);

    storage->has_failed = storage->has_failed || status != STATUS_OK;
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "save term %" PRIu64, term);
}

/* -- entries ------------------------------------------------------------------------------------
 */

static enum status pending_add(struct quorum_storage *storage, const struct quorum_entry *entry,
                               uint64_t index, struct error *error)
{
    struct pending_entries *pending = &storage->pending;
    size_t size = quorum_entry_stored_size(entry->data.size);

    if (entry->data.size > QUORUM_ENTRY_SIZE_MAX ||
        size > QUORUM_PENDING_SIZE_MAX - pending->size) {
        return error_set(error, STATUS_LIMIT,
                         "entry of %zu bytes behind %zu that wait for the metadata log's disk",
                         entry->data.size, pending->size);
    }
    if (pending->size + size > pending->capacity) {
        size_t capacity = pending->capacity * 2 > pending->size + size ? pending->capacity * 2
                                                                       : pending->size + size;
        uint8_t *bytes = realloc(pending->bytes, capacity);
        if (bytes == NULL) {
            return no_memory(error);
        }
        pending->bytes = bytes;
        pending->capacity = capacity;
    }
    quorum_entry_encode(entry, index, storage->last_index, pending->bytes + pending->size);
    if (pending->size == 0) {
        pending->first_index = index;
    }
    pending->size += size;
    pending->last_index = index;
    pending->last_term = entry->term;
    return STATUS_OK;
}

static void pending_clear(struct pending_entries *pending)
{
    pending->size = 0;
    if (pending->capacity > 1u << 20) {
        free(pending->bytes);
        memset(pending, 0, sizeof(*pending));
    }
}

/* The file that the next entries go to, from `first_index` on. */
static enum status open_file(struct quorum_storage *storage, uint64_t first_index,
                             struct error *error)
{
    char path[QUORUM_PATH_SIZE_MAX];
    bool creates = storage->rolls || storage->entries_count == 0;

    if (storage->file != NULL && !storage->rolls) {
        return STATUS_OK;
    }
    if (creates && storage->entries_count == QUORUM_FILES_MAX) {
        return error_set(error, STATUS_LIMIT, "more than %d files of entries in %s",
                         QUORUM_FILES_MAX, storage->directory);
    }
    if (!creates) {
        first_index = storage->entries[storage->entries_count - 1].first_index;
    }
    quorum_entries_path(storage, first_index, path);
    file_release(storage->file);
    storage->file = NULL;
    enum status status = storage->files->open(
        storage->files, path, FILE_WRITE | (creates ? FILE_CREATE : 0), &storage->file, error);
    if (status == STATUS_OK && creates) {
        status = storage->files->sync_directory(storage->files, storage->directory, error);
    }
    if (status == STATUS_OK && creates) {
        storage->entries[storage->entries_count++] =
            (struct entries_file){.first_index = first_index, .last_index = first_index - 1};
        storage->rolls = false;
    }
    return status;
}

static void write_done(struct disk_operation *operation)
{
    struct quorum_storage *storage = operation->context;
    struct entries_file *file = &storage->entries[storage->entries_count - 1];

    storage->is_busy = false;
    if (operation->status != STATUS_OK) {
        if (storage->has_failed) {
            return; /* It was said already. */
        }
        status_ignore(error_wrap(&operation->error, "append to the metadata log"));
        fail(storage, &operation->error);
        return;
    }
    file->size += storage->writing.size;
    file->last_index = storage->writing.last_index;
    storage->last_index = storage->writing.last_index;
    storage->last_term = storage->writing.last_term;
    pending_clear(&storage->writing);
    storage->events.persisted(storage->events.context, storage->last_index, storage->last_term);
    quorum_storage_kick(storage);
}

void quorum_storage_kick(struct quorum_storage *storage)
{
    struct disk_operation *operation = &storage->operation;
    struct error error;

    if (storage->is_busy || storage->has_failed || storage->pending.size == 0) {
        return;
    }
    if (open_file(storage, storage->pending.first_index, &error) != STATUS_OK) {
        status_ignore(error_wrap(&error, "append to the metadata log"));
        fail(storage, &error);
        return;
    }
    struct pending_entries spare = storage->writing;
    storage->writing = storage->pending;
    storage->pending = spare;
    storage->pending.size = 0;
    memset(operation, 0, sizeof(*operation));
    operation->kind = DISK_WRITE_DURABLE;
    operation->file = storage->file;
    operation->position = storage->entries[storage->entries_count - 1].size;
    operation->pieces[0] =
        (struct disk_piece){.memory = storage->writing.bytes, .size = storage->writing.size};
    operation->pieces_count = 1;
    operation->done = write_done;
    operation->context = storage;
    storage->is_busy = true;
    storage->queue->submit(storage->queue, operation);
    storage->queue->kick(storage->queue);
}

bool quorum_storage_is_busy(const struct quorum_storage *storage)
{
    return storage->is_busy;
}

static enum status wait_until_idle(struct quorum_storage *storage, struct error *error)
{
    while (storage->is_busy || (storage->pending.size > 0 && !storage->has_failed)) {
        if (!storage->is_busy) {
            quorum_storage_kick(storage);
        } else {
            (void)storage->queue->wait(storage->queue);
        }
    }
    return storage->has_failed
               ? error_set(error, STATUS_IO, "a write to the metadata log has failed before")
               : STATUS_OK;
}

static enum status read_file(struct quorum_storage *storage, const struct entries_file *file,
                             struct arena *arena, struct bytes *content, struct error *error)
{
    char path[QUORUM_PATH_SIZE_MAX];

    quorum_entries_path(storage, file->first_index, path);
    enum status status =
        file_read_whole(storage->files, path, QUORUM_FILE_SIZE_MAX, arena, content, error);
    if (status == STATUS_OK && content->size < file->size) {
        return error_set(error, STATUS_CORRUPT, "%s has %zu bytes, %" PRIu64 " were written", path,
                         content->size, file->size);
    }
    content->size = status == STATUS_OK ? (size_t)file->size : 0;
    return status;
}

/* Cuts one file so that it ends before `first`. */
static enum status cut_file(struct quorum_storage *storage, struct entries_file *file,
                            uint64_t first, struct error *error)
{
    struct arena arena;
    struct bytes content;
    struct quorum_stored_entry stored;
    uint64_t size = 0;

    arena_init(&arena, SIZE_MAX);
    storage->last_index = first - 1;
    enum status status = read_file(storage, file, &arena, &content, error);
    while (status == STATUS_OK && size < content.size) {
        const struct bytes rest = {.data = content.data + size,
                                   .size = content.size - (size_t)size};
        if (!quorum_entry_decode(rest, &stored)) {
            status = error_set(error, STATUS_CORRUPT, "entries of the metadata log have changed");
        } else if (stored.index < first) {
            storage->last_term = stored.entry.term;
            size += stored.size;
        } else {
            break;
        }
    }
    arena_clear(&arena);
    if (status == STATUS_OK) {
        status = storage->files->truncate(storage->file, size, error);
    }
    if (status == STATUS_OK) {
        status = storage->files->sync(storage->file, error);
    }
    file->size = size;
    file->last_index = storage->last_index;
    return status;
}

static enum status remove_entries_file(struct quorum_storage *storage, uint64_t first_index,
                                       struct error *error)
{
    char path[QUORUM_PATH_SIZE_MAX];

    quorum_entries_path(storage, first_index, path);
    return storage->files->remove(storage->files, path, error);
}

/* Takes back durable entries from `first` on, which a leader has replaced. */
static enum status cut_entries(struct quorum_storage *storage, uint64_t first, struct error *error)
{
    enum status status = STATUS_OK;

    /* What the state file promises comes down first: a crash in between must not look like loss. */
    if (storage->state.durable_index >= first) {
        status = save(storage, storage->state.term, storage->state.voted_for, first - 1, error);
    }
    while (status == STATUS_OK && storage->entries_count > 1 &&
           storage->entries[storage->entries_count - 1].first_index >= first) {
        storage->entries_count--;
        file_release(storage->file);
        storage->file = NULL;
        storage->rolls = false;
        status = remove_entries_file(storage, storage->entries[storage->entries_count].first_index,
                                     error);
    }
    if (status == STATUS_OK) {
        bool rolls = storage->rolls;
        storage->rolls = false;
        status = open_file(storage, first, error);
        storage->rolls = rolls;
    }
    return status == STATUS_OK
               ? cut_file(storage, &storage->entries[storage->entries_count - 1], first, error)
               : status;
}

enum status quorum_storage_append(struct quorum_storage *storage, uint64_t first,
                                  const struct quorum_entry *entries, size_t count,
                                  struct error *error)
{
    uint64_t last_index = storage->pending.size > 0 ? storage->pending.last_index
                          : storage->is_busy        ? storage->writing.last_index
                                                    : storage->last_index;
    enum status status = STATUS_OK;

    if (storage->has_failed) {
        return error_set(error, STATUS_IO, "a write to the metadata log has failed before");
    }
    ASSERT(first <= last_index + 1);
    if (first <= last_index) {
        status = wait_until_idle(storage, error);
        if (status == STATUS_OK) {
            status = cut_entries(storage, first, error);
        }
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = pending_add(storage, &entries[i], first + i, error);
    }
    storage->has_failed = storage->has_failed || status != STATUS_OK;
    return status;
}

enum status quorum_storage_bootstrap(struct quorum_storage *storage,
                                     const struct quorum_entry *entry, struct error *error)
{
    ASSERT(storage->last_index == 0 && storage->state_file == NULL);
    enum status status = pending_add(storage, entry, 1, error);
    if (status == STATUS_OK) {
        status = open_file(storage, 1, error);
    }
    if (status == STATUS_OK) {
        status = storage->files->write(storage->file, 0, storage->pending.bytes,
                                       storage->pending.size, error);
    }
    if (status == STATUS_OK) {
        status = storage->files->sync(storage->file, error);
    }
    storage->entries[0].last_index = 1;
    storage->entries[0].size = storage->pending.size;
    storage->last_index = 1;
    storage->last_term = entry->term;
    pending_clear(&storage->pending);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "start the metadata log");
}

/* -- snapshots ----------------------------------------------------------------------------------
 */

static enum status write_snapshot(struct quorum_storage *storage,
                                  const struct quorum_snapshot *snapshot, struct bytes data,
                                  struct error *error)
{
    size_t size = quorum_snapshot_stored_size(snapshot, data.size);
    uint8_t *bytes = size > QUORUM_FILE_SIZE_MAX ? NULL : malloc(size);
    char path[QUORUM_PATH_SIZE_MAX];
    char old_path[QUORUM_PATH_SIZE_MAX];

    if (bytes == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a snapshot of %zu bytes", size);
    }
    quorum_snapshot_encode(snapshot, data, bytes);
    quorum_snapshot_path(storage, snapshot->index, path);
    quorum_snapshot_path(storage, storage->snapshot_index, old_path);
    enum status status = file_replace_whole(storage->files, path,
                                            (struct bytes){.data = bytes, .size = size}, error);
    free(bytes);
    if (status == STATUS_OK && storage->has_snapshot &&
        storage->snapshot_index != snapshot->index) {
        status = storage->files->remove(storage->files, old_path, error);
    }
    storage->has_snapshot = true;
    storage->snapshot_index = snapshot->index;
    storage->snapshot_size = size;
    return status;
}

enum status quorum_storage_take_snapshot(struct quorum_storage *storage,
                                         const struct quorum_snapshot *snapshot, struct bytes data,
                                         uint64_t trailing_count, struct error *error)
{
    uint64_t covered = snapshot->index > trailing_count ? snapshot->index - trailing_count : 0;
    enum status status = wait_until_idle(storage, error);
    size_t dropped = 0;

    if (status == STATUS_OK) {
        status = write_snapshot(storage, snapshot, data, error);
    }
    while (status == STATUS_OK && dropped < storage->entries_count &&
           storage->entries[dropped].last_index <= covered) {
        status = remove_entries_file(storage, storage->entries[dropped].first_index, error);
        dropped++;
    }
    storage->entries_count -= dropped;
    memmove(storage->entries, storage->entries + dropped,
            storage->entries_count * sizeof(*storage->entries));
    if (storage->entries_count == 0) {
        file_release(storage->file);
        storage->file = NULL;
    }
    /* So that the files before can be deleted when the next snapshot covers them. */
    storage->rolls =
        storage->entries_count > 0 && storage->entries[storage->entries_count - 1].size > 0;
    storage->has_failed = storage->has_failed || status != STATUS_OK;
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "snapshot of the metadata");
}

enum status quorum_storage_install_snapshot(struct quorum_storage *storage,
                                            const struct quorum_snapshot *snapshot,
                                            struct bytes data, struct error *error)
{
    enum status status = wait_until_idle(storage, error);

    if (status == STATUS_OK && storage->state.durable_index > snapshot->index) {
        /* As in cut_entries(). */
        status =
            save(storage, storage->state.term, storage->state.voted_for, snapshot->index, error);
    }
    if (status == STATUS_OK) {
        status = write_snapshot(storage, snapshot, data, error);
    }
    /* From here on recovery sees that the entries do not lead to the snapshot, and drops them. */
    file_release(storage->file);
    storage->file = NULL;
    for (size_t i = 0; i < storage->entries_count && status == STATUS_OK; i++) {
        status = remove_entries_file(storage, storage->entries[i].first_index, error);
    }
    if (status == STATUS_OK) {
        status = storage->files->sync_directory(storage->files, storage->directory, error);
    }
    storage->entries_count = 0;
    storage->rolls = false;
    storage->last_index = snapshot->index;
    storage->last_term = snapshot->term;
    storage->has_failed = storage->has_failed || status != STATUS_OK;
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "install a snapshot");
}

/* -- for other servers --------------------------------------------------------------------------
 */

enum status quorum_storage_load_entries(struct quorum_storage *storage, uint64_t first,
                                        size_t count, struct arena *arena,
                                        struct quorum_entry *entries, size_t *entries_count,
                                        struct error *error)
{
    struct quorum_stored_entry stored;
    struct bytes content;

    *entries_count = 0;
    for (size_t i = 0; i < storage->entries_count && *entries_count < count; i++) {
        const struct entries_file *file = &storage->entries[i];
        if (file->last_index < first + *entries_count) {
            continue;
        }
        enum status status = read_file(storage, file, arena, &content, error);
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t place = 0; place < content.size && *entries_count < count;
             place += stored.size) {
            const struct bytes rest = {.data = content.data + place, .size = content.size - place};
            if (!quorum_entry_decode(rest, &stored)) {
                return error_set(error, STATUS_CORRUPT,
                                 "entry at byte %zu of file %" PRIu64
                                 " of the metadata log is damaged",
                                 place, file->first_index);
            }
            if (stored.index == first + *entries_count) {
                entries[(*entries_count)++] = stored.entry;
            }
        }
    }
    if (*entries_count == 0) {
        return error_set(error, STATUS_NOT_FOUND, "entry %" PRIu64 " is not in the metadata log",
                         first);
    }
    return STATUS_OK;
}

enum status quorum_storage_load_snapshot(struct quorum_storage *storage, struct arena *arena,
                                         struct quorum_snapshot *snapshot, struct bytes *data,
                                         struct error *error)
{
    char path[QUORUM_PATH_SIZE_MAX];
    struct bytes content;

    if (!storage->has_snapshot) {
        return error_set(error, STATUS_NOT_FOUND, "there is no snapshot of the metadata");
    }
    quorum_snapshot_path(storage, storage->snapshot_index, path);
    enum status status =
        file_read_whole(storage->files, path, QUORUM_FILE_SIZE_MAX, arena, &content, error);
    if (status == STATUS_OK) {
        status = quorum_snapshot_decode(content, snapshot, data, error);
    }
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "%s", path);
}

uint64_t quorum_storage_entries_size(const struct quorum_storage *storage)
{
    uint64_t size = 0;

    for (size_t i = 0; i < storage->entries_count; i++) {
        if (storage->entries[i].last_index > storage->snapshot_index) {
            size += storage->entries[i].size;
        }
    }
    return size;
}

uint64_t quorum_storage_snapshot_size(const struct quorum_storage *storage)
{
    return storage->snapshot_size;
}
