#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/number_text.h"
#include "broker/server/listener.h"

static struct text trimmed(struct text text)
{
    while (text.size > 0 && isspace((unsigned char)text.data[0])) {
        text = (struct text){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && isspace((unsigned char)text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

/* Takes what stands before the next comma off the front. */
static struct text take_part(struct text *rest)
{
    const char *comma = memchr(rest->data, ',', rest->size);
    struct text part = {rest->data, comma != NULL ? (size_t)(comma - rest->data) : rest->size};
    size_t taken = part.size + (comma != NULL ? 1 : 0);
    *rest = (struct text){rest->data + taken, rest->size - taken};
    return trimmed(part);
}

bool endpoint_parse_address(struct text value, struct endpoint *endpoint)
{
    struct text text = value;
    const char *colon = memrchr(text.data, ':', text.size);
    if (colon == NULL) {
        return false;
    }
    struct text host = {text.data, (size_t)(colon - text.data)};
    struct text port = {colon + 1, text.size - host.size - 1};
    int64_t number;
    if (!parse_i64(port, &number) || number < 0 || number > UINT16_MAX) {
        return false;
    }
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host = (struct text){host.data + 1, host.size - 2};
    } else if (memchr(host.data, ':', host.size) != NULL) {
        return false; /* An IPv6 address without brackets: where does the port begin? */
    }
    endpoint->host = host;
    endpoint->port = (uint16_t)number;
    return host.size <= HOST_SIZE_MAX;
}

static enum status parse_endpoint(struct text text, struct endpoint *endpoint, struct error *error)
{
    const char *separator = memmem(text.data, text.size, "://", 3);
    if (separator == NULL || separator == text.data) {
        return error_set(error, STATUS_INVALID, "%.*s is not NAME://HOST:PORT",
                         TEXT_ARGUMENTS(text));
    }
    endpoint->name = (struct text){text.data, (size_t)(separator - text.data)};
    struct text rest = {separator + 3, text.size - endpoint->name.size - 3};
    if (!endpoint_parse_address(rest, endpoint)) {
        return error_set(error, STATUS_INVALID,
                         "%.*s is not NAME://HOST:PORT with a port from 0 to 65535 "
                         "(an IPv6 address stands in brackets)",
                         TEXT_ARGUMENTS(text));
    }
    return STATUS_OK;
}

enum status endpoints_parse(struct text value, struct endpoints *endpoints, struct error *error)
{
    struct endpoints parsed = {.count = 0};
    while (value.size > 0) {
        struct text part = take_part(&value);
        if (part.size == 0) {
            continue;
        }
        if (parsed.count == LISTENERS_MAX) {
            return error_set(error, STATUS_LIMIT, "more than %d listeners", LISTENERS_MAX);
        }
        struct endpoint endpoint;
        if (parse_endpoint(part, &endpoint, error) != STATUS_OK) {
            return error->status;
        }
        if (endpoints_find(&parsed, endpoint.name) != NULL) {
            return error_set(error, STATUS_INVALID, "listener name %.*s is there twice",
                             TEXT_ARGUMENTS(endpoint.name));
        }
        parsed.items[parsed.count++] = endpoint;
    }
    *endpoints = parsed;
    return STATUS_OK;
}

const struct endpoint *endpoints_find(const struct endpoints *endpoints, struct text name)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        if (text_equal(endpoints->items[i].name, name)) {
            return &endpoints->items[i];
        }
    }
    return NULL;
}

static bool equal_without_case(struct text a, struct text b)
{
    return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

/* The protocol that the map gives a name; without an entry the name itself. */
static struct text protocol_of(struct text name, struct text map)
{
    while (map.size > 0) {
        struct text part = take_part(&map);
        const char *colon = part.size > 0 ? memchr(part.data, ':', part.size) : NULL;
        if (colon == NULL) {
            continue;
        }
        struct text key = trimmed((struct text){part.data, (size_t)(colon - part.data)});
        if (equal_without_case(key, name)) {
            return trimmed((struct text){colon + 1, part.size - (size_t)(colon - part.data) - 1});
        }
    }
    return name;
}

enum status endpoints_check_protocols(const struct endpoints *endpoints, struct text map,
                                      struct error *error)
{
    static const struct text known[] = {
        TEXT_LITERAL("SSL"),
        TEXT_LITERAL("SASL_PLAINTEXT"),
        TEXT_LITERAL("SASL_SSL"),
    };
    for (size_t i = 0; i < endpoints->count; i++) {
        struct text name = endpoints->items[i].name;
        struct text protocol = protocol_of(name, map);
        if (equal_without_case(protocol, TEXT_LITERAL("PLAINTEXT"))) {
            continue;
        }
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            if (equal_without_case(protocol, known[k])) {
                return error_set(error, STATUS_UNSUPPORTED,
                                 "listener %.*s wants %.*s, served is PLAINTEXT",
                                 TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(protocol));
            }
        }
        return error_set(error, STATUS_INVALID,
                         "listener %.*s has no protocol in listener.security.protocol.map",
                         TEXT_ARGUMENTS(name));
    }
    return STATUS_OK;
}
