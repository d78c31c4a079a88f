/* The property of every codec. */
#ifndef TESTS_FUZZ_CODEC_PROPERTY_H
#define TESTS_FUZZ_CODEC_PROPERTY_H

#include "proto/compression/compression.h"

/* Any stream: the output never passes its limit, is the same whatever the limit and whatever came
 * before, and one byte less as the limit is refused. Any output, compressed again, gives itself.
 * The first byte chooses the level, and whether the input is a stream or something to compress. */
void codec_property(enum compression_codec codec, const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_CODEC_PROPERTY_H */
