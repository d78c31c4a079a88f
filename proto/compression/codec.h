/* What a codec gives to compression.c. Nobody else includes this. */
#ifndef PROTO_COMPRESSION_CODEC_H
#define PROTO_COMPRESSION_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "proto/compression/compression.h"

/* The output of one decompression and how far it may grow. */
struct codec_output {
    struct compression_buffer *buffer;
    size_t size_max;
};

struct codec {
    size_t ratio_max;
    int level_min;
    int level_max;
    int level_default;
    /* Working memory for both directions, NULL when there is none to be had. A codec without needs
     * leaves this NULL and gets NULL. */
    void *(*state_create)(void);
    void (*state_destroy)(void *state);
    /* As compression_decompress(); the buffer is empty at the start. */
    enum status (*decompress)(void *state, struct bytes input, struct codec_output *output,
                              struct error *error);
    /* As compression_compress(); the level is in range, the buffer is empty at the start. */
    enum status (*compress)(void *state, int level, struct bytes input,
                            struct compression_buffer *buffer, struct error *error);
};

extern const struct codec codec_gzip;
extern const struct codec codec_snappy;
extern const struct codec codec_lz4;
extern const struct codec codec_zstd;

/* Makes room for `capacity` bytes in all and keeps the content. */
MUST_USE enum status codec_buffer_reserve(struct compression_buffer *buffer, size_t capacity,
                                          struct error *error);

/* Makes room for at least one more byte, and for several times what is there when the limit allows
 * it. The room may go one byte past the limit, so that a codec can tell an output that just fits
 * from one that does not; STATUS_LIMIT when that byte has been used. */
MUST_USE enum status codec_output_grow(struct codec_output *output, struct error *error);

/* STATUS_LIMIT when the output has become larger than it may be. */
MUST_USE enum status codec_output_check(const struct codec_output *output, struct error *error);

/* Starts a STATUS_LIMIT error that names the limit. */
MUST_USE enum status codec_output_limit(const struct codec_output *output, struct error *error);

#endif /* PROTO_COMPRESSION_CODEC_H */
