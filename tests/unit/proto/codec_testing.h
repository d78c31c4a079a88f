/* What the tests of the four codecs share. */
#ifndef TESTS_UNIT_PROTO_CODEC_TESTING_H
#define TESTS_UNIT_PROTO_CODEC_TESTING_H

#include "proto/compression/compression.h"

/* What every golden stream of the codecs' tests holds: "roll the log " eight times. */
#define CODEC_TEXT_ONCE "roll the log "
#define CODEC_TEXT_SIZE ((sizeof CODEC_TEXT_ONCE - 1) * 8)

/* A stream that another program wrote (python-lz4, python-snappy, zstandard, gzip), as hex. */
struct golden_stream {
    char name[32];
    char hex[512];
};

/* Asserts that the stream gives the text, that each of its beginnings is refused or gives less,
 * that one byte less than its size as the limit is STATUS_LIMIT, and that damage of any single byte
 * is answered without a step outside the input. */
void expect_golden_stream(enum compression_codec codec, const struct golden_stream *stream);

/* Asserts that the hex is refused with the status, and the sentence unless NULL. */
void expect_refused(enum compression_codec codec, const char *hex, enum status status,
                    const char *sentence);

/* Compresses `size` zeros and asserts that each smaller limit stops it: as a bomb, with little
 * memory. `copies` streams are put one behind the other first. */
void expect_bomb_is_stopped(enum compression_codec codec, size_t size, unsigned copies);

#endif /* TESTS_UNIT_PROTO_CODEC_TESTING_H */
