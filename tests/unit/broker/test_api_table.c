#include <criterion/criterion.h>

#include "broker/api/api_table.h"
#include "proto/generated/messages.h"

static const struct api *api;
static struct error error;

static enum status admit(int16_t key, int16_t version, uint32_t listener, bool logged_in)
{
    return api_admit(key, version, listener, logged_in, &api, &error);
}

Test(api_table, a_served_version_is_admitted)
{
    cr_assert_eq(admit(API_KEY_FETCH, 16, API_LISTENER_CLIENT, true), STATUS_OK);
    cr_expect_str_eq(api->name, "fetch");
}

Test(api_table, the_error_names_the_versions_that_are_served)
{
    cr_assert_eq(admit(API_KEY_FETCH, 19, API_LISTENER_CLIENT, true), STATUS_UNSUPPORTED);
    cr_expect_str_eq(error.text, "fetch version 19, served are 4 to 18");
    cr_assert_eq(admit(API_KEY_PRODUCE, 2, API_LISTENER_CLIENT, true), STATUS_UNSUPPORTED);
    cr_expect_str_eq(error.text, "produce version 2, served are 3 to 13");
    cr_assert_eq(admit(API_KEY_FETCH, -1, API_LISTENER_CLIENT, true), STATUS_UNSUPPORTED);
}

Test(api_table, unknown_keys_are_refused)
{
    static const int16_t keys[] = {-1, INT16_MIN, 4, 5, 6, 7, 95, 1000, INT16_MAX};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        cr_expect_eq(admit(keys[i], 0, API_LISTENER_CLIENT, true), STATUS_UNSUPPORTED, "key %d",
                     keys[i]);
        cr_expect_null(api_find(keys[i]));
    }
}

Test(api_table, api_versions_is_admitted_at_any_version)
{
    cr_expect_eq(admit(API_KEY_API_VERSIONS, INT16_MAX, API_LISTENER_CLIENT, false), STATUS_OK);
    cr_expect_eq(admit(API_KEY_API_VERSIONS, -1, API_LISTENER_CLIENT, false), STATUS_OK);
}

Test(api_table, before_login_only_what_login_needs_is_served)
{
    cr_expect_eq(admit(API_KEY_METADATA, 9, API_LISTENER_CLIENT, false), STATUS_DENIED);
    cr_expect_str_eq(error.text, "metadata before login");
}

Test(api_table, other_listeners_do_not_serve_what_is_for_clients)
{
    cr_expect_eq(admit(API_KEY_METADATA, 9, API_LISTENER_CONTROLLER, true), STATUS_DENIED);
    cr_expect_eq(admit(API_KEY_API_VERSIONS, 0, API_LISTENER_CONTROLLER, true), STATUS_OK);
}

Test(api_table, every_row_is_whole_and_found_by_its_key)
{
    cr_assert_gt(api_count(), 10);
    for (size_t i = 0; i < api_count(); i++) {
        const struct api *row = api_at(i);
        cr_expect_eq(api_find(row->key), row);
        cr_expect_eq(row->index, i);
        cr_expect_not_null(row->handle);
        cr_expect_neq(row->listeners, 0);
        cr_expect_eq(row->request->key, row->key, "%s", row->name);
        cr_expect_eq(row->response->key, row->key, "%s", row->name);
        cr_expect_geq(row->version_min, row->request->version_min, "%s", row->name);
        cr_expect_leq(row->version_max, row->request->version_max, "%s", row->name);
        cr_expect(i == 0 || api_at(i - 1)->key < row->key, "%s is out of order", row->name);
    }
}

Test(api_table, produce_is_advertised_from_zero_for_old_clients)
{
    cr_expect_eq(api_find(API_KEY_PRODUCE)->advertised_min, 0);
    cr_expect_eq(api_find(API_KEY_PRODUCE)->version_min, 3);
}
