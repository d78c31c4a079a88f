/* The records of one batch.
 *
 * Behind the batch's header lie its records, or one compressed stream of them. A record is:
 *
 *     varint   size of what follows
 *     i8       attributes, unused
 *     varlong  timestamp - base timestamp of the batch
 *     varint   offset - base offset of the batch
 *     varint   key size, -1 for null; key
 *     varint   value size, -1 for null; value
 *     varint   header count; headers: varint key size, key, varint value size or -1, value
 *
 * Nothing about the bytes is trusted, whether or not the checksum was right: every size is checked
 * against the bytes that are there, a record must end where its size says, the batch must end
 * with its last record, and offsets must ascend within the batch's range.
 *
 * Keys, values and headers are views: into the batch, or into the buffer that it was decompressed
 * into. They live as long as these. */
#ifndef PROTO_RECORD_RECORD_ITERATOR_H
#define PROTO_RECORD_RECORD_ITERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "proto/compression/compression.h"
#include "proto/record/record_batch.h"

/* Headers of one record. */
#define RECORD_HEADERS_MAX 100000

/* The smallest record: its size, and one byte for each of the six fields. */
#define RECORD_SIZE_MIN 7

struct record {
    int64_t offset;
    int64_t timestamp; /* With append time: the batch's. */
    struct bytes key;  /* Null and empty are different things; so in the value. */
    struct bytes value;
    struct bytes headers; /* As on the wire, already checked; record_headers_next() reads them. */
    int32_t header_count;
    int32_t size; /* In the batch, with its size field; before compression. */
};

struct record_header {
    struct text key; /* Never null. Not checked to be UTF-8. */
    struct bytes value;
};

/* Where a batch's compressed records go, and how much of them is allowed. A batch that is not
 * compressed needs none of it. */
struct record_decompression {
    struct compression_context *context; /* Borrowed. */
    struct compression_buffer *buffer;   /* Borrowed, as long as records are in use. */
    size_t output_size_max;
};

struct record_iterator {
    struct byte_reader reader;
    int64_t base_offset;
    int64_t base_timestamp;
    int64_t append_timestamp; /* Of every record when is_append_time. */
    int32_t last_offset_delta;
    int32_t record_count;
    int32_t index;             /* Of the next record. */
    int64_t offset_delta_next; /* Smallest delta that the next record may have. */
    bool is_append_time;
};

enum record_step {
    RECORD_STEP_RECORD,  /* There is a record. */
    RECORD_STEP_END,     /* All records were read, and nothing follows them. */
    RECORD_STEP_DAMAGED, /* The bytes are not what the format says; the error says where. */
};

/* Starts at the first record of a batch that record_batch_verify() accepted; `header` is its.
 * `decompression` may be NULL when the batch is known not to be compressed. Borrows the batch.
 *
 * STATUS_MALFORMED  the compressed records are damaged
 * STATUS_LIMIT      they are more than `output_size_max`, or more than their codec's ratio allows
 * STATUS_NO_MEMORY */
MUST_USE enum status record_iterator_open(struct record_iterator *iterator, struct bytes batch,
                                          const struct record_batch_header *header,
                                          const struct record_decompression *decompression,
                                          struct error *error);

/* The next record. `record` is set on RECORD_STEP_RECORD only, `error` (STATUS_MALFORMED) on
 * RECORD_STEP_DAMAGED only. After END or DAMAGED the answer stays the same. */
enum record_step record_iterator_next(struct record_iterator *iterator, struct record *record,
                                      struct error *error);

/* Walks the headers of a record that an iterator gave: set *position to 0 at first. False at the
 * end. */
bool record_headers_next(const struct record *record, size_t *position,
                         struct record_header *header);

/* What record_iterator_check() learns on its way through a batch. */
struct record_summary {
    int64_t timestamp_min;           /* INT64_MAX and -1 when the batch is empty. */
    int64_t timestamp_max;           /* With append time both are the batch's. */
    int64_t timestamp_max_offset;    /* Offset of the first record that has it; -1. */
    int32_t index_of_null_key;       /* First record without a key; -1 when all have one. */
    bool are_offsets_contiguous;     /* Record i has the offset base + i. */
    bool is_timestamp_negative_seen; /* A timestamp below -1; -1 itself means none. */
    size_t records_size;             /* After decompression. */
};

/* Reads all records from where the iterator stands, only to check them: the strictness of
 * record_iterator_next() and nothing kept. STATUS_MALFORMED says which record is damaged. */
MUST_USE enum status record_iterator_check(struct record_iterator *iterator,
                                           struct record_summary *summary, struct error *error);

#endif /* PROTO_RECORD_RECORD_ITERATOR_H */
