/* Configuration as its readers see it: each key with its value, where that comes from, and every
 * other place that has one, strongest first (KIP-226). */
#ifndef BROKER_CONFIG_CONFIG_DESCRIPTION_H
#define BROKER_CONFIG_CONFIG_DESCRIPTION_H

#include "base/arena.h"
#include "broker/config/topic_config.h"

/* Kafka's numbers, as in DescribeConfigs. */
enum config_source {
    CONFIG_SOURCE_DYNAMIC_TOPIC = 1,
    CONFIG_SOURCE_DYNAMIC_BROKER = 2,
    CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER = 3,
    CONFIG_SOURCE_STATIC_BROKER = 4,
    CONFIG_SOURCE_DEFAULT = 5,
};

/* A topic's own, two altered and for each of three keys a loaded and a default value. */
#define CONFIG_SYNONYMS_MAX 12

struct config_synonym {
    struct text name;
    struct text value; /* TEXT_NULL for a secret. */
    enum config_source source;
};

struct config_description {
    struct text name;
    struct text value; /* TEXT_NULL: unset, or a secret. */
    enum config_source source;
    enum config_type type;
    bool is_read_only;
    bool is_secret;
    struct text documentation;
    struct config_synonym synonyms[CONFIG_SYNONYMS_MAX]; /* The first is the value in force. */
    unsigned synonyms_count;
};

/* What the descriptions are taken from. Borrowed. */
struct config_view {
    const struct broker_config *config;
    const struct metadata_image *image;
    int32_t node_id;
};

/* Describes one key of a topic, which need not exist. Texts are borrowed from the view. */
void config_describe_topic(const struct config_view *view, struct text topic,
                           enum topic_config_id id, struct config_description *description);

/* Describes one key of this broker. Texts are borrowed from the view. */
void config_describe_broker(const struct config_view *view, enum config_id id,
                            struct config_description *description);

/* Describes what was altered for all brokers. False when the key was not. */
bool config_describe_all_brokers(const struct config_view *view, enum config_id id,
                                 struct config_description *description);

#endif /* BROKER_CONFIG_CONFIG_DESCRIPTION_H */
