#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/hash_map.h"
#include "base/random.h"
#include "tests/support/base/allocations.h"

#define ITEMS_COUNT 3000

struct item {
    char name[16];
    bool present; /* What a map that works must say. */
    bool seen;
};

static struct item items[ITEMS_COUNT];

static void name_items(void)
{
    for (unsigned i = 0; i < ITEMS_COUNT; i++) {
        snprintf(items[i].name, sizeof items[i].name, "topic-%u", i);
    }
}

TestSuite(hash_map, .init = name_items, .fini = allocations_allow);

static struct bytes key_of(const char *name)
{
    return (struct bytes){(const uint8_t *)name, strlen(name)};
}

static void put(struct hash_map *map, struct item *item, struct item *expected_earlier)
{
    void *replaced = &items[0];
    cr_assert_eq(hash_map_put(map, key_of(item->name), item, &replaced), STATUS_OK);
    cr_expect_eq(replaced, expected_earlier);
    item->present = true;
}

Test(hash_map, an_empty_one_answers_and_holds_no_memory)
{
    struct hash_map map;
    hash_map_init(&map);
    size_t cursor = 0;
    cr_expect_null(hash_map_get(&map, key_of("a")));
    cr_expect_null(hash_map_remove(&map, key_of("a")));
    cr_expect_null(hash_map_next(&map, &cursor));
    cr_expect_null(map.slots);
    hash_map_clear(&map);
}

Test(hash_map, finds_what_was_put_and_nothing_else)
{
    struct hash_map map;
    hash_map_init(&map);
    for (unsigned i = 0; i < ITEMS_COUNT / 2; i++) {
        put(&map, &items[i], NULL);
    }
    cr_expect_eq(map.count, ITEMS_COUNT / 2);
    for (unsigned i = 0; i < ITEMS_COUNT; i++) {
        void *expected = i < ITEMS_COUNT / 2 ? &items[i] : NULL;
        cr_expect_eq(hash_map_get(&map, key_of(items[i].name)), expected);
    }
    cr_expect_null(hash_map_get(&map, key_of("topic-")));
    hash_map_clear(&map);
    cr_expect_eq(map.count, 0);
}

Test(hash_map, the_empty_key_is_a_key)
{
    struct hash_map map;
    hash_map_init(&map);
    cr_assert_eq(hash_map_put(&map, BYTES_NULL, &items[0], NULL), STATUS_OK);
    cr_expect_eq(hash_map_get(&map, key_of("")), &items[0]);
    cr_expect_eq(hash_map_remove(&map, BYTES_NULL), &items[0]);
    hash_map_clear(&map);
}

Test(hash_map, putting_again_replaces_value_and_key)
{
    struct hash_map map;
    hash_map_init(&map);
    struct item earlier = {.name = "orders"};
    struct item later = {.name = "orders"};
    put(&map, &earlier, NULL);
    put(&map, &later, &earlier);
    cr_expect_eq(map.count, 1);
    memset(&earlier, 'x', sizeof earlier); /* The map must not look at its name any more. */
    cr_expect_eq(hash_map_get(&map, key_of("orders")), &later);
    hash_map_clear(&map);
}

Test(hash_map, agrees_with_a_plain_array_under_random_changes)
{
    struct hash_map map;
    struct random_seeded seeded;
    hash_map_init(&map);
    random_seeded_init(&seeded, 42);
    size_t count = 0;
    for (unsigned step = 0; step < 60000; step++) {
        struct item *item = &items[random_below(&seeded.random, 600)];
        if (random_below(&seeded.random, 2) == 0) {
            count += !item->present;
            put(&map, item, item->present ? item : NULL);
        } else {
            void *removed = hash_map_remove(&map, key_of(item->name));
            cr_assert_eq(removed, item->present ? item : NULL);
            count -= item->present;
            item->present = false;
        }
        cr_assert_eq(map.count, count);
    }
    for (unsigned i = 0; i < 600; i++) {
        void *expected = items[i].present ? &items[i] : NULL;
        cr_expect_eq(hash_map_get(&map, key_of(items[i].name)), expected);
    }
    hash_map_clear(&map);
}

Test(hash_map, a_walk_sees_each_value_once_also_when_it_removes_what_it_sees)
{
    for (unsigned members = 1; members < 200; members++) {
        struct hash_map map;
        hash_map_init(&map);
        for (unsigned i = 0; i < members; i++) {
            items[i].seen = false;
            put(&map, &items[i], NULL);
        }
        size_t cursor = 0;
        unsigned seen_count = 0;
        for (struct item *item; (item = hash_map_next(&map, &cursor)) != NULL; seen_count++) {
            cr_assert_not(item->seen, "%s is seen twice", item->name);
            item->seen = true;
            if (seen_count % 3 != 0) {
                cr_assert_eq(hash_map_remove(&map, key_of(item->name)), item);
            }
        }
        cr_expect_eq(seen_count, members);
        cr_expect_null(hash_map_next(&map, &cursor));
        cr_expect_eq(map.count, (members + 2) / 3);
        hash_map_clear(&map);
    }
}

Test(hash_map, without_memory_it_stays_as_it_was)
{
    struct hash_map map;
    hash_map_init(&map);
    unsigned refused_count = 0;
    for (unsigned i = 0; i < 100; i++) {
        allocations_refuse_after(0);
        enum status status = hash_map_put(&map, key_of(items[i].name), &items[i], NULL);
        allocations_allow();
        if (status != STATUS_OK) {
            cr_expect_eq(status, STATUS_NO_MEMORY);
            cr_expect_eq(map.count, i);
            cr_expect_null(hash_map_get(&map, key_of(items[i].name)));
            refused_count++;
            put(&map, &items[i], NULL);
        }
    }
    cr_expect_geq(refused_count, 5);
    for (unsigned i = 0; i < 100; i++) {
        cr_expect_eq(hash_map_get(&map, key_of(items[i].name)), &items[i]);
    }
    hash_map_clear(&map);
}

Test(hash_map, a_null_value_is_a_programming_error, .signal = SIGABRT)
{
    struct hash_map map;
    hash_map_init(&map);
    status_ignore(hash_map_put(&map, key_of("a"), NULL, NULL)); /* Aborts before it answers. */
}
