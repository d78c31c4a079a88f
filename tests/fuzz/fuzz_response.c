/* See message_property.h. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/message_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    message_property_chosen(MESSAGE_RESPONSE, data, size);
    return 0;
}
