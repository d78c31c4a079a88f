/* The header of a request: what it is, and which response belongs to it.
 *
 *     int16 api key, int16 version, int32 correlation id, nullable string client id,
 *     and in header version 2 tagged fields
 *
 * Header version 2 goes with flexible versions of the request. The client id has a 16-bit length in
 * both. */
#ifndef PROTO_WIRE_REQUEST_HEADER_H
#define PROTO_WIRE_REQUEST_HEADER_H

#include "proto/generated/headers.h"
#include "proto/generated/messages.h"

#define REQUEST_CLIENT_ID_SIZE_MAX 1024u

/* The header version of an API's request in a version, which need not be a known one: what comes
 * after the last known version is flexible as that is. */
int16_t request_header_version(const struct api_messages *messages, int16_t version);

/* Reads the header and leaves the reader at the body. *header borrows the frame. `messages` is set
 * to the API's messages; whether the version is served is for the caller to check.
 *
 * STATUS_UNSUPPORTED  no API has this key
 * STATUS_MALFORMED    also a client id above REQUEST_CLIENT_ID_SIZE_MAX */
MUST_USE enum status request_header_read(struct byte_reader *reader, struct request_header *header,
                                         const struct api_messages **messages, struct error *error);

/* Writes the header in the version that its api key and version ask for. */
MUST_USE enum status request_header_write(const struct request_header *header,
                                          struct wire_writer *writer, struct error *error);

#endif /* PROTO_WIRE_REQUEST_HEADER_H */
