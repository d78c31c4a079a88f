/* Messages as one line of JSON, for diagnostics and for `rollway log dump`.
 *
 * Only fields that the version has are printed. Bytes are hexadecimal digits, of which at most
 * MESSAGE_PRINT_BYTES_MAX bytes; records are only their size; uuids are in Kafka's base64 form;
 * what the schema marks as secret is "***". Bytes that are not UTF-8 become U+FFFD. */
#ifndef PROTO_WIRE_MESSAGE_PRINT_H
#define PROTO_WIRE_MESSAGE_PRINT_H

#include "proto/wire/message.h"

#define MESSAGE_PRINT_BYTES_MAX 64u

/* Prints into `memory`, zero-terminated and cut off when it is too small; returns the size of the
 * whole text without the zero, so that a caller can tell, and come back with more. */
size_t message_print(const struct message_descriptor *descriptor, const void *message,
                     int16_t version, char *memory, size_t memory_size);

/* The whole text in the arena, zero-terminated behind its end; TEXT_NULL when exhausted. */
struct text message_to_text(const struct message_descriptor *descriptor, const void *message,
                            int16_t version, struct arena *arena);

#endif /* PROTO_WIRE_MESSAGE_PRINT_H */
