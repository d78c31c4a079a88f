/* The frame around every request and response: an int32 length, then that many bytes. */
#ifndef PROTO_WIRE_FRAME_H
#define PROTO_WIRE_FRAME_H

#include "base/bytes.h"
#include "base/error.h"

#define FRAME_PREFIX_SIZE 4

/* The shortest header: api key, version, correlation id. */
#define FRAME_SIZE_MIN 8

/* Looks at received bytes that begin with a frame.
 *
 * STATUS_OK         *frame is what follows the prefix, *size_needed the bytes that the frame takes
 * STATUS_AGAIN      not all of it is there; *size_needed bytes are needed in all, as far as is
 * known STATUS_MALFORMED  the length is negative or shorter than FRAME_SIZE_MIN STATUS_LIMIT the
 * length is above `size_max` */
MUST_USE enum status frame_parse(struct bytes received, size_t size_max, struct bytes *frame,
                                 size_t *size_needed, struct error *error);

#endif /* PROTO_WIRE_FRAME_H */
