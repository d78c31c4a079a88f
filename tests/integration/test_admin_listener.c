/* The admin listener of the real server, as an operator's tools use it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/broker/server_process.h"
#include "tests/support/broker/wire_client.h"

static struct server_process server;
static char output[256 * 1024];

static void init(void)
{
    server_process_init(&server);
}

static void clear(void)
{
    server_process_clear(&server);
}

TestSuite(admin_listener, .init = init, .fini = clear, .timeout = 120);

/* Asks the last started server; the answer's code, its body in `output`. */
static int ask(const struct server_process *of, const char *path)
{
    char command[1024];
    const char *file = strrchr(of->diagnostics, '/') + 1;
    snprintf(command, sizeof command,
             "port=$(sed -n 's/.*metrics and health on port \\([0-9]*\\).*/\\1/p' $DIRECTORY/%s | "
             "tail -n 1); curl -s -w '\\n%%{http_code}' http://127.0.0.1:$port%s",
             file, path);
    cr_assert_eq(server_process_shell(of, command, output, sizeof output), 0);
    char *code = strrchr(output, '\n');
    while (code != NULL && code[1] == '\0') {
        *code = '\0';
        code = strrchr(output, '\n');
    }
    int number = 0;
    cr_assert(code != NULL && sscanf(code, "%d", &number) == 1, "%s", output);
    *code = '\0';
    return number;
}

Test(admin_listener, health_and_metrics_are_answered)
{
    struct wire_client client;
    server_process_set(&server, "admin.listener=127.0.0.1:0");
    cr_assert(server_process_start(&server));
    cr_expect_eq(ask(&server, "/health/live"), 200);
    cr_expect_eq(ask(&server, "/health/ready"), 200);
    cr_expect_eq(ask(&server, "/v1/status/ready"), 200);
    cr_expect_eq(ask(&server, "/nowhere"), 404);

    cr_assert(wire_client_connect(&client, server.ports[0]));
    cr_assert_not_null(wire_create_topic(&client, "orders.eu", 3, NULL));
    cr_expect_eq(ask(&server, "/metrics"), 200);
    cr_expect_not_null(strstr(output, "\nkafka_brokers 1\n"));
    cr_expect_not_null(strstr(output, "\nkafka_topic_partitions{topic=\"orders.eu\"} 3\n"));
    cr_expect_not_null(strstr(
        output, "\nkafka_topic_partition_current_offset{topic=\"orders.eu\",partition=\"2\"} 0\n"));
    cr_expect_not_null(strstr(output, "\nkafka_server_replicamanager_leadercount 3\n"));
    cr_expect_not_null(strstr(
        output, "\nkafka_network_requestmetrics_requests_total{request=\"CreateTopics\"} 1\n"));
    cr_expect_not_null(strstr(output, "\nrollway_connections 1\n"));
    wire_client_close(&client);
    cr_expect_eq(server_process_stop(&server), 0);
}

Test(admin_listener, a_taken_port_is_a_warning_and_not_a_stop)
{
    static struct server_process second;
    server_process_set(&server, "admin.listener=127.0.0.1:0");
    cr_assert(server_process_start(&server));
    char command[512];
    const char *file = strrchr(server.diagnostics, '/') + 1;
    snprintf(command, sizeof command,
             "sed -n 's/.*metrics and health on port \\([0-9]*\\).*/\\1/p' $DIRECTORY/%s", file);
    cr_assert_eq(server_process_shell(&server, command, output, sizeof output), 0);
    int port = 0;
    cr_assert_eq(sscanf(output, "%d", &port), 1);

    server_process_init(&second);
    server_process_set(&second, "admin.listener=127.0.0.1:%d", port);
    cr_expect(server_process_start(&second));
    cr_expect(server_process_said(&second, "the port is in use"));
    cr_expect_eq(server_process_stop(&second), 0);
    server_process_clear(&second);
}

Test(admin_listener, an_address_that_is_none_is_refused)
{
    server_process_set(&server, "admin.listener=nonsense");
    cr_expect_not(server_process_start(&server));
    cr_expect_eq(server.exit_code, 78);
    cr_expect(server_process_said(&server, "admin.listener: nonsense is not HOST:PORT"));
}
