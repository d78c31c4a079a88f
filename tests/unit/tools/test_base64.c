#include <criterion/criterion.h>
#include <string.h>

#include "base/random.h"
#include "tools/rollway/base64.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_clear(&arena);
}

TestSuite(base64, .init = setup, .fini = teardown);

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

Test(base64, test_vectors_of_rfc_4648)
{
    static const char *const CASES[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bytes decoded;
        struct text encoded = base64_encode(&arena, bytes_of(CASES[i][0]));
        cr_assert(text_equal(encoded, text_of(CASES[i][1])), "%s", CASES[i][1]);
        cr_assert(base64_decode(&arena, encoded, &decoded));
        cr_assert(bytes_equal(decoded, bytes_of(CASES[i][0])), "%s", CASES[i][0]);
    }
}

Test(base64, any_bytes_come_back)
{
    struct random_seeded random;
    random_seeded_init(&random, 7);
    for (size_t size = 0; size < 200; size++) {
        uint8_t memory[200];
        struct bytes decoded;
        random.random.fill(&random.random, memory, size);
        struct text encoded = base64_encode(&arena, (struct bytes){memory, size});
        cr_assert(base64_decode(&arena, encoded, &decoded));
        cr_assert_eq(decoded.size, size);
        cr_assert_eq(memcmp(decoded.data, memory, size), 0);
    }
}

Test(base64, what_is_none_is_refused)
{
    static const char *const CASES[] = {
        "Z", "Zg", "Zg=", "Zg=a", "====", "Z===", "Zm9v!g==", "Zm 9", "=Zg="};
    struct bytes decoded;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cr_assert(!base64_decode(&arena, text_of(CASES[i]), &decoded), "%s", CASES[i]);
    }
    cr_assert(!base64_decode(&arena, TEXT_NULL, &decoded));
    cr_assert(!base64_decode(&arena, (struct text){"Zm\0v", 4}, &decoded));
}

Test(base64, memory_that_runs_out_is_told)
{
    struct arena none;
    struct bytes decoded;
    arena_init(&none, 0);
    cr_assert_null(base64_encode(&none, bytes_of("x")).data);
    cr_assert(!base64_decode(&none, TEXT_LITERAL("Zg=="), &decoded));
    arena_clear(&none);
}
