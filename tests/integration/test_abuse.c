/* What a hostile or broken client gets from the real server: its connection closes, a counter and a
 * line say why, memory stays bounded, others notice nothing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/random.h"
#include "proto/generated/api_versions.h"
#include "tests/support/broker/server_process.h"
#include "tests/support/broker/wire_client.h"

/* Above what an idle server has; how much abuse may leave behind. */
#define RESIDENT_BYTES_MAX ((long)64 * 1024 * 1024)

static struct server_process server;
static struct wire_client other; /* Who notices nothing. */

static void start(void)
{
    server_process_init(&server);
    server_process_set(&server, "admin.listener=127.0.0.1:0");
    cr_assert(server_process_start(&server));
    cr_assert(wire_client_connect(&other, server.ports[0]));
}

static void expect_others_notice_nothing(void)
{
    const struct metadata_response *response = wire_metadata(&other);
    cr_assert_not_null(response);
    cr_expect_eq(response->brokers.count, 1);
    wire_client_forget(&other);
}

static void stop(void)
{
    expect_others_notice_nothing();
    wire_client_close(&other);
    cr_expect_eq(server_process_stop(&server), 0);
    server_process_clear(&server);
}

TestSuite(abuse, .init = start, .fini = stop, .timeout = 300);

/* The value of a line of /metrics. */
static long metric(const char *name)
{
    static const char pattern[] =
        "port=$(sed -n 's/.*metrics and health on port \\([0-9]*\\).*/\\1/p' $DIRECTORY/%s | "
        "tail -n 1); curl -s http://127.0.0.1:$port/metrics | sed -n 's/^%s //p'";
    char command[1024];
    char output[256] = "";
    const char *file = strrchr(server.diagnostics, '/') + 1;
    snprintf(command, sizeof command, pattern, file, name);
    cr_assert_eq(server_process_shell(&server, command, output, sizeof output), 0);
    cr_assert_neq(output[0], '\0', "no %s", name);
    return strtol(output, NULL, 10);
}

static void expect_closed(const char *what, const void *data, size_t size)
{
    struct wire_client client;
    cr_assert(wire_client_connect(&client, server.ports[0]));
    wire_client_send_bytes(&client, data, size);
    cr_expect(wire_client_is_closed(&client), "%s", what);
    wire_client_close(&client);
}

struct bad_bytes {
    const char *what;
    const char *bytes;
    size_t size;
    const char *reason;
    const char *line;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct bad_bytes bad_bytes[] = {
    {"a negative frame", BYTES("\xff\xff\xff\xff"), "frame_size", "frame of -1 bytes"},
    {"a frame above the limit", BYTES("\x7f\xff\xff\xff"), "frame_size",
     "frame of 2147483647 bytes, at most 104857600 are accepted"},
    {"a frame without a header", BYTES("\x00\x00\x00\x03\x00\x12\x00"), "frame_size",
     "frame of 3 bytes"},
    {"HTTP", BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "frame_size", "frame of 1195725856 bytes"},
    {"TLS", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "frame_size", "frame of "},
    {"an unknown api", BYTES("\x00\x00\x00\x0a\x03\xe8\x00\x00\x00\x00\x00\x01\xff\xff"), "api",
     "api key 1000 is not served"},
    {"a removed api", BYTES("\x00\x00\x00\x0a\x00\x04\x00\x00\x00\x00\x00\x01\xff\xff"), "api",
     "api key 4 is not served"},
    {"a version that is not served",
     BYTES("\x00\x00\x00\x0a\x00\x01\x00\x63\x00\x00\x00\x01\xff\xff"), "api",
     "fetch version 99, served are 4 to 18"},
    {"a produce version that is only advertised",
     BYTES("\x00\x00\x00\x0a\x00\x00\x00\x02\x00\x00\x00\x01\xff\xff"), "api",
     "produce version 2, served are 3 to 13"},
    {"a client id that ends behind the frame",
     BYTES("\x00\x00\x00\x0b\x00\x03\x00\x01\x00\x00\x00\x01\x00\x09x"), "header", "client_id"},
    {"trailing bytes", BYTES("\x00\x00\x00\x0c\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff\x00\x00"),
     "malformed", "2 bytes behind its end"},
    {"a body that ends too early",
     BYTES("\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff\x00\x00\x00\x09"), "malformed",
     "metadata"},
    {"a count that claims a lot",
     BYTES("\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff\x7f\xff\xff\xff"), "malformed",
     "metadata"},
};

Test(abuse, bad_bytes_close_their_connection_and_say_why)
{
    for (size_t i = 0; i < sizeof bad_bytes / sizeof bad_bytes[0]; i++) {
        const struct bad_bytes *bad = &bad_bytes[i];
        char name[128];
        snprintf(name, sizeof name, "rollway_rejected_frames_total{reason=\"%s\"}", bad->reason);
        long before = metric(name);
        expect_closed(bad->what, bad->bytes, bad->size);
        cr_expect_eq(metric(name), before + 1, "%s", bad->what);
        expect_others_notice_nothing();
    }
}

/* Lines of one reason are a second apart. */
Test(abuse, every_reason_has_its_line)
{
    for (size_t i = 0; i < sizeof bad_bytes / sizeof bad_bytes[0]; i++) {
        struct timespec rest = {.tv_sec = 1, .tv_nsec = 50 * 1000 * 1000};
        nanosleep(&rest, NULL);
        expect_closed(bad_bytes[i].what, bad_bytes[i].bytes, bad_bytes[i].size);
        cr_expect(server_process_says(&server, bad_bytes[i].line), "%s", bad_bytes[i].what);
    }
}

Test(abuse, a_frame_that_is_cut_off_is_counted)
{
    struct wire_client client;
    cr_assert(wire_client_connect(&client, server.ports[0]));
    wire_client_send_bytes(&client, "\x00\x00\x01\x00\x00\x12", 6);
    wire_client_close(&client);
    cr_expect(server_process_says(&server, "in the middle of a request"));
    cr_expect_eq(metric("rollway_rejected_frames_total{reason=\"truncated\"}"), 1);
}

Test(abuse, earlier_requests_are_answered_before_the_connection_closes)
{
    struct wire_client client;
    struct api_versions_request request;
    api_versions_request_init(&request);
    cr_assert(wire_client_connect(&client, server.ports[0]));
    cr_assert(wire_client_send(&client, &api_versions_request_descriptor, &request, 0));
    wire_client_send_bytes(&client, "\xff\xff\xff\xff", 4);
    cr_expect_not_null(wire_client_receive(&client, &api_versions_response_descriptor, 0));
    cr_expect(wire_client_is_closed(&client));
    wire_client_close(&client);
}

Test(abuse, claims_of_large_frames_cost_nothing)
{
    enum { CLIENTS = 200 };
    static struct wire_client clients[CLIENTS];
    static uint8_t claim[9000] = {0x06, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03};
    for (int i = 0; i < CLIENTS; i++) {
        cr_assert(wire_client_connect(&clients[i], server.ports[0]));
        cr_assert(wire_client_send_bytes(&clients[i], claim, 4096 - 1));
    }
    expect_others_notice_nothing();
    cr_expect_lt(metric("process_resident_memory_bytes"), RESIDENT_BYTES_MAX);
    for (int i = 0; i < CLIENTS; i++) {
        wire_client_close(&clients[i]);
    }
}

Test(abuse, random_bytes_harm_nobody)
{
    struct random_seeded random;
    uint8_t bytes[2048];
    random_seeded_init(&random, 3);
    for (int i = 0; i < 300; i++) {
        struct wire_client client;
        size_t size = 4 + random_below(&random.random, sizeof bytes - 4);
        random.random.fill(&random.random, bytes, size);
        if (i % 2 == 0) {
            /* A frame that fits, with a key that exists: the decoders' turn. */
            uint16_t length = (uint16_t)(size - 4);
            bytes[0] = bytes[1] = 0;
            bytes[2] = (uint8_t)(length >> 8);
            bytes[3] = (uint8_t)length;
            if (size >= 8) {
                bytes[4] = 0;
                bytes[5] %= 76;
                bytes[6] = 0;
                bytes[7] %= 14;
            }
        }
        cr_assert(wire_client_connect(&client, server.ports[0]));
        wire_client_send_bytes(&client, bytes, size);
        wire_client_close(&client);
    }
    expect_others_notice_nothing();
    cr_expect_lt(metric("process_resident_memory_bytes"), RESIDENT_BYTES_MAX);
}

/* Many small requests whose answers nobody reads: back-pressure, not memory. */
Test(abuse, a_client_that_does_not_read_is_not_read_from)
{
    struct wire_client client;
    static const uint8_t ask[] = {0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff};
    static uint8_t asks[1000 * sizeof ask];
    for (size_t i = 0; i < sizeof asks; i++) {
        asks[i] = ask[i % sizeof ask];
    }
    cr_assert(wire_client_connect(&client, server.ports[0]));
    size_t sent = 0;
    int stuck = 0;
    while (stuck < 20 && sent < (size_t)512 * 1024 * 1024) {
        size_t start = sent % sizeof asks;
        ssize_t count =
            send(client.socket, asks + start, sizeof asks - start, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            sent += (size_t)count;
            stuck = 0;
        } else {
            struct timespec rest = {.tv_nsec = 10 * 1000 * 1000};
            nanosleep(&rest, NULL);
            stuck++;
        }
    }
    cr_expect_eq(stuck, 20, "the server takes no more");
    cr_expect_gt(metric("rollway_reading_paused_total"), 0);
    cr_expect_lt(metric("process_resident_memory_bytes"), RESIDENT_BYTES_MAX);
    wire_client_close(&client);
}
