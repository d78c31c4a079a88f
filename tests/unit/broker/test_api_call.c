#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/api/api_call.h"
#include "proto/generated/api_versions.h"
#include "proto/generated/metadata.h"

enum outcome { NOTHING, COMPLETED, SILENT, REJECTED, FRAME_DONE };

static enum outcome outcome;
static struct error reason;
static struct api_call call;

static void completed(struct api_call *ended)
{
    cr_expect_eq(ended, &call);
    outcome = COMPLETED;
}

static void completed_silently(struct api_call *ended)
{
    cr_expect_eq(ended, &call);
    outcome = SILENT;
}

static void rejected(struct api_call *ended, const struct error *error)
{
    cr_expect_eq(ended, &call);
    reason = *error;
    outcome = REJECTED;
}

static void frame_done(struct api_call *ended)
{
    cr_expect_eq(ended, &call);
    outcome = FRAME_DONE;
}

static const struct api_call_owner owner = {completed, completed_silently, rejected, frame_done};

static void begin(int16_t key, int16_t version, const char *body, size_t size)
{
    outcome = NOTHING;
    call = (struct api_call){.owner = &owner, .api = api_find(key)};
    call.header.request_api_key = key;
    call.header.request_api_version = version;
    call.header.correlation_id = 0x01020304;
    call.body = (struct bytes){(const uint8_t *)body, size};
    arena_init(&call.arena, 1 << 20);
}

static void end(void)
{
    slices_release(&call.outgoing);
    arena_clear(&call.arena);
}

TestSuite(api_call, .fini = end);

static size_t answered(uint8_t *memory)
{
    size_t size = 0;
    for (size_t i = 0; i < call.outgoing.count; i++) {
        memcpy(memory + size, call.outgoing.items[i].data, call.outgoing.items[i].size);
        size += call.outgoing.items[i].size;
    }
    return size;
}

Test(api_call, a_whole_body_is_decoded)
{
    struct metadata_request request;
    begin(API_KEY_METADATA, 1, "\x00\x00\x00\x01\x00\x01t", 7);
    cr_assert(api_call_decode(&call, &request));
    cr_assert_eq(request.topics.count, 1);
    cr_expect(text_equal(request.topics.items[0].name, TEXT_LITERAL("t")));
    cr_expect_eq(outcome, NOTHING);
}

Test(api_call, bytes_behind_the_end_are_rejected)
{
    struct metadata_request request;
    begin(API_KEY_METADATA, 1, "\x00\x00\x00\x01\x00\x01tXX", 9);
    cr_expect_not(api_call_decode(&call, &request));
    cr_expect_eq(outcome, REJECTED);
    cr_expect_str_eq(reason.text, "metadata version 1: 2 bytes behind its end");
}

Test(api_call, a_body_that_ends_too_early_is_rejected)
{
    struct metadata_request request;
    begin(API_KEY_METADATA, 1, "\x00\x00\x00\x02\x00\x01t", 7);
    cr_expect_not(api_call_decode(&call, &request));
    cr_expect_eq(outcome, REJECTED);
    cr_expect_eq(reason.status, STATUS_MALFORMED);
}

Test(api_call, a_response_is_framed_with_its_header)
{
    struct metadata_response response;
    uint8_t bytes[256];
    metadata_response_init(&response);
    response.controller_id = 7;
    begin(API_KEY_METADATA, 1, "", 0);
    api_call_respond(&call, &response);
    cr_assert_eq(outcome, COMPLETED);
    size_t size = answered(bytes);
    cr_expect_eq(size, call.response_size);
    cr_expect_eq(load_i32(bytes), (int32_t)size - 4);
    cr_expect_eq(load_i32(bytes + 4), 0x01020304);
    cr_expect_eq(load_i32(bytes + 8), 0, "brokers");
    cr_expect_eq(load_i32(bytes + 12), 7, "controller");
    cr_expect_eq(size, 20);
}

Test(api_call, a_flexible_response_has_tags_in_its_header)
{
    struct metadata_response response;
    uint8_t bytes[256];
    metadata_response_init(&response);
    begin(API_KEY_METADATA, 9, "", 0);
    api_call_respond(&call, &response);
    answered(bytes);
    cr_expect_eq(bytes[8], 0, "no tagged fields");
    cr_expect_eq(load_i32(bytes + 9), 0, "throttle time");
}

Test(api_call, api_versions_never_has_tags_in_its_header)
{
    struct api_versions_response response;
    uint8_t bytes[256];
    api_versions_response_init(&response);
    response.error_code = 42;
    begin(API_KEY_API_VERSIONS, 3, "", 0);
    api_call_respond(&call, &response);
    answered(bytes);
    cr_expect_eq(load_i16(bytes + 8), 42);
    outcome = NOTHING;
}

Test(api_call, a_response_may_have_another_version)
{
    struct api_versions_response response;
    uint8_t bytes[256];
    api_versions_response_init(&response);
    response.error_code = 35;
    begin(API_KEY_API_VERSIONS, 99, "", 0);
    api_call_respond_at(&call, &response, 0);
    cr_expect_eq(answered(bytes), 4 + 4 + 2 + 4);
    cr_expect_eq(load_i16(bytes + 8), 35);
}

Test(api_call, a_response_that_cannot_be_written_is_rejected)
{
    struct metadata_response response;
    metadata_response_init(&response);
    begin(API_KEY_METADATA, 1, "", 0);
    arena_clear(&call.arena);
    arena_init(&call.arena, 16);
    api_call_respond(&call, &response);
    cr_expect_eq(outcome, REJECTED);
    cr_expect_eq(strncmp(reason.text, "answer metadata", 15), 0, "%s", reason.text);
}

Test(api_call, other_ends_are_told_to_the_owner)
{
    begin(API_KEY_METADATA, 1, "", 0);
    api_call_frame_done(&call);
    cr_expect_eq(outcome, FRAME_DONE);
    api_call_complete_silently(&call);
    cr_expect_eq(outcome, SILENT);
    api_call_reject_no_memory(&call);
    cr_expect_eq(outcome, REJECTED);
    cr_expect_eq(reason.status, STATUS_NO_MEMORY);
}
