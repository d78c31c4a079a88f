#include "broker/config/broker_config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/config/config_keys.h"
#include "tests/support/base/recorded_diagnostics.h"
#include "tests/support/storage/temporary_directory.h"

static struct temporary_directory directory;
static struct recorded_diagnostics diagnostics;
static struct broker_config *config;
static struct error error;

static void set_up(void)
{
    temporary_directory_make(&directory);
    recorded_diagnostics_init(&diagnostics, DIAGNOSTIC_DEBUG);
}

static void tear_down(void)
{
    broker_config_destroy(config);
    temporary_directory_remove(&directory);
}

TestSuite(broker_config, .init = set_up, .fini = tear_down);

static const char *write_file(const char *text)
{
    static char path[TEMPORARY_DIRECTORY_SIZE + 32];
    FILE *file = fopen(temporary_path(&directory, "server.properties", path, sizeof path), "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    return path;
}

/* Loads from a file's text, overrides and environment, all of which may be NULL. */
static enum status load(const char *text, const char *override, const char *variable)
{
    const char *overrides[] = {override};
    const char *environment[] = {variable, NULL};
    struct broker_config_sources sources = {
        .file_path = text == NULL ? NULL : write_file(text),
        .overrides = overrides,
        .overrides_count = override != NULL,
        .environment = environment,
    };
    broker_config_destroy(config);
    config = NULL;
    return broker_config_load(&sources, &diagnostics.sink, &config, &error);
}

static int64_t integer(enum config_id id)
{
    return broker_config_integer(config, id);
}

static void check_text(enum config_id id, const char *expected)
{
    struct text text = broker_config_text(config, id);
    cr_assert(text_equal(text, text_of(expected)), "%.*s", TEXT_ARGUMENTS(text));
}

Test(broker_config, defaults_need_no_source)
{
    cr_assert_eq(load(NULL, NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_NODE_ID), 1);
    cr_assert_eq(integer(CONFIG_LOG_FLUSH_INTERVAL_MESSAGES), 1);
    cr_assert_eq(integer(CONFIG_LOG_RETENTION_MS), (int64_t)7 * 24 * 3600 * 1000);
    cr_assert_eq(integer(CONFIG_LOG_FLUSH_INTERVAL_MS), INT64_MAX);
    cr_assert(broker_config_boolean(config, CONFIG_AUTO_CREATE_TOPICS_ENABLE));
    cr_assert_float_eq(broker_config_real(config, CONFIG_LOG_CLEANER_MIN_CLEANABLE_RATIO), 0.5,
                       1e-9);
    check_text(CONFIG_LOG_DIRS, "./rollway-data");
    cr_assert_not(broker_config_is_set(config, CONFIG_NODE_ID));
    cr_assert_eq(diagnostics.count, 0);
}

Test(broker_config, flags_go_before_the_environment_and_that_before_the_file)
{
    cr_assert_eq(load("num.partitions=2\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_NUM_PARTITIONS), 2);
    cr_assert(broker_config_is_set(config, CONFIG_NUM_PARTITIONS));
    cr_assert_eq(load("num.partitions=2\n", NULL, "KAFKA_NUM_PARTITIONS=3"), STATUS_OK);
    cr_assert_eq(integer(CONFIG_NUM_PARTITIONS), 3);
    cr_assert_eq(load("num.partitions=2\n", "num.partitions=4", "KAFKA_NUM_PARTITIONS=3"),
                 STATUS_OK);
    cr_assert_eq(integer(CONFIG_NUM_PARTITIONS), 4);
}

Test(broker_config, the_last_of_a_repeated_key_counts)
{
    cr_assert_eq(load("num.partitions=2\nnum.partitions = 5 \n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_NUM_PARTITIONS), 5);
}

Test(broker_config, wrong_values_are_named_with_file_line_and_range)
{
    static const struct {
        const char *line;
        enum status status;
        const char *sentence;
    } rows[] = {
        {"num.partitions=many", STATUS_INVALID, "num.partitions=many is not a whole number"},
        {"num.partitions=", STATUS_INVALID, "num.partitions= is not a whole number"},
        {"num.partitions=1k", STATUS_INVALID, "num.partitions=1k is not a whole number"},
        {"num.partitions=0", STATUS_OUT_OF_RANGE, "num.partitions=0: allowed are 1 to 2147483647"},
        {"delete.topic.enable=yes", STATUS_INVALID,
         "delete.topic.enable=yes: allowed are true and false"},
        {"log.cleanup.policy=delete,shred", STATUS_INVALID,
         "log.cleanup.policy=delete,shred: allowed are delete|compact"},
        {"compression.type=brotli", STATUS_INVALID,
         "compression.type=brotli: allowed are producer|uncompressed|gzip|snappy|lz4|zstd"},
        {"compression.gzip.level=0", STATUS_INVALID,
         "compression.gzip.level=0: allowed are -1|1|2|3|4|5|6|7|8|9"},
        {"log.cleaner.min.cleanable.ratio=1.5", STATUS_OUT_OF_RANGE,
         "log.cleaner.min.cleanable.ratio=1.5: allowed are 0 to 1"},
        {"log.cleaner.min.cleanable.ratio=half", STATUS_INVALID,
         "log.cleaner.min.cleanable.ratio=half is not a number"},
        {"process.roles=broker", STATUS_UNSUPPORTED,
         "process.roles=broker: a node is broker and controller, it cannot be only one of them "
         "yet"},
        {"controller.quorum.voters=1@a:1,2@b:1", STATUS_UNSUPPORTED,
         "controller.quorum.voters=1@a:1,2@b:1: this node must be the only voter, clusters of "
         "several nodes are not there yet"},
        {"controller.quorum.voters=2@a:1", STATUS_UNSUPPORTED,
         "controller.quorum.voters=2@a:1: this node must be the only voter, clusters of several "
         "nodes are not there yet"},
        {"log.retention.hours=0", STATUS_UNSUPPORTED,
         "log.retention.hours=0: allowed are -1 and numbers from 1 on"},
        {"authorizer.class.name=org.example.A", STATUS_UNSUPPORTED,
         "authorizer.class.name=org.example.A cannot be honoured, because there is neither "
         "encryption nor login nor access control yet: it must be unset"},
        {"ssl.client.auth=required", STATUS_UNSUPPORTED,
         "ssl.client.auth=required cannot be honoured, because there is neither encryption nor "
         "login nor access control yet: allowed is none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        char expected[1024];
        snprintf(text, sizeof text, "# a comment\n\n%s\n", rows[i].line);
        enum status status = load(text, NULL, NULL);
        cr_assert_eq(status, rows[i].status, "%s", rows[i].line);
        snprintf(expected, sizeof expected, "%s/server.properties line 3: %s", directory.path,
                 rows[i].sentence);
        cr_assert_str_eq(error.text, expected);
        cr_assert_eq(load(NULL, rows[i].line, NULL), rows[i].status);
        snprintf(expected, sizeof expected, "-o: %s", rows[i].sentence);
        cr_assert_str_eq(error.text, expected);
    }
}

Test(broker_config, an_override_without_equals_is_none)
{
    cr_assert_eq(load(NULL, "num.partitions", NULL), STATUS_INVALID);
    cr_assert_str_eq(error.text, "-o num.partitions: key=value is expected");
}

Test(broker_config, a_file_that_is_not_there_is_an_error)
{
    struct broker_config_sources sources = {.file_path = "/nowhere/server.properties"};
    cr_assert_eq(broker_config_load(&sources, &diagnostics.sink, &config, &error),
                 STATUS_NOT_FOUND);
    cr_assert(strstr(error.text, "/nowhere/server.properties") != NULL, "%s", error.text);
}

Test(broker_config, unknown_keys_are_ignored_with_the_nearest_known_one)
{
    cr_assert_eq(
        load("num.partitons=3\noffsets.retention.minuets=1\nmy.own.thing.entirely=1\n", NULL, NULL),
        STATUS_OK);
    cr_assert(strstr(diagnostics.text,
                     "line 1: unknown key num.partitons is ignored; did you mean num.partitions?"));
    cr_assert(strstr(diagnostics.text, "did you mean offsets.retention.minutes?"));
    cr_assert(strstr(diagnostics.text, "line 3: unknown key my.own.thing.entirely is ignored\n"),
              "%s", diagnostics.text);
}

Test(broker_config, keys_without_effect_are_named_once_per_reason)
{
    cr_assert_eq(load("group.max.size=10\nnum.replica.fetchers=4\noffsets.retention.minutes=1\n"
                      "sasl.enabled.mechanisms=PLAIN\n",
                      NULL, NULL),
                 STATUS_OK);
    cr_assert_str_eq(diagnostics.text,
                     "info config: without effect, because this server works alone: "
                     "num.replica.fetchers\n"
                     "info config: without effect, because groups are not served yet: "
                     "group.max.size, offsets.retention.minutes\n"
                     "warning config: without effect, because there is neither encryption nor "
                     "login nor access control yet: sasl.enabled.mechanisms\n",
                     "%s", diagnostics.text);
}

Test(broker_config, keys_of_one_listener_are_known)
{
    cr_assert_eq(load("listener.name.inside.ssl.keystore.location=/a\n"
                      "listener.name.inside.plain.sasl.jaas.config=x\n"
                      "listener.name.inside.max.connections=5\n"
                      "listener.name.inside.nonsense=5\n",
                      NULL, NULL),
                 STATUS_OK);
    cr_assert_eq(integer(CONFIG_MAX_CONNECTIONS), INT32_MAX);
    cr_assert(strstr(diagnostics.text, "listener.name.inside.max.connections is without effect"));
    cr_assert(strstr(diagnostics.text, "unknown key listener.name.inside.nonsense"));
    cr_assert(strstr(diagnostics.text, "listener.name.inside.ssl.keystore.location, "
                                       "listener.name.inside.plain.sasl.jaas.config\n"));
}

Test(broker_config, coarser_keys_stand_in_for_finer_ones)
{
    cr_assert_eq(load("log.retention.hours=2\nlog.roll.hours=3\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_LOG_RETENTION_MS), 2 * 3600 * 1000);
    cr_assert_eq(integer(CONFIG_LOG_ROLL_MS), 3 * 3600 * 1000);
    check_text(CONFIG_LOG_ROLL_MS, "10800000");
    cr_assert_not(broker_config_is_set(config, CONFIG_LOG_RETENTION_MS));
    cr_assert_eq(load("log.retention.hours=2\nlog.retention.minutes=1\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_LOG_RETENTION_MS), 60 * 1000);
    cr_assert_eq(load("log.retention.ms=5\nlog.retention.minutes=1\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_LOG_RETENTION_MS), 5);
    cr_assert_eq(load("log.retention.hours=-1\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_LOG_RETENTION_MS), -1);
    cr_assert_eq(load("broker.id=9\nlog.dirs=\nlog.dir=/d\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_NODE_ID), 9);
    check_text(CONFIG_LOG_DIRS, "/d");
    cr_assert_eq(load("broker.id=9\nnode.id=4\n", NULL, NULL), STATUS_OK);
    cr_assert_eq(integer(CONFIG_NODE_ID), 4);
}

Test(broker_config, walks_from_finer_to_coarser_keys)
{
    enum config_id id = CONFIG_LOG_RETENTION_MS;
    cr_assert(broker_config_coarser(id, &id));
    cr_assert_eq(id, CONFIG_LOG_RETENTION_MINUTES);
    cr_assert(broker_config_coarser(id, &id));
    cr_assert_eq(id, CONFIG_LOG_RETENTION_HOURS);
    cr_assert_not(broker_config_coarser(id, &id));
    cr_assert_not(broker_config_coarser(CONFIG_NUM_PARTITIONS, &id));
}

Test(broker_config, takes_the_environment_of_kafkas_images)
{
    static const struct {
        const char *variable;
        enum config_id id;
        const char *text;
    } rows[] = {
        {"KAFKA_LOG_DIRS=/a,/b", CONFIG_LOG_DIRS, "/a,/b"},
        {"KAFKA_CFG_LOG_DIRS=/c", CONFIG_LOG_DIRS, "/c"},
        {"CLUSTER_ID=4L6g3nShT-eMCtK--X86sw", CONFIG_CLUSTER_ID, "4L6g3nShT-eMCtK--X86sw"},
        {"KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://h:1", CONFIG_ADVERTISED_LISTENERS,
         "PLAINTEXT://h:1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(load(NULL, NULL, rows[i].variable), STATUS_OK);
        check_text(rows[i].id, rows[i].text);
    }
    static const char *const foreign[] = {"KAFKA_HEAP_OPTS=-Xmx1G", "KAFKA_JMX_PORT=1", "KAFKA=1",
                                          "LOG_DIRS=/x", "KAFKA_VERSION=4"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        cr_assert_eq(load(NULL, NULL, foreign[i]), STATUS_OK);
    }
    cr_assert_eq(diagnostics.count, 0, "%s", diagnostics.text);
    cr_assert_eq(load(NULL, NULL, "KAFKA_NUM_PARTITIONS=x"), STATUS_INVALID);
    cr_assert_str_eq(error.text,
                     "environment KAFKA_NUM_PARTITIONS: num.partitions=x is not a whole number");
}

Test(broker_config, kafkas_own_file_for_one_node_is_taken_as_it_is)
{
    cr_assert_eq(
        load("process.roles=broker,controller\nnode.id=1\n"
             "controller.quorum.bootstrap.servers=localhost:9093\n"
             "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\n"
             "inter.broker.listener.name=PLAINTEXT\n"
             "advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n"
             "controller.listener.names=CONTROLLER\n"
             "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
             "num.network.threads=3\nnum.io.threads=8\nsocket.send.buffer.bytes=102400\n"
             "socket.receive.buffer.bytes=102400\nsocket.request.max.bytes=104857600\n"
             "log.dirs=/tmp/kraft-combined-logs\nnum.partitions=1\n"
             "num.recovery.threads.per.data.dir=1\noffsets.topic.replication.factor=1\n"
             "share.coordinator.state.topic.replication.factor=1\n"
             "share.coordinator.state.topic.min.isr=1\n"
             "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
             "log.retention.hours=168\nlog.segment.bytes=1073741824\n"
             "log.retention.check.interval.ms=300000\n",
             NULL, NULL),
        STATUS_OK, "%s", error.text);
    cr_assert_null(strstr(diagnostics.text, "unknown"), "%s", diagnostics.text);
    cr_assert_null(strstr(diagnostics.text, "warning"), "%s", diagnostics.text);
}
