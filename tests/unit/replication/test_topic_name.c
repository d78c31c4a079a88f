#include "replication/metadata/topic_name.h"

#include <criterion/criterion.h>
#include <string.h>

Test(topic_name, knows_what_a_topic_may_be_called)
{
    static const struct {
        const char *name;
        const char *sentence; /* NULL: fine. */
    } rows[] = {
        {"a", NULL},
        {"Az09._-", NULL},
        {"...", NULL},
        {"", "topic name is empty"},
        {".", "topic name cannot be \".\" or \"..\""},
        {"..", "topic name cannot be \".\" or \"..\""},
        {"a/b", "topic name \"a/b\" has characters other than letters, digits, '.', '_' and '-'"},
        {"\xc3\xa4", "topic name \"\xc3\xa4\" has characters other than letters, digits, '.', '_' "
                     "and '-'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error;
        enum status status = topic_name_check(text_of(rows[i].name), &error);
        cr_assert_eq(status, rows[i].sentence == NULL ? STATUS_OK : STATUS_INVALID);
        if (rows[i].sentence != NULL) {
            cr_assert_str_eq(error.text, rows[i].sentence);
        }
    }
}

Test(topic_name, has_249_characters_at_most)
{
    char name[TOPIC_NAME_SIZE_MAX + 1];
    struct error error;
    memset(name, 'x', sizeof name);
    cr_assert_eq(topic_name_check((struct text){name, TOPIC_NAME_SIZE_MAX}, &error), STATUS_OK);
    cr_assert_eq(topic_name_check((struct text){name, sizeof name}, &error), STATUS_INVALID);
    cr_assert_str_eq(error.text, "topic name of 250 characters, allowed are 249");
}
