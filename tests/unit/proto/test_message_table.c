#include <criterion/criterion.h>
#include <string.h>

#include "proto/wire/message_table.h"

Test(message_table, every_api_has_a_request_and_a_response_of_the_same_versions)
{
    for (size_t i = 0; i < API_MESSAGES_COUNT; i++) {
        const struct api_messages *api = &API_MESSAGES[i];

        cr_assert_eq(api->request->kind, MESSAGE_REQUEST);
        cr_assert_eq(api->response->kind, MESSAGE_RESPONSE);
        cr_assert_eq(api->request->key, api->key);
        cr_assert_eq(api->response->key, api->key);
        cr_assert_eq(api->request->version_min, api->response->version_min, "%s",
                     api->request->name);
        cr_assert_eq(api->request->version_max, api->response->version_max, "%s",
                     api->request->name);
        cr_assert_eq(api_messages_find(api->key), api);
    }
}

Test(message_table, keys_ascend)
{
    for (size_t i = 1; i < API_MESSAGES_COUNT; i++) {
        cr_assert_lt(API_MESSAGES[i - 1].key, API_MESSAGES[i].key);
    }
}

Test(message_table, an_api_that_kafka_removed_is_not_found)
{
    const int16_t removed[] = {4, 5, 6, 7, -1, 95, INT16_MAX, INT16_MIN};

    for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++) {
        cr_assert_null(api_messages_find(removed[i]), "%d", removed[i]);
    }
}

Test(message_table, every_live_key_of_kafka_has_messages)
{
    for (int16_t key = 0; key <= 94; key++) {
        cr_assert_eq(api_messages_find(key) != NULL, key < 4 || key > 7, "%d", key);
    }
}

Test(message_table, messages_are_found_by_name_and_names_are_unique)
{
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        cr_assert_eq(message_find(text_of(MESSAGES[i]->name)), MESSAGES[i], "%s",
                     MESSAGES[i]->name);
    }
    cr_assert_null(message_find(TEXT_LITERAL("fetch")));
    cr_assert_null(message_find(TEXT_NULL));
}

Test(message_table, fields_lie_inside_their_struct_and_their_versions)
{
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        const struct message_descriptor *descriptor = MESSAGES[i];
        for (size_t j = 0; j < descriptor->structure->fields_count; j++) {
            const struct field_descriptor *field = &descriptor->structure->fields[j];
            cr_assert_lt(field->offset, descriptor->structure->size);
            cr_assert_geq(field->version_first, descriptor->version_min);
            cr_assert_leq(field->version_last, descriptor->version_max);
            cr_assert(!field->is_tagged || field->version_first >= descriptor->flexible_min);
        }
    }
}
