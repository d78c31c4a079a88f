/* One record of the metadata log, whatever its type, and batches of them.
 *
 * A batch is what one decision of the controller appends: one entry of the quorum's log, applied
 * as a whole. Its bytes are frames, one per record:
 *
 *     0  i32  length of what follows
 *     4  i16  type of the record (metadata_record_list.h)
 *     6  i16  version of the record
 *     8  ...  the record, as proto/schema/metadata_records.schema declares it
 *
 * Checksums are the quorum's (replication/quorum/quorum_storage.h). */
#ifndef REPLICATION_METADATA_METADATA_RECORD_H
#define REPLICATION_METADATA_METADATA_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "proto/generated/metadata_records.h"
#include "replication/metadata/metadata_record_list.h"

/* Of one batch: what a single command may change. */
#define METADATA_RECORDS_MAX 1000000u

enum metadata_record_type {
#define METADATA_RECORD_MEMBER(name, key, member) name = (key),
    METADATA_RECORD_LIST(METADATA_RECORD_MEMBER)
#undef METADATA_RECORD_MEMBER
};

struct metadata_record {
    enum metadata_record_type type;
    union {
#define METADATA_RECORD_MEMBER(name, key, member) struct member##_record member;
        METADATA_RECORD_LIST(METADATA_RECORD_MEMBER)
#undef METADATA_RECORD_MEMBER
    };
};

/* A list of records that grows in an arena. */
struct metadata_records {
    struct metadata_record *items;
    size_t count;
    size_t capacity;
    struct arena *arena;
    bool
        failed; /* The arena was exhausted, or METADATA_RECORDS_MAX reached: records are missing. */
    struct metadata_record spare; /* What a failed list lends. */
};

/* An empty list. */
void metadata_records_init(struct metadata_records *records, struct arena *arena);

/* A new last record of the type with every field at its default. Never NULL: when there is no more
 * room the list is marked as failed and the record is one that nobody will see. */
struct metadata_record *metadata_records_add(struct metadata_records *records,
                                             enum metadata_record_type type);

/* The batch's bytes, in the arena. STATUS_NO_MEMORY, STATUS_INVALID for a field that cannot be
 * encoded, such as a text that is too long. */
MUST_USE enum status metadata_records_encode(const struct metadata_records *records,
                                             struct arena *arena, struct bytes *batch,
                                             struct error *error);

/* Reads the next record of a batch; texts are views into it, the rest lies in the arena. The caller
 * stops when nothing remains in the reader. STATUS_CORRUPT for what cannot be read,
 * STATUS_UNSUPPORTED for a type or version of a later release, STATUS_NO_MEMORY. */
MUST_USE enum status metadata_record_read(struct byte_reader *reader, struct arena *arena,
                                          struct metadata_record *record, struct error *error);

#endif /* REPLICATION_METADATA_METADATA_RECORD_H */
