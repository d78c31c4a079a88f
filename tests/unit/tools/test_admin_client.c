#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/generated/metadata.h"
#include "proto/wire/kafka_error.h"
#include "proto/wire/message_table.h"
#include "proto/wire/response_header.h"
#include "proto/wire/wire_writer.h"
#include "tools/rollway/admin_client.h"

#define TIMEOUT_MS 10000

/* A broker that answers so many requests, one of them wrongly. */
struct fake_broker {
    int listener;
    pthread_t thread;
    char address[64];
    int answers;          /* Then it closes the connection. */
    int16_t versions_max; /* The highest version of ApiVersions that it knows. */
    int16_t metadata_max;
    int16_t metadata_min;
    bool is_silent;    /* Reads, and answers nothing. */
    bool is_confused;  /* Answers with another correlation id. */
    bool is_too_large; /* Announces more than anybody reads. */
};

static struct fake_broker broker;
static struct admin_client *client;
static struct arena arena;
static struct error error;

static bool read_whole(int socket, uint8_t *memory, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = recv(socket, memory + done, size - done, 0);
        if (count <= 0) {
            return false;
        }
        done += (size_t)count;
    }
    return true;
}

static void answer_versions(int16_t version, struct wire_writer *writer)
{
    struct api_versions_response response;
    struct api_versions_response_api_version apis[2];
    struct error ignored;
    bool is_known = version <= broker.versions_max;
    api_versions_response_api_version_init(&apis[0]);
    api_versions_response_api_version_init(&apis[1]);
    apis[0].api_key = 18;
    apis[0].max_version = broker.versions_max;
    apis[1].api_key = METADATA_REQUEST_KEY;
    apis[1].min_version = broker.metadata_min;
    apis[1].max_version = broker.metadata_max;
    api_versions_response_init(&response);
    response.error_code = is_known ? KAFKA_NONE : KAFKA_UNSUPPORTED_VERSION;
    response.api_keys.items = apis;
    response.api_keys.count = 2;
    status_ignore(
        api_versions_response_encode(&response, is_known ? version : 0, writer, &ignored));
}

static void answer_metadata(int16_t version, struct wire_writer *writer)
{
    struct metadata_response response;
    struct error ignored;
    metadata_response_init(&response);
    response.cluster_id = TEXT_LITERAL("fake");
    response.controller_id = version; /* So that the test sees which one was chosen. */
    status_ignore(metadata_response_encode(&response, version, writer, &ignored));
}

static bool answer(int socket)
{
    uint8_t request[4096];
    uint8_t memory[4096];
    struct wire_writer writer;
    struct bytes bytes;
    struct error ignored;
    if (!read_whole(socket, request, 4) || load_u32(request) > sizeof request - 4 ||
        !read_whole(socket, request + 4, load_u32(request))) {
        return false;
    }
    int16_t key = load_i16(request + 4);
    int16_t version = load_i16(request + 6);
    if (broker.is_silent && key != 18) {
        return true;
    }
    wire_writer_init_over(&writer, memory, sizeof memory);
    wire_writer_begin_frame(&writer);
    status_ignore(response_header_write(api_messages_find(key), version,
                                        load_i32(request + 8) + broker.is_confused, &writer,
                                        &ignored));
    if (key == 18) {
        answer_versions(version, &writer);
    } else {
        answer_metadata(version, &writer);
    }
    wire_writer_end_frame(&writer);
    if (wire_writer_finish_bytes(&writer, &bytes, &ignored) != STATUS_OK) {
        return false;
    }
    if (broker.is_too_large) {
        store_u32(memory, UINT32_MAX);
    }
    return send(socket, bytes.data, bytes.size, MSG_NOSIGNAL) == (ssize_t)bytes.size;
}

static void *serve(void *context)
{
    (void)context;
    int socket = accept(broker.listener, NULL, NULL);
    for (int i = 0; i < broker.answers && answer(socket); i++) {
    }
    close(socket);
    return NULL;
}

static void start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    broker.listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(broker.listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(broker.listener, 1), 0);
    cr_assert_eq(getsockname(broker.listener, (struct sockaddr *)&address, &size), 0);
    snprintf(broker.address, sizeof broker.address, "127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert_eq(pthread_create(&broker.thread, NULL, serve, NULL), 0);
}

static void setup(void)
{
    broker = (struct fake_broker){.answers = 100, .versions_max = 4, .metadata_max = 13};
    client = NULL;
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    admin_client_close(client);
    if (broker.listener != 0) {
        pthread_join(broker.thread, NULL);
        close(broker.listener);
    }
    arena_clear(&arena);
}

TestSuite(admin_client, .init = setup, .fini = teardown);

static void connect_client(int64_t timeout_ms)
{
    start();
    cr_assert_eq(admin_client_open(broker.address, timeout_ms, &client, &error), STATUS_OK, "%s",
                 error.text);
}

static enum status ask(struct metadata_response *response)
{
    struct metadata_request request;
    metadata_request_init(&request);
    request.topics.is_null = true;
    return admin_client_call(client, METADATA_REQUEST_KEY, &request, response, &arena, &error);
}

Test(admin_client, the_highest_version_that_both_have_is_spoken)
{
    struct metadata_response response;
    broker.metadata_max = 9;
    connect_client(TIMEOUT_MS);
    cr_assert_eq(ask(&response), STATUS_OK, "%s", error.text);
    cr_assert(text_equal(response.cluster_id, TEXT_LITERAL("fake")));
    cr_assert_eq(response.controller_id, 9);
    cr_assert_eq(ask(&response), STATUS_OK, "%s", error.text);
}

Test(admin_client, a_broker_from_the_future_is_spoken_to_as_we_can)
{
    struct metadata_response response;
    broker.metadata_max = 99;
    connect_client(TIMEOUT_MS);
    cr_assert_eq(ask(&response), STATUS_OK, "%s", error.text);
    cr_assert_eq(response.controller_id, METADATA_REQUEST_VERSION_MAX);
}

Test(admin_client, an_old_broker_is_asked_again_in_version_0)
{
    struct metadata_response response;
    broker.versions_max = 2;
    connect_client(TIMEOUT_MS);
    cr_assert_eq(admin_client_versions(client)->api_keys.count, 2);
    cr_assert_eq(ask(&response), STATUS_OK, "%s", error.text);
}

Test(admin_client, no_version_in_common_is_told)
{
    struct metadata_response response;
    broker.metadata_min = 98;
    broker.metadata_max = 99;
    connect_client(TIMEOUT_MS);
    cr_assert_eq(ask(&response), STATUS_UNSUPPORTED);
    cr_assert_not_null(strstr(error.text, "metadata_request versions 98 to 99, known here are"));
}

Test(admin_client, an_api_that_the_broker_lacks_is_told)
{
    connect_client(TIMEOUT_MS);
    cr_assert_eq(admin_client_call(client, 19, NULL, NULL, &arena, &error), STATUS_UNSUPPORTED);
    cr_assert_not_null(strstr(error.text, "does not have create_topics_request"));
}

Test(admin_client, a_broker_that_goes_away_is_told)
{
    struct metadata_response response;
    broker.answers = 1;
    connect_client(TIMEOUT_MS);
    enum status status = ask(&response);
    cr_assert_eq(status, STATUS_IO);
    cr_assert_eq(strncmp(error.text, broker.address, strlen(broker.address)), 0, "%s", error.text);
}

Test(admin_client, a_broker_that_is_silent_is_waited_for_no_longer_than_asked)
{
    struct metadata_response response;
    broker.is_silent = true;
    connect_client(50);
    cr_assert_eq(ask(&response), STATUS_TIMED_OUT);
    cr_assert_not_null(strstr(error.text, "no answer within 50 ms"));
}

Test(admin_client, an_answer_to_another_request_is_refused)
{
    broker.is_confused = true;
    start();
    cr_assert_eq(admin_client_open(broker.address, TIMEOUT_MS, &client, &error), STATUS_MALFORMED);
    cr_assert_not_null(strstr(error.text, "response to request 2, expected was 1"));
}

Test(admin_client, an_answer_that_is_too_large_is_refused)
{
    broker.is_too_large = true;
    start();
    cr_assert_eq(admin_client_open(broker.address, TIMEOUT_MS, &client, &error), STATUS_MALFORMED);
    cr_assert_not_null(strstr(error.text, "response of 4294967295 bytes"));
}

Test(admin_client, the_first_broker_that_answers_is_taken)
{
    char bootstrap[128];
    start();
    snprintf(bootstrap, sizeof bootstrap, "127.0.0.1:1,,%s", broker.address);
    cr_assert_eq(admin_client_open(bootstrap, TIMEOUT_MS, &client, &error), STATUS_OK, "%s",
                 error.text);
}

Test(admin_client, nobody_to_ask_is_told)
{
    cr_assert_eq(admin_client_open("", TIMEOUT_MS, &client, &error), STATUS_INVALID);
    cr_assert_eq(admin_client_open("127.0.0.1:1", TIMEOUT_MS, &client, &error), STATUS_IO);
    cr_assert_str_eq(error.text, "127.0.0.1:1: connect: Connection refused");
    admin_client_close(NULL);
}

Test(admin_client, addresses)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused. */
        uint16_t port;
    } CASES[] = {
        {"a", "a", 9092},
        {"a:1", "a", 1},
        {"10.0.0.1:65535", "10.0.0.1", 65535},
        {"[::1]:19092", "::1", 19092},
        {"[::1]", "::1", 9092},
        {"", NULL, 0},
        {":1", NULL, 0},
        {"a:", NULL, 0},
        {"a:0", NULL, 0},
        {"a:65536", NULL, 0},
        {"a:b", NULL, 0},
        {"a:1:2", NULL, 0},
        {"[::1", NULL, 0},
        {"[]:1", NULL, 0},
        {"[::1]1", NULL, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char host[ADMIN_HOST_SIZE_MAX];
        uint16_t port = 0;
        enum status status = admin_address_parse(text_of(CASES[i].text), host, &port, &error);
        cr_assert_eq(status, CASES[i].host != NULL ? STATUS_OK : STATUS_INVALID, "%s",
                     CASES[i].text);
        if (CASES[i].host != NULL) {
            cr_assert_str_eq(host, CASES[i].host);
            cr_assert_eq(port, CASES[i].port);
        }
    }
}

Test(admin_client, codes_become_sentences)
{
    cr_assert_eq(admin_check(KAFKA_NONE, TEXT_LITERAL("x"), &error), STATUS_OK);
    cr_assert_eq(admin_check(KAFKA_INVALID_CONFIG, TEXT_LITERAL("too small"), &error),
                 STATUS_INVALID);
    cr_assert_str_eq(error.text, "too small (INVALID_CONFIG)");
    cr_assert_eq(admin_check(KAFKA_NOT_LEADER_OR_FOLLOWER, TEXT_NULL, &error), STATUS_INVALID);
    cr_assert_str_eq(error.text,
                     "this broker does not lead or follow the partition (NOT_LEADER_OR_FOLLOWER)");
}
