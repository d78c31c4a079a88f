/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) by ISA-L. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `size` bytes. */
uint32_t crc32c(const void *data, size_t size);

/* Goes on from the checksum of what came before: crc32c_extend(crc32c(a), b) == crc32c(a + b). */
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size);

#endif /* BASE_CRC32C_H */
