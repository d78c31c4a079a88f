#include "storage/io/system_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status system_status(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STATUS_NO_SPACE;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return STATUS_EXISTS;
    case EMFILE:
    case ENFILE:
        return STATUS_LIMIT;
    case EOPNOTSUPP:
    case ENOSYS:
        return STATUS_UNSUPPORTED;
    case EAGAIN:
        return STATUS_AGAIN;
    case EBUSY:
        return STATUS_BUSY;
    default:
        return STATUS_IO;
    }
}

enum status system_error(struct error *error, int number, const char *format, ...)
{
    char memory[128];
    const char *name = strerror_r(number, memory, sizeof memory);

    char what[ERROR_TEXT_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(error, system_status(number), "%s: %s", what, name);
}
