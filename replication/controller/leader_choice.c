#include "replication/controller/leader_choice.h"

#include "base/number_text.h"

bool broker_is_active(const struct metadata_image *image, int32_t broker_id)
{
    const struct broker_image *broker = metadata_image_broker(image, broker_id);

    return broker != NULL && !broker->is_fenced && !broker->in_controlled_shutdown;
}

bool broker_ids_contain(struct broker_id_list list, int32_t broker_id)
{
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i] == broker_id) {
            return true;
        }
    }
    return false;
}

static bool can_lead(const struct leader_choice *choice, int32_t broker_id)
{
    if (broker_id == LEADER_NONE || broker_id == choice->broker_down) {
        return false;
    }
    return broker_id == choice->broker_up || broker_is_active(choice->image, broker_id);
}

static int32_t first_of(const struct leader_choice *choice, struct broker_id_list order,
                        struct broker_id_list members)
{
    for (size_t i = 0; i < order.count; i++) {
        if (broker_ids_contain(members, order.items[i]) && can_lead(choice, order.items[i])) {
            return order.items[i];
        }
    }
    return LEADER_NONE;
}

int32_t leader_choose(const struct leader_choice *choice, const struct partition_image *partition)
{
    int32_t leader = partition->leader;

    if (can_lead(choice, leader) && broker_ids_contain(partition->isr, leader)) {
        return leader;
    }
    leader = first_of(choice, partition->replicas, partition->isr);
    if (leader == LEADER_NONE) {
        leader = first_of(choice, partition->replicas, partition->eligible_leader_replicas);
    }
    if (leader == LEADER_NONE && partition->isr.count == 0 &&
        partition->eligible_leader_replicas.count == 0) {
        leader =
            first_of(choice, partition->replicas, partition->last_known_eligible_leader_replicas);
    }
    if (leader == LEADER_NONE && choice->allows_unclean) {
        leader = first_of(choice, partition->replicas, partition->replicas);
    }
    return leader;
}

bool topic_allows_unclean_election(const struct metadata_image *image, struct text topic_name)
{
    const struct text key = TEXT_LITERAL("unclean.leader.election.enable");
    struct text value = metadata_image_config_value(image, CONFIG_RESOURCE_TOPIC, topic_name, key);
    bool is_allowed = false;

    if (value.data == NULL) {
        value = metadata_image_config_value(image, CONFIG_RESOURCE_BROKER, TEXT_LITERAL(""), key);
    }
    return value.data != NULL && parse_bool(value, &is_allowed) && is_allowed;
}
