#include <criterion/criterion.h>
#include <stdio.h>

#include "broker/server/listener.h"

static struct endpoints endpoints;
static struct error error;

static enum status parse(const char *value)
{
    return endpoints_parse(text_of(value), &endpoints, &error);
}

static void expect_endpoint(size_t index, const char *name, const char *host, uint16_t port)
{
    cr_assert_lt(index, endpoints.count);
    const struct endpoint *endpoint = &endpoints.items[index];
    cr_expect(text_equal(endpoint->name, text_of(name)), "%.*s", TEXT_ARGUMENTS(endpoint->name));
    cr_expect(text_equal(endpoint->host, text_of(host)), "%.*s", TEXT_ARGUMENTS(endpoint->host));
    cr_expect_eq(endpoint->port, port);
}

Test(endpoints, several_names_hosts_and_ports)
{
    cr_assert_eq(parse("PLAINTEXT://127.0.0.1:9092, INTERNAL://[::1]:0 ,EXTERNAL://:65535,"
                       "NAMED://broker-1.example.com:9093"),
                 STATUS_OK, "%s", error.text);
    cr_expect_eq(endpoints.count, 4);
    expect_endpoint(0, "PLAINTEXT", "127.0.0.1", 9092);
    expect_endpoint(1, "INTERNAL", "::1", 0);
    expect_endpoint(2, "EXTERNAL", "", 65535);
    expect_endpoint(3, "NAMED", "broker-1.example.com", 9093);
}

Test(endpoints, nothing_is_no_endpoint)
{
    cr_expect_eq(parse(""), STATUS_OK);
    cr_expect_eq(endpoints.count, 0);
    cr_expect_eq(parse(" , "), STATUS_OK);
    cr_expect_eq(endpoints.count, 0);
}

struct bad_value {
    const char *value;
    const char *sentence;
};

#define FORM " is not NAME://HOST:PORT"
#define PORT FORM " with a port from 0 to 65535 (an IPv6 address stands in brackets)"

static const struct bad_value bad_values[] = {
    {"localhost:9092", "localhost:9092" FORM},
    {"://localhost:9092", "://localhost:9092" FORM},
    {"A://localhost", "A://localhost" PORT},
    {"A://localhost:", "A://localhost:" PORT},
    {"A://localhost:65536", "A://localhost:65536" PORT},
    {"A://localhost:-1", "A://localhost:-1" PORT},
    {"A://localhost:http", "A://localhost:http" PORT},
    {"A://::1:9092", "A://::1:9092" PORT},
    {"A://h:1,A://h:2", "listener name A is there twice"},
};

Test(endpoints, what_is_wrong_is_said)
{
    for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++) {
        cr_expect_eq(parse(bad_values[i].value), STATUS_INVALID, "%s", bad_values[i].value);
        cr_expect_str_eq(error.text, bad_values[i].sentence);
    }
}

Test(endpoints, there_is_a_limit)
{
    char value[LISTENERS_MAX * 16 + 32];
    size_t size = 0;
    for (int i = 0; i <= LISTENERS_MAX; i++) {
        size += (size_t)snprintf(value + size, sizeof value - size, "N%d://:0,", i);
    }
    cr_expect_eq(parse(value), STATUS_LIMIT);
}

Test(endpoints, are_found_by_name)
{
    cr_assert_eq(parse("A://:1,B://:2"), STATUS_OK);
    cr_expect_eq(endpoints_find(&endpoints, TEXT_LITERAL("B")), &endpoints.items[1]);
    cr_expect_null(endpoints_find(&endpoints, TEXT_LITERAL("C")));
}

static enum status check(const char *value, const char *map)
{
    cr_assert_eq(parse(value), STATUS_OK);
    return endpoints_check_protocols(&endpoints, text_of(map), &error);
}

Test(endpoints, a_name_has_its_protocol_from_the_map_or_is_one)
{
    cr_expect_eq(check("PLAINTEXT://:1", ""), STATUS_OK);
    cr_expect_eq(check("BROKER://:1", "CONTROLLER:PLAINTEXT, BROKER : PLAINTEXT"), STATUS_OK);
    cr_expect_eq(check("broker://:1", "BROKER:plaintext"), STATUS_OK);
    cr_expect_eq(check("BROKER://:1", "PLAINTEXT:PLAINTEXT"), STATUS_INVALID);
    cr_expect_str_eq(error.text,
                     "listener BROKER has no protocol in listener.security.protocol.map");
    cr_expect_eq(check("BROKER://:1", "nonsense,BROKER:SASL_SSL"), STATUS_UNSUPPORTED);
    cr_expect_str_eq(error.text, "listener BROKER wants SASL_SSL, served is PLAINTEXT");
    cr_expect_eq(check("SSL://:1", ""), STATUS_UNSUPPORTED);
}

Test(endpoints, an_address_alone_is_parsed_too)
{
    struct endpoint endpoint = {.port = 1};
    cr_expect(endpoint_parse_address(TEXT_LITERAL("[::]:9644"), &endpoint));
    cr_expect(text_equal(endpoint.host, TEXT_LITERAL("::")));
    cr_expect_eq(endpoint.port, 9644);
    cr_expect_not(endpoint_parse_address(TEXT_LITERAL("9644"), &endpoint));
}
