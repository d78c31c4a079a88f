/* Finds messages by what is on the wire. */
#ifndef PROTO_WIRE_MESSAGE_TABLE_H
#define PROTO_WIRE_MESSAGE_TABLE_H

#include "proto/generated/messages.h"

/* The two messages of an API; NULL when no schema has this key. */
const struct api_messages *api_messages_find(int16_t key);

/* A message by the name of its struct, such as "fetch_request"; NULL when there is none. */
const struct message_descriptor *message_find(struct text name);

#endif /* PROTO_WIRE_MESSAGE_TABLE_H */
