/* Any text as one of Kafka's checkpoint files: what is accepted keeps the file's rules. */
#include <stdlib.h>
#include <string.h>

#include "storage/io/checkpoint_file.h"
#include "tests/fuzz/fuzz.h"

#define TOPIC_SIZE_MAX 249

static void check_offsets(struct bytes content, struct arena *arena)
{
    struct checkpoint_offset *entries;
    struct error error;
    size_t count;
    enum status status = checkpoint_parse_offsets(content, arena, &entries, &count, &error);
    if (status != STATUS_OK) {
        ASSERT(strlen(error.text) > 0);
        return;
    }
    /* The shortest line is a letter, a blank, a digit, a blank, a digit and its end. */
    ASSERT(count <= content.size / 5);
    for (size_t i = 0; i < count; i++) {
        ASSERT(entries[i].topic.size >= 1);
        ASSERT(entries[i].topic.size <= TOPIC_SIZE_MAX);
        ASSERT(memchr(entries[i].topic.data, ' ', entries[i].topic.size) == NULL);
        ASSERT(entries[i].partition >= 0);
        ASSERT(entries[i].offset >= 0);
    }
}

static void check_epochs(struct bytes content, struct arena *arena)
{
    struct checkpoint_epoch *entries;
    struct error error;
    size_t count;
    enum status status = checkpoint_parse_epochs(content, arena, &entries, &count, &error);
    if (status != STATUS_OK) {
        ASSERT(strlen(error.text) > 0);
        return;
    }
    ASSERT(count <= content.size / 3);
    for (size_t i = 0; i < count; i++) {
        ASSERT(entries[i].epoch >= 0);
        ASSERT(entries[i].start_offset >= 0);
        ASSERT(i == 0 || entries[i].epoch > entries[i - 1].epoch);
        ASSERT(i == 0 || entries[i].start_offset >= entries[i - 1].start_offset);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy((struct bytes){data, size});
    struct arena arena;
    arena_init(&arena, 16 * 1024 * 1024);
    check_offsets((struct bytes){copy, size}, &arena);
    check_epochs((struct bytes){copy, size}, &arena);
    arena_clear(&arena);
    free(copy);
    return 0;
}
