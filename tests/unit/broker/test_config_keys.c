#include "broker/config/config_keys.h"

#include <criterion/criterion.h>
#include <string.h>

#include "broker/config/inert_config.h"

Test(config_keys, every_row_is_complete_and_its_default_allowed)
{
    for (unsigned i = 0; i < CONFIG_ID_COUNT; i++) {
        const struct config_key *key = config_key_at((enum config_id)i);
        enum config_id found;
        cr_assert(config_key_find(text_of(key->name), &found));
        cr_assert_eq(found, i, "%s stands twice", key->name);
        cr_assert_gt(strlen(key->sentence), 10, "%s", key->name);
        cr_assert_neq(key->sentence[strlen(key->sentence) - 1], '.', "%s", key->name);
        struct config_value value;
        struct error error;
        if (key->default_value != NULL) {
            cr_assert_eq(config_value_parse(key, text_of(key->default_value), &value, &error),
                         STATUS_OK, "%s", error.text);
        }
        cr_assert_null(inert_config_find(text_of(key->name)), "%s is in both tables", key->name);
    }
}

Test(config_keys, nothing_near_is_nothing)
{
    cr_assert_str_eq(config_key_nearest(TEXT_LITERAL("log.dir")), "log.dir");
    cr_assert_str_eq(config_key_nearest(TEXT_LITERAL("log.retention.housr")),
                     "log.retention.hours");
    cr_assert_null(config_key_nearest(TEXT_LITERAL("zzzzzzzzzzzzzzzzzzzz")));
    cr_assert_null(config_key_nearest(TEXT_LITERAL("")));
    char name[400];
    memset(name, 'a', sizeof name);
    cr_assert_null(config_key_nearest((struct text){name, sizeof name}));
}

Test(config_keys, values_are_trimmed_and_lists_may_be_empty)
{
    struct config_value value;
    struct error error;
    const struct config_key *policy = config_key_at(CONFIG_LOG_CLEANUP_POLICY);
    static const struct {
        const char *text;
        enum status status;
    } rows[] = {{"delete", STATUS_OK},
                {" compact , delete ", STATUS_OK},
                {"", STATUS_OK},
                {"delete,,compact", STATUS_INVALID},
                {"Delete", STATUS_INVALID}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(config_value_parse(policy, text_of(rows[i].text), &value, &error),
                     rows[i].status, "%s", rows[i].text);
    }
    const struct config_key *size = config_key_at(CONFIG_LOG_SEGMENT_BYTES);
    cr_assert_eq(config_value_parse(size, TEXT_LITERAL(" 2097152\t"), &value, &error), STATUS_OK);
    cr_assert_eq(value.integer, 2097152);
    cr_assert(text_equal(value.text, TEXT_LITERAL("2097152")));
    cr_assert_eq(config_value_parse(size, TEXT_LITERAL("1048575"), &value, &error),
                 STATUS_OUT_OF_RANGE);
}

Test(inert_config, rows_are_known_once_and_by_listener)
{
    for (size_t i = 0; i < inert_config_count(); i++) {
        const struct inert_config *row = inert_config_at(i);
        cr_assert_eq(inert_config_find(text_of(row->name)), row, "%s stands twice", row->name);
        cr_assert_gt(strlen(inert_reason_text(row->reason)), 10);
    }
    const struct inert_config *jaas = inert_config_find(TEXT_LITERAL("sasl.jaas.config"));
    cr_assert_not_null(jaas);
    cr_assert_eq(inert_config_find(TEXT_LITERAL("listener.name.x.sasl.jaas.config")), jaas);
    cr_assert_eq(inert_config_find(TEXT_LITERAL("listener.name.x.scram-sha-256.sasl.jaas.config")),
                 jaas);
    cr_assert_null(inert_config_find(TEXT_LITERAL("listener.name.")));
    cr_assert_null(inert_config_find(TEXT_LITERAL("listener.name.x.")));
    cr_assert_null(inert_config_find(TEXT_LITERAL("plain.sasl.jaas.config")));
    cr_assert_null(inert_config_find(TEXT_LITERAL("")));
}

Test(inert_config, refuses_what_somebody_would_rely_on)
{
    struct error error;
    const struct inert_config *tiered =
        inert_config_find(TEXT_LITERAL("remote.log.storage.system.enable"));
    cr_assert_eq(inert_config_check(tiered, TEXT_LITERAL("false"), &error), STATUS_OK);
    cr_assert_eq(inert_config_check(tiered, TEXT_LITERAL(""), &error), STATUS_OK);
    cr_assert_eq(inert_config_check(tiered, TEXT_LITERAL("true"), &error), STATUS_UNSUPPORTED);
    cr_assert_str_eq(error.text, "remote.log.storage.system.enable=true cannot be honoured, "
                                 "because there is no tiered storage yet: allowed is false");
}
