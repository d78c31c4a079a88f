#include "tools/rollway/topic_metadata.h"

#include <stdio.h>
#include <string.h>

enum status topic_metadata_ask(struct admin_client *client, const char *const *names, size_t count,
                               struct metadata_response *metadata, struct arena *arena,
                               struct error *error)
{
    struct metadata_request request;
    metadata_request_init(&request);
    request.allow_auto_topic_creation = false;
    request.topics.is_null = count == 0;
    request.topics.count = count;
    request.topics.items = arena_allocate_array(arena, count, sizeof *request.topics.items);
    if (request.topics.items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu topics", count);
    }
    for (size_t i = 0; i < count; i++) {
        metadata_request_topic_init(&request.topics.items[i]);
        request.topics.items[i].name = text_of(names[i]);
    }
    enum status status =
        admin_client_call(client, METADATA_REQUEST_KEY, &request, metadata, arena, error);
    return status == STATUS_OK ? admin_check(metadata->error_code, TEXT_NULL, error) : status;
}

enum status topic_metadata_connect(const struct metadata_response *metadata, int32_t broker_id,
                                   int64_t timeout_ms, struct admin_client **client,
                                   struct error *error)
{
    char known[128] = "";
    for (size_t i = 0; i < metadata->brokers.count; i++) {
        const struct metadata_response_broker *broker = &metadata->brokers.items[i];
        if (broker->node_id == broker_id) {
            char address[ADMIN_HOST_SIZE_MAX + 16];
            bool is_v6 = memchr(broker->host.data, ':', broker->host.size) != NULL;
            snprintf(address, sizeof address, "%s%.*s%s:%d", is_v6 ? "[" : "",
                     TEXT_ARGUMENTS(broker->host), is_v6 ? "]" : "", broker->port);
            return admin_client_open(address, timeout_ms, client, error);
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%d", i > 0 ? ", " : "", broker->node_id);
    }
    return error_set(error, STATUS_NOT_FOUND, "no broker has id %d; there are %s", broker_id,
                     known);
}
