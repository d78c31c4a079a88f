/* Any text as a leader-epoch-checkpoint: what is accepted ascends, and is written as text that
 * gives the same. */
#include <stdlib.h>

#include "storage/log/leader_epochs.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leader_epochs epochs;
    struct leader_epochs again;
    struct error error;
    struct arena arena;
    uint8_t *copy = fuzz_copy((struct bytes){data, size});
    arena_init(&arena, 16 * 1024 * 1024);
    leader_epochs_init(&epochs);
    leader_epochs_init(&again);

    enum status status =
        leader_epochs_decode((struct text){(const char *)copy, size}, &epochs, &error);
    ASSERT(status == STATUS_OK || status == STATUS_CORRUPT);
    if (status == STATUS_OK) {
        for (uint32_t i = 0; i < epochs.count; i++) {
            ASSERT(epochs.entries[i].epoch >= 0);
            ASSERT(epochs.entries[i].start_offset >= 0);
            ASSERT(i == 0 || epochs.entries[i].epoch > epochs.entries[i - 1].epoch);
            ASSERT(i == 0 || epochs.entries[i].start_offset > epochs.entries[i - 1].start_offset);
        }
        struct text text = leader_epochs_encode(&epochs, &arena);
        ASSERT(leader_epochs_decode(text, &again, &error) == STATUS_OK);
        ASSERT(again.count == epochs.count);
        for (uint32_t i = 0; i < epochs.count; i++) {
            ASSERT(again.entries[i].epoch == epochs.entries[i].epoch);
            ASSERT(again.entries[i].start_offset == epochs.entries[i].start_offset);
        }
    }
    leader_epochs_clear(&epochs);
    leader_epochs_clear(&again);
    arena_clear(&arena);
    free(copy);
    return 0;
}
