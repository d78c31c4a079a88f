#include <criterion/criterion.h>
#include <string.h>

#include "base/uuid.h"

Test(uuid, none_is_all_zero)
{
    cr_expect(uuid_is_none((struct uuid){0}));
    cr_expect_not(uuid_is_none((struct uuid){.bytes = {[15] = 1}}));
}

Test(uuid, text_is_base64url_as_kafka_writes_it)
{
    char text[UUID_TEXT_SIZE];
    uuid_to_text((struct uuid){0}, text);
    cr_expect_str_eq(text, "AAAAAAAAAAAAAAAAAAAAAA");
    uuid_to_text((struct uuid){.bytes = {[15] = 1}}, text); /* The metadata topic. */
    cr_expect_str_eq(text, "AAAAAAAAAAAAAAAAAAAAAQ");
    struct uuid full;
    memset(full.bytes, 0xff, sizeof full.bytes);
    uuid_to_text(full, text);
    cr_expect_str_eq(text, "_____________________w");
    struct uuid counting;
    for (uint8_t i = 0; i < UUID_SIZE; i++) {
        counting.bytes[i] = i;
    }
    uuid_to_text(counting, text);
    cr_expect_str_eq(text, "AAECAwQFBgcICQoLDA0ODw");
}

Test(uuid, text_and_bytes_round_trip)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, 11);
    for (unsigned i = 0; i < 1000; i++) {
        struct uuid uuid;
        struct uuid parsed;
        char text[UUID_TEXT_SIZE];
        seeded.random.fill(&seeded.random, uuid.bytes, sizeof uuid.bytes);
        uuid_to_text(uuid, text);
        cr_assert(uuid_from_text(text_of(text), &parsed), "%s", text);
        cr_assert(uuid_equal(uuid, parsed), "%s", text);
    }
}

Test(uuid, other_texts_are_refused)
{
    static const char *const texts[] = {
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAA+AAAAAAAAAAA",
        "AAAAAAAAAA/AAAAAAAAAAA",
        "AAAAAAAAAA AAAAAAAAAAA",
    };
    struct uuid uuid = {.bytes = {5}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect_not(uuid_from_text(text_of(texts[i]), &uuid), "%s", texts[i]);
    }
    cr_expect_not(uuid_from_text(TEXT_NULL, &uuid));
    cr_expect_eq(uuid.bytes[0], 5);
}

Test(uuid, a_random_one_is_version_4_and_can_stand_on_a_command_line)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, 12);
    struct uuid previous = {0};
    for (unsigned i = 0; i < 2000; i++) {
        struct uuid uuid = uuid_random(&seeded.random);
        char text[UUID_TEXT_SIZE];
        uuid_to_text(uuid, text);
        cr_assert_neq(text[0], '-');
        cr_assert_eq(uuid.bytes[6] >> 4, 4);
        cr_assert_eq(uuid.bytes[8] >> 6, 2);
        cr_assert_not(uuid_equal(uuid, previous));
        previous = uuid;
    }
}
