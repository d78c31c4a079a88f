/* Must fail: the proof that the harness finds what an assertion forbids. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ASSERT(!(size >= 4 && data[0] == 'r' && data[1] == 'o' && data[2] == 'l' && data[3] == 'l'));
    return 0;
}
