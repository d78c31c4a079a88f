#include "replication/metadata/topic_name.h"

#include <stdbool.h>

static bool is_topic_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

enum status topic_name_check(struct text name, struct error *error)
{
    if (name.size == 0) {
        return error_set(error, STATUS_INVALID, "topic name is empty");
    }
    if (text_equal(name, TEXT_LITERAL(".")) || text_equal(name, TEXT_LITERAL(".."))) {
        return error_set(error, STATUS_INVALID, "topic name cannot be \".\" or \"..\"");
    }
    if (name.size > TOPIC_NAME_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "topic name of %zu characters, allowed are %d",
                         name.size, TOPIC_NAME_SIZE_MAX);
    }
    for (size_t i = 0; i < name.size; i++) {
        if (!is_topic_character(name.data[i])) {
            return error_set(error, STATUS_INVALID,
                             "topic name \"%.*s\" has characters other than letters, digits, '.', "
                             "'_' and '-'",
                             TEXT_ARGUMENTS(name));
        }
    }
    return STATUS_OK;
}
