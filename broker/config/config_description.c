#include "broker/config/config_description.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static void add_synonym(struct config_description *description, struct text name, struct text value,
                        enum config_source source)
{
    if (value.data == NULL) {
        return;
    }
    ASSERT(description->synonyms_count < CONFIG_SYNONYMS_MAX);
    description->synonyms[description->synonyms_count++] = (struct config_synonym){
        .name = name,
        .value = description->is_secret ? TEXT_NULL : value,
        .source = source,
    };
}

/* An altered value, borrowed from the image. */
static struct text altered(const struct config_view *view, struct text resource, struct text key)
{
    return view->image == NULL
               ? TEXT_NULL
               : metadata_image_config_value(view->image, CONFIG_RESOURCE_BROKER, resource, key);
}

/* A broker's key and the coarser ones that stand in for it. */
static void add_broker_synonyms(const struct config_view *view, enum config_id id,
                                struct config_description *description)
{
    char node[16];
    snprintf(node, sizeof node, "%d", view->node_id);
    for (bool more = true; more; more = broker_config_coarser(id, &id)) {
        struct text name = text_of(config_key_at(id)->name);
        add_synonym(description, name, altered(view, text_of(node), name),
                    CONFIG_SOURCE_DYNAMIC_BROKER);
        add_synonym(description, name, altered(view, TEXT_LITERAL(""), name),
                    CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER);
        if (broker_config_is_set(view->config, id)) {
            add_synonym(description, name, broker_config_text(view->config, id),
                        CONFIG_SOURCE_STATIC_BROKER);
        }
        add_synonym(description, name, text_of(config_key_at(id)->default_value),
                    CONFIG_SOURCE_DEFAULT);
    }
}

static void start(struct config_description *description, const char *name,
                  const struct config_key *key)
{
    memset(description, 0, sizeof *description);
    description->name = text_of(name);
    description->type = key->type;
    description->is_secret = key->type == CONFIG_TYPE_PASSWORD;
    description->documentation = text_of(key->sentence);
    description->source = CONFIG_SOURCE_DEFAULT;
}

void config_describe_topic(const struct config_view *view, struct text topic,
                           enum topic_config_id id, struct config_description *description)
{
    const struct config_key key = topic_config_key(id);
    struct text name = text_of(key.name);
    enum config_id broker_key;
    bool has_broker_key = topic_config_broker_key(id, &broker_key);
    start(description, key.name, &key);
    if (view->image != NULL) {
        add_synonym(description, name,
                    metadata_image_config_value(view->image, CONFIG_RESOURCE_TOPIC, topic, name),
                    CONFIG_SOURCE_DYNAMIC_TOPIC);
    }
    if (has_broker_key) {
        add_broker_synonyms(view, broker_key, description);
    } else {
        add_synonym(description, name, text_of(key.default_value), CONFIG_SOURCE_DEFAULT);
    }
    if (description->synonyms_count > 0) {
        description->source = description->synonyms[0].source;
    }
    /* Not the first synonym's text: a coarser key's is in another unit. */
    description->value =
        topic_config_value(view->config, view->image, view->node_id, topic, id).text;
}

void config_describe_broker(const struct config_view *view, enum config_id id,
                            struct config_description *description)
{
    const struct config_key *key = config_key_at(id);
    start(description, key->name, key);
    description->is_read_only = key->scope == CONFIG_SCOPE_READ_ONLY;
    add_broker_synonyms(view, id, description);
    if (description->synonyms_count > 0) {
        description->source = description->synonyms[0].source;
    }
    if (!description->is_secret) {
        description->value =
            config_value_in_force(view->config, view->image, view->node_id, id).text;
    }
}

bool config_describe_all_brokers(const struct config_view *view, enum config_id id,
                                 struct config_description *description)
{
    const struct config_key *key = config_key_at(id);
    struct text value = altered(view, TEXT_LITERAL(""), text_of(key->name));
    if (value.data == NULL) {
        return false;
    }
    start(description, key->name, key);
    description->source = CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER;
    add_synonym(description, text_of(key->name), value, CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER);
    description->value = description->is_secret ? TEXT_NULL : value;
    return true;
}
