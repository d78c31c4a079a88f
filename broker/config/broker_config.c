#include "broker/config/broker_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/number_text.h"
#include "base/properties.h"
#include "broker/config/config_keys.h"
#include "broker/config/inert_config.h"
#include "storage/io/file_system.h"

#define CONFIG_MEMORY_SIZE_MAX (8u * 1024 * 1024)

struct broker_config {
    struct arena arena;
    struct config_value values[CONFIG_ID_COUNT];
    bool is_set[CONFIG_ID_COUNT];       /* Not by default. */
    struct text where[CONFIG_ID_COUNT]; /* The source that set it, for sentences. */
};

/* What loading needs besides: keys without effect are named once per reason, when all are known. */
struct loader {
    struct broker_config *config;
    struct diagnostic_sink *diagnostics;
    struct text inert_names[INERT_REASON_COUNT];
};

/* Coarser keys stand in for finer ones that are not set, the first that is set first. */
struct synonym {
    enum config_id fine;
    enum config_id coarse;
    int64_t factor;
};

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS   (60 * MINUTE_MS)

static const struct synonym synonyms[] = {
    {CONFIG_LOG_RETENTION_MS, CONFIG_LOG_RETENTION_MINUTES, MINUTE_MS},
    {CONFIG_LOG_RETENTION_MS, CONFIG_LOG_RETENTION_HOURS, HOUR_MS},
    {CONFIG_LOG_ROLL_MS, CONFIG_LOG_ROLL_HOURS, HOUR_MS},
    {CONFIG_LOG_ROLL_JITTER_MS, CONFIG_LOG_ROLL_JITTER_HOURS, HOUR_MS},
    {CONFIG_LOG_FLUSH_INTERVAL_MS, CONFIG_LOG_FLUSH_SCHEDULER_INTERVAL_MS, 1},
};

/* Notes a key that is known but has no effect. */
static enum status set_inert(struct loader *loader, const struct inert_config *inert,
                             struct text name, struct text value, const char *where,
                             struct error *error)
{
    if (inert_config_check(inert, value, error) != STATUS_OK) {
        return error_wrap(error, "%s", where);
    }
    struct text *names = &loader->inert_names[inert->reason];
    *names = names->size == 0 ? arena_copy_text(&loader->config->arena, name)
                              : arena_format(&loader->config->arena, "%.*s, %.*s",
                                             TEXT_ARGUMENTS(*names), TEXT_ARGUMENTS(name));
    return STATUS_OK;
}

static void warn_unknown(struct loader *loader, struct text name, const char *where)
{
    const char *nearest = config_key_nearest(name);
    diagnose(loader->diagnostics, DIAGNOSTIC_WARNING, "config",
             nearest == NULL ? "%s: unknown key %.*s is ignored"
                             : "%s: unknown key %.*s is ignored; did you mean %s?",
             where, TEXT_ARGUMENTS(name), nearest);
}

/* A key that counts for one listener only: whoever sets it must know that it does not. */
static void warn_listener_key(struct loader *loader, struct text name, const char *where)
{
    diagnose(loader->diagnostics, DIAGNOSTIC_WARNING, "config",
             "%s: %.*s is without effect, because keys cannot be set for one listener yet", where,
             TEXT_ARGUMENTS(name));
}

/* Sets one key from a source that `where` names, e.g. "server.properties line 7". */
static enum status set(struct loader *loader, struct text name, struct text value,
                       const char *where, struct error *error)
{
    struct broker_config *config = loader->config;
    enum config_id id;
    if (!config_key_find(name, &id)) {
        const struct inert_config *inert = inert_config_find(name);
        if (inert != NULL) {
            return set_inert(loader, inert, name, value, where, error);
        }
        if (config_key_find(inert_config_base_name(name), &id)) {
            warn_listener_key(loader, name, where);
        } else {
            warn_unknown(loader, name, where);
        }
        return STATUS_OK;
    }
    struct text kept = arena_copy_text(&config->arena, value);
    config->where[id] = arena_format(&config->arena, "%s", where);
    if (kept.data == NULL || config->where[id].data == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory", where);
    }
    if (config_value_parse(config_key_at(id), kept, &config->values[id], error) != STATUS_OK) {
        return error_wrap(error, "%s", where);
    }
    /* The parsed text may have been trimmed: texts end with a zero. */
    config->values[id].text = arena_copy_text(&config->arena, config->values[id].text);
    config->is_set[id] = true;
    return STATUS_OK;
}

static enum status set_defaults(struct broker_config *config, struct error *error)
{
    for (unsigned i = 0; i < CONFIG_ID_COUNT; i++) {
        const struct config_key *key = config_key_at((enum config_id)i);
        if (key->default_value != NULL &&
            config_value_parse(key, text_of(key->default_value), &config->values[i], error) !=
                STATUS_OK) {
            return error_wrap(error, "default");
        }
    }
    return STATUS_OK;
}

static enum status read_file(struct loader *loader, const char *path, struct error *error)
{
    struct arena *arena = &loader->config->arena;
    struct bytes content;
    struct properties properties;
    if (file_read_whole(file_system_posix(), path, PROPERTIES_SIZE_MAX, arena, &content, error) !=
        STATUS_OK) {
        return error->status;
    }
    if (properties_parse(content, arena, &properties, error) != STATUS_OK) {
        return error_wrap(error, "%s", path);
    }
    for (size_t i = 0; i < properties.count; i++) {
        char where[512];
        snprintf(where, sizeof where, "%s line %u", path, properties.items[i].line);
        enum status status =
            set(loader, properties.items[i].key, properties.items[i].value, where, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* KAFKA_LOG_DIRS -> log.dirs; '__' stands for '_', '___' for '-'. As the images of Apache Kafka. */
static bool environment_key(struct text name, char *key, size_t key_size)
{
    size_t size = 0;
    for (size_t i = 0; i < name.size;) {
        size_t run = 0;
        while (i + run < name.size && name.data[i + run] == '_' && run < 3) {
            run++;
        }
        if (size + 2 > key_size) {
            return false;
        }
        if (run > 0) {
            key[size++] = run == 1 ? '.' : run == 2 ? '_' : '-';
            i += run;
            continue;
        }
        char c = name.data[i++];
        key[size++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    key[size] = '\0';
    return size > 0;
}

/* Variables of the images' start scripts and of the JVM: none of them is a key. */
static bool is_foreign(const char *name)
{
    static const char *const foreign[] = {"KAFKA_HOME", "KAFKA_OPTS",    "KAFKA_HEAP_OPTS",
                                          "KAFKA_JMX_", "KAFKA_JVM_",    "KAFKA_LOG4J_",
                                          "KAFKA_GC_",  "KAFKA_VERSION", "KAFKA_DEBUG"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (strncmp(name, foreign[i], strlen(foreign[i])) == 0) {
            return true;
        }
    }
    return false;
}

static enum status read_environment(struct loader *loader,
                                    const struct broker_config_sources *sources,
                                    struct error *error)
{
    for (size_t i = 0; sources->environment != NULL && sources->environment[i] != NULL; i++) {
        const char *entry = sources->environment[i];
        const char *equals = strchr(entry, '=');
        size_t prefix_size = strncmp(entry, "KAFKA_CFG_", 10) == 0 ? 10 : 6;
        if (equals == NULL ||
            (strncmp(entry, "KAFKA_", 6) != 0 && strncmp(entry, "CLUSTER_ID=", 11) != 0) ||
            is_foreign(entry)) {
            continue;
        }
        char key[256];
        struct text name = {entry + prefix_size, (size_t)(equals - entry) - prefix_size};
        if (entry[0] == 'C') {
            name = TEXT_LITERAL("cluster.id");
            memcpy(key, name.data, name.size + 1);
        } else if (equals < entry + prefix_size || !environment_key(name, key, sizeof key)) {
            continue;
        }
        char where[300];
        snprintf(where, sizeof where, "environment %.*s", (int)(equals - entry), entry);
        enum status status = set(loader, text_of(key), text_of(equals + 1), where, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status read_overrides(struct loader *loader,
                                  const struct broker_config_sources *sources, struct error *error)
{
    for (size_t i = 0; i < sources->overrides_count; i++) {
        const char *override = sources->overrides[i];
        const char *equals = strchr(override, '=');
        if (equals == NULL) {
            return error_set(error, STATUS_INVALID, "-o %s: key=value is expected", override);
        }
        struct text name = {override, (size_t)(equals - override)};
        enum status status = set(loader, name, text_of(equals + 1), "-o", error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static void resolve(struct broker_config *config)
{
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        const struct synonym *synonym = &synonyms[i];
        struct config_value *fine = &config->values[synonym->fine];
        const struct config_value *coarse = &config->values[synonym->coarse];
        if (fine->text.data != NULL || coarse->text.data == NULL) {
            continue;
        }
        int64_t value = coarse->integer;
        bool is_special = value < 0 || value > INT64_MAX / synonym->factor;
        fine->integer = is_special ? value : value * synonym->factor;
        fine->text = arena_format(&config->arena, "%lld", (long long)fine->integer);
    }
    if (!config->is_set[CONFIG_NODE_ID] && config->is_set[CONFIG_BROKER_ID] &&
        config->values[CONFIG_BROKER_ID].integer >= 0) {
        config->values[CONFIG_NODE_ID] = config->values[CONFIG_BROKER_ID];
    }
    if (config->values[CONFIG_LOG_DIRS].text.size == 0) {
        config->values[CONFIG_LOG_DIRS] = config->values[CONFIG_LOG_DIR];
    }
}

/* ---- what must fit together ---- */

static enum status refuse(const struct broker_config *config, enum config_id id, const char *why,
                          struct error *error)
{
    return error_set(error, STATUS_UNSUPPORTED, "%.*s: %s=%.*s: %s",
                     TEXT_ARGUMENTS(config->where[id]), config_key_at(id)->name,
                     TEXT_ARGUMENTS(config->values[id].text), why);
}

static bool has_word(struct text list, const char *word)
{
    return list.data != NULL && strstr(list.data, word) != NULL;
}

/* A single voter with this node's number. */
static bool is_only_voter(struct text voters, int64_t node_id)
{
    int64_t id;
    const char *at = memchr(voters.data, '@', voters.size);
    return at != NULL && memchr(voters.data, ',', voters.size) == NULL &&
           parse_i64((struct text){voters.data, (size_t)(at - voters.data)}, &id) && id == node_id;
}

static enum status check(const struct broker_config *config, struct error *error)
{
    struct text roles = config->values[CONFIG_PROCESS_ROLES].text;
    struct text voters = config->values[CONFIG_CONTROLLER_QUORUM_VOTERS].text;
    if (config->is_set[CONFIG_PROCESS_ROLES] && roles.size > 0 &&
        (!has_word(roles, "broker") || !has_word(roles, "controller"))) {
        return refuse(config, CONFIG_PROCESS_ROLES,
                      "a node is broker and controller, it cannot be only one of them yet", error);
    }
    if (voters.size > 0 && !is_only_voter(voters, config->values[CONFIG_NODE_ID].integer)) {
        return refuse(config, CONFIG_CONTROLLER_QUORUM_VOTERS,
                      "this node must be the only voter, clusters of several nodes are not there "
                      "yet",
                      error);
    }
    /* As in Kafka 0 is no retention, although a topic may say it. */
    static const enum config_id retentions[] = {
        CONFIG_LOG_RETENTION_MS, CONFIG_LOG_RETENTION_MINUTES, CONFIG_LOG_RETENTION_HOURS};
    for (size_t i = 0; i < sizeof retentions / sizeof retentions[0]; i++) {
        enum config_id id = retentions[i];
        if (config->is_set[id] && config->values[id].integer == 0) {
            return refuse(config, id, "allowed are -1 and numbers from 1 on", error);
        }
    }
    return STATUS_OK;
}

static void tell_inert(const struct loader *loader)
{
    for (int i = 0; i < INERT_REASON_COUNT; i++) {
        enum inert_reason reason = (enum inert_reason)i;
        if (loader->inert_names[i].size > 0) {
            diagnose(loader->diagnostics, inert_reason_level(reason), "config",
                     "without effect, because %s: %.*s", inert_reason_text(reason),
                     TEXT_ARGUMENTS(loader->inert_names[i]));
        }
    }
}

static enum status load(struct loader *loader, const struct broker_config_sources *sources,
                        struct error *error)
{
    enum status status = set_defaults(loader->config, error);
    if (status == STATUS_OK && sources->file_path != NULL) {
        status = read_file(loader, sources->file_path, error);
    }
    if (status == STATUS_OK) {
        status = read_environment(loader, sources, error);
    }
    if (status == STATUS_OK) {
        status = read_overrides(loader, sources, error);
    }
    if (status == STATUS_OK) {
        resolve(loader->config);
        status = check(loader->config, error);
    }
    if (status == STATUS_OK && loader->config->arena.exhausted) {
        status = error_set(error, STATUS_LIMIT, "the configuration takes more than %u bytes",
                           CONFIG_MEMORY_SIZE_MAX);
    }
    return status;
}

enum status broker_config_load(const struct broker_config_sources *sources,
                               struct diagnostic_sink *diagnostics, struct broker_config **out,
                               struct error *error)
{
    struct broker_config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the configuration");
    }
    arena_init(&config->arena, CONFIG_MEMORY_SIZE_MAX);
    struct loader loader = {.config = config, .diagnostics = diagnostics};
    enum status status = load(&loader, sources, error);
    tell_inert(&loader);
    if (status != STATUS_OK) {
        broker_config_destroy(config);
        return status;
    }
    *out = config;
    return STATUS_OK;
}

void broker_config_destroy(struct broker_config *config)
{
    if (config == NULL) {
        return;
    }
    arena_clear(&config->arena);
    free(config);
}

int64_t broker_config_integer(const struct broker_config *config, enum config_id id)
{
    ASSERT(id < CONFIG_ID_COUNT);
    return config->values[id].integer;
}

bool broker_config_boolean(const struct broker_config *config, enum config_id id)
{
    ASSERT(config_key_at(id)->type == CONFIG_TYPE_BOOLEAN);
    return config->values[id].integer != 0;
}

double broker_config_real(const struct broker_config *config, enum config_id id)
{
    ASSERT(config_key_at(id)->type == CONFIG_TYPE_DOUBLE);
    return config->values[id].real;
}

struct text broker_config_text(const struct broker_config *config, enum config_id id)
{
    ASSERT(id < CONFIG_ID_COUNT);
    return config->values[id].text;
}

bool broker_config_is_set(const struct broker_config *config, enum config_id id)
{
    ASSERT(id < CONFIG_ID_COUNT);
    return config->is_set[id];
}

bool broker_config_coarser(enum config_id id, enum config_id *coarser)
{
    bool passed = false;
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        if (synonyms[i].fine == id) {
            *coarser = synonyms[i].coarse;
            return true;
        }
        /* From one coarse key to the next of the same fine one. */
        if (passed && synonyms[i].fine == synonyms[i - 1].fine) {
            *coarser = synonyms[i].coarse;
            return true;
        }
        passed = synonyms[i].coarse == id;
    }
    return false;
}
