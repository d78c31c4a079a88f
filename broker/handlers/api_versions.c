/* ApiVersions (18): what this broker speaks. The first request of every client.
 *
 * A version that is not known is answered at version 0 with error 35 and the ranges, and its body
 * is not looked at, so that a newer client learns how to go on (KIP-511). */
#include "broker/handlers/handlers.h"

#include "base/assert.h"
#include "broker/broker_shard.h"
#include "broker/server/connection.h"
#include "proto/generated/api_versions.h"
#include "proto/wire/kafka_error.h"

/* Names and versions of client software are not longer than this. */
#define SOFTWARE_SIZE_MAX 256

/* From this version on clients understand a feature whose lowest level is 0. */
#define VERSION_FEATURE_LEVEL_ZERO_MIN 4

/* What this broker can do, whatever the cluster has finalised. A feature is added when it works. */
struct supported_feature {
    struct text name;
    int16_t level_min;
    int16_t level_max;
};

static const struct supported_feature supported_features[] = {
    {TEXT_LITERAL("metadata.version"), 7, 33},
    {TEXT_LITERAL("kraft.version"), 0, 1},
};

#define SUPPORTED_FEATURES_COUNT (sizeof supported_features / sizeof supported_features[0])

static bool is_letter_or_digit(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

/* [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])? (KIP-511) */
static bool is_software_text(struct text text)
{
    if (text.size == 0 || text.size > SOFTWARE_SIZE_MAX || !is_letter_or_digit(text.data[0]) ||
        !is_letter_or_digit(text.data[text.size - 1])) {
        return false;
    }
    for (size_t i = 1; i + 1 < text.size; i++) {
        if (!is_letter_or_digit(text.data[i]) && text.data[i] != '-' && text.data[i] != '.') {
            return false;
        }
    }
    return true;
}

static bool add_api_keys(struct api_call *call, struct api_versions_response *response)
{
    struct api_versions_response_api_version *items =
        arena_allocate_array(&call->arena, api_count(), sizeof *items);
    if (items == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < api_count(); i++) {
        const struct api *api = api_at(i);
        if ((api->listeners & call->client->listener_rule) != 0) {
            items[count++] = (struct api_versions_response_api_version){
                .api_key = api->key,
                .min_version = api->advertised_min,
                .max_version = api->version_max,
            };
        }
    }
    response->api_keys.items = items;
    response->api_keys.count = count;
    return true;
}

static bool add_supported_features(struct api_call *call, int16_t version,
                                   struct api_versions_response *response)
{
    struct api_versions_response_supported_feature_key *items =
        arena_allocate_array(&call->arena, SUPPORTED_FEATURES_COUNT, sizeof *items);
    if (items == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < SUPPORTED_FEATURES_COUNT; i++) {
        const struct supported_feature *feature = &supported_features[i];
        /* Older clients take a lowest level of 0 for damage. */
        if (feature->level_min > 0 || version >= VERSION_FEATURE_LEVEL_ZERO_MIN) {
            items[count++] = (struct api_versions_response_supported_feature_key){
                .name = feature->name,
                .min_version = feature->level_min,
                .max_version = feature->level_max,
            };
        }
    }
    response->supported_features.items = items;
    response->supported_features.count = count;
    return true;
}

static const struct supported_feature *find_supported(struct text name)
{
    for (size_t i = 0; i < SUPPORTED_FEATURES_COUNT; i++) {
        if (text_equal(supported_features[i].name, name)) {
            return &supported_features[i];
        }
    }
    return NULL;
}

/* What the cluster has agreed on. A feature at level 0 is not there at all. */
static bool add_finalized_features(struct api_call *call, struct api_versions_response *response)
{
    const struct metadata_image *image = call->broker != NULL ? call->broker->image : NULL;
    if (image == NULL) {
        return true;
    }
    size_t features_count = metadata_image_features_count(image);
    struct api_versions_response_finalized_feature_key *items =
        arena_allocate_array(&call->arena, features_count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < features_count; i++) {
        const struct feature_image *feature = metadata_image_feature_at(image, i);
        const struct supported_feature *supported = find_supported(feature->name);
        if (feature->level > 0 && supported != NULL) {
            items[count++] = (struct api_versions_response_finalized_feature_key){
                .name = feature->name,
                .max_version_level = feature->level,
                .min_version_level = feature->level,
            };
        }
    }
    response->finalized_features.items = items;
    response->finalized_features.count = count;
    response->finalized_features_epoch = metadata_image_offset(image);
    return true;
}

/* A client that says whom it looks for wants to know when it found somebody else (KIP-1242). */
static bool is_addressed(const struct api_call *call, const struct api_versions_request *request)
{
    const struct broker_shard *broker = call->broker;
    if (broker == NULL || request->cluster_id.data == NULL) {
        return true;
    }
    return text_equal(request->cluster_id, broker->cluster_id) &&
           request->node_id == broker->node_id;
}

static int16_t check(struct api_call *call, const struct api_versions_request *request)
{
    int16_t version = call->header.request_api_version;
    if (version >= 3) {
        if (!is_software_text(request->client_software_name) ||
            !is_software_text(request->client_software_version)) {
            return KAFKA_INVALID_REQUEST;
        }
        /* Only for diagnostics: without memory the client stays nameless. */
        status_ignore(connection_set_software(call->connection, request->client_software_name,
                                              request->client_software_version));
    }
    return is_addressed(call, request) ? KAFKA_NONE : KAFKA_REBOOTSTRAP_REQUIRED;
}

void handle_api_versions(struct api_call *call)
{
    int16_t version = call->header.request_api_version;
    struct api_versions_response response;
    api_versions_response_init(&response);
    if (version < call->api->version_min || version > call->api->version_max) {
        response.error_code = KAFKA_UNSUPPORTED_VERSION;
        if (!add_api_keys(call, &response)) {
            api_call_reject_no_memory(call);
            return;
        }
        api_call_respond_at(call, &response, 0);
        return;
    }
    struct api_versions_request request;
    if (!api_call_decode(call, &request)) {
        return;
    }
    response.error_code = check(call, &request);
    bool enough =
        response.error_code != KAFKA_NONE ||
        (add_api_keys(call, &response) && add_supported_features(call, version, &response) &&
         add_finalized_features(call, &response));
    if (!enough) {
        api_call_reject_no_memory(call);
        return;
    }
    api_call_respond(call, &response);
}
