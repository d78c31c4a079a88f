/* See codec_property.h. */
#include "tests/fuzz/codec_property.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    codec_property(COMPRESSION_GZIP, data, size);
    return 0;
}
