#include "storage/producer/producer_snapshot.h"

#include <inttypes.h>

#include "base/assert.h"
#include "base/crc32c.h"

#define CRC_AT   2
#define COUNT_AT 6

#define MARK_SIZE 4

static unsigned older_count(const struct producer_entry *entry)
{
    return entry->batches_count > 0 ? entry->batches_count - 1u : 0;
}

size_t producer_snapshot_size(const struct producer_state *state)
{
    size_t size = PRODUCER_SNAPSHOT_HEADER_SIZE + MARK_SIZE;
    size_t cursor = 0;
    const struct producer_entry *entry;
    while ((entry = producer_state_next(state, &cursor)) != NULL) {
        size += PRODUCER_SNAPSHOT_ENTRY_SIZE + 1 +
                (size_t)older_count(entry) * PRODUCER_SNAPSHOT_OLDER_SIZE;
    }
    return size;
}

static void encode_entry(const struct producer_entry *entry, struct byte_writer *writer)
{
    struct producer_batch last = {
        .last_offset = -1,
        .timestamp_ms = entry->last_timestamp_ms,
        .last_sequence = RECORD_BATCH_NO_SEQUENCE,
        .offset_delta = 0,
    };
    if (entry->batches_count > 0) {
        last = entry->batches[entry->batches_count - 1];
    }
    write_i64(writer, entry->producer_id);
    write_i16(writer, entry->epoch);
    write_i32(writer, last.last_sequence);
    write_i64(writer, last.last_offset);
    write_i32(writer, last.offset_delta);
    write_i64(writer, entry->last_timestamp_ms);
    write_i32(writer, entry->coordinator_epoch);
    write_i64(writer, entry->transaction_first_offset);
}

static void encode_older(const struct producer_entry *entry, struct byte_writer *writer)
{
    unsigned count = older_count(entry);
    write_i8(writer, (int8_t)count);
    for (unsigned i = 0; i < count; i++) {
        write_i32(writer, entry->batches[i].last_sequence);
        write_i64(writer, entry->batches[i].last_offset);
        write_i32(writer, entry->batches[i].offset_delta);
        write_i64(writer, entry->batches[i].timestamp_ms);
    }
}

void producer_snapshot_encode(const struct producer_state *state, void *memory)
{
    size_t size = producer_snapshot_size(state);
    struct byte_writer writer = byte_writer_over(memory, size);
    write_i16(&writer, PRODUCER_SNAPSHOT_VERSION);
    write_u32(&writer, 0);
    write_i32(&writer, (int32_t)producer_state_count(state));
    size_t cursor = 0;
    const struct producer_entry *entry;
    while ((entry = producer_state_next(state, &cursor)) != NULL) {
        encode_entry(entry, &writer);
    }
    write_u32(&writer, PRODUCER_SNAPSHOT_MARK);
    cursor = 0;
    while ((entry = producer_state_next(state, &cursor)) != NULL) {
        encode_older(entry, &writer);
    }
    ASSERT(!writer.failed && byte_writer_size(&writer) == size);
    store_u32(writer.start + CRC_AT, crc32c(writer.start + COUNT_AT, size - COUNT_AT));
}

enum status producer_snapshot_check(struct bytes snapshot, uint32_t *count, struct error *error)
{
    if (snapshot.size < PRODUCER_SNAPSHOT_HEADER_SIZE) {
        return error_set(error, STATUS_CORRUPT, "%zu bytes are no producer snapshot",
                         snapshot.size);
    }
    int16_t version = load_i16(snapshot.data);
    if (version != PRODUCER_SNAPSHOT_VERSION) {
        return error_set(error, STATUS_UNSUPPORTED, "producer snapshot of version %d, known is %d",
                         version, PRODUCER_SNAPSHOT_VERSION);
    }
    uint32_t crc = load_u32(snapshot.data + CRC_AT);
    uint32_t computed = crc32c(snapshot.data + COUNT_AT, snapshot.size - COUNT_AT);
    if (crc != computed) {
        return error_set(error, STATUS_CORRUPT,
                         "producer snapshot has checksum %08" PRIx32 ", its content %08" PRIx32,
                         crc, computed);
    }
    int32_t entries = load_i32(snapshot.data + COUNT_AT);
    size_t room = (snapshot.size - PRODUCER_SNAPSHOT_HEADER_SIZE) / PRODUCER_SNAPSHOT_ENTRY_SIZE;
    if (entries < 0 || (size_t)entries > room) {
        return error_set(error, STATUS_CORRUPT,
                         "producer snapshot says %" PRId32 " producers and has %zu bytes", entries,
                         snapshot.size);
    }
    *count = (uint32_t)entries;
    return STATUS_OK;
}

struct producer_snapshot_entry producer_snapshot_at(struct bytes snapshot, uint32_t number)
{
    const uint8_t *place = snapshot.data + PRODUCER_SNAPSHOT_HEADER_SIZE +
                           (size_t)number * PRODUCER_SNAPSHOT_ENTRY_SIZE;
    struct byte_reader reader =
        byte_reader_over((struct bytes){place, PRODUCER_SNAPSHOT_ENTRY_SIZE});
    struct producer_snapshot_entry entry;
    entry.producer_id = read_i64(&reader);
    entry.epoch = read_i16(&reader);
    entry.last_sequence = read_i32(&reader);
    entry.last_offset = read_i64(&reader);
    entry.offset_delta = read_i32(&reader);
    entry.timestamp_ms = read_i64(&reader);
    entry.coordinator_epoch = read_i32(&reader);
    entry.transaction_first_offset = read_i64(&reader);
    ASSERT(!reader.failed);
    return entry;
}

/* Puts the older batches in front of the last one. */
static bool decode_older(struct byte_reader *reader, struct producer_entry *entry)
{
    uint8_t count = read_u8(reader);
    if (reader->failed || count >= PRODUCER_BATCHES_MAX ||
        (count > 0 && entry->batches_count != 1)) {
        return false;
    }
    struct producer_batch last = entry->batches[0];
    for (unsigned i = 0; i < count; i++) {
        entry->batches[i].last_sequence = read_i32(reader);
        entry->batches[i].last_offset = read_i64(reader);
        entry->batches[i].offset_delta = read_i32(reader);
        entry->batches[i].timestamp_ms = read_i64(reader);
        if (entry->batches[i].last_sequence < 0 || entry->batches[i].offset_delta < 0) {
            return false;
        }
    }
    if (count > 0) {
        entry->batches[count] = last;
        entry->batches_count = (uint8_t)(count + 1);
    }
    return !reader->failed;
}

static enum status decode_all_older(struct bytes snapshot, uint32_t count,
                                    struct producer_state *state, struct error *error)
{
    size_t used = PRODUCER_SNAPSHOT_HEADER_SIZE + (size_t)count * PRODUCER_SNAPSHOT_ENTRY_SIZE;
    if (used == snapshot.size) {
        return STATUS_OK; /* Kafka's own. */
    }
    struct byte_reader reader =
        byte_reader_over((struct bytes){snapshot.data + used, snapshot.size - used});
    bool good = read_u32(&reader) == PRODUCER_SNAPSHOT_MARK;
    for (uint32_t i = 0; i < count && good; i++) {
        struct producer_snapshot_entry entry = producer_snapshot_at(snapshot, i);
        good = decode_older(&reader, producer_state_find(state, entry.producer_id));
    }
    if (!good || byte_reader_remaining(&reader) != 0) {
        return error_set(error, STATUS_CORRUPT, "producer snapshot has %zu bytes that are nothing",
                         snapshot.size - used);
    }
    return STATUS_OK;
}

static enum status decode_entry(const struct producer_snapshot_entry *found,
                                struct producer_state *state, struct error *error)
{
    if (found->producer_id < 0 || producer_state_find(state, found->producer_id) != NULL ||
        found->offset_delta < 0 || found->last_sequence < RECORD_BATCH_NO_SEQUENCE ||
        found->last_offset < -1 || found->transaction_first_offset < -1) {
        return error_set(error, STATUS_CORRUPT,
                         "producer snapshot has an impossible entry for producer %" PRId64,
                         found->producer_id);
    }
    struct producer_entry *entry = NULL;
    enum status status = producer_state_obtain(state, found->producer_id, &entry, error);
    if (status != STATUS_OK) {
        return status;
    }
    entry->epoch = found->epoch;
    entry->last_timestamp_ms = found->timestamp_ms;
    entry->coordinator_epoch = found->coordinator_epoch;
    entry->last_offset = found->last_offset;
    if (found->last_sequence >= 0) {
        entry->batches[entry->batches_count++] = (struct producer_batch){
            .last_offset = found->last_offset,
            .timestamp_ms = found->timestamp_ms,
            .last_sequence = found->last_sequence,
            .offset_delta = found->offset_delta,
        };
    }
    if (found->transaction_first_offset >= 0) {
        producer_state_open_transaction(state, entry, found->transaction_first_offset);
    }
    return STATUS_OK;
}

enum status producer_snapshot_decode(struct bytes snapshot, struct producer_state *state,
                                     struct error *error)
{
    ASSERT(producer_state_count(state) == 0);
    uint32_t count = 0;
    enum status status = producer_snapshot_check(snapshot, &count, error);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        struct producer_snapshot_entry entry = producer_snapshot_at(snapshot, i);
        status = decode_entry(&entry, state, error);
    }
    if (status == STATUS_OK) {
        status = decode_all_older(snapshot, count, state, error);
    }
    return status;
}
