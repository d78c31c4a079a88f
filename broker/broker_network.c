/* From the configuration to listeners and limits. */
#include <stdio.h>

#include "broker/admin/admin.h"
#include "broker/api/api_table.h"
#include "broker/broker_parts.h"

static int64_t us_of_ms(int64_t ms)
{
    return ms < 0 || ms > INT64_MAX / 1000 ? INT64_MAX : ms * 1000;
}

struct server_limits broker_server_limits(const struct broker *broker)
{
    const struct broker_config *config = broker->options.config;
    struct server_limits limits = server_limits_default();
    limits.request_bytes_max =
        (size_t)broker_config_integer(config, CONFIG_SOCKET_REQUEST_MAX_BYTES);
    limits.idle_us_max = us_of_ms(broker_config_integer(config, CONFIG_CONNECTIONS_MAX_IDLE_MS));
    limits.calls_max = (unsigned)broker_config_integer(config, CONFIG_QUEUED_MAX_REQUESTS);
    int64_t queued = broker_config_integer(config, CONFIG_QUEUED_MAX_REQUEST_BYTES);
    if (queued > 0) {
        limits.received_bytes_max = (size_t)queued / broker->units_count;
    }
    /* One request must fit in any case. */
    size_t received_min = limits.request_bytes_max + 2 * (size_t)RECEIVE_BUFFER_SIZE;
    if (limits.received_bytes_max < received_min) {
        limits.received_bytes_max = received_min;
    }
    return limits;
}

/* Whether a comma-separated list has the name. */
static bool list_has(struct text list, struct text name)
{
    while (list.size > 0) {
        size_t size = 0;
        while (size < list.size && list.data[size] != ',') {
            size++;
        }
        struct text part = {list.data, size};
        while (part.size > 0 && part.data[0] == ' ') {
            part = (struct text){part.data + 1, part.size - 1};
        }
        if (text_equal(part, name)) {
            return true;
        }
        size_t taken = size < list.size ? size + 1 : size;
        list = (struct text){list.data + taken, list.size - taken};
    }
    return false;
}

/* What a listener serves. Until brokers talk to each other, clients may use the inter-broker
 * listener as well, as they may in Kafka. */
static uint32_t listener_rule(const struct broker_config *config, struct text name)
{
    struct text controllers = broker_config_text(config, CONFIG_CONTROLLER_LISTENER_NAMES);
    return list_has(controllers, name) ? API_LISTENER_CONTROLLER : API_LISTENER_CLIENT;
}

enum status broker_open_listeners(struct broker *broker, struct error *error)
{
    const struct broker_config *config = broker->options.config;
    struct text map = broker_config_text(config, CONFIG_LISTENER_SECURITY_PROTOCOL_MAP);
    if (endpoints_parse(broker_config_text(config, CONFIG_LISTENERS), &broker->endpoints, error) !=
            STATUS_OK ||
        endpoints_check_protocols(&broker->endpoints, map, error) != STATUS_OK) {
        return error_wrap(error, "listeners");
    }
    if (endpoints_parse(broker_config_text(config, CONFIG_ADVERTISED_LISTENERS),
                        &broker->advertised_endpoints, error) != STATUS_OK) {
        return error_wrap(error, "advertised.listeners");
    }
    for (size_t i = 0; i < broker->advertised_endpoints.count; i++) {
        const struct endpoint *advertised = &broker->advertised_endpoints.items[i];
        if (advertised->host.size == 0 || text_equal(advertised->host, TEXT_LITERAL("0.0.0.0")) ||
            text_equal(advertised->host, TEXT_LITERAL("::"))) {
            return error_set(error, STATUS_INVALID,
                             "advertised.listeners: %.*s has no host that a client could dial",
                             TEXT_ARGUMENTS(advertised->name));
        }
    }
    if (broker->endpoints.count == 0) {
        return error_set(error, STATUS_INVALID, "listeners: at least one is needed");
    }
    struct listener_options options = {
        .endpoints = broker->endpoints,
        .servers = broker->servers,
        .servers_count = broker->units_count,
        .connections_max = broker_config_integer(config, CONFIG_MAX_CONNECTIONS),
        .connections_per_address_max = broker_config_integer(config, CONFIG_MAX_CONNECTIONS_PER_IP),
        .connections_per_second_max =
            broker_config_integer(config, CONFIG_MAX_CONNECTION_CREATION_RATE),
        .send_buffer_bytes = (int)broker_config_integer(config, CONFIG_SOCKET_SEND_BUFFER_BYTES),
        .receive_buffer_bytes =
            (int)broker_config_integer(config, CONFIG_SOCKET_RECEIVE_BUFFER_BYTES),
        .backlog = (int)broker_config_integer(config, CONFIG_SOCKET_LISTEN_BACKLOG_SIZE),
    };
    for (size_t i = 0; i < broker->endpoints.count; i++) {
        options.listener_rules[i] = listener_rule(config, broker->endpoints.items[i].name);
    }
    return listeners_open(&options, &broker->listeners, error);
}

enum status broker_open_admin(struct broker *broker, struct error *error)
{
    struct diagnostic_sink *sink = broker->options.diagnostics;
    struct text address = broker_config_text(broker->options.config, CONFIG_ADMIN_LISTENER);
    if (address.size == 0) {
        return STATUS_OK;
    }
    enum status status = admin_open(address, broker->siblings, broker->units_count,
                                    broker->controller, &broker->admin, error);
    if (status == STATUS_OK) {
        diagnose(sink, DIAGNOSTIC_INFO, "admin", "metrics and health on port %d",
                 admin_port(broker->admin));
    } else if (status == STATUS_BUSY) {
        diagnose(sink, DIAGNOSTIC_WARNING, "admin", "%s", error->text);
        status = STATUS_OK;
    }
    return status;
}

void broker_format_addresses(const struct broker *broker, char text[BROKER_READY_SIZE_MAX])
{
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < broker->endpoints.count && size < BROKER_READY_SIZE_MAX; i++) {
        struct text host = broker->endpoints.items[i].host;
        host = host.size > 0 ? host : TEXT_LITERAL("0.0.0.0");
        bool is_v6 = false;
        for (size_t k = 0; k < host.size; k++) {
            is_v6 = is_v6 || host.data[k] == ':';
        }
        int written =
            snprintf(text + size, BROKER_READY_SIZE_MAX - size, is_v6 ? "%s[%.*s]:%d" : "%s%.*s:%d",
                     i > 0 ? " " : "", TEXT_ARGUMENTS(host), listeners_port(broker->listeners, i));
        size += written > 0 ? (size_t)written : 0;
    }
}
