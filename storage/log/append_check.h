/* May a batch be appended? Everything that can be told from the batch, the topic's configuration
 * and the clock; the producer's sequence is storage/producer's.
 *
 *     no batch, more than one, magic > 2, base offset not 0,      APPEND_INVALID_RECORD
 *     counts or record offsets that do not fit, control batch
 *     from a client, producer id without sequence, a null key
 *     on a compacted topic, reserved attributes, unknown codec
 *     magic 0 or 1                                                APPEND_UNSUPPORTED_FORMAT
 *     a size field that lies, CRC, records that end wrong         APPEND_CORRUPT
 *     larger than max.message.bytes                               APPEND_BATCH_TOO_LARGE
 *     larger than segment.bytes                                   APPEND_SEGMENT_TOO_SMALL
 *     zstd before Produce 7                                       APPEND_UNSUPPORTED_COMPRESSION
 *     CreateTime outside [now - before.max, now + after.max],     APPEND_INVALID_TIMESTAMP
 *     or append time set by a client
 *
 * Records are looked at when they are not compressed; a compressed batch is opened only for a
 * compacted topic, which must know the keys. Pure, but for the codecs' memory. */
#ifndef STORAGE_LOG_APPEND_CHECK_H
#define STORAGE_LOG_APPEND_CHECK_H

#include "proto/record/record_batch.h"
#include "proto/record/record_iterator.h"
#include "storage/log/partition_log.h"

/* Checks request->batches, which must be one batch, from a client or coordinator. On
 * APPEND_ACCEPTED `header` is set, with the largest timestamp that the records really have; on
 * anything else result->error and result->record_errors say why. */
enum append_decision append_check(const struct append_request *request,
                                  const struct log_config *config,
                                  const struct record_decompression *decompression,
                                  struct record_batch_header *header, struct append_result *result);

/* As append_check(), for the next of several batches of a leader, at the start of `batches`: only
 * what must hold for any batch that is stored, and the offset: not before `end_offset`. */
enum append_decision append_check_replicated(struct bytes batches, int64_t end_offset,
                                             struct record_batch_header *header,
                                             struct append_result *result);

/* Refuses: sets the decision and returns it, for the line that worded result->error. */
enum append_decision append_refuse(struct append_result *result, enum append_decision decision,
                                   enum status status);

#endif /* STORAGE_LOG_APPEND_CHECK_H */
