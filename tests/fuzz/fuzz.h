/* What the fuzz targets share. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/bytes.h"

/* What libFuzzer calls, in every target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy in a block of exactly its size, so that the sanitizer sees any step outside. Owned by the
 * caller, who frees it. */
uint8_t *fuzz_copy(struct bytes bytes);

/* Takes numbers and bytes off the front of the input; zeros and nothing at its end. */
uint8_t fuzz_take_u8(struct bytes *input);
/* As fuzz_take_u8(). */
uint32_t fuzz_take_u32(struct bytes *input);
/* As fuzz_take_u8(). */
int64_t fuzz_take_i64(struct bytes *input);
/* As fuzz_take_u8(); fewer than `size` at the end. */
struct bytes fuzz_take_bytes(struct bytes *input, size_t size);

#endif /* TESTS_FUZZ_FUZZ_H */
