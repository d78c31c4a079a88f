/* rollway log dump: files, and directories as the files in them. */
#include <stdlib.h>
#include <string.h>

#include "storage/log/log_file_name.h"
#include "tools/rollway/log_dump.h"
#include "tools/rollway/program.h"

#define FILES_PER_DIRECTORY_MAX 100000

struct listing {
    struct arena *arena;
    const char *directory;
    const char **paths;
    size_t count;
    bool is_incomplete; /* More files than the limit, or no memory. */
};

static void list_file(void *context, const char *name)
{
    struct listing *listing = context;
    if (!log_dump_knows(name)) {
        return;
    }
    struct text path = arena_format(listing->arena, "%s/%s", listing->directory, name);
    if (path.data == NULL || listing->count == FILES_PER_DIRECTORY_MAX) {
        listing->is_incomplete = true;
        return;
    }
    listing->paths[listing->count++] = path.data;
}

static int compare_paths(const void *a, const void *b)
{
    const char *const *first = a;
    const char *const *second = b;
    return strcmp(*first, *second);
}

static enum status dump_directory(struct program *program, struct log_dump *dump, const char *path,
                                  struct error *error)
{
    struct listing listing = {.arena = &program->arena, .directory = path};
    listing.paths =
        arena_allocate_array(&program->arena, FILES_PER_DIRECTORY_MAX, sizeof *listing.paths);
    if (listing.paths == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a directory");
    }
    enum status status = dump->files->list_directory(dump->files, path, list_file, &listing, error);
    if (status == STATUS_OK && listing.is_incomplete) {
        status =
            error_set(error, STATUS_LIMIT, "%s: more than %d files", path, FILES_PER_DIRECTORY_MAX);
    }
    if (status == STATUS_OK && listing.count == 0) {
        status = error_set(error, STATUS_NOT_FOUND, "%s: no file of a log in this directory", path);
    }
    if (status == STATUS_OK) {
        qsort(listing.paths, listing.count, sizeof *listing.paths, compare_paths);
    }
    for (size_t i = 0; status == STATUS_OK && i < listing.count; i++) {
        status = log_dump_file(dump, listing.paths[i], error);
    }
    return status;
}

static enum status dump_path(struct program *program, struct log_dump *dump, const char *path,
                             struct error *error)
{
    struct file_status file_status;
    if (strlen(path) + LOG_FILE_NAME_SIZE_MAX >= LOG_PATH_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "path of %zu bytes is too long", strlen(path));
    }
    enum status status = dump->files->stat(dump->files, path, &file_status, error);
    if (status != STATUS_OK) {
        return status;
    }
    return file_status.is_directory ? dump_directory(program, dump, path, error)
                                    : log_dump_file(dump, path, error);
}

enum exit_code run_log_dump(struct program *program)
{
    const struct command_line *command_line = &program->command_line;
    enum exit_code code = EXIT_CODE_OK;
    struct log_dump dump = {
        .files = file_system_posix(),
        .console = &program->console,
        .with_records = option_is_given(command_line, "records"),
        .verify = option_is_given(command_line, "verify"),
        .quiet = option_is_given(command_line, "quiet"),
    };
    for (size_t i = 0; i < command_line->arguments_count; i++) {
        struct error error;
        if (dump_path(program, &dump, command_line->arguments[i], &error) != STATUS_OK) {
            code = program_fail(program, &error);
        }
    }
    return dump.findings_count > 0 ? EXIT_CODE_FAILED : code;
}
