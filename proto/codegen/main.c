/* schema_compiler GEN SCHEMA...: writes GEN/proto/generated/NAME.h and NAME.c for every
 * NAME.schema, and messages.h and messages.c for all of them. A file whose content does not change
 * is left alone, so that nothing is compiled again for it. */
#include <stdlib.h>
#include <string.h>

#include "proto/codegen/emit.h"

#define ARENA_SIZE_MAX ((size_t)256 * 1024 * 1024)
#define PATH_SIZE_MAX  4096

/* Reads a whole file into the arena. */
MUST_USE static enum status read_file(const char *path, size_t size_max, struct arena *arena,
                                      struct text *content, struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "%s: cannot be opened", path);
    }
    char *memory = arena_allocate(arena, size_max + 1);
    size_t size = memory != NULL ? fread(memory, 1, size_max + 1, file) : 0;
    bool failed = memory == NULL || ferror(file) != 0;
    fclose(file);
    if (failed) {
        return error_set(error, STATUS_IO, "%s: cannot be read", path);
    }
    *content = (struct text){memory, size};
    return STATUS_OK;
}

/* True when the file is there and has this content already. */
static bool is_same(const char *path, const char *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    char *memory = malloc(size + 1);
    bool same = file != NULL && memory != NULL && fread(memory, 1, size + 1, file) == size &&
                memcmp(memory, data, size) == 0;

    free(memory);
    if (file != NULL) {
        fclose(file);
    }
    return same;
}

MUST_USE static enum status write_file(const char *folder, const char *name, const char *ending,
                                       const char *data, size_t size, struct error *error)
{
    char path[PATH_SIZE_MAX];

    snprintf(path, sizeof(path), "%s/proto/generated/%s.%s", folder, name, ending);
    if (is_same(path, data, size)) {
        return STATUS_OK;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return error_set(error, STATUS_IO, "%s: cannot be created", path);
    }
    bool written = fwrite(data, 1, size, file) == size;
    bool closed = fclose(file) == 0;
    return written && closed ? STATUS_OK
                             : error_set(error, STATUS_IO, "%s: cannot be written", path);
}

typedef void emit_fn(FILE *out, const struct schema *schemas, size_t count);

static void emit_one_header(FILE *out, const struct schema *schemas, size_t count)
{
    (void)count;
    emit_header(out, schemas);
}

static void emit_one_source(FILE *out, const struct schema *schemas, size_t count)
{
    (void)count;
    emit_source(out, schemas);
}

/* Emits into memory, then writes the file if it differs. */
MUST_USE static enum status generate(emit_fn *emit, const struct schema *schemas, size_t count,
                                     const char *folder, const char *name, const char *ending,
                                     struct error *error)
{
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);

    if (out == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s.%s: no memory for it", name, ending);
    }
    emit(out, schemas, count);
    if (fclose(out) != 0) {
        free(data);
        return error_set(error, STATUS_NO_MEMORY, "%s.%s: no memory for it", name, ending);
    }
    enum status status = write_file(folder, name, ending, data, size, error);
    free(data);
    return status;
}

MUST_USE static enum status compile(const char *folder, char *const *paths, size_t count,
                                    struct arena *arena, struct error *error)
{
    struct schema *schemas = arena_allocate_array(arena, count, sizeof(*schemas));
    enum status status = STATUS_OK;

    if (schemas == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct text content = TEXT_NULL;
        status = read_file(paths[i], SCHEMA_SIZE_MAX, arena, &content, error);
        if (status == STATUS_OK) {
            status = schema_parse(paths[i], content, arena, &schemas[i], error);
        }
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const char *name = schemas[i].name;
        status = generate(emit_one_header, &schemas[i], 1, folder, name, "h", error);
        if (status == STATUS_OK) {
            status = generate(emit_one_source, &schemas[i], 1, folder, name, "c", error);
        }
    }
    if (status == STATUS_OK) {
        status = generate(emit_index_header, schemas, count, folder, "messages", "h", error);
    }
    if (status == STATUS_OK) {
        status = generate(emit_index_source, schemas, count, folder, "messages", "c", error);
    }
    return status;
}

int main(int arguments_count, char **arguments)
{
    struct arena arena;
    struct error error;

    if (arguments_count < 3) {
        fprintf(stderr, "usage: schema_compiler GEN SCHEMA...\n");
        return 2;
    }
    arena_init(&arena, ARENA_SIZE_MAX);
    enum status status =
        compile(arguments[1], arguments + 2, (size_t)arguments_count - 2, &arena, &error);
    arena_clear(&arena);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return 0;
}
