#include <criterion/criterion.h>
#include <signal.h>

#include "base/heap.h"
#include "base/random.h"
#include "tests/support/base/allocations.h"

#define ENTRIES_COUNT 500

static struct heap heap;
static struct heap_entry entries[ENTRIES_COUNT];

TestSuite(heap, .fini = allocations_allow);

static void add(struct heap_entry *entry, int64_t key)
{
    cr_assert_eq(heap_add(&heap, entry, key), STATUS_OK);
}

Test(heap, an_empty_one_has_no_first)
{
    heap_init(&heap);
    cr_expect_null(heap_first(&heap));
    heap_clear(&heap);
}

Test(heap, gives_the_smallest_key_first)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, 7);
    heap_init(&heap);
    for (unsigned i = 0; i < ENTRIES_COUNT; i++) {
        add(&entries[i], (int64_t)random_below(&seeded.random, 1000) - 500);
    }
    int64_t previous = INT64_MIN;
    for (unsigned i = 0; i < ENTRIES_COUNT; i++) {
        struct heap_entry *first = heap_first(&heap);
        cr_assert_geq(first->key, previous);
        previous = first->key;
        heap_remove(&heap, first);
        cr_expect_eq(first->index, 0);
    }
    cr_expect_null(heap_first(&heap));
    heap_clear(&heap);
}

Test(heap, takes_entries_out_of_the_middle)
{
    struct random_seeded seeded;
    random_seeded_init(&seeded, 8);
    heap_init(&heap);
    for (unsigned step = 0; step < 20000; step++) {
        struct heap_entry *entry = &entries[random_below(&seeded.random, ENTRIES_COUNT)];
        if (entry->index == 0) {
            add(entry, (int64_t)random_below(&seeded.random, 100));
        } else {
            heap_remove(&heap, entry);
        }
        if (step % 100 == 0 && heap.count > 0) {
            int64_t smallest = INT64_MAX;
            size_t count = 0;
            for (unsigned i = 0; i < ENTRIES_COUNT; i++) {
                if (entries[i].index != 0) {
                    count++;
                    smallest = entries[i].key < smallest ? entries[i].key : smallest;
                }
            }
            cr_assert_eq(heap.count, count);
            cr_assert_eq(heap_first(&heap)->key, smallest);
        }
    }
    heap_clear(&heap);
    cr_expect_eq(entries[0].index, 0);
}

Test(heap, removing_what_is_in_none_does_nothing)
{
    struct heap_entry entry = {0};
    heap_init(&heap);
    heap_remove(&heap, &entry);
    add(&entry, 1);
    heap_remove(&heap, &entry);
    heap_remove(&heap, &entry);
    cr_expect_eq(heap.count, 0);
    heap_clear(&heap);
}

Test(heap, without_memory_the_entry_stays_out)
{
    heap_init(&heap);
    allocations_refuse_after(0);
    enum status status = heap_add(&heap, &entries[0], 5);
    allocations_allow();
    cr_expect_eq(status, STATUS_NO_MEMORY);
    cr_expect_eq(entries[0].index, 0);
    cr_expect_null(heap_first(&heap));
    heap_clear(&heap);
}

Test(heap, an_entry_cannot_be_added_twice, .signal = SIGABRT)
{
    heap_init(&heap);
    add(&entries[0], 1);
    add(&entries[0], 2);
}
