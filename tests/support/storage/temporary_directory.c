#include "tests/support/storage/temporary_directory.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

#define OPEN_DIRECTORIES_MAX 16

void temporary_directory_make(struct temporary_directory *directory)
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(directory->path, sizeof directory->path, "%s/rollway-test-XXXXXX",
                        parent != NULL ? parent : "/var/tmp");
    ASSERT(size > 0 && (unsigned)size < sizeof directory->path);
    ASSERT(mkdtemp(directory->path) != NULL);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void temporary_directory_remove(const struct temporary_directory *directory)
{
    (void)nftw(directory->path, remove_entry, OPEN_DIRECTORIES_MAX, FTW_DEPTH | FTW_PHYS);
}

char *temporary_path(const struct temporary_directory *directory, const char *name, char *path,
                     unsigned size)
{
    int written = snprintf(path, size, "%s/%s", directory->path, name);
    ASSERT(written > 0 && (unsigned)written < size);
    return path;
}
