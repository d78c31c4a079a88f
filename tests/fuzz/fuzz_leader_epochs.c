/* Any text as a leader-epoch-checkpoint: what a log takes of it ascends, is found again, and still
 * ascends after cuts. */
#include <stdlib.h>

#include "storage/log/leader_epochs.h"
#include "tests/fuzz/fuzz.h"

static void check_order(const struct leader_epochs *epochs)
{
    for (uint32_t i = 0; i < epochs->count; i++) {
        ASSERT(epochs->entries[i].epoch >= 0);
        ASSERT(epochs->entries[i].start_offset >= 0);
        ASSERT(i == 0 || epochs->entries[i].epoch > epochs->entries[i - 1].epoch);
        ASSERT(i == 0 || epochs->entries[i].start_offset > epochs->entries[i - 1].start_offset);
    }
}

static void check_taken(struct leader_epochs *epochs)
{
    check_order(epochs);
    for (uint32_t i = 0; i < epochs->count; i++) {
        ASSERT(leader_epochs_at(epochs, epochs->entries[i].start_offset) ==
               epochs->entries[i].epoch);
    }
    if (epochs->count == 0) {
        ASSERT(leader_epochs_latest(epochs) == -1);
        return;
    }
    ASSERT(leader_epochs_latest(epochs) == epochs->entries[epochs->count - 1].epoch);
    int64_t middle = epochs->entries[epochs->count / 2].start_offset;
    int64_t first = epochs->entries[0].start_offset;
    leader_epochs_cut_end(epochs, middle);
    check_order(epochs);
    ASSERT(epochs->count == 0 || epochs->entries[epochs->count - 1].start_offset < middle);
    leader_epochs_cut_start(epochs, first + (middle - first) / 2);
    check_order(epochs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leader_epochs epochs;
    struct checkpoint_epoch *entries;
    struct error error;
    struct arena arena;
    size_t count;
    uint8_t *copy = fuzz_copy((struct bytes){data, size});
    arena_init(&arena, 16 * 1024 * 1024);
    leader_epochs_init(&epochs);

    enum status status =
        checkpoint_parse_epochs((struct bytes){copy, size}, &arena, &entries, &count, &error);
    if (status == STATUS_OK) {
        status = leader_epochs_take(&epochs, entries, count, &error);
        ASSERT(status == STATUS_OK || status == STATUS_CORRUPT);
        if (status == STATUS_OK) {
            check_taken(&epochs);
        }
    }
    leader_epochs_clear(&epochs);
    arena_clear(&arena);
    free(copy);
    return 0;
}
