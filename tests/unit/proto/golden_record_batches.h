/* The golden batches by name, as bytes. */
#ifndef TESTS_UNIT_PROTO_GOLDEN_RECORD_BATCHES_H
#define TESTS_UNIT_PROTO_GOLDEN_RECORD_BATCHES_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tests/unit/proto/golden_record_batches_list.h"

#define GOLDEN_SIZE_MAX 512

#define GOLDEN_NAME(name, hex) GOLDEN_##name,
enum golden { GOLDEN_RECORD_BATCHES(GOLDEN_NAME) GOLDEN_COUNT };
#undef GOLDEN_NAME

/* The name of a batch; static. */
const char *golden_name(enum golden golden);

/* Decodes a batch into the caller's memory. */
struct bytes golden_batch(enum golden golden, uint8_t memory[GOLDEN_SIZE_MAX]);

/* Decodes any hex text into the caller's memory, which must be large enough. Returns the size. */
size_t hex_decode(const char *hex, uint8_t *memory, size_t memory_size);

#endif /* TESTS_UNIT_PROTO_GOLDEN_RECORD_BATCHES_H */
