#include "replication/quorum/quorum_format.h"

#include <string.h>

#include "base/assert.h"
#include "base/crc32c.h"

#define STATE_MAGIC    0x52575153u /* "RWQS" */
#define ENTRY_MAGIC    0x52575145u /* "RWQE" */
#define SNAPSHOT_MAGIC 0x52575150u /* "RWQP" */
#define STATE_FORMAT   1
#define ALIGNMENT      8u

#define STATE_CRC_PLACE 44
#define CHECKED_FROM    8 /* Of entries and snapshots: behind magic and checksum. */

void quorum_state_encode(const struct quorum_state *state, uint8_t slot[QUORUM_STATE_SLOT_SIZE])
{
    memset(slot, 0, QUORUM_STATE_SLOT_SIZE);
    store_u32(slot, STATE_MAGIC);
    store_u32(slot + 4, STATE_FORMAT);
    store_i64(slot + 8, state->sequence);
    store_i64(slot + 16, (int64_t)state->term);
    store_i64(slot + 24, (int64_t)state->voted_for);
    store_i64(slot + 32, (int64_t)state->durable_index);
    store_u32(slot + STATE_CRC_PLACE, crc32c(slot, STATE_CRC_PLACE));
}

static bool decode_slot(const uint8_t *slot, struct quorum_state *state)
{
    if (load_u32(slot) != STATE_MAGIC || load_u32(slot + 4) != STATE_FORMAT ||
        load_u32(slot + STATE_CRC_PLACE) != crc32c(slot, STATE_CRC_PLACE)) {
        return false;
    }
    state->sequence = load_i64(slot + 8);
    state->term = (uint64_t)load_i64(slot + 16);
    state->voted_for = (uint64_t)load_i64(slot + 24);
    state->durable_index = (uint64_t)load_i64(slot + 32);
    return state->sequence > 0 && state->term > 0;
}

enum status quorum_state_decode(struct bytes file, struct quorum_state *state, struct error *error)
{
    bool found = false;

    for (size_t i = 0; i < 2; i++) {
        size_t place = i * QUORUM_STATE_SLOT_DISTANCE;
        struct quorum_state slot;
        if (file.size < place + QUORUM_STATE_SLOT_SIZE || !decode_slot(file.data + place, &slot)) {
            continue;
        }
        if (!found || slot.sequence > state->sequence) {
            *state = slot;
        }
        found = true;
    }
    if (!found) {
        return error_set(error, STATUS_CORRUPT, "neither slot of %zu bytes is valid", file.size);
    }
    return STATUS_OK;
}

size_t quorum_entry_stored_size(size_t data_size)
{
    return (QUORUM_ENTRY_HEADER_SIZE + data_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void quorum_entry_encode(const struct quorum_entry *entry, uint64_t index, uint64_t durable_index,
                         uint8_t *place)
{
    size_t size = quorum_entry_stored_size(entry->data.size);

    ASSERT(entry->data.size <= QUORUM_ENTRY_SIZE_MAX);
    ASSERT(durable_index < index);
    memset(place, 0, QUORUM_ENTRY_HEADER_SIZE);
    memset(place + size - ALIGNMENT, 0, ALIGNMENT);
    store_u32(place, ENTRY_MAGIC);
    store_u32(place + 8, (uint32_t)entry->data.size);
    place[12] = (uint8_t)entry->type;
    store_i64(place + 16, (int64_t)index);
    store_i64(place + 24, (int64_t)entry->term);
    store_i64(place + 32, (int64_t)durable_index);
    if (entry->data.size > 0) {
        memcpy(place + QUORUM_ENTRY_HEADER_SIZE, entry->data.data, entry->data.size);
    }
    store_u32(place + 4, crc32c(place + CHECKED_FROM, size - CHECKED_FROM));
}

bool quorum_entry_decode(struct bytes bytes, struct quorum_stored_entry *entry)
{
    if (bytes.size < QUORUM_ENTRY_HEADER_SIZE || load_u32(bytes.data) != ENTRY_MAGIC) {
        return false;
    }
    size_t data_size = load_u32(bytes.data + 8);
    if (data_size > QUORUM_ENTRY_SIZE_MAX) {
        return false;
    }
    size_t size = quorum_entry_stored_size(data_size);
    if (size > bytes.size ||
        load_u32(bytes.data + 4) != crc32c(bytes.data + CHECKED_FROM, size - CHECKED_FROM)) {
        return false;
    }
    uint8_t type = bytes.data[12];
    *entry = (struct quorum_stored_entry){
        .entry = {.term = (uint64_t)load_i64(bytes.data + 24),
                  .type = (enum quorum_entry_type)type,
                  .data = {.data = bytes.data + QUORUM_ENTRY_HEADER_SIZE, .size = data_size}},
        .index = (uint64_t)load_i64(bytes.data + 16),
        .durable_index = (uint64_t)load_i64(bytes.data + 32),
        .size = size,
    };
    return type >= QUORUM_COMMAND && type <= QUORUM_CHANGE && entry->entry.term > 0 &&
           entry->index > 0 && entry->durable_index < entry->index &&
           (type != QUORUM_CHANGE || quorum_configuration_is_valid(entry->entry.data));
}

uint64_t quorum_entries_durable_behind(struct bytes bytes)
{
    struct quorum_stored_entry entry;
    uint64_t durable_index = 0;

    for (size_t place = ALIGNMENT; place < bytes.size; place += ALIGNMENT) {
        const struct bytes rest = {.data = bytes.data + place, .size = bytes.size - place};
        if (quorum_entry_decode(rest, &entry) && entry.durable_index > durable_index) {
            durable_index = entry.durable_index;
        }
    }
    return durable_index;
}

size_t quorum_snapshot_stored_size(const struct quorum_snapshot *snapshot, size_t data_size)
{
    return QUORUM_SNAPSHOT_HEADER_SIZE + snapshot->configuration.size + data_size;
}

void quorum_snapshot_encode(const struct quorum_snapshot *snapshot, struct bytes data,
                            uint8_t *place)
{
    size_t size = quorum_snapshot_stored_size(snapshot, data.size);

    memset(place, 0, QUORUM_SNAPSHOT_HEADER_SIZE);
    store_u32(place, SNAPSHOT_MAGIC);
    store_i64(place + 8, (int64_t)snapshot->index);
    store_i64(place + 16, (int64_t)snapshot->term);
    store_i64(place + 24, (int64_t)snapshot->configuration_index);
    store_u32(place + 32, (uint32_t)snapshot->configuration.size);
    store_i64(place + 40, (int64_t)data.size);
    memcpy(place + QUORUM_SNAPSHOT_HEADER_SIZE, snapshot->configuration.data,
           snapshot->configuration.size);
    if (data.size > 0) {
        memcpy(place + QUORUM_SNAPSHOT_HEADER_SIZE + snapshot->configuration.size, data.data,
               data.size);
    }
    store_u32(place + 4, crc32c(place + CHECKED_FROM, size - CHECKED_FROM));
}

enum status quorum_snapshot_decode(struct bytes file, struct quorum_snapshot *snapshot,
                                   struct bytes *data, struct error *error)
{
    if (file.size < QUORUM_SNAPSHOT_HEADER_SIZE || load_u32(file.data) != SNAPSHOT_MAGIC) {
        return error_set(error, STATUS_CORRUPT, "%zu bytes without the head of a snapshot",
                         file.size);
    }
    if (load_u32(file.data + 4) != crc32c(file.data + CHECKED_FROM, file.size - CHECKED_FROM)) {
        return error_set(error, STATUS_CORRUPT, "checksum does not match its %zu bytes", file.size);
    }
    size_t configuration_size = load_u32(file.data + 32);
    int64_t data_size = load_i64(file.data + 40);
    size_t rest = file.size - QUORUM_SNAPSHOT_HEADER_SIZE;
    if (configuration_size > rest || data_size < 0 ||
        (uint64_t)data_size != rest - configuration_size) {
        return error_set(error, STATUS_CORRUPT, "sizes do not match its %zu bytes", file.size);
    }
    snapshot->index = (uint64_t)load_i64(file.data + 8);
    snapshot->term = (uint64_t)load_i64(file.data + 16);
    snapshot->configuration_index = (uint64_t)load_i64(file.data + 24);
    snapshot->configuration =
        (struct bytes){.data = file.data + QUORUM_SNAPSHOT_HEADER_SIZE, .size = configuration_size};
    *data = (struct bytes){.data = snapshot->configuration.data + configuration_size,
                           .size = (size_t)data_size};
    if (snapshot->index == 0 || snapshot->term == 0 ||
        !quorum_configuration_is_valid(snapshot->configuration)) {
        return error_set(error, STATUS_CORRUPT, "snapshot of entry %llu without its servers",
                         (unsigned long long)snapshot->index);
    }
    return STATUS_OK;
}
