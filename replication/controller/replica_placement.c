#include "replication/controller/replica_placement.h"

#include <string.h>

#include "base/assert.h"
#include "replication/controller/leader_choice.h"

/* Brokers of one rack that are alike: all active, or none. Taken in turn. */
struct turn {
    const int32_t *brokers;
    size_t count;
    size_t start; /* Where the turn begins for the partition at hand. */
    size_t taken; /* By the partition at hand. */
};

struct rack {
    struct text name;
    struct turn active;
    struct turn inactive;
};

struct placer {
    struct rack *racks;
    size_t racks_count;
    size_t first_rack; /* For the partition at hand. */
    size_t brokers_count;
    size_t active_count;
};

static bool turn_take(struct turn *turn, int32_t *broker)
{
    if (turn->taken == turn->count) {
        return false;
    }
    *broker = turn->brokers[(turn->start + turn->taken) % turn->count];
    turn->taken++;
    return true;
}

static void turn_advance(struct turn *turn)
{
    turn->start = turn->count == 0 ? 0 : (turn->start + 1) % turn->count;
    turn->taken = 0;
}

static struct rack *find_rack(struct placer *placer, struct text name)
{
    for (size_t i = 0; i < placer->racks_count; i++) {
        if (text_equal(placer->racks[i].name, name)) {
            return &placer->racks[i];
        }
    }
    return NULL;
}

static void sort_rack_in(struct placer *placer, struct text name)
{
    size_t place = placer->racks_count++;

    while (place > 0 && text_compare(name, placer->racks[place - 1].name) < 0) {
        placer->racks[place] = placer->racks[place - 1];
        place--;
    }
    memset(&placer->racks[place], 0, sizeof(placer->racks[place]));
    placer->racks[place].name = name;
}

static bool fill_turn(const struct metadata_image *image, struct text rack_name, bool active,
                      struct arena *arena, struct turn *turn)
{
    size_t brokers_count = metadata_image_brokers_count(image);
    int32_t *brokers = arena_allocate_array(arena, brokers_count, sizeof(*brokers));

    if (brokers == NULL) {
        return false;
    }
    for (size_t i = 0; i < brokers_count; i++) {
        const struct broker_image *broker = metadata_image_broker_at(image, i);
        if (text_equal(broker->rack, rack_name) && broker_is_active(image, broker->id) == active) {
            brokers[turn->count++] = broker->id;
        }
    }
    turn->brokers = brokers;
    return true;
}

static enum status placer_init(struct placer *placer, const struct metadata_image *image,
                               struct random *random, struct arena *arena)
{
    placer->brokers_count = metadata_image_brokers_count(image);
    placer->racks = arena_allocate_array(arena, placer->brokers_count, sizeof(*placer->racks));
    if (placer->racks == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < placer->brokers_count; i++) {
        struct text rack = metadata_image_broker_at(image, i)->rack;
        if (find_rack(placer, rack) == NULL) {
            sort_rack_in(placer, rack);
        }
    }
    for (size_t i = 0; i < placer->racks_count; i++) {
        struct rack *rack = &placer->racks[i];
        if (!fill_turn(image, rack->name, true, arena, &rack->active) ||
            !fill_turn(image, rack->name, false, arena, &rack->inactive)) {
            return STATUS_NO_MEMORY;
        }
        placer->active_count += rack->active.count;
        if (rack->active.count > 0) {
            rack->active.start = (size_t)random_below(random, rack->active.count);
        }
        if (rack->inactive.count > 0) {
            rack->inactive.start = (size_t)random_below(random, rack->inactive.count);
        }
    }
    if (placer->racks_count > 0) {
        placer->first_rack = (size_t)random_below(random, placer->racks_count);
    }
    return STATUS_OK;
}

/* The next replica: the rack whose turn it is, or the next one that has a broker left. */
static int32_t place_replica(struct placer *placer, size_t *rack, bool must_be_active)
{
    for (size_t tried = 0; tried < placer->racks_count; tried++) {
        struct rack *candidate = &placer->racks[*rack];
        int32_t broker;
        *rack = (*rack + 1) % placer->racks_count;
        if (turn_take(&candidate->active, &broker) ||
            (!must_be_active && turn_take(&candidate->inactive, &broker))) {
            return broker;
        }
    }
    ASSERT(false); /* There are as many brokers as replicas, and one is active. */
    return LEADER_NONE;
}

static void place_partition(struct placer *placer, int32_t *replicas, size_t replicas_count)
{
    size_t rack = placer->first_rack;

    for (size_t i = 0; i < replicas_count; i++) {
        replicas[i] = place_replica(placer, &rack, i == 0);
    }
    placer->first_rack = (placer->first_rack + 1) % placer->racks_count;
    for (size_t i = 0; i < placer->racks_count; i++) {
        turn_advance(&placer->racks[i].active);
        turn_advance(&placer->racks[i].inactive);
    }
}

enum status replica_placement_choose(const struct metadata_image *image, struct random *random,
                                     size_t partitions_count, size_t replicas_count,
                                     struct arena *arena, struct replica_placement *placement,
                                     struct error *error)
{
    struct placer placer = {0};

    ASSERT(replicas_count > 0);
    if (placer_init(&placer, image, random, arena) != STATUS_OK) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for placing replicas");
    }
    if (placer.active_count == 0) {
        return error_set(error, STATUS_INVALID, "no broker is active, %zu are registered",
                         placer.brokers_count);
    }
    if (replicas_count > placer.brokers_count) {
        return error_set(error, STATUS_INVALID,
                         "replication factor %zu, but only %zu brokers are registered",
                         replicas_count, placer.brokers_count);
    }
    struct broker_id_list *partitions =
        arena_allocate_array(arena, partitions_count, sizeof(*partitions));
    int32_t *ids = arena_allocate_array(arena, partitions_count * replicas_count, sizeof(*ids));
    if (partitions == NULL || ids == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for placing replicas");
    }
    for (size_t i = 0; i < partitions_count; i++) {
        int32_t *replicas = ids + i * replicas_count;
        place_partition(&placer, replicas, replicas_count);
        partitions[i] = (struct broker_id_list){.items = replicas, .count = replicas_count};
    }
    placement->partitions = partitions;
    placement->partitions_count = partitions_count;
    return STATUS_OK;
}
