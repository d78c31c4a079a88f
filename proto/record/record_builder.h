/* Makes a record batch from records: for internal topics, transaction markers, tools and tests.
 *
 * A builder is started once, filled, finished, and may be reset and filled again without new
 * memory. It writes either into memory of its own, which grows up to a limit, or into the
 * caller's. */
#ifndef PROTO_RECORD_RECORD_BUILDER_H
#define PROTO_RECORD_RECORD_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "proto/compression/compression.h"
#include "proto/record/control_record.h"
#include "proto/record/record_batch.h"
#include "proto/record/record_iterator.h"

/* What is said about the batch as a whole. RECORD_BUILDER_PLAIN is the start of every other. */
struct record_builder_options {
    enum compression_codec codec;
    int level; /* COMPRESSION_LEVEL_DEFAULT or one of the codec's. */
    int64_t base_offset;
    int32_t partition_leader_epoch;
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t base_sequence;
    bool is_transactional;
    bool is_control;
    bool is_append_time;      /* Every record then has `append_timestamp`. */
    int64_t append_timestamp; /* Only with is_append_time. */
    bool has_delete_horizon;  /* The base timestamp then is `delete_horizon`. */
    int64_t delete_horizon;   /* Only with has_delete_horizon. */
};

#define RECORD_BUILDER_PLAIN                                                                       \
    ((struct record_builder_options){                                                              \
        .codec = COMPRESSION_NONE,                                                                 \
        .level = COMPRESSION_LEVEL_DEFAULT,                                                        \
        .partition_leader_epoch = RECORD_BATCH_NO_LEADER_EPOCH,                                    \
        .producer_id = RECORD_BATCH_NO_PRODUCER_ID,                                                \
        .producer_epoch = RECORD_BATCH_NO_PRODUCER_EPOCH,                                          \
        .base_sequence = RECORD_BATCH_NO_SEQUENCE,                                                 \
    })

/* What a record is made of. Borrowed during the call. */
struct record_content {
    int64_t timestamp;
    struct bytes key;
    struct bytes value;
    const struct record_header *headers;
    int32_t header_count;
};

struct record_builder {
    struct record_builder_options options;
    uint8_t *data; /* The batch: room for the header, then the records, not yet compressed. */
    size_t size;
    size_t capacity;
    size_t size_max;
    bool is_memory_owned;
    int64_t base_timestamp;
    int64_t max_timestamp;
    int32_t record_count;
    int32_t last_offset_delta;
    struct compression_buffer compressed;
};

/* A builder with memory of its own, which grows to at most `size_max` bytes: the batch before
 * compression. Release with record_builder_clear(). */
void record_builder_init(struct record_builder *builder,
                         const struct record_builder_options *options, size_t size_max);

/* A builder over the caller's memory, which it keeps; at least RECORD_BATCH_HEADER_SIZE bytes.
 * Release with record_builder_clear(). */
void record_builder_init_in(struct record_builder *builder,
                            const struct record_builder_options *options, void *memory,
                            size_t memory_size);

/* Releases the memory, not the caller's. */
void record_builder_clear(struct record_builder *builder);

/* Forgets the records and starts another batch. */
void record_builder_reset(struct record_builder *builder,
                          const struct record_builder_options *options);

/* Adds a record at the offset behind the last one's.
 *
 * STATUS_LIMIT      it does not fit any more; what was added before stays
 * STATUS_INVALID    a size, the number of headers or the span of timestamps is more than a record
 *                   can have
 * STATUS_NO_MEMORY */
MUST_USE enum status record_builder_add(struct record_builder *builder,
                                        const struct record_content *record, struct error *error);

/* As record_builder_add(), at a given distance from the base offset, which must be behind the last
 * record's: what compaction leaves has gaps. */
MUST_USE enum status record_builder_add_at(struct record_builder *builder, int32_t offset_delta,
                                           const struct record_content *record,
                                           struct error *error);

/* Adds the record of a transaction marker, COMMIT or ABORT. The options must be those of one:
 * control, transactional, with a producer id. */
MUST_USE enum status record_builder_add_marker(struct record_builder *builder,
                                               enum control_record_type type,
                                               int32_t coordinator_epoch, int64_t timestamp,
                                               struct error *error);

/* Lets the batch reach to this offset delta although its last records, or all, are gone. Not less
 * than the last record's. */
void record_builder_extend(struct record_builder *builder, int32_t last_offset_delta);

/* Completes header and checksum, and compresses when a codec is set; `context` may be NULL when
 * none is. The batch belongs to the builder and lives until it is reset or cleared; records cannot
 * be added any more.
 *
 * STATUS_LIMIT      the caller's memory is too small for the compressed batch
 * STATUS_INVALID    there is no record and record_builder_extend() was not called
 * STATUS_NO_MEMORY */
MUST_USE enum status record_builder_finish(struct record_builder *builder,
                                           struct compression_context *context, struct bytes *batch,
                                           struct error *error);

/* Size in the batch that record_builder_add() would use for this record, before compression. For a
 * caller that counts; an upper bound, up to 36 bytes more than is used. */
size_t record_size_max(const struct record_content *record);

#endif /* PROTO_RECORD_RECORD_BUILDER_H */
