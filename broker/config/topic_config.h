/* The configuration of a topic: its own values, else the broker's.
 *
 *   topic's own  ->  this broker's, altered  ->  all brokers', altered  ->  file, flags  -> default
 */
#ifndef BROKER_CONFIG_TOPIC_CONFIG_H
#define BROKER_CONFIG_TOPIC_CONFIG_H

#include "broker/config/broker_config.h"
#include "broker/config/config_keys.h"
#include "replication/metadata/metadata_image.h"
#include "storage/log/log_config.h"

#define TOPIC_CONFIG(id, ...)     TOPIC_CONFIG_##id,
#define TOPIC_CONFIG_OWN(id, ...) TOPIC_CONFIG_##id,
enum topic_config_id {
#include "broker/config/topic_config_list.h"
    TOPIC_CONFIG_ID_COUNT
};
#undef TOPIC_CONFIG
#undef TOPIC_CONFIG_OWN

/* The key's name. */
const char *topic_config_name(enum topic_config_id id);

/* The broker's key that supplies the default; false when there is none. */
bool topic_config_broker_key(enum topic_config_id id, enum config_id *broker_key);

/* Name, type, default and range of the key as a topic's. */
struct config_key topic_config_key(enum topic_config_id id);

/* False when there is none. */
bool topic_config_find(struct text name, enum topic_config_id *id);

/* Checks a value as controller.h's config_check_fn does; `context` is not used. */
MUST_USE enum status topic_config_check(void *context, enum config_resource_type type,
                                        struct text key, struct text value, struct error *error);

/* The lists among the keys, as controller.h's config_list_default_fn asks; `context` is not used.
 */
bool topic_config_list_default(void *context, enum config_resource_type type, struct text key,
                               struct text *default_value);

/* The value in force of a broker's key: altered for this broker, for all, or as loaded. */
struct config_value config_value_in_force(const struct broker_config *config,
                                          const struct metadata_image *image, int32_t node_id,
                                          enum config_id id);

/* The value in force of one topic key. */
struct config_value topic_config_value(const struct broker_config *config,
                                       const struct metadata_image *image, int32_t node_id,
                                       struct text topic, enum topic_config_id id);

/* Everything that a log needs, and min.insync.replicas. */
void topic_log_config(const struct broker_config *config, const struct metadata_image *image,
                      int32_t node_id, struct text topic, struct log_config *log_config,
                      unsigned *min_insync_replicas);

#endif /* BROKER_CONFIG_TOPIC_CONFIG_H */
