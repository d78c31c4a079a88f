/* One segment file with everything around it, on a simulated or a real disk. */
#ifndef TESTS_UNIT_STORAGE_SEGMENT_RIG_H
#define TESTS_UNIT_STORAGE_SEGMENT_RIG_H

#include "base/random.h"
#include "storage/io/open_files.h"
#include "storage/io/segment_cache.h"
#include "storage/io/segment_file.h"
#include "tests/support/storage/simulated_disk.h"
#include "tests/support/storage/temporary_directory.h"

enum rig_disk { RIG_SIMULATED, RIG_RING, RIG_WORKERS };

#define RIG_MODEL_SIZE ((size_t)8 << 20)

struct segment_rig {
    enum rig_disk disk_kind;
    enum write_engine engine;
    struct simulated_disk *disk; /* NULL on a real one. */
    struct temporary_directory directory;
    char path[512];
    struct segment_file_context context;
    struct segment_file *file;
    struct random_seeded random;
    uint8_t *model; /* What the segment should hold, up to its end. */
    uint64_t safe;  /* Bytes that must be there after a power cut. */
    bool flushing;
    uint64_t flush_end;
    enum status flush_status; /* Of the last one. */
    unsigned flushes;
};

/* Opens an empty segment. */
void rig_open(struct segment_rig *rig, enum rig_disk disk_kind, enum write_engine engine,
              uint64_t seed, size_t pool_size, size_t cache_size);

/* Closes the segment and all around it. */
void rig_close(struct segment_rig *rig);

/* Closes the segment and opens it again at `end`. */
void rig_reopen(struct segment_rig *rig, uint64_t end);

/* A number below `bound`. */
uint64_t rig_below(struct segment_rig *rig, uint64_t bound);

/* Appends random bytes, to the model too. */
enum status rig_append(struct segment_rig *rig, size_t size);

/* Starts a flush. */
void rig_flush_start(struct segment_rig *rig, bool durable);

/* Waits until the flush is over and returns its status. */
enum status rig_flush_wait(struct segment_rig *rig);

/* Both. */
enum status rig_flush(struct segment_rig *rig, bool durable);

/* Reads a range in both ways and compares it with the model. */
void rig_check(struct segment_rig *rig, uint64_t position, size_t size);

/* All of it. */
void rig_check_all(struct segment_rig *rig);

/* Cuts the power and goes on with what was durable, which must be there. */
void rig_crash(struct segment_rig *rig, uint64_t seed);

#endif /* TESTS_UNIT_STORAGE_SEGMENT_RIG_H */
