#include "broker/config/config_keys.h"

#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"
#include "broker/config/inert_config.h"

#define CONFIG(id_, name_, type_, default_, min_, max_, allowed_, scope_, sentence_)               \
    [CONFIG_##id_] = {                                                                             \
        .name = (name_),                                                                           \
        .type = CONFIG_TYPE_##type_,                                                               \
        .default_value = (default_),                                                               \
        .min = (min_),                                                                             \
        .max = (max_),                                                                             \
        .allowed = (allowed_),                                                                     \
        .scope = CONFIG_SCOPE_##scope_,                                                            \
        .sentence = (sentence_),                                                                   \
    },
static const struct config_key keys[] = {
#include "broker/config/config_list.h"
};
#undef CONFIG

/* Names longer than this are unlike every known one. */
#define KEY_NAME_SIZE_MAX 128

const struct config_key *config_key_at(enum config_id id)
{
    ASSERT(id < CONFIG_ID_COUNT);
    return &keys[id];
}

bool config_key_find(struct text name, enum config_id *id)
{
    for (unsigned i = 0; i < CONFIG_ID_COUNT; i++) {
        if (text_equal(text_of(keys[i].name), name)) {
            *id = (enum config_id)i;
            return true;
        }
    }
    return false;
}

/* Levenshtein's distance, or `limit` + 1 when it is larger. */
static unsigned distance(struct text a, struct text b, unsigned limit)
{
    unsigned row[KEY_NAME_SIZE_MAX + 1];
    if (a.size > KEY_NAME_SIZE_MAX || b.size > KEY_NAME_SIZE_MAX) {
        return limit + 1;
    }
    for (unsigned j = 0; j <= b.size; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            unsigned replaced = diagonal + (a.data[i - 1] != b.data[j - 1]);
            diagonal = row[j];
            unsigned changed = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replaced < changed ? replaced : changed;
        }
    }
    return row[b.size] < limit ? row[b.size] : limit + 1;
}

static void take_nearer(struct text name, const char *known, unsigned *limit, const char **nearest)
{
    unsigned own = distance(name, text_of(known), *limit);
    if (own < *limit) {
        *limit = own;
        *nearest = known;
    }
}

const char *config_key_nearest(struct text name)
{
    unsigned limit = (unsigned)(name.size / 3 < 6 ? name.size / 3 + 1 : 6);
    const char *nearest = NULL;
    for (unsigned i = 0; i < CONFIG_ID_COUNT; i++) {
        take_nearer(name, keys[i].name, &limit, &nearest);
    }
    for (size_t i = 0; i < inert_config_count(); i++) {
        take_nearer(name, inert_config_at(i)->name, &limit, &nearest);
    }
    return nearest;
}

static bool is_allowed(const char *allowed, struct text value)
{
    for (const char *start = allowed;; start++) {
        size_t size = strcspn(start, "|");
        if (text_equal((struct text){start, size}, value)) {
            return true;
        }
        start += size;
        if (*start == '\0') {
            return false;
        }
    }
}

static struct text trim(struct text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (struct text){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

static enum status check_allowed(const struct config_key *key, struct text value,
                                 struct error *error)
{
    if (key->allowed == NULL) {
        return STATUS_OK;
    }
    struct text rest = value;
    do {
        const char *comma = key->type == CONFIG_TYPE_LIST && rest.size > 0
                                ? memchr(rest.data, ',', rest.size)
                                : NULL;
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.data);
        struct text one = trim((struct text){rest.data, size});
        bool is_empty_list = key->type == CONFIG_TYPE_LIST && value.size == 0;
        if (!is_empty_list && !is_allowed(key->allowed, one)) {
            return error_set(error, STATUS_INVALID, "%s=%.*s: allowed are %s", key->name,
                             TEXT_ARGUMENTS(value), key->allowed);
        }
        size_t step = comma == NULL ? rest.size : size + 1;
        rest = (struct text){rest.data + step, rest.size - step};
    } while (rest.size > 0);
    return STATUS_OK;
}

static enum status parse_integer(const struct config_key *key, struct config_value *value,
                                 struct error *error)
{
    if (!parse_i64(value->text, &value->integer)) {
        return error_set(error, STATUS_INVALID, "%s=%.*s is not a whole number", key->name,
                         TEXT_ARGUMENTS(value->text));
    }
    bool has_range = key->min != 0 || key->max != 0;
    int64_t min = has_range ? key->min : INT64_MIN;
    int64_t max = has_range ? key->max : INT64_MAX;
    if (value->integer < min || value->integer > max) {
        return error_set(error, STATUS_OUT_OF_RANGE, "%s=%.*s: allowed are %lld to %lld", key->name,
                         TEXT_ARGUMENTS(value->text), (long long)min, (long long)max);
    }
    return check_allowed(key, value->text, error);
}

enum status config_value_parse(const struct config_key *key, struct text text,
                               struct config_value *value, struct error *error)
{
    *value = (struct config_value){.text = trim(text)};
    bool flag = false;
    switch (key->type) {
    case CONFIG_TYPE_BOOLEAN:
        if (!parse_bool(value->text, &flag)) {
            return error_set(error, STATUS_INVALID, "%s=%.*s: allowed are true and false",
                             key->name, TEXT_ARGUMENTS(value->text));
        }
        value->integer = flag;
        return STATUS_OK;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_SHORT:
    case CONFIG_TYPE_LONG:
        return parse_integer(key, value, error);
    case CONFIG_TYPE_DOUBLE:
        if (!parse_f64(value->text, &value->real)) {
            return error_set(error, STATUS_INVALID, "%s=%.*s is not a number", key->name,
                             TEXT_ARGUMENTS(value->text));
        }
        if (value->real < (double)key->min || value->real > (double)key->max) {
            return error_set(error, STATUS_OUT_OF_RANGE, "%s=%.*s: allowed are %lld to %lld",
                             key->name, TEXT_ARGUMENTS(value->text), (long long)key->min,
                             (long long)key->max);
        }
        return STATUS_OK;
    case CONFIG_TYPE_STRING:
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_CLASS:
    case CONFIG_TYPE_PASSWORD:
        return check_allowed(key, value->text, error);
    default:
        ASSERT(false);
    }
}
