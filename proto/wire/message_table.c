#include "proto/wire/message_table.h"

const struct api_messages *api_messages_find(int16_t key)
{
    size_t low = 0;
    size_t high = API_MESSAGES_COUNT;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (API_MESSAGES[middle].key == key) {
            return &API_MESSAGES[middle];
        }
        if (API_MESSAGES[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct message_descriptor *message_find(struct text name)
{
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        if (text_equal(name, text_of(MESSAGES[i]->name))) {
            return MESSAGES[i];
        }
    }
    return NULL;
}
