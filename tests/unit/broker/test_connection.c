#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/base/allocations.h"
#include "tests/unit/broker/server_fixture.h"

static struct server_fixture fixture;
static char body[256];

static void open_fixture(void)
{
    server_fixture_open(&fixture);
}

static void close_fixture(void)
{
    server_fixture_close(&fixture);
}

TestSuite(connection, .init = open_fixture, .fini = close_fixture, .timeout = 60);

Test(connection, answers_a_request)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_ECHO, 7, "hello");
    cr_expect_eq(receive_response(&fixture, client, body), 7);
    cr_expect_str_eq(body, "hello");
    close(client);
}

Test(connection, a_stream_cut_anywhere_is_answered_like_a_whole_one)
{
    uint8_t stream[256];
    uint8_t expected[256];
    uint8_t answered[256];
    size_t size = make_request(stream, KEY_ECHO, 1, "one", 3);
    size += make_request(stream + size, KEY_ECHO, 2, "", 0);
    size += make_request(stream + size, KEY_ECHO, 3, "three", 5);

    int client = server_fixture_connect(&fixture);
    send_all(&fixture, client, stream, size);
    size_t expected_size = receive_some(&fixture, client, expected, sizeof expected);
    cr_assert_eq(expected_size, 3 * 8 + 8);
    close(client);

    for (size_t cut = 1; cut < size; cut++) {
        client = server_fixture_connect(&fixture);
        send_all(&fixture, client, stream, cut);
        send_all(&fixture, client, stream + cut, size - cut);
        size_t answered_size = receive_some(&fixture, client, answered, sizeof answered);
        cr_expect_eq(answered_size, expected_size, "cut at %zu", cut);
        cr_expect_arr_eq(answered, expected, expected_size, "cut at %zu", cut);
        close(client);
    }
}

Test(connection, a_stream_byte_by_byte_is_answered_like_a_whole_one)
{
    uint8_t stream[256];
    size_t size = make_request(stream, KEY_ECHO, 1, "one", 3);
    size += make_request(stream + size, KEY_ECHO, 2, "two", 3);
    int client = server_fixture_connect(&fixture);
    for (size_t i = 0; i < size; i++) {
        send_all(&fixture, client, stream + i, 1);
    }
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    cr_expect_str_eq(body, "one");
    cr_expect_eq(receive_response(&fixture, client, body), 2);
    cr_expect_str_eq(body, "two");
    close(client);
}

Test(connection, responses_leave_in_the_order_of_their_requests)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_HOLD, 1, "");
    send_request(&fixture, client, KEY_ECHO, 2, "second");
    send_request(&fixture, client, KEY_HOLD, 3, "");
    send_request(&fixture, client, KEY_ECHO, 4, "fourth");
    cr_assert_eq(fixture.held_count, 2);
    cr_expect_eq(receive_response(&fixture, client, body), -1, "nothing before the first");
    answer(fixture.held[1], "third");
    cr_expect_eq(receive_response(&fixture, client, body), -1, "nothing before the first");
    answer(fixture.held[0], "first");
    static const char *const texts[] = {"first", "second", "third", "fourth"};
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(receive_response(&fixture, client, body), i + 1);
        cr_expect_str_eq(body, texts[i]);
    }
    close(client);
}

Test(connection, a_silent_request_has_no_response_and_holds_up_nobody)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_SILENT, 1, "");
    send_request(&fixture, client, KEY_ECHO, 2, "x");
    send_request(&fixture, client, KEY_SILENT, 3, "");
    cr_expect_eq(receive_response(&fixture, client, body), 2);
    cr_expect_eq(receive_response(&fixture, client, body), -1);
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_CALLS), 0);
    close(client);
}

Test(connection, a_rejected_request_closes_after_the_earlier_responses)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_HOLD, 1, "");
    send_request(&fixture, client, KEY_REJECT, 2, "");
    cr_expect_not(is_closed(&fixture, client), "the first is still to be answered");
    answer(fixture.held[0], "first");
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    cr_expect(is_closed(&fixture, client));
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_REJECTED_MALFORMED), 1);
    cr_expect_not_null(strstr(fixture.diagnostics.text, "metadata version 0: nonsense"));
    close(client);
}

Test(connection, what_is_sent_behind_a_rejected_request_is_not_handled)
{
    uint8_t stream[256];
    size_t size = make_request(stream, KEY_ECHO, 1, "one", 3);
    size += make_request(stream + size, KEY_REJECT, 2, "", 0);
    size += make_request(stream + size, KEY_ECHO, 3, "three", 5);
    int client = server_fixture_connect(&fixture);
    send_all(&fixture, client, stream, size);
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    cr_expect(is_closed(&fixture, client));
    close(client);
}

/* ---- bad frames ---- */

struct bad_frame {
    const char *bytes;
    size_t size;
    enum metric reason;
    const char *sentence;
};

static const struct bad_frame bad_frames[] = {
    {"\xff\xff\xff\xff", 4, METRIC_REJECTED_FRAME_SIZE, "frame of -1 bytes"},
    {"\x80\x00\x00\x00", 4, METRIC_REJECTED_FRAME_SIZE, "frame of -2147483648 bytes"},
    {"\x00\x00\x00\x00", 4, METRIC_REJECTED_FRAME_SIZE, "frame of 0 bytes"},
    {"\x00\x00\x00\x07", 4, METRIC_REJECTED_FRAME_SIZE, "frame of 7 bytes"},
    {"\x7f\xff\xff\xff", 4, METRIC_REJECTED_FRAME_SIZE, "frame of 2147483647 bytes"},
    {"GET / HTTP/1.1\r\n\r\n", 18, METRIC_REJECTED_FRAME_SIZE, "frame of 1195725856 bytes"},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", 10, METRIC_REJECTED_FRAME_SIZE, "frame of "},
    {"\x00\x00\x00\x0a\x00\x63\x00\x00\x00\x00\x00\x01\xff\xff", 14, METRIC_REJECTED_API,
     "api key 99 is not served"},
    {"\x00\x00\x00\x0a\xff\xff\x00\x00\x00\x00\x00\x01\xff\xff", 14, METRIC_REJECTED_API,
     "api key -1 is not served"},
    {"\x00\x00\x00\x08\x00\x03\x00\x00\x00\x00\x00\x01", 12, METRIC_REJECTED_HEADER, ""},
    {"\x00\x00\x00\x0b\x00\x03\x00\x00\x00\x00\x00\x01\x00\x05x", 15, METRIC_REJECTED_HEADER, ""},
};

Test(connection, bad_frames_close_their_connection_and_say_why)
{
    for (size_t i = 0; i < sizeof bad_frames / sizeof bad_frames[0]; i++) {
        const struct bad_frame *bad = &bad_frames[i];
        uint64_t before = metrics_get(fixture.metrics, bad->reason);
        server_fixture_advance(&fixture, REJECTION_LINE_US + 1);
        recorded_diagnostics_init(&fixture.diagnostics, DIAGNOSTIC_INFO);
        int other = server_fixture_connect(&fixture);
        int client = server_fixture_connect(&fixture);
        send_request(&fixture, client, KEY_ECHO, 5, "before");
        send_all(&fixture, client, bad->bytes, bad->size);
        cr_expect_eq(receive_response(&fixture, client, body), 5, "frame %zu", i);
        cr_expect(is_closed(&fixture, client), "frame %zu", i);
        cr_expect_eq(metrics_get(fixture.metrics, bad->reason), before + 1, "frame %zu", i);
        cr_expect_eq(fixture.diagnostics.count, 1, "frame %zu", i);
        cr_expect_not_null(strstr(fixture.diagnostics.text, bad->sentence), "frame %zu: %s", i,
                           fixture.diagnostics.text);
        send_request(&fixture, other, KEY_ECHO, 6, "others notice nothing");
        cr_expect_eq(receive_response(&fixture, other, body), 6, "frame %zu", i);
        close(client);
        close(other);
    }
}

Test(connection, the_same_trouble_many_times_is_one_line_a_second)
{
    for (int i = 0; i < 20; i++) {
        int client = server_fixture_connect(&fixture);
        send_all(&fixture, client, "\xff\xff\xff\xff", 4);
        close(client);
    }
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_REJECTED_FRAME_SIZE), 20);
    cr_expect_eq(fixture.diagnostics.count, 1);
    server_fixture_advance(&fixture, REJECTION_LINE_US);
    int client = server_fixture_connect(&fixture);
    send_all(&fixture, client, "\xff\xff\xff\xff", 4);
    cr_expect_eq(fixture.diagnostics.count, 2);
    cr_expect_not_null(strstr(fixture.diagnostics.text, "unprinted=19"));
    close(client);
}

Test(connection, an_end_in_the_middle_of_a_request_is_counted)
{
    int client = server_fixture_connect(&fixture);
    send_all(&fixture, client, "\x00\x00\x00\x20\x00", 5);
    close(client);
    server_fixture_turn(&fixture);
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_REJECTED_TRUNCATED), 1);
    cr_expect_eq(fixture.closed_count, 1);
}

Test(connection, half_a_connection_still_gets_its_answers)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_HOLD, 1, "");
    cr_assert_eq(shutdown(client, SHUT_WR), 0);
    server_fixture_turn(&fixture);
    answer(fixture.held[0], "answer");
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    cr_expect(is_closed(&fixture, client));
    close(client);
}

/* ---- memory ---- */

static void echo_large(int client, size_t size)
{
    uint8_t *request = malloc(size + 18);
    uint8_t *answered = malloc(size + 8);
    uint8_t *content = malloc(size);
    for (size_t i = 0; i < size; i++) {
        content[i] = (uint8_t)(i * 31 + i / 251);
    }
    size_t request_size = make_request(request, KEY_ECHO, 9, content, size);
    send_all(&fixture, client, request, request_size);
    size_t answered_size = receive_some(&fixture, client, answered, size + 8);
    cr_assert_eq(answered_size, size + 8);
    cr_expect_eq(memcmp(answered + 8, content, size), 0, "%zu bytes", size);
    free(request);
    free(answered);
    free(content);
}

Test(connection, frames_around_every_boundary_arrive_whole)
{
    static const size_t sizes[] = {1000,   1010,   1011,   4096,   65536,   262000,
                                   262080, 262144, 262200, 400000, 1048576, 5000000};
    int client = server_fixture_connect(&fixture);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        echo_large(client, sizes[i]);
        cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0, "%zu bytes", sizes[i]);
    }
    close(client);
}

Test(connection, many_frames_of_a_size_that_never_fits_evenly_arrive_whole)
{
    enum { SIZE = 65613, COUNT = 40 };
    int client = server_fixture_connect(&fixture);
    uint8_t *stream = malloc((SIZE + 18) * COUNT);
    uint8_t *content = malloc(SIZE);
    uint8_t *answered = malloc(SIZE + 8);
    size_t size = 0;
    for (int i = 0; i < COUNT; i++) {
        memset(content, 'a' + i, SIZE);
        size += make_request(stream + size, KEY_HOLD, i, content, SIZE);
    }
    send_all(&fixture, client, stream, size);
    cr_assert_eq(fixture.held_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        struct api_call *call = fixture.held[i];
        cr_expect_eq(call->body.size, SIZE);
        cr_expect_eq(call->body.data[0], 'a' + i, "the frame stays while the call is under way");
        cr_expect_eq(call->body.data[SIZE - 1], 'a' + i);
        answer(call, "ok");
    }
    for (int i = 0; i < COUNT; i++) {
        cr_expect_eq(receive_response(&fixture, client, body), i);
    }
    cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0);
    free(stream);
    free(content);
    free(answered);
    close(client);
}

Test(connection, memory_grows_with_what_arrives_and_not_with_what_is_claimed)
{
    int client = server_fixture_connect(&fixture);
    uint8_t claim[14] = {0x05, 0xf5, 0xe1, 0x00, 0, KEY_ECHO}; /* 100 000 000 bytes */
    send_all(&fixture, client, claim, sizeof claim);
    cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0, "a piece is kept aside");
    uint8_t more[100000] = {0};
    send_all(&fixture, client, more, sizeof more);
    cr_expect_leq(fixture.server.receive_pool.borrowed_bytes, 3 * (size_t)RECEIVE_BUFFER_SIZE);
    close(client);
}

Test(connection, an_idle_connection_holds_no_buffer)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_ECHO, 1, "x");
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0);
    for (int i = 0; i < 4; i++) {
        server_fixture_advance(&fixture, SERVER_TRIM_US);
    }
    cr_expect_eq(fixture.server.receive_pool.free_count, 0, "and an idle shard neither");
    cr_expect_eq(fixture.server.free_calls_count, 0);
    close(client);
}

Test(connection, a_request_that_waits_holds_no_large_buffer)
{
    uint8_t request[5000];
    uint8_t content[4000];
    memset(content, 'w', sizeof content);
    int client = server_fixture_connect(&fixture);
    size_t size = make_request(request, KEY_WAIT, 1, content, sizeof content);
    send_all(&fixture, client, request, size);
    cr_assert_eq(fixture.held_count, 1);
    cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0);
    cr_expect_eq(fixture.held[0]->body.data[3999], 'w');
    answer(fixture.held[0], "");
    close(client);
}

Test(connection, a_handler_may_let_the_frame_go_early)
{
    uint8_t request[5000];
    uint8_t content[4000] = {0};
    int client = server_fixture_connect(&fixture);
    size_t size = make_request(request, KEY_HOLD, 1, content, sizeof content);
    send_all(&fixture, client, request, size);
    cr_expect_gt(fixture.server.receive_pool.borrowed_bytes, 0);
    api_call_frame_done(fixture.held[0]);
    cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0);
    answer(fixture.held[0], "x");
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    close(client);
}

Test(connection, a_steady_stream_allocates_nothing)
{
    int client = server_fixture_connect(&fixture);
    uint8_t stream[64 * 64];
    uint8_t answered[64 * 64];
    size_t size = 0;
    for (int i = 0; i < 32; i++) {
        size += make_request(stream + size, KEY_ECHO, i, "0123456789", 10);
    }
    send_all(&fixture, client, stream, size);
    cr_assert_eq(receive_some(&fixture, client, answered, 32 * 18), 32 * 18);
    size_t before = allocations_count();
    for (int i = 0; i < 100; i++) {
        send_all(&fixture, client, stream, size);
        cr_assert_eq(receive_some(&fixture, client, answered, 32 * 18), 32 * 18);
    }
    cr_expect_eq(allocations_count(), before);
    close(client);
}

Test(connection, without_memory_for_a_call_the_connection_closes)
{
    int client = server_fixture_connect(&fixture);
    uint8_t request[64];
    size_t size = make_request(request, KEY_ECHO, 1, "x", 1);
    cr_assert_eq(send(client, request, size, 0), (ssize_t)size);
    allocations_refuse_after(0);
    server_fixture_turn(&fixture);
    allocations_allow();
    cr_expect(is_closed(&fixture, client));
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_REFUSED_MEMORY), 1);
    close(client);
}

Test(connection, who_finds_no_receive_memory_goes_on_when_there_is_some)
{
    fixture.server.receive_pool.borrowed_bytes_max = RECEIVE_BUFFER_SIZE;
    static uint8_t request[70000];
    static const uint8_t content[60000];
    int first = server_fixture_connect(&fixture);
    int second = server_fixture_connect(&fixture);
    size_t size = make_request(request, KEY_HOLD, 1, content, sizeof content);
    send_all(&fixture, first, request, size);
    cr_assert_eq(fixture.held_count, 1);
    send_request(&fixture, second, KEY_ECHO, 2, "later");
    cr_expect_eq(receive_response(&fixture, second, body), -1);
    cr_expect_gt(metrics_get(fixture.metrics, METRIC_READING_PAUSED), 0);
    answer(fixture.held[0], "x");
    cr_expect_eq(receive_response(&fixture, first, body), 1);
    cr_expect_eq(receive_response(&fixture, second, body), 2);
    close(first);
    close(second);
}

/* ---- limits ---- */

Test(connection, at_the_limit_of_requests_it_is_not_read_from)
{
    fixture.server.limits.calls_max = 4;
    int client = server_fixture_connect(&fixture);
    for (int i = 0; i < 10; i++) {
        send_request(&fixture, client, KEY_HOLD, i, "");
    }
    cr_expect_eq(fixture.held_count, 4);
    for (size_t i = 0; i < 10; i++) {
        cr_assert_lt(i, fixture.held_count);
        answer(fixture.held[i], "x");
        cr_expect_eq(receive_response(&fixture, client, body), (int32_t)i);
    }
    close(client);
}

Test(connection, requests_received_at_once_wait_for_the_limit_in_the_buffer)
{
    fixture.server.limits.calls_max = 2;
    uint8_t stream[512];
    size_t size = 0;
    for (int i = 0; i < 7; i++) {
        size += make_request(stream + size, KEY_HOLD, i, "", 0);
    }
    int client = server_fixture_connect(&fixture);
    send_all(&fixture, client, stream, size);
    cr_expect_eq(fixture.held_count, 2);
    for (size_t i = 0; i < 7; i++) {
        cr_assert_lt(i, fixture.held_count);
        answer(fixture.held[i], "x");
        cr_expect_eq(receive_response(&fixture, client, body), (int32_t)i);
    }
    cr_expect_eq(fixture.server.receive_pool.borrowed_bytes, 0);
    close(client);
}

Test(connection, who_does_not_read_is_not_read_from_and_then_closed)
{
    fixture.server.limits.output_bytes_max = 100000;
    static uint8_t request[70000];
    static const uint8_t content[60000];
    int client = server_fixture_connect(&fixture);
    size_t size = make_request(request, KEY_ECHO, 1, content, sizeof content);
    size_t sent = 0;
    for (int i = 0; i < 200; i++) {
        ssize_t count = send(client, request, size, MSG_NOSIGNAL);
        if (count != (ssize_t)size) {
            break;
        }
        sent++;
        server_fixture_turn(&fixture);
    }
    cr_expect_lt(sent, 200, "back-pressure reaches the client");
    server_fixture_advance(&fixture, fixture.server.limits.stalled_us_max - 1);
    cr_expect_eq(fixture.closed_count, 0);
    server_fixture_advance(&fixture, 2);
    cr_expect_eq(fixture.closed_count, 1);
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_CLOSED_SLOW_READER), 1);
    close(client);
}

Test(connection, a_slow_reader_who_reads_on_gets_everything)
{
    static uint8_t request[70000];
    static const uint8_t content[60000];
    static uint8_t answered[60008];
    int client = server_fixture_connect(&fixture);
    size_t size = make_request(request, KEY_ECHO, 1, content, sizeof content);
    for (int i = 0; i < 20; i++) {
        send_all(&fixture, client, request, size);
    }
    for (int i = 0; i < 20; i++) {
        server_fixture_advance(&fixture, fixture.server.limits.stalled_us_max / 8);
        cr_assert_eq(receive_some(&fixture, client, answered, sizeof answered), sizeof answered);
        cr_expect_eq(load_i32(answered), 60004);
    }
    close(client);
}

Test(connection, a_request_must_be_whole_in_time)
{
    int client = server_fixture_connect(&fixture);
    int other = server_fixture_connect(&fixture);
    send_all(&fixture, client, "\x00\x00\x00\x20\x00", 5);
    server_fixture_advance(&fixture, fixture.server.limits.frame_us_max / 2);
    send_all(&fixture, client, "\x03", 1);
    server_fixture_advance(&fixture, fixture.server.limits.frame_us_max / 2 - 1);
    cr_expect_not(is_closed(&fixture, client));
    server_fixture_advance(&fixture, 2);
    cr_expect(is_closed(&fixture, client));
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_CLOSED_SLOW_SENDER), 1);
    cr_expect_not(is_closed(&fixture, other));
    close(client);
    close(other);
}

Test(connection, an_idle_connection_is_closed_without_a_line)
{
    int client = server_fixture_connect(&fixture);
    int64_t idle_us = fixture.server.limits.idle_us_max;
    server_fixture_advance(&fixture, idle_us / 2);
    send_request(&fixture, client, KEY_ECHO, 1, "still here");
    server_fixture_advance(&fixture, idle_us / 2 + 1);
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    cr_expect_not(is_closed(&fixture, client));
    server_fixture_advance(&fixture, idle_us / 2);
    cr_expect(is_closed(&fixture, client));
    cr_expect_eq(metrics_get(fixture.metrics, METRIC_CLOSED_IDLE), 1);
    cr_expect_eq(fixture.diagnostics.count, 0);
    close(client);
}

Test(connection, a_connection_that_waits_for_an_answer_is_not_idle)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_HOLD, 1, "");
    server_fixture_advance(&fixture, fixture.server.limits.idle_us_max * 3);
    cr_expect_not(is_closed(&fixture, client));
    answer(fixture.held[0], "late");
    cr_expect_eq(receive_response(&fixture, client, body), 1);
    close(client);
}

/* ---- ends ---- */

Test(connection, a_lost_connection_tells_those_who_wait_for_it)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_WAIT, 1, "");
    close(client);
    server_fixture_turn(&fixture);
    cr_expect_eq(fixture.abandoned_count, 1);
    cr_expect_eq(fixture.closed_count, 1);
}

Test(connection, a_call_outlives_its_connection)
{
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_HOLD, 1, "");
    server_shard_abort(&fixture.server);
    server_fixture_turn(&fixture);
    cr_expect(is_closed(&fixture, client));
    cr_expect_eq(fixture.closed_count, 0, "its memory stays for the call");
    cr_assert(fixture.held[0]->connection_lost);
    answer(fixture.held[0], "to nobody");
    server_fixture_turn(&fixture);
    cr_expect_eq(fixture.closed_count, 1);
    close(client);
}

static void note_stopped(struct server_shard *server)
{
    CONTAINER_OF(server, struct server_fixture, server)->has_stopped = true;
}

Test(connection, a_stop_answers_what_is_under_way)
{
    int busy = server_fixture_connect(&fixture);
    int idle = server_fixture_connect(&fixture);
    int waiting = server_fixture_connect(&fixture);
    send_request(&fixture, busy, KEY_HOLD, 1, "");
    send_request(&fixture, waiting, KEY_WAIT, 2, "");
    server_shard_stop(&fixture.server, note_stopped);
    cr_expect(is_closed(&fixture, idle));
    cr_expect(is_closed(&fixture, waiting), "news may take long");
    cr_expect_eq(fixture.abandoned_count, 1);
    cr_expect_not(fixture.has_stopped);
    answer(fixture.held[0], "done");
    cr_expect_eq(receive_response(&fixture, busy, body), 1);
    cr_expect(is_closed(&fixture, busy));
    cr_expect(fixture.has_stopped);
    close(busy);
    close(idle);
    close(waiting);
}

Test(connection, files_and_memory_leave_in_their_order)
{
    enum { SIZE = 300000 };
    static uint8_t answered[SIZE + 64];
    uint8_t content[1000];
    fixture.file = memfd_create("slices", MFD_CLOEXEC);
    for (int i = 0; i < SIZE / 1000; i++) {
        memset(content, i, sizeof content);
        cr_assert_eq(write(fixture.file, content, sizeof content), 1000);
    }
    fixture.file_size = SIZE;
    int client = server_fixture_connect(&fixture);
    uint8_t stream[256];
    size_t size = make_request(stream, KEY_ECHO, 1, "a", 1);
    size += make_request(stream + size, KEY_FILE, 2, "", 0);
    size += make_request(stream + size, KEY_ECHO, 3, "b", 1);
    send_all(&fixture, client, stream, size);
    size_t received = receive_some(&fixture, client, answered, sizeof answered);
    cr_assert_eq(received, 9 + (8 + 1 + 4 + SIZE + 1) + 9);
    const uint8_t *file = answered + 9 + 8;
    cr_expect_eq(file[0], '[');
    for (int i = 0; i < SIZE; i += 500) {
        cr_assert_eq(file[5 + i], (uint8_t)(i / 1000));
    }
    cr_expect_eq(file[5 + SIZE], ']');
    cr_expect_eq(answered[received - 1], 'b');
    close(client);
}

Test(connection, a_file_that_ends_too_early_closes_the_connection)
{
    fixture.file = memfd_create("slices", MFD_CLOEXEC);
    cr_assert_eq(write(fixture.file, "short", 5), 5);
    fixture.file_size = 100;
    int client = server_fixture_connect(&fixture);
    send_request(&fixture, client, KEY_FILE, 1, "");
    uint8_t answered[200];
    cr_expect_lt(receive_some(&fixture, client, answered, sizeof answered), 100);
    cr_expect(is_closed(&fixture, client));
    close(client);
}
