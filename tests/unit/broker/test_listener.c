#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/server/listener.h"
#include "broker/server/shard_loop.h"
#include "tests/support/base/fake_clock.h"
#include "tests/support/base/recorded_diagnostics.h"

enum { SHARDS = 2 };

static struct fake_clock fake;
static struct recorded_diagnostics diagnostics;
static struct shard *shards[SHARDS];
static struct metrics_shard *metrics[SHARDS];
static struct server_shard servers[SHARDS];
static struct server_shard *server_list[SHARDS];
static struct listeners *listeners;
static struct error error;

static void turn(void)
{
    for (int i = 0; i < 8; i++) {
        for (int s = 0; s < SHARDS; s++) {
            shard_turn(shards[s], false);
        }
    }
}

static void open_shards(void)
{
    fake_clock_init(&fake, 1700000000000);
    fake_clock_advance_us(&fake, 10000000);
    recorded_diagnostics_init(&diagnostics, DIAGNOSTIC_INFO);
    for (unsigned s = 0; s < SHARDS; s++) {
        struct shard_options options = {
            .index = s, .clock = &fake.clock, .diagnostics = &diagnostics.sink};
        struct server_limits limits = server_limits_default();
        cr_assert_eq(shard_open(&options, &shards[s], &error), STATUS_OK);
        metrics[s] = metrics_shard_create(1);
        server_shard_init(&servers[s], shards[s], NULL, metrics[s], &limits);
        server_list[s] = &servers[s];
    }
    listeners = NULL;
}

static void close_shards(void)
{
    for (int s = 0; s < SHARDS; s++) {
        server_shard_abort(&servers[s]);
    }
    turn();
    if (listeners != NULL) {
        cr_expect_eq(listeners_connections_count(listeners), 0, "all have come home");
    }
    listeners_close(listeners);
    for (int s = 0; s < SHARDS; s++) {
        server_shard_clear(&servers[s]);
        shard_close(shards[s]);
        metrics_shard_destroy(metrics[s]);
    }
}

TestSuite(listener, .init = open_shards, .fini = close_shards, .timeout = 30);

static struct listener_options options_for(const char *value)
{
    struct listener_options options = {
        .servers = server_list,
        .servers_count = SHARDS,
        .connections_max = INT64_MAX,
        .connections_per_address_max = INT64_MAX,
        .connections_per_second_max = INT64_MAX,
    };
    cr_assert_eq(endpoints_parse(text_of(value), &options.endpoints, &error), STATUS_OK);
    for (size_t i = 0; i < options.endpoints.count; i++) {
        options.listener_rules[i] = API_LISTENER_CLIENT;
    }
    return options;
}

static void listen_with(const struct listener_options *options)
{
    cr_assert_eq(listeners_open(options, &listeners, &error), STATUS_OK, "%s", error.text);
    cr_assert_eq(listeners_start(listeners, &error), STATUS_OK);
}

static void listen_on(const char *value)
{
    struct listener_options options = options_for(value);
    listen_with(&options);
}

static int dial(size_t index)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(listeners_port(listeners, index)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0, "%s",
                 strerror(errno));
    turn();
    return client;
}

static bool is_refused(int client)
{
    uint8_t byte;
    turn();
    ssize_t count = recv(client, &byte, 1, MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno == ECONNRESET);
}

Test(listener, connections_go_to_the_shard_with_the_fewest)
{
    listen_on("A://127.0.0.1:0");
    int clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = dial(0);
    }
    cr_expect_eq(servers[0].connections_count, 2);
    cr_expect_eq(servers[1].connections_count, 2);
    close(clients[0]);
    close(clients[2]);
    turn();
    cr_expect_eq(servers[0].connections_count, 0);
    cr_expect_eq(listeners_connections_count(listeners), 2);
    int more[2] = {dial(0), dial(0)};
    cr_expect_eq(servers[0].connections_count, 2);
    close(more[0]);
    close(more[1]);
    close(clients[1]);
    close(clients[3]);
}

Test(listener, several_listeners_have_ports_of_their_own)
{
    listen_on("A://127.0.0.1:0,B://localhost:0,C://:0");
    for (size_t i = 0; i < 3; i++) {
        cr_expect_neq(listeners_port(listeners, i), 0);
        close(dial(i));
    }
    cr_expect_neq(listeners_port(listeners, 0), listeners_port(listeners, 1));
    cr_expect_eq(metrics_get(metrics[0], METRIC_CONNECTIONS_ACCEPTED), 3);
}

Test(listener, a_taken_port_is_said)
{
    listen_on("A://127.0.0.1:0");
    char value[64];
    snprintf(value, sizeof value, "B://127.0.0.1:%d", listeners_port(listeners, 0));
    struct listener_options options = options_for(value);
    struct listeners *others;
    cr_expect_eq(listeners_open(&options, &others, &error), STATUS_BUSY);
    cr_expect_not_null(strstr(error.text, "the port is in use"), "%s", error.text);
}

Test(listener, an_address_of_another_machine_is_said)
{
    struct listener_options options = options_for("A://192.0.2.1:0");
    cr_expect_eq(listeners_open(&options, &listeners, &error), STATUS_INVALID);
    cr_expect_not_null(strstr(error.text, "listen on 192.0.2.1 port 0"), "%s", error.text);
    listeners = NULL;
}

Test(listener, above_the_limit_connections_are_closed_and_others_stay)
{
    struct listener_options options = options_for("A://127.0.0.1:0");
    options.connections_max = 2;
    listen_with(&options);
    int first = dial(0);
    int second = dial(0);
    int third = dial(0);
    cr_expect(is_refused(third));
    cr_expect_not(is_refused(first));
    cr_expect_eq(metrics_get(metrics[0], METRIC_REFUSED_TOTAL), 1);
    close(third);
    close(first);
    turn();
    third = dial(0);
    cr_expect_not(is_refused(third), "there is room again");
    close(second);
    close(third);
}

Test(listener, loopback_does_not_count_against_the_limit_per_address)
{
    struct listener_options options = options_for("A://127.0.0.1:0");
    options.connections_per_address_max = 0;
    listen_with(&options);
    int client = dial(0);
    cr_expect_not(is_refused(client));
    close(client);
}

Test(listener, the_rate_puts_connections_off_to_the_next_second)
{
    struct listener_options options = options_for("A://127.0.0.1:0");
    options.connections_per_second_max = 2;
    listen_with(&options);
    int clients[3] = {dial(0), dial(0), dial(0)};
    cr_expect_eq(listeners_connections_count(listeners), 2);
    fake_clock_advance_us(&fake, 1000001);
    turn();
    cr_expect_eq(listeners_connections_count(listeners), 3, "it was not turned away");
    for (int i = 0; i < 3; i++) {
        close(clients[i]);
    }
}

Test(listener, without_descriptors_one_is_turned_away_and_the_loop_rests)
{
    listen_on("A://127.0.0.1:0");
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(listeners_port(listeners, 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    turn();
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_expect_eq(metrics_get(metrics[0], METRIC_REFUSED_DESCRIPTORS), 1, "not once per turn");
    cr_expect_not_null(strstr(diagnostics.text, "no file descriptor is left"));
    close(client);
    fake_clock_advance_us(&fake, 100001);
    turn();
    client = dial(0);
    cr_expect_not(is_refused(client), "and then goes on");
    close(client);
}

Test(listener, stopping_accepts_no_more_and_leaves_connections_alone)
{
    listen_on("A://127.0.0.1:0");
    int client = dial(0);
    uint16_t port = listeners_port(listeners, 0);
    listeners_stop(listeners);
    cr_expect_not(is_refused(client));
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_expect_eq(connect(late, (struct sockaddr *)&address, sizeof address), -1);
    cr_expect_eq(errno, ECONNREFUSED);
    close(late);
    close(client);
}
