#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/server/http_server.h"
#include "broker/server/shard_loop.h"

static struct shard *shard;
static struct http_server *server;
static struct http_request *kept;
static struct error error;

static void handle(void *context, struct http_request *request, const char *path)
{
    (void)context;
    if (strcmp(path, "/later") == 0) {
        kept = request;
        return;
    }
    http_request_answer(request, strcmp(path, "/there") == 0 ? 200 : 404, "text/plain", path,
                        strlen(path));
}

static void open_server(void)
{
    struct shard_options options = {.clock = clock_system()};
    cr_assert_eq(shard_open(&options, &shard, &error), STATUS_OK);
    cr_assert_eq(http_server_open(shard, "127.0.0.1", 0, handle, NULL, &server, &error), STATUS_OK);
}

static void close_server(void)
{
    http_server_close(server);
    shard_close(shard);
}

TestSuite(http_server, .init = open_server, .fini = close_server, .timeout = 30);

static int dial(void)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static const char *ask(int client, const char *request)
{
    static char answered[4096];
    size_t size = 0;
    cr_assert_eq(send(client, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    for (int i = 0; i < 100 && size == 0; i++) {
        shard_turn(shard, false);
        ssize_t count = recv(client, answered, sizeof answered - 1, MSG_DONTWAIT);
        size = count > 0 ? (size_t)count : 0;
        usleep(1000);
    }
    answered[size] = '\0';
    return answered;
}

Test(http_server, answers_by_path_without_the_query)
{
    int client = dial();
    const char *answered = ask(client, "GET /there?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect_eq(strncmp(answered, "HTTP/1.1 200 OK\r\n", 17), 0, "%s", answered);
    cr_expect_not_null(strstr(answered, "Content-Type: text/plain\r\n"));
    cr_expect_not_null(strstr(answered, "\r\n\r\n/there"));
    answered = ask(client, "GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect_eq(strncmp(answered, "HTTP/1.1 404 ", 13), 0, "%s", answered);
    close(client);
}

Test(http_server, other_methods_are_refused)
{
    int client = dial();
    const char *answered =
        ask(client, "DELETE /there HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    cr_expect(strncmp(answered, "HTTP/1.1 501", 12) == 0 ||
                  strncmp(answered, "HTTP/1.1 405", 12) == 0,
              "%s", answered);
    close(client);
}

Test(http_server, an_answer_may_come_later)
{
    int client = dial();
    const char *request = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
    cr_assert_eq(send(client, request, strlen(request), 0), (ssize_t)strlen(request));
    for (int i = 0; i < 100 && kept == NULL; i++) {
        shard_turn(shard, false);
        usleep(1000);
    }
    cr_assert_not_null(kept);
    http_request_answer(kept, 200, "text/plain", "late", 4);
    const char *answered = ask(client, "");
    cr_expect_not_null(strstr(answered, "\r\n\r\nlate"));
    close(client);
}

Test(http_server, a_taken_port_is_said)
{
    struct http_server *other;
    cr_expect_eq(http_server_open(shard, "127.0.0.1", http_server_port(server), handle, NULL,
                                  &other, &error),
                 STATUS_BUSY);
    cr_expect_not_null(strstr(error.text, "the port is in use"), "%s", error.text);
}

Test(http_server, an_address_of_another_machine_is_said)
{
    struct http_server *other;
    cr_expect_eq(http_server_open(shard, "192.0.2.1", 0, handle, NULL, &other, &error),
                 STATUS_INVALID);
}
