/* A whole image as bytes and back: what the quorum keeps instead of the entries before it.
 *
 * A snapshot is one batch of records (metadata_record.h) that makes the image out of nothing. */
#ifndef REPLICATION_METADATA_METADATA_SNAPSHOT_H
#define REPLICATION_METADATA_METADATA_SNAPSHOT_H

#include "base/arena.h"
#include "base/error.h"
#include "replication/metadata/metadata_image.h"
#include "replication/metadata/metadata_record.h"

/* Adds the records that make the image out of nothing; they borrow from the image. */
void metadata_snapshot_records(const struct metadata_image *image,
                               struct metadata_records *records);

/* The image's snapshot, in the arena. STATUS_NO_MEMORY. */
MUST_USE enum status metadata_snapshot_write(const struct metadata_image *image,
                                             struct arena *arena, struct bytes *snapshot,
                                             struct error *error);

/* The image at `offset` that a snapshot holds. On STATUS_OK the caller owns one reference.
 * STATUS_CORRUPT, STATUS_UNSUPPORTED, STATUS_NO_MEMORY. */
MUST_USE enum status metadata_snapshot_read(struct bytes snapshot, int64_t offset,
                                            struct metadata_image **image, struct error *error);

#endif /* REPLICATION_METADATA_METADATA_SNAPSHOT_H */
