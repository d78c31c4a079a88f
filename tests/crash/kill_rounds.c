#include "tests/crash/kill_rounds.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/random.h"
#include "tests/crash/load.h"
#include "tests/crash/log_check.h"
#include "tests/crash/topic_check.h"
#include "tests/support/broker/server_process.h"
#include "tests/support/broker/wire_client.h"

#define ROUND_MS_MIN        100
#define ROUND_MS_SPREAD     700
#define RECORDS_PER_ROUND   4000
#define RECORDS_AT_ONCE     40
#define TOPIC_CHANGES_MAX   3
#define ROUNDS_PER_PRODUCER 7
#define ROUNDS_PER_FULL     40

struct kill_rounds {
    struct server_process server;
    struct random_seeded random;
    struct load load;
    struct log_check check;
    struct topic_check topics;
    uint64_t ended_count; /* Times that the server ended before it was killed. */
    unsigned failed;
};

/* Kills the server after a while, whatever it does then. */
struct killer {
    pthread_t thread;
    pid_t pid;
    int after_ms;
    atomic_bool is_done;
};

static void *kill_later(void *argument)
{
    struct killer *killer = argument;
    poll(NULL, 0, killer->after_ms);
    kill(killer->pid, SIGKILL);
    atomic_store(&killer->is_done, true);
    return NULL;
}

/* Every way of writing takes its turn. The port stays, so that the producer comes back. */
static void start_server(struct kill_rounds *rounds, unsigned round)
{
    static const char *const engines[] = {"direct", "buffered"};
    static const char *const queues[] = {"io_uring", "workers"};
    struct server_process *server = &rounds->server;
    uint16_t port = server->ports_count > 0 ? server->ports[0] : 0;
    server->overrides_count = 0;
    server_process_set(server, "listeners=PLAINTEXT://127.0.0.1:%u", port);
    server_process_set(server, "log.write.engine=%s", engines[round % 2]);
    server_process_set(server, "log.disk.queue=%s", queues[round / 2 % 2]);
    server_process_set(server, "num.network.threads=%u", 1 + round / 4 % 2);
    server_process_set(server, "log.segment.delete.delay.ms=0");
    if (!server_process_start(server)) {
        char text[4096];
        server_process_shell(server, "tail -n 20 \"$DIRECTORY\"/diagnostics", text, sizeof text);
        printf("round %u: the server does not start: exit code %d\n%s", round, server->exit_code,
               text);
        exit(1);
    }
}

static struct wire_client connect_client(struct kill_rounds *rounds)
{
    struct wire_client client;
    ASSERT(wire_client_connect(&client, rounds->server.ports[0]));
    return client;
}

static void check_all(struct kill_rounds *rounds, bool reads_all)
{
    struct wire_client client = connect_client(rounds);
    log_check_run(&rounds->check, &client, &rounds->load, reads_all);
    topic_check_run(&rounds->topics, &client);
    wire_client_close(&client);
}

static uint64_t findings(const struct kill_rounds *rounds)
{
    return log_check_findings(&rounds->check) + rounds->topics.lost_count +
           rounds->load.failed_count + rounds->load.misplaced_count + rounds->ended_count;
}

static void load_until_killed(struct kill_rounds *rounds)
{
    struct random *random = &rounds->random.random;
    struct killer killer = {.pid = rounds->server.pid,
                            .after_ms = ROUND_MS_MIN + (int)random_below(random, ROUND_MS_SPREAD)};
    struct wire_client client = connect_client(rounds);
    uint64_t number_max = rounds->load.number_next + RECORDS_PER_ROUND;
    unsigned changes = 0;
    ASSERT(pthread_create(&killer.thread, NULL, kill_later, &killer) == 0);
    while (!atomic_load(&killer.is_done)) {
        load_send(&rounds->load, rounds->load.number_next < number_max ? RECORDS_AT_ONCE : 0);
        if (changes < TOPIC_CHANGES_MAX && random_below(random, 20) == 0) {
            topic_check_change(&rounds->topics, &client);
            changes++;
        }
    }
    pthread_join(killer.thread, NULL);
    if (server_process_wait(&rounds->server) != -SIGKILL) {
        printf("the server ended by itself: exit code %d\n", rounds->server.exit_code);
        rounds->ended_count++;
    }
    wire_client_close(&client);
}

static void create_load_topic(struct kill_rounds *rounds)
{
    /* Small segments: some rounds are killed while one is rolled. */
    static const char *const configs[] = {"segment.bytes", "1048576", NULL};
    struct wire_client client = connect_client(rounds);
    const struct create_topics_response_topic *topic =
        wire_create_topic(&client, LOAD_TOPIC, LOAD_PARTITIONS, configs);
    ASSERT(topic != NULL && topic->error_code == KAFKA_NONE);
    wire_client_close(&client);
}

/* A round is: the start on what the last kill has left, the check, the load, the next kill. */
static void run_round(struct kill_rounds *rounds, unsigned round)
{
    static const char *const codecs[] = {"none", "lz4", "zstd", "gzip", "snappy"};
    uint64_t before = findings(rounds);
    start_server(rounds, round);
    if (round == 0) {
        create_load_topic(rounds);
    } else {
        check_all(rounds, round % ROUNDS_PER_FULL == 0);
    }
    if (round % ROUNDS_PER_PRODUCER == 0) {
        if (rounds->load.producer != NULL && !load_finish(&rounds->load)) {
            printf("round %u: the producer cannot deliver everything\n", round);
            rounds->load.failed_count++;
        }
        load_start(&rounds->load, rounds->server.bootstrap,
                   codecs[round / ROUNDS_PER_PRODUCER % 5]);
    }
    load_until_killed(rounds);
    if (findings(rounds) != before) {
        rounds->failed++;
        printf("round %u failed: %s %s %s\n", round, rounds->check.finding, rounds->topics.finding,
               rounds->load.failure);
    }
}

/* After the last kill all that was ever sent must arrive, and stay over an orderly stop. */
static bool settle(struct kill_rounds *rounds, unsigned round)
{
    uint64_t before = findings(rounds);
    start_server(rounds, round);
    bool is_delivered = load_finish(&rounds->load);
    check_all(rounds, true);
    bool is_orderly = server_process_stop(&rounds->server) == 0;
    start_server(rounds, round + 1);
    check_all(rounds, true);
    is_orderly = server_process_stop(&rounds->server) == 0 && is_orderly;
    bool is_complete = true;
    for (int32_t i = 0; i < LOAD_PARTITIONS; i++) {
        /* As many as were sent to it, and none twice. */
        int64_t sent = (int64_t)((rounds->load.number_next + LOAD_PARTITIONS - 1 - (uint64_t)i) /
                                 LOAD_PARTITIONS);
        is_complete = is_complete && rounds->check.checked_end[i] == sent;
    }
    if (is_delivered && is_orderly && is_complete && findings(rounds) == before) {
        return true;
    }
    printf("the end failed: delivered %d, orderly %d, complete %d: %s %s %s\n", is_delivered,
           is_orderly, is_complete, rounds->check.finding, rounds->topics.finding,
           rounds->load.failure);
    return false;
}

static void print_table(const struct kill_rounds *rounds, unsigned count, int64_t duration_us)
{
    const struct log_check *check = &rounds->check;
    printf("kill -9, idempotent producer, acks=all, %d partitions, direct and buffered writes,\n"
           "io_uring and workers, 1 and 2 shards in turn: %u rounds in %lld s\n\n",
           LOAD_PARTITIONS, count, (long long)(duration_us / 1000000));
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"records sent", rounds->load.number_next},
                {"acknowledged", rounds->load.acknowledged_count},
                {"read and compared", check->read_count},
                {"lost", check->lost_count},
                {"duplicated", check->duplicated_count},
                {"reordered", check->reordered_count + rounds->load.misplaced_count},
                {"damaged", check->damaged_count},
                {"given up by the producer", rounds->load.failed_count},
                {"ended before it was killed", rounds->ended_count},
                {"topic changes acknowledged", rounds->topics.answered_count},
                {"of them undone", rounds->topics.lost_count}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("  %-28s %12llu\n", rows[i].name, (unsigned long long)rows[i].value);
    }
}

struct crash_result kill_rounds_run(unsigned count, uint64_t seed)
{
    struct kill_rounds *rounds = calloc(1, sizeof *rounds);
    ASSERT(rounds != NULL);
    struct clock *clock = clock_system();
    int64_t start_us = clock->monotonic_us(clock);
    server_process_init(&rounds->server);
    random_seeded_init(&rounds->random, seed);
    log_check_init(&rounds->check);
    for (unsigned round = 0; round < count; round++) {
        run_round(rounds, round);
    }
    struct crash_result result = {.passed = count - rounds->failed, .failed = rounds->failed};
    *(settle(rounds, count) ? &result.passed : &result.failed) += 1;
    print_table(rounds, count, clock->monotonic_us(clock) - start_us);
    if (result.failed == 0) {
        server_process_clear(&rounds->server);
    } else {
        printf("data and diagnostics are left in %s\n", rounds->server.directory.path);
    }
    log_check_clear(&rounds->check);
    free(rounds);
    return result;
}
