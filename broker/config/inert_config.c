#include "broker/config/inert_config.h"

#include <string.h>

#include "base/assert.h"

#define INERT_CONFIG(name_, reason_, only_) {(name_), INERT_##reason_, (only_)},
static const struct inert_config rows[] = {
#include "broker/config/inert_config_list.h"
};
#undef INERT_CONFIG

#define ROWS_COUNT (sizeof rows / sizeof rows[0])

struct reason {
    const char *text;
    enum diagnostic_level level;
};

#define INERT_REASON(id, text_, level_) [INERT_##id] = {.text = (text_), .level = (level_)},
static const struct reason reasons[] = {INERT_REASON_LIST(INERT_REASON)};
#undef INERT_REASON

size_t inert_config_count(void)
{
    return ROWS_COUNT;
}

const struct inert_config *inert_config_at(size_t index)
{
    ASSERT(index < ROWS_COUNT);
    return &rows[index];
}

static const struct inert_config *find_row(struct text name)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        if (text_equal(text_of(rows[i].name), name)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* What lies behind the next '.'; nothing when there is none. */
static struct text behind_dot(struct text name)
{
    const char *dot = name.size == 0 ? NULL : memchr(name.data, '.', name.size);
    if (dot == NULL) {
        return TEXT_LITERAL("");
    }
    size_t taken = (size_t)(dot - name.data) + 1;
    return (struct text){name.data + taken, name.size - taken};
}

struct text inert_config_base_name(struct text name)
{
    static const char prefix[] = "listener.name.";
    size_t size = sizeof prefix - 1;
    if (name.size <= size || memcmp(name.data, prefix, size) != 0) {
        return name;
    }
    struct text base = behind_dot((struct text){name.data + size, name.size - size});
    return base.size == 0 ? name : base;
}

const struct inert_config *inert_config_find(struct text name)
{
    struct text base = inert_config_base_name(name);
    const struct inert_config *found = find_row(base);
    if (found == NULL && base.size < name.size) {
        found = find_row(behind_dot(base)); /* "plain.sasl.jaas.config" */
    }
    return found;
}

enum status inert_config_check(const struct inert_config *inert, struct text value,
                               struct error *error)
{
    if (inert->only == NULL || value.size == 0 || text_equal(value, text_of(inert->only))) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_UNSUPPORTED, "%s=%.*s cannot be honoured, because %s: %s%s",
                     inert->name, TEXT_ARGUMENTS(value), inert_reason_text(inert->reason),
                     inert->only[0] == '\0' ? "it must be unset" : "allowed is ", inert->only);
}

const char *inert_reason_text(enum inert_reason reason)
{
    ASSERT(reason < INERT_REASON_COUNT);
    return reasons[reason].text;
}

enum diagnostic_level inert_reason_level(enum inert_reason reason)
{
    ASSERT(reason < INERT_REASON_COUNT);
    return reasons[reason].level;
}
