/* DescribeCluster (60): the brokers of this listener, and one that takes admin requests. */
#include "proto/generated/describe_cluster.h"
#include "broker/api/cluster_view.h"
#include "broker/broker_shard.h"
#include "broker/handlers/authorized_operations.h"
#include "broker/handlers/handlers.h"
#include "proto/wire/kafka_error.h"

#define ENDPOINT_BROKERS     1
#define ENDPOINT_CONTROLLERS 2

static int16_t check_endpoint_type(int8_t endpoint_type)
{
    if (endpoint_type == ENDPOINT_BROKERS) {
        return KAFKA_NONE;
    }
    return endpoint_type == ENDPOINT_CONTROLLERS ? KAFKA_MISMATCHED_ENDPOINT_TYPE
                                                 : KAFKA_UNSUPPORTED_ENDPOINT_TYPE;
}

void handle_describe_cluster(struct api_call *call)
{
    struct describe_cluster_request request;
    struct describe_cluster_response response;
    if (!api_call_decode(call, &request)) {
        return;
    }
    describe_cluster_response_init(&response);
    response.endpoint_type = request.endpoint_type;
    response.cluster_id = call->broker->cluster_id;
    response.error_code = check_endpoint_type(request.endpoint_type);
    if (response.error_code != KAFKA_NONE) {
        response.error_message = text_of(kafka_error_text(response.error_code));
        api_call_respond(call, &response);
        return;
    }
    size_t count = 0;
    const struct cluster_node *nodes = request.include_fenced_brokers
                                           ? cluster_view_all_nodes(call, &count)
                                           : cluster_view_nodes(call, &count);
    response.brokers.items =
        arena_allocate_array(&call->arena, count, sizeof *response.brokers.items);
    if (nodes == NULL || response.brokers.items == NULL) {
        api_call_reject_no_memory(call);
        return;
    }
    response.brokers.count = count;
    for (size_t i = 0; i < count; i++) {
        struct describe_cluster_response_broker *broker = &response.brokers.items[i];
        describe_cluster_response_broker_init(broker);
        broker->broker_id = nodes[i].id;
        broker->host = nodes[i].host;
        broker->port = nodes[i].port;
        broker->rack = nodes[i].rack;
        broker->is_fenced = nodes[i].is_fenced;
    }
    response.controller_id = call->broker->node_id;
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations = CLUSTER_OPERATIONS_ALL;
    }
    api_call_respond(call, &response);
}
