#include "storage/log/log_file_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

void log_path_of_offset(struct log_path *path, const char *directory, int64_t offset,
                        const char *suffix)
{
    ASSERT(offset >= 0);
    int size = snprintf(path->text, sizeof path->text, "%s/%0*" PRId64 "%s", directory,
                        LOG_OFFSET_DIGITS, offset, suffix);
    ASSERT(size > 0 && (size_t)size < sizeof path->text);
}

void log_path_of_name(struct log_path *path, const char *directory, const char *name)
{
    int size = snprintf(path->text, sizeof path->text, "%s/%s", directory, name);
    ASSERT(size > 0 && (size_t)size < sizeof path->text);
}

bool log_file_name_parse(const char *name, int64_t *offset, const char **suffix)
{
    int64_t value = 0;
    for (int i = 0; i < LOG_OFFSET_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return false;
        }
        int digit = name[i] - '0';
        if (value > (INT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *offset = value;
    *suffix = name + LOG_OFFSET_DIGITS;
    return true;
}

bool log_file_name_has_suffix(const char *name, const char *suffix)
{
    size_t name_size = strlen(name);
    size_t suffix_size = strlen(suffix);
    return name_size >= suffix_size && strcmp(name + name_size - suffix_size, suffix) == 0;
}
