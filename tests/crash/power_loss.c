/* A run writes, rolls, stops, starts and deletes on the simulated disk. Before every call that
 * changes the disk, and before every completion, the disk is copied as a power cut would leave it:
 * un-synced writes whole, torn by sector, or gone. On each copy the log is opened, and must hold
 * every acknowledged batch, byte for byte, know the producer's last batch again, and take and keep
 * another one. With a bit flipped besides, damage may be refused but never served. */
#include "tests/crash/power_loss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "proto/record/record_batch.h"
#include "tests/support/storage/log_fixture.h"

#define STEPS               90
#define BATCHES_MAX         512
#define READ_SIZE_MAX       (256 * 1024)
#define SEGMENT_BYTES       20000
#define POWER_CUTS          3
#define BIT_FLIPS           2
#define PRODUCER_ID         77
#define DIRECTORY_NAMES_MAX 256

struct sent_batch {
    uint8_t *bytes; /* As they must be read: with offset and epoch. */
    size_t size;
    int64_t base_offset;
    int64_t next_offset;
    struct batch_recipe recipe;
};

struct recording {
    struct log_fixture fixture;
    struct random_seeded random;
    enum write_engine engine;
    struct sent_batch batches[BATCHES_MAX];
    size_t count;
    int64_t acknowledged_end;
    int64_t recovery_point; /* As the owner's checkpoint has it. */
    int64_t deletable_end;  /* Below it may be gone. */
    int32_t sequence;
    uint64_t points;
    uint64_t cuts;
    uint64_t flips;
    uint64_t lost;    /* Acknowledged, and neither served nor reported. */
    uint64_t wrong;   /* Served, and not what was written. */
    uint64_t refused; /* Damage that was noticed. */
    uint64_t cut_off; /* Damage behind which nothing whole lay: as a torn tail. */
    uint64_t stuck;   /* Would not open, or not go on. */
    uint64_t epochs;  /* Served with another leader epoch: see is_unnoticeable(). */
    uint64_t failed;
    char flipped[96]; /* Where the bit was, empty without. */
    char finding[512];
};

static uint8_t memory[READ_SIZE_MAX];

static uint64_t below(struct recording *recording, uint64_t bound)
{
    return random_below(&recording->random.random, bound);
}

static void find(struct recording *recording, uint64_t *counter, const char *what, int64_t offset,
                 const char *why)
{
    ++*counter;
    if (recording->finding[0] == '\0') {
        snprintf(recording->finding, sizeof recording->finding, "point %llu: %s at %lld: %s %s",
                 (unsigned long long)recording->points, what, (long long)offset, why,
                 recording->flipped);
    }
}

/* ---- on a copy ---- */

static void fixture_on(struct recording *recording, struct log_fixture *fixture,
                       struct simulated_disk *disk)
{
    log_fixture_init_on(fixture, disk);
    fixture->context.segment_files.engine_default = recording->engine;
    fixture->options.config = recording->fixture.options.config;
    fixture->options.recovery_point = recording->recovery_point;
}

static const struct sent_batch *batch_at(const struct recording *recording, int64_t offset)
{
    for (size_t i = 0; i < recording->count; i++) {
        if (recording->batches[i].base_offset == offset) {
            return &recording->batches[i];
        }
    }
    return NULL;
}

/* Kafka's checksum leaves out the leader epoch. Block checksums and the epoch checkpoint make up
 * for it as soon as there are any; behind the recovery point of a young log nothing contradicts. */
static bool is_unnoticeable(const struct recording *recording, const struct sent_batch *expected,
                            const uint8_t *read)
{
    const size_t behind = RECORD_BATCH_LEADER_EPOCH_AT + sizeof(int32_t);
    return expected->base_offset >= recording->recovery_point &&
           memcmp(expected->bytes, read, RECORD_BATCH_LEADER_EPOCH_AT) == 0 &&
           memcmp(expected->bytes + behind, read + behind, expected->size - behind) == 0;
}

/* Compares a read of `size` bytes. Returns the offset behind it, -1 when something is wrong. */
static int64_t compare(struct recording *recording, size_t size, int64_t offset)
{
    struct bytes rest = {memory, size};
    while (rest.size > 0) {
        const struct sent_batch *expected =
            rest.size >= RECORD_BATCH_HEADER_SIZE ? batch_at(recording, load_i64(rest.data)) : NULL;
        if (expected == NULL || expected->size > rest.size || expected->base_offset > offset) {
            find(recording, &recording->wrong, "wrong batch served", offset, "");
            return -1;
        }
        if (memcmp(expected->bytes, rest.data, expected->size) != 0) {
            if (!is_unnoticeable(recording, expected, rest.data)) {
                find(recording, &recording->wrong, "wrong bytes served", offset, "");
                return -1;
            }
            recording->epochs++;
        }
        offset = expected->next_offset;
        rest.data += expected->size;
        rest.size -= expected->size;
    }
    return offset;
}

/* Reads all. Returns where it ended: the log's end, unless damage was refused. */
static int64_t read_all(struct recording *recording, struct log_fixture *fixture)
{
    int64_t offset = partition_log_start_offset(fixture->log);
    while (offset < partition_log_end_offset(fixture->log)) {
        struct log_read_result result;
        size_t size = 0;
        if (log_fixture_read(fixture, offset, READ_SIZE_MAX / 4, memory, sizeof memory, &size,
                             &result) != STATUS_OK ||
            size == 0) {
            break;
        }
        int64_t next = compare(recording, size, offset);
        if (next <= offset) {
            break;
        }
        offset = next;
    }
    return offset;
}

/* The producer's last acknowledged batch sent again, and a new one that must stay. */
static void go_on(struct recording *recording, struct log_fixture *fixture, uint64_t seed)
{
    struct append_result result;
    for (size_t i = recording->count; i > 0; i--) {
        const struct sent_batch *batch = &recording->batches[i - 1];
        if (batch->recipe.producer_id < 0 || batch->next_offset > recording->acknowledged_end) {
            continue;
        }
        result = log_fixture_append(fixture, &batch->recipe);
        if (result.decision != APPEND_DUPLICATE || result.base_offset != batch->base_offset) {
            find(recording, &recording->wrong, "producer forgotten", batch->base_offset,
                 result.error.text);
        }
        break;
    }
    int64_t end = partition_log_end_offset(fixture->log);
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.fill = 0xee;
    result = log_fixture_append(fixture, &recipe);
    if (result.decision != APPEND_ACCEPTED || result.base_offset != end ||
        log_fixture_flush(fixture) != STATUS_OK) {
        find(recording, &recording->stuck, "no append", end, result.error.text);
        return;
    }
    log_fixture_crash(fixture, seed);
    if (log_fixture_open(fixture) != STATUS_OK ||
        partition_log_end_offset(fixture->log) != end + 1) {
        find(recording, &recording->lost, "batch after the recovery", end, fixture->error.text);
    }
}

static void check_power_cut(struct recording *recording, uint64_t seed)
{
    struct log_fixture fixture;
    fixture_on(recording, &fixture, simulated_disk_survivor(recording->fixture.disk, seed));
    recording->cuts++;
    recording->flipped[0] = '\0';
    if (log_fixture_open(&fixture) != STATUS_OK) {
        find(recording, &recording->stuck, "does not open", 0, fixture.error.text);
    } else if (fixture.report.corrupt) {
        find(recording, &recording->stuck, "called damaged", fixture.report.corrupt_offset, "");
    } else {
        int64_t start = partition_log_start_offset(fixture.log);
        int64_t end = partition_log_end_offset(fixture.log);
        if (start > recording->deletable_end) {
            find(recording, &recording->lost, "start is behind what was deleted", start, "");
        } else if (end < recording->acknowledged_end) {
            find(recording, &recording->lost, "end is before what was acknowledged", end, "");
        } else if (read_all(recording, &fixture) != end) {
            find(recording, &recording->lost, "cannot be read", end, fixture.error.text);
        } else {
            go_on(recording, &fixture, seed + 1);
        }
    }
    log_fixture_clear(&fixture);
}

struct flip {
    struct recording *recording;
    char paths[DIRECTORY_NAMES_MAX][64];
    size_t count;
};

static void add_name(void *context, const char *name)
{
    struct flip *flip = context;
    if (flip->count < DIRECTORY_NAMES_MAX) {
        snprintf(flip->paths[flip->count++], sizeof flip->paths[0], "%s/%s", LOG_FIXTURE_DIRECTORY,
                 name);
    }
}

/* Flips a bit of a file that has any; false when there is none. */
static bool flip_bit(struct recording *recording, struct simulated_disk *disk)
{
    struct flip flip = {.recording = recording};
    struct file_system *files = simulated_disk_files(disk);
    struct error error;
    if (files->list_directory(files, LOG_FIXTURE_DIRECTORY, add_name, &flip, &error) != STATUS_OK ||
        flip.count == 0) {
        return false;
    }
    const char *path = flip.paths[below(recording, flip.count)];
    struct bytes content = simulated_disk_content(disk, path);
    if (content.size == 0) {
        return false;
    }
    uint64_t position = below(recording, content.size);
    unsigned bit = (unsigned)below(recording, 8);
    simulated_disk_flip_bit(disk, path, position, bit);
    snprintf(recording->flipped, sizeof recording->flipped, "%s byte %llu bit %u", path,
             (unsigned long long)position, bit);
    return true;
}

/* What is served must be right; what is missing must have been reported, unless it is the end. */
static void check_flip(struct recording *recording, uint64_t seed)
{
    struct simulated_disk *disk = simulated_disk_survivor(recording->fixture.disk, seed);
    if (!flip_bit(recording, disk)) {
        simulated_disk_destroy(disk);
        return;
    }
    struct log_fixture fixture;
    fixture_on(recording, &fixture, disk);
    recording->flips++;
    if (log_fixture_open(&fixture) != STATUS_OK) {
        recording->refused++;
    } else {
        int64_t end = partition_log_end_offset(fixture.log);
        int64_t read_end = read_all(recording, &fixture);
        if (fixture.report.corrupt || read_end < end) {
            recording->refused++;
        } else if (end < recording->recovery_point) {
            find(recording, &recording->lost, "cut below the recovery point", end, "");
        } else if (end < recording->acknowledged_end) {
            recording->cut_off++;
        }
    }
    log_fixture_clear(&fixture);
}

static void on_write_point(void *context, struct simulated_disk *disk)
{
    struct recording *recording = context;
    (void)disk;
    recording->points++;
    uint64_t before = recording->lost + recording->wrong + recording->stuck;
    for (uint64_t i = 0; i < POWER_CUTS; i++) {
        check_power_cut(recording, recording->points * POWER_CUTS + i);
    }
    for (uint64_t i = 0; i < BIT_FLIPS; i++) {
        check_flip(recording, recording->points * BIT_FLIPS + i);
    }
    if (recording->lost + recording->wrong + recording->stuck != before) {
        recording->failed++;
    }
}

/* ---- the run ---- */

static struct batch_recipe choose_batch(struct recording *recording)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = (int32_t)below(recording, 4) + 1;
    recipe.value_size = (int32_t)below(recording, below(recording, 8) == 0 ? 4500 : 400);
    recipe.fill = (uint8_t)below(recording, 256);
    recipe.codec = below(recording, 4) == 0 ? COMPRESSION_ZSTD : COMPRESSION_NONE;
    if (below(recording, 2) == 0) {
        recipe.producer_id = PRODUCER_ID;
        recipe.producer_epoch = 0;
        recipe.base_sequence = recording->sequence;
        recording->sequence += recipe.count;
    }
    return recipe;
}

/* The model knows it before the log does: it may be on the disk as soon as append is called. */
static void append(struct recording *recording)
{
    struct batch_recipe recipe = choose_batch(recording);
    struct record_builder builder;
    struct bytes batch = log_fixture_batch(&builder, &recipe);
    int64_t base_offset = partition_log_end_offset(recording->fixture.log);
    ASSERT(recording->count < BATCHES_MAX);
    struct sent_batch *sent = &recording->batches[recording->count++];
    *sent = (struct sent_batch){.bytes = malloc(batch.size),
                                .size = batch.size,
                                .base_offset = base_offset,
                                .next_offset = base_offset + recipe.count,
                                .recipe = recipe};
    ASSERT(sent->bytes != NULL);
    memcpy(sent->bytes, batch.data, batch.size);
    store_i64(sent->bytes + RECORD_BATCH_BASE_OFFSET_AT, base_offset);
    store_i32(sent->bytes + RECORD_BATCH_LEADER_EPOCH_AT, 0);
    record_builder_clear(&builder);
    struct append_result result = log_fixture_append(&recording->fixture, &recipe);
    ASSERT(result.decision == APPEND_ACCEPTED && result.base_offset == base_offset);
}

static void flush(struct recording *recording)
{
    ASSERT(log_fixture_flush(&recording->fixture) == STATUS_OK);
    recording->acknowledged_end = partition_log_flushed_offset(recording->fixture.log);
    if (below(recording, 3) == 0) {
        recording->recovery_point = partition_log_recovery_point(recording->fixture.log);
    }
}

static void stop_and_start(struct recording *recording)
{
    ASSERT(log_fixture_close(&recording->fixture) == STATUS_OK);
    recording->acknowledged_end = recording->fixture.options.recovery_point;
    recording->recovery_point = recording->acknowledged_end;
    ASSERT(log_fixture_open(&recording->fixture) == STATUS_OK);
}

static void delete_oldest(struct recording *recording)
{
    struct partition_log *log = recording->fixture.log;
    int64_t offset = recording->acknowledged_end / 2;
    struct error *error = &recording->fixture.error;
    unsigned deleted;
    recording->deletable_end = offset;
    partition_log_set_high_watermark(log, recording->acknowledged_end);
    ASSERT(partition_log_set_start_offset(log, offset, error) == STATUS_OK);
    ASSERT(partition_log_apply_retention(log, LOG_FIXTURE_NOW_MS, &deleted, error) == STATUS_OK);
    ASSERT(partition_log_remove_deleted(log, LOG_FIXTURE_NOW_MS + 3600000, error) == STATUS_OK);
}

static void run(struct recording *recording)
{
    for (int step = 1; step <= STEPS; step++) {
        for (uint64_t i = below(recording, 4) + 1; i > 0; i--) {
            append(recording);
        }
        flush(recording);
        if (step % 30 == 0) {
            stop_and_start(recording);
        } else if (step % 41 == 0) {
            delete_oldest(recording);
        }
    }
}

static void print_row(const struct recording *recording)
{
    printf("  %-10s %8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu\n",
           recording->engine == WRITE_ENGINE_DIRECT ? "direct" : "buffered",
           (unsigned long long)recording->points, (unsigned long long)recording->cuts,
           (unsigned long long)recording->flips, (unsigned long long)recording->lost,
           (unsigned long long)recording->wrong, (unsigned long long)recording->stuck,
           (unsigned long long)recording->refused, (unsigned long long)recording->cut_off,
           (unsigned long long)recording->epochs);
    if (recording->finding[0] != '\0') {
        printf("  %s\n", recording->finding);
    }
}

static struct crash_result record(enum write_engine engine, uint64_t seed)
{
    struct recording *recording = calloc(1, sizeof *recording);
    ASSERT(recording != NULL);
    recording->engine = engine;
    random_seeded_init(&recording->random, seed);
    log_fixture_init(&recording->fixture, seed);
    recording->fixture.context.segment_files.engine_default = engine;
    recording->fixture.options.config.segment_bytes = SEGMENT_BYTES;
    recording->fixture.options.config.index_interval_bytes = 1024;
    recording->fixture.options.config.file_delete_delay_ms = 0;
    simulated_disk_observe(recording->fixture.disk, on_write_point, recording);
    ASSERT(log_fixture_open(&recording->fixture) == STATUS_OK);
    run(recording);
    simulated_disk_observe(recording->fixture.disk, NULL, NULL);
    log_fixture_clear(&recording->fixture);
    print_row(recording);
    struct crash_result result = {.passed = (unsigned)(recording->points - recording->failed),
                                  .failed = (unsigned)recording->failed};
    for (size_t i = 0; i < recording->count; i++) {
        free(recording->batches[i].bytes);
    }
    free(recording);
    return result;
}

struct crash_result power_loss_run(uint64_t seed)
{
    printf("\npower cuts and flipped bits at every write point, on the simulated disk\n\n"
           "  %-10s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n",
           "engine", "points", "cuts", "flips", "lost", "wrong", "stuck", "refused", "cut off",
           "epoch");
    struct crash_result direct = record(WRITE_ENGINE_DIRECT, seed);
    struct crash_result buffered = record(WRITE_ENGINE_BUFFERED, seed);
    return (struct crash_result){.passed = direct.passed + buffered.passed,
                                 .failed = direct.failed + buffered.failed};
}
