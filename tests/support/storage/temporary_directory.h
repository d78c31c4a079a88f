/* A directory of its own for a test that needs real files. */
#ifndef TESTS_SUPPORT_STORAGE_TEMPORARY_DIRECTORY_H
#define TESTS_SUPPORT_STORAGE_TEMPORARY_DIRECTORY_H

#define TEMPORARY_DIRECTORY_SIZE 256

struct temporary_directory {
    char path[TEMPORARY_DIRECTORY_SIZE];
};

/* Makes one below $TMPDIR or /var/tmp, which unlike /tmp is on a disk. Ends the test when it
 * cannot. */
void temporary_directory_make(struct temporary_directory *directory);

/* Removes it with everything in it. */
void temporary_directory_remove(const struct temporary_directory *directory);

/* "<directory>/<name>" in `path`, which has room for `size` characters. Returns `path`. */
char *temporary_path(const struct temporary_directory *directory, const char *name, char *path,
                     unsigned size);

#endif /* TESTS_SUPPORT_STORAGE_TEMPORARY_DIRECTORY_H */
