/* The configuration of a broker: every key once, in config_list.h.
 *
 * Values come from, strongest first: what was altered at run time (metadata), -o key=value,
 * KAFKA_* environment, the file, the default. A struct broker_config is immutable once loaded;
 * altering makes a new one, which shards are handed by message. */
#ifndef BROKER_CONFIG_BROKER_CONFIG_H
#define BROKER_CONFIG_BROKER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "base/error.h"

/* One row per key: see config_list.h for the columns. */
#define CONFIG(id, ...) CONFIG_##id,
enum config_id {
#include "broker/config/config_list.h"
    CONFIG_ID_COUNT
};
#undef CONFIG

struct broker_config;

/* Where broker_config_load() looks. */
struct broker_config_sources {
    const char *file_path;        /* NULL: none. */
    const char *const *overrides; /* "key=value" of -o, in order. */
    size_t overrides_count;
    const char *const *environment; /* "NAME=value", ends with NULL; NULL: none. */
};

/* Loads and checks. Unknown keys are warned about with the nearest known key, keys without effect
 * (inert_config.h) are named once per reason. STATUS_INVALID or
 * STATUS_OUT_OF_RANGE name file, line, key, value and what is allowed, STATUS_UNSUPPORTED what
 * cannot be honoured; STATUS_NOT_FOUND the file.
 * On STATUS_OK the caller owns *config: broker_config_destroy(). */
MUST_USE enum status broker_config_load(const struct broker_config_sources *sources,
                                        struct diagnostic_sink *diagnostics,
                                        struct broker_config **config, struct error *error);

/* NULL is allowed. */
void broker_config_destroy(struct broker_config *config);

/* The value of an integer key (int, short, long); durations are in the key's unit, synonyms such as
 * log.retention.hours are already resolved into the finest. The key must have that type. */
int64_t broker_config_integer(const struct broker_config *config, enum config_id id);

/* As broker_config_integer(). */
bool broker_config_boolean(const struct broker_config *config, enum config_id id);

/* As broker_config_integer(). */
double broker_config_real(const struct broker_config *config, enum config_id id);

/* Strings, lists (comma-separated), classes, passwords; TEXT_NULL when unset. Zero-terminated;
 * borrowed from the configuration. */
struct text broker_config_text(const struct broker_config *config, enum config_id id);

/* The file, the environment or a flag said it; false for defaults and for what was derived from a
 * coarser key. */
bool broker_config_is_set(const struct broker_config *config, enum config_id id);

/* The coarser key that may stand in for `id` when that is not set, e.g. log.retention.hours for
 * log.retention.minutes. False when there is none. */
bool broker_config_coarser(enum config_id id, enum config_id *coarser);

#endif /* BROKER_CONFIG_BROKER_CONFIG_H */
