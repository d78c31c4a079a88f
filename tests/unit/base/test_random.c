#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/random.h"

Test(random, the_system_fills_every_byte_and_does_not_repeat)
{
    struct random *random = random_system();
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    random->fill(random, a, sizeof a);
    random->fill(random, b, sizeof b);
    cr_expect_neq(memcmp(a, b, sizeof a), 0);
    unsigned ever_set[64] = {0};
    for (unsigned round = 0; round < 20; round++) {
        random->fill(random, a, sizeof a);
        for (unsigned i = 0; i < sizeof a; i++) {
            ever_set[i] |= a[i];
        }
    }
    for (unsigned i = 0; i < sizeof a; i++) {
        cr_expect_neq(ever_set[i], 0, "byte %u", i);
    }
}

Test(random, a_seed_is_a_sequence)
{
    struct random_seeded a, b, c;
    uint8_t from_a[100], from_b[100], from_c[100];
    random_seeded_init(&a, 1);
    random_seeded_init(&b, 1);
    random_seeded_init(&c, 2);
    a.random.fill(&a.random, from_a, sizeof from_a);
    b.random.fill(&b.random, from_b, sizeof from_b);
    c.random.fill(&c.random, from_c, sizeof from_c);
    cr_expect_eq(memcmp(from_a, from_b, sizeof from_a), 0);
    cr_expect_neq(memcmp(from_a, from_c, sizeof from_a), 0);
}

/* First output of the authors' xoshiro256** after their SplitMix64 from seed 0. */
Test(random, the_sequence_is_that_of_the_published_generator)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, 0);
    cr_expect_eq(seeded.state[0], UINT64_C(0xe220a8397b1dcdaf));
    cr_expect_eq(seeded.state[1], UINT64_C(0x6e789e6aa1b965f4));
    uint64_t first;
    seeded.random.fill(&seeded.random, &first, sizeof first);
    cr_expect_eq(first, UINT64_C(0x99ec5f36cb75f2b4));
}

Test(random, numbers_below_a_bound_are_spread_over_all_of_it)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, 3);
    unsigned counts[7] = {0};
    for (unsigned i = 0; i < 70000; i++) {
        counts[random_below(&seeded.random, 7)]++;
    }
    for (unsigned i = 0; i < 7; i++) {
        cr_expect(counts[i] > 9500 && counts[i] < 10500, "%u: %u", i, counts[i]);
    }
    cr_expect_eq(random_below(&seeded.random, 1), 0);
    cr_expect_lt(random_below(&seeded.random, UINT64_MAX), UINT64_MAX);
}

/* Hands out given numbers, so that the redrawing is seen. */
struct scripted {
    struct random random;
    const uint64_t *numbers;
};

static void scripted_fill(struct random *random, void *bytes, size_t size)
{
    struct scripted *scripted = (struct scripted *)random;
    memcpy(bytes, scripted->numbers++, size);
}

Test(random, numbers_that_would_favour_some_answers_are_drawn_again)
{
    /* 2^64 mod 3 is 1: only 0 is drawn again. */
    static const uint64_t numbers[] = {0, 0, 5};
    struct scripted scripted = {{scripted_fill}, numbers};
    cr_expect_eq(random_below(&scripted.random, 3), 2);
    cr_expect_eq(scripted.numbers, numbers + 3);
}

Test(random, a_bound_of_zero_is_a_programming_error, .signal = SIGABRT)
{
    random_below(random_system(), 0);
}
