/* What the table of keys says about one key, for those who walk it: loading, DescribeConfigs,
 * altering, documentation. */
#ifndef BROKER_CONFIG_CONFIG_KEYS_H
#define BROKER_CONFIG_CONFIG_KEYS_H

#include "broker/config/broker_config.h"

/* Kafka's numbers, as in DescribeConfigs. */
enum config_type {
    CONFIG_TYPE_BOOLEAN = 1,
    CONFIG_TYPE_STRING = 2,
    CONFIG_TYPE_INT = 3,
    CONFIG_TYPE_SHORT = 4,
    CONFIG_TYPE_LONG = 5,
    CONFIG_TYPE_DOUBLE = 6,
    CONFIG_TYPE_LIST = 7,
    CONFIG_TYPE_CLASS = 8,
    CONFIG_TYPE_PASSWORD = 9,
};

enum config_scope { CONFIG_SCOPE_READ_ONLY, CONFIG_SCOPE_PER_BROKER, CONFIG_SCOPE_CLUSTER_WIDE };

struct config_key {
    const char *name;
    enum config_type type;
    const char *default_value; /* NULL: unset. */
    int64_t min;               /* Of numbers; no range when both are 0. */
    int64_t max;
    const char *allowed; /* Separated by '|'; NULL: anything. */
    enum config_scope scope;
    const char *sentence;
};

/* A value of the type that its key has. */
struct config_value {
    struct text text; /* As given; TEXT_NULL when unset. */
    int64_t integer;  /* Also of a boolean. */
    double real;
};

/* The rows by id. */
const struct config_key *config_key_at(enum config_id id);

/* False when there is none. */
bool config_key_find(struct text name, enum config_id *id);

/* The known key that is most like `name`; NULL when none is near. */
const char *config_key_nearest(struct text name);

/* Checks a text against the type, the range and the allowed values of a key. STATUS_INVALID or
 * STATUS_OUT_OF_RANGE name the key, the value and what is allowed. `value->text` borrows `text`. */
MUST_USE enum status config_value_parse(const struct config_key *key, struct text text,
                                        struct config_value *value, struct error *error);

#endif /* BROKER_CONFIG_CONFIG_KEYS_H */
