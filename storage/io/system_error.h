/* From the operating system's error numbers to ours. Only files of storage/io use it. */
#ifndef STORAGE_IO_SYSTEM_ERROR_H
#define STORAGE_IO_SYSTEM_ERROR_H

#include "base/error.h"

/* The status for an errno: STATUS_NO_SPACE also for a quota, STATUS_LIMIT for want of descriptors,
 * STATUS_IO for what has no better name. */
enum status system_status(int number);

/* Starts an error "<format>: <what the system calls it>" and returns its status. */
MUST_USE enum status system_error(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* STORAGE_IO_SYSTEM_ERROR_H */
