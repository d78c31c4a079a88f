#include "replication/controller/replica_placement.h"

#include <criterion/criterion.h>
#include <string.h>

#include "replication/controller/leader_choice.h"
#include "replication/metadata/metadata_apply.h"

/* A cluster of brokers 1 … count; `racks[i]` is the rack of broker i + 1, "" for none; a capital
 * letter means that the broker is fenced. */
static struct metadata_image *cluster(const char *racks, struct arena *arena)
{
    struct metadata_image *empty = metadata_image_create_empty();
    struct metadata_image *image;
    struct metadata_records records;
    struct error error;

    metadata_records_init(&records, arena);
    for (size_t i = 0; racks[i] != '\0'; i++) {
        struct register_broker_record *record =
            &metadata_records_add(&records, METADATA_REGISTER_BROKER)->register_broker;
        record->broker_id = (int32_t)i + 1;
        record->is_fenced = racks[i] >= 'A' && racks[i] <= 'Z';
        record->rack = racks[i] == '-' ? TEXT_NULL : arena_format(arena, "%c", racks[i] | 0x20);
    }
    cr_assert_eq(metadata_apply(empty, &records, 0, &image, &error), STATUS_OK);
    metadata_image_release(empty);
    return image;
}

static size_t count_of(const struct replica_placement *placement, size_t place, int32_t broker)
{
    size_t count = 0;

    for (size_t i = 0; i < placement->partitions_count; i++) {
        count += placement->partitions[i].items[place] == broker ? 1 : 0;
    }
    return count;
}

static void assert_distinct(const struct replica_placement *placement)
{
    for (size_t i = 0; i < placement->partitions_count; i++) {
        const struct broker_id_list *replicas = &placement->partitions[i];
        for (size_t j = 0; j < replicas->count; j++) {
            for (size_t k = 0; k < j; k++) {
                cr_assert_neq(replicas->items[j], replicas->items[k]);
            }
        }
    }
}

Test(replica_placement, spreads_leaders_and_replicas_evenly)
{
    struct replica_placement placement;
    struct random_seeded random;
    struct arena arena;
    struct error error;

    arena_init(&arena, 1 << 20);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct metadata_image *image = cluster("----", &arena);
        random_seeded_init(&random, seed);
        cr_assert_eq(
            replica_placement_choose(image, &random.random, 40, 3, &arena, &placement, &error),
            STATUS_OK);
        assert_distinct(&placement);
        for (int32_t broker = 1; broker <= 4; broker++) {
            cr_assert_eq(count_of(&placement, 0, broker), 10u);
        }
        metadata_image_release(image);
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

Test(replica_placement, uses_every_rack_before_any_twice)
{
    struct replica_placement placement;
    struct random_seeded random;
    struct arena arena;
    struct error error;

    arena_init(&arena, 1 << 20);
    struct metadata_image *image = cluster("aabbcc", &arena);
    random_seeded_init(&random, 3);
    cr_assert_eq(replica_placement_choose(image, &random.random, 30, 3, &arena, &placement, &error),
                 STATUS_OK);
    assert_distinct(&placement);
    for (size_t i = 0; i < 30; i++) {
        const int32_t *ids = placement.partitions[i].items;
        cr_assert_neq((ids[0] - 1) / 2, (ids[1] - 1) / 2);
        cr_assert_neq((ids[0] - 1) / 2, (ids[2] - 1) / 2);
        cr_assert_neq((ids[1] - 1) / 2, (ids[2] - 1) / 2);
    }
    metadata_image_release(image);
    arena_clear(&arena);
}

Test(replica_placement, fenced_brokers_follow_and_never_come_first)
{
    struct replica_placement placement;
    struct random_seeded random;
    struct arena arena;
    struct error error;

    arena_init(&arena, 1 << 20);
    struct metadata_image *image = cluster("AbC", &arena);
    random_seeded_init(&random, 3);
    cr_assert_eq(replica_placement_choose(image, &random.random, 10, 3, &arena, &placement, &error),
                 STATUS_OK);
    assert_distinct(&placement);
    cr_assert_eq(count_of(&placement, 0, 2), 10u);
    metadata_image_release(image);
    arena_clear(&arena);
}

Test(replica_placement, says_why_it_cannot_place)
{
    struct replica_placement placement;
    struct random_seeded random;
    struct arena arena;
    struct error error;

    arena_init(&arena, 1 << 20);
    struct metadata_image *two = cluster("--", &arena);
    struct metadata_image *fenced = cluster("AB", &arena);
    random_seeded_init(&random, 3);
    cr_assert_eq(replica_placement_choose(two, &random.random, 1, 3, &arena, &placement, &error),
                 STATUS_INVALID);
    cr_assert_str_eq(error.text, "replication factor 3, but only 2 brokers are registered");
    cr_assert_eq(replica_placement_choose(fenced, &random.random, 1, 1, &arena, &placement, &error),
                 STATUS_INVALID);
    cr_assert_str_eq(error.text, "no broker is active, 2 are registered");
    metadata_image_release(two);
    metadata_image_release(fenced);
    arena_clear(&arena);
}

Test(replica_placement, leaders_are_chosen_by_order_and_by_what_they_have)
{
    static const int32_t replicas[] = {1, 2, 3};
    static const int32_t second[] = {2};
    static const int32_t third[] = {3};
    const struct broker_id_list all = {.items = replicas, .count = 3};
    const struct broker_id_list two = {.items = second, .count = 1};
    const struct broker_id_list three = {.items = third, .count = 1};
    const struct broker_id_list none = {.items = NULL, .count = 0};
    struct arena arena;

    arena_init(&arena, 1 << 20);
    struct metadata_image *image = cluster("---", &arena);
    struct leader_choice choice = {.image = image, .broker_up = -1, .broker_down = -1};
    struct partition_image partition = {.leader = 2, .replicas = all, .isr = all};
    cr_assert_eq(leader_choose(&choice, &partition), 2, "stays");
    choice.broker_down = 2;
    cr_assert_eq(leader_choose(&choice, &partition), 1, "first in order");
    partition.isr = two;
    cr_assert_eq(leader_choose(&choice, &partition), -1, "nobody in sync is alive");
    partition.eligible_leader_replicas = three;
    cr_assert_eq(leader_choose(&choice, &partition), 3, "eligible");
    partition.eligible_leader_replicas = none;
    partition.isr = none;
    partition.last_known_eligible_leader_replicas = three;
    cr_assert_eq(leader_choose(&choice, &partition), 3, "last known");
    partition.last_known_eligible_leader_replicas = none;
    cr_assert_eq(leader_choose(&choice, &partition), -1);
    choice.allows_unclean = true;
    cr_assert_eq(leader_choose(&choice, &partition), 1, "unclean");
    metadata_image_release(image);
    arena_clear(&arena);
}
