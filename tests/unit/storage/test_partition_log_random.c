/* Random histories of one log against a list of what was appended: producers that send twice,
 * flushes, rolls, orderly stops, power cuts, truncations, deletions. What was flushed must be
 * there, in order, once; what is read must be what was written. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log/partition_log.h"
#include "tests/support/storage/log_fixture.h"

#define STEPS         400
#define HISTORIES     60
#define BATCHES_MAX   (STEPS * 4)
#define PRODUCERS     3
#define READ_SIZE_MAX (256 * 1024)

struct expected_batch {
    int64_t base_offset;
    int64_t last_offset;
    int64_t producer_id;
    int32_t base_sequence;
    uint32_t crc;
};

struct history {
    struct log_fixture fixture;
    struct random_seeded random;
    uint64_t seed;
    struct expected_batch batches[BATCHES_MAX];
    size_t count;
    int64_t flushed_offset; /* Acknowledged: must survive. */
    int32_t sequences[PRODUCERS];
};

static struct history history;
static uint8_t memory[READ_SIZE_MAX * 2];

static uint64_t below(uint64_t bound)
{
    return random_below(&history.random.random, bound);
}

#define AT(expression)                                                                             \
    cr_assert(expression, "seed %u: %s", (unsigned)history.seed, history.fixture.error.text)

static void append_new(void)
{
    if (history.count == BATCHES_MAX) {
        return;
    }
    struct batch_recipe recipe = BATCH_PLAIN;
    recipe.count = (int32_t)below(5) + 1;
    recipe.value_size = (int32_t)below(below(20) == 0 ? 8000 : 300);
    recipe.fill = (uint8_t)below(256);
    recipe.timestamp_ms = LOG_FIXTURE_NOW_MS + (int64_t)below(1000);
    recipe.codec = below(4) == 0 ? COMPRESSION_LZ4 : COMPRESSION_NONE;
    size_t producer = (size_t)below(PRODUCERS + 1);
    if (producer < PRODUCERS) {
        recipe.producer_id = (int64_t)producer + 10;
        recipe.producer_epoch = 0;
        recipe.base_sequence = history.sequences[producer];
    }
    struct record_builder builder;
    struct bytes batch = log_fixture_batch(&builder, &recipe);
    struct record_batch_header header;
    AT(record_batch_header_read(batch, &header) == RECORD_BATCH_OK);
    struct append_request request = {
        .batches = batch, .now_ms = LOG_FIXTURE_NOW_MS, .zstd_allowed = true};
    struct append_result result;
    partition_log_append(history.fixture.log, &request, &result);
    record_builder_clear(&builder);
    cr_assert_eq(result.decision, APPEND_ACCEPTED, "seed %u: %s", (unsigned)history.seed,
                 result.error.text);
    if (producer < PRODUCERS) {
        history.sequences[producer] += recipe.count;
    }
    history.batches[history.count++] = (struct expected_batch){
        .base_offset = result.base_offset,
        .last_offset = result.last_offset,
        .producer_id = recipe.producer_id,
        .base_sequence = recipe.base_sequence,
        .crc = header.crc,
    };
}

/* One of the last five batches of a producer once more: answered with the first one's offsets. */
static void append_duplicate(void)
{
    if (history.count == 0) {
        return;
    }
    int64_t producer_id = 10 + (int64_t)below(PRODUCERS);
    unsigned back = (unsigned)below(5);
    for (size_t i = history.count; i > 0; i--) {
        const struct expected_batch *batch = &history.batches[i - 1];
        if (batch->producer_id != producer_id || back-- > 0) {
            continue;
        }
        if (batch->base_offset < partition_log_start_offset(history.fixture.log)) {
            return; /* With the batch its memory may have gone. */
        }
        struct batch_recipe recipe = BATCH_PLAIN;
        recipe.count = (int32_t)(batch->last_offset - batch->base_offset) + 1;
        recipe.producer_id = producer_id;
        recipe.producer_epoch = 0;
        recipe.base_sequence = batch->base_sequence;
        struct append_result result = log_fixture_append(&history.fixture, &recipe);
        cr_assert_eq(result.decision, APPEND_DUPLICATE, "seed %u: %s", (unsigned)history.seed,
                     result.error.text);
        cr_assert_eq(result.base_offset, batch->base_offset);
        return;
    }
}

static void flush(void)
{
    AT(log_fixture_flush(&history.fixture) == STATUS_OK);
    history.flushed_offset = partition_log_flushed_offset(history.fixture.log);
    AT(history.flushed_offset == partition_log_end_offset(history.fixture.log));
    if (below(2) == 0) {
        history.fixture.options.recovery_point = partition_log_recovery_point(history.fixture.log);
    }
}

/* The model forgets what the log has lost, and the producers go on behind what is left. */
static void follow_end(int64_t end_offset)
{
    while (history.count > 0 && history.batches[history.count - 1].last_offset >= end_offset) {
        history.count--;
    }
    memset(history.sequences, 0, sizeof history.sequences);
    for (size_t i = 0; i < history.count; i++) {
        const struct expected_batch *batch = &history.batches[i];
        if (batch->producer_id >= 0) {
            history.sequences[batch->producer_id - 10] =
                batch->base_sequence + (int32_t)(batch->last_offset - batch->base_offset) + 1;
        }
    }
}

/* Reads from `offset` to the end and compares every batch. */
static void check_from(int64_t offset)
{
    struct log_fixture *fixture = &history.fixture;
    size_t at = 0;
    while (at < history.count && history.batches[at].last_offset < offset) {
        at++;
    }
    while (offset < partition_log_end_offset(fixture->log)) {
        struct log_read_result result;
        size_t size = 0;
        size_t bytes_max = (size_t)below(READ_SIZE_MAX) + 1;
        AT(log_fixture_read(fixture, offset, bytes_max, memory, sizeof memory, &size, &result) ==
           STATUS_OK);
        AT(size > 0);
        struct record_batch_run run = record_batch_run_over((struct bytes){memory, size});
        struct record_batch_header header;
        enum record_batch_decision decision;
        struct bytes batch;
        while (record_batch_run_next(&run, &batch, &header, &decision)) {
            AT(record_batch_verify(batch, &header) == RECORD_BATCH_OK);
            cr_assert_lt(at, history.count, "seed %u at %zu of %zu, base %lld",
                         (unsigned)history.seed, at, history.count, (long long)header.base_offset);
            const struct expected_batch *expected = &history.batches[at++];
            AT(header.base_offset == expected->base_offset);
            AT(record_batch_last_offset(&header) == expected->last_offset);
            AT(header.crc == expected->crc);
            offset = record_batch_next_offset(&header);
        }
        AT(decision == RECORD_BATCH_OK);
        AT(result.next_offset == offset);
    }
    AT(at == history.count);
}

/* The last batch reaches to the end, or the log is empty and began anew at its start offset. */
static bool ends_at(int64_t end_offset)
{
    return history.count == 0 || history.batches[history.count - 1].last_offset + 1 == end_offset ||
           partition_log_start_offset(history.fixture.log) == end_offset;
}

static void reopen(void)
{
    AT(log_fixture_open(&history.fixture) == STATUS_OK);
    cr_assert_not(history.fixture.report.corrupt, "seed %u", (unsigned)history.seed);
    int64_t end = partition_log_end_offset(history.fixture.log);
    AT(end >= history.flushed_offset);
    follow_end(end);
    AT(ends_at(end));
    history.flushed_offset = end;
    check_from(partition_log_start_offset(history.fixture.log));
}

static void truncate(void)
{
    int64_t end = partition_log_end_offset(history.fixture.log);
    int64_t start = partition_log_start_offset(history.fixture.log);
    if (end == start) {
        return;
    }
    int64_t offset = start + (int64_t)below((uint64_t)(end - start));
    AT(partition_log_truncate(history.fixture.log, offset, &history.fixture.error) == STATUS_OK);
    end = partition_log_end_offset(history.fixture.log);
    AT(end <= offset);
    follow_end(end);
    AT(ends_at(end));
    history.flushed_offset = end;
    check_from(partition_log_start_offset(history.fixture.log));
}

/* Only when all batches of a producer are still known: one that lost its first batches to
 * deletion is still known here. */
static void delete_some(void)
{
    struct partition_log *log = history.fixture.log;
    int64_t flushed = partition_log_flushed_offset(log);
    partition_log_set_high_watermark(log, flushed);
    int64_t start = partition_log_start_offset(log);
    if (flushed - start < 50) {
        return;
    }
    int64_t offset = start + (int64_t)below((uint64_t)(flushed - start) / 2);
    AT(partition_log_set_start_offset(log, offset, &history.fixture.error) == STATUS_OK);
    history.fixture.options.log_start_offset = offset;
    unsigned deleted = 0;
    AT(partition_log_apply_retention(log, LOG_FIXTURE_NOW_MS, &deleted, &history.fixture.error) ==
       STATUS_OK);
    history.fixture.options.log_start_offset = partition_log_start_offset(log);
}

static void step(void)
{
    uint64_t choice = below(100);
    if (choice < 60) {
        append_new();
    } else if (choice < 70) {
        append_duplicate();
    } else if (choice < 84) {
        flush();
    } else if (choice < 89) {
        int64_t start = partition_log_start_offset(history.fixture.log);
        int64_t end = partition_log_end_offset(history.fixture.log);
        check_from(start + (int64_t)below((uint64_t)(end - start) + 1));
    } else if (choice < 92) {
        AT(log_fixture_close(&history.fixture) == STATUS_OK);
        history.flushed_offset = history.fixture.options.recovery_point;
        reopen();
    } else if (choice < 96) {
        log_fixture_crash(&history.fixture, below(1000));
        reopen();
    } else if (choice < 98) {
        delete_some();
    } else {
        truncate();
    }
}

static void run_history(uint64_t seed, enum write_engine engine)
{
    memset(&history, 0, sizeof history);
    history.seed = seed;
    random_seeded_init(&history.random, seed);
    log_fixture_init(&history.fixture, seed);
    history.fixture.context.segment_files.engine_default = engine;
    history.fixture.options.config.segment_bytes = 42000 + (int64_t)below(20000);
    history.fixture.options.config.index_interval_bytes = 256 + (int32_t)below(4096);
    AT(log_fixture_open(&history.fixture) == STATUS_OK);
    for (int i = 0; i < STEPS; i++) {
        step();
    }
    log_fixture_clear(&history.fixture);
}

Test(partition_log_random, nothing_acknowledged_is_lost_with_direct_writes)
{
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        run_history(seed, WRITE_ENGINE_DIRECT);
    }
}

Test(partition_log_random, nothing_acknowledged_is_lost_with_buffered_writes)
{
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        run_history(seed, WRITE_ENGINE_BUFFERED);
    }
}
