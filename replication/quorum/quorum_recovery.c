#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"
#include "replication/quorum/quorum_storage_parts.h"

#define ENTRIES_PREFIX  "entries-"
#define ENTRIES_SUFFIX  ".log"
#define SNAPSHOT_PREFIX "snapshot-"

/* What a directory holds, by name. */
struct listing {
    uint64_t entries[QUORUM_FILES_MAX];
    size_t entries_count;
    uint64_t snapshots[QUORUM_FILES_MAX];
    size_t snapshots_count;
    bool has_state;
    bool has_too_many;
};

struct recovery {
    struct quorum_storage *storage;
    struct arena *arena;
    struct listing listing;
    uint64_t durable_index; /* Known from all that was read. */
    struct quorum_entry *entries;
    size_t entries_count;
    size_t entries_capacity;
    uint64_t first_index; /* Of entries[0]. */
};

static struct text without_prefix(struct text name, const char *prefix)
{
    size_t size = strlen(prefix);

    if (name.size < size || memcmp(name.data, prefix, size) != 0) {
        return TEXT_NULL;
    }
    return (struct text){.data = name.data + size, .size = name.size - size};
}

static bool parse_index(struct text digits, uint64_t *index)
{
    int64_t value;

    if (digits.size != QUORUM_INDEX_DIGITS || !parse_i64(digits, &value) || value <= 0) {
        return false;
    }
    *index = (uint64_t)value;
    return true;
}

static void add_index(struct listing *listing, uint64_t *list, size_t *count, uint64_t index)
{
    if (*count == QUORUM_FILES_MAX) {
        listing->has_too_many = true;
        return;
    }
    size_t place = (*count)++;
    while (place > 0 && list[place - 1] > index) {
        list[place] = list[place - 1];
        place--;
    }
    list[place] = index;
}

static void visit(void *context, const char *file_name)
{
    struct listing *listing = context;
    struct text name = text_of(file_name);
    struct text rest = without_prefix(name, ENTRIES_PREFIX);
    uint64_t index;

    if (text_equal(name, TEXT_LITERAL(QUORUM_STATE_FILE_NAME))) {
        listing->has_state = true;
        return;
    }
    if (rest.data != NULL && rest.size == QUORUM_INDEX_DIGITS + sizeof(ENTRIES_SUFFIX) - 1 &&
        memcmp(rest.data + QUORUM_INDEX_DIGITS, ENTRIES_SUFFIX, sizeof(ENTRIES_SUFFIX) - 1) == 0) {
        rest.size = QUORUM_INDEX_DIGITS;
        if (parse_index(rest, &index)) {
            add_index(listing, listing->entries, &listing->entries_count, index);
        }
        return;
    }
    rest = without_prefix(name, SNAPSHOT_PREFIX);
    if (rest.data != NULL && parse_index(rest, &index)) {
        add_index(listing, listing->snapshots, &listing->snapshots_count, index);
    }
}

static enum status remove_file(struct quorum_storage *storage, const char *path,
                               struct error *error)
{
    enum status status = storage->files->remove(storage->files, path, error);

    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_state(struct recovery *recovery, struct error *error)
{
    struct quorum_storage *storage = recovery->storage;
    char path[QUORUM_PATH_SIZE_MAX];
    struct bytes content;

    quorum_state_path(storage, path);
    enum status status = file_read_whole(storage->files, path, QUORUM_STATE_FILE_SIZE,
                                         recovery->arena, &content, error);
    if (status == STATUS_OK) {
        status = quorum_state_decode(content, &storage->state, error);
        if (status != STATUS_OK) {
            return error_wrap(error, "%s", path);
        }
        status =
            storage->files->open(storage->files, path, FILE_WRITE, &storage->state_file, error);
    }
    recovery->durable_index = storage->state.durable_index;
    return status;
}

/* The newest snapshot. It was renamed into place whole, and those before it are only deleted after
 * that, so that damage to it is damage. */
static enum status read_snapshot(struct recovery *recovery, struct quorum_found *found,
                                 struct error *error)
{
    struct quorum_storage *storage = recovery->storage;
    struct listing *listing = &recovery->listing;
    char path[QUORUM_PATH_SIZE_MAX];
    struct bytes content;

    if (listing->snapshots_count == 0) {
        return STATUS_OK;
    }
    uint64_t index = listing->snapshots[listing->snapshots_count - 1];
    quorum_snapshot_path(storage, index, path);
    enum status status = file_read_whole(storage->files, path, QUORUM_FILE_SIZE_MAX,
                                         recovery->arena, &content, error);
    if (status != STATUS_OK) {
        return status;
    }
    status =
        quorum_snapshot_decode(content, &found->persisted.snapshot, &found->snapshot_data, error);
    if (status == STATUS_OK && found->persisted.snapshot.index != index) {
        status = error_set(error, STATUS_CORRUPT, "snapshot of entry %" PRIu64,
                           found->persisted.snapshot.index);
    }
    if (status != STATUS_OK) {
        return error_wrap(error, "%s", path);
    }
    found->persisted.has_snapshot = true;
    storage->has_snapshot = true;
    storage->snapshot_index = index;
    storage->snapshot_size = content.size;
    for (size_t i = 0; i + 1 < listing->snapshots_count; i++) {
        quorum_snapshot_path(storage, listing->snapshots[i], path);
        status = remove_file(storage, path, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status add_entry(struct recovery *recovery, const struct quorum_stored_entry *stored,
                             struct error *error)
{
    if (recovery->entries_count == recovery->entries_capacity) {
        size_t capacity = recovery->entries_capacity == 0 ? 64 : recovery->entries_capacity * 2;
        struct quorum_entry *entries =
            arena_allocate_array(recovery->arena, capacity, sizeof(*entries));
        if (entries == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for the quorum's entries");
        }
        if (recovery->entries_count > 0) {
            memcpy(entries, recovery->entries, recovery->entries_count * sizeof(*entries));
        }
        recovery->entries = entries;
        recovery->entries_capacity = capacity;
    }
    if (recovery->entries_count == 0) {
        recovery->first_index = stored->index;
    }
    recovery->entries[recovery->entries_count++] = stored->entry;
    if (stored->durable_index > recovery->durable_index) {
        recovery->durable_index = stored->durable_index;
    }
    return STATUS_OK;
}

/* Cuts the file behind its last whole entry; allowed only above what is known to be durable. */
static enum status cut_tail(struct recovery *recovery, const char *path, struct bytes content,
                            const struct entries_file *file, struct error *error)
{
    struct quorum_storage *storage = recovery->storage;
    const struct bytes rest = {.data = content.data + file->size,
                               .size = content.size - file->size};
    uint64_t durable_index = quorum_entries_durable_behind(rest);
    uint64_t damaged_index = file->last_index + 1;
    struct file *handle;

    if (durable_index < recovery->durable_index) {
        durable_index = recovery->durable_index;
    }
    if (damaged_index <= durable_index) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: entry %" PRIu64 " at byte %" PRIu64
                         " is damaged, entries up to %" PRIu64 " were durable",
                         path, damaged_index, file->size, durable_index);
    }
    diagnose(storage->diagnostics, DIAGNOSTIC_INFO, "quorum",
             "cut %s to %" PRIu64 " bytes, behind entry %" PRIu64 " a write was not finished", path,
             file->size, file->last_index);
    enum status status = storage->files->open(storage->files, path, FILE_WRITE, &handle, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = storage->files->truncate(handle, file->size, error);
    if (status == STATUS_OK) {
        status = storage->files->sync(handle, error);
    }
    file_release(handle);
    return status;
}

/* Reads one file of entries, which must go on where the one before it ended. */
static enum status read_entries_file(struct recovery *recovery, size_t number, struct error *error)
{
    struct quorum_storage *storage = recovery->storage;
    struct entries_file *file = &storage->entries[number];
    char path[QUORUM_PATH_SIZE_MAX];
    struct quorum_stored_entry stored;
    struct bytes content;

    file->first_index = recovery->listing.entries[number];
    file->last_index = file->first_index - 1;
    quorum_entries_path(storage, file->first_index, path);
    if (number > 0 && storage->entries[number - 1].last_index + 1 != file->first_index) {
        return error_set(error, STATUS_CORRUPT, "%s does not follow entry %" PRIu64, path,
                         storage->entries[number - 1].last_index);
    }
    enum status status = file_read_whole(storage->files, path, QUORUM_FILE_SIZE_MAX,
                                         recovery->arena, &content, error);
    while (status == STATUS_OK && file->size < content.size) {
        const struct bytes rest = {.data = content.data + file->size,
                                   .size = content.size - (size_t)file->size};
        if (!quorum_entry_decode(rest, &stored) || stored.index != file->last_index + 1) {
            return cut_tail(recovery, path, content, file, error);
        }
        file->last_index = stored.index;
        file->size += stored.size;
        storage->last_term = stored.entry.term;
        status = add_entry(recovery, &stored, error);
    }
    return status;
}

/* Entries that a snapshot, installed from a leader, has replaced: it does not go on from them. */
static bool is_superseded(const struct recovery *recovery, const struct quorum_snapshot *snapshot)
{
    uint64_t end = recovery->first_index + recovery->entries_count;

    if (recovery->entries_count == 0 || snapshot->index >= end) {
        return true;
    }
    return snapshot->index >= recovery->first_index &&
           recovery->entries[snapshot->index - recovery->first_index].term != snapshot->term;
}

static enum status drop_entries(struct recovery *recovery, struct error *error)
{
    struct quorum_storage *storage = recovery->storage;
    char path[QUORUM_PATH_SIZE_MAX];

    for (size_t i = 0; i < storage->entries_count; i++) {
        quorum_entries_path(storage, storage->entries[i].first_index, path);
        enum status status = remove_file(storage, path, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    storage->entries_count = 0;
    recovery->entries_count = 0;
    return STATUS_OK;
}

static enum status check_whole(const struct recovery *recovery,
                               const struct quorum_persisted *persisted, struct error *error)
{
    uint64_t last_index = persisted->first_index + persisted->entries_count - 1;
    uint64_t covered = persisted->has_snapshot ? persisted->snapshot.index : 0;

    if (persisted->first_index > covered + 1) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: entries begin at %" PRIu64 ", the snapshot ends at %" PRIu64,
                         recovery->storage->directory, persisted->first_index, covered);
    }
    if (last_index < recovery->durable_index) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: entries end at %" PRIu64 ", those up to %" PRIu64 " were durable",
                         recovery->storage->directory, last_index, recovery->durable_index);
    }
    for (size_t i = 0; i < persisted->entries_count; i++) {
        if (persisted->entries[i].term > persisted->term) {
            return error_set(error, STATUS_CORRUPT,
                             "%s: entry of term %" PRIu64 ", but the state knows only %" PRIu64,
                             recovery->storage->directory, persisted->entries[i].term,
                             persisted->term);
        }
    }
    if (persisted->first_index == 1 && persisted->entries_count > 0 &&
        persisted->entries[0].type != QUORUM_CHANGE) {
        return error_set(error, STATUS_CORRUPT, "%s: the first entry does not name the servers",
                         recovery->storage->directory);
    }
    return STATUS_OK;
}

static enum status read_entries(struct recovery *recovery, struct quorum_found *found,
                                struct error *error)
{
    struct quorum_storage *storage = recovery->storage;
    struct quorum_persisted *persisted = &found->persisted;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < recovery->listing.entries_count && status == STATUS_OK; i++) {
        storage->entries_count = i + 1;
        status = read_entries_file(recovery, i, error);
    }
    if (status == STATUS_OK && persisted->has_snapshot &&
        is_superseded(recovery, &persisted->snapshot)) {
        /* What they say of each other does not count any more; what the state file says does. */
        recovery->durable_index = storage->state.durable_index;
        status = drop_entries(recovery, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    persisted->entries = recovery->entries;
    persisted->entries_count = recovery->entries_count;
    persisted->first_index = recovery->entries_count > 0
                                 ? recovery->first_index
                                 : (persisted->has_snapshot ? persisted->snapshot.index + 1 : 1);
    storage->last_index = persisted->first_index + persisted->entries_count - 1;
    if (persisted->entries_count == 0 && persisted->has_snapshot) {
        storage->last_term = persisted->snapshot.term;
    }
    return STATUS_OK;
}

/* Without a state file nothing has happened yet but, perhaps, the first entry of a new cluster. */
static enum status recover_without_state(struct recovery *recovery, struct quorum_found *found,
                                         struct error *error)
{
    if (recovery->listing.snapshots_count > 0) {
        return error_set(error, STATUS_CORRUPT, "%s has a snapshot, but no %s",
                         recovery->storage->directory, QUORUM_STATE_FILE_NAME);
    }
    enum status status = read_entries(recovery, found, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (found->persisted.entries_count > 1) {
        return error_set(error, STATUS_CORRUPT, "%s has %zu entries, but no %s",
                         recovery->storage->directory, found->persisted.entries_count,
                         QUORUM_STATE_FILE_NAME);
    }
    if (found->persisted.entries_count == 0) {
        found->persisted.first_index = 1;
        recovery->storage->last_index = 0;
        return drop_entries(recovery, error);
    }
    found->persisted.term = found->persisted.entries[0].term;
    return check_whole(recovery, &found->persisted, error);
}

enum status quorum_storage_recover(struct quorum_storage *storage, struct arena *arena,
                                   struct quorum_found *found, struct error *error)
{
    struct recovery recovery = {.storage = storage, .arena = arena};

    memset(found, 0, sizeof(*found));
    enum status status = storage->files->list_directory(storage->files, storage->directory, visit,
                                                        &recovery.listing, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (recovery.listing.has_too_many) {
        return error_set(error, STATUS_LIMIT, "%s has more than %d files of one kind",
                         storage->directory, QUORUM_FILES_MAX);
    }
    if (!recovery.listing.has_state) {
        return recover_without_state(&recovery, found, error);
    }
    status = read_state(&recovery, error);
    if (status == STATUS_OK) {
        status = read_snapshot(&recovery, found, error);
    }
    if (status == STATUS_OK) {
        status = read_entries(&recovery, found, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    found->persisted.term = storage->state.term;
    found->persisted.voted_for = storage->state.voted_for;
    return check_whole(&recovery, &found->persisted, error);
}
