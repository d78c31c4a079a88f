#include "broker/config/topic_config.h"

#include <stdio.h>

#include "base/assert.h"
#include "proto/compression/compression.h"

struct topic_key {
    const char *name;
    bool has_broker_key;
    enum config_id broker_key;
    struct config_key own; /* Without a broker's key. */
    const char *only;      /* The one value that is taken; NULL: any. */
};

#define TOPIC_CONFIG(id_, name_, broker_key_)                                                      \
    [TOPIC_CONFIG_##                                                                               \
        id_] = {.name = (name_), .has_broker_key = true, .broker_key = CONFIG_##broker_key_},
#define TOPIC_CONFIG_OWN(id_, name_, type_, default_, min_, max_, only_)                           \
    [TOPIC_CONFIG_##id_] = {                                                                       \
        .name = (name_),                                                                           \
        .own =                                                                                     \
            {                                                                                      \
                .name = (name_),                                                                   \
                .type = CONFIG_TYPE_##type_,                                                       \
                .default_value = (default_),                                                       \
                .min = (min_),                                                                     \
                .max = (max_),                                                                     \
                .scope = CONFIG_SCOPE_CLUSTER_WIDE,                                                \
                .sentence = "Taken as Kafka does; there is nothing that it could change yet",      \
            },                                                                                     \
        .only = (only_),                                                                           \
    },
static const struct topic_key topic_keys[] = {
#include "broker/config/topic_config_list.h"
};
#undef TOPIC_CONFIG
#undef TOPIC_CONFIG_OWN

const char *topic_config_name(enum topic_config_id id)
{
    ASSERT(id < TOPIC_CONFIG_ID_COUNT);
    return topic_keys[id].name;
}

bool topic_config_broker_key(enum topic_config_id id, enum config_id *broker_key)
{
    ASSERT(id < TOPIC_CONFIG_ID_COUNT);
    *broker_key = topic_keys[id].broker_key;
    return topic_keys[id].has_broker_key;
}

struct config_key topic_config_key(enum topic_config_id id)
{
    ASSERT(id < TOPIC_CONFIG_ID_COUNT);
    struct config_key key = topic_keys[id].has_broker_key
                                ? *config_key_at(topic_keys[id].broker_key)
                                : topic_keys[id].own;
    key.name = topic_keys[id].name;
    return key;
}

bool topic_config_find(struct text name, enum topic_config_id *id)
{
    for (unsigned i = 0; i < TOPIC_CONFIG_ID_COUNT; i++) {
        if (text_equal(text_of(topic_keys[i].name), name)) {
            *id = (enum topic_config_id)i;
            return true;
        }
    }
    return false;
}

static enum status check_topic_key(struct text key, struct text value, struct error *error)
{
    enum topic_config_id id;
    if (!topic_config_find(key, &id)) {
        return error_set(error, STATUS_NOT_FOUND, "unknown topic config name: %.*s",
                         TEXT_ARGUMENTS(key));
    }
    if (value.data == NULL) {
        return STATUS_OK;
    }
    struct config_key as_topic = topic_config_key(id);
    struct config_value parsed;
    if (config_value_parse(&as_topic, value, &parsed, error) != STATUS_OK) {
        return error->status;
    }
    const char *only = topic_keys[id].only;
    bool is_boolean = as_topic.type == CONFIG_TYPE_BOOLEAN;
    if (only != NULL && (is_boolean ? parsed.integer != 0 : parsed.text.size > 0)) {
        return error_set(error, STATUS_INVALID,
                         "%s=%.*s asks for what this server does not have yet, allowed is only "
                         "\"%s\"",
                         as_topic.name, TEXT_ARGUMENTS(value), only);
    }
    return STATUS_OK;
}

static enum status check_broker_key(struct text key, struct text value, struct error *error)
{
    enum config_id id;
    if (!config_key_find(key, &id)) {
        return error_set(error, STATUS_NOT_FOUND, "unknown broker config name: %.*s",
                         TEXT_ARGUMENTS(key));
    }
    if (config_key_at(id)->scope == CONFIG_SCOPE_READ_ONLY) {
        return error_set(error, STATUS_INVALID, "%.*s cannot be updated dynamically",
                         TEXT_ARGUMENTS(key));
    }
    struct config_value parsed;
    return value.data == NULL ? STATUS_OK
                              : config_value_parse(config_key_at(id), value, &parsed, error);
}

enum status topic_config_check(void *context, enum config_resource_type type, struct text key,
                               struct text value, struct error *error)
{
    (void)context;
    switch (type) {
    case CONFIG_RESOURCE_TOPIC:
        return check_topic_key(key, value, error);
    case CONFIG_RESOURCE_BROKER:
        return check_broker_key(key, value, error);
    case CONFIG_RESOURCE_BROKER_LOGGER:
    case CONFIG_RESOURCE_CLIENT_METRICS:
    case CONFIG_RESOURCE_GROUP:
        return error_set(error, STATUS_UNSUPPORTED,
                         "configurations of resource type %d cannot be altered", (int)type);
    default:
        return error_set(error, STATUS_INVALID, "unknown resource type %d", (int)type);
    }
}

bool topic_config_list_default(void *context, enum config_resource_type type, struct text key,
                               struct text *default_value)
{
    (void)context;
    struct config_key found = {.type = CONFIG_TYPE_STRING};
    enum topic_config_id topic_id;
    enum config_id id;
    if (type == CONFIG_RESOURCE_TOPIC && topic_config_find(key, &topic_id)) {
        found = topic_config_key(topic_id);
    } else if (type == CONFIG_RESOURCE_BROKER && config_key_find(key, &id)) {
        found = *config_key_at(id);
    }
    *default_value = found.default_value == NULL ? TEXT_LITERAL("") : text_of(found.default_value);
    return found.type == CONFIG_TYPE_LIST;
}

/* A value that was stored has been checked; one that an older version stored and this one does not
 * take counts as not set. */
static bool stored_value(const struct metadata_image *image, enum config_resource_type type,
                         struct text name, const char *key_name, const struct config_key *key,
                         struct config_value *value)
{
    struct error error;
    struct text text = image == NULL
                           ? TEXT_NULL
                           : metadata_image_config_value(image, type, name, text_of(key_name));
    return text.data != NULL && config_value_parse(key, text, value, &error) == STATUS_OK;
}

struct config_value config_value_in_force(const struct broker_config *config,
                                          const struct metadata_image *image, int32_t node_id,
                                          enum config_id id)
{
    const struct config_key *key = config_key_at(id);
    struct config_value value;
    char node[16];
    snprintf(node, sizeof node, "%d", node_id);
    if (key->scope != CONFIG_SCOPE_READ_ONLY &&
        (stored_value(image, CONFIG_RESOURCE_BROKER, text_of(node), key->name, key, &value) ||
         stored_value(image, CONFIG_RESOURCE_BROKER, TEXT_LITERAL(""), key->name, key, &value))) {
        return value;
    }
    value = (struct config_value){.text = broker_config_text(config, id),
                                  .integer = broker_config_integer(config, id)};
    if (key->type == CONFIG_TYPE_DOUBLE) {
        value.real = broker_config_real(config, id);
    }
    return value;
}

struct config_value topic_config_value(const struct broker_config *config,
                                       const struct metadata_image *image, int32_t node_id,
                                       struct text topic, enum topic_config_id id)
{
    struct config_key key = topic_config_key(id);
    struct config_value value;
    enum config_id broker_key;
    if (stored_value(image, CONFIG_RESOURCE_TOPIC, topic, key.name, &key, &value)) {
        return value;
    }
    if (topic_config_broker_key(id, &broker_key)) {
        return config_value_in_force(config, image, node_id, broker_key);
    }
    struct error error;
    ASSERT(config_value_parse(&key, text_of(key.default_value), &value, &error) == STATUS_OK);
    return value;
}

static unsigned cleanup_policy(struct text list)
{
    unsigned policy = 0;
    for (size_t start = 0; start < list.size; start++) {
        size_t size = 0;
        while (start + size < list.size && list.data[start + size] != ',' &&
               list.data[start + size] != ' ') {
            size++;
        }
        struct text one = {list.data + start, size};
        if (text_equal(one, TEXT_LITERAL("delete"))) {
            policy |= CLEANUP_DELETE;
        } else if (text_equal(one, TEXT_LITERAL("compact"))) {
            policy |= CLEANUP_COMPACT;
        }
        start += size;
    }
    return policy;
}

struct topic_values {
    struct config_value values[TOPIC_CONFIG_ID_COUNT];
};

static void set_compression(struct log_config *log, const struct topic_values *values)
{
    int codec = COMPRESSION_PRODUCER;
    log->compression_level = COMPRESSION_LEVEL_DEFAULT;
    if (!compression_type_from_name(values->values[TOPIC_CONFIG_COMPRESSION_TYPE].text, &codec)) {
        codec = COMPRESSION_PRODUCER;
    }
    log->compression_codec = codec;
    if (codec == COMPRESSION_GZIP) {
        log->compression_level =
            (int32_t)values->values[TOPIC_CONFIG_COMPRESSION_GZIP_LEVEL].integer;
    } else if (codec == COMPRESSION_LZ4) {
        log->compression_level =
            (int32_t)values->values[TOPIC_CONFIG_COMPRESSION_LZ4_LEVEL].integer;
    } else if (codec == COMPRESSION_ZSTD) {
        log->compression_level =
            (int32_t)values->values[TOPIC_CONFIG_COMPRESSION_ZSTD_LEVEL].integer;
    }
}

static void set_times_and_sizes(struct log_config *log, const struct topic_values *of)
{
    const struct config_value *values = of->values;
    log->cleanup_policy = cleanup_policy(values[TOPIC_CONFIG_CLEANUP_POLICY].text);
    log->retention_ms = values[TOPIC_CONFIG_RETENTION_MS].integer;
    log->retention_bytes = values[TOPIC_CONFIG_RETENTION_BYTES].integer;
    log->segment_bytes = values[TOPIC_CONFIG_SEGMENT_BYTES].integer;
    log->segment_ms = values[TOPIC_CONFIG_SEGMENT_MS].integer;
    log->segment_jitter_ms = values[TOPIC_CONFIG_SEGMENT_JITTER_MS].integer;
    log->segment_index_bytes = (int32_t)values[TOPIC_CONFIG_SEGMENT_INDEX_BYTES].integer;
    log->index_interval_bytes = (int32_t)values[TOPIC_CONFIG_INDEX_INTERVAL_BYTES].integer;
    log->message_bytes_max = (int32_t)values[TOPIC_CONFIG_MAX_MESSAGE_BYTES].integer;
    log->timestamp_before_ms_max = values[TOPIC_CONFIG_MESSAGE_TIMESTAMP_BEFORE_MAX_MS].integer;
    log->timestamp_after_ms_max = values[TOPIC_CONFIG_MESSAGE_TIMESTAMP_AFTER_MAX_MS].integer;
    log->timestamp_type =
        text_equal(values[TOPIC_CONFIG_MESSAGE_TIMESTAMP_TYPE].text, TEXT_LITERAL("LogAppendTime"))
            ? TIMESTAMP_LOG_APPEND_TIME
            : TIMESTAMP_CREATE_TIME;
    log->flush_messages = values[TOPIC_CONFIG_FLUSH_MESSAGES].integer;
    log->flush_ms = values[TOPIC_CONFIG_FLUSH_MS].integer;
    log->file_delete_delay_ms = values[TOPIC_CONFIG_FILE_DELETE_DELAY_MS].integer;
    log->delete_retention_ms = values[TOPIC_CONFIG_DELETE_RETENTION_MS].integer;
    log->min_cleanable_dirty_ratio = values[TOPIC_CONFIG_MIN_CLEANABLE_DIRTY_RATIO].real;
    log->min_compaction_lag_ms = values[TOPIC_CONFIG_MIN_COMPACTION_LAG_MS].integer;
    log->max_compaction_lag_ms = values[TOPIC_CONFIG_MAX_COMPACTION_LAG_MS].integer;
    log->preallocate = values[TOPIC_CONFIG_PREALLOCATE].integer != 0;
}

void topic_log_config(const struct broker_config *config, const struct metadata_image *image,
                      int32_t node_id, struct text topic, struct log_config *log_config,
                      unsigned *min_insync_replicas)
{
    struct topic_values values;
    for (unsigned i = 0; i < TOPIC_CONFIG_ID_COUNT; i++) {
        values.values[i] =
            topic_config_value(config, image, node_id, topic, (enum topic_config_id)i);
    }
    *log_config = log_config_default();
    set_times_and_sizes(log_config, &values);
    set_compression(log_config, &values);
    *min_insync_replicas = (unsigned)values.values[TOPIC_CONFIG_MIN_INSYNC_REPLICAS].integer;
}
