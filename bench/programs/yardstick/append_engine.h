/* Five ways to append to a file, side by side, so that one run shows what each costs.
 *
 *     page-cache  pwrite, acknowledged from the page cache: nothing is durable
 *     fdatasync   pwrite, then fdatasync of each file, one after the other
 *     direct      O_DIRECT with RWF_DSYNC into space that fallocate reserved
 *     ahead       the same into space that was written with zeros before
 *     ring        as `ahead`, the files of a round side by side through io_uring
 *
 * The last three keep the tail of a file in an aligned buffer and write whole blocks of 4 KiB. The
 * last block of a round is written again by the next one, with more in it.
 *
 * One thread. A round is append_file_flush() for each file that append_file_write() touched, then
 * one append_engine_wait(). */
#ifndef BENCH_PROGRAMS_YARDSTICK_APPEND_ENGINE_H
#define BENCH_PROGRAMS_YARDSTICK_APPEND_ENGINE_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* The largest single append; a larger one is refused with STATUS_LIMIT. */
#define APPEND_SIZE_MAX ((size_t)2 << 20)

#define APPEND_MODE_LIST(X)                                                                        \
    X(APPEND_PAGE_CACHE, "page-cache")                                                             \
    X(APPEND_FDATASYNC, "fdatasync")                                                               \
    X(APPEND_DIRECT, "direct")                                                                     \
    X(APPEND_AHEAD, "ahead")                                                                       \
    X(APPEND_RING, "ring")

#define APPEND_MODE_MEMBER(name, text) name,
enum append_mode { APPEND_MODE_LIST(APPEND_MODE_MEMBER) APPEND_MODE_COUNT };
#undef APPEND_MODE_MEMBER

/* What the files of a server share. Embedded; append_engine_init() and _clear(). */
struct append_engine {
    enum append_mode mode;
    uint8_t *zeros; /* Owned; one step of zeros, aligned. */
    struct io_uring ring;
    unsigned pending_count; /* Writes in the ring that have not been waited for. */
};

/* One file. Bytes [buffer_start, size) are in `buffer` in the three direct modes. */
struct append_file {
    int descriptor;        /* Also for readers. */
    int direct_descriptor; /* -1 when the mode needs none. */
    uint64_t size;
    uint64_t flushed;  /* Handed to the disk, durable after append_engine_wait(). */
    uint64_t prepared; /* Reserved or written ahead up to here. */
    uint8_t *buffer;
    uint64_t buffer_start; /* A multiple of the block size. */
};

/* The mode of that name; false when there is none. */
bool append_mode_parse(struct text text, enum append_mode *mode);

/* Sets up what the mode needs. STATUS_NO_MEMORY; STATUS_UNSUPPORTED when io_uring is refused. */
MUST_USE enum status append_engine_init(struct append_engine *engine, enum append_mode mode,
                                        struct error *error);

/* Releases it. All files are closed before. */
void append_engine_clear(struct append_engine *engine);

/* Creates or empties the file at `path`. Released by append_file_close(). */
MUST_USE enum status append_file_open(struct append_engine *engine, struct append_file *file,
                                      const char *path, struct error *error);

/* Gives descriptors and buffer back; what was not flushed is lost. */
void append_file_close(struct append_file *file);

/* Takes `bytes` over at the end of the file. They are durable after the next round. */
MUST_USE enum status append_file_write(struct append_engine *engine, struct append_file *file,
                                       struct bytes bytes, struct error *error);

/* Starts to make durable what was written; nothing to do for page-cache. */
MUST_USE enum status append_file_flush(struct append_engine *engine, struct append_file *file,
                                       struct error *error);

/* Ends the round: everything flushed is durable. */
MUST_USE enum status append_engine_wait(struct append_engine *engine, struct error *error);

#endif /* BENCH_PROGRAMS_YARDSTICK_APPEND_ENGINE_H */
