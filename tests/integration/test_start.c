/* Starting: configuration, listeners, data directories; and the sentences when it cannot. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/rig.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2
#define EXIT_CONFIG 78

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_clear(&rig);
}

TestSuite(start, .init = setup, .fini = teardown);

static void write_config(const char *text)
{
    temporary_path(&rig.server.directory, "server.properties", rig.server.config_path,
                   sizeof rig.server.config_path);
    FILE *file = fopen(rig.server.config_path, "w");
    cr_assert(file != NULL);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

static void expect_refusal(int exit_code, const char *sentence)
{
    cr_assert_not(server_process_start(&rig.server));
    cr_assert_eq(rig.server.exit_code, exit_code, "exit code %d", rig.server.exit_code);
    cr_assert(server_process_said(&rig.server, sentence), "not said: %s", sentence);
}

/* ---- configuration ---- */

Test(start, refuses_a_value_with_file_line_key_and_range)
{
    write_config("# a comment\n\nnum.partitions=3\nlog.segment.bytes=12\n");
    expect_refusal(EXIT_CONFIG,
                   "server.properties line 4: log.segment.bytes=12: allowed are 1048576 to");
}

Test(start, refuses_a_value_of_the_wrong_type)
{
    server_process_set(&rig.server, "num.partitions=three");
    expect_refusal(EXIT_CONFIG, "num.partitions=three is not a whole number");
}

Test(start, refuses_a_word_that_is_not_allowed)
{
    server_process_set(&rig.server, "log.write.engine=fast");
    expect_refusal(EXIT_CONFIG, "log.write.engine=fast: allowed are automatic|direct|buffered");
}

Test(start, refuses_a_listener_that_makes_no_sense)
{
    server_process_set(&rig.server, "listeners=127.0.0.1");
    expect_refusal(EXIT_CONFIG, "127.0.0.1");
}

Test(start, refuses_a_file_that_is_not_there)
{
    snprintf(rig.server.config_path, sizeof rig.server.config_path, "/nowhere/server.properties");
    expect_refusal(EXIT_CONFIG, "/nowhere/server.properties");
}

Test(start, warns_of_an_unknown_key_and_names_the_nearest)
{
    server_process_set(&rig.server, "num.partitons=3");
    rig_start(&rig);
    cr_assert(server_process_said(&rig.server, "num.partitons is ignored"));
    cr_assert(server_process_said(&rig.server, "did you mean num.partitions?"));
}

Test(start, takes_flags_before_environment_before_file)
{
    write_config("num.partitions=2\nlog.retention.ms=1000\nmessage.max.bytes=2000\n");
    setenv("KAFKA_NUM_PARTITIONS", "3", 1);
    setenv("KAFKA_LOG_RETENTION_MS", "3000", 1);
    server_process_set(&rig.server, "num.partitions=4");
    rig_start(&rig);
    cr_assert_eq(wire_create_topic(&rig.client, "t", -1, NULL)->num_partitions, 4);
    cr_assert(text_equal(wire_config(&rig.client, "t", "retention.ms"), TEXT_LITERAL("3000")));
    cr_assert(text_equal(wire_config(&rig.client, "t", "max.message.bytes"), TEXT_LITERAL("2000")));
}

/* What Kafka ships for one combined node, but for the ports and the directory. */
static const char stock_config[] = "process.roles=broker,controller\n"
                                   "node.id=1\n"
                                   "controller.quorum.bootstrap.servers=localhost:9093\n"
                                   "controller.quorum.voters=1@localhost:9093\n"
                                   "listeners=PLAINTEXT://:0,CONTROLLER://:0\n"
                                   "inter.broker.listener.name=PLAINTEXT\n"
                                   "advertised.listeners=PLAINTEXT://localhost:9092,"
                                   "CONTROLLER://localhost:9093\n"
                                   "controller.listener.names=CONTROLLER\n"
                                   "listener.security.protocol.map=CONTROLLER:PLAINTEXT,"
                                   "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,"
                                   "SASL_SSL:SASL_SSL\n"
                                   "num.network.threads=3\n"
                                   "num.io.threads=8\n"
                                   "socket.send.buffer.bytes=102400\n"
                                   "socket.receive.buffer.bytes=102400\n"
                                   "socket.request.max.bytes=104857600\n"
                                   "num.partitions=1\n"
                                   "num.recovery.threads.per.data.dir=1\n"
                                   "offsets.topic.replication.factor=1\n"
                                   "share.coordinator.state.topic.replication.factor=1\n"
                                   "share.coordinator.state.topic.min.isr=1\n"
                                   "transaction.state.log.replication.factor=1\n"
                                   "transaction.state.log.min.isr=1\n"
                                   "#log.flush.interval.messages=10000\n"
                                   "#log.flush.interval.ms=1000\n"
                                   "log.retention.hours=168\n"
                                   "#log.retention.bytes=1073741824\n"
                                   "log.segment.bytes=1073741824\n"
                                   "log.retention.check.interval.ms=300000\n";

Test(start, runs_with_the_configuration_that_kafka_ships)
{
    char text[sizeof stock_config + 2 * SERVER_TEXT_SIZE];
    snprintf(text, sizeof text, "%slog.dirs=%s\n", stock_config, rig.server.data);
    write_config(text);
    rig.server.is_bare = true;
    server_process_set(&rig.server, "admin.listener=");
    rig_start(&rig);
    cr_assert_not(server_process_said(&rig.server, "did you mean"));
    const struct metadata_response *metadata = wire_metadata(&rig.client);
    cr_assert_eq(metadata->brokers.count, 1);
    cr_assert_eq(metadata->brokers.items[0].node_id, 1);
    cr_assert(text_equal(metadata->brokers.items[0].host, TEXT_LITERAL("localhost")));
    cr_assert_eq(metadata->brokers.items[0].port, 9092);
    rig_create_topic(&rig, "t");
    cr_assert_eq(rig_produce_one(&rig, "t", 10, LOG_FIXTURE_NOW_MS), 0);
}

/* ---- listeners ---- */

static void expect_broker_at(uint16_t port, const char *host, int32_t advertised_port)
{
    struct wire_client client;
    cr_assert(wire_client_connect(&client, port));
    const struct metadata_response *metadata = wire_metadata(&client);
    cr_assert_eq(metadata->brokers.count, 1);
    cr_assert(text_equal(metadata->brokers.items[0].host, text_of(host)), "%.*s",
              (int)metadata->brokers.items[0].host.size, metadata->brokers.items[0].host.data);
    cr_assert_eq(metadata->brokers.items[0].port, advertised_port);
    wire_client_close(&client);
}

Test(start, tells_clients_the_address_that_they_dialled)
{
    rig_start(&rig);
    expect_broker_at(rig.server.ports[0], "127.0.0.1", rig.server.ports[0]);
}

Test(start, tells_clients_of_each_listener_its_advertised_address)
{
    server_process_set(&rig.server, "listeners=INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0");
    server_process_set(&rig.server,
                       "listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT");
    server_process_set(&rig.server, "inter.broker.listener.name=INSIDE");
    server_process_set(&rig.server, "advertised.listeners=INSIDE://inside.example:1111,"
                                    "OUTSIDE://outside.example:2222");
    rig_start(&rig);
    cr_assert_eq(rig.server.ports_count, 2);
    expect_broker_at(rig.server.ports[0], "inside.example", 1111);
    expect_broker_at(rig.server.ports[1], "outside.example", 2222);
}

static bool has_ipv6(void)
{
    struct wire_client client;
    if (wire_client_connect_ipv6(&client, 9)) {
        wire_client_close(&client);
        return true;
    }
    return errno == ECONNREFUSED;
}

Test(start, listens_on_ipv6)
{
    if (!has_ipv6()) {
        cr_skip_test("this machine has no IPv6");
    }
    server_process_set(&rig.server, "listeners=PLAINTEXT://[::1]:0");
    cr_assert(server_process_start(&rig.server));
    cr_assert(wire_client_connect_ipv6(&rig.client, rig.server.ports[0]));
    const struct metadata_response *metadata = wire_metadata(&rig.client);
    cr_assert(text_equal(metadata->brokers.items[0].host, TEXT_LITERAL("::1")));
    rig_create_topic(&rig, "t");
    rig_produce_one(&rig, "t", 10, LOG_FIXTURE_NOW_MS);
    char output[1024];
    char command[256];
    snprintf(command, sizeof command, "kcat -q -b '[::1]:%u' -t t -C -e -f '%%S\\n' 2>&1",
             rig.server.ports[0]);
    cr_assert_eq(server_process_shell(&rig.server, command, output, sizeof output), 0, "%s",
                 output);
    cr_assert_str_eq(output, "10\n");
}

Test(start, says_that_a_port_is_in_use)
{
    rig_start(&rig);
    struct server_process second;
    server_process_init(&second);
    server_process_set(&second, "listeners=PLAINTEXT://127.0.0.1:%u", rig.server.ports[0]);
    cr_assert_not(server_process_start(&second));
    cr_assert_eq(second.exit_code, EXIT_FAILED);
    char sentence[128];
    snprintf(sentence, sizeof sentence, "port %u: the port is in use", rig.server.ports[0]);
    cr_assert(server_process_said(&second, sentence));
    server_process_clear(&second);
}

/* ---- data directories ---- */

Test(start, refuses_a_directory_in_use_and_names_its_holder)
{
    rig_start(&rig);
    rig_create_topic(&rig, "t");
    struct server_process second;
    server_process_init(&second);
    server_process_set(&second, "log.dirs=%s", rig.server.data);
    cr_assert_not(server_process_start(&second));
    cr_assert_eq(second.exit_code, EXIT_FAILED);
    char sentence[SERVER_TEXT_SIZE + 64];
    snprintf(sentence, sizeof sentence, "data directory %s is in use by process %d",
             rig.server.data, rig.server.pid);
    cr_assert(server_process_said(&second, sentence));
    server_process_clear(&second);
    /* The first has not noticed. */
    rig_produce_one(&rig, "t", 10, LOG_FIXTURE_NOW_MS);
}

Test(start, refuses_the_directory_of_another_node)
{
    rig_start(&rig);
    wire_client_close(&rig.client);
    cr_assert_eq(server_process_stop(&rig.server), 0);
    server_process_set(&rig.server, "node.id=2");
    expect_refusal(EXIT_CONFIG, "node");
}

Test(start, refuses_a_directory_that_it_cannot_write)
{
    server_process_set(&rig.server, "log.dirs=/proc/nowhere");
    cr_assert_not(server_process_start(&rig.server));
    cr_assert_neq(rig.server.exit_code, 0);
    cr_assert(server_process_said(&rig.server, "/proc/nowhere"));
}

/* ---- how it talks ---- */

Test(start, prints_diagnostics_as_json_when_told)
{
    server_process_set(&rig.server, "log.format=json");
    rig_start(&rig);
    wire_client_close(&rig.client);
    cr_assert_eq(server_process_stop(&rig.server), 0);
    char output[1024];
    cr_assert_eq(server_process_shell(&rig.server,
                                      "grep -c '^{\"time\":\".*\"level\":\"info\",.*"
                                      "\"message\":\"stopping\"}$' \"$DIRECTORY\"/diagnostics",
                                      output, sizeof output),
                 0);
}

Test(start, knows_its_arguments)
{
    char output[8192];
    rig_start(&rig);
    cr_assert_eq(server_process_shell(&rig.server, "${ROLLWAYD:-build/debug/rollwayd} --version",
                                      output, sizeof output),
                 0);
    cr_assert_eq(strncmp(output, "rollwayd ", 9), 0);
    cr_assert_eq(server_process_shell(&rig.server,
                                      "${ROLLWAYD:-build/debug/rollwayd} --nonsense 2>&1", output,
                                      sizeof output),
                 EXIT_USAGE);
    cr_assert(strstr(output, "--nonsense") != NULL);
}
