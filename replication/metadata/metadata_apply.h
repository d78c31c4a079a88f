/* Records to the next image.
 *
 * A builder starts from an image, takes records, and finishes with an image that shares every
 * topic that no record touched. It may take one record or a whole log: what it changes often is
 * collected and made immutable once, at the end.
 *
 * The rules of the records are here and in proto/schema/metadata_records.schema: a record that
 * contradicts the image (a partition of a topic that is not there) was not decided by a controller
 * that saw it, and is STATUS_CORRUPT. */
#ifndef REPLICATION_METADATA_METADATA_APPLY_H
#define REPLICATION_METADATA_METADATA_APPLY_H

#include "base/error.h"
#include "replication/metadata/metadata_image.h"
#include "replication/metadata/metadata_record.h"

struct metadata_builder;

/* Starts from `base`, which the builder retains. NULL when out of memory. */
struct metadata_builder *metadata_builder_create(struct metadata_image *base);

/* Takes one record; copies what it needs. After an error the builder can only be destroyed.
 * STATUS_CORRUPT for a record that contradicts what is there; STATUS_NO_MEMORY. */
MUST_USE enum status metadata_builder_apply(struct metadata_builder *builder,
                                            const struct metadata_record *record,
                                            struct error *error);

/* As metadata_builder_apply() for every record of a batch's bytes. */
MUST_USE enum status metadata_builder_apply_batch(struct metadata_builder *builder,
                                                  struct bytes batch, struct error *error);

/* Makes the image at `offset`. On STATUS_OK the caller owns one reference to *image. The builder
 * can only be destroyed afterwards. STATUS_CORRUPT for two topics of one name; STATUS_NO_MEMORY. */
MUST_USE enum status metadata_builder_finish(struct metadata_builder *builder, int64_t offset,
                                             struct metadata_image **image, struct error *error);

/* Releases everything. NULL is allowed. */
void metadata_builder_destroy(struct metadata_builder *builder);

/* The three in one: the image that `records` make of `base`. */
MUST_USE enum status metadata_apply(struct metadata_image *base,
                                    const struct metadata_records *records, int64_t offset,
                                    struct metadata_image **image, struct error *error);

#endif /* REPLICATION_METADATA_METADATA_APPLY_H */
