/* The header of a response: the correlation id of its request, and in header version 1 tagged
 * fields. Header version 1 goes with flexible versions, except that ApiVersions always has version
 * 0: a client must be able to read it before it knows what the broker speaks. */
#ifndef PROTO_WIRE_RESPONSE_HEADER_H
#define PROTO_WIRE_RESPONSE_HEADER_H

#include "proto/generated/headers.h"
#include "proto/generated/messages.h"

/* The header version of an API's response. */
int16_t response_header_version(const struct api_messages *messages, int16_t version);

/* Writes the header of the response to a request of this API and version. */
MUST_USE enum status response_header_write(const struct api_messages *messages, int16_t version,
                                           int32_t correlation_id, struct wire_writer *writer,
                                           struct error *error);

/* Reads the header and leaves the reader at the body. */
MUST_USE enum status response_header_read(const struct api_messages *messages, int16_t version,
                                          struct byte_reader *reader, int32_t *correlation_id,
                                          struct error *error);

#endif /* PROTO_WIRE_RESPONSE_HEADER_H */
