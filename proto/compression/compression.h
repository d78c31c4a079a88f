/* The one door to the four codecs of record batches.
 *
 * Decompression trusts nothing: the output grows with what comes out and never with a size that the
 * input claims, and stops at the smallest of the caller's limit and a ratio per codec. What is read
 * is what clients in the field send, which is more than what is written:
 *
 *     codec   read                                                   written
 *     gzip    any number of members one behind the other             one member
 *     snappy  xerial stream, also with repeated headers and with      xerial, blocks of 32 KiB
 *             any version numbers; a bare block
 *     lz4     frames with any flags: linked blocks, checksums,        one frame, independent blocks
 *             content size, all block sizes; several; skippable       of 64 KiB, no checksums
 *     zstd    frames with or without content size and checksum;       one frame
 *             several; skippable; no dictionaries
 *
 * A context holds the codecs' working memory, so that a batch costs no allocation once it is warm.
 * Context and buffer belong to one thread at a time. */
#ifndef PROTO_COMPRESSION_COMPRESSION_H
#define PROTO_COMPRESSION_COMPRESSION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* Number in the attributes of a batch, name of the codec, name in the topic's compression.type. */
#define COMPRESSION_CODEC_LIST(X)                                                                  \
    X(COMPRESSION_NONE, 0, "none", "uncompressed")                                                 \
    X(COMPRESSION_GZIP, 1, "gzip", "gzip")                                                         \
    X(COMPRESSION_SNAPPY, 2, "snappy", "snappy")                                                   \
    X(COMPRESSION_LZ4, 3, "lz4", "lz4")                                                            \
    X(COMPRESSION_ZSTD, 4, "zstd", "zstd")

#define COMPRESSION_CODEC_MEMBER(name, number, text, topic_text) name = number,
enum compression_codec { COMPRESSION_CODEC_LIST(COMPRESSION_CODEC_MEMBER) COMPRESSION_CODEC_COUNT };
#undef COMPRESSION_CODEC_MEMBER

/* The topic's compression.type "producer": batches stay as they came. */
#define COMPRESSION_PRODUCER (-1)

/* Each codec's own: gzip 6, lz4 fast, zstd 3. Snappy has no levels. */
#define COMPRESSION_LEVEL_DEFAULT INT_MIN

/* Neither input nor output of a codec may be larger; a batch cannot be either. */
#define COMPRESSION_SIZE_MAX ((size_t)INT32_MAX)

/* Above this output the ratio of output to input is limited: no honest batch comes near. */
#define COMPRESSION_RATIO_FREE_SIZE ((size_t)1024 * 1024)
#define COMPRESSION_RATIO_MAX       1000
#define COMPRESSION_RATIO_ZSTD_MAX  4000

struct compression_context;

/* Memory for outputs that its owner uses again and again. */
struct compression_buffer {
    uint8_t *data;
    size_t size;     /* Bytes of the last output. */
    size_t capacity; /* Bytes allocated. */
};

/* "none", "gzip", "snappy", "lz4", "zstd". Static. */
const char *compression_codec_name(enum compression_codec codec);

/* The reverse of compression_codec_name(); false for any other text. */
bool compression_codec_from_name(struct text name, enum compression_codec *codec);

/* The value of the topic's compression.type for a codec or COMPRESSION_PRODUCER. Static. */
const char *compression_type_name(int type);

/* The reverse of compression_type_name(): a codec or COMPRESSION_PRODUCER; false for any other
 * text. */
bool compression_type_from_name(struct text name, int *type);

/* A context without working memory, which the codecs get when first used. NULL when out of memory.
 * Release with compression_context_destroy(). */
struct compression_context *compression_context_create(void);

/* Releases the working memory. NULL is allowed. */
void compression_context_destroy(struct compression_context *context);

/* An empty buffer without memory. */
void compression_buffer_init(struct compression_buffer *buffer);

/* Releases the memory. The buffer may be used again. */
void compression_buffer_clear(struct compression_buffer *buffer);

/* Releases the memory when it is more than `capacity_max`, so that one large batch does not cost
 * for ever. Forgets the output. */
void compression_buffer_trim(struct compression_buffer *buffer, size_t capacity_max);

/* Decompresses the whole input into the buffer, whose former content is lost; `buffer->size` is the
 * size of the output on STATUS_OK and 0 otherwise. COMPRESSION_NONE copies.
 *
 * STATUS_MALFORMED  the input is not what the codec writes, or ends too early
 * STATUS_LIMIT      more than `output_size_max` bytes, or more than the ratio allows
 * STATUS_NO_MEMORY */
MUST_USE enum status compression_decompress(struct compression_context *context,
                                            enum compression_codec codec, struct bytes input,
                                            size_t output_size_max,
                                            struct compression_buffer *buffer, struct error *error);

/* Compresses the whole input into the buffer, in the form that every client reads. `level` is
 * COMPRESSION_LEVEL_DEFAULT or in the codec's range; a level outside is brought to its nearest.
 *
 * STATUS_LIMIT      the input is larger than COMPRESSION_SIZE_MAX
 * STATUS_NO_MEMORY */
MUST_USE enum status compression_compress(struct compression_context *context,
                                          enum compression_codec codec, int level,
                                          struct bytes input, struct compression_buffer *buffer,
                                          struct error *error);

#endif /* PROTO_COMPRESSION_COMPRESSION_H */
