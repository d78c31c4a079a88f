/* Record batch, magic 2 (KIP-98): the unit that a producer sends, a log stores and a consumer gets.
 *
 * All integers big-endian. The checksum covers bytes 21 to the end, so that base offset and leader
 * epoch can be assigned in place without computing it again.
 *
 *      0  i64  base offset             0 from a producer; the log assigns it
 *      8  i32  batch length            bytes behind this field: size of the batch - 12
 *     12  i32  partition leader epoch  -1 from a producer; the log assigns it
 *     16  i8   magic                   2; stands at the same place in the formats of magic 0 and 1
 *     17  u32  CRC-32C                 over bytes 21 to the end
 *     21  i16  attributes              bits 0-2 codec, 3 append time, 4 transactional, 5 control,
 *                                      6 base timestamp is a delete horizon, 7-15 reserved
 *     23  i32  last offset delta       count - 1 from a producer; kept by compaction
 *     27  i64  base timestamp          records store theirs relative to it
 *     35  i64  max timestamp           with append time: the timestamp of every record
 *     43  i64  producer id             -1 none
 *     51  i16  producer epoch          -1 none
 *     53  i32  base sequence           -1 none
 *     57  i32  record count            0 when compaction emptied the batch
 *     61  ...  records, or one compressed stream of them (record_iterator.h)
 *
 * Nothing here allocates or copies. Functions that take a `uint8_t *batch` patch a batch that
 * record_batch_verify() has accepted. */
#ifndef PROTO_RECORD_RECORD_BATCH_H
#define PROTO_RECORD_RECORD_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Where the fields are. */
#define RECORD_BATCH_BASE_OFFSET_AT       0
#define RECORD_BATCH_LENGTH_AT            8
#define RECORD_BATCH_LEADER_EPOCH_AT      12
#define RECORD_BATCH_MAGIC_AT             16
#define RECORD_BATCH_CRC_AT               17
#define RECORD_BATCH_ATTRIBUTES_AT        21
#define RECORD_BATCH_LAST_OFFSET_DELTA_AT 23
#define RECORD_BATCH_BASE_TIMESTAMP_AT    27
#define RECORD_BATCH_MAX_TIMESTAMP_AT     35
#define RECORD_BATCH_PRODUCER_ID_AT       43
#define RECORD_BATCH_PRODUCER_EPOCH_AT    51
#define RECORD_BATCH_BASE_SEQUENCE_AT     53
#define RECORD_BATCH_RECORD_COUNT_AT      57

#define RECORD_BATCH_HEADER_SIZE 61

/* Bytes that the length field does not count: itself and what is before it. */
#define RECORD_BATCH_LENGTH_OVERHEAD 12
#define RECORD_BATCH_LENGTH_MIN      (RECORD_BATCH_HEADER_SIZE - RECORD_BATCH_LENGTH_OVERHEAD)

#define RECORD_BATCH_MAGIC 2

#define RECORD_BATCH_CODEC_MASK       0x0007
#define RECORD_BATCH_APPEND_TIME_BIT  0x0008
#define RECORD_BATCH_TRANSACTIONAL    0x0010
#define RECORD_BATCH_CONTROL          0x0020
#define RECORD_BATCH_DELETE_HORIZON   0x0040
#define RECORD_BATCH_ATTRIBUTES_KNOWN 0x007f

#define RECORD_BATCH_CODEC_MAX 4 /* zstd; 5 to 7 are not assigned */

/* In the fields that name a producer or an epoch. */
#define RECORD_BATCH_NO_PRODUCER_ID    (-1)
#define RECORD_BATCH_NO_PRODUCER_EPOCH (-1)
#define RECORD_BATCH_NO_SEQUENCE       (-1)
#define RECORD_BATCH_NO_LEADER_EPOCH   (-1)
#define RECORD_BATCH_NO_TIMESTAMP      (-1)

/* What is wrong with a batch, in the order in which it is looked for. The caller chooses the Kafka
 * error: up to CRC_MISMATCH the bytes are not what the sender meant (CORRUPT_MESSAGE; the two
 * magics UNSUPPORTED_FOR_MESSAGE_FORMAT or INVALID_RECORD), behind it they are, and are not allowed
 * (INVALID_RECORD; APPEND_TIME_FROM_CLIENT is INVALID_TIMESTAMP). */
#define RECORD_BATCH_DECISION_LIST(X)                                                              \
    X(RECORD_BATCH_OK, "record batch is well formed")                                              \
    X(RECORD_BATCH_TOO_SHORT, "fewer bytes than a record batch header has")                        \
    X(RECORD_BATCH_LEGACY_MAGIC, "message format of magic 0 or 1 is not supported")                \
    X(RECORD_BATCH_UNKNOWN_MAGIC, "magic of the record batch is not 2")                            \
    X(RECORD_BATCH_LENGTH_TOO_SMALL, "batch length is smaller than the header")                    \
    X(RECORD_BATCH_INCOMPLETE, "batch length is larger than the bytes that are there")             \
    X(RECORD_BATCH_CRC_MISMATCH, "checksum does not match the content of the batch")               \
    X(RECORD_BATCH_UNKNOWN_CODEC, "compression codec is not known")                                \
    X(RECORD_BATCH_COUNT_INVALID, "record count does not fit the offset range of the batch")       \
    X(RECORD_BATCH_OFFSET_INVALID, "base offset is negative or its range overflows")               \
    X(RECORD_BATCH_RESERVED_ATTRIBUTES, "reserved attribute bits are set")                         \
    X(RECORD_BATCH_BASE_OFFSET_NOT_ZERO, "base offset of a produced batch is not 0")               \
    X(RECORD_BATCH_NO_RECORDS, "produced batch has no records")                                    \
    X(RECORD_BATCH_COUNT_MISMATCH, "record count is not last offset delta + 1")                    \
    X(RECORD_BATCH_CONTROL_FROM_CLIENT, "clients are not allowed to write control batches")        \
    X(RECORD_BATCH_APPEND_TIME_FROM_CLIENT, "clients are not allowed to set append time")          \
    X(RECORD_BATCH_DELETE_HORIZON_FROM_CLIENT, "clients are not allowed to set a delete horizon")  \
    X(RECORD_BATCH_PRODUCER_INVALID, "producer id, epoch and sequence do not go together")

#define RECORD_BATCH_DECISION_MEMBER(name, text) name,
enum record_batch_decision {
    RECORD_BATCH_DECISION_LIST(RECORD_BATCH_DECISION_MEMBER) RECORD_BATCH_DECISION_COUNT
};
#undef RECORD_BATCH_DECISION_MEMBER

struct record_batch_header {
    int64_t base_offset;
    int64_t base_timestamp;
    int64_t max_timestamp;
    int64_t producer_id;
    int32_t batch_length;
    int32_t partition_leader_epoch;
    uint32_t crc;
    int32_t last_offset_delta;
    int32_t base_sequence;
    int32_t record_count;
    int16_t attributes;
    int16_t producer_epoch;
    int8_t magic;
};

/* A lower-case sentence without a full stop; static. */
const char *record_batch_decision_text(enum record_batch_decision decision);

/* The magic byte of the batch or legacy message set at the start of `bytes`; -1 when there are too
 * few bytes to tell. */
int record_batch_magic(struct bytes bytes);

/* Decodes the 61 bytes at the start of `bytes` and checks only the framing: TOO_SHORT, the two
 * magics, LENGTH_TOO_SMALL, INCOMPLETE. On RECORD_BATCH_OK `bytes` holds the whole batch. `header`
 * is set on RECORD_BATCH_OK, and also on INCOMPLETE, so that a reader of a file can learn how many
 * bytes it needs. */
enum record_batch_decision record_batch_header_read(struct bytes bytes,
                                                    struct record_batch_header *header);

/* As record_batch_header_read(), and everything that must hold for any batch, from whomever: CRC,
 * a known codec, offsets and counts that make sense. Accepts control batches and what compaction
 * leaves: empty batches and gaps. For recovery, followers and scrubbing. `header` is set on
 * RECORD_BATCH_OK only. */
enum record_batch_decision record_batch_verify(struct bytes bytes,
                                               struct record_batch_header *header);

/* As record_batch_verify(), and what a batch from a client must fulfil: the decisions behind
 * OFFSET_INVALID. Does not look at the records (record_iterator.h). */
enum record_batch_decision record_batch_verify_produced(struct bytes bytes,
                                                        struct record_batch_header *header);

/* Writes the 61 bytes; every field as it stands in `header`, the checksum too. */
void record_batch_header_write(const struct record_batch_header *header, uint8_t *batch);

/* Size of the whole batch in bytes. */
static inline size_t record_batch_size(const struct record_batch_header *header)
{
    return (size_t)header->batch_length + RECORD_BATCH_LENGTH_OVERHEAD;
}

/* Codec number, 0 to 7: enum compression_codec up to RECORD_BATCH_CODEC_MAX. */
static inline int record_batch_codec(const struct record_batch_header *header)
{
    return header->attributes & RECORD_BATCH_CODEC_MASK;
}

/* Timestamps are the broker's: every record has max_timestamp. */
static inline bool record_batch_is_append_time(const struct record_batch_header *header)
{
    return (header->attributes & RECORD_BATCH_APPEND_TIME_BIT) != 0;
}

/* Part of a transaction, or a transaction's marker. */
static inline bool record_batch_is_transactional(const struct record_batch_header *header)
{
    return (header->attributes & RECORD_BATCH_TRANSACTIONAL) != 0;
}

/* Holds control records (control_record.h), which consumers do not show. */
static inline bool record_batch_is_control(const struct record_batch_header *header)
{
    return (header->attributes & RECORD_BATCH_CONTROL) != 0;
}

/* base_timestamp is the time from which compaction may drop tombstones of this batch. */
static inline bool record_batch_has_delete_horizon(const struct record_batch_header *header)
{
    return (header->attributes & RECORD_BATCH_DELETE_HORIZON) != 0;
}

/* From an idempotent or transactional producer. */
static inline bool record_batch_has_producer_id(const struct record_batch_header *header)
{
    return header->producer_id != RECORD_BATCH_NO_PRODUCER_ID;
}

/* Offset of the last record, or where it was before compaction. */
static inline int64_t record_batch_last_offset(const struct record_batch_header *header)
{
    return header->base_offset + header->last_offset_delta;
}

/* Offset behind the batch. */
static inline int64_t record_batch_next_offset(const struct record_batch_header *header)
{
    return record_batch_last_offset(header) + 1;
}

/* The sequence number `delta` behind `sequence`: 2147483647 is followed by 0. Neither is
 * negative. */
int32_t record_batch_sequence_after(int32_t sequence, int32_t delta);

/* Sequence number of the last record, RECORD_BATCH_NO_SEQUENCE when the batch has none. */
int32_t record_batch_last_sequence(const struct record_batch_header *header);

/* The CRC-32C that belongs in the header of this whole batch. */
uint32_t record_batch_compute_crc(struct bytes batch);

/* Sets base offset and leader epoch in place. The checksum stays valid. */
void record_batch_assign(uint8_t *batch, int64_t base_offset, int32_t leader_epoch);

/* Sets the max timestamp and whether it is append time, in place, and computes the checksum anew
 * when that changed anything. */
void record_batch_assign_timestamp(uint8_t *batch, bool append_time, int64_t max_timestamp);

/* Walks the batches that lie one behind the other in some bytes. */
struct record_batch_run {
    struct bytes rest; /* Not yet walked. */
};

/* Starts at the first byte. Borrows the bytes for the life of the run. */
struct record_batch_run record_batch_run_over(struct bytes bytes);

/* True with the next batch, checked as by record_batch_header_read() only: `batch` covers exactly
 * it. False at the end, with *decision RECORD_BATCH_OK; or at bytes that are no whole batch, with
 * what is wrong with them (`rest` then starts there; TOO_SHORT and INCOMPLETE are what a cut-off
 * tail gives). */
bool record_batch_run_next(struct record_batch_run *run, struct bytes *batch,
                           struct record_batch_header *header,
                           enum record_batch_decision *decision);

/* Counts the whole batches at the start of `bytes`, framing only. *decision is RECORD_BATCH_OK when
 * they fill it, otherwise what is wrong behind the last one. */
size_t record_batch_run_count(struct bytes bytes, enum record_batch_decision *decision);

#endif /* PROTO_RECORD_RECORD_BATCH_H */
