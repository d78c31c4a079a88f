/* Messages to bytes and back, for tests that treat all messages alike. */
#ifndef TESTS_SUPPORT_PROTO_MESSAGE_BYTES_H
#define TESTS_SUPPORT_PROTO_MESSAGE_BYTES_H

#include "proto/wire/message.h"

/* Encodes into slices, as the broker does, and puts them together in the arena. */
MUST_USE enum status message_bytes(const struct message_descriptor *descriptor, const void *message,
                                   int16_t version, struct arena *arena, struct bytes *bytes,
                                   struct error *error);

/* Decodes a message that takes all of the bytes; it lies in the arena. STATUS_MALFORMED also when
 * bytes are left over. */
MUST_USE enum status message_from_bytes(const struct message_descriptor *descriptor,
                                        struct bytes bytes, int16_t version, struct arena *arena,
                                        void **message, struct error *error);

#endif /* TESTS_SUPPORT_PROTO_MESSAGE_BYTES_H */
