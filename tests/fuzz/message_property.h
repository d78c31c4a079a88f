/* The property of every message that the schemas declare. */
#ifndef TESTS_FUZZ_MESSAGE_PROPERTY_H
#define TESTS_FUZZ_MESSAGE_PROPERTY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire/message.h"

/* Any bytes as a message in a version: refused, or decoded. What was decoded can be encoded, that
 * can be decoded to its last byte, and encoding that gives the same bytes. */
void message_property(const struct message_descriptor *descriptor, int16_t version,
                      struct bytes bytes);

/* The first two bytes choose among all messages of a kind, the third the version. */
void message_property_chosen(enum message_kind kind, const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_MESSAGE_PROPERTY_H */
