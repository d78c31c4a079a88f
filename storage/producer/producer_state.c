#include "storage/producer/producer_state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static struct bytes key_of(const int64_t *producer_id)
{
    return (struct bytes){(const uint8_t *)producer_id, sizeof *producer_id};
}

void producer_state_init(struct producer_state *state)
{
    hash_map_init(&state->producers);
    list_init(&state->open);
    ring_init(&state->completed, sizeof(struct completed_transaction), PRODUCER_COMPLETED_MAX);
}

void producer_state_clear(struct producer_state *state)
{
    size_t cursor = 0;
    struct producer_entry *entry;
    while ((entry = hash_map_next(&state->producers, &cursor)) != NULL) {
        hash_map_remove(&state->producers, key_of(&entry->producer_id));
        free(entry);
    }
    hash_map_clear(&state->producers);
    ring_clear(&state->completed);
    producer_state_init(state);
}

struct producer_entry *producer_state_find(const struct producer_state *state, int64_t producer_id)
{
    return hash_map_get(&state->producers, key_of(&producer_id));
}

enum status producer_state_obtain(struct producer_state *state, int64_t producer_id,
                                  struct producer_entry **entry_out, struct error *error)
{
    ASSERT(producer_id >= 0);
    struct producer_entry *entry = producer_state_find(state, producer_id);
    if (entry != NULL) {
        *entry_out = entry;
        return STATUS_OK;
    }
    if (state->producers.count >= PRODUCERS_MAX) {
        return error_set(error, STATUS_LIMIT, "partition has %u producers, which is the most",
                         PRODUCERS_MAX);
    }

    entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for producer %" PRId64, producer_id);
    }
    entry->producer_id = producer_id;
    entry->last_timestamp_ms = -1;
    entry->transaction_first_offset = -1;
    entry->last_offset = -1;
    entry->coordinator_epoch = -1;
    entry->epoch = -1;
    enum status status = hash_map_put(&state->producers, key_of(&entry->producer_id), entry, NULL);
    if (status != STATUS_OK) {
        free(entry);
        return error_set(error, status, "no memory for producer %" PRId64, producer_id);
    }
    *entry_out = entry;
    return STATUS_OK;
}

static int32_t last_sequence(const struct producer_entry *entry)
{
    return entry->batches_count == 0 ? RECORD_BATCH_NO_SEQUENCE
                                     : entry->batches[entry->batches_count - 1].last_sequence;
}

static int32_t first_sequence(const struct producer_batch *batch)
{
    /* Going back by the delta is going forward by the rest of the circle of 2^31 numbers. */
    return (int32_t)(((uint32_t)batch->last_sequence - (uint32_t)batch->offset_delta) & INT32_MAX);
}

static const struct producer_batch *find_duplicate(const struct producer_entry *entry,
                                                   const struct record_batch_header *header)
{
    if (entry->epoch != header->producer_epoch) {
        return NULL;
    }
    for (unsigned i = 0; i < entry->batches_count; i++) {
        const struct producer_batch *batch = &entry->batches[i];
        if (first_sequence(batch) == header->base_sequence &&
            batch->last_sequence == record_batch_last_sequence(header)) {
            return batch;
        }
    }
    return NULL;
}

static enum producer_decision refuse(enum producer_decision decision, enum status status)
{
    /* The sentence is in the error; the decision says more than the status. */
    status_ignore(status);
    return decision;
}

static enum producer_decision check_sequence_of(const struct producer_entry *entry,
                                                const struct record_batch_header *header,
                                                bool requires_sequence_zero, struct error *error)
{
    int32_t sequence = header->base_sequence;
    if (entry == NULL || entry->epoch == RECORD_BATCH_NO_PRODUCER_EPOCH) {
        if (requires_sequence_zero && sequence != 0) {
            return refuse(PRODUCER_OUT_OF_ORDER,
                          error_set(error, STATUS_INVALID,
                                    "producer %" PRId64 " is not known here and starts with "
                                    "sequence %" PRId32 ", not 0",
                                    header->producer_id, sequence));
        }
        return PRODUCER_ACCEPTED; /* Its state may have expired. */
    }
    if (header->producer_epoch != entry->epoch) {
        if (sequence == 0) {
            return PRODUCER_ACCEPTED;
        }
        return refuse(PRODUCER_OUT_OF_ORDER,
                      error_set(error, STATUS_INVALID,
                                "producer %" PRId64 " starts epoch %d with sequence %" PRId32
                                ", not 0",
                                header->producer_id, header->producer_epoch, sequence));
    }

    int32_t last = last_sequence(entry);
    int32_t expected = last == RECORD_BATCH_NO_SEQUENCE ? 0 : record_batch_sequence_after(last, 1);
    if (sequence == expected) {
        return PRODUCER_ACCEPTED;
    }
    return refuse(PRODUCER_OUT_OF_ORDER,
                  error_set(error, STATUS_INVALID,
                            "producer %" PRId64 " epoch %d sends sequence %" PRId32
                            ", expected is %" PRId32,
                            header->producer_id, header->producer_epoch, sequence, expected));
}

static enum producer_decision check_epoch(const struct producer_entry *entry,
                                          const struct record_batch_header *header,
                                          struct error *error)
{
    if (entry == NULL || header->producer_epoch >= entry->epoch) {
        return PRODUCER_ACCEPTED;
    }
    return refuse(PRODUCER_EPOCH_TOO_OLD,
                  error_set(error, STATUS_STALE_EPOCH,
                            "producer %" PRId64 " sends epoch %d, last seen is %d",
                            header->producer_id, header->producer_epoch, entry->epoch));
}

enum producer_decision producer_state_check(const struct producer_state *state,
                                            const struct record_batch_header *header,
                                            bool check_sequence, bool requires_sequence_zero,
                                            struct producer_batch *duplicate, struct error *error)
{
    ASSERT(record_batch_has_producer_id(header));
    const struct producer_entry *entry = producer_state_find(state, header->producer_id);
    if (entry != NULL && check_sequence) {
        const struct producer_batch *batch = find_duplicate(entry, header);
        if (batch != NULL) {
            *duplicate = *batch;
            return PRODUCER_DUPLICATE;
        }
    }

    enum producer_decision decision = check_epoch(entry, header, error);
    if (decision == PRODUCER_ACCEPTED && check_sequence) {
        decision = check_sequence_of(entry, header, requires_sequence_zero, error);
    }
    if (decision != PRODUCER_ACCEPTED) {
        return decision;
    }
    if (entry != NULL && entry->transaction_first_offset >= 0 &&
        !record_batch_is_transactional(header)) {
        return refuse(PRODUCER_TRANSACTION_STATE,
                      error_set(error, STATUS_INVALID,
                                "producer %" PRId64 " has a transaction open since offset %" PRId64
                                " and sends a batch that is not part of it",
                                header->producer_id, entry->transaction_first_offset));
    }
    return PRODUCER_ACCEPTED;
}

enum producer_decision producer_state_check_marker(const struct producer_state *state,
                                                   const struct record_batch_header *header,
                                                   int32_t coordinator_epoch, struct error *error)
{
    const struct producer_entry *entry = producer_state_find(state, header->producer_id);
    enum producer_decision decision = check_epoch(entry, header, error);
    if (decision != PRODUCER_ACCEPTED || entry == NULL ||
        coordinator_epoch >= entry->coordinator_epoch) {
        return decision;
    }
    return refuse(PRODUCER_COORDINATOR_FENCED,
                  error_set(error, STATUS_STALE_EPOCH,
                            "marker for producer %" PRId64 " has coordinator epoch %" PRId32
                            ", last seen is %" PRId32,
                            header->producer_id, coordinator_epoch, entry->coordinator_epoch));
}

/* A new epoch starts with no batches to compare with. */
static void take_epoch(struct producer_entry *entry, int16_t epoch)
{
    if (epoch > entry->epoch) {
        entry->epoch = epoch;
        entry->batches_count = 0;
    }
}

static void add_batch(struct producer_entry *entry, const struct producer_batch *batch)
{
    if (entry->batches_count == PRODUCER_BATCHES_MAX) {
        memmove(&entry->batches[0], &entry->batches[1],
                sizeof entry->batches[0] * (PRODUCER_BATCHES_MAX - 1));
        entry->batches_count--;
    }
    entry->batches[entry->batches_count++] = *batch;
}

void producer_state_open_transaction(struct producer_state *state, struct producer_entry *entry,
                                     int64_t first_offset)
{
    ASSERT(entry->transaction_first_offset < 0);
    entry->transaction_first_offset = first_offset;
    /* Nearly always the youngest; a snapshot is read in no order. */
    struct list_node *place = &state->open.head;
    while (
        place->previous != &state->open.head &&
        CONTAINER_OF(place->previous, struct producer_entry, open_node)->transaction_first_offset >
            first_offset) {
        place = place->previous;
    }
    list_add_before(place, &entry->open_node);
}

enum status producer_state_append(struct producer_state *state,
                                  const struct record_batch_header *header, struct error *error)
{
    struct producer_entry *entry = NULL;
    enum status status = producer_state_obtain(state, header->producer_id, &entry, error);
    if (status != STATUS_OK) {
        return status;
    }
    take_epoch(entry, header->producer_epoch);
    int64_t last_offset = record_batch_last_offset(header);
    if (header->base_sequence >= 0) {
        add_batch(entry, &(struct producer_batch){
                             .last_offset = last_offset,
                             .timestamp_ms = header->max_timestamp,
                             .last_sequence = record_batch_last_sequence(header),
                             .offset_delta = header->last_offset_delta,
                         });
    }
    entry->last_timestamp_ms = header->max_timestamp;
    entry->last_offset = last_offset;
    if (record_batch_is_transactional(header) && entry->transaction_first_offset < 0) {
        producer_state_open_transaction(state, entry, header->base_offset);
    }
    return STATUS_OK;
}

enum status producer_state_end(struct producer_state *state,
                               const struct record_batch_header *header, int32_t coordinator_epoch,
                               bool aborted, bool *completed,
                               struct completed_transaction *transaction, struct error *error)
{
    struct producer_entry *entry = NULL;
    enum status status = producer_state_obtain(state, header->producer_id, &entry, error);
    if (status != STATUS_OK) {
        return status;
    }

    bool was_open = entry->transaction_first_offset >= 0;
    if (was_open) {
        struct completed_transaction *place = ring_add_last(&state->completed);
        if (place == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for a completed transaction");
        }
        *place = (struct completed_transaction){
            .producer_id = header->producer_id,
            .first_offset = entry->transaction_first_offset,
            .marker_offset = header->base_offset,
            .aborted = aborted,
        };
        *transaction = *place;
        list_remove(&entry->open_node);
        entry->transaction_first_offset = -1;
    }
    take_epoch(entry, header->producer_epoch);
    entry->coordinator_epoch = coordinator_epoch;
    entry->last_timestamp_ms = header->max_timestamp;
    entry->last_offset = record_batch_last_offset(header);
    *completed = was_open;
    return STATUS_OK;
}

void producer_state_advance(struct producer_state *state, int64_t high_watermark)
{
    while (state->completed.count > 0) {
        const struct completed_transaction *first = ring_at(&state->completed, 0);
        if (first->marker_offset >= high_watermark) {
            return;
        }
        ring_remove_first(&state->completed);
    }
}

int64_t producer_state_first_open(const struct producer_state *state, int64_t except_producer_id)
{
    LIST_FOREACH (node, &state->open) {
        const struct producer_entry *entry = CONTAINER_OF(node, struct producer_entry, open_node);
        if (entry->producer_id != except_producer_id) {
            return entry->transaction_first_offset;
        }
    }
    return INT64_MAX;
}

int64_t producer_state_first_unstable(const struct producer_state *state)
{
    int64_t first = INT64_MAX;
    struct list_node *node = list_first(&state->open);
    if (node != NULL) {
        first = CONTAINER_OF(node, struct producer_entry, open_node)->transaction_first_offset;
    }
    /* Markers are in order, first offsets need not be. */
    for (size_t i = 0; i < state->completed.count; i++) {
        const struct completed_transaction *completed = ring_at(&state->completed, i);
        if (completed->first_offset < first) {
            first = completed->first_offset;
        }
    }
    return first;
}

unsigned producer_state_expire(struct producer_state *state, int64_t oldest_ms)
{
    unsigned count = 0;
    size_t cursor = 0;
    struct producer_entry *entry;
    while ((entry = hash_map_next(&state->producers, &cursor)) != NULL) {
        if (entry->transaction_first_offset < 0 && entry->last_timestamp_ms < oldest_ms) {
            hash_map_remove(&state->producers, key_of(&entry->producer_id));
            free(entry);
            count++;
        }
    }
    return count;
}

uint32_t producer_state_count(const struct producer_state *state)
{
    return (uint32_t)state->producers.count;
}

const struct producer_entry *producer_state_next(const struct producer_state *state, size_t *cursor)
{
    return hash_map_next(&state->producers, cursor);
}
