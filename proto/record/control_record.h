/* Records that brokers write for brokers and consumers, in batches with the control bit: the ends
 * of transactions, and notes in the metadata log.
 *
 *     key                        value of ABORT and COMMIT
 *     0  i16  version, 0         0  i16  version, 0
 *     2  i16  type               2  i32  epoch of the transaction coordinator
 *
 * Later versions may append; a reader takes what it knows. The values of the other types are
 * messages (proto/schema/control_records.schema). A marker's batch holds one record, is
 * transactional, not compressed, and names the producer but no sequence. */
#ifndef PROTO_RECORD_CONTROL_RECORD_H
#define PROTO_RECORD_CONTROL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define CONTROL_RECORD_KEY_SIZE          4
#define CONTROL_RECORD_MARKER_VALUE_SIZE 6

#define CONTROL_RECORD_TYPE_LIST(X)                                                                \
    X(CONTROL_RECORD_ABORT, 0, "abort")                                                            \
    X(CONTROL_RECORD_COMMIT, 1, "commit")                                                          \
    X(CONTROL_RECORD_LEADER_CHANGE, 2, "leader change")                                            \
    X(CONTROL_RECORD_SNAPSHOT_HEADER, 3, "snapshot header")                                        \
    X(CONTROL_RECORD_SNAPSHOT_FOOTER, 4, "snapshot footer")                                        \
    X(CONTROL_RECORD_KRAFT_VERSION, 5, "kraft version")                                            \
    X(CONTROL_RECORD_KRAFT_VOTERS, 6, "kraft voters")                                              \
    X(CONTROL_RECORD_UNKNOWN, 7, "unknown")

#define CONTROL_RECORD_TYPE_MEMBER(name, number, text) name = number,
enum control_record_type { CONTROL_RECORD_TYPE_LIST(CONTROL_RECORD_TYPE_MEMBER) };
#undef CONTROL_RECORD_TYPE_MEMBER

/* Lower-case words; static. */
const char *control_record_type_text(enum control_record_type type);

/* Reads a control record's key. A type that is not known is CONTROL_RECORD_UNKNOWN and no error: it
 * must be passed over. STATUS_MALFORMED when the key is null or too short, or its version
 * negative. */
MUST_USE enum status control_record_read_key(struct bytes key, enum control_record_type *type,
                                             struct error *error);

/* Reads the value of a transaction marker. STATUS_MALFORMED as for the key. */
MUST_USE enum status control_record_read_marker(struct bytes value, int32_t *coordinator_epoch,
                                                struct error *error);

/* Writes a key; not of CONTROL_RECORD_UNKNOWN. */
void control_record_write_key(enum control_record_type type, uint8_t key[CONTROL_RECORD_KEY_SIZE]);

/* Writes the value of a transaction marker. */
void control_record_write_marker(int32_t coordinator_epoch,
                                 uint8_t value[CONTROL_RECORD_MARKER_VALUE_SIZE]);

#endif /* PROTO_RECORD_CONTROL_RECORD_H */
