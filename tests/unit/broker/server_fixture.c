#include "tests/unit/broker/server_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/server/shard_loop.h"

static struct server_fixture *fixture_of(const struct api_call *call)
{
    return shard_attachment(call->shard);
}

static void begin_answer(struct api_call *call)
{
    wire_writer_init(&call->response, &call->arena);
    wire_writer_begin_frame(&call->response);
    encode_int32(&call->response, call->header.correlation_id);
}

static void handle_echo(struct api_call *call)
{
    begin_answer(call);
    encode_raw(&call->response, call->body.data, call->body.size);
    wire_writer_end_frame(&call->response);
    api_call_complete(call);
}

void answer(struct api_call *call, const char *text)
{
    begin_answer(call);
    encode_raw(&call->response, text, strlen(text));
    wire_writer_end_frame(&call->response);
    api_call_complete(call);
}

static void handle_hold(struct api_call *call)
{
    struct server_fixture *fixture = fixture_of(call);
    cr_assert_lt(fixture->held_count, FIXTURE_HELD_MAX);
    fixture->held[fixture->held_count++] = call;
}

static void abandoned(struct api_call *call)
{
    struct server_fixture *fixture = fixture_of(call);
    fixture->abandoned_count++;
    api_call_complete_silently(call);
}

static void handle_wait(struct api_call *call)
{
    call->abandoned = abandoned;
    handle_hold(call);
}

static void handle_silent(struct api_call *call)
{
    api_call_complete_silently(call);
}

static void handle_reject(struct api_call *call)
{
    struct error error;
    status_ignore(error_set(&error, STATUS_MALFORMED, "metadata version 0: nonsense"));
    api_call_reject(call, &error);
}

static void no_release(struct counted *counted)
{
    (void)counted;
}

static void handle_file(struct api_call *call)
{
    struct server_fixture *fixture = fixture_of(call);
    struct slice *slice = arena_allocate(&call->arena, sizeof *slice);
    struct counted *owner = arena_allocate(&call->arena, sizeof *owner);
    counted_init(owner, no_release);
    *slice = (struct slice){
        .file_descriptor = fixture->file, .size = fixture->file_size, .owner = owner};
    struct slices slices = {slice, 1, 1, fixture->file_size};
    begin_answer(call);
    encode_raw(&call->response, "[", 1);
    encode_records_slices(&call->response, &slices, false);
    encode_raw(&call->response, "]", 1);
    wire_writer_end_frame(&call->response);
    slices_release(&slices);
    api_call_complete(call);
}

static const struct api served[] = {
    {.name = "silent", .key = KEY_SILENT, .handle = handle_silent},
    {.name = "wait", .key = KEY_WAIT, .rules = API_RULE_WAITS, .handle = handle_wait},
    {.name = "hold", .key = KEY_HOLD, .handle = handle_hold},
    {.name = "echo", .key = KEY_ECHO, .handle = handle_echo},
    {.name = "reject", .key = KEY_REJECT, .handle = handle_reject},
    {.name = "file", .key = KEY_FILE, .handle = handle_file},
};

static enum status admit(int16_t key, int16_t version, uint32_t listener, bool logged_in,
                         const struct api **api, struct error *error)
{
    (void)version;
    (void)listener;
    (void)logged_in;
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++) {
        if (served[i].key == key) {
            *api = &served[i];
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_UNSUPPORTED, "api key %d is not served", key);
}

void server_fixture_open(struct server_fixture *fixture)
{
    *fixture = (struct server_fixture){.file = -1};
    fake_clock_init(&fixture->clock, 1700000000000);
    fake_clock_advance_us(&fixture->clock, 1000000);
    recorded_diagnostics_init(&fixture->diagnostics, DIAGNOSTIC_INFO);
    fixture->metrics = metrics_shard_create(1);
    struct shard_options options = {.clock = &fixture->clock.clock,
                                    .diagnostics = &fixture->diagnostics.sink};
    struct error error;
    cr_assert_eq(shard_open(&options, &fixture->shard, &error), STATUS_OK);
    shard_attach(fixture->shard, fixture);
    struct server_limits limits = server_limits_default();
    server_shard_init(&fixture->server, fixture->shard, NULL, fixture->metrics, &limits);
    fixture->server.admit = admit;
}

void server_fixture_close(struct server_fixture *fixture)
{
    server_shard_abort(&fixture->server);
    server_fixture_turn(fixture);
    cr_expect_eq(fixture->server.connections_count, 0);
    cr_expect_eq(fixture->server.receive_pool.borrowed_bytes, 0);
    cr_expect_eq(metrics_get(fixture->metrics, METRIC_CALLS), 0);
    cr_expect_eq(metrics_get(fixture->metrics, METRIC_CONNECTIONS), 0);
    server_shard_clear(&fixture->server);
    shard_close(fixture->shard);
    metrics_shard_destroy(fixture->metrics);
    if (fixture->file >= 0) {
        close(fixture->file);
    }
}

static void closed(struct connection *connection, void *context)
{
    struct server_fixture *fixture = context;
    fixture->closed_count++;
    connection_destroy(connection);
}

int server_fixture_connect(struct server_fixture *fixture)
{
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    struct connection_origin origin = {.listener_name = TEXT_LITERAL("PLAINTEXT"),
                                       .listener_rule = API_LISTENER_CLIENT};
    struct connection *connection = connection_create(ends[0], 1, &origin, closed, fixture);
    cr_assert_not_null(connection);
    connection_open(connection, &fixture->server);
    return ends[1];
}

void server_fixture_turn(struct server_fixture *fixture)
{
    for (int i = 0; i < 8; i++) {
        shard_turn(fixture->shard, false);
    }
}

void server_fixture_advance(struct server_fixture *fixture, int64_t us)
{
    fake_clock_advance_us(&fixture->clock, us);
    server_fixture_turn(fixture);
}

size_t make_request(uint8_t *memory, int16_t key, int32_t correlation_id, const void *body,
                    size_t body_size)
{
    struct byte_writer writer = byte_writer_over(memory, 18 + body_size);
    write_i32(&writer, (int32_t)(14 + body_size));
    write_i16(&writer, key);
    write_i16(&writer, 0);
    write_i32(&writer, correlation_id);
    write_i16(&writer, 4);
    write_bytes(&writer, "test", 4);
    write_bytes(&writer, body, body_size);
    cr_assert(!writer.failed);
    return byte_writer_size(&writer);
}

void send_all(struct server_fixture *fixture, int client, const void *data, size_t size)
{
    const uint8_t *position = data;
    int stuck = 0;
    while (size > 0) {
        size_t part = size < FIXTURE_CHUNK_MAX ? size : FIXTURE_CHUNK_MAX;
        ssize_t sent = send(client, position, part, MSG_NOSIGNAL);
        if (sent < 0) {
            cr_assert(errno == EAGAIN && ++stuck < 100, "the server takes nothing");
        } else {
            position += sent;
            size -= (size_t)sent;
            stuck = 0;
        }
        server_fixture_turn(fixture);
    }
}

void send_request(struct server_fixture *fixture, int client, int16_t key, int32_t correlation_id,
                  const char *body)
{
    uint8_t memory[1024];
    size_t size = make_request(memory, key, correlation_id, body, strlen(body));
    send_all(fixture, client, memory, size);
}

size_t receive_some(struct server_fixture *fixture, int client, void *memory, size_t size)
{
    size_t received = 0;
    int idle = 0;
    while (received < size && idle < 2) {
        server_fixture_turn(fixture);
        ssize_t count = recv(client, (uint8_t *)memory + received, size - received, 0);
        if (count > 0) {
            received += (size_t)count;
            idle = 0;
        } else {
            idle++;
        }
    }
    return received;
}

int32_t receive_response(struct server_fixture *fixture, int client, char body[256])
{
    uint8_t head[8];
    if (receive_some(fixture, client, head, sizeof head) < sizeof head) {
        return -1;
    }
    size_t size = (size_t)load_i32(head) - 4;
    cr_assert_lt(size, 256);
    cr_assert_eq(receive_some(fixture, client, body, size), size);
    body[size] = '\0';
    return load_i32(head + 4);
}

bool is_closed(struct server_fixture *fixture, int client)
{
    uint8_t byte;
    server_fixture_turn(fixture);
    ssize_t count = recv(client, &byte, 1, 0);
    return count == 0 || (count < 0 && errno != EAGAIN);
}
