/* Random messages of any kind, by their descriptors. */
#ifndef TESTS_SUPPORT_PROTO_RANDOM_MESSAGE_H
#define TESTS_SUPPORT_PROTO_RANDOM_MESSAGE_H

#include "base/random.h"
#include "proto/wire/message.h"

/* A message with defaults in the fields that the version does not have and random values in the
 * others: often 0, -1, null or empty, sometimes long. Strings are valid UTF-8. It lies in the
 * arena, which must be large enough. */
void *random_message(const struct message_descriptor *descriptor, int16_t version,
                     struct random *random, struct arena *arena);

#endif /* TESTS_SUPPORT_PROTO_RANDOM_MESSAGE_H */
