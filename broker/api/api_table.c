#include "broker/api/api_table.h"

#include "base/assert.h"
#include "broker/handlers/handlers.h"
#include "proto/generated/messages.h"

/* The generated descriptions of request and response belong to a row by its name. */
#define API(key_, name_, advertised_, min_, max_, listeners_, rules_)                              \
    extern const struct message_descriptor name_##_request_descriptor;                             \
    extern const struct message_descriptor name_##_response_descriptor;                            \
    _Static_assert((min_) <= (max_) && (advertised_) <= (min_), #name_ ": versions upside down");
#include "broker/api/api_list.h"
#undef API

#define API(key_, name_, advertised_, min_, max_, listeners_, rules_) API_INDEX_##name_,
enum api_index {
#include "broker/api/api_list.h"
    API_INDEX_COUNT
};
#undef API

#define API(key_, name_, advertised_, min_, max_, listeners_, rules_)                              \
    {                                                                                              \
        .name = #name_,                                                                            \
        .key = (key_),                                                                             \
        .advertised_min = (advertised_),                                                           \
        .version_min = (min_),                                                                     \
        .version_max = (max_),                                                                     \
        .listeners = (listeners_),                                                                 \
        .rules = (rules_),                                                                         \
        .index = API_INDEX_##name_,                                                                \
        .request = &name_##_request_descriptor,                                                    \
        .response = &name_##_response_descriptor,                                                  \
        .handle = handle_##name_,                                                                  \
    },
static const struct api apis[] = {
#include "broker/api/api_list.h"
};
#undef API

/* Index + 1 by key; 0 for a key that is not served. */
#define API(key_, name_, advertised_, min_, max_, listeners_, rules_)                              \
    [key_] = API_INDEX_##name_ + 1,
static const uint8_t places[] = {
#include "broker/api/api_list.h"
};
#undef API

_Static_assert(API_INDEX_COUNT < UINT8_MAX, "a row's place is a byte");

size_t api_count(void)
{
    return API_INDEX_COUNT;
}

const struct api *api_at(size_t index)
{
    ASSERT(index < API_INDEX_COUNT);
    return &apis[index];
}

const struct api *api_find(int16_t key)
{
    if (key < 0 || (size_t)key >= sizeof places || places[key] == 0) {
        return NULL;
    }
    return &apis[places[key] - 1];
}

enum status api_admit(int16_t key, int16_t version, uint32_t listener, bool logged_in,
                      const struct api **api_out, struct error *error)
{
    const struct api *api = api_find(key);
    if (api == NULL) {
        return error_set(error, STATUS_UNSUPPORTED, "api key %d is not served", key);
    }
    if ((api->listeners & listener) == 0) {
        return error_set(error, STATUS_DENIED, "%s is not served on this listener", api->name);
    }
    /* ApiVersions is how a client learns the range: its handler answers any version. */
    if ((version < api->version_min || version > api->version_max) && key != API_KEY_API_VERSIONS) {
        return error_set(error, STATUS_UNSUPPORTED, "%s version %d, served are %d to %d", api->name,
                         version, api->version_min, api->version_max);
    }
    if (!logged_in && (api->rules & API_RULE_BEFORE_LOGIN) == 0) {
        return error_set(error, STATUS_DENIED, "%s before login", api->name);
    }
    *api_out = api;
    return STATUS_OK;
}
