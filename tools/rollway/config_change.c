#include "tools/rollway/config_change.h"

#include "proto/generated/incremental_alter_configs.h"

/* What to do with a key (KIP-339). */
#define OPERATION_SET    0
#define OPERATION_DELETE 1

enum status config_change_apply(struct admin_client *client, const struct config_change *change,
                                struct arena *arena, struct error *error)
{
    struct incremental_alter_configs_request request;
    struct incremental_alter_configs_request_alter_configs_resource resource;
    struct incremental_alter_configs_response response;
    incremental_alter_configs_request_alter_configs_resource_init(&resource);
    resource.resource_type = change->resource_type;
    resource.resource_name = change->resource_name;
    resource.configs.count = change->count;
    resource.configs.items =
        arena_allocate_array(arena, change->count, sizeof *resource.configs.items);
    if (resource.configs.items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu changes", change->count);
    }
    for (size_t i = 0; i < change->count; i++) {
        bool is_set = change->items[i].value.data != NULL;
        incremental_alter_configs_request_config_init(&resource.configs.items[i]);
        resource.configs.items[i].name = change->items[i].key;
        resource.configs.items[i].config_operation = is_set ? OPERATION_SET : OPERATION_DELETE;
        resource.configs.items[i].value = change->items[i].value;
    }
    incremental_alter_configs_request_init(&request);
    request.resources.items = &resource;
    request.resources.count = 1;
    request.validate_only = change->validate_only;
    enum status status = admin_client_call(client, INCREMENTAL_ALTER_CONFIGS_REQUEST_KEY, &request,
                                           &response, arena, error);
    if (status == STATUS_OK && response.responses.count != 1) {
        status = error_set(error, STATUS_MALFORMED, "%zu results for 1 resource",
                           response.responses.count);
    }
    return status == STATUS_OK ? admin_check(response.responses.items[0].error_code,
                                             response.responses.items[0].error_message, error)
                               : status;
}
